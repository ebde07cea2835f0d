"""A shell in a container, in a pane: a line at a time, with the container's answers above it."""

from collections.abc import Awaitable, Callable
from typing import ClassVar, NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from kubetui.panes.dialogs.frame import Dialog
from kubetui.panes.drawer.text import TextView

KEPT = 5_000


class Answer(NamedTuple):
    """What a command gave."""

    code: int
    output: str


Run = Callable[[str], Awaitable[Answer]]
"""Runs one line of shell; says in the output why it could not."""

_WHERE = "kubetui-where:"


class Shell(Dialog[bool]):
    """Commands run one after the other in the simulated shell; the directory is kept from line to line."""

    KEYS = "Enter run · ↑↓ history · Ctrl-L clear · Ctrl-D, exit or Esc leaves"
    WIDTH = "-full"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+d", "cancel", "Leave", show=False, priority=True),
        Binding("ctrl+l", "clear", "Clear", show=False, priority=True),
    ]

    def __init__(self, title: str, run: Run) -> None:
        super().__init__(title)
        self._run = run
        self._directory = ""
        self._typed: list[str] = []
        self._at = 0

    def body(self) -> ComposeResult:
        """The answers and the line."""
        yield TextView(id="reading")
        yield Input(compact=True, id="shell-line", placeholder="a command: ls /, env, cat /etc/hosts, wget -qO- web")

    def on_mount(self) -> None:
        """Look where the shell begins."""
        super().on_mount()
        self.query_one(Input).focus()
        self.run_worker(self._begin(), group="shell")

    async def _begin(self) -> None:
        view = self.query_one(TextView)
        view.follow = view.wrap = True
        answer = await self._run(f"echo {_WHERE}$(pwd)")
        self._directory = answer.output.rpartition(_WHERE)[2].strip() if _WHERE in answer.output else ""
        if answer.code:
            view.append_lines(answer.output.splitlines(), KEPT)

    @on(Input.Submitted)
    async def entered(self, event: Input.Submitted) -> None:
        """Run the line."""
        event.stop()
        line = event.value.strip()
        event.input.value = ""
        if line in {"exit", "logout"}:
            self.dismiss(True)
            return
        if not line:
            return
        self._typed = [*(each for each in self._typed if each != line), line]
        self._at = len(self._typed)
        view = self.query_one(TextView)
        view.append_lines([f"{self._directory or '~'} # {line}"], KEPT)
        answer = await self.answer(line)
        if answer.output:
            view.append_lines(answer.output.rstrip("\n").split("\n"), KEPT)

    async def answer(self, line: str) -> Answer:
        """Run a line where the last one ended."""
        before = f"cd {self._directory} && " if self._directory else ""
        found = await self._run(f"{before}{line}\nkubetui_code=$?; echo {_WHERE}$(pwd); exit $kubetui_code")
        output, marker, where = found.output.rpartition(_WHERE)
        if not marker:
            return found
        self._directory = where.strip() or self._directory
        return Answer(found.code, output)

    def action_clear(self) -> None:
        """Forget the answers."""
        self.query_one(TextView).set_lines(())

    def on_key(self, event: events.Key) -> None:
        """The arrows go through what was typed."""
        if event.key in {"up", "down"} and self._typed:
            event.stop()
            event.prevent_default()
            self._at = min(max(self._at + (-1 if event.key == "up" else 1), 0), len(self._typed))
            line = self.query_one(Input)
            line.value = self._typed[self._at] if self._at < len(self._typed) else ""
            line.cursor_position = len(line.value)
