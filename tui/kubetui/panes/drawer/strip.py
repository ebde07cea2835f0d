"""The row of tabs on top of the drawer."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from kubetui.panes.drawer.text import blended


class TabStrip(Widget):
    """Titles in a row, one of them current; a click chooses another."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"strip--current", "strip--other"}

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, tab: str) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._tabs: Sequence[tuple[str, str]] = ()
        self._current = ""

    def show(self, tabs: Sequence[tuple[str, str]], current: str) -> None:
        """Show tabs as (name, title)."""
        self._tabs, self._current = tabs, current
        self.refresh()

    def render(self) -> Text:
        """The row; the current tab also stands in brackets, for screens without colours."""
        text = Text(no_wrap=True, overflow="ellipsis")
        for name, title in self._tabs:
            current = name == self._current
            style = blended(self, "strip--current" if current else "strip--other")
            text.append(f"[{title}]" if current else f" {title} ", style)
        return text

    def on_click(self, event: events.Click) -> None:
        """Choose the tab under the pointer."""
        at = 0
        for name, title in self._tabs:
            at += len(title) + 2
            if event.x < at:
                self.post_message(self.Chosen(name))
                return
