"""What agnhost's HTTP servers answer: netexec's pages, the host's name, and the files of the container."""

from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import parse_qs, urlsplit

import orjson

from kubesim.kernel.loop import Loop
from kubesim.kubelet.runtime import Facts
from kubesim.kubelet.simruntime.agnhost import guestbook, health, nettest
from kubesim.kubelet.simruntime.agnhost.roles import FILES, GRPC, GUESTBOOK, HOSTNAME, NETTEST, Role, words_of
from kubesim.kubelet.simruntime.http import HttpReply, HttpRequest
from kubesim.kubelet.simruntime.process import SimProcess
from kubesim.kubelet.simruntime.timeline import format_date
from kubesim.objects.connections import CONNECTED, TIMED_OUT, World
from kubesim.objects.times import format_time

CLIENT = "10.244.0.1:45678"
TEXT = "text/plain; charset=utf-8"
MAX_TRIES = 20
Query = Mapping[str, str]
Page = tuple[int, str]
"""Status and text."""


class AgnhostSite:
    """The pages of one process."""

    def __init__(self, loop: Loop, process: SimProcess, facts: Facts, role: Role, world: World) -> None:
        self._loop = loop
        self._process = process
        self._facts = facts
        self._role = role
        self._world = world

    def answer(self, request: HttpRequest) -> HttpReply:
        """Answer one request and log it."""
        now = self._loop.now
        parts = urlsplit(request.target)
        path = parts.path or "/"
        if self._role.name == FILES:
            status, kind, body = self._file(path)
        else:
            query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            status, text = (200, self._facts.pod) if self._role.name == HOSTNAME else self._page(request, path, query)
            kind, body = TEXT, text.encode()
        self._process.note(now, f"{format_date('%Y/%m/%d %H:%M:%S', now)} {request.method} {request.target}")
        headers = (("Date", format_date("%a, %d %b %Y %H:%M:%S GMT", now)), ("Content-Type", kind))
        return HttpReply(status, headers, body)

    # ------------------------------------------------------------------ files
    def _file(self, path: str) -> tuple[int, str, bytes]:
        """A file of the container, or what is in a folder."""
        # k8s: net/http FileServer
        files = self._process.files_at(self._loop.now)
        text = files.get(path)
        if text is not None and not path.endswith("/"):
            return 200, TEXT, text.encode("utf-8", "surrogateescape")
        folder = path if path.endswith("/") else f"{path}/"
        inside = sorted({_child(name, folder) for name in files if name.startswith(folder) and name != folder})
        if not inside and folder != "/" and folder not in files:
            return 404, TEXT, b"404 page not found\n"
        lines = "".join(f'<a href="{name}">{name}</a>\n' for name in inside)
        return 200, "text/html; charset=utf-8", f"<pre>\n{lines}</pre>\n".encode()

    # ------------------------------------------------------------------ netexec
    def _page(self, request: HttpRequest, path: str, query: Query) -> Page:
        if self._role.name == GUESTBOOK:
            return self._guestbook(path, query)
        if self._role.name == NETTEST:
            return self._nettest(request, path)
        if self._role.name == GRPC:
            return health.answer(self._process, path, self._loop.now)
        make = _PAGES.get(path)
        if make is None:
            return 404, "404 page not found\n"
        return make(self, request, query)

    def _guestbook(self, path: str, query: Query) -> Page:
        process = self._process
        if process.data is None:
            process.data = {}
        flags = words_of(process.program.argv)[1]
        return guestbook.answer(path, query, flags, process.data, partial(self._ask, "http"))

    def _nettest(self, request: HttpRequest, path: str) -> Page:
        process = self._process
        if process.data is None:
            process.data = nettest.begin(self._facts.pod)
        return nettest.answer(path, request.body, process.data, self._loop.now - process.started_ms)

    def root(self, request: HttpRequest, query: Query) -> Page:
        """``/``."""
        del request, query
        return 200, f"NOW: {format_time(self._loop.now)}"

    def hostname(self, request: HttpRequest, query: Query) -> Page:
        """``/hostname``."""
        del request, query
        return 200, self._facts.pod

    def health(self, request: HttpRequest, query: Query) -> Page:
        """``/healthz``."""
        del request, query
        return 200, ""

    def client(self, request: HttpRequest, query: Query) -> Page:
        """``/clientip``."""
        del request, query
        return 200, CLIENT

    def echo(self, request: HttpRequest, query: Query) -> Page:
        """``/echo``: the message, with a status if one is asked for."""
        del request
        text = query.get("code", "200")
        code = int(text) if text.isdigit() and 200 <= int(text) < 600 else 200
        return code, query.get("msg", "")

    def header(self, request: HttpRequest, query: Query) -> Page:
        """``/header``: a header of the request."""
        return 200, request.header(query.get("key", "").lower())

    def shell(self, request: HttpRequest, query: Query) -> Page:
        """``/shell``: what a command line prints."""
        del request
        line = query.get("shellCommand") or query.get("cmd") or ""
        outcome = self._process.execute(("/bin/sh", "-c", line), self._loop.now, {}, self._world)
        found = {"output": outcome.output} if not outcome.code else {
            "error": f"exit status {outcome.code}", "output": outcome.output
        }  # fmt: skip
        return 200, orjson.dumps(found).decode()

    def dial(self, request: HttpRequest, query: Query) -> Page:
        """``/dial``: ask another server, as often as wanted, and tell what it said."""
        # k8s: netexec.go dialHandler
        del request
        host, protocol, wanted = query.get("host", ""), query.get("protocol") or "http", query.get("request", "")
        port, tries = query.get("port", ""), query.get("tries", "1")
        if not wanted:
            return 400, "request parameter not specified. <nil>\n"
        if protocol.lower() not in {"http", "udp"}:
            return 400, f"unsupported protocol. {protocol}\n"
        if not host or not port.isdigit() or len(port) > 5:
            return 400, f"host and/or port param are invalid. address {port}: invalid port\n"
        responses: list[str] = []
        errors: list[str] = []
        for _ in range(min(int(tries), MAX_TRIES) if tries.isdigit() and len(tries) < 5 else 1):
            said, error = self._ask(protocol.lower(), host, int(port), wanted)
            (errors if error else responses).append(error or said)
        found = ({"responses": responses} if responses else {}) | ({"errors": errors} if errors else {})
        return 200, orjson.dumps(found).decode()

    def _ask(self, protocol: str, host: str, port: int, wanted: str) -> tuple[str, str]:
        """The answer and "", or the error."""
        tried = self._world.open(host, port, "TCP" if protocol == "http" else "UDP")
        where = f"{tried.ip or host}:{port}"
        if tried.outcome != CONNECTED or tried.wire is None:
            why = "i/o timeout" if tried.outcome in {TIMED_OUT, CONNECTED} else "connect: connection refused"
            if protocol == "udp":
                return "", f"reading from udp connection failed. err:'read udp {where}: {why}'"
            return "", f'Get "http://{host}:{port}/{wanted}": dial tcp {where}: {why}'
        if protocol == "udp":
            return tried.wire.feed(wanted.encode()).decode("utf-8", "replace"), ""
        line = f"GET /{wanted} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: Go-http-client/1.1\r\n"
        received = tried.wire.feed(f"{line}Connection: close\r\n\r\n".encode()).decode("utf-8", "replace")
        return received.partition("\r\n\r\n")[2], ""


def _child(name: str, folder: str) -> str:
    first, more, _ = name[len(folder) :].partition("/")
    return first + more


_PAGES: Mapping[str, Callable[[AgnhostSite, HttpRequest, Query], Page]] = {
    "/": AgnhostSite.root,
    "/hostname": AgnhostSite.hostname,
    "/hostName": AgnhostSite.hostname,
    "/healthz": AgnhostSite.health,
    "/readyz": AgnhostSite.health,
    "/clientip": AgnhostSite.client,
    "/echo": AgnhostSite.echo,
    "/header": AgnhostSite.header,
    "/shell": AgnhostSite.shell,
    "/dial": AgnhostSite.dial,
}
