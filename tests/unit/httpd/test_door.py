"""The door: few connections at a time, never more than there is room for, and no end when the system runs out."""

import asyncio
import errno
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from kubesim.httpd import door as doors
from kubesim.httpd.credentials import Credentials
from kubesim.httpd.door import BUFFER, Door, allow_files
from kubesim.httpd.server import _tls
from kubesim.httpd.turns import Turns


class Echo(asyncio.Protocol):
    """Answers with what it is sent."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class Scarce(socket.socket):
    """A listening socket of a process that has no more files."""

    refusals = 0

    def accept(self) -> Any:
        if Scarce.refusals:
            Scarce.refusals -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


Opened = tuple[Door, Callable[[], Any]]


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    credentials = Credentials(tmp_path)
    listening = Scarce(socket.AF_INET, socket.SOCK_STREAM)
    listening.bind(("127.0.0.1", 0))
    listening.setblocking(False)
    door = Door(listening, Echo, _tls(credentials), Turns())
    door.open()
    context = ssl.create_default_context(cafile=str(tmp_path / "ca.crt"))
    port = listening.getsockname()[1]

    def connect() -> Any:
        return asyncio.wait_for(asyncio.open_connection("127.0.0.1", port, ssl=context), 5)

    yield door, connect
    door.close()
    door.hang_up()
    await asyncio.sleep(0.01)


async def spoken(pair: tuple[asyncio.StreamReader, asyncio.StreamWriter], data: bytes = b"hello") -> bytes:
    reader, writer = pair
    writer.write(data)
    return await asyncio.wait_for(reader.readexactly(len(data)), 5)


async def test_many_at_once(opened: Opened):
    door, connect = opened
    pairs = await asyncio.gather(*(connect() for _ in range(60)))
    assert len(door) == 60
    assert [await spoken(pair) for pair in pairs] == [b"hello"] * 60
    for _, writer in pairs:
        writer.transport.abort()
    await asyncio.sleep(0.1)
    assert len(door) == 0


async def test_whoever_is_idle_longest_makes_room(opened: Opened):
    door, connect = opened
    door.most = 3
    pairs = [await connect() for _ in range(3)]
    protocols = list(door._open)
    # The first is at work, the second was a moment ago.
    door.begins(protocols[0])
    door.begins(protocols[1])
    door.ends(protocols[1])
    newest = await connect()
    assert await spoken(newest) == b"hello"
    assert len(door) == 3
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await spoken(pairs[2])
    assert await spoken(pairs[0]) == b"hello"
    assert await spoken(pairs[1]) == b"hello"
    for _, writer in (*pairs, newest):
        writer.transport.abort()


async def test_when_all_are_at_work_nobody_else_is_let_in(opened: Opened):
    door, connect = opened
    door.most = 2
    pairs = [await connect() for _ in range(2)]
    for protocol in list(door._open):
        door.begins(protocol)
    with pytest.raises(OSError):  # noqa: PT011 - reset or closed, as it comes
        await connect()
    assert [await spoken(pair) for pair in pairs] == [b"hello"] * 2
    for _, writer in pairs:
        writer.transport.abort()


async def test_running_out_of_files_is_only_a_pause(opened: Opened, monkeypatch: pytest.MonkeyPatch):
    door, connect = opened
    monkeypatch.setattr(doors, "REST_SECONDS", 0.05)
    Scarce.refusals = 3
    pair = await connect()
    assert Scarce.refusals == 0
    assert await spoken(pair) == b"hello"
    assert len(door) == 1
    pair[1].transport.abort()


async def test_buffers_are_large_only_while_much_comes_in(opened: Opened):
    door, connect = opened
    pair = await connect()
    protocol, connection = next(iter(door._open.items()))
    assert len(connection._ssl_buffer) == BUFFER
    data = b"x" * 1_000_000
    assert await spoken(pair, data) == data
    assert len(connection._ssl_buffer) > BUFFER
    door.ends(protocol)
    assert len(connection._ssl_buffer) == BUFFER
    assert await spoken(pair, data) == data
    pair[1].transport.abort()


async def test_half_a_handshake_is_closed_with_the_door(opened: Opened):
    door, _ = opened
    _, writer = await asyncio.open_connection("127.0.0.1", door._listening.getsockname()[1])
    writer.write(b"\x16\x03\x01\x02")
    await asyncio.sleep(0.05)
    assert len(door) == 1
    writer.transport.abort()
    await asyncio.sleep(0.05)
    assert len(door) == 0


def test_the_limit_of_files_is_raised():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
        assert allow_files() == min(hard, doors.FILES)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (min(hard, doors.FILES), hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
