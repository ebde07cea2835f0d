"""The cluster behind a kubeconfig as the explorer knows it; its time runs by itself and is not kept."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from kubesim.objects import quantities
from kubesim.objects.wire import FAULTS, PODS, Gvr, Key, Request, Response, Tree
from kubetui.client.attached import catalogue, streams
from kubetui.client.attached.notices import Notices
from kubetui.client.attached.session import Session
from kubetui.client.attached.tables import AttachedCursor, AttachedTable
from kubetui.client.port import Resource, Usage
from kubetui.client.remote import Access, RemoteClient, UnreachableError

METRICS_SECONDS: Final = 15.0
LINGER: Final = 30.0
"""For how many seconds a table that nobody follows any more is kept up to date."""


class AttachedClient:
    """A ``ClusterClient`` over HTTPS. Make it with ``attached``; everything else needs a running asyncio loop."""

    time = None
    insight = None

    def __init__(
        self, access: Access, served: Sequence[Resource], version: str, *, read_only: bool = False, name: str = ""
    ) -> None:
        self.name = name or access.context or access.server
        self.version = version
        self.read_only = read_only
        self.breaks = Notices(self)
        self.session = Session(access)
        self._served = list(served)
        self.simulated = any(resource.gvr == FAULTS for resource in served)
        """Whether it is a simulated cluster of another process."""
        self._tables: dict[tuple[Gvr, str], AttachedTable] = {}
        self._listeners: list[Callable[[], None]] = []
        self._usage: dict[Key, Usage] = {}
        self._measuring: asyncio.Task[None] | None = None
        self._told = False

    def now(self) -> int:
        """The time of this machine."""
        return time.time_ns() // 1_000_000

    def resources(self) -> Sequence[Resource]:
        """What is served, as far as it is known."""
        return self._served

    # ------------------------------------------------------------------ requests
    async def send(self, request: Request) -> Response:
        """Carry out one request."""
        if self.read_only and request.verb not in {"get", "list", "watch"}:
            return refused(request)
        response = await self.session.send(request)
        if request.verb == "create" and request.key.gvr.resource == "customresourcedefinitions":
            await self._discover()
        return response

    async def _discover(self) -> None:
        answers = [await self.session.fetch(path, catalogue.AGGREGATED) for path in catalogue.PATHS]
        if all(answer.code < 400 for answer in answers):
            self._served = catalogue.resources([answer.body for answer in answers])

    # ------------------------------------------------------------------ tables
    def rows(self, gvr: Gvr, namespace: str = "") -> AttachedCursor:
        """Follow a table."""
        table = self._table(gvr, namespace)
        cursor = AttachedCursor(table, self._release)
        table.cursors.append(cursor)
        return cursor

    def _table(self, gvr: Gvr, namespace: str) -> AttachedTable:
        found = self._tables.get((gvr, namespace))
        if found is None:
            found = self._tables[gvr, namespace] = AttachedTable(self.session, gvr, namespace, self._changed)
            found.start()
        return found

    def _release(self, cursor: AttachedCursor) -> None:
        table = cursor.table
        if cursor in table.cursors:
            table.cursors.remove(cursor)
        if not table.cursors:
            asyncio.get_running_loop().call_later(LINGER, self._drop, table)

    def _drop(self, table: AttachedTable) -> None:
        if not table.cursors and self._tables.get((table.gvr, table.namespace)) is table:
            table.stop()
            del self._tables[table.gvr, table.namespace]

    def objects(self, gvr: Gvr, namespace: str = "") -> Sequence[Tree]:
        """The objects of a kind as far as they are known; a kind that nobody asked for yet is read from now on."""
        known = self._tables.get((gvr, "")) or self._tables.get((gvr, namespace))
        if known is None:
            if any(resource.gvr == gvr for resource in self._served):
                self._table(gvr, "")
            return ()
        return [row.object for (space, _), row in sorted(known.rows.items()) if not namespace or space == namespace]

    def _changed(self) -> None:
        # Many changes in one round of the loop are told once.
        if not self._told:
            self._told = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._told = False
        self.breaks.look()
        for listener in self._listeners:
            listener()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call a listener whenever cursors may have something new."""
        self._listeners.append(listener)

    # ------------------------------------------------------------------ streams
    def watch(self, request: Request) -> streams.AttachedWatch:
        """Follow a watch request."""
        return streams.AttachedWatch(self.session, request, self._changed)

    def logs(self, namespace: str, pod: str, container: str = "", *, previous: bool = False) -> streams.AttachedLogs:
        """Follow a container's log."""
        key = Key(PODS, namespace, pod)
        return streams.AttachedLogs(self.session, key, container, self._changed, previous=previous)

    async def connect(self, namespace: str, pod: str, port: int) -> streams.AttachedConnection:
        """Open a connection to a port of a pod. Raises ConnectionError."""
        return await streams.connect(self.session, namespace, pod, port)

    async def pipe(
        self, namespace: str, pod: str, container: str, argv: tuple[str, ...], stdin: bytes = b""
    ) -> tuple[int, bytes, str]:
        """Run a command with some input: its exit code, its output, its complaints. Raises ConnectionError."""
        if self.read_only:
            raise ConnectionError("read-only: exec was not sent")
        return await streams.execute(self.session, Key(PODS, namespace, pod), container, argv, stdin)

    # ------------------------------------------------------------------ live use
    def usage(self, key: Key) -> Usage | None:
        """Live use of a pod or a node, where the cluster serves metrics."""
        if self._measuring is None and any(each.gvr.group == "metrics.k8s.io" for each in self._served):
            self._measuring = asyncio.get_running_loop().create_task(self._measure())
        return self._usage.get(key)

    async def _measure(self) -> None:
        while True:
            found: dict[Key, Usage] = {}
            for resource in [each for each in self._served if each.gvr.group == "metrics.k8s.io"]:
                response = await self.session.send(Request("list", Key(resource.gvr)))
                if response.code < 400:
                    found.update(_measured(resource.gvr.resource, response.body))
            self._usage = found
            self._changed()
            await asyncio.sleep(METRICS_SECONDS)

    async def close(self) -> None:
        """Hang up."""
        if self._measuring is not None:
            self._measuring.cancel()
        for table in self._tables.values():
            table.stop()
        self._tables.clear()
        await self.session.close()


def _measured(resource: str, body: Any) -> dict[Key, Usage]:
    found: dict[Key, Usage] = {}
    for item in body.get("items") or ():
        metadata = item["metadata"]
        parts = [each.get("usage") or {} for each in item.get("containers") or ()] or [item.get("usage") or {}]
        cpu = sum(quantities.milli(part.get("cpu", 0)) for part in parts)
        memory = sum(quantities.value(part.get("memory", 0)) for part in parts)
        found[Key(Gvr("", "v1", resource), metadata.get("namespace", ""), metadata["name"])] = Usage(cpu, memory)
    return found


def refused(request: Request) -> Response:
    """The answer to a change that is not to be sent."""
    message = f"read-only: {request.verb} {request.key.gvr.qualified} was not sent"
    return Response(
        403, {"kind": "Status", "status": "Failure", "message": message, "reason": "Forbidden", "code": 403}
    )


def attached(access: Access, *, read_only: bool = False) -> AttachedClient:
    """Ask a cluster what it serves, and be its client. Raises UnreachableError with what is wrong."""
    remote = RemoteClient(access)
    try:
        version = remote.fetch("/version")
        answers = [remote.fetch(path, catalogue.AGGREGATED) for path in catalogue.PATHS]
    finally:
        remote.close()
    for answer in (version, *answers):
        if answer.code >= 400:
            text = answer.body.get("message") if isinstance(answer.body, dict) else ""
            raise UnreachableError(str(text or f"the server answered {answer.code}"))
    served = catalogue.resources([answer.body for answer in answers])
    if not served:
        raise UnreachableError("the server does not tell what it serves as Kubernetes from 1.30 on does")
    return AttachedClient(access, served, str(version.body.get("gitVersion", "")), read_only=read_only)
