"""The running story of a cluster: Kubernetes Events, the writes of controllers, what the person did; newest first."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from kubesim.objects.times import parse_time
from kubesim.objects.wire import ADMIN, EVENTS, Gvr, Key, Tree
from kubetui.client.port import ClusterClient, JournalEntry, RowEvent
from kubetui.model import clock, health, references
from kubetui.model.columns import Cell, Layout, ViewColumn
from kubetui.model.filters import Candidate, Filter
from kubetui.model.selection import Sort
from kubetui.model.timebar import Moment
from kubetui.model.views import Changes, RowId

KEEP = 4_000
"""How many lines are remembered."""
BATCH = 2_000
MOMENTS = 200

LEVELS = {1: "events", 2: "events + writes", 3: "every write"}
_QUIET = frozenset({"leases", "events"})

LAYOUT: Layout = (
    ViewColumn("TIME"),
    ViewColumn("WHO"),
    ViewColumn("WHAT", elastic=True),
)


class Line(NamedTuple):
    """One line of the story. ``level`` is the verbosity from which on it is shown."""

    serial: int
    revision: int
    at: int
    sign: str
    who: str
    what: str
    level: int
    tone: str
    about: Key | None
    mine: bool


class EventsView:
    """The story as a table ``Model``; row ids are serial numbers."""

    layout = LAYOUT

    def __init__(self, client: ClusterClient, namespace: str = "", verbosity: int = 2) -> None:
        self.verbosity = verbosity
        self.sort = Sort("TIME", descending=True)
        self.filter = Filter()
        self.you = "you ◂"
        self.moments: list[Moment] = []
        """What a person did and what broke, for the time bar."""
        self._client = client
        self._namespace = namespace
        self._scope: frozenset[Key] | None = None
        self._cursor = client.rows(EVENTS)
        self._position = 0
        self._lines: list[Line] = []
        self._shown: list[Line] = []
        self._serial = 0
        self._epoch = client.time.epoch if client.time is not None else None

    # ------------------------------------------------------------------ reading
    @property
    def count(self) -> int:
        """Lines that are shown."""
        return len(self._shown)

    @property
    def total(self) -> int:
        """Lines that are remembered."""
        return len(self._lines)

    def slice(self, start: int, stop: int) -> Sequence[RowId]:
        """The serials at these positions, the newest first."""
        count = len(self._shown)
        part = self._shown[max(count - stop, 0) : max(count - start, 0)]
        return [line.serial for line in reversed(part)]

    def rank(self, row: RowId) -> int | None:
        """The position of a serial."""
        position = self._position_of(row)
        return None if position is None else len(self._shown) - 1 - position

    def line(self, row: RowId) -> Line | None:
        """The line of a serial."""
        position = self._position_of(row)
        return None if position is None else self._shown[position]

    def _position_of(self, row: RowId) -> int | None:
        if not isinstance(row, int):
            return None
        position = bisect_left(self._shown, (row,))
        return position if position < len(self._shown) and self._shown[position].serial == row else None

    def cells(self, row: RowId, now: int) -> Sequence[Cell]:
        """Time, actor, what."""
        del now
        line = self.line(row)
        if line is None:
            return ()
        when = clock.time_of_day(line.at) if self._epoch is None else clock.short_elapsed(line.at - self._epoch)
        return (f"{when:>9} {line.sign}", self.you if line.mine else line.who, line.what)

    def before(self, row: RowId, now: int) -> Sequence[Cell] | None:
        """Lines never change."""
        del row, now
        return None

    def tone(self, row: RowId) -> str:
        """Warnings stand out."""
        line = self.line(row)
        return health.OK if line is None else line.tone

    def key(self, row: RowId) -> Key | None:
        """The object that the line is about."""
        line = self.line(row)
        return None if line is None else line.about

    def is_marked(self, row: RowId) -> bool:
        """Lines are not marked."""
        del row
        return False

    # ------------------------------------------------------------------ what is shown
    def sort_by(self, title: str, *, descending: bool = False) -> None:
        """The story is always in the order of time."""
        del title, descending

    def choose(
        self,
        *,
        matching: Filter | None = None,
        verbosity: int | None = None,
        namespace: str | None = None,
        scope: frozenset[Key] | str | None = "",
    ) -> None:
        """Change what is shown; ``scope`` are the objects to narrow to, None for all."""
        if matching is not None:
            self.filter = matching
        if verbosity is not None:
            self.verbosity = verbosity
        if namespace is not None:
            self._namespace = namespace
        if not isinstance(scope, str):
            self._scope = scope
        self._shown = [line for line in self._lines if self._passes(line)]

    def _passes(self, line: Line) -> bool:
        if line.level > self.verbosity:
            return False
        if self._scope is not None and line.about not in self._scope:
            return False
        if self._namespace and line.about is not None and line.about.namespace not in {"", self._namespace}:
            return False
        matches = self.filter.matches
        return matches is None or matches(Candidate({}, lambda: f"{line.who} {line.what}", lambda _title: line.what))

    # ------------------------------------------------------------------ following
    def pull(self) -> Changes:
        """Take in what happened, the newest ``BATCH`` of it."""
        events = self._cursor.poll(BATCH)
        entries: Sequence[JournalEntry] = ()
        insight = self._client.insight
        if insight is not None:
            entries, self._position = insight.journal(self._position, BATCH)
        if not events and not entries:
            return Changes()
        times = {entry.revision: entry.at for entry in entries}
        found = [line for event in events if (line := _from_event(event, times)) is not None]
        found.extend(line for entry in entries if (line := self._from_entry(entry)) is not None)
        found.sort(key=_revision)
        moved = self._append(found)
        return Changes(moved, pending=len(events) == BATCH)

    def _append(self, found: Sequence[Line]) -> bool:
        moved = False
        for line in found:
            self._serial += 1
            numbered = line._replace(serial=self._serial)
            self._lines.append(numbered)
            if line.sign == "!" or line.mine:
                self.moments.append(Moment(line.at, "!" if line.sign == "!" else "o"))
                del self.moments[:-MOMENTS]
            if self._passes(numbered):
                self._shown.append(numbered)
                moved = True
        if len(self._lines) > 2 * KEEP:
            del self._lines[:-KEEP]
            self._shown = [line for line in self._lines if self._passes(line)]
        return moved

    def _from_entry(self, entry: JournalEntry) -> Line | None:
        mine = is_person(entry)
        level = 3 if entry.gvr.resource in _QUIET and not mine else 2
        if entry.gvr.resource == "faults":
            return self._line(entry, "!", level, mine=mine, tone=health.ERROR)
        return self._line(entry, "~", level, mine=mine, tone=health.NEW if mine else health.DONE)

    def _line(self, entry: JournalEntry, sign: str, level: int, *, mine: bool, tone: str) -> Line:
        who = short_actor(entry.actor)
        return Line(0, entry.revision, entry.at, sign, who, entry_text(entry), level, tone, entry.key, mine)

    def close(self) -> None:
        """Stop following."""
        self._cursor.close()


def _from_event(event: RowEvent, times: dict[int, int]) -> Line | None:
    if event.row is None or event.type == "DELETED":
        return None
    tree = event.row.object
    revision = int(event.row.revision or 0)
    warning = tree.get("type") == "Warning"
    return Line(
        0,
        revision,
        times.get(revision) or _event_time(tree),
        "W" if warning else "N",
        short_actor(_source(tree)),
        _event_text(tree),
        1,
        health.PENDING if warning else health.OK,
        references.about(tree),
        mine=False,
    )


def _revision(line: Line) -> int:
    return line.revision


def is_person(entry: JournalEntry) -> bool:
    """Whether a write was made by somebody, not by a component of the cluster."""
    return entry.actor == ADMIN.agent or (entry.cause == 0 and entry.actor in {"kubectl", "helm"})


def short_actor(actor: str) -> str:
    """A component's name without the part that says that it is one."""
    return actor.removesuffix("-controller").removeprefix("kube-").removeprefix("default-") or "-"


_VERBS = {"create": "create", "update": "update", "patch": "patch", "delete": "delete"}


def entry_text(entry: JournalEntry) -> str:
    """What a write did, in a few words."""
    what = f"{short_resource(entry.gvr)}/{entry.name}" + (f" {entry.subresource}" if entry.subresource else "")
    note = f" {entry.note}" if entry.note else ""
    return f"{_VERBS.get(entry.verb, entry.verb)} {what}{note}"


_SHORT = {
    "pods": "pod", "nodes": "node", "services": "svc", "deployments": "deploy", "replicasets": "rs", "endpoints": "ep",
    "statefulsets": "sts", "daemonsets": "ds", "endpointslices": "eps", "namespaces": "ns", "configmaps": "cm",
    "serviceaccounts": "sa", "persistentvolumeclaims": "pvc", "persistentvolumes": "pv", "jobs": "job",
    "cronjobs": "cj", "horizontalpodautoscalers": "hpa", "poddisruptionbudgets": "pdb", "secrets": "secret",
    "leases": "lease", "faults": "fault", "ingresses": "ing",
}  # fmt: skip


def short_resource(gvr: Gvr) -> str:
    """The short name that kubectl knows a resource by, or the resource itself."""
    return _SHORT.get(gvr.resource, gvr.resource)


def _source(tree: Tree) -> str:
    return str((tree.get("source") or {}).get("component") or tree.get("reportingComponent") or "")


def _event_time(tree: Tree) -> int:
    stamp = tree.get("lastTimestamp") or tree.get("eventTime") or tree["metadata"].get("creationTimestamp")
    return parse_time(stamp) if stamp else 0


def _event_text(tree: Tree) -> str:
    name = (tree.get("involvedObject") or tree.get("regarding") or {}).get("name", "")
    count = (tree.get("series") or {}).get("count") or tree.get("count") or 1
    again = f" (x{count})" if count > 1 else ""
    message = str(tree.get("message") or tree.get("note") or "").replace("\n", " ")
    return f"{tree.get('reason', '')} {name}{again} {message}".rstrip()
