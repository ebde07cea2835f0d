"""Port-forwards without sockets: what the person typed, which pod and port it leads to, and what has gone through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kubesim.objects import refs, tree
from kubesim.objects.wire import PODS, SERVICES, Key, Request, Response, Tree
from kubetui.model.describe.metadata import selector

HIGHEST_PORT = 65535


class ForwardError(Exception):
    """A forward that cannot be opened, or has nowhere to lead to at the moment."""


class PortMapping(NamedTuple):
    """``local`` 0 is any free port; ``remote`` is a number or the name of a port."""

    local: int
    remote: str

    def __str__(self) -> str:
        return f"{self.local or ''}:{self.remote}"


class Endpoint(NamedTuple):
    """One port of one pod."""

    namespace: str
    pod: str
    port: int
    uid: str = ""


# ---------------------------------------------------------------------- what was typed
def parse_mapping(text: str) -> PortMapping:
    """``8000:8080``, ``8080`` (twice the same), ``:8080`` or ``0:8080`` (a free port), ``8000:http``.

    Raises ForwardError.
    """
    local, separator, remote = text.strip().partition(":")
    remote = remote if separator else local
    if not remote:
        msg = "remote port cannot be empty"
        raise ForwardError(msg)
    if remote.isdecimal():
        _port(remote, "remote")
    if not separator and not local.isdecimal():
        return PortMapping(0, remote)
    return PortMapping(_port(local, "local") if local else 0, remote)


def _port(text: str, which: str) -> int:
    lowest = 0 if which == "local" else 1
    if not text.isdecimal() or not lowest <= int(text) <= HIGHEST_PORT:
        msg = f"{which} port {text!r} is not a number from {lowest} to {HIGHEST_PORT}"
        raise ForwardError(msg)
    return int(text)


def parse_mappings(text: str) -> list[PortMapping]:
    """Several mappings, separated by spaces or commas. Raises ForwardError."""
    found = [parse_mapping(part) for part in text.replace(",", " ").split()]
    if not found:
        msg = "at least 1 PORT is required for port-forward"
        raise ForwardError(msg)
    return found


def suggestion(obj: Tree) -> str:
    """What to offer for an object: its first port, with a local port that needs no rights; "" when it has none."""
    ports = declared_ports(obj)
    if not ports:
        return ""
    number, _ = ports[0]
    return f"{local_for(number)}:{number}"


def local_for(number: int) -> int:
    """A local port that a person without rights may listen on: 80 becomes 8080, 443 becomes 8443."""
    return number if number >= 1024 else 8000 + number


def declared_ports(obj: Tree) -> list[tuple[int, str]]:
    """The TCP ports that a service, a pod or a workload declares: (number, name)."""
    if obj.get("kind") == "Service":
        ports = [(each.get("port"), each) for each in tree.get(obj, "spec.ports", ())]
    else:
        ports = [(each.get("containerPort"), each) for each in _container_ports(pod_spec(obj))]
    return [(int(number), each.get("name") or "") for number, each in ports if number and _is_tcp(each)]


def pod_spec(obj: Tree) -> Tree:
    """The spec of the pods that an object is or makes."""
    spec: Tree = obj.get("spec") or {}
    if "containers" in spec:
        return spec
    found: Tree = tree.get(spec, "template.spec", None) or tree.get(spec, "jobTemplate.spec.template.spec", {})
    return found


def _container_ports(spec: Tree) -> list[Tree]:
    containers = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    return [port for each in containers for port in each.get("ports") or ()]


def _is_tcp(port: Tree) -> bool:
    return str(port.get("protocol", "TCP")) == "TCP"


# ---------------------------------------------------------------------- where it leads to
def resolution(key: Key, remote: str, stay_with: str = "") -> Any:
    """A generator that yields Requests, is sent Responses, and returns the Endpoint. Raises ForwardError.

    ``stay_with`` is the uid of the pod that served last: it is kept as long as it is ready.
    """
    response = yield Request("get", key)
    obj = _body(response)
    if key.gvr == PODS:
        return endpoint_of_pod(obj, remote)
    chosen = _selector(obj)
    if not chosen:
        msg = f"{key.gvr.resource} {key.name} selects no pods"
        raise ForwardError(msg)
    response = yield Request("list", Key(PODS, key.namespace), query={"labelSelector": chosen})
    pods = _body(response).get("items") or ()
    return choose(obj, pods, remote, stay_with)


def _body(response: Response) -> Tree:
    body: Tree = response.body if isinstance(response.body, Mapping) else {}
    if response.code >= 400:
        raise ForwardError(str(body.get("message") or f"the server answered {response.code}"))
    return body


def _selector(obj: Tree) -> str:
    found = tree.get(obj, "spec.selector", {})
    if obj.get("kind") in ("Service", "ReplicationController"):
        return selector({"matchLabels": found})
    return selector(found)


def choose(obj: Tree, pods: Sequence[Tree], remote: str, stay_with: str = "") -> Endpoint:
    """The pod behind a service or a workload to lead to, and its port. Raises ForwardError."""
    ready = [pod for pod in pods if _is_serving(pod)]
    if not ready:
        raise ForwardError(_nobody(obj, pods))
    pod = next((each for each in ready if refs.uid(each) == stay_with), None) or min(ready, key=_seniority)
    if obj.get("kind") == "Service":
        return _endpoint(pod, _target_port(obj, pod, remote))
    return endpoint_of_pod(pod, remote)


def _is_serving(pod: Tree) -> bool:
    running = tree.get(pod, "status.phase") == "Running" and not refs.is_deleting(pod)
    return running and refs.is_condition_true(pod, "Ready")


def _seniority(pod: Tree) -> tuple[str, str]:
    return pod["metadata"].get("creationTimestamp") or "", pod["metadata"]["name"]


def _nobody(obj: Tree, pods: Sequence[Tree]) -> str:
    kind, name = str(obj.get("kind", "")).lower(), obj["metadata"]["name"]
    if not pods:
        return f"{kind} {name} has no ready endpoint: its selector finds no pods"
    return f"{kind} {name} has no ready endpoint: none of its {len(pods)} pods is ready"


def endpoint_of_pod(pod: Tree, remote: str) -> Endpoint:
    """A port of a pod. Raises ForwardError when the pod does not run or has no port of that name."""
    phase = tree.get(pod, "status.phase", "")
    if refs.is_deleting(pod):
        msg = f"pod {pod['metadata']['name']} is terminating"
        raise ForwardError(msg)
    if phase != "Running":
        # k8s: kubectl port-forward
        msg = f"unable to forward port because pod is not running. Current status={phase}"
        raise ForwardError(msg)
    return _endpoint(pod, int(remote) if remote.isdecimal() else _named(pod, remote))


def _endpoint(pod: Tree, port: int) -> Endpoint:
    return Endpoint(pod["metadata"].get("namespace", ""), pod["metadata"]["name"], port, refs.uid(pod))


def _named(pod: Tree, name: str) -> int:
    for port in _container_ports(pod.get("spec") or {}):
        if port.get("name") == name:
            _refuse_udp(port, name)
            return int(port["containerPort"])
    msg = f"Pod '{pod['metadata']['name']}' does not have a named port '{name}'"
    raise ForwardError(msg)


def _target_port(service: Tree, pod: Tree, remote: str) -> int:
    ports = tree.get(service, "spec.ports", ())
    name = service["metadata"]["name"]
    key = "port" if remote.isdecimal() else "name"
    wanted = int(remote) if remote.isdecimal() else remote
    found = [port for port in ports if port.get(key) == wanted]
    if not found:
        if remote.isdecimal():
            msg = f"Service {name} does not have a service port {remote}"
        else:
            msg = f"Service '{name}' does not have a named port '{remote}'"
        raise ForwardError(msg)
    port = next((each for each in found if _is_tcp(each)), found[0])
    _refuse_udp(port, remote)
    if tree.get(service, "spec.clusterIP") == "None":
        return int(port["port"])
    target = port.get("targetPort") or port["port"]
    if isinstance(target, int):
        return target
    return int(target) if target.isdecimal() else _named(pod, target)


def _refuse_udp(port: Tree, remote: str) -> None:
    if not _is_tcp(port):
        msg = f"{port.get('protocol')} protocol is not supported for {remote}"
        raise ForwardError(msg)


def is_forwardable(key: Key) -> bool:
    """Whether an object of this kind can be forwarded to."""
    return key.gvr in (PODS, SERVICES) or (
        key.gvr.group in ("apps", "batch")
        and key.gvr.resource in ("deployments", "replicasets", "statefulsets", "daemonsets", "jobs")
    )


# ---------------------------------------------------------------------- what has gone through
@dataclass
class Forward:
    """One open forward; the socket side keeps its numbers up to date. ``started`` is in the cluster's time."""

    key: Key
    mapping: PortMapping
    local_port: int
    started: int
    endpoint: Endpoint | None = None
    open_connections: int = 0
    connections: int = 0
    bytes_in: int = 0
    """From this machine to the pod."""
    bytes_out: int = 0
    """From the pod to this machine."""
    last_error: str = ""
    stopped: bool = False
    number: int = field(default=0)

    @property
    def is_serving(self) -> bool:
        """Whether a connection would reach a pod right now."""
        return self.endpoint is not None and not self.stopped

    @property
    def sign(self) -> str:
        """What the tables show beside the object: F, or ! while nobody answers."""
        return "F" if self.is_serving else "!"

    @property
    def address(self) -> str:
        """Where to connect to on this machine."""
        return f"127.0.0.1:{self.local_port}"

    @property
    def target(self) -> str:
        """The pod and the port it leads to now."""
        return f"{self.endpoint.pod}:{self.endpoint.port}" if self.endpoint is not None else "-"


def signs(forwards: Sequence[Forward]) -> dict[Key, str]:
    """The sign of every object that is forwarded to."""
    found: dict[Key, str] = {}
    for forward in forwards:
        if not forward.stopped:
            found[forward.key] = "!" if "!" in (forward.sign, found.get(forward.key)) else "F"
    return found


def size(count: int) -> str:
    """A number of bytes for a table: ``812 B``, ``3.4 KiB``, ``12.0 MiB``."""
    amount, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{int(amount)} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
