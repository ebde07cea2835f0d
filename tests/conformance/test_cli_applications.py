"""The applications that sig-cli's conformance tests run: guestbook, update demo, paused pods, a generator of logs."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from conformance.conftest import Speak
from conformance.manifests import AGNHOST, controller, phase, pod, service, workload
from conformance.ways import Remote
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec

BACKEND = 6379


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    """Behind HTTP alone: pods are asked through the proxy."""
    cluster = Cluster(Settings(name="applications"))
    for number in (1, 2):
        cluster.add_node(NodeSpec(name=f"node-{number}"))
    cluster.advance(10_000)
    remote = Remote(cluster, tmp_path_factory.mktemp("applications"))
    yield remote
    remote.served.stop()


@pytest.fixture
def read(api: Remote, namespace: str) -> Callable[[str], str]:
    """What a GET below the namespace answers."""
    return lambda path: api.served.send("GET", f"/api/v1/namespaces/{namespace}/{path}").data.decode()


def eventually(api: Remote, probe: Callable[[], Any], wanted: Any) -> None:
    found: Any = None
    for _ in range(120):
        found = probe()
        if found == wanted:
            return
        api.wait(1)
    raise AssertionError(f"{found!r} instead of {wanted!r}")


def deployed(of: Speak, name: str, replicas: int, *arguments: str) -> None:
    made = workload(name, replicas, AGNHOST)
    made["spec"]["template"]["spec"]["containers"][0]["args"] = list(arguments)
    of("apps/v1/deployments").create(made)


def test_guestbook(api: Remote, of: Speak, read: Callable[[str], str]):
    services = of("v1/services")
    for name, port in (("frontend", 80), ("agnhost-primary", BACKEND), ("agnhost-replica", BACKEND)):
        services.create(service(name, name, port))
    deployed(of, "frontend", 3, "guestbook", "--backend-port", str(BACKEND))
    deployed(of, "agnhost-primary", 1, "guestbook", "--http-port", str(BACKEND))
    deployed(of, "agnhost-replica", 2, "guestbook", "--replicaof", "agnhost-primary", "--http-port", str(BACKEND))

    def asked(command: str, value: str) -> str:
        return read(f"services/frontend/proxy/guestbook?cmd={command}&key=messages&value={value}")

    eventually(api, lambda: asked("get", ""), '{"data":""}')
    eventually(api, lambda: asked("set", "TestEntry"), '{"message":"Updated"}')
    eventually(api, lambda: asked("get", ""), '{"data":"TestEntry"}')
    assert "404" in read("services/frontend/proxy/elsewhere")


def test_update_demo(api: Remote, of: Speak, read: Callable[[str], str]):
    controllers, pods = of("v1/replicationcontrollers"), of("v1/pods")
    controllers.create(controller("demo", 2, "registry.k8s.io/e2e-test-images/nautilus:1.7"))
    for replicas in (2, 1, 2):
        controllers.patch("demo", {"spec": {"replicas": replicas}}, part="scale")
        running = pods.until_list(
            lambda found, wanted=replicas: len(found) == wanted and all(phase(item) == "Running" for item in found),
            labelSelector="app=demo",
        )
        for item in running:
            path = f"pods/{item['metadata']['name']}/proxy/data.json"
            eventually(api, lambda wanted=path: read(wanted), '{\n"image": "nautilus.jpg"\n}\n')


def test_a_pod_of_agnhost_says_that_it_is_paused(api: Remote, of: Speak, read: Callable[[str], str]):
    of("v1/pods").create(pod("paused", AGNHOST))
    of("v1/pods").until("paused", lambda tree: phase(tree) == "Running")
    eventually(api, lambda: "Paused" in read("pods/paused/log?container=paused"), True)


def test_logs_are_generated_and_filtered(api: Remote, of: Speak, read: Callable[[str], str]):
    arguments = ["logs-generator", "--log-lines-total", "100", "--run-duration", "20s"]
    made = pod("logs-generator", AGNHOST, container={"args": arguments}, restartPolicy="Never")
    of("v1/pods").create(made)
    eventually(api, lambda: "/api/v1/namespaces" in read("pods/logs-generator/log"), True)
    assert len(read("pods/logs-generator/log?limitBytes=1")) == 1
    stamp, _, line = read("pods/logs-generator/log?tailLines=1&timestamps=true").partition(" ")
    assert stamp.endswith("Z")
    assert line.count("\n") == 1
    of("v1/pods").until("logs-generator", lambda tree: phase(tree) == "Succeeded")
    lines = read("pods/logs-generator/log").splitlines()
    assert [line.split()[0] for line in lines] == [str(number) for number in range(100)]
    assert len(read("pods/logs-generator/log?sinceSeconds=86400").splitlines()) == 100


def test_a_generator_needs_to_know_how_much(of: Speak, read: Callable[[str], str]):
    of("v1/pods").create(pod("idle", AGNHOST, container={"args": ["logs-generator"]}, restartPolicy="Never"))
    of("v1/pods").until("idle", lambda tree: phase(tree) == "Failed")
    assert "Invalid total number of lines" in read("pods/idle/log")
