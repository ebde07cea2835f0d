"""Runs flows against the cluster: shows their progress and their end, and remembers how to take them back."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from kubetui.model.flows import Done, Flow, Undo, drive, undo_flow

if TYPE_CHECKING:
    from kubetui.panes.frame import Frame

REMEMBERED = 50
LOOK = 0.02
"""Seconds between two looks at the cluster's clock while a flow waits for it."""


class Runner:
    """Carries out flows one after the other or side by side; ``undo`` takes back the last that can be."""

    def __init__(self, frame: "Frame") -> None:
        self._frame = frame
        self._undos: list[Undo] = []
        self.acted = False
        """Whether anything was changed."""

    @property
    def last(self) -> str:
        """What ``undo`` would take back, or ""."""
        return self._undos[-1].text if self._undos else ""

    async def run(self, flow: Flow, show: Callable[[str], None] | None = None) -> Done:
        """Drive a flow to its end and say how it ended."""
        frame = self._frame
        done = await drive(flow, frame.client.send, self._wait, show or frame.say)
        if done.undo is not None:
            self._undos = [*self._undos[-REMEMBERED:], done.undo]
        self.acted = self.acted or not done.failed
        offer = "   U undo" if done.undo is not None and not done.failed else ""
        frame.say(done.message + offer, bad=done.failed)
        frame.changed()
        return done

    def forget(self) -> None:
        """What was done belongs to a future that is no more: nothing of it can be undone."""
        self._undos = []

    async def undo(self) -> None:
        """Take back the last action that can be."""
        if not self._undos:
            self._frame.say("nothing to undo")
            return
        last = self._undos.pop()
        await self.run(undo_flow(last))

    async def _wait(self, duration_ms: int) -> None:
        client = self._frame.client
        if client.time is None:
            await asyncio.sleep(duration_ms / 1000)
            return
        due = client.now() + duration_ms
        if client.time.paused:
            self._frame.say("waiting for time to run on: ; resumes")
        while client.now() < due:
            await asyncio.sleep(LOOK)
