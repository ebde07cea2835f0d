"""Logs of pods and workloads: follows containers in the cluster's time, merges, filters and colours their lines."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from kubesim.objects import times, tree
from kubesim.objects.wire import PODS, Key, Request, Tree
from kubetui.client.port import ClusterClient, LogCursor
from kubetui.model.describe.metadata import selector
from kubetui.model.yaml_text import Span
from kubetui.panes.drawer.actions import RANGES
from kubetui.panes.drawer.finder import pattern
from kubetui.panes.drawer.text import TextView

KEPT_LINES = 10_000
MARK = "─"
STREAM_COLOURS = 6


class Stream(NamedTuple):
    """One container whose log is followed."""

    pod: str
    container: str


class Entry(NamedTuple):
    """One line of one stream; ``stream`` is None for a line that the person drew."""

    at: int
    stream: Stream | None
    text: str


class LogStreams:
    """All streams of one object. Headless: ``poll`` hands out new entries in the order of their time."""

    def __init__(self, client: ClusterClient, key: Key) -> None:
        self.client = client
        self.key = key
        self.previous = False
        self.container = ""
        """The container that is followed, "" for the first or all."""
        self.all_containers = key.gvr != PODS
        self.cursors: dict[Stream, LogCursor] = {}
        self.problem = ""

    async def find(self) -> None:
        """Look which containers there are, and follow the new ones."""
        pods = await self._pods()
        wanted: list[Stream] = []
        for pod in pods:
            wanted.extend(Stream(pod["metadata"]["name"], name) for name in self._containers(pod))
        for stream in wanted:
            if stream not in self.cursors:
                self.cursors[stream] = self.client.logs(
                    self.key.namespace, stream.pod, stream.container, previous=self.previous
                )
        if wanted:
            self.problem = ""

    async def _pods(self) -> Sequence[Tree]:
        response = await self.client.send(Request("get", self.key))
        if response.code >= 400:
            self.problem = str(tree.get(response.body, "message", "no logs"))
            return ()
        if self.key.gvr == PODS:
            return (response.body,)
        chosen = tree.get(response.body, "spec.selector", {})
        simple = self.key.gvr.resource in ("services", "replicationcontrollers")
        text = selector({"matchLabels": chosen} if simple else chosen)
        if not text:
            self.problem = f"{self.key.gvr.resource} {self.key.name} selects no pods"
            return ()
        request = Request("list", Key(PODS, self.key.namespace), query={"labelSelector": text})
        response = await self.client.send(request)
        found: Sequence[Tree] = tree.get(response.body, "items", ()) if response.code < 400 else ()
        if not found:
            self.problem = "no pods"
        return found

    def _containers(self, pod: Tree) -> list[str]:
        names = [each["name"] for each in tree.get(pod, "spec.containers", ())]
        if not self.all_containers:
            return [self.container] if self.container else names[:1]
        return [each["name"] for each in tree.get(pod, "spec.initContainers", ())] + names

    def poll(self) -> list[Entry]:
        """What was written since the last call."""
        fresh = [Entry(line.at, stream, line.text) for stream, cursor in self.cursors.items() for line in cursor.poll()]
        fresh.sort(key=_time)
        return fresh

    def complaints(self) -> list[str]:
        """Why some streams have nothing to show."""
        found = [
            f"{stream.pod}/{stream.container}: {cursor.error}"
            for stream, cursor in self.cursors.items()
            if cursor.error
        ]
        return found or ([self.problem] if self.problem else [])

    def restart(self) -> None:
        """Begin again from what is kept."""
        self.close()
        self.cursors = {}

    def close(self) -> None:
        """Stop following."""
        for cursor in self.cursors.values():
            cursor.close()


def _time(entry: Entry) -> int:
    return entry.at


class LogView(TextView):
    """Shows the streams of one object; the drawer calls ``poll`` a few times a second."""

    def __init__(self, client: ClusterClient, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(self._colours, id=id)
        self._client = client
        self.streams: LogStreams | None = None
        self.timestamps = False
        self.filter = ""
        self.since: int | None = None
        self._entries: deque[Entry] = deque(maxlen=KEPT_LINES)
        self._shown: deque[Entry] = deque(maxlen=KEPT_LINES)
        self._order: dict[Stream, int] = {}
        self._explaining = False

    async def show(self, key: Key, *, previous: bool = False, container: str = "") -> None:
        """Follow another object, or one container of it."""
        self.forget()
        self.streams = LogStreams(self._client, key)
        self.streams.previous = previous
        self.streams.container = container
        self.since = None
        self.follow = True
        await self.look()

    def forget(self) -> None:
        """Stop following and show nothing."""
        if self.streams is not None:
            self.streams.close()
        self.streams = None
        self.clear()

    async def look(self) -> None:
        """Look for new containers and new lines."""
        if self.streams is not None:
            await self.streams.find()
            self.poll()

    def poll(self) -> None:
        """Take up new lines."""
        if self.streams is None:
            return
        fresh = self.streams.poll()
        for entry in fresh:
            if entry.stream is not None:
                self._order.setdefault(entry.stream, len(self._order))
        self._entries.extend(fresh)
        if fresh and self._explaining:
            self._explaining = False
            self.set_lines(())
        self._append(entry for entry in fresh if self._passes(entry))
        if not self._entries:
            self._explain()

    def _explain(self) -> None:
        complaints = self.streams.complaints() if self.streams is not None else []
        lines = complaints or ["no log lines yet"]
        if list(self.lines) != lines:
            self._explaining = True
            self.set_lines(lines)

    def _append(self, entries: Iterable[Entry]) -> None:
        found = list(entries)
        if found:
            self._shown.extend(found)
            self.append_lines([self._formatted(entry) for entry in found], KEPT_LINES)

    def _passes(self, entry: Entry) -> bool:
        if entry.stream is None:
            return True
        if self.since is not None and entry.at < self.since:
            return False
        inverse = self.filter.startswith("!")
        wanted = pattern(self.filter[1:] if inverse else self.filter)
        return wanted is None or (wanted.search(entry.text) is None) == inverse

    def _prefix(self, entry: Entry) -> str:
        stream = entry.stream
        if stream is None or self.streams is None or len(self.streams.cursors) < 2:
            return ""
        alone = self.streams.key.gvr == PODS
        return f"[{stream.container}] " if alone else f"[{stream.pod} {stream.container}] "

    def _formatted(self, entry: Entry) -> str:
        if entry.stream is None:
            return entry.text
        stamp = f"{times.format_micro_time(entry.at)[:-4]}Z " if self.timestamps else ""
        return f"{stamp}{self._prefix(entry)}{entry.text}"

    def rebuild(self) -> None:
        """Show everything that is kept anew, after a change of filter or format."""
        self._shown = deque((entry for entry in self._entries if self._passes(entry)), maxlen=KEPT_LINES)
        self._explaining = False
        self.set_lines([self._formatted(entry) for entry in self._shown])
        wanted = "" if self.filter.startswith("!") else self.filter
        if wanted != self.searching:
            self.search(wanted)

    def _colours(self, number: int, line: str) -> Iterator[Span]:
        if self._explaining or number >= len(self._shown):
            yield Span(0, len(line), "faint")
            return
        entry = self._shown[number]
        if entry.stream is None:
            yield Span(0, len(line), "heading")
            return
        stamp = 25 if self.timestamps else 0
        prefix = len(self._prefix(entry))
        yield Span(0, stamp, "faint")
        yield Span(stamp, stamp + prefix, f"stream-{self._order.get(entry.stream, 0) % STREAM_COLOURS}")
        kind = level(entry.text)
        if kind:
            yield Span(stamp + prefix, len(line), kind)

    # ------------------------------------------------------------------ the keys of logs
    def toggle_times(self) -> None:
        """Show or hide timestamps."""
        self.timestamps = not self.timestamps
        self.rebuild()

    async def toggle_previous(self) -> None:
        """Logs of the container before its last restart, or of the present one."""
        if self.streams is not None:
            self.streams.previous = not self.streams.previous
            await self._begin_again()

    async def toggle_all(self) -> None:
        """All containers, or the first of each pod only."""
        if self.streams is not None:
            self.streams.all_containers = not self.streams.all_containers
            await self._begin_again()

    async def _begin_again(self) -> None:
        if self.streams is not None:
            self.streams.restart()
            self.clear()
            await self.look()

    def mark(self) -> None:
        """Draw a line under what is there."""
        self._entries.append(Entry(self._client.now(), None, MARK * 40))
        self._append([self._entries[-1]])

    def clear(self) -> None:
        """Forget the lines."""
        self._entries.clear()
        self._shown.clear()
        self._order.clear()
        self._explaining = False
        self.set_lines(())

    def set_range(self, digit: str) -> str:
        """Show the lines of a stretch of time, by its digit key; returns what is shown, "" when it is no such key."""
        for key, label, back in RANGES:
            if key == digit:
                self.since = self._client.now() - back if back > 0 else None
                self.follow = back >= 0
                self.rebuild()
                if back < 0:
                    self.scroll_to(y=0, animate=False)
                return label
        return ""


def level(text: str) -> str:
    """The colour of a line by the level that it names: bad, warn or none."""
    head = text[:80].lower()
    if any(word in head for word in ("error", "fatal", "panic", "exception", "critical")):
        return "bad"
    return "warn" if "warn" in head else ""
