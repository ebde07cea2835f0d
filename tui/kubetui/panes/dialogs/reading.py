"""A long text over the whole screen: the x-ray of all objects of a kind, the forecast, the lanes of the controllers."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from kubetui.model.lanes import Line
from kubetui.panes.dialogs.frame import Dialog
from kubetui.panes.drawer import colours
from kubetui.panes.drawer.text import TextView

Read = Callable[[int], Sequence[Line]]
"""Makes the lines for a width."""


class Reading(Dialog[bool]):
    """Shows lines, anew every ``every`` seconds when that is not 0; Esc and q close it."""

    KEYS = "j k g G move · Esc close"
    WIDTH = "-full"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "cancel", "Close", show=False)]

    def __init__(self, title: str, read: Read, every: float = 0.0) -> None:
        super().__init__(title)
        self._read = read
        self._every = every

    def body(self) -> ComposeResult:
        """The text."""
        yield TextView(id="reading")

    def on_mount(self) -> None:
        """Read, and read again."""
        super().on_mount()
        self.query_one(TextView).focus()
        self.call_after_refresh(self.read)
        if self._every:
            self.set_interval(self._every, self.read)

    def read(self) -> None:
        """Show what is there now."""
        view = self.query_one(TextView)
        lines = self._read(max(view.scrollable_content_region.width - 1, 40))
        view.set_lines([line.text for line in lines], colours.prepared([line.spans for line in lines]))
