"""Two futures side by side, and what shall become of them."""

from collections.abc import Callable

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.widgets import Button, Static

from kubetui.model import whatif
from kubetui.model.whatif import Outcome
from kubetui.panes.dialogs.frame import ButtonRow, Dialog

HEADS = ("", "AS IT WAS", "FORK")


class Progress(Dialog[bool]):
    """A bar while something long is done; Esc calls ``cancel``."""

    KEYS = "Esc stop"
    CELLS = 40

    def __init__(self, title: str, cancel: Callable[[], None]) -> None:
        super().__init__(title)
        self._cancel = cancel

    def body(self) -> ComposeResult:
        """The bar."""
        yield Static("", id="progress", markup=False)

    def report(self, part: float) -> None:
        """So much is done, from 0 to 1."""
        if self.is_mounted:
            full = round(part * self.CELLS)
            self.query_one("#progress", Static).update(f"{'━' * full}{'─' * (self.CELLS - full)} {part:4.0%}")

    def action_cancel(self) -> None:
        """Stop; the dialog goes when the work has ended."""
        self._cancel()


class Comparison(Dialog[str]):
    """The result is keep, drop, or None to stay in the fork."""

    KEYS = "k keep · d drop · Esc stay in the fork"
    WIDTH = "-wide"

    def __init__(self, title: str, first: Outcome, second: Outcome) -> None:
        super().__init__(title)
        self._rows = whatif.rows(first, second)
        self._pending = whatif.reasons(second.end.pending)

    def body(self) -> ComposeResult:
        """The table, the reasons of pending pods, the buttons."""
        yield Static(self.table(), id="comparison")
        if self._pending:
            yield Static("pending in the fork: " + "\n".join(self._pending), classes="dialog--warning", markup=False)
        yield ButtonRow((("stay", "Stay", "default"), ("drop", "Drop fork", "error"), ("keep", "Keep fork", "success")))

    def on_mount(self) -> None:
        """Nothing is lost by Enter."""
        super().on_mount()
        self.query_one("#stay").focus()

    def table(self) -> Text:
        """Titles and both columns; the better of both is green."""
        theme = self.app.theme_variables
        colours = {1: theme["success"], -1: theme["error"], 0: theme["foreground"]}
        first = max(len(HEADS[1]), *(len(row.first) for row in self._rows)) + 3
        title = max(len(row.title) for row in self._rows) + 3
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f"{'':{title}}{HEADS[1]:{first}}{HEADS[2]}", style="bold")
        for row in self._rows:
            text.append(f"\n{row.title:{title}}", style="" if row.better else "dim")
            text.append(f"{row.first:{first}}", style="" if row.better else "dim")
            sign = {1: " ▲", -1: " ▼", 0: ""}[row.better]
            text.append(row.second + sign, style=colours[row.better] if row.better else "dim")
        return text

    def on_key(self, event: object) -> None:
        """One letter is enough."""
        key = getattr(event, "key", "")
        if key in {"k", "d"}:
            self.dismiss("keep" if key == "k" else "drop")

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        """A button."""
        event.stop()
        self.dismiss(None if event.button.id == "stay" else event.button.id)
