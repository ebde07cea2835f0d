"""The actions on the past: a step back, bookmarks, stops on the time bar, going on from there."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from kubetui.client.port import Past, TimeControl
from kubetui.model import clock, moments
from kubetui.model.moments import PRESENT, Stop
from kubetui.panes.story import StoryTable

if TYPE_CHECKING:
    from textual.app import App

    from kubetui.panes.frame import Frame

Handler = Callable[[str], Awaitable[None]]
LOOK = 0.1
"""Seconds between two looks at how far a search has come."""


class Rewinding:
    """Runs the actions on the past. Seeking is done in the background and can be cancelled with Esc."""

    def __init__(self, app: "App[Any]", frame: "Frame") -> None:
        self._app = app
        self._frame = frame
        self.on_other_future: Callable[[], None] | None = None
        """Called when the future was dropped: what could be undone in it cannot be any more."""
        self.on_dropped: Callable[[], None] | None = None
        """Called when a cluster is not shown any more."""
        self._era = 0
        self.handlers: dict[str, Handler] = {
            "step-back": self.step_back,
            "previous-stop": self.previous,
            "next-stop": self.next,
            "bookmark": self.bookmark,
            "goto": self.goto,
            "warp": self.warp,
            "go-on": self.go_on,
        }

    def over(self, back: Handler) -> dict[str, Handler]:
        """Esc also ends seeking, and leaves the past before it leaves a view."""

        async def leave(argument: str) -> None:
            time, stage = self._frame.client.time, self._frame.stage
            past = None if time is None else time.past
            if past is not None and past.seeking and past.cancel():
                return
            if past is not None and past.away and stage.drawer is None and not self._filtered():
                await self._to(PRESENT)
                return
            await back(argument)

        return {"back": leave}

    def _filtered(self) -> bool:
        view = getattr(self._frame.table, "view", None)
        selection = getattr(view, "selection", None)
        return bool(selection is not None and selection.filter.text)

    def _time(self) -> TimeControl | None:
        time = self._frame.client.time
        if time is None:
            self._frame.say("a real cluster's past is not kept", bad=True)
        return time

    # ------------------------------------------------------------------ going
    async def step_back(self, argument: str) -> None:
        """Some units of work back, one without an argument."""
        time = self._time()
        if time is None:
            return
        if argument and not (argument.isdigit() and int(argument) > 0):
            self._frame.say(f"back: {argument!r} is not a number of steps", bad=True)
            return
        self._frame.background(self._seek(time.past, time.past.back(int(argument or 1))))

    async def previous(self, argument: str) -> None:
        """The stop before."""
        del argument
        time = self._time()
        if time is not None:
            stop = moments.before(self._stops(time), time.now)
            if stop is None:
                self._frame.say("nothing is marked before this")
            else:
                await self._to(stop)

    async def next(self, argument: str) -> None:
        """The stop after; at last the present."""
        del argument
        time = self._time()
        if time is not None:
            await self._to(moments.after(self._stops(time), time.now))

    def _stops(self, time: TimeControl) -> list[Stop]:
        story = self._frame.stage.home.story.view
        return moments.stops(time.past.bookmarks, story.moments, time.past.oldest)

    async def goto(self, argument: str) -> None:
        """A bookmark or a time."""
        time = self._time()
        if time is None:
            return
        past = time.past
        if not argument.strip():
            names = ", ".join(f"{mark.name} {clock.short_elapsed(mark.at - time.epoch)}" for mark in past.bookmarks)
            self._frame.say(f"bookmarks: {names}" if names else "goto: write 14:32, -90s, now or a bookmark's name")
            return
        try:
            stop = moments.parse(argument, past.bookmarks, time.epoch, time.now)
        except ValueError as error:
            self._frame.say(f"goto: {error}", bad=True)
            return
        if stop is not PRESENT and stop.at > past.present:
            self._frame.say(
                f"goto: that is in the future; :run {(stop.at - past.present) // 1000}s goes there", bad=True
            )
        else:
            await self._to(stop)

    async def warp(self, argument: str) -> None:
        """To when the highlighted event came, or to the last change of the highlighted object."""
        if argument.strip():
            await self.goto(argument)
            return
        time = self._time()
        if time is None:
            return
        at = self._moment()
        if at is None:
            self._frame.say("no row is highlighted")
        elif at >= time.now:
            self._frame.say("this is that moment")
        else:
            await self._to(Stop(at))

    def _moment(self) -> int | None:
        """When the line under the cursor happened."""
        table, insight = self._frame.table, self._frame.client.insight
        if isinstance(table, StoryTable):
            line = None if table.viewport.cursor is None else table.view.line(table.viewport.cursor)
            return None if line is None else line.at
        key = table.cursor_key
        if key is None or insight is None:
            return None
        chain = insight.chain(key)
        return chain[0].at if chain else None

    async def _to(self, stop: Stop) -> None:
        time = self._frame.client.time
        if time is None:
            return
        past = time.past
        if stop is PRESENT:
            if not past.away:
                self._frame.say("this is the present")
            past.to_present()
            self._arrived(past)
        elif stop.name:
            self._frame.background(self._seek(past, past.to_mark(stop.name)))
        elif stop.action:
            self._frame.background(self._seek(past, past.to_action(stop.at)))
        else:
            if stop.at < past.oldest:
                self._frame.say("nothing is kept from before; going to the oldest that is")
            self._frame.background(self._seek(past, past.to_time(max(stop.at, past.oldest))))

    async def _seek(self, past: Past, going: Awaitable[bool]) -> None:
        if past.seeking:
            going.close()  # type: ignore[attr-defined]
            return
        header = self._frame.header
        header.refresh()
        looking = self._frame.set_interval(LOOK, header.refresh)
        try:
            arrived = await going
        finally:
            looking.stop()
        if not arrived:
            self._frame.say("stopped; nothing has changed" if past.present else "")
        self._arrived(past)

    def _arrived(self, past: Past) -> None:
        if past.problem:
            self._frame.say(past.problem, bad=True)
        self._frame.changed()

    # ------------------------------------------------------------------ marks and other futures
    async def bookmark(self, argument: str) -> None:
        """Set a bookmark here."""
        time = self._time()
        if time is not None:
            mark = time.past.mark(argument.strip())
            self._frame.say(f"bookmark {mark.name} at {clock.short_elapsed(mark.at - time.epoch)}; {{ and }} go there")
            self._frame.changed()

    async def go_on(self, argument: str) -> None:
        """Go on from the past that is shown."""
        del argument
        time = self._time()
        if time is None:
            return
        if not time.past.away:
            self._frame.say("this is the present; , or { goes back in time")
            return
        self._frame.background(self._go_on(time))

    async def _go_on(self, time: TimeControl) -> None:
        from kubetui.panes.dialogs.frame import Confirm  # noqa: PLC0415 - only when it is asked for

        past, gone = time.past, time.past.present - time.now
        lost = [f"{clock.short_elapsed(gone)} of the cluster's time"]
        story = self._frame.stage.home.story.view
        later = [moment for moment in story.moments if moment.at > time.now]
        if later:
            lost.append(f"{len(later)} of your actions and faults")
        lost += [f"bookmark {mark.name}" for mark in past.bookmarks if mark.at > time.now]
        at = clock.elapsed(time.now - time.epoch)
        if await self._app.push_screen_wait(Confirm(f"Go on from {at}? This is lost:", lost, "Go on")) is not True:
            return
        story.forget_after(time.now)
        past.resume_here()
        if self.on_other_future is not None:
            self.on_other_future()
        self._frame.say("this is the present now; ; lets time run")
        self._frame.changed()

    # ------------------------------------------------------------------ another time is shown
    def follow(self) -> None:
        """Notice that another time of the cluster is shown."""
        time = self._frame.client.time
        if time is not None and time.era != self._era:
            self._era = time.era
            self._frame.background(self._read_anew(time))

    async def _read_anew(self, time: TimeControl) -> None:
        self._frame.set_class(time.past.away, "-past")
        if self.on_dropped is not None:
            self.on_dropped()
        drawer = self._frame.stage.drawer
        if drawer is not None and drawer.detail is not None:
            key, tab = drawer.detail.key, drawer.tab
            drawer.hide()
            await drawer.show(key, tab)
        self._frame.changed()
