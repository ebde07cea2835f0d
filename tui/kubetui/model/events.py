"""The running story of a cluster: Kubernetes Events, the writes of controllers, what the person did; newest first."""

from bisect import bisect_left
from collections.abc import Sequence

from kubesim.objects.wire import EVENTS, Key
from kubetui.client.port import ClusterClient, JournalEntry
from kubetui.model import clock, health
from kubetui.model.columns import Cell, Layout, ViewColumn
from kubetui.model.filters import Candidate, Filter
from kubetui.model.selection import Sort
from kubetui.model.story import Line, of_entry, of_event
from kubetui.model.timebar import Moment
from kubetui.model.views import Changes, RowId

KEEP = 4_000
"""How many lines are remembered."""
BATCH = 2_000
MOMENTS = 200

LEVELS = {1: "events", 2: "events + writes", 3: "every write"}

LAYOUT: Layout = (
    ViewColumn("TIME"),
    ViewColumn("WHO"),
    ViewColumn("WHAT", elastic=True),
)


class EventsView:
    """The story as a table ``Model``; row ids are serial numbers."""

    layout = LAYOUT

    def __init__(self, client: ClusterClient, namespace: str = "", verbosity: int = 2) -> None:
        self.verbosity = verbosity
        self.sort = Sort("TIME", descending=True)
        self.filter = Filter()
        self.only_warnings = False
        """Whether only Events of type Warning and what broke are shown."""
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
        self._era = 0

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
        only_warnings: bool | None = None,
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
        if only_warnings is not None:
            self.only_warnings = only_warnings
        self._shown = [line for line in self._lines if self._passes(line)]

    def _passes(self, line: Line) -> bool:
        if line.level > self.verbosity or (self.only_warnings and line.sign not in {"W", "!"}):
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
        self._begin_anew()
        events = self._cursor.poll(BATCH)
        entries: Sequence[JournalEntry] = ()
        insight = self._client.insight
        if insight is not None:
            entries, self._position = insight.journal(self._position, BATCH)
        if not events and not entries:
            return Changes()
        times = {entry.revision: entry.at for entry in entries}
        found = [
            of_event(event.row.object, int(event.row.revision or 0), times)
            for event in events
            if event.row is not None and event.type != "DELETED"
        ]
        found.extend(map(of_entry, entries))
        found.sort(key=_revision)
        moved = self._append(found)
        return Changes(moved, pending=len(events) == BATCH)

    def _begin_anew(self) -> None:
        """Another time of the cluster has another story; what a person did stays on the bar."""
        era = getattr(self._client.time, "era", 0)
        if era != self._era:
            self._era, self._position = era, 0
            self._lines, self._shown = [], []

    def forget_after(self, instant: int) -> None:
        """A future was dropped, and what a person did in it."""
        self.moments = [moment for moment in self.moments if moment.at <= instant]

    def _append(self, found: Sequence[Line]) -> bool:
        moved = False
        for line in found:
            self._serial += 1
            numbered = line._replace(serial=self._serial)
            self._lines.append(numbered)
            if line.mine or (line.level == 2 and line.sign == "!"):
                moment = Moment(line.at, "!" if line.sign == "!" else "o")
                if moment not in self.moments:
                    self.moments.append(moment)
                    del self.moments[:-MOMENTS]
            if self._passes(numbered):
                self._shown.append(numbered)
                moved = True
        if len(self._lines) > 2 * KEEP:
            del self._lines[:-KEEP]
            self._shown = [line for line in self._lines if self._passes(line)]
        return moved

    def close(self) -> None:
        """Stop following."""
        self._cursor.close()


def _revision(line: Line) -> int:
    return line.revision
