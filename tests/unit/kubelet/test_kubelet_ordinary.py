"""The short way of an ordinary pod leaves exactly what the long way leaves."""

import pytest

from kubesim.kubelet.plan import PodPlan
from kubesim.objects.wire import EVENTS, FAULTS, NODES, PODS


def history(make_rig, **container):
    rig = make_rig(images=("nginx:1.27",))
    for number in range(3):
        rig.start(f"web-{number}", **container)
    rig.run(30)
    rig.fault("crash", "NodeCrash", {"kind": "Node", "namespace": "", "name": "n1"})
    rig.run(30)
    rig.admin.delete(FAULTS, "", "crash")
    rig.run(60)
    rig.delete("web-1")
    rig.run(40)
    return [rig.store.range(gvr) for gvr in (PODS, EVENTS, NODES)]


@pytest.mark.parametrize(
    "container",
    [
        pytest.param({}, id="plain"),
        pytest.param({"spec": {"restartPolicy": "Never"}}, id="not restarted"),
        pytest.param({"resources": {"requests": {"cpu": "100m"}}, "ports": [{"containerPort": 80}]}, id="requests"),
        pytest.param({"image": "redis:7"}, id="image to be pulled"),
        pytest.param({"spec": {"activeDeadlineSeconds": 20}}, id="deadline"),
        pytest.param({"readinessProbe": {"httpGet": {"path": "/", "port": 80}}}, id="probe"),
        pytest.param({"command": ["sleep", "5"]}, id="ends"),
    ],
)
def test_both_ways_write_the_same(make_rig, monkeypatch, container):
    short = history(make_rig, **container)
    made = PodPlan.__init__

    def make(plan, pod, catalogue):
        made(plan, pod, catalogue)
        plan.is_ordinary = False

    monkeypatch.setattr(PodPlan, "__init__", make)
    assert history(make_rig, **container) == short


def test_an_ordinary_pod_takes_the_short_way(make_rig, monkeypatch):
    rig = make_rig(images=("nginx:1.27",))
    monkeypatch.setattr("kubesim.kubelet.lifecycle.decide", None)
    rig.start()
    rig.run(3)
    assert rig.status()["phase"] == "Running"
