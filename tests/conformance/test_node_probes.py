"""sig-node, Probing container: commands, pages, ports and gRPC; who is restarted, who is not, and when one is ready."""

from datetime import datetime
from typing import Any

import pytest

from conformance.conftest import Speak
from conformance.manifests import is_ready
from conformance.podwork import agnhost, busybox, secure, single
from conformance.ways import Tree

DELAY = 15
OBSERVED = 240
HEALTH = {"exec": {"command": ["cat", "/tmp/health"]}}
GOES = "echo ok >/tmp/health; sleep 10; rm -rf /tmp/health; sleep 600"
STAYS = "echo ok >/tmp/health; sleep 600"
GRPC_PORTS = [{"containerPort": 5000}, {"containerPort": 8080}]


def probe(handler: Tree, delay: int = DELAY, failures: int = 1, **more: int) -> Tree:
    return {**handler, "initialDelaySeconds": delay, "failureThreshold": failures, **more}


def page(path: str, port: int) -> Tree:
    return {"httpGet": {"path": path, "port": port}}


def grpc(**probed: Any) -> Tree:
    """A server of health checks."""
    image = agnhost()["image"]
    return {"image": image, "command": ["/agnhost", "grpc-health-checking"], "ports": GRPC_PORTS, **probed}


def web(**probed: Any) -> Tree:
    return agnhost("test-webserver", name="test-webserver", ports=[{"containerPort": 80}], **probed)


KEPT = {
    "exec": busybox("/bin/sh", "-c", STAYS, livenessProbe=probe(HEALTH, timeoutSeconds=5)),
    "tcp": agnhost("liveness", livenessProbe=probe({"tcpSocket": {"port": 8080}})),
    "http": web(livenessProbe=probe(page("/", 80), failures=5, timeoutSeconds=5)),
    "grpc": grpc(livenessProbe=probe({"grpc": {"port": 5000}}, timeoutSeconds=5)),
    "redirect": agnhost("liveness", livenessProbe=probe(page("/redirect?loc=http%3A%2F%2F0.0.0.0%2F", 8080))),
}
RESTARTED = {
    "exec": busybox("/bin/sh", "-c", GOES, livenessProbe=probe(HEALTH, timeoutSeconds=5)),
    "http": agnhost("liveness", livenessProbe=probe(page("/healthz", 8080))),
    "grpc": grpc(livenessProbe=probe({"grpc": {"port": 2333}}, delay=4 * DELAY, timeoutSeconds=5)),
    "redirect": agnhost("liveness", livenessProbe=probe(page("/redirect?loc=%2Fhealthz", 8080))),
    "long command": busybox(
        "/bin/sh", "-c", "sleep 600", livenessProbe=probe({"exec": {"command": ["/bin/sh", "-c", "sleep 10"]}})
    ),
}


def restarts(tree: Tree) -> int:
    statuses = tree["status"].get("containerStatuses") or ()
    return int(statuses[0]["restartCount"]) if statuses else 0


def started(tree: Tree) -> bool:
    statuses = tree["status"].get("containerStatuses") or ()
    return bool(statuses) and "waiting" not in statuses[0]["state"]


def named(prefix: str, word: str) -> str:
    return f"{prefix}-{word.replace(' ', '-')}"


def test_liveness(of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods = of("v1/pods")
    kept = [named("kept", word) for word in KEPT]
    gone = [named("restarted", word) for word in RESTARTED]
    for name, container in zip([*kept, *gone], [*KEPT.values(), *RESTARTED.values()], strict=True):
        pods.create(single(name, container))
    for name in [*kept, *gone]:
        assert restarts(pods.until(name, started)) == 0
    for name in gone:
        pods.until(name, lambda tree: restarts(tree) >= 1, seconds=OBSERVED)
    pods.api.wait(OBSERVED)
    assert {name: restarts(pods.get(name)) for name in kept} == dict.fromkeys(kept, 0)
    warned = of("v1/events").items(fieldSelector="involvedObject.name=kept-redirect,reason=ProbeWarning")
    assert [item["message"] for item in warned] == [
        'Liveness probe warning: Probe terminated redirects, Response body: <a href="http://0.0.0.0/">Found</a>.\n\n'
    ]
    pods.delete_all()


def test_restarts_only_grow(of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods, counts = of("v1/pods"), [0]
    pods.create(single("liveness", agnhost("liveness", livenessProbe=probe(page("/healthz", 8080), delay=5))))
    pods.until("liveness", started)
    for _ in range((2 * 60 + OBSERVED + 4 * 2 * 60) // 4):
        counts.append(restarts(pods.get("liveness")))
        if counts[-1] >= 5:
            break
        pods.api.wait(4)
    assert counts == sorted(counts)
    assert counts[-1] == 5
    pods.delete("liveness", gracePeriodSeconds=0)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_readiness(of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods = of("v1/pods")
    pods.create(single("good", web(readinessProbe={**page("/", 80), "initialDelaySeconds": DELAY})))
    pods.create(single("bad", web(readinessProbe=page("/", 81))))
    found = pods.until("good", is_ready)
    (condition,) = [item for item in found["status"]["conditions"] if item["type"] == "Ready"]
    began = found["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
    assert (moment(condition["lastTransitionTime"]) - moment(began)).seconds >= DELAY
    assert restarts(found) == 0
    for _ in range(60):
        bad = pods.get("bad")
        assert not is_ready(bad)
        pods.api.wait(1)
    assert restarts(bad) == 0


@pytest.mark.parametrize(
    ("container", "count"),
    [
        ({"livenessProbe": probe({"exec": {"command": ["/bin/true"]}}),
          "startupProbe": probe({"exec": {"command": ["/bin/false"]}}, failures=3)}, 1),
        ({"livenessProbe": probe({"exec": {"command": ["/bin/false"]}}),
          "startupProbe": probe({"exec": {"command": ["/bin/false"]}}, failures=60)}, 0),
        ({"livenessProbe": probe({"exec": {"command": ["/bin/false"]}}),
          "startupProbe": probe({"exec": {"command": ["cat", "/tmp/startup"]}}, failures=60)}, 1),
    ],
    ids=["startup fails", "startup delays", "startup succeeds"],
)  # fmt: skip
def test_startup(of: Speak, container: Tree, count: int):
    pods = of("v1/pods")
    line = "sleep 10; echo ok >/tmp/startup; sleep 600"
    pods.create(single("startup", busybox("/bin/sh", "-c", line, **container)))
    pods.until("startup", started)
    if count:
        pods.until("startup", lambda tree: restarts(tree) >= count, seconds=OBSERVED)
    else:
        pods.api.wait(OBSERVED)
        assert restarts(pods.get("startup")) == 0


def test_a_shorter_grace_of_a_probe(of: Speak):
    pods = of("v1/pods")
    liveness = probe(page("/healthz", 8080), delay=10, terminationGracePeriodSeconds=5)
    made = busybox("/bin/sh", "-c", "sleep 1000", livenessProbe=liveness)
    pods.create(single("short", made, terminationGracePeriodSeconds=500))
    pods.until("short", started)
    pods.until("short", lambda tree: restarts(tree) == 1, seconds=45)
