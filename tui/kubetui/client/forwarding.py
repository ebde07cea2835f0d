"""Port-forwards with real sockets on 127.0.0.1: each connection is carried to a pod of the cluster."""

import asyncio
import errno
import os
from collections.abc import Callable

from kubesim.objects.wire import PODS, Key, Request, Response
from kubetui.client.port import ClusterClient, Connection
from kubetui.model.forwards import Endpoint, Forward, ForwardError, PortMapping, resolution

HOST = "127.0.0.1"
CHUNK = 64 * 1024
CHECK_SECONDS = 0.5
LINGER_SECONDS = 0.5

_REASONS = {
    errno.EADDRINUSE: "is already in use",
    errno.EACCES: "needs rights that you do not have (choose one from 1024 on)",
    errno.EPERM: "may not be used here",
}


class Link:
    """One connection of a caller. ``left`` once the caller has hung up."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.endpoint: Endpoint | None = None
        self.left = False


class Forwarder:
    """All forwards of one explorer. Needs a running asyncio loop; ``close`` ends everything."""

    def __init__(self, client: ClusterClient, check_seconds: float = CHECK_SECONDS) -> None:
        self.client = client
        self.forwards: list[Forward] = []
        self.on_change: Callable[[], None] | None = None
        """Called whenever a number or a state has changed."""
        self._check_seconds = check_seconds
        self._servers: dict[int, asyncio.Server] = {}
        self._links: dict[int, dict[Link, asyncio.Task[None]]] = {}
        self._checking: asyncio.Task[None] | None = None
        self._made = 0
        self._stale = True
        client.on_change(self._cluster_changed)

    def _cluster_changed(self) -> None:
        self._stale = True

    async def open(self, key: Key, mapping: PortMapping) -> Forward:
        """Listen on the local port and lead to the object. Raises ForwardError with the reason.

        The object must exist and must have the port; a pod that is ready may come later.
        """
        endpoint, complaint = await self._first(key, mapping)
        self._made += 1
        forward = Forward(
            key, mapping, mapping.local, self.client.now(), endpoint, last_error=complaint, number=self._made
        )

        def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            links = self._links.get(forward.number)
            if links is None:
                writer.close()
                return
            link = Link(reader, writer)
            links[link] = asyncio.get_running_loop().create_task(self._carry(forward, link))

        try:
            server = await asyncio.start_server(serve, HOST, mapping.local)
        except OSError as error:
            raise ForwardError(_busy(mapping, error)) from error
        forward.local_port = server.sockets[0].getsockname()[1]
        self._servers[forward.number] = server
        self._links[forward.number] = {}
        self.forwards.append(forward)
        if self._checking is None:
            self._checking = asyncio.get_running_loop().create_task(self._check_for_ever())
        self._changed()
        return forward

    async def _first(self, key: Key, mapping: PortMapping) -> tuple[Endpoint | None, str]:
        try:
            return await self._resolve(key, mapping.remote, ""), ""
        except ForwardError as error:
            # A service keeps its place while no pod is ready; everything else is a mistake to tell at once.
            if " has no ready endpoint" not in str(error):
                raise
            return None, str(error)

    async def _resolve(self, key: Key, remote: str, stay_with: str) -> Endpoint:
        steps = resolution(key, remote, stay_with)
        answer: Response | None = None
        while True:
            try:
                request: Request = steps.send(answer)
            except StopIteration as end:
                found: Endpoint = end.value
                return found
            answer = await self.client.send(request)

    # ------------------------------------------------------------------ ending
    async def stop(self, forward: Forward) -> None:
        """Stop listening and hang up what is open."""
        forward.stopped = True
        server = self._servers.pop(forward.number, None)
        if server is not None:
            server.close()
        tasks = list(self._links.pop(forward.number, {}).values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if server is not None:
            await server.wait_closed()
        if forward in self.forwards:
            self.forwards.remove(forward)
        self._changed()

    async def close(self) -> None:
        """Stop all forwards."""
        checking, self._checking = self._checking, None
        if checking is not None:
            checking.cancel()
            await asyncio.gather(checking, return_exceptions=True)
        for forward in list(self.forwards):
            await self.stop(forward)

    # ------------------------------------------------------------------ following the object
    async def _check_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._check_seconds)
            if self._stale:
                self._stale = False
                await self.check()

    async def check(self) -> None:
        """Look where every forward leads to now; hang up connections whose pod is gone."""
        for forward in list(self.forwards):
            await self._follow(forward)
            for link, task in list(self._links.get(forward.number, {}).items()):
                used = link.endpoint
                if used is not None and used != forward.endpoint and not await self._is_alive(used):
                    if forward.endpoint is not None and not link.left:
                        forward.last_error = f"lost connection to pod {used.pod}"
                    task.cancel()
                    self._changed()

    async def _follow(self, forward: Forward) -> None:
        before = forward.endpoint
        try:
            stay_with = before.uid if before is not None else ""
            forward.endpoint = await self._resolve(forward.key, forward.mapping.remote, stay_with)
        except ForwardError as error:
            forward.endpoint = None
            if before is not None:
                forward.last_error = str(error)
        if forward.endpoint != before:
            self._changed()

    async def _is_alive(self, endpoint: Endpoint) -> bool:
        pod = Key(PODS, endpoint.namespace, endpoint.pod)
        try:
            found = await self._resolve(pod, str(endpoint.port), "")
        except ForwardError:
            return False
        return found.uid == endpoint.uid

    # ------------------------------------------------------------------ one connection
    async def _carry(self, forward: Forward, link: Link) -> None:
        forward.connections += 1
        forward.open_connections += 1
        self._changed()
        try:
            await self._serve(forward, link)
            link.writer.close()
            await link.writer.wait_closed()
        except (ForwardError, ConnectionError) as error:
            if not isinstance(error, ConnectionResetError):
                forward.last_error = str(error)
        finally:
            # After an orderly end this does nothing; otherwise the caller must notice at once.
            link.writer.transport.abort()
            self._links.get(forward.number, {}).pop(link, None)
            forward.open_connections -= 1
            self._changed()

    async def _serve(self, forward: Forward, link: Link) -> None:
        connection = await self._connect(forward)
        link.endpoint = forward.endpoint
        try:
            await self._pump(forward, connection, link)
        finally:
            connection.close()

    async def _connect(self, forward: Forward) -> Connection:
        await self._follow(forward)
        endpoint = forward.endpoint
        if endpoint is None:
            raise ForwardError(forward.last_error or "nobody to connect to")
        try:
            connection = await self.client.connect(endpoint.namespace, endpoint.pod, endpoint.port)
        except ConnectionError as error:
            # k8s: the text of client-go's port forwarder
            msg = f"an error occurred forwarding {forward.local_port} -> {endpoint.port}: {error}"
            raise ForwardError(msg) from error
        return connection

    async def _pump(self, forward: Forward, connection: Connection, link: Link) -> None:
        down = asyncio.ensure_future(self._down(forward, connection, link.writer))
        up = asyncio.ensure_future(self._up(forward, connection, link.reader))
        try:
            done, _ = await asyncio.wait((down, up), return_when=asyncio.FIRST_COMPLETED)
            if up in done and up.exception() is None and down not in done:
                # The caller has said everything; it may still be waiting for the answer.
                link.left = True
                await asyncio.wait((down,), timeout=LINGER_SECONDS)
        finally:
            for each in (down, up):
                each.cancel()
            results = await asyncio.gather(down, up, return_exceptions=True)
        for result in results:
            if isinstance(result, ConnectionError):
                raise result

    async def _up(self, forward: Forward, connection: Connection, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(CHUNK):
            forward.bytes_in += len(data)
            self._changed()
            await connection.write(data)

    async def _down(self, forward: Forward, connection: Connection, writer: asyncio.StreamWriter) -> None:
        while data := await connection.read():
            forward.bytes_out += len(data)
            self._changed()
            writer.write(data)
            await writer.drain()

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()


def _busy(mapping: PortMapping, error: OSError) -> str:
    reason = _REASONS.get(error.errno or 0) or f"cannot be used: {os.strerror(error.errno or 0)}"
    return (
        f"unable to listen on any of the requested ports: [{{{mapping.local} {mapping.remote}}}]:"
        f" port {mapping.local} on {HOST} {reason}"
    )
