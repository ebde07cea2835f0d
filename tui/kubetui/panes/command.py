"""The line for ``:commands`` and ``/filters``: completes as it is typed, remembers what was typed before."""

from collections.abc import Callable, Sequence

from textual import events
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

COMMAND = ":"
FILTER = "/"
REMEMBERED = 100


class _Completions(Suggester):
    """Offers the first completion of the word that is being typed."""

    def __init__(self, complete: Callable[[str], Sequence[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        """The whole line with its last word completed."""
        if not value or not value.startswith(COMMAND):
            return None
        before, space, word = value.removeprefix(COMMAND).rpartition(" ")
        found = next((one for one in self._complete(value.removeprefix(COMMAND)) if one.startswith(word)), None)
        return f"{COMMAND}{before}{space}{found}" if found is not None and word else None


class CommandLine(Input, inherit_bindings=True):
    """Hidden until it is asked for. The first character says what is typed: a command or a filter."""

    class Filtered(Message):
        """The filter as it stands, after every letter."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Entered(Message):
        """A command was entered."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """The line is hidden again; a filter that was being typed stays unless ``cancelled``."""

        def __init__(self, mode: str, *, cancelled: bool) -> None:
            super().__init__()
            self.mode = mode
            self.cancelled = cancelled

    def __init__(self, complete: Callable[[str], Sequence[str]]) -> None:
        super().__init__(id="command", suggester=_Completions(complete), select_on_focus=False, compact=True)
        self.display = False
        self.latest: events.Key | None = None
        self._history: list[str] = []
        self._at = 0
        self._complete = complete

    @property
    def mode(self) -> str:
        """What is being typed."""
        return FILTER if self.value.startswith(FILTER) else COMMAND

    def missed(self, event: events.Key) -> bool:
        """Whether a key is meant for this line, and has not come to it."""
        return self.display and event is not self.latest

    def open(self, mode: str, text: str = "") -> None:
        """Show the line and take the keys."""
        self.display = True
        self.value = mode + text
        self.cursor_position = len(self.value)
        self._at = len(self._history)
        self.focus()

    def _leave(self, *, cancelled: bool) -> None:
        mode = self.mode
        self.display = False
        if mode == FILTER and not cancelled:
            # The words about its latest letters may still be on their way.
            self.post_message(self.Filtered(self.value[1:]))
        self.post_message(self.Closed(mode, cancelled=cancelled))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed; close when even the first character is erased."""
        event.stop()
        if not self.display:
            return
        if not self.value:
            self._leave(cancelled=True)
        elif self.mode == FILTER:
            self.post_message(self.Filtered(self.value[1:]))

    def _submit(self) -> None:
        text = self.value
        if len(text) > 1:
            self._history = [*[line for line in self._history if line != text][-REMEMBERED:], text]
        self._leave(cancelled=False)
        if text.startswith(COMMAND) and len(text) > 1:
            self.post_message(self.Entered(text))

    def on_key(self, event: events.Key) -> None:
        """Enter and Esc leave, at once; Tab completes; the arrows go through what was entered before."""
        self.latest = event
        if not self.display:
            # The line has been left, the focus is still on its way to the table: the key is not for this line.
            event.prevent_default()
            return
        if event.key == "enter":
            self._submit()
        elif event.key == "escape":
            self._leave(cancelled=True)
        elif event.key == "tab":
            self.action_cursor_right()
        elif event.key in {"up", "down"}:
            self._recall(-1 if event.key == "up" else 1)
        else:
            return
        event.stop()
        event.prevent_default()

    def _recall(self, delta: int) -> None:
        same = [line for line in self._history if line.startswith(self.mode)]
        position = min(max(min(self._at, len(same)) + delta, 0), len(same))
        self._at = position
        self.value = same[position] if position < len(same) else self.mode
        self.cursor_position = len(self.value)
