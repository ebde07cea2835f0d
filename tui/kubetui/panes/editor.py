"""The built-in editor: YAML, then the difference, then apply; what is wrong is shown with its line."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from kubesim.objects.wire import Key, Request, Response, Tree
from kubetui.model import editing, yaml_text
from kubetui.model.editing import DiffLine, EditError, Problem
from kubetui.model.flows.objects import check_edited
from kubetui.model.flows.steps import named
from kubetui.model.yaml_text import Span
from kubetui.panes.drawer.text import TextView, blended

YAML_KINDS = ("key", "string", "number", "literal", "punctuation", "comment")

Send = Callable[[Request], Awaitable[Response]]


class YamlArea(TextArea):
    """A text area that colours YAML line by line."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"yaml--{kind}" for kind in YAML_KINDS}

    def get_line(self, line_index: int) -> Text:
        """A line with its colours."""
        line = super().get_line(line_index)
        for span in yaml_text.spans(line.plain):
            line.stylize(blended(self, f"yaml--{span.kind}"), span.start, span.end)
        return line


class Editor(ModalScreen[Tree | None]):
    """Edits one object; the result is the edited object once its difference was accepted, None without a change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "check", "Check and show the difference", priority=True),
        Binding("escape", "leave", "Leave", priority=True),
    ]

    def __init__(self, key: Key, obj: Tree, send: Send, *, reveal: bool = False) -> None:
        super().__init__()
        self.key = key
        self.original = obj
        self._send = send
        self.before = editing.editable(obj, reveal=reveal)
        self._leaving = False

    def compose(self) -> ComposeResult:
        """The text and what is wrong with it."""
        with Vertical(classes="editor") as box:
            box.border_title = f"Edit {named(self.key.gvr, self.key.name)}"
            box.border_subtitle = "Ctrl-S check and show the difference · Esc leave"
            yield YamlArea(
                self.before,
                id="editor-text",
                show_line_numbers=True,
                tab_behavior="indent",
                soft_wrap=False,
                compact=True,
            )
            yield Static("", id="editor-problems", markup=False)

    def on_mount(self) -> None:
        """Ready to type."""
        self.show([])
        self.query_one("#editor-text").focus()

    def show(self, problems: Sequence[Problem]) -> None:
        """Show what is wrong, and put the cursor on the first of it."""
        line = self.query_one("#editor-problems", Static)
        line.update("\n".join(problem.text for problem in problems))
        line.display = bool(problems)
        if problems and problems[0].line:
            text = self.query_one("#editor-text", TextArea)
            row = min(problems[0].line, text.document.line_count) - 1
            text.move_cursor((row, max(0, problems[0].column - 1)), center=True)

    @on(TextArea.Changed)
    def changed(self, event: TextArea.Changed) -> None:
        """The message about unsaved changes is out of date."""
        event.stop()
        self._leaving = False

    def action_leave(self) -> None:
        """Leave; with changes only when asked twice."""
        changed = self.query_one("#editor-text", TextArea).text != self.before
        if changed and not self._leaving:
            self._leaving = True
            self.show([Problem("there are changes: Esc again drops them, Ctrl-S checks them")])
        else:
            self.dismiss(None)

    async def action_check(self) -> None:
        """Read the text, ask the server, and show the difference."""
        text = self.query_one("#editor-text", TextArea).text
        if text == self.before:
            self.show([Problem("Edit cancelled, no changes made.")])
            return
        try:
            edited = editing.restore(editing.parse(text), self.original)
        except EditError as error:
            self.show([Problem(error.message, error.line, error.column)])
            return
        response = await self._send(check_edited(self.key, edited))
        # A conflict only says that the object has moved on; applying carries the edit over.
        found = [] if response.code == 409 else editing.problems(response, text)
        self.show(found)
        if not found:
            lines = editing.diff(self.before, text)
            self.app.push_screen(Difference(self.key, lines, response.warnings), lambda yes: self._decided(edited, yes))

    def _decided(self, edited: Tree, yes: bool | None) -> None:
        if yes:
            self.dismiss(edited)


class Difference(ModalScreen[bool | None]):
    """Shows what an edit changes; Enter applies it, Esc goes back to the text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "accept", "Apply", priority=True),
        Binding("escape,q", "cancel", "Back", priority=True),
    ]

    def __init__(self, key: Key, lines: Sequence[DiffLine], warnings: Sequence[str] = ()) -> None:
        super().__init__()
        self._key = key
        self._lines = lines
        self._warnings = warnings

    def compose(self) -> ComposeResult:
        """The difference, coloured."""
        added, removed = editing.counts(list(self._lines))
        with Vertical(classes="editor") as box:
            box.border_title = f"Change {named(self._key.gvr, self._key.name)}  +{added} −{removed}"
            box.border_subtitle = "Enter apply · Esc back to the text"
            if self._warnings:
                text = "\n".join(f"Warning: {each}" for each in self._warnings)
                yield Static(text, classes="dialog--warning", markup=False)
            yield TextView(self._colours, id="difference")

    def on_mount(self) -> None:
        """Fill in."""
        view = self.query_one("#difference", TextView)
        view.set_lines([diff_text(line) for line in self._lines])
        view.focus()

    def _colours(self, number: int, text: str) -> list[Span]:
        kind = self._lines[number].kind
        return [] if kind == "same" else [Span(0, len(text), kind)]

    def action_accept(self) -> None:
        """Apply."""
        self.dismiss(True)

    def action_cancel(self) -> None:
        """Back."""
        self.dismiss(None)


def diff_text(line: DiffLine) -> str:
    """A line of a difference with its sign and its number."""
    if line.kind == "hunk":
        return line.text
    sign = {"added": "+", "removed": "-"}.get(line.kind, " ")
    return f"{line.new or line.old:>5} {sign} {line.text}"
