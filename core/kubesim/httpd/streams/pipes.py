"""Byte pipes to a client: a connection taken over from HTTP after 101, or the binary messages of a WebSocket."""

import asyncio
from typing import Any, Protocol

from aiohttp import WSMsgType, web

OWN_HEADERS: web.RequestKey[dict[str, str]] = web.RequestKey("own headers", dict)
"""Where a request keeps what its answer says of it, whoever answers."""
CHUNK = 64 * 1024
MESSAGE = 32 * 1024
"""The most bytes of one WebSocket message."""
MESSAGE_LIMIT = 4 * 1024 * 1024
"""The largest WebSocket message that is accepted."""


class Pipe(Protocol):
    """Bytes in order, both ways."""

    async def read(self) -> bytes:
        """The next bytes; empty when the client is gone."""

    async def write(self, data: bytes) -> None:
        """Send bytes. What is sent to a client that is gone is lost."""

    async def close(self) -> None:
        """Hang up."""


class Hijacked(web.StreamResponse):
    """Stands in for the answer of a connection that no longer speaks HTTP."""

    async def prepare(self, request: web.BaseRequest) -> Any:
        """Nothing: 101 has been sent."""
        del request

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing: the stream has ended in its own way."""
        del data


class _Taken(asyncio.StreamReaderProtocol):
    """Reads what aiohttp would have parsed, and tells aiohttp when the connection is lost."""

    def __init__(self, reader: asyncio.StreamReader, before: Any) -> None:
        super().__init__(reader)
        self._before = before

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._before.connection_lost(exc)


class RawPipe:
    """A connection that was taken over."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    def take(cls, request: web.BaseRequest, headers: dict[str, str]) -> "RawPipe":
        """Answer 101 with these headers and take the connection over."""
        said = {**own_headers(request), **headers}
        loop = asyncio.get_running_loop()
        transport: Any = request.transport
        reader = asyncio.StreamReader(limit=CHUNK, loop=loop)
        protocol = _Taken(reader, request.protocol)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        lines = ["HTTP/1.1 101 Switching Protocols", *(f"{name}: {value}" for name, value in said.items())]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        return cls(reader, writer)

    async def read(self) -> bytes:
        """See Pipe."""
        try:
            return await self._reader.read(CHUNK)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        """See Pipe."""
        if self._writer.is_closing():
            return
        self._writer.write(data)
        try:
            await self._writer.drain()
        except OSError:
            return

    async def close(self) -> None:
        """See Pipe."""
        self._writer.close()


class SocketPipe:
    """The binary messages of a WebSocket as a byte stream; where they begin and end means nothing."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def read(self) -> bytes:
        """See Pipe."""
        while True:
            message = await self._socket.receive()
            if message.type not in {WSMsgType.BINARY, WSMsgType.TEXT}:
                return b""
            # Clients do send empty messages, which mean nothing.
            if message.type == WSMsgType.BINARY and message.data:
                return bytes(message.data)

    async def write(self, data: bytes) -> None:
        """See Pipe."""
        for at in range(0, len(data), MESSAGE):
            if self._socket.closed:
                return
            try:
                await self._socket.send_bytes(data[at : at + MESSAGE])
            except ConnectionError:
                return

    async def close(self) -> None:
        """See Pipe."""
        await self._socket.close()


def own_headers(request: web.BaseRequest) -> dict[str, str]:
    """What the answer to a request says of it: its audit, its flow."""
    return request.get(OWN_HEADERS) or {}


def is_websocket(request: web.BaseRequest) -> bool:
    """Whether the client asks for a WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


def is_spdy(request: web.BaseRequest) -> bool:
    """Whether the client asks for SPDY."""
    return request.headers.get("Upgrade", "").lower() == "spdy/3.1"


def offered(request: web.BaseRequest, header: str) -> list[str]:
    """The protocols that a client offers in one or several header lines."""
    lines = request.headers.getall(header, [])
    return [item.strip() for line in lines for item in line.split(",") if item.strip()]
