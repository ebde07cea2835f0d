"""The list of open port-forwards: where they lead, what has gone through, the last error; Ctrl-D stops one."""

from collections.abc import Sequence

from textual import events
from textual.message import Message

from kubesim.objects.times import human_duration
from kubetui.model.describe.layout import aligned
from kubetui.model.forwards import Forward, size
from kubetui.model.yaml_text import Span
from kubetui.panes.drawer.text import TextView

NOTHING = "no port-forwards; Shift-F on a pod, a service or a workload makes one"
TITLES = ("", "LOCAL", "OBJECT", "REMOTE", "POD", "CONN", "IN", "OUT", "AGE", "LAST ERROR")


class ForwardList(TextView):
    """Rows of forwards with a cursor. Posts Stop for the one under it."""

    class Stop(Message):
        """The person wants to stop a forward."""

        def __init__(self, forward: Forward) -> None:
            super().__init__()
            self.forward = forward

    class Copy(Message):
        """The person wants the address of a forward."""

        def __init__(self, forward: Forward) -> None:
            super().__init__()
            self.forward = forward

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(self._colours, id=id)
        self.cursor = 0
        self._forwards: Sequence[Forward] = ()
        self.border_title = "Port-forwards[0]"

    @property
    def current(self) -> Forward | None:
        """The forward under the cursor."""
        return self._forwards[self.cursor] if self.cursor < len(self._forwards) else None

    def show(self, forwards: Sequence[Forward], now: int) -> None:
        """Show the forwards as they are now."""
        self._forwards = list(forwards)
        self.cursor = max(0, min(self.cursor, len(self._forwards) - 1))
        self.border_title = f"Port-forwards[{len(self._forwards)}]"
        self.border_subtitle = "Ctrl-D stop · c copy address · Esc back"
        lines = table(self._forwards, now) if self._forwards else [NOTHING]
        width = max(self.scrollable_content_region.width, *map(len, lines))
        self.set_lines([line.ljust(width) for line in lines])

    def _colours(self, number: int, line: str) -> list[Span]:
        if not self._forwards:
            return [Span(0, len(line), "faint")]
        if number == 0:
            return [Span(0, len(line), "heading")]
        kind = "text" if self._forwards[number - 1].is_serving else "bad"
        spans = [Span(0, len(line), kind)]
        return [*spans, Span(0, len(line), "cursor")] if number - 1 == self.cursor else spans

    def on_key(self, event: events.Key) -> None:
        """Move, stop, copy."""
        moves = {"j": 1, "down": 1, "k": -1, "up": -1}
        forward = self.current
        if event.key in moves:
            self.cursor = max(0, min(self.cursor + moves[event.key], len(self._forwards) - 1))
            self.refresh()
        elif event.key == "ctrl+d" and forward is not None:
            self.post_message(self.Stop(forward))
        elif event.key == "c" and forward is not None:
            self.post_message(self.Copy(forward))
        else:
            super().on_key(event)
            return
        event.stop()
        event.prevent_default()


def table(forwards: Sequence[Forward], now: int) -> list[str]:
    """The forwards as lines with a title line."""
    rows = ["\t".join(TITLES), *("\t".join(cells(forward, now)) for forward in forwards)]
    return aligned("\n".join(rows)).split("\n")


def cells(forward: Forward, now: int) -> tuple[str, ...]:
    """One row."""
    key = forward.key
    place = f"{key.namespace}/{key.name}" if key.namespace else key.name
    used = f"{forward.open_connections}/{forward.connections}"
    return (
        forward.sign,
        forward.address,
        f"{key.gvr.resource}/{place}",
        forward.mapping.remote,
        forward.target,
        used,
        size(forward.bytes_in),
        size(forward.bytes_out),
        human_duration(now - forward.started),
        forward.last_error.replace("\n", " ") or "-",
    )
