"""A user of more of the official Python client: streams, resumed watches, elections, files. Takes a kubeconfig."""

import contextlib
import datetime
import sys
import tempfile
import threading
import time
from pathlib import Path

from kubernetes import client, config, dynamic, stream, utils, watch
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock

MANIFEST = """
apiVersion: v1
kind: ConfigMap
metadata: {name: made}
data: {a: b}
---
apiVersion: v1
kind: Pod
metadata: {name: talker}
spec:
  containers:
  - {name: a, image: busybox, stdin: true, command: [sh, -c, "while read line; do echo got $line; done; echo bye"]}
---
apiVersion: v1
kind: Service
metadata: {name: made}
spec: {selector: {app: made}, ports: [{port: 80}]}
"""
PATIENCE = 20.0


def until(holds, what: str) -> None:
    limit = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < limit, what
        time.sleep(0.05)


def refusals_of(path: Path) -> list[int]:
    try:
        utils.create_from_yaml(client.ApiClient(), str(path), namespace="default")
    except utils.FailToCreateError as error:
        return [each.status for each in error.api_exceptions]
    return []


def make_from_files(core: client.CoreV1Api) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all.yaml"
        path.write_text(MANIFEST)
        utils.create_from_yaml(client.ApiClient(), str(path), namespace="default")
        assert refusals_of(path) == [409, 409, 409]
    until(lambda: core.read_namespaced_pod("talker", "default").status.phase == "Running", "talker does not run")


def talk(core: client.CoreV1Api) -> None:
    shell = stream.stream(
        core.connect_get_namespaced_pod_exec, "talker", "default", command=["sh"],
        stdin=True, stdout=True, stderr=True, tty=True, _preload_content=False,
    )  # fmt: skip
    shell.write_stdin("hostname\n")
    shown = ""
    limit = time.monotonic() + PATIENCE
    while "talker\r\n" not in shown:
        assert time.monotonic() < limit, shown
        shell.update(timeout=1)
        shown += shell.read_stdout() if shell.peek_stdout() else ""
    shell.write_stdin("exit 3\n")
    shell.run_forever(timeout=5)
    assert shell.returncode == 3
    attached = stream.stream(
        core.connect_get_namespaced_pod_attach, "talker", "default", container="a",
        stdin=True, stdout=True, stderr=True, tty=False, _preload_content=False,
    )  # fmt: skip
    attached.write_stdin("one\n")
    assert attached.readline_stdout(timeout=PATIENCE) == "got one"
    attached.close()
    broken = stream.stream(
        core.connect_get_namespaced_pod_exec, "talker", "default",
        command=["sh", "-c", "echo out; echo err >&2; exit 5"],
        stdin=False, stdout=True, stderr=True, tty=False, _preload_content=False,
    )  # fmt: skip
    broken.run_forever(timeout=5)
    assert (broken.read_stdout(), broken.read_stderr(), broken.returncode) == ("out\n", "err\n", 5)


def resume(core: client.CoreV1Api) -> None:
    start = core.list_namespaced_config_map("default").metadata.resource_version
    for name in ("one", "two", "three"):
        core.create_namespaced_config_map("default", client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name)))
    seen, revision = [], start
    for _ in range(3):
        events = watch.Watch()
        for event in events.stream(
            core.list_namespaced_config_map, "default", resource_version=revision, timeout_seconds=10
        ):
            seen.append((event["type"], event["object"].metadata.name))
            revision = event["object"].metadata.resource_version
            events.stop()
    assert seen == [("ADDED", "one"), ("ADDED", "two"), ("ADDED", "three")]
    core.delete_collection_namespaced_config_map("default", label_selector="!kubernetes.io/metadata.name")
    last = [
        event["object"].metadata.name
        for event in watch.Watch().stream(
            core.list_namespaced_config_map, "default", resource_version=revision, timeout_seconds=1
        )
        if event["type"] == "DELETED"
    ]
    assert {"one", "two", "three"} <= set(last)
    lines = watch.Watch().stream(core.read_namespaced_pod_log, "talker", "default", timestamps=False, tail_lines=1)
    assert next(lines) == "got one"


def lead() -> None:
    order: list[str] = []
    stop = threading.Event()

    def begin() -> None:
        order.append("leads")
        stop.set()

    settings = electionconfig.Config(
        LeaseLock("boss", "default", "me"), lease_duration=5, renew_deadline=3, retry_period=1,
        onstarted_leading=begin, onstopped_leading=None,
    )  # fmt: skip
    election = leaderelection.LeaderElection(settings)
    threading.Thread(target=election.run, daemon=True).start()
    assert stop.wait(PATIENCE), "nobody leads"
    lease = client.CoordinationV1Api().read_namespaced_lease("boss", "default")
    assert (lease.spec.holder_identity, order) == ("me", ["leads"])
    assert isinstance(lease.spec.renew_time, datetime.datetime)


def be_dynamic() -> None:
    made = dynamic.DynamicClient(client.ApiClient())
    pods = made.resources.get(api_version="v1", kind="Pod")
    assert pods.get(name="talker", namespace="default").status.phase == "Running"
    assert [item.metadata.name for item in pods.get(namespace="default", label_selector="nope=x").items] == []
    maps = made.resources.get(api_version="v1", kind="ConfigMap")
    maps.create({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "dyn"}}, namespace="default")
    patched = maps.patch(
        {"metadata": {"name": "dyn", "labels": {"a": "b"}}}, namespace="default",
        content_type="application/merge-patch+json",
    )  # fmt: skip
    assert patched.metadata.labels.a == "b"
    maps.replace({**patched.to_dict(), "data": {"k": "v"}}, namespace="default")
    with contextlib.suppress(StopIteration):
        event = next(maps.watch(namespace="default", name="dyn", timeout=5))
        assert event["type"] == "ADDED"
        assert event["object"].data.k == "v"
    deployments = made.resources.get(api_version="apps/v1", kind="Deployment")
    assert {"scale", "status"} <= set(deployments.subresources)
    found = made.resources.search(kind="Event")
    assert {item.group_version for item in found} >= {"v1", "events.k8s.io/v1"}
    maps.delete(name="dyn", namespace="default")


def main(kubeconfig: str) -> None:
    config.load_kube_config(kubeconfig)
    core = client.CoreV1Api()
    make_from_files(core)
    talk(core)
    resume(core)
    lead()
    be_dynamic()


main(sys.argv[1])
