"""Termination: grace, hooks, TERM and KILL, the final delete."""

import pytest

from kubesim.objects.wire import EVENTS, PODS

BUSYBOX = "busybox:1.36"


def until_gone(rig, name="web", limit=120):
    begun = rig.loop.now
    while rig.get(name) is not None:
        rig.run(0.1)
        assert rig.age(begun) < limit
    return rig.age(begun)


@pytest.mark.parametrize(
    ("image", "container", "spec", "least", "most"),
    [
        ("nginx:1.27", {}, {}, 0, 0.5),
        (BUSYBOX, {"command": ["sleep", "3600"]}, {}, 29.9, 30.5),
        (BUSYBOX, {"command": ["sleep", "3600"]}, {"terminationGracePeriodSeconds": 5}, 4.9, 5.5),
        (
            BUSYBOX,
            {"command": ["sh", "-c", "trap 'sleep 10; exit 0' TERM; while true; do sleep 1; done"]},
            {},
            9.9,
            10.5,
        ),
        ("nginx:1.27", {"lifecycle": {"preStop": {"sleep": {"seconds": 7}}}}, {}, 6.9, 7.6),
        ("nginx:1.27", {"lifecycle": {"preStop": {"exec": {"command": ["sleep", "60"]}}}}, {}, 29.9, 32.5),
    ],
    ids=["handles-term", "ignores-term", "short-grace", "trap", "pre-stop", "long-pre-stop"],
)
def test_time_until_gone(make_rig, image, container, spec, least, most):
    rig = make_rig(images=("nginx:1.27", BUSYBOX))
    rig.start(image=image, spec=spec, **container)
    rig.run(3)
    assert rig.status()["phase"] == "Running"
    rig.delete()
    assert least <= until_gone(rig) <= most
    assert ("Killing", "Stopping container c") in rig.events()
    assert rig.kubelets.agents["n1"].describe()["pods"] == 0


def test_last_status_before_the_delete(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start()
    rig.run(3)
    before = rig.store.revision
    rig.delete()
    until_gone(rig)
    last = [c for c in rig.store.changes(before) if c.gvr == PODS and c.new is not None][-1].new["status"]
    assert last["phase"] == "Succeeded"
    assert last["containerStatuses"][0]["state"]["terminated"]["reason"] == "Completed"
    assert {c["type"]: c["status"] for c in last["conditions"]}["Ready"] == "False"


def test_killed_pod_ends_failed(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    rig.start(image=BUSYBOX, command=["sleep", "3600"], spec={"terminationGracePeriodSeconds": 1})
    rig.run(3)
    before = rig.store.revision
    rig.delete()
    until_gone(rig)
    last = [c for c in rig.store.changes(before) if c.gvr == PODS and c.new is not None][-1].new["status"]
    assert last["phase"] == "Failed"
    assert last["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137


def test_stays_ready_until_its_containers_stop(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start(lifecycle={"preStop": {"sleep": {"seconds": 10}}})
    rig.run(3)
    rig.delete()
    rig.run(5)
    assert rig.container()["ready"] is True
    assert rig.status()["phase"] == "Running"


def test_shorter_grace_later(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    rig.start(image=BUSYBOX, command=["sleep", "3600"])
    rig.run(3)
    rig.delete()
    rig.run(3)
    rig.delete(gracePeriodSeconds=1)
    assert until_gone(rig) < 2


def test_forced_delete_stops_everything(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    rig.start(image=BUSYBOX, command=["sleep", "3600"])
    rig.run(3)
    rig.delete(gracePeriodSeconds=0)
    rig.run(1)
    assert rig.kubelets.worker_of("default", "web") is None
    assert rig.kubelets.agents["n1"].workers == {}
    assert rig.kubelets.agents["n1"].describe()["pods"] == 0


def test_deleted_while_it_starts(make_rig):
    rig = make_rig()
    rig.start()
    rig.run(0.2)
    rig.delete()
    assert until_gone(rig) < 3
    assert rig.kubelets.agents["n1"].describe()["pods"] == 0


def test_deleted_while_it_pulls(make_rig):
    rig = make_rig(bandwidth="1Mi")
    rig.start()
    rig.run(5)
    rig.delete()
    assert until_gone(rig) < 2


def test_deleted_in_a_crash_loop(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    rig.start(image=BUSYBOX, command=["false"])
    rig.run(8)
    rig.delete()
    assert until_gone(rig) < 2


def test_same_name_again(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start()
    rig.run(3)
    rig.delete(gracePeriodSeconds=0)
    rig.start()
    rig.run(3)
    assert rig.status()["phase"] == "Running"
    assert rig.kubelets.connect("default", "web", 80) is not None


def test_finished_pod_with_a_finalizer(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    rig.start(
        image=BUSYBOX, command=["true"], metadata={"finalizers": ["example.com/keep"]}, spec={"restartPolicy": "Never"}
    )
    rig.run(5)
    rig.delete()
    rig.run(5)
    assert rig.get() is not None
    pod = rig.get()
    metadata = {key: value for key, value in pod["metadata"].items() if key != "finalizers"}
    rig.admin.update(PODS, {**pod, "metadata": metadata})
    rig.run(1)
    assert rig.get() is None


def test_addresses_are_given_back(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    for number in range(300):
        rig.start(f"web-{number}")
        rig.run(1)
        rig.delete(f"web-{number}")
        rig.run(1)
    assert rig.kubelets.agents["n1"].workers == {}
    assert len(rig.store.range(EVENTS)) > 300
