"""Asks how much traffic a Service gets."""

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from kubetui.client.port import Traffic
from kubetui.model.flows.traffic import USAGE, parse
from kubetui.panes.dialogs.frame import Dialog

HELP = "200   ramp 10 200 5m   sine 10 200 10m   off"


class LoadDialog(Dialog[str]):
    """One line; the result is what was typed. ``own`` is what would be typed to get the present Load."""

    KEYS = "Enter apply · Esc cancel"

    def __init__(self, name: str, now: Traffic | None, own: str = "") -> None:
        super().__init__(f"Requests a second for {name}")
        self._now = now
        self._own = own

    def body(self) -> ComposeResult:
        """The field, what can be typed, and what there is now."""
        yield Static(HELP, classes="dialog--label", markup=False)
        yield Input(self._own, compact=True, id="load", select_on_focus=True)
        if self._now is not None:
            now = self._now
            told = f"now {now.rate:.4g}/s, {now.latency * 1000:.0f}ms, {now.errors:.4g} errors/s"
            yield Static(told, classes="dialog--label", markup=False)

    def on_mount(self) -> None:
        """Typing replaces what is there."""
        super().on_mount()
        self.query_one("#load").focus()

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Apply, when it can be read."""
        event.stop()
        try:
            parse(event.value)
        except ValueError:
            self.complain(USAGE)
            return
        self.dismiss(event.value)
