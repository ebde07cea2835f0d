"""What-if: a branch of the cluster, the comparison of both futures, and which of them stays."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from kubetui.client.port import Branches, TimeControl
from kubetui.model import clock

if TYPE_CHECKING:
    from textual.app import App

    from kubetui.panes.frame import Frame

Handler = Callable[[str], Awaitable[None]]
MINUTES = 5


class Forking:
    """Runs the action of the what-if fork."""

    def __init__(self, app: "App[Any]", frame: "Frame") -> None:
        self._app = app
        self._frame = frame
        self.on_other_future: Callable[[], None] | None = None
        """Called when one of both futures was left: what was done there cannot be undone any more."""
        self.handlers: dict[str, Handler] = {"fork": self.fork}

    async def fork(self, argument: str) -> None:
        """Begin a branch; in a branch compare it, keep it or drop it."""
        time = self._frame.client.time
        if time is None:
            self._frame.say("a real cluster cannot be copied", bad=True)
            return
        word = argument.strip().lower()
        branches = time.past.branches
        if not branches.active:
            if word in {"keep", "drop"}:
                self._frame.say("there is no fork; I begins one")
            else:
                self._frame.background(self._begin(time))
        elif word == "drop":
            self._drop(branches)
        elif word == "keep":
            self._keep(time)
        elif word and not word.rstrip("m").isdigit():
            self._frame.say("fork: write the minutes to compare, keep or drop", bad=True)
        else:
            self._frame.background(self._compare(time, int(word.rstrip("m") or 0) or MINUTES))

    async def _begin(self, time: TimeControl) -> None:
        paused = time.paused
        await time.past.branches.begin()
        self._left()
        if not paused:
            time.resume()
        self._frame.say(f"this is a fork: change anything; I compares it over {MINUTES} min, and keeps or drops it")
        self._frame.changed()

    async def _compare(self, time: TimeControl, minutes: int) -> None:
        from kubetui.panes.dialogs.comparison import Comparison, Progress  # noqa: PLC0415

        branches, was_running = time.past.branches, not time.paused
        time.pause()
        progress = Progress(f"Both futures, {minutes} min from here", branches.cancel)
        await self._app.push_screen(progress)
        found = await branches.compare(minutes * 60_000, progress.report)
        progress.dismiss()
        if found is None:
            self._frame.say("stopped")
        else:
            title = f"From {clock.elapsed(branches.started - time.epoch)} on, until {minutes} min from now"
            choice = await self._app.push_screen_wait(Comparison(title, *found))
            if choice == "keep":
                self._keep(time)
                return
            if choice == "drop":
                self._drop(branches)
                return
        if was_running:
            time.resume()
        self._frame.changed()

    def _drop(self, branches: Branches) -> None:
        branches.drop()
        self._left()
        self._frame.say("the fork is dropped; this is as it was")
        self._frame.changed()

    def _keep(self, time: TimeControl) -> None:
        time.past.keep_branch()
        self._left()
        self._frame.say("the fork is the present now")
        self._frame.changed()

    def _left(self) -> None:
        if self.on_other_future is not None:
            self.on_other_future()
