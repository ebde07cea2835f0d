"""The front door of Ingresses: each HTTP request is routed as they say, and answered by a simulated pod."""

import logging
import ssl
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Protocol

from aiohttp import web

from kubesim.httpd.listeners.certificates import Certificates
from kubesim.httpd.listeners.sockets import listen, port_of
from kubesim.httpd.streams.proxying import HOP_BY_HOP, answer_of
from kubesim.objects.connections import REFUSED, TIMED_OUT
from kubesim.objects.errors import ApiError

MAX_BODY = 16 * 1024 * 1024
LOG = logging.getLogger("kubesim.httpd.protocol")
PHRASES = {503: "Service Temporarily Unavailable", 504: "Gateway Time-out", 413: "Request Entity Too Large"}
"""Where nginx words a status in its own way."""
PAGE = (
    "<html>\r\n<head><title>{code} {text}</title></head>\r\n<body>\r\n"
    "<center><h1>{code} {text}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


class Front(Protocol):
    """What a listener sees of its owner."""

    @property
    def cluster(self) -> Any:
        """The kubesim.cluster.Cluster."""

    def catch_up(self) -> None:
        """Bring virtual time to the present."""

    def poke(self) -> None:
        """Something was asked of the cluster."""


class WebListener:
    """HTTP and HTTPS for all Ingresses of a cluster. Port 0 is not open."""

    def __init__(self, front: Front) -> None:
        self.port = 0
        self.tls_port = 0
        self._front = front
        self._runner: web.ServerRunner | None = None
        self._certificates = Certificates(self._controller)

    def _controller(self) -> Any:
        return self._front.cluster.ingresses

    async def start(self, ports: Iterable[int], tls_ports: Iterable[int]) -> None:
        """Listen on the first free port of each. Raises OSError."""
        server = web.Server(self._handle, access_log=None, logger=LOG)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.5)
        await self._runner.setup()
        plain = listen(ports)
        self.port = port_of(plain)
        await web.SockSite(self._runner, plain).start()
        secure = listen(tls_ports)
        self.tls_port = port_of(secure)
        await web.SockSite(self._runner, secure, ssl_context=self._certificates.default).start()

    async def stop(self) -> None:
        """Stop listening and hang up."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.port = self.tls_port = 0

    # ------------------------------------------------------------------ requests
    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if (request.content_length or 0) > MAX_BODY:
            return page(413)
        body = await request.read()
        secure = isinstance(request.transport and request.transport.get_extra_info("ssl_object"), ssl.SSLObject)
        front = self._front
        front.catch_up()
        path, _, query = request.raw_path.partition("?")
        host = request.headers.get("Host", "")
        controller = front.cluster.ingresses
        decision = controller.decide(host, path, secure=secure, query=query, port=self.tls_port)
        if decision.location:
            return page(308, {"Location": decision.location})
        if decision.route is None:
            return page(404)
        way = controller.open(decision)
        if way is None or not way.connected:
            return page(_status(way))
        if way.wire is None:
            return page(502)
        target = f"{decision.path}{'?' + query if query else ''}"
        proxy = front.cluster.proxy
        proxy.opened(way.target)
        try:
            received = way.wire.feed(_encoded(request, target, body, secure=secure))
        finally:
            proxy.closed(way.target)
            front.poke()
        return _answer(received)


def _status(way: Any) -> int:
    """What nginx says when a backend does not answer."""
    if way is not None and way.outcome == TIMED_OUT and way.target is not None:
        return 504
    return 502 if way is not None and way.outcome == REFUSED and way.target is not None else 503


def _encoded(request: web.BaseRequest, target: str, body: bytes, *, secure: bool) -> bytes:
    host, remote = request.headers.get("Host", ""), request.remote or "127.0.0.1"
    scheme, port = ("https", "443") if secure else ("http", "80")
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {host}"]
    dropped = HOP_BY_HOP | {"host", "content-length", "expect"}
    lines += [f"{name}: {value}" for name, value in request.headers.items() if name.lower() not in dropped]
    # k8s: ingress-nginx, template/nginx.tmpl
    lines += [f"X-Real-IP: {remote}", f"X-Forwarded-For: {remote}", f"X-Forwarded-Host: {host}",
              f"X-Forwarded-Port: {port}", f"X-Forwarded-Proto: {scheme}", f"X-Forwarded-Scheme: {scheme}",
              f"X-Scheme: {scheme}"]  # fmt: skip
    if body or request.method in {"POST", "PUT", "PATCH"}:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def _answer(received: bytes) -> web.Response:
    try:
        answer = answer_of(received)
    except ApiError:
        return page(502)
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "date"}
    if answer.content_type:
        headers["Content-Type"] = answer.content_type
    return web.Response(status=answer.code, body=answer.body, headers=headers)


def page(status: int, headers: dict[str, str] | None = None) -> web.Response:
    """One of nginx's own pages."""
    text = PHRASES.get(status) or HTTPStatus(status).phrase
    shown = PAGE.format(code=status, text=text)
    return web.Response(status=status, body=shown.encode(), headers={"Content-Type": "text/html", **(headers or {})})
