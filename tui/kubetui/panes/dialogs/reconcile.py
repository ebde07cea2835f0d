"""The control loops at work: their queues, what the chosen one has to do, and stepping it reconcile by reconcile."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult

from kubetui.client.port import ClusterClient, TimeControl
from kubetui.keys import spell
from kubetui.model import controlloops
from kubetui.panes.dialogs.frame import Dialog
from kubetui.panes.drawer import colours
from kubetui.panes.drawer.text import TextView

LOOK = 0.25
"""Seconds between two looks."""
MEMORY = 4_000
"""In how many of the last writes those of one control loop are looked for."""


class Reconcile(Dialog[bool]):
    """Two texts: all control loops, and below them the chosen one."""

    KEYS = "jk choose · Enter its next reconcile · . step · ; pause · Esc close"
    WIDTH = "-full"
    SMALL: ClassVar[int] = 30

    def __init__(self, client: ClusterClient, time: TimeControl, chosen: int = 0) -> None:
        super().__init__("Control loops")
        self._client = client
        self._time = time
        self._chosen = chosen
        self._counts: dict[str, int] = {}
        self._stepping = False

    def body(self) -> ComposeResult:
        """The list and the detail."""
        yield TextView(id="loops")
        yield TextView(id="reading")

    def on_mount(self) -> None:
        """Look now and again and again."""
        super().on_mount()
        self.query_one("#loops").can_focus = False
        self.query_one("#reading").focus()
        self.call_after_refresh(self.look)
        self.set_interval(LOOK, self.look)

    def look(self) -> None:
        """Show what is there now."""
        loops, now = self._time.loops(), self._client.now()
        if not loops:
            return
        self._chosen = min(self._chosen, len(loops) - 1)
        moved = frozenset(loop.name for loop in loops if self._counts.get(loop.name, loop.synced) != loop.synced)
        self._counts = {loop.name: loop.synced for loop in loops}
        view = self.query_one("#loops", TextView)
        width = max(view.scrollable_content_region.width, 40)
        lines = controlloops.table(loops, self._chosen, moved, now, width)
        view.set_lines([line.text for line in lines], colours.prepared([line.spans for line in lines]))
        height = view.scrollable_content_region.height
        top = round(view.scroll_y)
        if height and not top <= self._chosen + 1 < top + height:
            view.scroll_to(y=max(0, self._chosen + 2 - height), animate=False)
        loop = loops[self._chosen]
        insight = self._client.insight
        writes = insight.journal(0, MEMORY)[0] if insight is not None else ()
        mine = [entry for entry in reversed(writes) if entry.actor == loop.agent]
        lines = controlloops.detail(loop, mine, now, self._time.epoch)[1:]
        below = self.query_one("#reading", TextView)
        below.set_lines([line.text for line in lines], colours.prepared([line.spans for line in lines]))
        state = "paused" if self._time.paused else "running"
        self.query_one(".dialog").border_title = f"Control loops · {state}"

    async def on_key(self, event: events.Key) -> None:
        """Choose, step, pause."""
        key = spell(event.key, event.character)
        if key in {"j", "k", "Down", "Up", "g", "G", "Home", "End"}:
            last = len(self._counts) - 1
            wanted = {"g": 0, "Home": 0, "G": last, "End": last}
            step = 1 if key in {"j", "Down"} else -1
            self._chosen = min(max(wanted.get(key, self._chosen + step), 0), max(last, 0))
        elif key == "Enter":
            self.run_worker(self._step(), group="stepping")
        elif key == ".":
            await self._time.step(1)
        elif key == ";":
            self._time.resume() if self._time.paused else self._time.pause()
        elif key == "q":
            self.dismiss(None)
        else:
            return
        event.stop()
        event.prevent_default()
        self.look()

    async def _step(self) -> None:
        if self._stepping:
            return
        self._stepping = True
        try:
            name = self._time.loops()[self._chosen].name
            found = await self._time.step_loop(name)
        finally:
            self._stepping = False
        self.complain("" if found else f"{name} has nothing to do within a day, or a break point struck")
        self.look()
