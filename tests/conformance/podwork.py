"""Pods as the node tests make them: kinds of containers, waiting, logs, and output that is compared."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from conformance.conftest import Speak
from conformance.inside import execute
from conformance.manifests import AGNHOST, is_ready, phase
from conformance.ways import Api, Local, Remote, Tree

BUSYBOX = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1"
NGINX = "registry.k8s.io/e2e-test-images/nginx:1.14-4"
PAUSE_IMAGE = "registry.k8s.io/pause:3.10.1"


def single(name: str, container: Tree, **spec: Any) -> Tree:
    """A pod of one container, which is called as the pod is unless it has a name."""
    meta = spec.pop("meta", {})
    return {"metadata": {"name": name, **meta}, "spec": {"containers": [{"name": name, **container}], **spec}}


def busybox(*command: str, **more: Any) -> Tree:
    """A container of busybox."""
    return {"image": BUSYBOX, "command": list(command), **more}


def agnhost(*arguments: str, **more: Any) -> Tree:
    """A container of agnhost."""
    return {"image": AGNHOST, "args": list(arguments or ("pause",)), **more}


def restricted(pod: Tree) -> Tree:
    """The pod with all that the strictest level of pod security asks for."""
    inside = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    of_pod = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {**pod["spec"], "securityContext": {**of_pod, **pod["spec"].get("securityContext", {})}}
    for part in ("containers", "initContainers"):
        if part in spec:
            spec[part] = [
                {**each, "securityContext": {**inside, **each.get("securityContext", {})}} for each in spec[part]
            ]
    return {**pod, "spec": spec}


def secure(of: Speak, namespace: str, level: str) -> None:
    """Hold the namespace to a level, as the framework of the tests does."""
    labels = {f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "warn", "audit")}
    of("v1/namespaces", cluster=True).patch(namespace, {"metadata": {"labels": labels}})


def ready(of: Speak, pod: Tree) -> Tree:
    """Create a pod and wait until it is ready."""
    pods = of("v1/pods")
    pods.create(pod)
    return pods.until(pod["metadata"]["name"], is_ready, seconds=300)


def log(api: Api, namespace: str, pod: str, container: str = "", **query: str) -> str:
    """The log of a container."""
    if isinstance(api, Local):
        lines = api.cluster.kubelets.logs(namespace, pod, container)
        return "".join(f"{line.text}\n" for line in lines)
    assert isinstance(api, Remote)
    words = "&".join(f"{name}={value}" for name, value in {"container": container, **query}.items() if value)
    reply = api.served.send("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log?{words}")
    assert reply.status == 200, reply.data
    return reply.data.decode()


def until(api: Api, holds: Callable[[], Any], seconds: int = 120) -> None:
    """Wait until something is so."""
    for _ in range(seconds):
        if holds():
            return
        api.wait(1)
    raise AssertionError("never so")


def output(api: Api, of: Speak, namespace: str, pod: Tree) -> str:
    """What a pod's first container prints until the pod has succeeded; the pod is deleted then."""
    pods, name = of("v1/pods"), pod["metadata"]["name"]
    pods.create(pod)
    pods.until(name, lambda tree: phase(tree) in {"Succeeded", "Failed"}, seconds=300)
    text = log(api, namespace, name, pod["spec"]["containers"][0]["name"])
    assert phase(pods.get(name)) == "Succeeded", text
    pods.delete(name)
    pods.until_gone(name)
    return text


def has_all(text: str, wanted: Iterable[str]) -> None:
    """Check that every regular expression is found."""
    for each in wanted:
        assert re.search(each, text), f"{each} is not in {text}"


def inside(api: Api, namespace: str, pod: str, *argv: str, container: str = "") -> str:
    """What a command prints that has to succeed."""
    code, text = execute(api, namespace, pod, *argv, container=container)
    assert code == 0, text
    return text
