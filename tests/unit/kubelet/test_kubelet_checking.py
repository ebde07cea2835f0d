"""Probes of all kinds: health checks by gRPC, TLS, redirects, other hosts, and what cannot be probed."""

from typing import Any

import pytest

from building import create
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import EVENTS, PODS
from unit.kubelet.kubelet_rig import Rig

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53"
UNHEALTHY = 'Readiness probe failed: service unhealthy (responded with "NOT_SERVING")'
MOVED = {
    "moved": {
        "ports": [80],
        "http": {
            "routes": [
                {"path": "/old", "status": 301, "headers": {"Location": "/new"}},
                {"path": "/older", "status": 302, "headers": {"Location": "/old"}},
                {"path": "/new", "status": 200},
                {"path": "/lost", "status": 302, "headers": {"Location": "/nowhere"}},
                {"path": "/nowhere", "status": 404},
                {"path": "/away", "status": 302, "body": "go away", "headers": {"Location": "http://example.com/"}},
                {"path": "/loop", "status": 302, "headers": {"Location": "/loop"}},
            ]
        },
    }
}


def said(rig: Rig) -> set[str]:
    return {message for reason, message in rig.events() if reason in {"Unhealthy", "ProbeWarning"}}


def every(rig: Rig) -> list[str]:
    return [reason for reason, _ in rig.events()]


# ---------------------------------------------------------------------- gRPC
def grpc(rig: Rig, *flags: str, service: str = "", probe: str = "readinessProbe", **more: Any) -> None:
    action: dict[str, Any] = {"port": 5000} | ({"service": service} if service else {})
    rig.start(
        image=AGNHOST,
        command=["/agnhost", "grpc-health-checking", *flags],
        **{probe: {"grpc": action, "periodSeconds": 5, **more}},
    )


def test_a_health_service_that_is_well(rig: Rig) -> None:
    grpc(rig)
    rig.run(15)
    assert rig.container()["ready"] is True
    assert "Unhealthy" not in every(rig)


def test_a_health_service_that_is_told_to_be_ill_and_well_again(rig: Rig) -> None:
    grpc(rig)
    rig.run(15)
    connection = rig.kubelets.connect("default", "web", 8080)
    assert b" 200 " in connection.feed(b"GET /make-not-serving HTTP/1.1\r\nHost: x\r\n\r\n")
    rig.run(20)
    assert rig.container()["ready"] is False
    assert said(rig) == {UNHEALTHY}
    connection = rig.kubelets.connect("default", "web", 8080)
    connection.feed(b"GET /make-serving HTTP/1.1\r\nHost: x\r\n\r\n")
    rig.run(10)
    assert rig.container()["ready"] is True


def test_a_health_service_that_falls_ill_after_a_while(rig: Rig) -> None:
    grpc(rig, "--delay-unhealthy-sec=20", probe="livenessProbe", failureThreshold=2)
    rig.run(18)
    assert rig.container()["restartCount"] == 0
    rig.run(20)
    assert rig.container()["restartCount"] == 1
    assert ("Killing", "Container c failed liveness probe, will be restarted") in rig.events()


@pytest.mark.parametrize(("asked", "ready"), [("shop", True), ("bank", False), ("", False)])
def test_the_service_that_is_asked_about(rig: Rig, asked: str, ready: bool) -> None:
    grpc(rig, "--service", "shop", service=asked)
    rig.run(15)
    assert rig.container()["ready"] is ready
    text = "Readiness probe failed: error: health rpc probe failed: rpc error: code = NotFound desc = unknown service"
    assert (text in said(rig)) is not ready


@pytest.mark.parametrize("image", ["nginx:1.27", "redis:7"])
def test_a_port_that_does_not_speak_grpc_or_is_closed(rig: Rig, image: str) -> None:
    port = 80
    rig.start(image=image, readinessProbe={"grpc": {"port": port}, "timeoutSeconds": 3})
    rig.run(15)
    ip = rig.status()["podIP"]
    text = f'timeout: failed to connect service "{ip}:{port}" within 3s: context deadline exceeded'
    assert said(rig) == {f"Readiness probe failed: {text}"}


# ---------------------------------------------------------------------- HTTP
@pytest.mark.parametrize(
    ("path", "ready", "text"),
    [
        ("/old", True, None),
        ("/older", True, None),
        ("/lost", False, "Readiness probe failed: HTTP probe failed with statuscode: 404"),
        ("/away", True, "Readiness probe warning: Probe terminated redirects, Response body: go away"),
        ("/loop", False, 'Readiness probe failed: Get "http://10.244.0.2:80/loop": stopped after 10 redirects'),
    ],
)
def test_redirects(make_rig: type[Rig], path: str, ready: bool, text: str | None) -> None:
    rig = make_rig(extra=MOVED)
    rig.start(image="moved:1", readinessProbe={"httpGet": {"path": path, "port": 80}})
    rig.run(10)
    assert rig.container()["ready"] is ready
    assert said(rig) == ({text} if text else set())


@pytest.mark.parametrize(
    ("image", "port", "ready"),
    [("nginx:1.27", 80, False), ("example.com/own:1", 8443, True), ("example.com/own:1", 80, True)],
    ids=["plain by what is known", "secure port of an unknown image", "unknown image"],
)
def test_https(rig: Rig, image: str, port: int, ready: bool) -> None:
    probe = {"httpGet": {"path": "/", "port": port, "scheme": "HTTPS"}}
    rig.start(image=image, ports=[{"containerPort": port}], readinessProbe=probe)
    rig.run(10)
    assert rig.container()["ready"] is ready
    text = 'Readiness probe failed: Get "https://10.244.0.2:80/": http: server gave HTTP response to HTTPS client'
    assert said(rig) == (set() if ready else {text})


# ---------------------------------------------------------------------- what cannot be probed
@pytest.mark.parametrize("which", ["readinessProbe", "livenessProbe", "startupProbe"])
def test_a_port_by_a_name_that_there_is_not(rig: Rig, which: str) -> None:
    probe = {"httpGet": {"path": "/", "port": "web"}, "periodSeconds": 2, "failureThreshold": 1}
    rig.start(**{which: probe})
    rig.run(20)
    word = which.removesuffix("Probe").capitalize()
    text = f'{word} probe errored and resulted in unknown state: strconv.Atoi: parsing "web": invalid syntax'
    assert said(rig) == {text}
    # What could not be made counts for nothing.
    assert rig.container()["restartCount"] == 0
    assert rig.container()["ready"] is (which == "livenessProbe")


def test_a_command_that_is_not_there(rig: Rig) -> None:
    probe = {"exec": {"command": ["nosuch"]}, "periodSeconds": 2, "failureThreshold": 1}
    rig.start(image="busybox:1.36", command=["sleep", "3600"], livenessProbe=probe)
    rig.run(10)
    (text,) = said(rig)
    assert text.startswith(
        "Liveness probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec in "
        'container: failed to start exec "'
    )
    assert text.endswith(
        '": OCI runtime exec failed: exec failed: unable to start container process: '
        'exec: "nosuch": executable file not found in $PATH'
    )
    assert rig.container()["restartCount"] == 0


def test_the_grace_of_a_probe_counts_for_its_restart(make_rig: type[Rig]) -> None:
    rig = make_rig(extra={"stubborn": {"stop": {"ignored": True}, "ports": [80]}})
    probe = {"tcpSocket": {"port": 81}, "periodSeconds": 1, "failureThreshold": 1, "terminationGracePeriodSeconds": 4}
    rig.start(image="stubborn:1", livenessProbe=probe, spec={"terminationGracePeriodSeconds": 60})
    rig.run(12)
    assert rig.container()["restartCount"] == 1
    found = rig.container()
    ended = found["state"].get("terminated") or found["lastState"]["terminated"]
    assert ended["exitCode"] == 137


# ---------------------------------------------------------------------- other hosts
class Town:
    """A cluster of one node with a network."""

    def __init__(self) -> None:
        self.cluster = Cluster(Settings(name="town"))
        self.cluster.add_node(NodeSpec("n1"))
        self.cluster.advance(5_000)

    def start(self, name: str, spec: dict[str, Any] | None = None, **container: Any) -> None:
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {"containers": [{"name": "c", "image": "nginx:1.27", **container}], **(spec or {})},
        }
        create(self.cluster, body)
        self.cluster.advance(10_000)

    def status(self, name: str) -> Any:
        return self.cluster.store.get(PODS, "default", name)["status"]

    def ready(self, name: str) -> bool:
        return bool(self.status(name)["containerStatuses"][0]["ready"])

    def told(self, name: str) -> set[str]:
        found = [each for each in self.cluster.store.range(EVENTS) if each["involvedObject"]["name"] == name]
        return {each["message"] for each in found if each["reason"] == "Unhealthy"}


def test_a_probe_of_another_pod_follows_it() -> None:
    town = Town()
    town.start("other")
    address = town.status("other")["podIP"]
    probe = {"httpGet": {"host": address, "path": "/", "port": 80}, "periodSeconds": 2}
    town.start("web", readinessProbe=probe)
    assert town.ready("web")
    town.cluster.kubelets.worker_of("default", "other").agent.vanished(town.cluster.store.get(PODS, "default", "other"))
    town.cluster.advance(15_000)
    assert not town.ready("web")
    assert any("connect: connection refused" in text for text in town.told("web"))


def test_the_local_host_of_a_probe_is_the_node() -> None:
    town = Town()
    for name, spec in (("alone", {}), ("host", {"hostNetwork": True})):
        town.start(name, spec, readinessProbe={"httpGet": {"host": "127.0.0.1", "path": "/", "port": 80}})
    assert (town.ready("alone"), town.ready("host")) == (True, True)
    lonely = Town()
    lonely.start("alone", readinessProbe={"tcpSocket": {"host": "127.0.0.1", "port": 80}})
    assert not lonely.ready("alone")
    assert lonely.told("alone") == {"Readiness probe failed: dial tcp 127.0.0.1:80: connect: connection refused"}
