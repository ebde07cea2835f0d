"""Dialogs that let one choose from a list by typing a part of a name: namespaces, themes, revisions."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from kubetui.panes.dialogs.frame import Dialog

WIDE = 84
"""The columns of a wide dialog."""
FRAME = 10
"""Columns that border, padding and scroll bar take."""


class Choice(NamedTuple):
    """One thing to choose; ``hint`` stands beside it."""

    name: str
    label: str = ""
    hint: str = ""

    @property
    def title(self) -> str:
        """What is shown."""
        return self.label or self.name


class Picker(Dialog[str]):
    """A list that narrows while one types; the result is the name chosen."""

    KEYS = "type to narrow · Enter choose · Esc cancel"
    WIDTH = "-wide"

    def __init__(
        self, title: str, choices: Sequence[Choice], current: str = "", *, preview: Callable[[str], None] | None = None
    ) -> None:
        super().__init__(title)
        self._choices = choices
        self._current = current
        self._preview = preview
        self._shown: list[Choice] = []

    def body(self) -> ComposeResult:
        """The field and the list."""
        yield Input(placeholder="type a part of the name", compact=True, id="part")
        yield OptionList(id="choices", compact=True, markup=False)

    def on_mount(self) -> None:
        """All choices, the current one highlighted."""
        super().on_mount()
        self.query_one("#choices").can_focus = False
        self._fill("")
        self.query_one("#part").focus()

    def _fill(self, part: str) -> None:
        options = self.query_one("#choices", OptionList)
        self._shown = [choice for choice in self._choices if part.lower() in choice.title.lower()]
        options.clear_options()
        room = max(min(WIDE, self.app.size.width) - FRAME, 20)
        widest = max((len(choice.title) for choice in self._shown), default=0)
        hints = max((len(choice.hint) for choice in self._shown), default=0)
        widest = min(widest, max(room - 4 - hints, room // 2))
        for choice in self._shown:
            sign = "●" if choice.name == self._current else " "
            title = choice.title if len(choice.title) <= widest else f"{choice.title[: widest - 1]}…"
            hint = choice.hint[: max(room - widest - 4, 0)]
            options.add_option(Option(Content(f"{sign} {title:<{widest}}") + Content.styled(f"  {hint}", "dim")))
        names = [choice.name for choice in self._shown]
        if names:
            options.highlighted = names.index(self._current) if self._current in names and not part else 0
        self.complain("" if names else "nothing has that in its name")

    @on(Input.Changed)
    def narrowed(self, event: Input.Changed) -> None:
        """Show what fits."""
        event.stop()
        self._fill(event.value.strip())

    def on_key(self, event: events.Key) -> None:
        """Move in the list while typing goes to the field."""
        options = self.query_one("#choices", OptionList)
        moves: dict[str, Callable[[], None]] = {
            "up": options.action_cursor_up,
            "down": options.action_cursor_down,
            "pageup": options.action_page_up,
            "pagedown": options.action_page_down,
        }
        if event.key in moves:
            event.stop()
            event.prevent_default()
            moves[event.key]()

    @on(OptionList.OptionHighlighted)
    def highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show what it would look like."""
        event.stop()
        if self._preview is not None and event.option_index < len(self._shown):
            self._preview(self._shown[event.option_index].name)

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Take the highlighted one."""
        event.stop()
        at = self.query_one("#choices", OptionList).highlighted
        if at is not None and at < len(self._shown):
            self.dismiss(self._shown[at].name)

    @on(OptionList.OptionSelected)
    def selected(self, event: OptionList.OptionSelected) -> None:
        """A click."""
        event.stop()
        self.dismiss(self._shown[event.option_index].name)


ALL_NAMESPACES = ""


def namespaces(names: Sequence[str], current: str, counts: dict[str, int] | None = None) -> Picker:
    """Chooses a namespace; the result is "" for all of them."""
    known = counts or {}
    choices = [Choice(ALL_NAMESPACES, "all namespaces")]
    for name in sorted(names):
        pods = known.get(name)
        choices.append(Choice(name, hint="" if pods is None else f"{pods} pods"))
    return Picker("Namespace", choices, current)


def themes(names: Sequence[str], current: str, preview: Callable[[str], None]) -> Picker:
    """Chooses a theme; the highlighted one is shown at once. When the result is None, put ``current`` back."""
    return Picker("Theme", [Choice(name) for name in sorted(names)], current, preview=preview)
