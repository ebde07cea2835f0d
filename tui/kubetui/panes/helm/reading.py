"""Reading about one revision of a release: values, where they are from, manifest, hooks and notes, in tabs."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from kubetui.model import yaml_text
from kubetui.model.editing import DiffLine
from kubetui.model.helm.driver import in_thread
from kubetui.model.helm.pages import TABS, Subject, page
from kubetui.model.yaml_text import Span
from kubetui.panes.drawer.search import SearchLine
from kubetui.panes.drawer.strip import TabStrip
from kubetui.panes.drawer.text import TextView
from kubetui.panes.editor import diff_text

STYLES: Final = Path(__file__).parent.parent.parent / "styles" / "helm.tcss"
_KEYS: Final = {"v": "values", "y": "manifest", "d": "notes", "W": "origin"}


class HelmReading(ModalScreen[None]):
    """One revision over the main screen; Esc goes back."""

    CSS_PATH: ClassVar[Path] = STYLES

    def __init__(self, subject: Subject, tab: str) -> None:
        super().__init__()
        self.subject = subject
        self.tab = tab
        self.reveal = False

    def compose(self) -> ComposeResult:
        """The tabs and the text."""
        record = self.subject.record
        with Vertical(classes="helm--page") as box:
            box.border_title = f"{record.namespace}/{record.name}  revision {record.version}"
            box.border_subtitle = "Tab or v y d W page · / search · x show secrets · c copy · Esc back"
            yield TabStrip(id="reading-tabs")
            yield TextView(self._colours, id="reading-text")
            yield SearchLine(id="reading-search", compact=True)

    def on_mount(self) -> None:
        """Show the first page."""
        self.query_one("#reading-text").focus()
        self._show()

    def _show(self) -> None:
        self.query_one("#reading-tabs", TabStrip).show(TABS, self.tab)
        self.run_worker(self._fill(), exclusive=True, group="page")

    async def _fill(self) -> None:
        tab = self.tab
        lines = await in_thread(_page, self.subject, tab, self.reveal)
        if tab == self.tab:
            self.query_one("#reading-text", TextView).set_lines(lines, self._colours)

    def _colours(self, number: int, line: str) -> Sequence[Span]:
        if self.tab == "notes":
            head, colon, _ = line.partition(":")
            return [Span(0, len(head) + 1, "key")] if colon and head.isupper() else []
        if self.tab == "origin":
            return [Span(0, len(line), "heading")] if number == 0 else [Span(0, len(line.partition("  ")[0]), "key")]
        return list(yaml_text.spans(line))

    async def on_key(self, event: events.Key) -> None:
        """Other pages, searching, copying."""
        character = event.character or ""
        if event.key in ("escape", "q"):
            self.dismiss(None)
        elif event.key in ("tab", "shift+tab"):
            names = [name for name, _ in TABS]
            self.tab = names[(names.index(self.tab) + (1 if event.key == "tab" else -1)) % len(names)]
            self._show()
        elif character in _KEYS:
            self.tab = "all" if character == "v" and self.tab == "values" else _KEYS[character]
            self._show()
        elif not self._text_key(character):
            return
        event.stop()
        event.prevent_default()

    def _text_key(self, character: str) -> bool:
        view = self.query_one("#reading-text", TextView)
        if character == "x":
            self.reveal = not self.reveal
            self._show()
        elif character == "/":
            self.query_one(SearchLine).open(view.searching, "search")
        elif character in ("n", "N"):
            view.next_match(1 if character == "n" else -1)
        elif character == "c":
            self.app.copy_to_clipboard("\n".join(view.lines))
            self.app.notify("copied")
        else:
            return False
        return True

    @on(TabStrip.Chosen)
    def _chosen(self, event: TabStrip.Chosen) -> None:
        self.tab = event.tab
        self._show()

    @on(SearchLine.Looking)
    def _looking(self, event: SearchLine.Looking) -> None:
        self.query_one("#reading-text", TextView).search(event.text)

    @on(SearchLine.Left)
    def _left(self) -> None:
        self.query_one("#reading-text").focus()


def _page(subject: Subject, tab: str, reveal: bool) -> list[str]:
    return page(subject, tab, reveal=reveal)


class Hunks(ModalScreen[None]):
    """The difference of one object, or of all; Esc goes back."""

    CSS_PATH: ClassVar[Path] = STYLES

    def __init__(self, title: str, lines: Sequence[DiffLine]) -> None:
        super().__init__()
        self._heading = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        """The text."""
        with Vertical(classes="helm--page") as box:
            box.border_title = self._heading
            box.border_subtitle = "Esc back"
            yield TextView(self._colours, id="hunks")

    def on_mount(self) -> None:
        """Fill in."""
        view = self.query_one("#hunks", TextView)
        view.set_lines([diff_text(line) for line in self._lines] or ["no difference"])
        view.focus()

    def _colours(self, number: int, text: str) -> list[Span]:
        kind = self._lines[number].kind if number < len(self._lines) else "same"
        return [] if kind == "same" else [Span(0, len(text), kind)]

    def on_key(self, event: events.Key) -> None:
        """Back."""
        if event.key in ("escape", "q", "enter"):
            event.stop()
            event.prevent_default()
            self.dismiss(None)
