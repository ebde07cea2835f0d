"""The three columns of a preview: the values' difference, the objects of the manifest, the predicted rollout."""

import textwrap
from collections.abc import Sequence
from typing import Final

from textual import events
from textual.message import Message

from kubetui.model.editing import DiffLine
from kubetui.model.helm.manifests import Change
from kubetui.model.helm.prediction import Told
from kubetui.model.yaml_text import Span
from kubetui.panes.drawer.text import TextView
from kubetui.panes.editor import diff_text

_SIGN_KINDS: Final = {"+": "added", "-": "removed", "~": "warn", "=": "faint"}


class ValuesColumn(TextView):
    """The lines of the values that come and go."""

    def __init__(self) -> None:
        super().__init__(self._colours, id="column-values")
        self.add_class("helm--column")
        self.border_title = "values diff"
        self._diff: Sequence[DiffLine] = ()

    def show(self, diff: Sequence[DiffLine], empty: str) -> None:
        """Show a difference, or what there is to say without one."""
        self._diff = diff
        added = sum(line.kind == "added" for line in diff)
        removed = sum(line.kind == "removed" for line in diff)
        self.border_title = f"values diff  +{added} −{removed}"
        self.set_lines([diff_text(line) for line in diff] or [empty])

    def _colours(self, number: int, text: str) -> list[Span]:
        if number >= len(self._diff):
            return [Span(0, len(text), "faint")]
        kind = self._diff[number].kind
        return [] if kind == "same" else [Span(0, len(text), kind)]


class ManifestColumn(TextView):
    """The objects with what becomes of each; Enter opens the difference of the one under the cursor."""

    class Opened(Message):
        """The person wants to see the difference of an object."""

        def __init__(self, change: Change) -> None:
            super().__init__()
            self.change = change

    def __init__(self) -> None:
        super().__init__(self._colours, id="column-manifest")
        self.add_class("helm--column")
        self.border_title = "manifest diff"
        self.changes: Sequence[Change] = ()
        self.cursor = 0

    def show(self, changes: Sequence[Change]) -> None:
        """Show what becomes of the objects."""
        self.changes = changes
        self.cursor = 0
        self.border_title = f"manifest diff  {len(changes)} objects"
        self.border_subtitle = "Enter open · D all"
        self._write("the chart makes no objects")

    def on_resize(self) -> None:
        """The line under the cursor is as wide as the column."""
        super().on_resize()
        self._write()

    def _write(self, empty: str = "") -> None:
        names = max((len(change.short) for change in self.changes), default=0)
        width = self.scrollable_content_region.width
        lines = [f"{change.sign} {change.short:<{names}} {change.what}".ljust(width) for change in self.changes]
        if lines or empty:
            self.set_lines(lines or [empty])

    def _colours(self, number: int, text: str) -> list[Span]:
        if number >= len(self.changes):
            return [Span(0, len(text), "faint")]
        spans = [Span(0, len(text), _SIGN_KINDS[self.changes[number].sign])]
        return [*spans, Span(0, len(text), "cursor")] if number == self.cursor and self.has_focus else spans

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    on_blur = on_focus

    def on_key(self, event: events.Key) -> None:
        """Move the cursor, open."""
        moves = {"j": 1, "down": 1, "k": -1, "up": -1}
        if event.key in moves and self.changes:
            self.cursor = max(0, min(self.cursor + moves[event.key], len(self.changes) - 1))
            height = self.scrollable_content_region.height
            if not self.scroll_y <= self.cursor < self.scroll_y + height:
                self.scroll_to(y=max(0, self.cursor - height // 2), animate=False)
            self.refresh()
        elif event.key == "enter" and self.changes:
            self.post_message(self.Opened(self.changes[self.cursor]))
        else:
            super().on_key(event)
            return
        event.stop()
        event.prevent_default()


class PredictionColumn(TextView):
    """What happened when the change was tried; long lines go on below, under their text."""

    def __init__(self) -> None:
        super().__init__(self._colours, id="column-prediction")
        self.add_class("helm--column")
        self.border_title = "predicted in a fork"
        self._told: Sequence[Told] = ()
        self._tones: list[str] = []

    def show(self, told: Sequence[Told]) -> None:
        """Show a prediction."""
        self._told = told
        self._write()

    def on_resize(self) -> None:
        """Other breaks."""
        super().on_resize()
        self._write()

    def _write(self) -> None:
        width = max(self.scrollable_content_region.width, 20)
        lines: list[str] = []
        self._tones = []
        for line in self._told:
            lead = line.text[: len(line.text) - len(line.text.lstrip())]
            indent = " " * min(line.indent, width // 2)
            parts = textwrap.wrap(
                line.text.lstrip(), width, initial_indent=lead, subsequent_indent=indent, break_on_hyphens=False
            )
            parts = parts or [""]
            lines += parts
            self._tones += [line.tone] * len(parts)
        self.set_lines(lines)

    def _colours(self, number: int, text: str) -> list[Span]:
        kind = self._tones[number] if number < len(self._tones) else "text"
        return [] if kind == "text" else [Span(0, len(text), kind)]
