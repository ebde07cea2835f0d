"""The actions on time: pause, step, faster, slower, a speed, a stretch at once."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from kubetui.client.port import SPEEDS, ClusterClient, TimeControl
from kubetui.model import clock

Handler = Callable[[str], Awaitable[None]]

MANY = 100
"""From this many steps on they are done in the background."""


class Host(Protocol):
    """What a group of actions needs of the screen."""

    client: ClusterClient

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show a short message."""

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that takes its time while keys and repaints go on."""

    def changed(self) -> None:
        """The clock or the cluster was touched."""


class Timekeeping:
    """Runs the actions on time, or says that a real cluster's time cannot be had."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.handlers: dict[str, Handler] = {
            "pause": self.pause,
            "step": self.step,
            "faster": self.faster,
            "slower": self.slower,
            "speed": self.speed,
            "run": self.run,
        }

    def _time(self) -> TimeControl | None:
        time = self._host.client.time
        if time is None:
            self._host.say("a real cluster's time runs by itself", bad=True)
        return time

    async def pause(self, argument: str) -> None:
        """Stop time, or let it run."""
        del argument
        time = self._time()
        if time is not None:
            time.resume() if time.paused else time.pause()
            self._host.changed()

    async def step(self, argument: str) -> None:
        """Do some units of work, one without an argument."""
        time = self._time()
        if time is None:
            return
        if argument and not (argument.isdigit() and int(argument) > 0):
            self._host.say(f"step: {argument!r} is not a number of steps", bad=True)
            return
        wanted = int(argument or 1)
        if wanted > MANY:
            self._host.background(self._step(time, wanted))
        else:
            await self._step(time, wanted)

    async def _step(self, time: TimeControl, wanted: int) -> None:
        done = await time.step(wanted)
        if done < wanted:
            self._host.say(f"{done} of {wanted} steps: nothing else is scheduled")
        self._host.changed()

    async def faster(self, argument: str) -> None:
        """The next speed."""
        del argument
        self._shift(1)

    async def slower(self, argument: str) -> None:
        """The speed before."""
        del argument
        self._shift(-1)

    def _shift(self, delta: int) -> None:
        time = self._time()
        if time is None:
            return
        slower = [speed for speed in SPEEDS if speed < time.speed]
        higher = [speed for speed in SPEEDS if speed > time.speed]
        found = higher[:1] if delta > 0 else slower[-1:]
        if found:
            time.set_speed(found[0])
        self._host.changed()

    async def speed(self, argument: str) -> None:
        """Set a speed."""
        time = self._time()
        if time is None:
            return
        try:
            time.set_speed(clock.parse_speed(argument))
        except ValueError:
            self._host.say(f"speed: {argument!r} is not a speed; write 0.1, 1, 60 or max", bad=True)
        self._host.changed()

    async def run(self, argument: str) -> None:
        """Run a stretch of virtual time at once."""
        time = self._time()
        if time is None:
            return
        try:
            duration = clock.parse_span(argument)
        except ValueError as error:
            self._host.say(f"run: {error}", bad=True)
            return
        self._host.background(self._advance(time, duration))

    async def _advance(self, time: TimeControl, duration: int) -> None:
        await time.advance(duration)
        self._host.say(f"{clock.elapsed(duration)} later")
        self._host.changed()
