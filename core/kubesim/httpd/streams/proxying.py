"""``proxy`` of pods, services and nodes: one HTTP request passed on to a simulated container, and its answer."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from aiohttp import web

from kubesim.httpd.answers import Answer
from kubesim.httpd.host import Host
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
    connection = _connect(host.cluster, request)
    path = "/" + request.subresource.removeprefix("proxy").lstrip("/")
    query = http.raw_path.partition("?")[2]
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
    return answer_of(received)


def _connect(cluster: Any, request: Request) -> Any:
    gvr, namespace, name = request.key
    backend = backend_of(name)
    if gvr == SERVICES:
        return _service(cluster, namespace, backend)
    if gvr == NODES:
        if cluster.store.get(NODES, "", backend.name) is None:
            raise not_found(NODES, backend.name)
        raise failure(503, "ServiceUnavailable", "the simulated kubelets serve no HTTP of their own")
    pod = cluster.store.get(PODS, namespace, backend.name)
    if pod is None:
        raise not_found(PODS, backend.name)
    return _dial(cluster, namespace, backend.name, _pod_port(pod, backend.port))


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
