"""All keys of a view in two columns, generated from the registry of actions."""

import re
import textwrap
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from kubetui.keys import Action
from kubetui.panes.dialogs.frame import Dialog

KEY_WIDTH = 11
TWO_COLUMNS = 100
"""A narrower screen shows all groups one under the other."""

_COMMAND = re.compile(r" :[a-z]+\n$")


class Help(Dialog[bool]):
    """Actions by group; ``?``, ``q`` and Esc close it."""

    TITLE_TEXT = "Help"
    KEYS = "↑↓ scroll · Esc close"
    WIDTH = "-full"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,question_mark,enter", "cancel", "Close", show=False)]

    def __init__(
        self, title: str, actions: Sequence[Action], extra: Sequence[tuple[str, Sequence[tuple[str, str]]]] = ()
    ) -> None:
        super().__init__(title)
        self._groups = [*grouped(actions), *extra]

    def body(self) -> ComposeResult:
        """Two columns, as even as the groups allow."""
        with VerticalScroll(id="help"), Horizontal(id="help-columns"):
            yield Static(id="help-left", classes="help--column")
            yield Static(id="help-right", classes="help--column")

    def on_mount(self) -> None:
        """Scroll with the keys."""
        super().on_mount()
        self.query_one("#help").focus()

    def on_resize(self) -> None:
        """The width of the screen decides where the texts break."""
        self.query_one("#help-columns").set_class(self.size.width < TWO_COLUMNS, "-narrow")
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        for name, groups in zip(("#help-left", "#help-right"), balanced(self._groups), strict=True):
            column = self.query_one(name, Static)
            column.update(rendered(groups, column.content_region.width))


Group = tuple[str, Sequence[tuple[str, str]]]


def grouped(actions: Sequence[Action]) -> list[Group]:
    """The actions by group, each as (keys, help); commands stand where there are no keys."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for action in actions:
        keys = " ".join(action.keys) or (f":{action.command}" if action.command else "")
        command = f"  :{action.command}" if action.command and action.keys else ""
        if keys:
            groups.setdefault(action.group, []).append((keys, f"{action.help}{command}"))
    return list(groups.items())


def balanced(groups: Sequence[Group]) -> tuple[list[Group], list[Group]]:
    """The groups in two columns, in their order."""
    heights = [len(rows) + 2 for _, rows in groups]
    total, so_far = sum(heights), 0
    for at, height in enumerate(heights):
        if so_far + height / 2 >= total / 2:
            return list(groups[:at]), list(groups[at:])
        so_far += height
    return list(groups), []


def rendered(groups: Sequence[Group], width: int) -> Content:
    """One column; texts that are too long go on under their own beginning."""
    parts: list[Content] = []
    room = max(16, width - KEY_WIDTH - 3)
    for title, rows in groups:
        parts.append(Content.styled(f"{title}\n", "bold $accent"))
        for keys, text in rows:
            first, *rest = textwrap.wrap(text, room) or [""]
            parts.append(Content.styled(f" {keys:<{KEY_WIDTH}}", "$text-primary"))
            parts.append(_dimmed(f" {first}\n"))
            parts.extend(_dimmed(f"{' ' * (KEY_WIDTH + 2)}{line}\n") for line in rest)
        parts.append(Content("\n"))
    return Content.assemble(*parts)


def _dimmed(line: str) -> Content:
    """A line whose ``:command`` is less bright than the rest."""
    found = _COMMAND.search(line)
    if found is None:
        return Content(line)
    return Content(line[: found.start()]) + Content.styled(line[found.start() :], "dim")
