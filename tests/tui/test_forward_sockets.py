"""Port-forwards over real sockets on the loopback, to a client double."""

import asyncio
import socket
from contextlib import asynccontextmanager, suppress

import pytest
from detail_double import PODS, SERVICES, Double, pod, service

from kubesim.objects.wire import Key
from kubetui.client.forwarding import Forwarder
from kubetui.model.forwards import ForwardError, parse_mapping

WEB = Key(SERVICES, "shop", "web")
POD = Key(PODS, "shop", "web-1")


class Caller:
    """Opens connections to local ports; all are closed at the end of a test."""

    def __init__(self):
        self.writers = []

    async def connect(self, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self.writers.append(writer)
        return reader, writer

    async def call(self, port, data=b"hello"):
        reader, writer = await self.connect(port)
        writer.write(data)
        return reader, writer, await heard(reader)

    async def close(self):
        for writer in self.writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def heard(reader):
    """The next bytes; empty when the other side hung up, in whatever way."""
    try:
        return await asyncio.wait_for(reader.read(100), 5)
    except ConnectionError:
        return b""


@pytest.fixture
async def caller():
    caller = Caller()
    yield caller
    await caller.close()


@asynccontextmanager
async def forwarding(*objects):
    client = Double(*(objects or (service(), pod("web-1"))))
    # The tests look themselves: the periodic check must not come between.
    forwarder = Forwarder(client, check_seconds=3600)
    try:
        yield forwarder, client
    finally:
        await forwarder.close()


async def gone(forward):
    for _ in range(200):
        if not forward.open_connections:
            return
        await asyncio.sleep(0.01)
    msg = "the connection is still open"
    raise AssertionError(msg)


async def test_bytes_go_both_ways_and_are_counted(caller):
    async with forwarding() as (forwarder, _):
        forward = await forwarder.open(WEB, parse_mapping(":8080"))
        assert forward.local_port > 0
        _, writer, answer = await caller.call(forward.local_port)
        assert answer == b"HELLO"
        assert (forward.bytes_in, forward.bytes_out) == (5, 5)
        assert (forward.open_connections, forward.connections) == (1, 1)
        writer.close()
        await gone(forward)
        assert forward.sign == "F"
        assert forward.target == "web-1:8080"


async def test_the_local_port_that_was_asked_for(caller):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    async with forwarding() as (forwarder, _):
        forward = await forwarder.open(POD, parse_mapping(f"{free}:http"))
        assert forward.address == f"127.0.0.1:{free}"
        assert (await caller.call(free))[2] == b"HELLO"


async def test_a_busy_port_is_told_with_its_reason():
    async with forwarding() as (forwarder, _):
        first = await forwarder.open(WEB, parse_mapping(":8080"))
        busy = first.local_port
        with pytest.raises(ForwardError) as caught:
            await forwarder.open(WEB, parse_mapping(f"{busy}:8080"))
        assert str(caught.value) == (
            f"unable to listen on any of the requested ports: [{{{busy} 8080}}]: "
            f"port {busy} on 127.0.0.1 is already in use"
        )
        assert forwarder.forwards == [first]


@pytest.mark.parametrize(
    ("key", "mapping", "message"),
    [
        (WEB, ":81", "Service web does not have a service port 81"),
        (Key(PODS, "shop", "nope"), ":80", 'pods "nope" not found'),
        (Key(PODS, "shop", "slow"), ":80", "unable to forward port because pod is not running. Current status=Pending"),
    ],
    ids=["port", "pod", "pending"],
)
async def test_mistakes_are_told_at_once(key, mapping, message):
    async with forwarding(service(), pod("web-1"), pod("slow", phase="Pending", ready=False)) as (forwarder, _):
        with pytest.raises(ForwardError) as caught:
            await forwarder.open(key, parse_mapping(mapping))
        assert str(caught.value) == message
        assert forwarder.forwards == []


async def test_without_a_ready_pod_it_waits_with_a_sign_and_recovers(caller):
    async with forwarding(service(), pod("web-1", ready=False)) as (forwarder, client):
        forward = await forwarder.open(WEB, parse_mapping(":8080"))
        assert forward.sign == "!"
        reader, writer = await caller.connect(forward.local_port)
        assert await heard(reader) == b""
        writer.close()
        assert forward.last_error == "service web has no ready endpoint: none of its 1 pods is ready"
        client.put(pod("web-1"))
        await forwarder.check()
        assert forward.sign == "F"
        assert (await caller.call(forward.local_port))[2] == b"HELLO"


async def test_it_follows_the_service_when_the_pod_dies(caller):
    async with forwarding() as (forwarder, client):
        forward = await forwarder.open(WEB, parse_mapping(":8080"))
        reader, writer, _ = await caller.call(forward.local_port)
        del client.objects_by_key[POD]
        client.put(pod("web-2"))
        await forwarder.check()
        assert forward.target == "web-2:8080"
        assert forward.last_error == "lost connection to pod web-1"
        assert await heard(reader) == b""
        writer.close()
        assert (await caller.call(forward.local_port))[2] == b"HELLO"


async def test_an_open_connection_stays_while_its_pod_lives(caller):
    async with forwarding(service(), pod("web-1"), pod("web-2", creationTimestamp="2030-01-01T00:00:00Z")) as (
        forwarder, client,
    ):  # fmt: skip
        forward = await forwarder.open(WEB, parse_mapping(":8080"))
        reader, writer, _ = await caller.call(forward.local_port)
        unready = pod("web-1", ready=False)
        client.put(unready)
        await forwarder.check()
        assert forward.target == "web-2:8080"
        writer.write(b"still")
        assert await heard(reader) == b"STILL"


async def test_a_pod_that_does_not_listen(caller):
    async with forwarding() as (forwarder, client):
        client.connect_error = "failed to connect to localhost:8080 inside namespace: connection refused"
        forward = await forwarder.open(POD, parse_mapping(":8080"))
        reader, writer = await caller.connect(forward.local_port)
        assert await heard(reader) == b""
        writer.close()
        assert "an error occurred forwarding" in forward.last_error
        assert "connection refused" in forward.last_error


async def test_when_the_pod_hangs_up_so_does_the_forward(caller):
    async with forwarding() as (forwarder, client):
        forward = await forwarder.open(POD, parse_mapping(":8080"))
        reader, writer, _ = await caller.call(forward.local_port)
        client.connections[0].hang_up()
        assert await heard(reader) == b""
        writer.close()
        await gone(forward)


async def test_the_answer_still_comes_after_the_caller_has_said_everything(caller):
    async with forwarding() as (forwarder, _):
        forward = await forwarder.open(POD, parse_mapping(":8080"))
        reader, writer = await caller.connect(forward.local_port)
        writer.write(b"bye")
        writer.write_eof()
        assert await heard(reader) == b"BYE"
        writer.close()
        await gone(forward)


async def test_many_connections_at_once(caller):
    async with forwarding() as (forwarder, _):
        forward = await forwarder.open(WEB, parse_mapping(":8080"))
        calls = await asyncio.gather(*(caller.call(forward.local_port, f"c{number}".encode()) for number in range(20)))
        assert [answer for *_, answer in calls] == [f"C{number}".encode() for number in range(20)]
        assert forward.open_connections == 20


async def test_stopping_closes_the_port_and_hangs_up(caller):
    async with forwarding() as (forwarder, _):
        told = []
        forwarder.on_change = lambda: told.append(1)
        forward = await forwarder.open(WEB, parse_mapping(":8080"))
        reader, writer, _ = await caller.call(forward.local_port)
        await forwarder.stop(forward)
        assert await heard(reader) == b""
        writer.close()
        with pytest.raises(OSError, match="Connect call failed"):
            await caller.connect(forward.local_port)
        assert forwarder.forwards == []
        assert forward.stopped
        assert told


async def test_the_periodic_check_follows_by_itself():
    client = Double(service(), pod("web-1", ready=False))
    forwarder = Forwarder(client, check_seconds=0.01)
    forward = await forwarder.open(WEB, parse_mapping(":8080"))
    client.put(pod("web-1"))
    for _ in range(100):
        await asyncio.sleep(0.01)
        if forward.is_serving:
            break
    assert forward.sign == "F"
    await forwarder.close()
