"""Asks for a number of replicas, and says at every key what it would do."""

import asyncio
from collections.abc import Awaitable, Callable

from textual import events, on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from kubetui.panes.dialogs.frame import Dialog

MOST = 1_000_000

Effect = Callable[[int], Awaitable[str]]
"""What a number of replicas would lead to, in a few words; it may take its time, and is cancelled by the next one."""

PATIENCE = 0.15
"""Seconds without a key after which it is asked for."""


class Scale(Dialog[int]):
    """A number field and a live line ``3 → 10``; the result is the number."""

    KEYS = "Enter apply · ↑↓ change · Esc cancel"

    def __init__(self, name: str, current: int, effect: Effect | None = None) -> None:
        super().__init__(f"Scale {name}")
        self._current = current
        self._effect = effect

    def body(self) -> ComposeResult:
        """The field and the line under it."""
        yield Input(str(self._current), type="text", compact=True, id="replicas", select_on_focus=True)
        yield Static("", id="effect", markup=False)

    def on_mount(self) -> None:
        """The whole number is selected: typing replaces it."""
        super().on_mount()
        self.query_one("#replicas").focus()

    def wanted(self) -> int | None:
        """The number in the field, None when it is none."""
        text = self.query_one("#replicas", Input).value.strip()
        return int(text) if text.isdecimal() and int(text) <= MOST else None

    @on(Input.Changed)
    def changed(self, event: Input.Changed) -> None:
        """Say what it would do."""
        event.stop()
        wanted = self.wanted()
        line = self.query_one("#effect", Static)
        if wanted is None:
            line.update("")
            self.complain("replicas is a number from 0 on" if event.value else "")
            return
        self.complain("")
        line.update(self.describe(wanted))
        if self._effect is not None and wanted != self._current:
            self.run_worker(self._forecast(wanted), group="forecast", exclusive=True)

    def describe(self, wanted: int) -> str:
        """``3 → 10`` and its effect."""
        if wanted == self._current:
            return f"{wanted} replicas now"
        return f"{self._current} → {wanted}: {difference(self._current, wanted)}"

    async def _forecast(self, wanted: int) -> None:
        await asyncio.sleep(PATIENCE)
        if self._effect is not None:
            effect = await self._effect(wanted)
            self.query_one("#effect", Static).update(f"{self._current} → {wanted}: {effect}")

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Apply."""
        event.stop()
        wanted = self.wanted()
        if wanted is None:
            self.complain("replicas is a number from 0 on")
        else:
            self.dismiss(wanted)

    def on_key(self, event: events.Key) -> None:
        """One more or one less."""
        wanted = self.wanted()
        if event.key in ("up", "down") and wanted is not None:
            event.stop()
            event.prevent_default()
            self.query_one("#replicas", Input).value = str(max(0, wanted + (1 if event.key == "up" else -1)))


def difference(current: int, wanted: int) -> str:
    """How many pods come or go."""
    count = abs(wanted - current)
    pods = "pod" if count == 1 else "pods"
    return f"{count} {pods} more" if wanted > current else f"{count} {pods} less"
