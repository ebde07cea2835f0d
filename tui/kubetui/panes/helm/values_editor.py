"""The editor of a release's values: YAML in colours, and what the chart's schema says in the gutter at its line."""

import asyncio
import os
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final

from rich.segment import Segment
from textual import on
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Static, TextArea

from kubesim.helm.chart.chart import Chart
from kubetui.model.editing import Problem
from kubetui.model.helm import checking
from kubetui.model.helm.driver import in_thread
from kubetui.panes.drawer.text import blended
from kubetui.panes.editor import YamlArea
from kubetui.panes.helm.reading import STYLES

PAUSE: Final = 0.25
"""Seconds without a key after which the values are checked."""
SHOWN: Final = 6
"""Problems that are written out; the others have their flag in the gutter."""


class FlaggedArea(YamlArea):
    """A text area with a flag in the gutter of every line that something is wrong with."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"flag"}

    def __init__(self, text: str, *, id: str) -> None:  # noqa: A002 - as every Textual widget
        super().__init__(text, id=id, show_line_numbers=True, tab_behavior="indent", soft_wrap=False, compact=True)
        self.flags: Mapping[int, str] = {}

    def flag(self, problems: Sequence[Problem]) -> None:
        """Flag the lines of these problems."""
        self.flags = {problem.line: problem.message for problem in problems if problem.line}
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """A line; its number stands out when something is wrong with it."""
        strip = super().render_line(y)
        number = y + int(self.scroll_offset.y) + 1
        width = self.gutter_width
        if number not in self.flags or width < 3:
            return strip
        sign = f"{number:>{width - 2}}! "
        return Strip.join([Strip([Segment(sign, blended(self, "flag"))]), strip.crop(width)])


class ValuesEditor(ModalScreen[str | None]):
    """Edits values; the result is the text once it fits the chart, None when nothing shall happen."""

    CSS_PATH: ClassVar[Path] = STYLES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Show what it changes", priority=True),
        Binding("ctrl+o", "external", "Edit in $EDITOR", priority=True),
        Binding("escape", "leave", "Leave", priority=True),
    ]

    def __init__(self, title: str, text: str, chart: Chart, before: str | None = None) -> None:
        super().__init__()
        self._heading = title
        self._chart = chart
        self._text = text
        self._before = text if before is None else before
        self._leaving = False

    def compose(self) -> ComposeResult:
        """The text and what is wrong with it."""
        with Vertical(classes="helm--page") as box:
            box.border_title = self._heading
            box.border_subtitle = "Ctrl-S show what it changes · Ctrl-O $EDITOR · Esc leave"
            yield FlaggedArea(self._text, id="values-text")
            yield Static("", id="values-problems", markup=False)

    def on_mount(self) -> None:
        """Ready to type."""
        self.area.focus()
        self.run_worker(self._check(0.0), exclusive=True, group="check")

    @property
    def area(self) -> FlaggedArea:
        """The text area."""
        return self.query_one("#values-text", FlaggedArea)

    def show(self, problems: Sequence[Problem], fine: str = "") -> None:
        """Flag what is wrong and write it out."""
        self.area.flag(problems)
        line = self.query_one("#values-problems", Static)
        texts = [problem.text for problem in problems[:SHOWN]]
        if len(problems) > SHOWN:
            texts.append(f"… and {len(problems) - SHOWN} more")
        line.set_class(not problems, "-good")
        line.update("\n".join(texts) or fine)

    @on(TextArea.Changed)
    def changed(self, event: TextArea.Changed) -> None:
        """Check when the typing pauses."""
        event.stop()
        self._leaving = False
        self.run_worker(self._check(PAUSE), exclusive=True, group="check")

    async def _check(self, pause: float) -> list[Problem]:
        await asyncio.sleep(pause)
        text = self.area.text
        found = await in_thread(checking.problems, text, self._chart)
        schema = "the values fit the schema" if self._chart.schema is not None else "the chart has no schema"
        if text == self.area.text:
            self.show(found, fine=schema)
        return found

    # ------------------------------------------------------------------ the keys
    def action_leave(self) -> None:
        """Leave; with changes only when asked twice."""
        if self.area.text != self._before and not self._leaving:
            self._leaving = True
            self.show([Problem("there are changes: Esc again drops them, Ctrl-S shows what they change")])
        else:
            self.dismiss(None)

    async def action_save(self) -> None:
        """Check once more, then go on to the preview."""
        found = await self._check(0.0)
        if not found:
            self.dismiss(self.area.text)
            return
        placed = next((problem for problem in found if problem.line), None)
        if placed is not None:
            row = min(placed.line, self.area.document.line_count) - 1
            self.area.move_cursor((row, max(0, placed.column - 1)), center=True)

    async def action_external(self) -> None:
        """Edit the text in the program that VISUAL or EDITOR names."""
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
        if not editor:
            self.show([Problem("EDITOR is not set; this editor will do")])
            return
        with tempfile.TemporaryDirectory(prefix="kubetui-") as folder:
            file = Path(folder) / "values.yaml"
            file.write_text(self.area.text, encoding="utf-8")
            try:
                with self.app.suspend():
                    process = await asyncio.create_subprocess_exec(*shlex.split(editor), str(file))
                    await process.wait()
                self.area.load_text(file.read_text(encoding="utf-8"))
            except (OSError, ValueError, SuspendNotSupported) as error:
                self.show([Problem(f"{editor}: {error}")])
