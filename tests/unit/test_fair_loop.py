"""The event loop of the commands: few sockets in a turn, everybody in turn, and otherwise as any other."""

import asyncio
import selectors
import socket
from collections.abc import Iterator

import pytest

from kubetui.cli.readiness import AT_ONCE, FewAtOnce, fair_loop


@pytest.fixture
def selector() -> Iterator[FewAtOnce]:
    found = FewAtOnce()
    yield found
    found.close()


def test_all_get_their_turn(selector: FewAtOnce):
    pairs = [socket.socketpair() for _ in range(100)]
    for near, far in pairs:
        selector.register(near, selectors.EVENT_READ, far)
        far.send(b"x")
    seen: list[int] = []
    for _ in range(100 // AT_ONCE + 1):
        ready = selector.select(0)
        assert len(ready) <= AT_ONCE
        assert all(mask == selectors.EVENT_READ for _, mask in ready)
        seen += [key.fd for key, _ in ready]
    assert {near.fileno() for near, _ in pairs} <= set(seen)
    for near, far in pairs:
        near.close()
        far.close()


def test_keys(selector: FewAtOnce):
    near, far = socket.socketpair()
    selector.register(near, selectors.EVENT_READ, "data")
    with pytest.raises(KeyError):
        selector.register(near, selectors.EVENT_READ)
    assert selector.get_key(near).data == "data"
    assert selector.get_map()[near.fileno()].fileobj is near
    assert selector.select(0) == []
    selector.modify(near, selectors.EVENT_READ | selectors.EVENT_WRITE, "more")
    ((key, mask),) = selector.select(0)
    assert (key.data, mask) == ("more", selectors.EVENT_WRITE)
    far.close()
    ((_, mask),) = selector.select(0)
    assert mask & selectors.EVENT_READ
    near.close()
    assert selector.unregister(near).data == "more"
    with pytest.raises(KeyError):
        selector.get_key(near)
    with pytest.raises(ValueError, match="Invalid file descriptor"):
        selector.register(near, selectors.EVENT_READ)


def test_the_loop_serves():
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    async def run() -> list[bytes]:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]

        async def ask(number: int) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"%d\n" % number)
            found = await reader.read()
            writer.close()
            return found

        found = await asyncio.gather(*(ask(number) for number in range(80)))
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.01)
        return found

    with asyncio.Runner(loop_factory=fair_loop) as runner:
        assert runner.run(run()) == [b"%d\n" % number for number in range(80)]
