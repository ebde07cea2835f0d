"""When the screen looks at the cluster: coalesced after changes, every second for ages, more often for the clock."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from textual.message import Message
from textual.screen import Screen

from kubetui.client.port import ClusterClient
from kubetui.model.usage import Facts
from kubetui.panes.header import Header
from kubetui.panes.resource import ResourceTable
from kubetui.panes.table import Table

if TYPE_CHECKING:
    from textual.timer import Timer

FRAME = 1 / 30
"""Seconds between two looks at a cluster that changes all the time."""
PATIENCE = 5
"""A look that took long is followed by a rest of so many times its length: keys and the simulator come first."""
SOON = 0.002
"""Seconds until the next piece of a look or slice of a long table: a real pause, so that keys come through."""
PIECE = 0.004
"""Seconds that one piece of a look may take; a single table may take longer."""
CLOCK = 0.1
SECOND = 1.0


class Heartbeat:
    """Pulls what is on the screen. Between changes of a paused cluster no timer runs but one a second."""

    class Due(Message):
        """It is time to look at the cluster."""

    def __init__(
        self, screen: Screen[Any], client: ClusterClient, facts: Facts, tables: Callable[[], Iterable[Table]]
    ) -> None:
        self._screen = screen
        self._client = client
        self._facts = facts
        self._tables = tables
        self._armed = False
        self._rest = 0.0
        self._cost = 0.0
        self._waiting: list[Table] = []
        self._pending = False
        self._facts_changed = False
        self._facts_version = -1
        self._ticked = -1
        self._clock: Timer | None = None
        self.after: Callable[[], None] | None = None
        """Called after each look, for whatever else shows the cluster's state."""
        self.looked: Callable[[], None] | None = None
        """Called before that, to notice that another time of the cluster is shown."""

    def start(self) -> None:
        """Follow the client from now on."""
        self._client.on_change(self.arm)
        self._screen.set_interval(SECOND, self.tick)
        self._clock = self._screen.set_interval(CLOCK, self._repaint_clock, pause=True)
        self.sync_clock()
        self.arm()

    def arm(self, delay: float = FRAME) -> None:
        """Look at the cluster in a moment; many calls are one look."""
        if not self._armed:
            self._armed = True
            # What a person asked for is shown at once; the cluster's own changes wait for their turn.
            asyncio.get_running_loop().call_later(max(delay, self._rest) if delay >= FRAME else delay, self._ring)

    def _ring(self) -> None:
        # Timers of the event loop know no active app: the work is done in a message handler of the screen.
        self._screen.post_message(self.Due())

    def beat(self) -> None:
        """Look at the cluster now, or at the tables that the last piece of a look left over."""
        now = asyncio.get_running_loop().time
        start = now()
        if not self._waiting:
            self._begin()
        while self._waiting:
            self._look(self._waiting.pop())
            if now() - start > PIECE:
                break
        self._cost += now() - start
        self._armed = False
        if self._waiting:
            self._rest = 0.0
            self.arm(SOON)
        else:
            self._end()

    def _begin(self) -> None:
        self._cost = 0.0
        self._facts.pull()
        self._facts_changed = self._facts.version != self._facts_version
        self._facts_version = self._facts.version
        self._pending = not self._facts.synced
        self._waiting = list(self._tables())
        if self._facts_changed:
            self._repaint_clock()

    def _look(self, table: Table) -> None:
        if not table.is_attached:
            return
        self._pending |= table.pull()
        if self._facts_changed and isinstance(table, ResourceTable) and any(c.make for c in table.view.layout):
            table.tick(fade=False)

    def _end(self) -> None:
        for listener in (self.looked, self.after):
            if listener is not None:
                listener()
        self._rest = self._cost * PATIENCE if not self._pending else 0.0
        if self._pending:
            self.arm(SOON)

    def tick(self) -> None:
        """A second has passed: ages may be other ones."""
        now = self._client.now() // 1000
        if now == self._ticked:
            return
        self._ticked = now
        for table in self._tables():
            table.tick()

    def sync_clock(self) -> None:
        """Time was paused or let go: repaint the clock while it runs."""
        if self._clock is None:
            return
        time = self._client.time
        if time is not None and time.paused:
            self._clock.pause()
        else:
            self._clock.resume()
        self._repaint_clock()

    def _repaint_clock(self) -> None:
        for header in self._screen.query(Header):
            header.refresh()
