"""``pods/NAME/log``: the lines of a container as plain text, with follow, tail, since, timestamps and byte limit."""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

from aiohttp import web

from kubesim.api.options import integer, truth
from kubesim.httpd.host import Host
from kubesim.httpd.streams.pipes import is_websocket, offered, own_headers
from kubesim.objects.errors import ApiError, bad_request
from kubesim.objects.times import format_micro_time, parse_time
from kubesim.objects.wire import PODS, Request, Tree

FOLLOW_SECONDS = 0.2
"""How often a followed log is looked at."""
LIMIT = 100_000
FOLLOW_LIMIT = 2_000
CHUNK = 4 * 1024
"""How much of a log one message of a WebSocket holds."""
BINARY, BASE64 = "binary.k8s.io", "base64.binary.k8s.io"
PROTOCOLS = (BINARY, BASE64)


class LogOptions(NamedTuple):
    """What a client asks for; None and 0 are no limit."""

    container: str
    follow: bool
    previous: bool
    timestamps: bool
    tail: int | None
    since_ms: int
    limit_bytes: int


def options_of(query: Mapping[str, str], now: int) -> LogOptions:
    """Parse the parameters; ``now`` in milliseconds. Raises BadRequest."""
    since = 0
    if query.get("sinceSeconds"):
        since = now - integer(query["sinceSeconds"]) * 1000
    elif query.get("sinceTime"):
        try:
            since = parse_time(query["sinceTime"])
        except ValueError:
            raise bad_request(
                f'parsing time "{query["sinceTime"]}" as "2006-01-02T15:04:05Z07:00": cannot parse'
            ) from None
    tail = integer(query["tailLines"]) if query.get("tailLines") else None
    return LogOptions(
        query.get("container", ""),
        truth(query.get("follow", "false")),
        truth(query.get("previous", "false")),
        truth(query.get("timestamps", "false")),
        tail if tail is None or tail >= 0 else None,
        since,
        integer(query["limitBytes"]) if query.get("limitBytes") else 0,
    )


class LogReader:
    """Reads a container's log from where it was left."""

    def __init__(self, cluster: Any, request: Request, options: LogOptions) -> None:
        self._cluster = cluster
        self._place = request.key.namespace, request.key.name
        self.options = options
        self._last = -1
        self._at_last = 0
        self._restarts = self._state()[1]

    def first(self) -> list[Any]:
        """The lines that the options choose. Raises ApiError as the kubelet does."""
        options = self.options
        lines = self._read(LIMIT)
        self._mark(lines)
        if options.since_ms:
            lines = [line for line in lines if line[0] >= options.since_ms]
        if options.tail is not None:
            lines = lines[-options.tail :] if options.tail else []
        return lines

    def more(self) -> list[Any]:
        """The lines since the last call."""
        lines = self._read(FOLLOW_LIMIT)
        if len(lines) == FOLLOW_LIMIT and lines[0][0] > self._last:
            lines = self._read(LIMIT)
        fresh = [line for line in lines if line[0] >= self._last]
        known = self._at_last
        # Of the lines of the newest millisecond some have been seen.
        same = [line for line in fresh if line[0] == self._last]
        result = same[known:] + [line for line in fresh if line[0] > self._last]
        self._mark(lines)
        return result

    def _read(self, limit: int) -> list[Any]:
        lines: list[Any] = self._cluster.kubelets.logs(
            *self._place, self.options.container, self.options.previous, limit
        )
        return lines

    def _mark(self, lines: list[Any]) -> None:
        if lines:
            self._last = lines[-1][0]
            self._at_last = sum(1 for line in lines if line[0] == self._last)

    # ------------------------------------------------------------------ the container's end
    @property
    def ended(self) -> bool:
        """Whether the run of the container that is followed is over."""
        running, restarts = self._state()
        return not running or restarts != self._restarts

    def _state(self) -> tuple[bool, int]:
        pod = self._cluster.store.get(PODS, *self._place)
        if pod is None:
            return False, 0
        status = container_status(pod, self.options.container)
        if status is None:
            return (pod.get("status") or {}).get("phase") == "Pending", 0
        return "terminated" not in (status.get("state") or {}), int(status.get("restartCount", 0))


def container_status(pod: Tree, name: str) -> Tree | None:
    """The status of a container of any sort; of the first one when no name is given."""
    status = pod.get("status") or {}
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for item in status.get(field) or ():
            if not name or item["name"] == name:
                found: Tree = item
                return found
    return None


def printed(lines: list[Any], *, timestamps: bool) -> bytes:
    """Lines as the kubelet writes them."""
    if timestamps:
        shown = "".join(f"{format_micro_time(at)[:-1]}000Z {text}\n" for at, text in lines)
    else:
        shown = "".join(f"{text}\n" for _, text in lines)
    return shown.encode("utf-8", "surrogateescape")


async def serve(host: Host, http: web.BaseRequest, request: Request) -> web.StreamResponse:
    """Answer a request for a log. Raises ApiError before the first byte."""
    host.catch_up()
    options = options_of(request.query, host.cluster.loop.now)
    reader = LogReader(host.cluster, request, options)
    content = printed(reader.first(), timestamps=options.timestamps)
    if options.limit_bytes:
        content = content[: options.limit_bytes]
    if is_websocket(http):
        return await _messages(host, http, reader, content)
    if not options.follow:
        return web.Response(body=content, headers={**own_headers(http), "Content-Type": "text/plain"})
    response = web.StreamResponse(headers={**own_headers(http), "Content-Type": "text/plain"})
    response.enable_chunked_encoding()
    await response.prepare(http)
    if content:
        await response.write(content)
    await follow(host, reader, response.write, timestamps=options.timestamps)
    await response.write_eof()
    return response


async def _messages(host: Host, http: web.BaseRequest, reader: LogReader, content: bytes) -> web.StreamResponse:
    """The log as messages of a WebSocket. # k8s: apiserver/pkg/util/wsstream Reader."""
    protocols = offered(http, "Sec-WebSocket-Protocol")
    chosen = next((item for item in protocols if item in PROTOCOLS), "")
    if protocols and not chosen:
        raise bad_request(f"unable to upgrade: unsupported subprotocols {protocols}")
    socket = web.WebSocketResponse(protocols=(chosen,) if chosen else (), compress=False)
    socket.headers.update(own_headers(http))
    await socket.prepare(http)

    async def send(part: bytes) -> None:
        if chosen == BASE64:
            await socket.send_str(b64encode(part).decode())
        else:
            await socket.send_bytes(part)

    await send(b"")
    for at in range(0, len(content), CHUNK):
        await send(content[at : at + CHUNK])
    if reader.options.follow:
        following = asyncio.ensure_future(follow(host, reader, send, timestamps=reader.options.timestamps))
        leaving = asyncio.ensure_future(_gone(socket))
        try:
            await asyncio.wait({following, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            following.cancel()
            leaving.cancel()
    await socket.close()
    return socket


async def _gone(socket: web.WebSocketResponse) -> None:
    """Read until the client is gone; what it says means nothing."""
    async for _ in socket:
        continue


async def follow(host: Host, reader: LogReader, write: Any, *, timestamps: bool = False) -> None:
    """Write what a container says until it ends or ``write`` fails."""
    while True:
        ended = reader.ended
        try:
            fresh = reader.more()
        except ApiError:
            return
        if fresh:
            await write(printed(fresh, timestamps=timestamps))
        if ended:
            return
        await asyncio.sleep(FOLLOW_SECONDS)
