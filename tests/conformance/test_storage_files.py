"""sig-storage: files as pods find them - permissions, owners, media, sub-paths, bytes - and labels that change."""

from base64 import b64encode
from typing import Any

import pytest

from conformance.conftest import Speak
from conformance.inside import execute, logged
from conformance.manifests import AGNHOST, PAUSE, is_ready, phase
from conformance.ways import Api, Tree

BUSYBOX = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1"
MODES = {"0644": "-rw-r--r--", "0666": "-rw-rw-rw-", "0777": "-rwxrwxrwx"}
LABELS = {"seLinuxOptions": {"level": "s0"}}
LOOP = ("--break_on_expected_content=false", "--retry_time=120")


def watching(name: str, volume: Tree, *words: str, path: str = "/test-volume", mount: Any = None, **spec: Any) -> Tree:
    """A pod that looks at one volume."""
    container = {
        "name": "test-container",
        "image": AGNHOST,
        "args": ["mounttest", *words],
        "volumeMounts": [{"name": "test-volume", "mountPath": path, **(mount or {})}],
    }
    body = {"restartPolicy": "Never", "volumes": [{"name": "test-volume", **volume}], "containers": [container], **spec}
    return {"metadata": {"name": name}, "spec": body}


def output(api: Api, of: Speak, namespace: str, pod: Tree) -> str:
    """The log of a pod that succeeds."""
    pods, name = of("v1/pods"), pod["metadata"]["name"]
    pods.create(pod)
    done = pods.until(name, lambda tree: phase(tree) in {"Succeeded", "Failed"}, 300)
    log = logged(api, namespace, name, "test-container")
    assert phase(done) == "Succeeded", log
    return log


def until_logged(api: Api, namespace: str, pod: str, container: str, text: str, seconds: int = 240) -> None:
    log = ""
    for _ in range(seconds // 2):
        log = logged(api, namespace, pod, container)
        if text in log:
            return
        api.wait(2)
    raise AssertionError(f"never {text!r}: {log[-500:]!r}")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("medium", ["", "Memory"], ids=["default", "tmpfs"])
@pytest.mark.parametrize("user", [0, 1001], ids=["root", "non-root"])
def test_new_files_in_empty_folders(api: Api, of: Speak, namespace: str, mode: str, medium: str, user: int):
    path = "/test-volume/test-file"
    words = ("--fs_type=/test-volume", f"--new_file_{mode}={path}", f"--file_perm={path}", f"--file_owner={path}")
    context = LABELS | ({"runAsUser": user} if user else {})
    volume = {"emptyDir": {"medium": medium} if medium else {}}
    log = output(api, of, namespace, watching("pod", volume, *words, securityContext=context))
    assert f'perms of file "{path}": {MODES[mode]}\nowner UID of "{path}": {user}\n' in log
    assert f'content of file "{path}": mount-tester new file\n' in log
    assert ('mount type of "/test-volume": tmpfs' in log) == bool(medium)


@pytest.mark.parametrize("medium", ["", "Memory"], ids=["default", "tmpfs"])
@pytest.mark.parametrize("user", [0, 1001], ids=["root", "non-root"])
def test_a_group_owns_a_folder_and_what_is_made_in_it(api: Api, of: Speak, namespace: str, medium: str, user: int):
    path = "/test-volume/test-file"
    context = {**LABELS, "fsGroup": 123} | ({"runAsUser": user} if user else {})
    volume = {"emptyDir": {"medium": medium} if medium else {}}
    words = (f"--new_file_0660={path}", f"--file_perm={path}", f"--file_owner={path}")
    log = output(api, of, namespace, watching("file", volume, *words, securityContext=context))
    assert f'perms of file "{path}": -rw-rw----\nowner UID of "{path}": {user}\nowner GID of "{path}": 123\n' in log
    words = ("--file_perm=/test-volume", "--file_owner=/test-volume", "--file_mode=/test-volume")
    log = output(api, of, namespace, watching("folder", volume, *words, securityContext=context))
    assert f'mode of file "/test-volume": {"dgt" if medium else "dg"}rwxrwxrwx\n' in log
    assert 'perms of file "/test-volume": -rwxrwxrwx\n' in log
    assert 'owner UID of "/test-volume": 0\nowner GID of "/test-volume": 123\n' in log


@pytest.mark.parametrize("kind", ["configMap", "secret", "projected"])
@pytest.mark.parametrize("path", ["/test-volume", "/etc/resolv.conf"])
def test_one_file_of_a_volume(api: Api, of: Speak, namespace: str, kind: str, path: str):
    of("v1/configmaps").create({"metadata": {"name": "my-configmap"}, "data": {"key": "value of it"}})
    of("v1/secrets").create({"metadata": {"name": "my-secret"}, "data": {"key": b64encode(b"value of it").decode()}})
    item = {"name": "my-configmap", "items": [{"key": "key", "path": "projected-key"}]}
    volume, below = {
        "configMap": ({"configMap": {"name": "my-configmap"}}, "key"),
        "secret": ({"secret": {"secretName": "my-secret"}}, "key"),
        "projected": ({"projected": {"sources": [{"configMap": item}]}}, "projected-key"),
    }[kind]
    words = (f"--file_content_in_loop={path}", "--retry_time=20")
    log = output(api, of, namespace, watching("pod", volume, *words, path=path, mount={"subPath": below}))
    assert f'content of file "{path}": value of it' in log


def test_bytes_of_a_config_map(api: Api, of: Speak, namespace: str):
    data = b64encode(bytes([0xDE, 0xCA, 0xFE, 0xBA, 0xD0, 0xFE, 0xFF])).decode()
    body = {"metadata": {"name": "bytes"}, "data": {"data-1": "value-1"}, "binaryData": {"dump.bin": data}}
    of("v1/configmaps").create(body)
    pod = watching("pod", {"configMap": {"name": "bytes"}}, *LOOP, "--file_content_in_loop=/test-volume/data-1")
    mounts = pod["spec"]["containers"][0]["volumeMounts"]
    command = ["hexdump", "-C", "/test-volume/dump.bin"]
    pod["spec"]["containers"].append({"name": "bytes", "image": BUSYBOX, "command": command, "volumeMounts": mounts})
    of("v1/pods").create(pod)
    until_logged(api, namespace, "pod", "test-container", "value-1")
    until_logged(api, namespace, "pod", "bytes", "de ca fe ba d0 fe ff")


@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_a_replaced_pod_shows_what_it_is_now(api: Api, of: Speak, namespace: str, field: str):
    pods = of("v1/pods")
    items = [{"path": field, "fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.{field}"}}]
    pod = watching("pod", {"downwardAPI": {"items": items}}, *LOOP, f"--file_content_in_loop=/test-volume/{field}")
    pods.create({**pod, "metadata": {"name": "pod", field: {"key1": "value1"}}})
    pods.until("pod", is_ready)
    until_logged(api, namespace, "pod", "test-container", 'key1="value1"\n', 120)
    fresh = pods.get("pod")
    fresh["metadata"][field]["key3"] = "value3"
    pods.update(fresh)
    until_logged(api, namespace, "pod", "test-container", 'key3="value3"\n', 120)


@pytest.mark.parametrize("kind", ["configMap", "secret"])
def test_optional_volumes_follow_their_objects(api: Api, of: Speak, namespace: str, kind: str):
    objects = of("v1/configmaps" if kind == "configMap" else "v1/secrets")

    def body(name: str, **data: str) -> Tree:
        shown = data if kind == "configMap" else {key: b64encode(text.encode()).decode() for key, text in data.items()}
        return {"metadata": {"name": name}, "data": shown}

    volumes, containers = [], []
    for name, key in (("delete", "data-1"), ("update", "data-3"), ("create", "data-1")):
        source = {"name": name} if kind == "configMap" else {"secretName": name}
        volumes.append({"name": name, kind: {**source, "optional": True}})
        words = ["mounttest", *LOOP, f"--file_content_in_loop=/etc/volumes/{name}/{key}"]
        mounts = [{"name": name, "mountPath": f"/etc/volumes/{name}", "readOnly": True}]
        containers.append({"name": f"{name}-test", "image": AGNHOST, "args": words, "volumeMounts": mounts})
    for name in ("delete", "update"):
        objects.create(body(name, **{"data-1": "value-1"}))
    spec = {"restartPolicy": "Never", "volumes": volumes, "containers": containers}
    of("v1/pods").create({"metadata": {"name": "pod"}, "spec": spec})
    of("v1/pods").until("pod", is_ready)
    until_logged(api, namespace, "pod", "create-test", "Error reading file /etc/volumes/create/data-1")
    until_logged(api, namespace, "pod", "update-test", "Error reading file /etc/volumes/update/data-3")
    until_logged(api, namespace, "pod", "delete-test", "value-1")
    objects.delete("delete")
    objects.update(body("update", **{"data-3": "value-3"}))
    objects.create(body("create", **{"data-1": "value-1"}))
    until_logged(api, namespace, "pod", "create-test", "value-1")
    until_logged(api, namespace, "pod", "update-test", "value-3")
    until_logged(api, namespace, "pod", "delete-test", "Error reading file /etc/volumes/delete/data-1")


def test_volumes_of_the_same_name_do_not_conflict(of: Speak):
    value = b64encode(b"value-1\n").decode()
    of("v1/secrets").create({"metadata": {"name": "same"}, "data": {"data-1": value}})
    of("v1/configmaps").create({"metadata": {"name": "same"}, "binaryData": {"data-1": value}})
    pod = watching("pod", {"secret": {"secretName": "same"}}, path="/etc/secret-volume")
    pod["spec"]["containers"][0]["args"] = ["test-webserver"]
    pod["spec"]["volumes"].append({"name": "other", "configMap": {"name": "same"}})
    pod["spec"]["containers"][0]["volumeMounts"].append({"name": "other", "mountPath": "/etc/configmap-volume"})
    of("v1/pods").create(pod)
    of("v1/pods").until("pod", is_ready)


def test_fifty_volumes_in_each_of_five_pods(of: Speak):
    names = [f"racey-configmap-{number}" for number in range(50)]
    for name in names:
        of("v1/configmaps").create({"metadata": {"name": name}, "data": {"data-1": "value-1"}})
    items = [{"key": "data-1", "path": "data-1"}]
    volumes = [{"name": name, "configMap": {"name": name, "items": items}} for name in names]
    mounts = [{"name": name, "mountPath": f"/etc/config-{number}"} for number, name in enumerate(names)]
    container = {"name": "test-container", "image": PAUSE, "volumeMounts": mounts}
    spec = {"containers": [container], "dnsPolicy": "Default", "volumes": volumes,
            "nodeSelector": {"kubernetes.io/hostname": "node-1"}}  # fmt: skip
    template = {"metadata": {"labels": {"name": "race"}}, "spec": spec}
    body = {"metadata": {"name": "race"}, "spec": {"replicas": 5, "selector": {"name": "race"}, "template": template}}
    of("v1/replicationcontrollers").create(body)
    of("v1/pods").until_list(lambda found: [phase(pod) for pod in found] == ["Running"] * 5)


def test_containers_share_a_folder(api: Api, of: Speak, namespace: str):
    line = "echo Hello from the busy-box sub-container > /pod-data/shareddata.txt"
    sleeps = "trap exit TERM; while true; do sleep 1; done"
    containers = [
        {"name": name, "image": BUSYBOX, "command": ["/bin/sh"], "args": ["-c", words],
         "volumeMounts": [{"name": "shared-data", "mountPath": path}]}
        for name, words, path in (("main", sleeps, "/usr/share/volumeshare"), ("sub", line, "/pod-data"))
    ]  # fmt: skip
    spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": containers}
    spec["volumes"] = [{"name": "shared-data", "emptyDir": {}}]
    of("v1/pods").create({"metadata": {"name": "pod"}, "spec": spec})
    of("v1/pods").until("pod", lambda tree: phase(tree) == "Running")
    api.wait(1)
    command = ("/bin/sh", "-c", "cat /usr/share/volumeshare/shareddata.txt")
    assert execute(api, namespace, "pod", *command, container="main") == (0, "Hello from the busy-box sub-container\n")
