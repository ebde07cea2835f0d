"""What the explorer asks of the clock of a simulated cluster: speed, steps, control loops, break points."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from kubetui.client.port.past import Past


class Breaks(Protocol):
    """The break points: moments at which time stops, or, where it cannot be stopped, somebody is told."""

    all: list[Any]
    stops: bool
    """Whether time stops; otherwise one is only told."""
    on_strike: Callable[[str], None] | None

    def add(self, text: str, namespace: str) -> int:
        """Set one; returns of how many objects it is true already. Raises ValueError."""

    def remove(self, number: int) -> None:
        """End one by its position."""

    def clear(self) -> None:
        """End all."""


class Queue(NamedTuple):
    """One component: keys waiting, reconciles done so far, last error."""

    name: str
    depth: int
    synced: int = 0
    last_error: str = ""


class ControlLoop(NamedTuple):
    """One control loop: what waits in its queue, what it comes back to, what it fails at.

    ``queued`` are keys with the revision that asked for them, ``delayed`` with the instant at which they are looked
    at again, ``failing`` with how often in a row they failed.
    """

    name: str
    enabled: bool = True
    queued: tuple[tuple[str, int], ...] = ()
    delayed: tuple[tuple[str, int], ...] = ()
    failing: tuple[tuple[str, int], ...] = ()
    synced: int = 0
    last_error: str = ""
    agent: str = ""
    """Under which name its writes are known."""


class TimeControl(Protocol):
    """The clock of a simulated cluster. Times are integer milliseconds since 1970."""

    @property
    def now(self) -> int:
        """The present."""

    @property
    def epoch(self) -> int:
        """When the cluster was born."""

    @property
    def paused(self) -> bool:
        """True while time stands."""

    @property
    def speed(self) -> float:
        """Virtual seconds a wall second; MAX_SPEED for as fast as possible."""

    @property
    def revision(self) -> int:
        """The newest revision of the store."""

    @property
    def seed(self) -> int:
        """The seed of the cluster's chance."""

    @property
    def past(self) -> Past:
        """What was, and the way to it."""

    @property
    def era(self) -> int:
        """Rises whenever another time of the cluster is shown: all that was read before is void."""

    def pause(self) -> None:
        """Stop time after the unit of work in hand."""

    def resume(self) -> None:
        """Let time run."""

    def set_speed(self, speed: float) -> None:
        """Change the speed; takes effect at once."""

    async def step(self, count: int = 1) -> int:
        """Pause, then run until ``count`` units of work are done; returns how many were (fewer when idle)."""

    async def advance(self, duration_ms: int) -> None:
        """Run a stretch of virtual time as fast as possible, whatever the speed, then go on as before."""

    def next_step(self) -> str:
        """What ``step`` would do next, in a few words, or ""."""

    def queues(self) -> Sequence[Queue]:
        """The components and their queues."""

    def loops(self) -> Sequence[ControlLoop]:
        """The control loops and what they have to do."""

    async def step_loop(self, name: str) -> bool:
        """Pause, then run until a control loop has done its next reconcile; False when it had none within a day."""

    def key_pressed(self) -> None:
        """A person is typing: leave the machine to the screen for a moment."""
