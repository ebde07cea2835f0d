"""The named channels between kubectl and a command: stdin, stdout, stderr, error, resize, over WebSocket or SPDY."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Protocol

import orjson
from aiohttp import WSMsgType, web

from kubesim.httpd.streams import spdy
from kubesim.httpd.streams.pipes import Pipe
from kubesim.objects.wire import Tree

STDIN, STDOUT, STDERR, ERROR, RESIZE = "stdin", "stdout", "stderr", "error", "resize"
NUMBERS: Mapping[str, int] = {STDIN: 0, STDOUT: 1, STDERR: 2, ERROR: 3, RESIZE: 4}
NAMES = {number: name for name, number in NUMBERS.items()}
CLOSE = 255
V5, V4, V4_BASE64 = "v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io"
V1, V1_BASE64 = "channel.k8s.io", "base64.channel.k8s.io"
SOCKET_PROTOCOLS = (V5, V4, V4_BASE64, V1, V1_BASE64)
SPDY_PROTOCOLS = (V5, V4, "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io")
CHUNK = 32 * 1024


class Channels(Protocol):
    """One command's connection to its client."""

    async def receive(self) -> tuple[str, bytes] | None:
        """The next piece and its channel; an empty piece of stdin is its end. None when the client is gone."""

    async def send(self, channel: str, data: bytes) -> None:
        """Send to the client."""

    async def finish(self, status: Tree) -> None:
        """Send how it ended, and close."""


class SocketChannels:
    """Messages of a WebSocket: the first byte is the channel."""

    def __init__(self, socket: web.WebSocketResponse, protocol: str) -> None:
        self._socket = socket
        self._text = protocol in {V4_BASE64, V1_BASE64}
        self._plain_errors = protocol in {V1, V1_BASE64, ""}

    async def receive(self) -> tuple[str, bytes] | None:
        """See Channels."""
        while True:
            message = await self._socket.receive()
            if message.type == WSMsgType.BINARY:
                content = bytes(message.data)
            elif message.type == WSMsgType.TEXT:
                content = self._of_text(message.data)
            else:
                return None
            if not content:
                continue
            if content[0] == CLOSE:
                return NAMES.get(content[1] if len(content) > 1 else 0, ""), b""
            name = NAMES.get(content[0], "")
            if len(content) > 1:
                return name, content[1:]

    def _of_text(self, text: str) -> bytes:
        # Some clients send raw bytes as text.
        if not self._text:
            return text.encode()
        try:
            return bytes([int(text[0])]) + b64decode(text[1:]) if text[:1].isdigit() else b""
        except ValueError:
            return b""

    async def send(self, channel: str, data: bytes) -> None:
        """See Channels."""
        number = NUMBERS[channel]
        for at in range(0, len(data), CHUNK):
            if self._socket.closed:
                return
            part = data[at : at + CHUNK]
            try:
                if self._text:
                    await self._socket.send_str(f"{number}{b64encode(part).decode()}")
                else:
                    await self._socket.send_bytes(bytes([number]) + part)
            except ConnectionError:
                return

    async def finish(self, status: Tree) -> None:
        """See Channels."""
        # k8s: remotecommand/websocket.go: older clients are told of failures alone, in words.
        if not self._plain_errors:
            await self.send(ERROR, orjson.dumps(status))
        elif status.get("status") != "Success":
            await self.send(ERROR, str(status.get("message", "")).encode())
        await self._socket.close()


class SpdyChannels:
    """SPDY streams: the client opens one for each channel. ``expected`` names them."""

    def __init__(self, pipe: Pipe, expected: set[str], *, plain_errors: bool = False) -> None:
        self._pipe = pipe
        self._codec = spdy.Codec()
        self._missing = set(expected)
        self._plain_errors = plain_errors
        self._streams: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._pending: list[tuple[str, bytes]] = []

    async def ready(self) -> bool:
        """Wait until the client has opened every stream; False when it went away before."""
        while self._missing:
            if not await self._pull():
                return False
        return True

    async def receive(self) -> tuple[str, bytes] | None:
        """See Channels."""
        while not self._pending:
            if not await self._pull():
                return None
        return self._pending.pop(0)

    async def _pull(self) -> bool:
        received = await self._pipe.read()
        if not received:
            return False
        try:
            frames = self._codec.feed(received)
        except spdy.SpdyError:
            return False
        for frame in frames:
            if frame.kind == spdy.GOAWAY:
                return False
            await self._take(frame)
        return True

    async def _take(self, frame: Any) -> None:
        if frame.kind == spdy.SYN_STREAM:
            name = frame.headers.get("streamtype", "")
            self._streams[name] = frame.stream
            self._names[frame.stream] = name
            self._missing.discard(name)
            await self._pipe.write(self._codec.reply(frame.stream))
        elif frame.kind == spdy.PING:
            await self._pipe.write(spdy.ping(frame.value))
        elif frame.kind == spdy.DATA:
            name = self._names.get(frame.stream, "")
            if frame.data:
                self._pending.append((name, frame.data))
        ended = frame.fin and self._names.get(frame.stream) == STDIN
        if ended or (frame.kind == spdy.RST_STREAM and self._names.get(frame.stream) == STDIN):
            self._pending.append((STDIN, b""))

    async def send(self, channel: str, data: bytes) -> None:
        """See Channels."""
        stream = self._streams.get(channel)
        if stream is not None:
            await self._pipe.write(spdy.data(stream, data))

    async def finish(self, status: Tree) -> None:
        """See Channels."""
        failed = status.get("status") != "Success"
        if self._plain_errors:
            # k8s: before version 4 the error stream holds text, and nothing means success.
            content = str(status.get("message", "")).encode() if failed else b""
        else:
            content = orjson.dumps(status)
        await self.send(ERROR, content)
        for name in (STDOUT, STDERR, ERROR):
            stream = self._streams.get(name)
            if stream is not None:
                await self._pipe.write(spdy.data(stream, b"", fin=True))
        # The client resets the streams and goes; until then the connection stays open.
        while await self._pull():
            self._pending.clear()
        await self._pipe.close()
