"""Live tables of a cluster behind HTTP: one list and one watch a table, as the server prints it, for all who look."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from kubesim.objects.times import human_duration, parse_time
from kubesim.objects.wire import Gvr, Key, Request, Response, Tree
from kubetui.client.attached.session import Session, StreamError
from kubetui.client.port import Column, RowEvent
from kubetui.client.remote.transport import path_of

TABLE: Final = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PAGE: Final = 500
PATIENCE: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds between two tries to reach a server that does not answer."""
GONE: Final = 410
Place = tuple[str, str]


class AttachedRow:
    """One row as the server printed it; only ages are printed again."""

    __slots__ = ("_ages", "_cells", "object")

    def __init__(self, tree: Tree, cells: Sequence[Any], ages: Sequence[tuple[int, int]]) -> None:
        self.object = tree
        self._cells = cells
        self._ages = ages

    @property
    def revision(self) -> str:
        """The object's resourceVersion."""
        return str(self.object["metadata"].get("resourceVersion", ""))

    def cells(self, now: int) -> Sequence[Any]:
        """The cells, with the ages of now."""
        if not self._ages:
            return self._cells
        found = list(self._cells)
        for position, since in self._ages:
            found[position] = human_duration(max(now - since, 0))
        return found


class AttachedTable:
    """One resource in one namespace or all, kept up to date by a task while anybody follows it."""

    def __init__(self, session: Session, gvr: Gvr, namespace: str, changed: Callable[[], None]) -> None:
        self.gvr = gvr
        self.namespace = namespace
        self.columns: tuple[Column, ...] = ()
        self.rows: dict[Place, AttachedRow] = {}
        self.listed = False
        """Whether everything that was there has been read."""
        self.error = ""
        self.cursors: list[AttachedCursor] = []
        self._session = session
        self._changed = changed
        self._revision = ""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Follow the table from now on."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._follow())

    def stop(self) -> None:
        """Follow it no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _follow(self) -> None:
        failures = 0
        while True:
            try:
                if not self._revision:
                    await self._list()
                failures = 0
                await self._watch()
            except StreamError as error:
                if error.code == GONE:
                    self._revision = ""
                    continue
                self.error = str(error)
                if error.code in {401, 403, 404, 405}:
                    self.listed = True
                self._tell()
                await asyncio.sleep(PATIENCE[min(failures, len(PATIENCE) - 1)])
                failures += 1

    # ------------------------------------------------------------------ reading
    async def _list(self) -> None:
        found: dict[Place, AttachedRow] = {}
        query = {"limit": str(PAGE), "includeObject": "Object"}
        revision = ""
        while True:
            request = Request("list", Key(self.gvr, self.namespace), query=query, accept=TABLE)
            response = await self._session.send(request)
            body = _checked(response)
            self._learn(body)
            for row in body.get("rows") or ():
                place, made = self._row(row)
                found[place] = made
            metadata = body.get("metadata") or {}
            revision = str(metadata.get("resourceVersion", ""))
            if not metadata.get("continue"):
                break
            query = {**query, "continue": str(metadata["continue"])}
        gone = self.rows.keys() - found.keys()
        self.rows = found
        self._revision, self.listed, self.error = revision, True, ""
        for cursor in self.cursors:
            cursor.relisted(gone)
        self._tell()

    async def _watch(self) -> None:
        query = {
            "watch": "true",
            "resourceVersion": self._revision,
            "allowWatchBookmarks": "true",
            "includeObject": "Object",
            "timeoutSeconds": "600",
        }
        path = path_of(Request("list", Key(self.gvr, self.namespace), query=query))
        async for line in self._session.lines(path, TABLE):
            if line.strip():
                self._take(json.loads(line))

    def _take(self, event: Any) -> None:
        kind, body = event.get("type"), event.get("object") or {}
        if kind == "ERROR":
            raise StreamError(str(body.get("message", "")), int(body.get("code") or 0))
        self.error = ""
        revision = str((body.get("metadata") or {}).get("resourceVersion") or "")
        for row in body.get("rows") or ():
            place, made = self._row(row)
            revision = made.revision or revision
            if kind == "BOOKMARK":
                continue
            if kind == "DELETED":
                self.rows.pop(place, None)
            else:
                self.rows[place] = made
            for cursor in self.cursors:
                cursor.moved(place)
        if revision:
            self._revision = revision
        if kind != "BOOKMARK":
            self._tell()

    def _learn(self, body: Any) -> None:
        defined = body.get("columnDefinitions")
        if defined:
            self.columns = tuple(
                Column(str(c["name"]), str(c.get("type", "")), str(c.get("format", "")), int(c.get("priority", 0)))
                for c in defined
            )

    def _row(self, row: Any) -> tuple[Place, AttachedRow]:
        tree = row["object"]
        metadata = tree["metadata"]
        ages = []
        for position, column in enumerate(self.columns):
            since = _since(column.name, tree)
            if since:
                ages.append((position, parse_time(since)))
        return (str(metadata.get("namespace", "")), str(metadata["name"])), AttachedRow(tree, row["cells"], ages)

    def _tell(self) -> None:
        self._changed()


def _since(column: str, tree: Tree) -> str:
    if column == "Age":
        return str(tree["metadata"].get("creationTimestamp") or "")
    if column == "Last Seen":
        series = tree.get("series") or {}
        return str(series.get("lastObservedTime") or tree.get("lastTimestamp") or tree.get("eventTime") or "")
    return ""


def _checked(response: Response) -> Any:
    if response.code >= 400 or not isinstance(response.body, dict):
        text = response.body.get("message") if isinstance(response.body, dict) else None
        # k8s: as client-go puts it when a server does not know a path.
        text = "the server could not find the requested resource" if text == "404 page not found" else text
        raise StreamError(str(text or f"the server answered {response.code}"), response.code)
    return response.body


class AttachedCursor:
    """Follows one table; changes to one object between two pulls are one event."""

    def __init__(self, table: AttachedTable, release: Callable[["AttachedCursor"], None]) -> None:
        self.table = table
        self._release = release
        self._known: set[Place] = set()
        self._pending: dict[Place, None] = dict.fromkeys(table.rows)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, after the first answer."""
        return self.table.columns

    @property
    def synced(self) -> bool:
        """Whether everything that was there has been handed out."""
        return self.table.listed and not self._pending

    @property
    def error(self) -> str:
        """Why the table cannot be read."""
        return self.table.error

    def moved(self, place: Place) -> None:
        """Note a change; the table calls this."""
        self._pending[place] = None

    def relisted(self, gone: set[Place]) -> None:
        """Note that everything was read anew; the table calls this."""
        self._pending.update(dict.fromkeys(sorted(gone)))
        self._pending.update(dict.fromkeys(self.table.rows))

    def poll(self, limit: int | None = None) -> list[RowEvent]:
        """The changes since the last call."""
        events: list[RowEvent] = []
        pending, rows, known = self._pending, self.table.rows, self._known
        for place in list(pending)[:limit]:
            del pending[place]
            row = rows.get(place)
            key = Key(self.table.gvr, *place)
            if row is not None:
                events.append(RowEvent("MODIFIED" if place in known else "ADDED", key, row))
                known.add(place)
            elif place in known:
                known.discard(place)
                events.append(RowEvent("DELETED", key, None))
        return events

    def close(self) -> None:
        """Stop following."""
        self._release(self)
