"""What a probe finds: what its process says over its life, and what lies outside of it: names, other hosts, redirects.

# k8s: pkg/kubelet/prober, pkg/probe
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubesim.kubelet.plan import ProbePlan, port_of
from kubesim.kubelet.record import RUNNING
from kubesim.kubelet.runtime import Piece
from kubesim.kubelet.simruntime import templates
from kubesim.kubelet.simruntime.agnhost import health
from kubesim.objects.connections import CONNECTED, Attempt
from kubesim.objects.wire import Tree

if TYPE_CHECKING:
    from kubesim.kubelet.profile import Profile
    from kubesim.kubelet.record import Container
    from kubesim.kubelet.simruntime.process import SimProcess
    from kubesim.kubelet.worker import PodWorker

MAX_REDIRECTS = 10
LOCAL = frozenset({"127.0.0.1", "localhost"})
HTTP_PORT = 80
_UNKNOWN_IMAGES = frozenset({"default", "agnhost"})
"""Entries of the catalogue of which nobody knows what they listen with."""
_NOT_FOUND = "executable file not found in $PATH"
_NO_EXEC = (
    'rpc error: code = Unknown desc = failed to exec in container: failed to start exec "{identifier}": '
    "OCI runtime exec failed: exec failed: unable to start container process: {text}"
)


def outcomes(worker: "PodWorker", container: "Container", process: "SimProcess", plan: ProbePlan) -> Sequence[Piece]:
    """What the probe finds from when on; the first piece counts from the beginning."""
    action = plan.action
    named = action.get("port")
    if isinstance(named, str) and not port_of(container.plan.tree, named):
        return (Piece(0, ok=False, message=f'strconv.Atoi: parsing "{named}": invalid syntax', errs=True),)
    if _is_elsewhere(worker, action):
        return (_elsewhere(worker, plan),)
    if plan.kind == "exec":
        return tuple(_run(container, plan, piece) for piece in process.probe(plan.kind, action, plan.port, worker.ip))
    if plan.kind == "grpc":
        return _called(worker, process, plan)
    if plan.kind == "httpGet":
        return _fetched(worker, process, plan)
    return process.probe(plan.kind, action, plan.port, worker.ip)


def is_asked_each_time(worker: "PodWorker", process: "SimProcess", plan: ProbePlan) -> bool:
    """Whether what the probe finds is no function of time alone."""
    return _is_elsewhere(worker, plan.action) or (plan.kind == "grpc" and health.is_served(process.program.argv))


# ---------------------------------------------------------------------- in the container
def _run(container: "Container", plan: ProbePlan, piece: Piece) -> Piece:
    """The outcome of a command; one that is not there is no failure of the probe but an error."""
    if piece.ok or not piece.message.endswith(_NOT_FOUND):
        return piece
    identifier = sha256(f"{container.container_id}/{plan.which}".encode()).hexdigest()
    return piece._replace(message=_NO_EXEC.format(identifier=identifier, text=piece.message), errs=True)


def _called(worker: "PodWorker", process: "SimProcess", plan: ProbePlan) -> Sequence[Piece]:
    """The outcome of a health check by gRPC. # k8s: pkg/probe/grpc."""
    found = process.probe(plan.kind, plan.action, plan.port, worker.ip)
    within = f" within {plan.timeout_ms // 1000}s:"
    failing = [piece._replace(message=piece.message.replace(" within 1s:", within)) for piece in found if not piece.ok]
    served = [piece for piece in found if piece.ok]
    if not served:
        return failing
    profile = process.program.profile
    if health.is_served(process.program.argv):
        served = health.pieces(process, str(plan.action.get("service") or ""), served[0].since_ms)
    elif profile.protocol == "http" and profile.name not in _UNKNOWN_IMAGES:
        host = plan.action.get("host") or worker.ip
        text = f'timeout: failed to connect service "{host}:{plan.port}"{within} context deadline exceeded'
        served = [Piece(served[0].since_ms, ok=False, message=text)]
    return [*failing, *served]


def _fetched(worker: "PodWorker", process: "SimProcess", plan: ProbePlan) -> Sequence[Piece]:
    """The outcome of a request of a page. # k8s: pkg/probe/http."""
    action, profile = plan.action, process.program.profile
    path = str(action.get("path") or "/")
    final, warning, failure = follow(profile, path, worker.ip)
    found = process.probe(plan.kind, {**action, "path": final}, plan.port, worker.ip)
    if (
        str(action.get("scheme") or "HTTP") == "HTTPS"
        and plan.port == HTTP_PORT
        and profile.name not in _UNKNOWN_IMAGES
    ):
        failure = "http: server gave HTTP response to HTTPS client"
    if failure:
        text = f'Get "{url(action, worker.ip, plan.port, final)}": {failure}'
        return tuple(_unless_refused(piece, Piece(piece.since_ms, ok=False, message=text)) for piece in found)
    if warning:
        told = f"Probe terminated redirects, Response body: {warning}"
        return tuple(piece._replace(message=told, warns=True) if piece.ok else piece for piece in found)
    return found


def _unless_refused(piece: Piece, other: Piece) -> Piece:
    return piece if "connect: connection refused" in piece.message else other


def url(action: Tree, address: str, port: int, path: str) -> str:
    """What a probe asks for."""
    scheme = str(action.get("scheme") or "HTTP").lower()
    return f"{scheme}://{action.get('host') or address}:{port}{path if path.startswith('/') else f'/{path}'}"


def follow(profile: "Profile", path: str, address: str) -> tuple[str, str, str]:
    """Where the pages of an image send who asks for a path: the last path, a warning or "", a failure or ""."""
    for _ in range(MAX_REDIRECTS):
        route = templates.route_of(profile, path.split("?", 1)[0])
        if route is None or not 300 <= route.status < 400:
            return path, "", ""
        target = next((value for name, value in route.headers if name.lower() == "location"), "")
        if not target:
            return path, "", ""
        parts = urlsplit(target)
        if parts.hostname and parts.hostname != address:
            # k8s: RedirectChecker: other hosts are not asked
            return path, route.body or f'<a href="{target}">Found</a>.\n\n', ""
        path = parts.path or "/"
    return path, "", f"stopped after {MAX_REDIRECTS} redirects"


# ---------------------------------------------------------------------- elsewhere
def _is_elsewhere(worker: "PodWorker", action: Tree) -> bool:
    """Whether a probe asks another host than its pod."""
    host = action.get("host")
    if not host or host == worker.ip:
        return False
    return not (worker.plan.host_network and host in LOCAL)


def _elsewhere(worker: "PodWorker", plan: ProbePlan) -> Piece:
    """What another host answers now, to the node that the pod is on."""
    host = str(plan.action["host"])
    attempt = _on_node(worker, plan.port) if host in LOCAL else _opened(worker, host, plan.port)
    refused = f"dial tcp {host}:{plan.port}: connect: connection refused"
    if plan.kind == "tcpSocket":
        return Piece(0, ok=attempt.outcome == CONNECTED, message="" if attempt.outcome == CONNECTED else refused)
    path = str(plan.action.get("path") or "/")
    if attempt.outcome != CONNECTED or attempt.wire is None:
        return Piece(0, ok=False, message=f'Get "{url(plan.action, worker.ip, plan.port, path)}": {refused}')
    headers = {"Host": f"{host}:{plan.port}", "User-Agent": "kube-probe/1.37", "Accept": "*/*", "Connection": "close"}
    headers |= {each["name"]: each.get("value", "") for each in plan.action.get("httpHeaders") or ()}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    said = attempt.wire.feed("\r\n".join(lines).encode())
    words = said.split(None, 2)
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    if not status:
        return Piece(0, ok=False, message=f'Get "{url(plan.action, worker.ip, plan.port, path)}": EOF')
    text = "" if 200 <= status < 400 else f"HTTP probe failed with statuscode: {status}"
    return Piece(0, ok=not text, message=text)


def _on_node(worker: "PodWorker", port: int) -> Attempt:
    """A port of the node itself: only pods in its network have any."""
    now = worker.agent.loop.now
    in_its_network = [other for other in worker.agent.workers.values() if other.plan.host_network]
    for container in (each for other in in_its_network for each in other.containers if each.state == RUNNING):
        process = container.process
        if process is not None and port in process.program.ports and process.is_serving(now):
            return _opened(worker, worker.agent.host_ip, port)
    return Attempt("refused")


def _opened(worker: "PodWorker", host: str, port: int) -> Attempt:
    network = worker.agent.shared.runtime.network
    if network is None:
        return Attempt("refused")
    return network.world(worker.namespace, worker.name).open(host, port)
