"""sig-storage: what mounted volumes show - content, modes, items, updates - and what empty folders hold."""

from typing import Any

import pytest

from building import create
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import CONFIGMAPS, MERGE_PATCH, PODS, SECRETS, Key, Request

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.55"
BUSYBOX = "registry.k8s.io/e2e-test-images/busybox:1.36"
AMOUNTS = {"requests": {"cpu": "250m", "memory": "32Mi"}, "limits": {"cpu": "1250m", "memory": "64Mi"}}
DOWNWARD = [
    {"path": "podname", "fieldRef": {"fieldPath": "metadata.name"}},
    {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
    {"path": "annotations", "fieldRef": {"fieldPath": "metadata.annotations"}},
    {"path": "cpu_limit", "resourceFieldRef": {"containerName": "c", "resource": "limits.cpu"}},
    {"path": "cpu_request", "resourceFieldRef": {"containerName": "c", "resource": "requests.cpu"}},
    {"path": "memory_limit", "resourceFieldRef": {"containerName": "c", "resource": "limits.memory"}},
    {"path": "memory_request", "resourceFieldRef": {"containerName": "c", "resource": "requests.memory"}},
]
DATA = {"data-1": "value-1", "data-2": "value-2", "data-3": "value-3"}


class Place:
    """One cluster of one node, and what pods in it print."""

    def __init__(self) -> None:
        self.cluster = Cluster(Settings(name="volumes"))
        self.cluster.add_node(NodeSpec("node-1"))
        self.cluster.advance(5_000)

    def make(self, kind: str, name: str, namespace: str = "default", **data: str) -> None:
        field = "data" if kind == "ConfigMap" else "stringData"
        metadata = {"name": name, "namespace": namespace}
        create(self.cluster, {"apiVersion": "v1", "kind": kind, "metadata": metadata, field: data}, namespace)

    def run(self, volume: Any, *words: str, seconds: int = 10, **more: Any) -> str:
        """The log of a pod that mounts a volume at /etc/v, after some seconds."""
        meta, spec = more.pop("meta", {}), more.pop("spec", {})
        container = {"name": "c", "image": AGNHOST, "args": ["mounttest", *words], **more}
        container.setdefault("volumeMounts", [{"name": "v", "mountPath": "/etc/v"}])
        volumes = volume if isinstance(volume, list) else [{"name": "v", **volume}]
        body = {"restartPolicy": "Never", "volumes": volumes, "containers": [container], **spec}
        create(self.cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", **meta}, "spec": body})
        self.cluster.advance(seconds * 1000)
        return self.log()

    def log(self, container: str = "c") -> str:
        return "\n".join(line.text for line in self.cluster.kubelets.logs("default", "web", container))

    def phase(self) -> str:
        return str(self.cluster.store.get(PODS, "default", "web")["status"]["phase"])

    def patch(self, gvr: Any, name: str, body: Any) -> None:
        request = Request("patch", Key(gvr, "default", name), body=body, content_type=MERGE_PATCH)
        assert self.cluster.handle(request).code == 200


@pytest.fixture
def place() -> Place:
    return Place()


def plain(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"configMap": {"name": name, **more}} if kind == "ConfigMap" else {"secret": {"secretName": name, **more}}


def projected(kind: str, name: str, **more: Any) -> dict[str, Any]:
    mode = {"defaultMode": more.pop("defaultMode")} if "defaultMode" in more else {}
    source = {("configMap" if kind == "ConfigMap" else "secret"): {"name": name, **more}}
    return {"projected": {"sources": [source], **mode}}


SHAPES = pytest.mark.parametrize("shape", [plain, projected], ids=["own volume", "projected"])
KINDS = pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
ITEM = {"key": "data-2", "path": "path/to/data-2"}


@SHAPES
@KINDS
@pytest.mark.parametrize(
    ("more", "pod", "path", "mode", "content"),
    [
        ({}, {}, "data-1", "-rw-r--r--", "value-1"),
        ({"defaultMode": 0o400}, {}, "data-1", "-r--------", "value-1"),
        ({"items": [ITEM]}, {}, "path/to/data-2", "-rw-r--r--", "value-2"),
        ({"items": [{**ITEM, "mode": 0o400}]}, {}, "path/to/data-2", "-r--------", "value-2"),
        ({}, {"runAsUser": 1000}, "data-1", "-rw-r--r--", "value-1"),
        ({"defaultMode": 0o440}, {"runAsUser": 1000, "fsGroup": 1001}, "data-1", "-r--r-----", "value-1"),
    ],
    ids=["as it is", "default mode", "mappings", "mode of an item", "not root", "group and default mode"],
)
def test_volumes_are_consumed(
    place: Place, kind: str, shape: Any, more: Any, pod: Any, path: str, mode: str, content: str
):
    place.make(kind, "source", **DATA)
    volume = shape(kind, "source", **more)
    spec = {"securityContext": pod} if pod else {}
    log = place.run(volume, f"--file_content=/etc/v/{path}", f"--file_mode=/etc/v/{path}", spec=spec)
    assert f'mode of file "/etc/v/{path}": {mode}' in log
    assert f'content of file "/etc/v/{path}": {content}' in log
    assert place.phase() == "Succeeded"


@KINDS
def test_one_source_in_two_volumes(place: Place, kind: str):
    place.make(kind, "source", **DATA)
    volumes = [{"name": name, **plain(kind, "source")} for name in ("one", "two")]
    mounts = [{"name": name, "mountPath": f"/etc/{name}"} for name in ("one", "two")]
    log = place.run(
        volumes,
        volumeMounts=mounts,
        image=BUSYBOX,
        args=None,
        command=["sh", "-c", "cat /etc/one/data-1 /etc/two/data-1"],
    )
    assert log == "value-1value-1"


def test_a_secret_of_the_same_name_elsewhere(place: Place):
    create(place.cluster, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})
    place.make("Secret", "source", "other", **{"data-1": "wrong"})
    place.make("Secret", "source", **DATA)
    assert "value-1" in place.run(plain("Secret", "source"), "--file_content=/etc/v/data-1")


LOOP = ("--break_on_expected_content=false", "--retry_time=120")


@SHAPES
@KINDS
def test_updates_arrive_within_a_minute(place: Place, kind: str, shape: Any):
    place.make(kind, "source", **DATA)
    before = place.run(shape(kind, "source"), *LOOP, "--file_content_in_loop=/etc/v/data-1")
    assert "value-1" in before
    if kind == "ConfigMap":
        place.patch(CONFIGMAPS, "source", {"data": {"data-1": "value-2"}})
    else:
        place.patch(SECRETS, "source", {"stringData": {"data-1": "value-2"}})
    place.cluster.advance(70_000)
    lines = place.log().splitlines()
    assert lines[-1].endswith("value-2")
    assert [line[-1] for line in lines] == sorted(line[-1] for line in lines)


@SHAPES
@KINDS
def test_optional_sources_come_and_go(place: Place, kind: str, shape: Any):
    log = place.run(shape(kind, "later", optional=True), *LOOP, "--file_content_in_loop=/etc/v/data-1")
    assert "no such file or directory, retrying" in log
    place.make(kind, "later", **DATA)
    place.cluster.advance(70_000)
    assert place.log().splitlines()[-1].endswith("value-1")
    gvr = CONFIGMAPS if kind == "ConfigMap" else SECRETS
    place.cluster.handle(Request("delete", Key(gvr, "default", "later")))
    place.cluster.advance(35_000)
    assert "value-1" in place.log()


def own_facts(**more: Any) -> dict[str, Any]:
    return {"downwardAPI": {"items": DOWNWARD, **more}}


def projected_facts(**more: Any) -> dict[str, Any]:
    return {"projected": {"sources": [{"downwardAPI": {"items": DOWNWARD}}], **more}}


FACTS = pytest.mark.parametrize("shape", [own_facts, projected_facts], ids=["own volume", "projected"])


@FACTS
@pytest.mark.parametrize(
    ("path", "resources", "wanted"),
    [
        ("podname", AMOUNTS, "web"),
        ("cpu_limit", AMOUNTS, "2"),
        ("cpu_request", AMOUNTS, "1"),
        ("memory_limit", AMOUNTS, "67108864"),
        ("memory_request", AMOUNTS, "33554432"),
        ("cpu_limit", {}, "4"),
        ("memory_limit", {}, str(16 * 1024**3)),
    ],
    ids=["name", "cpu limit", "cpu request", "memory limit", "memory request", "all cpu", "all memory"],
)
def test_facts_about_the_pod(place: Place, shape: Any, path: str, resources: Any, wanted: str):
    log = place.run(shape(), f"--file_content=/etc/v/{path}", resources=resources)
    assert log == f'content of file "/etc/v/{path}": {wanted}'


@FACTS
def test_modes_of_facts(place: Place, shape: Any):
    log = place.run(shape(defaultMode=0o400), "--file_mode=/etc/v/podname")
    assert log == 'mode of file "/etc/v/podname": -r--------'


@FACTS
@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_changed_labels_are_seen(place: Place, shape: Any, field: str):
    meta = {field: {"key": "one"}}
    log = place.run(shape(), *LOOP, f"--file_content_in_loop=/etc/v/{field}", meta=meta)
    assert 'key="one"' in log
    place.patch(PODS, "web", {"metadata": {field: {"key": "two"}}})
    place.cluster.advance(10_000)
    assert 'key="two"' in place.log().split("content of file")[-1]


@pytest.mark.parametrize("medium", ["", "Memory"], ids=["default", "tmpfs"])
@pytest.mark.parametrize(("number", "shown"), [("0644", "-rw-r--r--"), ("0666", "-rw-rw-rw-"), ("0777", "-rwxrwxrwx")])
def test_empty_folders(place: Place, medium: str, number: str, shown: str):
    volume = {"emptyDir": {"medium": medium} if medium else {}}
    words = ("--fs_type=/etc/v", f"--new_file_{number}=/etc/v/file", "--file_perm=/etc/v/file")
    log = place.run(volume, *words, spec={"securityContext": {"runAsUser": 1001}})
    assert f'perms of file "/etc/v/file": {shown}' in log
    assert 'content of file "/etc/v/file": mount-tester new file' in log
    assert ('mount type of "/etc/v": tmpfs' in log) == (medium == "Memory")


def test_containers_share_an_empty_folder(place: Place):
    mounts = [{"name": "v", "mountPath": "/data"}]
    other = {"name": "two", "image": BUSYBOX, "volumeMounts": mounts,
             "command": ["sh", "-c", "echo Hello from the busy-box sub-container > /data/file; sleep 300"]}  # fmt: skip
    main = {"name": "c", "image": BUSYBOX, "volumeMounts": mounts, "command": ["sleep", "300"]}
    place.run({"emptyDir": {}}, spec={"containers": [main, other]})
    outcome = place.cluster.kubelets.execute("default", "web", "c", ("cat", "/data/file"))
    assert outcome.output == "Hello from the busy-box sub-container\n"


def test_all_that_can_be_projected_at_once(place: Place):
    place.make("ConfigMap", "one", cm="config value\n")
    place.make("Secret", "two", secret="secret value\n")
    sources = [
        {"secret": {"name": "two", "items": [{"key": "secret", "path": "secret-data"}]}},
        {"configMap": {"name": "one", "items": [{"key": "cm", "path": "configmap-data"}]}},
        {"downwardAPI": {"items": DOWNWARD[:1]}},
    ]
    line = "cat /etc/v/podname && cat /etc/v/secret-data && cat /etc/v/configmap-data"
    log = place.run({"projected": {"sources": sources}}, image=BUSYBOX, args=None, command=["sh", "-c", line])
    assert log == "websecret value\nconfig value"
