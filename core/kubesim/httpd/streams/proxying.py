"""``proxy`` of pods, services and nodes: one HTTP request passed on to a simulated container, and its answer."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from aiohttp import web

from kubesim.httpd.answers import NOT_FOUND, Answer
from kubesim.httpd.host import Host
from kubesim.httpd.scraping import kubelets
from kubesim.httpd.streams import rewriting
from kubesim.objects.errors import ApiError, failure, not_found
from kubesim.objects.wire import NODES, PODS, SERVICES, Request, Tree

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade"}
)
PRIVATE = frozenset({"authorization", "host", "content-length", "impersonate-user", "impersonate-group", "expect"})


class Backend(NamedTuple):
    """``[scheme:]name[:port]`` as the path names it."""

    name: str
    port: str


def backend_of(text: str) -> Backend:
    """Split the name in the path of a proxied request."""
    parts = text.split(":")
    if len(parts) == 3:
        return Backend(parts[1], parts[2])
    if len(parts) == 2:
        # k8s: a scheme goes before the name only when there are two colons or the port is a scheme's place.
        return Backend(parts[1], "") if parts[0] in {"http", "https"} else Backend(parts[0], parts[1])
    return Backend(text, "")


def serve(host: Host, http: web.BaseRequest, request: Request, body: bytes) -> Answer:
    """Pass a request on. Raises ApiError."""
    host.catch_up()
    path = "/" + request.subresource.removeprefix("proxy").lstrip("/")
    query = http.raw_path.partition("?")[2]
    if request.key.gvr == NODES:
        return _of_node(host.cluster, backend_of(request.key.name), http.method, path)
    connection = _connect(host, request)
    if http.path.endswith("/proxy") and http.method in {"GET", "HEAD"}:
        # k8s: apimachinery/pkg/util/proxy proxyRedirectsforRootPath
        return Answer(301, b"", "", {"Location": f"{http.path}/{'?' + query if query else ''}"})
    lines = [
        f"{http.method} {path}{'?' + query if query else ''} HTTP/1.1",
        f"Host: {backend_of(request.key.name).name}",
    ]
    for name, value in http.headers.items():
        if name.lower() not in HOP_BY_HOP | PRIVATE:
            lines.append(f"{name}: {value}")
    lines += [f"Content-Length: {len(body)}", f"X-Forwarded-Uri: {http.raw_path.partition('?')[0]}", "", ""]
    received = connection.feed("\r\n".join(lines).encode() + body)
    host.poke()
    return rewriting.rewritten(answer_of(received), _prefix(http.path, path))


def _prefix(whole: str, inside: str) -> str:
    """The path up to where the path inside of the backend begins."""
    return whole.removesuffix(inside) if inside != "/" else whole.rstrip("/")


def _of_node(cluster: Any, backend: Backend, method: str, path: str) -> Answer:
    """What a kubelet answers. Raises ApiError."""
    if cluster.store.get(NODES, "", backend.name) is None:
        raise not_found(NODES, backend.name)
    port = int(backend.port) if _is_number(backend.port) else kubelets.PORT
    agent = cluster.kubelets.agents.get(backend.name)
    if agent is None or not agent.running or port != kubelets.PORT:
        why = "connect: connection refused" if agent is not None and agent.running else "connect: no route to host"
        address = f"{backend.name if agent is None else agent.host_ip}:{port}"
        raise failure(503, "ServiceUnavailable", f"error trying to reach service: dial tcp {address}: {why}")
    return kubelets.answer(cluster, backend.name, path) if method in {"GET", "HEAD"} else NOT_FOUND


def _connect(host: Host, request: Request) -> Any:
    cluster = host.cluster
    gvr, namespace, name = request.key
    backend = backend_of(name)
    if gvr == SERVICES:
        return _service(cluster, namespace, backend)
    pod = cluster.store.get(PODS, namespace, backend.name)
    if pod is None:
        raise not_found(PODS, backend.name)
    port = _pod_port(pod, backend.port)
    connection = _dial(cluster, namespace, backend.name, port)
    return host.scrapes.proxied(cluster, namespace, backend.name, port) or connection


def _service(cluster: Any, namespace: str, backend: Backend) -> Any:
    service = cluster.store.get(SERVICES, namespace, backend.name)
    if service is None:
        raise not_found(SERVICES, backend.name)
    ports = service["spec"].get("ports") or ()
    port: int | str = int(backend.port) if _is_number(backend.port) else backend.port
    if not backend.port and ports:
        port = ports[0]["port"]
    target = cluster.proxy.pick(namespace, backend.name, port)
    return _dial(cluster, target.namespace, target.pod, target.port)


def _is_number(port: str) -> bool:
    return port.isascii() and port.isdigit() and len(port) < 10


def _pod_port(pod: Tree, port: str) -> int:
    if _is_number(port):
        return int(port)
    for container in pod["spec"].get("containers") or ():
        for known in container.get("ports") or ():
            if not port or known.get("name") == port:
                return int(known["containerPort"])
    return 80


def _dial(cluster: Any, namespace: str, pod: str, port: int) -> Any:
    try:
        return cluster.kubelets.connect(namespace, pod, port)
    except ApiError as error:
        text = f"error trying to reach service: {error.status['message']}"
        raise failure(503, "ServiceUnavailable", text) from None


def answer_of(received: bytes) -> Answer:
    """The HTTP answer in these bytes. Raises ServiceUnavailable when there is none."""
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    parts = status.split(" ", 2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/") or not parts[1].isdigit():
        text = "error trying to reach service: net/http: HTTP/1.x transport connection broken: malformed HTTP response"
        raise failure(503, "ServiceUnavailable", text)
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = _unchunked(body)
    elif headers.get("content-length", "").isdigit():
        body = body[: int(headers["content-length"])]
    return Answer(int(parts[1]), body, headers.get("content-type", ""), _shown(headers))


def _shown(headers: Mapping[str, str]) -> dict[str, str]:
    dropped = HOP_BY_HOP | {"content-length", "content-type"}
    return {name.title(): value for name, value in headers.items() if name not in dropped}


def _unchunked(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        if not length:
            break
        parts.append(body[:length])
        body = body[length + 2 :]
    return b"".join(parts)
