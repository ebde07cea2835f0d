"""Asks for one line of text, with what may be typed under it, and says what is wrong with it before it closes."""

from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from kubetui.panes.dialogs.frame import Dialog


class OneLine(Dialog[str]):
    """The result is what was typed; ``check`` raises ValueError when it cannot be used."""

    KEYS = "Enter ok · Esc cancel"
    WIDTH = "-wide"

    def __init__(self, title: str, help: Sequence[str], check: Callable[[str], object], text: str = "") -> None:  # noqa: A002
        super().__init__(title)
        self._help = help
        self._check = check
        self._text = text

    def body(self) -> ComposeResult:
        """The field and the help."""
        yield Input(self._text, compact=True, id="line", select_on_focus=True)
        for text in self._help:
            yield Static(text, classes="dialog--hint", markup=False)

    def on_mount(self) -> None:
        """Ready to type."""
        super().on_mount()
        self.query_one("#line").focus()

    @on(Input.Changed)
    def changed(self, event: Input.Changed) -> None:
        """What was wrong may be right now."""
        event.stop()
        self.complain("")

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Close, when it can be used."""
        event.stop()
        try:
            self._check(event.value)
        except ValueError as error:
            self.complain(str(error))
            return
        self.dismiss(event.value)
