"""What conformance tests do inside of pods: commands over exec, and pages over the pod's proxy."""

from typing import Any

from conformance.conftest import Speak
from conformance.manifests import AGNHOST, is_ready
from conformance.ways import Api, Local, Remote, Tree
from kubesim.objects.errors import ApiError

SHELL = ("/bin/sh", "-x", "-c")


def _ask(api: Api, function: Any) -> Any:
    """Run something beside the cluster."""
    if isinstance(api, Local):
        return function(api.cluster)
    assert isinstance(api, Remote)
    return api.served.call(lambda: function(api.served.cluster))


def execute(api: Api, namespace: str, pod: str, *argv: str, container: str = "") -> tuple[int, str]:
    """Exit code and standard output of a command."""
    found = _ask(api, lambda cluster: cluster.kubelets.execute(namespace, pod, container, argv))
    return found.code, found.stdout


def logged(api: Api, namespace: str, pod: str, container: str) -> str:
    """What a container has written so far; "" when it has not begun."""
    try:
        lines = _ask(api, lambda cluster: cluster.kubelets.logs(namespace, pod, container))
    except ApiError:
        return ""
    return "".join(f"{line.text}\n" for line in lines)


def shell(api: Api, namespace: str, pod: str, line: str) -> str:
    """What a shell line prints; "" when it fails."""
    code, text = execute(api, namespace, pod, *SHELL, line)
    return "" if code else text.strip()


def page(api: Api, namespace: str, pod: str, path: str, port: int = 80) -> tuple[int, str]:
    """Status and body of a page of a pod; 503 when nobody listens."""
    line = f"GET {path} HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n".encode()
    try:
        raw = _ask(api, lambda cluster: cluster.kubelets.connect(namespace, pod, port).feed(line)).decode()
    except ApiError:
        return 503, ""
    head, _, body = raw.partition("\r\n\r\n")
    return int(head.split(" ", 2)[1]), body


def agnhost(name: str, *arguments: str, **spec: Any) -> Tree:
    """A pod that runs a subcommand of agnhost."""
    container = {"name": "agnhost-container", "image": AGNHOST, "args": list(arguments or ("pause",))}
    container |= spec.pop("container", {})
    labels = spec.pop("labels", {})
    return {"metadata": {"name": name, "labels": labels}, "spec": {"containers": [container], **spec}}


def running(of: Speak, *pods: Tree) -> list[Tree]:
    """Create pods; wait until they are ready."""
    resource = of("v1/pods")
    for body in pods:
        resource.create(body)
    return [resource.until(body["metadata"]["name"], is_ready) for body in pods]


def reachable(
    api: Api, namespace: str, pod: str, host: str, port: int, protocol: str = "TCP", *, patience: int = 15
) -> bool:
    """Whether somebody says something there within that many seconds, as the service tests find out."""
    flag = "-u" if protocol == "UDP" else "-t"
    for _ in range(patience):
        if shell(api, namespace, pod, f"echo hostName | nc -v {flag} -w 2 {host} {port}"):
            return True
        api.wait(1)
    return False


def affinity(api: Api, namespace: str, pod: str, address: str) -> set[str]:
    """Who answers sixteen requests in a row."""
    line = f"for i in $(seq 0 15); do echo; curl -q -s --connect-timeout 2 http://{address}/ ; done"
    return set(shell(api, namespace, pod, line).split())
