"""Probes: outcomes over time, events, restarts, and no work while nothing can change."""

import pytest

from kubesim.kubelet import probing
from kubesim.kubelet.plan import ProbePlan
from kubesim.kubelet.record import ProbeState
from kubesim.kubelet.runtime import Piece
from kubesim.objects.wire import PODS

BUSYBOX = "busybox:1.36"
HTTP = {"httpGet": {"path": "/", "port": 80}}


def plan(success=1, failure=3, period=10_000):
    return ProbePlan("Readiness", "httpGet", {}, 80, 0, period, success, failure, None)


@pytest.mark.parametrize(
    ("pieces", "state", "now", "expected"),
    [
        ([Piece(0, ok=True)], ProbeState(0, 0, 0, 1000), 1000, (1, 0, 0)),
        ([Piece(0, ok=False, message="x")], ProbeState(0, 0, 1, 1000), 1000, (0, 2, 11_000)),
        ([Piece(0, ok=True), Piece(25_000, ok=False, message="x")], ProbeState(0, 0, 0, 1000), 1000, (1, 0, 31_000)),
        ([Piece(0, ok=True), Piece(31_000, ok=False, message="x")], ProbeState(0, 0, 0, 1000), 1000, (1, 0, 31_000)),
        ([Piece(0, ok=True), Piece(31_001, ok=False, message="x")], ProbeState(0, 0, 0, 1000), 1000, (1, 0, 41_000)),
    ],
    ids=["ok-for-ever", "fails", "fails-later", "fails-at-a-tick", "fails-after-a-tick"],
)
def test_observe(pieces, state, now, expected):
    after = probing.observe(plan(), state, pieces, now)
    assert (after.successes, after.failures, after.due) == expected


def test_success_threshold_needs_successes_in_a_row():
    state = ProbeState(0, 0, 0, 1000)
    for expected in (11_000, 21_000, 0):
        state = probing.observe(plan(success=3), state, [Piece(0, ok=True)], state.due)
        assert state.due == expected


def test_ready_when_the_probe_succeeds(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start(readinessProbe={**HTTP, "initialDelaySeconds": 5})
    rig.run(3)
    assert rig.status()["phase"] == "Running"
    assert (rig.container()["ready"], rig.container()["started"]) == (False, True)
    assert rig.condition("Ready")["reason"] == "ContainersNotReady"
    rig.run(3)
    assert rig.container()["ready"] is True
    assert rig.condition("Ready")["status"] == "True"


def test_healthy_pod_costs_no_callbacks(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start(readinessProbe=HTTP, livenessProbe=HTTP)
    rig.run(5)
    before = rig.loop.steps
    rig.run(3600)
    assert rig.loop.steps == before


@pytest.mark.parametrize(
    ("probe", "text"),
    [
        ({"httpGet": {"path": "/nope", "port": 80}}, "HTTP probe failed with statuscode: 404"),
        (
            {"httpGet": {"path": "/x", "port": 8081}},
            'Get "http://10.244.0.2:8081/x": dial tcp 10.244.0.2:8081: connect: connection refused',
        ),
        ({"tcpSocket": {"port": 8081}}, "dial tcp 10.244.0.2:8081: connect: connection refused"),
        ({"exec": {"command": ["cat", "/tmp/x"]}}, "cat: can't open '/tmp/x': No such file or directory\n"),
        (
            {"grpc": {"port": 9}},
            'timeout: failed to connect service "10.244.0.2:9" within 1s: context deadline exceeded',
        ),
    ],
    ids=["http-status", "http-refused", "tcp", "exec", "grpc"],
)
def test_failing_readiness(make_rig, probe, text):
    rig = make_rig(images=("nginx:1.27",))
    rig.start(readinessProbe=probe)
    rig.run(3)
    assert ("Unhealthy", f"Readiness probe failed: {text}") in rig.events()
    assert rig.container()["ready"] is False
    assert rig.container()["restartCount"] == 0


def test_named_port(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start(ports=[{"name": "web", "containerPort": 80}], readinessProbe={"tcpSocket": {"port": "web"}})
    rig.run(4)
    assert rig.container()["ready"] is True


def test_liveness_restarts_the_container(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    rig.start(
        image=BUSYBOX,
        command=["sh", "-c", "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"],
        livenessProbe={"exec": {"command": ["cat", "/tmp/healthy"]}, "initialDelaySeconds": 5, "periodSeconds": 5},
        spec={"terminationGracePeriodSeconds": 5},
    )
    rig.run(30)
    assert "Unhealthy" not in rig.reasons()
    rig.run(22)
    container = rig.container()
    assert container["restartCount"] == 1
    assert container["lastState"]["terminated"]["exitCode"] == 137
    assert ("Killing", "Container c failed liveness probe, will be restarted") in rig.events()
    events = [e for e in rig.reasons() if e == "Unhealthy"]
    assert len(events) == 1


def test_startup_probe_gates_the_others(make_rig):
    rig = make_rig(images=("postgres:17",))
    rig.start(
        image="postgres:17",
        env=[{"name": "POSTGRES_PASSWORD", "value": "x"}],
        startupProbe={"tcpSocket": {"port": 5432}, "periodSeconds": 2, "failureThreshold": 10},
        livenessProbe={"tcpSocket": {"port": 5432}},
    )
    rig.run(2.5)
    assert (rig.container()["started"], rig.container()["ready"]) == (False, False)
    rig.run(6)
    assert (rig.container()["started"], rig.container()["ready"]) == (True, True)
    assert any(
        text.startswith("Startup probe failed: dial tcp") for reason, text in rig.events() if reason == "Unhealthy"
    )
    assert rig.container()["restartCount"] == 0


def test_startup_probe_gives_up(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start(startupProbe={"tcpSocket": {"port": 81}, "periodSeconds": 1, "failureThreshold": 3})
    rig.run(8)
    assert ("Killing", "Container c failed startup probe, will be restarted") in rig.events()
    assert rig.container()["restartCount"] >= 1


def test_liveness_image_of_the_documentation(make_rig):
    image = "registry.k8s.io/e2e-test-images/liveness:1.1"
    rig = make_rig(images=(image,))
    rig.start(
        image=image,
        args=["/server"],
        livenessProbe={"httpGet": {"path": "/healthz", "port": 8080}, "initialDelaySeconds": 3, "periodSeconds": 3},
    )
    rig.run(30)
    assert ("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500") in rig.events()
    assert rig.container()["restartCount"] == 1


def test_unready_again(make_rig):
    extra = {
        "app": {
            "match": ["example.test/app"],
            "ports": [8080],
            "unhealthy": [{"path": "/ready", "after": 20, "for": 30}],
        }
    }
    rig = make_rig(extra=extra, images=("example.test/app:1",))
    rig.start(
        image="example.test/app:1",
        readinessProbe={"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 5, "failureThreshold": 2},
    )
    rig.run(10)
    assert rig.container()["ready"] is True
    rig.run(20)
    assert rig.container()["ready"] is False
    assert rig.condition("ContainersReady")["status"] == "False"
    rig.run(40)
    assert rig.container()["ready"] is True


def test_readiness_gates(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start(spec={"readinessGates": [{"conditionType": "example.com/gate"}]})
    rig.run(4)
    ready = rig.condition("Ready")
    assert (ready["reason"], ready["message"]) == (
        "ReadinessGatesNotReady",
        'corresponding condition of pod readiness gate "example.com/gate" does not exist.',
    )
    pod = rig.get()
    gate = {"type": "example.com/gate", "status": "True", "lastProbeTime": None, "lastTransitionTime": None}
    rig.admin.update_status(
        PODS, {**pod, "status": {**pod["status"], "conditions": [*pod["status"]["conditions"], gate]}}
    )
    rig.run(1)
    assert rig.condition("Ready")["status"] == "True"
    assert rig.condition("example.com/gate")["status"] == "True"
