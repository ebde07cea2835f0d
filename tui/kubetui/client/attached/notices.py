"""Break points where time cannot be stopped: somebody is told when what they wait for comes true."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from kubesim.api.cel.objecttests import compiled
from kubetui.client.attached.tables import AttachedCursor
from kubetui.model.breaking import Break, Change, parse
from kubetui.model.catalogue import Catalogue

if TYPE_CHECKING:
    from kubesim.objects.wire import Tree
    from kubetui.client.attached.client import AttachedClient

LOOK: Final = 1.0
"""Seconds between two looks at states that have to last."""


class Waiting:
    """One break point with its table; what is there at first does not count."""

    def __init__(self, found: Break, cursor: AttachedCursor) -> None:
        self.found = found
        self.text = found.text
        self.cursor = cursor
        self._known: dict[tuple[str, str], Tree] = {}
        self._begun = False

    def look(self, now: int) -> list[str]:
        """What has come true since the last call."""
        if not self._begun:
            if not self.cursor.table.listed:
                return []
            self._begun = True
            for event in self.cursor.poll():
                if event.row is not None:
                    self._known[event.key.namespace, event.key.name] = event.row.object
            self.found.begin(self._known.values(), now)
            return []
        told = []
        for event in self.cursor.poll():
            place = (event.key.namespace, event.key.name)
            old, new = self._known.pop(place, None), None if event.row is None else event.row.object
            if new is not None:
                self._known[place] = new
            text = self.found.take(Change(event.key.gvr, *place, old, new), now)
            told += [text] if text else []
        return told + self.found.lasted(now)


class Notices:
    """All break points of one attached cluster."""

    stops = False

    def __init__(self, client: "AttachedClient") -> None:
        self.all: list[Any] = []
        self.on_strike: Callable[[str], None] | None = None
        self._client = client
        self._timer: asyncio.TimerHandle | None = None

    def add(self, text: str, namespace: str) -> int:
        """Wait for something. Raises ValueError."""
        found = parse(text, Catalogue(self._client.resources()), namespace, compiled)
        self.all.append(Waiting(found, self._client.rows(found.gvr)))
        self._tick()
        return 0

    def remove(self, number: int) -> None:
        """Wait for one no more."""
        self.all.pop(number).cursor.close()

    def clear(self) -> None:
        """Wait for nothing."""
        while self.all:
            self.remove(-1)

    def look(self) -> None:
        """Something has changed, or some time has passed."""
        now = time.time_ns() // 1_000_000
        told = [text for each in self.all for text in each.look(now)]
        if told and self.on_strike is not None:
            self.on_strike("\n".join(told))

    def _tick(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.look()
        if self.all:
            self._timer = asyncio.get_running_loop().call_later(LOOK, self._tick)
