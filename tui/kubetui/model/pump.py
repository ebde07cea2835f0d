"""Turns wall seconds into slices of virtual time, at any speed, without ever keeping a key press waiting."""

import asyncio
from collections.abc import Callable
from time import perf_counter

from kubetui.model.gate import Engine, Gate

SLICE = 0.008
"""Wall seconds that one slice may take."""
KEY_REST = 0.008
"""Wall seconds left to the screen after a full slice while somebody types."""
KEY_RECENT = 0.25
"""For how many wall seconds after a key press somebody counts as typing."""
REST = 0.001
"""Wall seconds left to the event loop after a full slice otherwise; a real timer, since a mere yield starves input."""
NAP = 0.016
"""The shortest sleep of an idle cluster: one screen frame."""
KEY_HOLD = 0.025
"""For how many wall seconds a key stops the cluster at once, so that it is painted before time goes on."""
LONGEST_NAP = 1.0
STEP_HORIZON_MS = 86_400_000
"""How far ``step`` looks for work before it gives up: one virtual day."""


class Pump:
    """Drives an engine from the asyncio loop that is running. ``after_slice`` is called after each slice.

    While time stands, or nothing is due, no timer runs. Virtual time that cannot be reached in time is not owed:
    a cluster that is too busy for the speed asked for simply runs slower.
    """

    def __init__(
        self, engine: Engine, after_slice: Callable[[], None], *, clock: Callable[[], float] = perf_counter
    ) -> None:
        self.paused = True
        self.speed = 1.0
        self.busy = False
        """True when the last slice did not reach its target: the machine is the limit."""
        self.gate = Gate()
        """Where time stops when somebody waits for a moment."""
        self._engine = engine
        self._after_slice = after_slice
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._wall = 0.0
        self._virtual = 0
        self._deadline = 0.0
        self._key_at = float("-inf")
        self.hold_until = float("-inf")
        """Until when, by the clock, a key that was pressed comes before all other work."""

    # ------------------------------------------------------------------ what a person does
    def pause(self) -> None:
        """Stop time where it is."""
        if not self.paused:
            self.catch_up()
            self.paused = True
        self._disarm()

    def resume(self) -> None:
        """Let time run from where it is."""
        if self.paused:
            self.paused = False
            self._anchor()
            self._arm(0.0)

    def drive(self, engine: Engine) -> None:
        """Drive another engine from now on; time stands."""
        self.pause()
        self.busy = False
        self._engine = engine

    def set_speed(self, speed: float) -> None:
        """Change the speed. Raises ValueError unless it is positive."""
        if not speed > 0:
            msg = f"speed must be positive, not {speed}"
            raise ValueError(msg)
        self.catch_up()
        self.speed = speed
        self._anchor()
        self.poke()

    def key_pressed(self) -> None:
        """Somebody types: stop the slice in hand, and rest between slices for a while. May be called in any thread."""
        self._key_at = self._clock()
        self.hold_until = self._key_at + KEY_HOLD

    async def step(self, count: int = 1) -> int:
        """Pause and run until ``count`` more units of work are done; returns how many were."""
        self.pause()
        engine = self._engine
        start, goal = engine.steps, engine.steps + count
        horizon = engine.now + STEP_HORIZON_MS
        while engine.steps < goal and engine.now < horizon:
            self._deadline = self._clock() + SLICE
            while engine.steps < goal and engine.now < horizon and not self._late():
                if not engine.run_one() or self.gate.stops():
                    horizon = engine.now
            self._after_slice()
            if engine.steps < goal and engine.now < horizon:
                await asyncio.sleep(REST)
        return engine.steps - start

    async def advance(self, duration_ms: int) -> None:
        """Run a stretch of virtual time as fast as possible."""
        was_paused = self.paused
        self.pause()
        due = self._engine.now + duration_ms
        self._deadline = self._clock() + SLICE
        while not self.gate.run_until(self._engine, due, self._late) and not self.gate.struck:
            self._after_slice()
            await asyncio.sleep(self._rest())
            self._deadline = self._clock() + SLICE
        self._after_slice()
        if not was_paused and not self.gate.struck:
            self.resume()

    # ------------------------------------------------------------------ what the cluster's surroundings do
    @property
    def now(self) -> int:
        """The present in virtual milliseconds, between two slices too."""
        if self.paused or self.busy:
            return self._engine.now
        return max(self._engine.now, min(self._target(), self._engine.next_due or self._target()))

    def catch_up(self) -> None:
        """Bring the engine's clock to the present, within one slice, before something acts on the cluster."""
        if not self.paused and self.speed != float("inf"):
            self._run_slice()

    def poke(self) -> None:
        """Something acted on the cluster: what it scheduled may be due before the timer rings."""
        if not self.paused:
            self._arm(0.0)

    # ------------------------------------------------------------------ slices
    def _target(self) -> int:
        if self.speed == float("inf"):
            return self._engine.now
        return self._virtual + round((self._clock() - self._wall) * 1000 * self.speed)

    def _anchor(self) -> None:
        self._wall, self._virtual = self._clock(), self._engine.now

    def _late(self) -> bool:
        now = self._clock()
        return now >= self._deadline or now < self.hold_until

    def _run_slice(self) -> None:
        engine = self._engine
        self._deadline = self._clock() + SLICE
        if self.speed == float("inf"):
            self.busy = True
            while not self._late() and not self.paused:
                due = engine.next_due
                if due is None:
                    self.busy = False
                    return
                self.gate.run_until(self._engine, due, self._late)
                self.paused = self.gate.struck
            self.busy = self.busy and not self.paused
            return
        self.busy = not self.gate.run_until(engine, self._target(), self._late)
        if self.busy:
            self._anchor()
        if self.gate.struck:
            self.paused, self.busy = True, False
            self._disarm()

    def _ring(self) -> None:
        self._timer = None
        if self.paused:
            return
        held = self.hold_until - self._clock()
        if held > 0 and self.busy:
            self._arm(held)
            return
        self._run_slice()
        self._after_slice()
        if not self.paused:
            self._arm_next()

    def _arm_next(self) -> None:
        if self.busy:
            self._arm(self._rest())
            return
        due = self._engine.next_due
        if due is None or self.speed == float("inf"):
            return
        self._arm(min(max((due - self._target()) / 1000 / self.speed, NAP), LONGEST_NAP))

    def _rest(self) -> float:
        return KEY_REST if self._clock() - self._key_at < KEY_RECENT else REST

    def _arm(self, delay: float) -> None:
        self._disarm()
        self._timer = asyncio.get_running_loop().call_later(delay, self._ring)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
