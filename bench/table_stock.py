"""Textual's DataTable in the table benchmark: ``python table_stock.py ROWS UPDATES_A_SECOND``."""

import sys
from typing import ClassVar

from table_rows import CURSOR, PERIOD, TITLES, row, tell_ready, updates
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.coordinate import Coordinate
from textual.widgets import DataTable


class Bench(App[None]):
    """The table alone on the screen."""

    CSS = f"DataTable > .datatable--cursor {{ background: {CURSOR}; }}"
    BINDINGS: ClassVar[list[BindingType]] = [("j", "down", "down")]

    def compose(self) -> ComposeResult:
        """The table."""
        self.table: DataTable[str] = DataTable(cursor_type="row")
        yield self.table

    def on_mount(self) -> None:
        """All rows at once: the widget has no other way."""
        self.version = 0
        self.table.add_columns(*TITLES)
        for number in range(int(sys.argv[1])):
            self.table.add_row(*row(number, 0))
        self.wanted = updates(int(sys.argv[1]), int(sys.argv[2]), PERIOD)
        self.call_after_refresh(self.begin)

    def begin(self) -> None:
        """The table is on the screen."""
        self.set_interval(PERIOD, self.beat)
        tell_ready()

    def beat(self) -> None:
        """Change the cells that differ."""
        self.version += 1
        for number in next(self.wanted):
            cells = row(number, self.version)
            for column in (1, 3, 6):
                self.table.update_cell_at(Coordinate(number, column), cells[column])

    def action_down(self) -> None:
        """The next row."""
        self.table.action_cursor_down()


if __name__ == "__main__":
    Bench().run()
