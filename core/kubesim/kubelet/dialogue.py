"""A client's end of a container whose program reads its stdin: what it types, and what the program answers."""

from kubesim.kubelet.record import RUNNING, Container
from kubesim.kubelet.simruntime.conversation import Conversation
from kubesim.kubelet.simruntime.timeline import OUT, Timeline, dated, last_events
from kubesim.kubelet.worker import PodWorker

ROUNDS = 50
"""How many rounds of an endless loop are looked at."""


class Reader:
    """Reads what a program writes from where it was left."""

    def __init__(self) -> None:
        self._last, self._at_last = -1, 0

    def read(self, timeline: Timeline, until_ms: int, started: int) -> list[tuple[str, str]]:
        """What was written since the last call, up to ``until_ms`` after the start: stream ("" or ERRORS) and text."""
        events = [event for event in last_events(timeline, until_ms, ROUNDS) if event.kind == OUT]
        same = [event for event in events if event.at_ms == self._last]
        fresh = same[self._at_last :] + [event for event in events if event.at_ms > self._last]
        if fresh:
            self._last = fresh[-1].at_ms
            self._at_last = sum(1 for event in events if event.at_ms == self._last)
        return [(event.name, dated(event.text, started + event.at_ms)) for event in fresh]


class Dialogue:
    """One client that is attached to a container."""

    def __init__(self, worker: PodWorker, container: Container, conversation: Conversation) -> None:
        self._worker = worker
        self._process = container.process
        self._conversation = conversation
        asked = container.plan.tree
        self.is_once = bool(asked.get("stdinOnce")) and not asked.get("tty")
        """Whether the program's stdin ends with the client's; else only the client's time here does."""
        self._reader = Reader()
        self._first: list[tuple[str, str]] = []
        """The line that is not ended: the log does not have it yet."""
        said = self.output()
        line = "".join(text for _, text in said).rpartition("\n")[2]
        self._first = [("", line)] if line else []

    def hear(self, data: bytes) -> None:
        """The client has sent this."""
        self._conversation.hear(data.decode("utf-8", "surrogateescape"), self._worker.agent.loop.now)
        self._worker.poke()

    def hang_up(self) -> None:
        """The client sends no more."""
        if self.is_once:
            self._conversation.hang_up(self._worker.agent.loop.now)
            self._worker.poke()

    def output(self) -> list[tuple[str, str]]:
        """What was written since the last call: stream ("" or timeline.ERRORS) and text."""
        process = self._process
        if process is None:
            return []
        now, started = self._worker.agent.loop.now, process.started_ms
        until = (now if process.ends is None else min(now, process.ends.at_ms)) - started
        before, self._first = self._first, []
        return before + self._reader.read(process.program.timeline, until, started)

    @property
    def is_over(self) -> bool:
        """Whether the program has ended."""
        process = self._process
        return process is None or (process.ends is not None and process.ends.at_ms <= self._worker.agent.loop.now)


def attach(worker: PodWorker | None, name: str) -> Dialogue | None:
    """A dialogue with a container, the first one without a name; None when its program reads nothing."""
    for container in worker.containers if worker is not None else ():
        if container.plan.name == name or (not name and container.plan.kind == "app"):
            process = container.process
            if worker is None or process is None or container.state != RUNNING or not container.plan.asked.stdin:
                return None
            if process.conversation is None and process.program.timeline.reads_ms is not None:
                process.conversation = Conversation(process)
            return None if process.conversation is None else Dialogue(worker, container, process.conversation)
    return None
