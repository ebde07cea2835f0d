"""Follows a connection hop by hop, and shows where it ends; words can be changed and tried again."""

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from kubetui.client.port import Trace
from kubetui.panes.dialogs.frame import Dialog

Follow = Callable[[str, str], Trace]
"""Follows a connection from one end to the other."""

HELP = "FROM TO:PORT   pod, outside or ingress   to a Service, pod, name, address or http://host/path"


class TraceDialog(Dialog[bool]):
    """A line to type both ends into, and the hops under it."""

    TITLE_TEXT = "Packet trace"
    KEYS = "Enter trace · Esc close"
    WIDTH = "-wide"

    def __init__(self, words: str, follow: Follow) -> None:
        super().__init__()
        self._words = words
        self._follow = follow

    def body(self) -> ComposeResult:
        """The line and the hops."""
        yield Static(HELP, classes="dialog--label", markup=False)
        yield Input(self._words, compact=True, id="ends")
        yield Static("", id="hops", markup=False)

    def on_mount(self) -> None:
        """Follow what was typed already."""
        super().on_mount()
        self.query_one("#ends").focus()
        if len(self._words.split()) == 2:
            self._run(self._words)

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Follow it."""
        event.stop()
        self._run(event.value)

    def _run(self, text: str) -> None:
        words = text.split()
        if len(words) != 2:
            self.complain("two ends are needed: FROM TO:PORT")
            return
        found = self._follow(*words)
        self.complain(found.error)
        self.query_one("#hops", Static).update(shown(found))


def shown(trace: Trace) -> Content:
    """The hops as coloured lines, and how it ends."""
    if not trace.hops:
        return Content("")
    width = max(len(hop.stage) for hop in trace.hops)
    parts = []
    for number, hop in enumerate(trace.hops):
        sign, colour = ("✓", "$text-success") if hop.ok else ("✗", "$text-error")
        parts.append(Content.styled(f"{number + 1:2} {sign} ", colour))
        parts.append(Content.styled(hop.stage.ljust(width), "bold"))
        parts.append(Content(f"  {hop.text}\n") if hop.ok else Content.styled(f"  {hop.text}\n", colour))
    colour = "$text-success" if trace.connected else "$text-error"
    return Content.assemble(*parts, Content.styled(f"\n{trace.outcome}", f"bold {colour}"))
