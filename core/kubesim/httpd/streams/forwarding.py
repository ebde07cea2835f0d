"""``pods/NAME/portforward``: connections to ports of a pod, over SPDY (raw or in a WebSocket) or a plain WebSocket."""

import struct
from typing import Any

from aiohttp import WSMsgType, web

from kubesim.httpd.host import Host
from kubesim.httpd.streams import spdy
from kubesim.httpd.streams.channels import V4, V5
from kubesim.httpd.streams.pipes import (
    MESSAGE,
    MESSAGE_LIMIT,
    Hijacked,
    Pipe,
    RawPipe,
    SocketPipe,
    is_spdy,
    is_websocket,
    offered,
    own_headers,
)
from kubesim.objects.errors import ApiError, bad_request, failure, not_found
from kubesim.objects.wire import PODS, Request

TUNNEL = "SPDY/3.1+portforward.k8s.io"
OLD = "channel.k8s.io"
"""What clients that offer no protocol at all mean, too."""
PROTOCOL = "portforward.k8s.io"
MOST_PORTS = 127
"""How many ports a plain WebSocket can carry: a channel is one byte, and each port has two."""


async def serve(host: Host, http: web.BaseRequest, request: Request) -> web.StreamResponse:
    """Answer a request to forward ports. Raises ApiError while it is still HTTP."""
    host.catch_up()
    _check(host.cluster, request)
    if is_websocket(http):
        protocols = offered(http, "Sec-WebSocket-Protocol")
        chosen = next((item for item in (TUNNEL, V4, V5, OLD) if item in protocols), "")
        if protocols and not chosen:
            raise bad_request(f"unable to upgrade: unsupported subprotocols {protocols}")
        ports = _ports(request) if chosen != TUNNEL else []
        socket = web.WebSocketResponse(
            protocols=(chosen,) if chosen else (), max_msg_size=MESSAGE_LIMIT, compress=False
        )
        socket.headers.update(own_headers(http))
        await socket.prepare(http)
        if chosen == TUNNEL:
            await SpdyForwards(host, SocketPipe(socket), request).run()
        else:
            await _socket_forwards(host, socket, request, ports)
        return socket
    if not is_spdy(http):
        raise bad_request("Upgrade request required")
    if PROTOCOL not in offered(http, "X-Stream-Protocol-Version"):
        raise failure(403, "Forbidden", f"unable to upgrade: unable to negotiate protocol: server supports {PROTOCOL}")
    headers = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": PROTOCOL}
    await SpdyForwards(host, RawPipe.take(http, headers), request).run()
    return Hijacked()


def _check(cluster: Any, request: Request) -> None:
    pod = cluster.store.get(PODS, request.key.namespace, request.key.name)
    if pod is None:
        raise not_found(PODS, request.key.name)
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {request.key.name} does not have a host assigned")
    phase = (pod.get("status") or {}).get("phase")
    if phase != "Running":
        raise bad_request(f"unable to forward port because pod is not running. Current status={phase}")


def _ports(request: Request) -> list[int]:
    texts = [text for text in request.query.get("ports", "").split(",") if text]
    if not texts:
        raise bad_request('query parameter "port" is required')
    found = [_port(text) for text in texts[: MOST_PORTS + 1]]
    if len(found) > MOST_PORTS or not all(found):
        wrong = next((text for text, port in zip(texts, found, strict=False) if not port), texts[-1])
        raise bad_request(f'query parameter "port" must be a port: {wrong[:20]}')
    return found


def _port(text: str) -> int:
    """The number of a port, 0 for what is none."""
    port = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    return port if port < 1 << 16 else 0


def _dial(host: Host, namespace: str, pod: str, port: int) -> Any:
    """A connection to a port of a pod. Raises ApiError."""
    cluster = host.cluster
    connection = cluster.kubelets.connect(namespace, pod, port)
    return host.scrapes.secured(cluster, namespace, pod, port) or connection


class SpdyForwards:
    """Pairs of streams, one pair for each connection: errors as text, and data."""

    def __init__(self, host: Host, pipe: Pipe, request: Request) -> None:
        self._host = host
        self._pipe = pipe
        self._place = request.key.namespace, request.key.name
        self._codec = spdy.Codec()
        self._errors: dict[str, int] = {}
        """The error stream of each request id."""
        self._ids: dict[int, str] = {}
        """The request id of each data stream."""
        self._open: dict[int, Any] = {}

    async def run(self) -> None:
        """Serve until the client leaves."""
        while True:
            received = await self._pipe.read()
            if not received:
                break
            try:
                frames = self._codec.feed(received)
            except spdy.SpdyError:
                break
            for frame in frames:
                if frame.kind == spdy.GOAWAY:
                    await self._pipe.close()
                    return
                await self._take(frame)
        await self._pipe.close()

    async def _take(self, frame: spdy.Frame) -> None:
        if frame.kind == spdy.SYN_STREAM:
            await self._opened(frame)
        elif frame.kind == spdy.PING:
            await self._pipe.write(spdy.ping(frame.value))
        elif frame.kind == spdy.RST_STREAM:
            self._open.pop(frame.stream, None)
            self._ids.pop(frame.stream, None)
        elif frame.kind == spdy.DATA and frame.stream in self._ids:
            await self._data(frame)

    async def _opened(self, frame: spdy.Frame) -> None:
        await self._pipe.write(self._codec.reply(frame.stream))
        number = frame.headers.get("requestid", "")
        kind = frame.headers.get("streamtype")
        if kind == "error":
            self._errors[number] = frame.stream
        elif kind == "data":
            self._ids[frame.stream] = number
            port = frame.headers.get("port", "")
            try:
                self._host.catch_up()
                connection = _dial(self._host, *self._place, _port(port))
            except ApiError as error:
                await self._end(frame.stream, str(error))
            else:
                self._open[frame.stream] = connection

    async def _data(self, frame: spdy.Frame) -> None:
        connection = self._open.get(frame.stream)
        if connection is None:
            return
        if frame.data:
            self._host.catch_up()
            answer = connection.feed(frame.data)
            self._host.poke()
            if answer:
                await self._pipe.write(spdy.data(frame.stream, answer))
        if frame.fin or connection.closed:
            await self._end(frame.stream)

    async def _end(self, stream: int, problem: str = "") -> None:
        self._open.pop(stream, None)
        error = self._errors.pop(self._ids.pop(stream, ""), None)
        await self._pipe.write(spdy.data(stream, b"", fin=True))
        if error is not None:
            await self._pipe.write(spdy.data(error, problem.encode(), fin=True))


async def _socket_forwards(host: Host, socket: web.WebSocketResponse, request: Request, ports: list[int]) -> None:
    """Channels 2i and 2i+1 are data and errors of the port at position i; each begins with the port."""
    connections: list[Any] = []
    for position, port in enumerate(ports):
        for channel in (2 * position, 2 * position + 1):
            await socket.send_bytes(bytes([channel]) + struct.pack("<H", port))
    for position, port in enumerate(ports):
        try:
            connections.append(_dial(host, request.key.namespace, request.key.name, port))
        except ApiError as error:
            connections.append(None)
            await socket.send_bytes(bytes([2 * position + 1]) + str(error).encode())
    async for message in socket:
        content = message.data.encode() if message.type == WSMsgType.TEXT else message.data
        if not isinstance(content, bytes) or len(content) < 2 or content[0] // 2 >= len(connections):
            continue
        connection = connections[content[0] // 2]
        if connection is None or content[0] % 2:
            continue
        host.catch_up()
        answer = connection.feed(content[1:])
        host.poke()
        for at in range(0, len(answer), MESSAGE):
            await socket.send_bytes(content[:1] + answer[at : at + MESSAGE])
        if connection.closed:
            # There is no way to close one channel alone.
            await socket.close()
            return
