"""The explorer's table in the table benchmark: ``python table_own.py ROWS UPDATES_A_SECOND``."""

import gc
import sys
from typing import Any

from table_rows import CURSOR, PERIOD, TITLES, row, tell_ready, updates
from textual import events
from textual.app import App, ComposeResult

from kubesim.objects.wire import PODS, Key
from kubetui.client.port import Column, RowCursor, RowEvent
from kubetui.keys import Keymap, spell
from kubetui.model import columns
from kubetui.model.columns import Layout
from kubetui.model.views import TableView
from kubetui.panes.table import Table

RUNNING = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


class Row:
    """One version of one row; cells are made when asked for, as a cluster's are."""

    def __init__(self, number: int, version: int) -> None:
        self.number, self.version = number, version
        self.revision = str(version)

    @property
    def object(self) -> dict[str, Any]:
        """A pod that is well."""
        return {"metadata": {"name": f"row-{self.number:06d}", "uid": str(self.number)}, "status": RUNNING}

    def cells(self, now: int) -> list[str]:
        """The printed cells."""
        del now
        return row(self.number, self.version)


class Source:
    """A row cursor that changes as it is told."""

    error = ""
    columns = tuple(Column(title) for title in TITLES)

    def __init__(self, rows: int) -> None:
        self.version = 0
        self.keys = [Key(PODS, "", f"row-{number:06d}") for number in range(rows)]
        self.start = [RowEvent("ADDED", key, Row(number, 0)) for number, key in enumerate(self.keys)]
        self.at = 0
        self.pending: list[RowEvent] = []

    @property
    def synced(self) -> bool:
        """Whether all rows have been handed out."""
        return self.at >= len(self.start)

    def poll(self, limit: int | None = None) -> list[RowEvent]:
        """The next rows, then the changes."""
        if not self.synced:
            self.at, before = self.at + (limit or len(self.start)), self.at
            return self.start[before : self.at]
        self.pending, found = [], self.pending
        return found

    def change(self, numbers: list[int]) -> None:
        """These rows have new cells."""
        self.version += 1
        self.pending.extend(RowEvent("MODIFIED", self.keys[n], Row(n, self.version)) for n in numbers)

    def close(self) -> None:
        """Nothing to let go of."""


class NoFacts:
    """There is no cluster behind the rows."""

    def __init__(self) -> None:
        self.forwards: dict[Key, str] = {}

    def now(self) -> int:
        """Time stands still."""
        return 0


def layout(found: RowCursor) -> Layout:
    """All ten columns."""
    return columns.layout(PODS, found.columns, namespaced=False, all_namespaces=False)


class Bench(App[None]):
    """The table alone on the screen."""

    CSS = f"Table {{ width: 1fr; height: 1fr; }} .table--cursor {{ background: {CURSOR}; }}"

    def compose(self) -> ComposeResult:
        """The table."""
        self.source = Source(int(sys.argv[1]))
        self.table = Table(TableView(self.source, PODS, layout, NoFacts()), now=lambda: 0)  # type: ignore[arg-type]
        self.keymap = Keymap()
        yield self.table

    def on_mount(self) -> None:
        """Read the rows as the explorer does: in slices."""
        gc.set_threshold(50_000, 20, 50)
        self.table.focus()
        self.read()

    def read(self) -> None:
        """One slice."""
        if self.table.pull() or not self.source.synced:
            self.set_timer(0.002, self.read)
            return
        gc.collect()
        gc.freeze()
        self.wanted = updates(int(sys.argv[1]), int(sys.argv[2]), PERIOD)
        self.set_interval(PERIOD, self.beat)
        tell_ready()

    def beat(self) -> None:
        """Change rows and look at them."""
        self.source.change(next(self.wanted))
        self.table.pull()

    def on_key(self, event: events.Key) -> None:
        """Keys through the registry."""
        action = self.keymap.find(spell(event.key, event.character), ("table",))
        if action is not None:
            self.table.act(action.id)


if __name__ == "__main__":
    Bench().run()
