"""Ports of Services: each connection to one is carried to an endpoint, as from outside the cluster."""

import asyncio
from collections.abc import Iterable

from kubesim.httpd.listeners.sockets import listen, port_of
from kubesim.httpd.listeners.web import Front
from kubesim.network.fabric import OUTSIDE
from kubesim.network.paths import Path
from kubesim.objects.connections import TIMED_OUT

CHUNK = 64 * 1024
SILENCE_SECONDS = 60.0
"""How long a connection that goes nowhere is held: a real one would not even be accepted."""


class PortListener:
    """One port of one Service."""

    def __init__(self, front: Front, place: tuple[str, str], port: int | str) -> None:
        self.port = 0
        self._front = front
        self._place = place
        self._target = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, ports: Iterable[int]) -> None:
        """Listen on the first free port. Raises OSError."""
        listening = listen(ports)
        self.port = port_of(listening)
        self._server = await asyncio.start_server(self._accept, sock=listening)

    async def stop(self) -> None:
        """Stop listening and hang up."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            way = self._connect()
            if way.wire is None:
                if way.outcome == TIMED_OUT:
                    await asyncio.wait_for(reader.read(CHUNK), SILENCE_SECONDS)
                return
            await self._carry(way, reader, writer)
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, TimeoutError):
            return
        finally:
            # After an orderly end this does nothing; otherwise the caller notices at once.
            writer.transport.abort()

    def _connect(self) -> Path:
        self._front.catch_up()
        network = self._front.cluster.network
        found: Path = network.to_service(OUTSIDE._replace(node=self._node()), self._place, self._target)
        return found

    def _node(self) -> str:
        # Load balancers send to nodes that have an endpoint; a node port is taken on such a node too.
        every = self._front.cluster.proxy.endpoints(*self._place)
        return next((each.node for each in every if each.ready), "")

    async def _carry(self, way: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy = self._front.cluster.proxy
        proxy.opened(way.target)
        try:
            while way.wire is not None and not way.wire.closed:
                data = await reader.read(CHUNK)
                if not data:
                    break
                self._front.catch_up()
                writer.write(way.wire.feed(data))
                self._front.poke()
                await writer.drain()
        finally:
            proxy.closed(way.target)


class HealthListener(PortListener):
    """The port at which a load balancer asks a node for endpoints of a Service: that of a node that has some."""

    def _connect(self) -> Path:
        self._front.catch_up()
        found: Path = self._front.cluster.network.to_health_check(self._place, self._node())
        return found

    async def _carry(self, way: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while way.wire is not None and not way.wire.closed:
            data = await reader.read(CHUNK)
            if not data:
                break
            self._front.catch_up()
            writer.write(way.wire.feed(data))
            await writer.drain()
