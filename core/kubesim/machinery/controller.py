"""The driver of a reconciler: takes one key at a time from the queue, sets the cause, retries on failure."""

from collections.abc import Hashable
from typing import Protocol

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.workqueue import WorkQueue
from kubesim.objects.errors import ApiError
from kubesim.objects.waiting import PATIENCE, WAIT_MS, Waiting


class Reconciler(Protocol):
    """Brings the world nearer to what one object asks for. Level-triggered: it may start from any state."""

    def reconcile(self, key: Hashable) -> int | None:
        """Do one sync; returns in how many milliseconds to look again, or None. ApiError means: retry with back-off."""


class Controller:
    """Feeds keys to one reconciler, each as a separate callback of the loop, so that time can be stepped key by key."""

    def __init__(self, name: str, loop: Loop, client: Client, reconciler: Reconciler) -> None:
        self.name = name
        self.enabled = True
        """False while the component is crashed: keys pile up and nothing is done."""
        self.queue = WorkQueue()
        self.synced = 0
        """How many reconciles have been done."""
        self.last_error = ""
        self._loop = loop
        self._client = client
        self._reconciler = reconciler
        self._armed = False
        self._due: dict[Hashable, int] = {}

    def add(self, key: Hashable, cause: int = 0) -> None:
        """Ask for a sync of a key."""
        if self.queue.add(key, cause):
            self._arm()

    def add_after(self, key: Hashable, delay_ms: int) -> None:
        """Ask for a sync of a key later; an earlier wish for the same key stands."""
        due = self._loop.now + (delay_ms if delay_ms > 0 else 0)
        known = self._due.get(key)
        if known is not None and known <= due:
            return
        self._due[key] = due
        self._loop.at(due, self._ripe, key, due)

    @property
    def agent(self) -> str:
        """Under which name its writes are known."""
        return self._client.identity.agent

    def delayed(self) -> list[tuple[int, Hashable]]:
        """When keys are looked at again, the next first."""
        return sorted((due, key) for key, due in self._due.items())

    def describe_next(self) -> str:
        """What the next step does, for the time bar."""
        key = self.queue.peek()
        return f"{self.name} {'/'.join(key) if isinstance(key, tuple) else key}" if key is not None else self.name

    def _ripe(self, key: Hashable, due: int) -> None:
        if self._due.get(key) == due:
            del self._due[key]
            self.add(key)

    def _arm(self) -> None:
        if not self._armed and self.enabled:
            self._armed = True
            self._loop.at(self._loop.now, self._work)

    def resume(self) -> None:
        """Go on after ``enabled`` was set again."""
        if len(self.queue):
            self._arm()

    def _work(self) -> None:
        self._armed = False
        if not self.enabled or not len(self.queue):
            return
        key, cause = self.queue.pop()
        client = self._client
        client.cause = cause
        self._loop.mark()
        self.synced += 1
        PATIENCE.held = True
        try:
            again = self._reconciler.reconcile(key)
        except Waiting:
            self.add_after(key, WAIT_MS)
        except ApiError as error:
            self.last_error = str(error)
            self.add_after(key, self.queue.failed(key))
        else:
            self.queue.forget(key)
            if again is not None:
                self.add_after(key, again)
        PATIENCE.held = False
        client.cause = 0
        if len(self.queue):
            self._arm()
