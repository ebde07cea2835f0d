"""What is typed into a program that reads its stdin, and how it goes on with that: it is run again with all of it."""

from typing import TYPE_CHECKING

from kubesim.kubelet.runtime import ERROR, Ended
from kubesim.kubelet.simruntime import sh, shell
from kubesim.kubelet.simruntime.machine import Stdin
from kubesim.kubelet.simruntime.program import SHELLS, Program
from kubesim.kubelet.simruntime.timeline import OUT, Event, Timeline

if TYPE_CHECKING:
    from kubesim.kubelet.simruntime.process import SimProcess

ENTER, BACKSPACE, INTERRUPT, END, ESCAPE = "\r\n", "\x7f\b", "\x03", "\x04", "\x1b"
INTERRUPTED = 130


class Conversation:
    """Takes input for a process. Times are milliseconds since 1970."""

    __slots__ = ("_begun", "_blocked", "_done", "_escape", "_process", "_typed")

    def __init__(self, process: "SimProcess") -> None:
        timeline = process.program.timeline
        self._process = process
        self._done = len(timeline.events)
        """How many events of the program have been taken over."""
        self._blocked = timeline.reads_ms or 0
        """When a run without waiting would stop for input, since its start."""
        self._begun = self._blocked
        """When this run did so, since its start."""
        self._typed = ""
        """The line on the terminal that is not ended."""
        self._escape = False

    @property
    def is_open(self) -> bool:
        """Whether the program may still read something."""
        return self._process.program.timeline.reads_ms is not None

    def hear(self, text: str, now: int) -> None:
        """Input has come."""
        stdin = self._stdin()
        if stdin is None:
            return
        if not stdin.tty:
            self._go_on(stdin._replace(text=stdin.text + text), now)
            return
        for key in text:
            self._press(key, now)

    def hang_up(self, now: int) -> None:
        """There will be no more input."""
        stdin = self._stdin()
        if stdin is not None:
            self._go_on(stdin._replace(more=False), now)

    def _stdin(self) -> Stdin | None:
        process = self._process
        around = process.program.around
        if around is None or around.stdin is None or not around.stdin.more or process.stopped_ms is not None:
            return None
        return around.stdin if self.is_open else None

    # ------------------------------------------------------------------ a terminal
    def _press(self, key: str, now: int) -> None:
        if self._escape:
            # The end of an escape sequence is a letter or a tilde.
            self._escape = not (key.isalpha() or key == "~")
        elif key == ESCAPE:
            self._escape = True
        elif key in ENTER:
            self._echo("\n", now)
            self._enter("\n", now)
        elif key in BACKSPACE:
            if self._typed:
                self._typed = self._typed[:-1]
                self._echo("\b \b", now)
        elif key == INTERRUPT:
            self._interrupt(now)
        elif key == END:
            if self._typed:
                self._enter("", now)
            else:
                self.hang_up(now)
        elif key >= " ":
            self._typed += key
            self._echo(key, now)

    def _enter(self, end: str, now: int) -> None:
        line, self._typed = self._typed + end, ""
        stdin = self._stdin()
        if stdin is not None:
            self._go_on(stdin._replace(text=stdin.text + line), now)

    def _interrupt(self, now: int) -> None:
        process, self._typed = self._process, ""
        self._echo("^C\n", now)
        if process.program.argv[:1] and process.program.argv[0] in SHELLS and len(process.program.argv) == 1:
            # What the shell is running ends here.
            age = now - process.started_ms
            timeline = process.program.timeline
            kept = tuple(event for event in timeline.events if event.at_ms <= age)
            process.program.timeline = timeline._replace(events=kept, loop=None)
            self._begun = min(self._begun, age)
            self._typed = INTERRUPT
            self._enter("\n", now)
        else:
            process.ends = Ended(now, INTERRUPTED, ERROR)

    def _echo(self, text: str, now: int) -> None:
        program = self._process.program
        event = Event(now - self._process.started_ms, OUT, "", text)
        program.timeline = program.timeline._replace(events=_in_order(program.timeline, (event,)))

    # ------------------------------------------------------------------ the program
    def _go_on(self, stdin: Stdin, now: int) -> None:
        process = self._process
        program, started = process.program, process.started_ms
        if program.around is None:
            return
        around = program.around._replace(stdin=stdin)
        fresh = sh.interpret(shell.literal(program.argv), around)
        shift = max(now - started, self._begun) - self._blocked
        added = tuple(event._replace(at_ms=event.at_ms + shift) for event in fresh.events[self._done :])
        loop = fresh.loop
        merged = fresh._replace(
            events=_in_order(program.timeline, added),
            end_ms=_later(fresh.end_ms, shift),
            serves_ms=_later(fresh.serves_ms, shift),
            reads_ms=_later(fresh.reads_ms, shift),
            loop=None if loop is None else loop._replace(begin_ms=loop.begin_ms + shift),
        )
        self._done = len(fresh.events)
        self._blocked = fresh.reads_ms or 0
        self._begun = self._blocked + shift
        process.program = Program(program.profile, merged, program.argv, program.asked)
        process.program.around = around
        process.ends = process.program.describe_end(started)


def _later(at_ms: int | None, shift: int) -> int | None:
    return None if at_ms is None else at_ms + shift


def _at(event: Event) -> int:
    return event.at_ms


def _in_order(timeline: Timeline, added: tuple[Event, ...]) -> tuple[Event, ...]:
    before = timeline.events
    if not before or not added or before[-1].at_ms <= added[0].at_ms:
        return before + added
    return tuple(sorted((*before, *added), key=_at))
