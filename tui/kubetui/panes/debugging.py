"""The actions of somebody who looks into the machine: break points, the control loops, the forecast."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from kubesim.objects.wire import LOADS, SERVICES
from kubetui.model import clock
from kubetui.panes.resource import ResourceTable

if TYPE_CHECKING:
    from textual.app import App

    from kubetui.client.port import TimeControl
    from kubetui.model.flows.traffic import Traffic
    from kubetui.panes.frame import Frame

Handler = Callable[[str], Awaitable[None]]


class Debugging:
    """Runs these actions."""

    def __init__(self, app: "App[Any]", frame: "Frame") -> None:
        self._app = app
        self._frame = frame
        self.handlers: dict[str, Handler] = {
            "break": self.break_at,
            "reconcile": self.reconcile,
            "forecast": self.forecast,
        }

    # ------------------------------------------------------------------ break points
    async def break_at(self, argument: str) -> None:
        """Set a break point, end all, or list them; one that is chosen from the list ends."""
        frame = self._frame
        breaks = frame.client.breaks
        word = argument.strip().lower()
        if word in {"off", "clear", "none"}:
            count = len(breaks.all)
            breaks.clear()
            frame.say(f"{count} break point{'s' * (count != 1)} ended" if count else "there is no break point")
        elif word:
            self._set(argument)
        elif breaks.all:
            frame.background(self._choose())
        else:
            from kubetui.model.breaking import USAGE  # noqa: PLC0415 - only when it is asked for

            frame.say(USAGE)
        frame.header.refresh()

    def _set(self, argument: str) -> None:
        frame = self._frame
        breaks = frame.client.breaks
        try:
            already = breaks.add(argument, frame.navigation.namespace)
        except ValueError as error:
            frame.say(f"break: {error}", bad=True)
            return
        breaks.on_strike = self._struck
        frame.header.breaks = breaks.all
        what = "time stops" if breaks.stops else "you are told"
        so = f"; it is so of {already} already, which do not count" if already else ""
        frame.say(f"break point {len(breaks.all)}: {what} at {' '.join(argument.split())}{so}")

    def _struck(self, text: str) -> None:
        # The pump's timers know no active app.
        self._frame.call_later(self._tell, text)

    def _tell(self, text: str) -> None:
        frame = self._frame
        time = frame.client.time
        at = "" if time is None else f" at {clock.elapsed(time.now - time.epoch)}"
        go_on = "   ; goes on" if frame.client.breaks.stops else ""
        frame.notify(f"{text}{go_on}", title=f"Break point{at}", severity="warning", timeout=12, markup=False)
        frame.changed()

    async def _choose(self) -> None:
        from kubetui.panes.dialogs.picker import Choice, Picker  # noqa: PLC0415

        breaks = self._frame.client.breaks
        choices = [Choice(str(number), each.text) for number, each in enumerate(breaks.all)]
        chosen = await self._app.push_screen_wait(Picker("Break points: Enter ends one", choices))
        if chosen is not None:
            gone = breaks.all[int(chosen)].text
            breaks.remove(int(chosen))
            self._frame.say(f"break point ended: {gone}")
            self._frame.header.refresh()

    # ------------------------------------------------------------------ control loops
    async def reconcile(self, argument: str) -> None:
        """Show the control loops, with the one named in front."""
        frame = self._frame
        time = frame.client.time
        if time is None:
            frame.say("a real cluster does not show the queues of its controllers", bad=True)
            return
        from kubetui.model import controlloops  # noqa: PLC0415
        from kubetui.panes.dialogs.reconcile import Reconcile  # noqa: PLC0415

        loops = time.loops()
        chosen = controlloops.find(loops, argument) if argument.strip() else 0
        if chosen is None:
            names = ", ".join(sorted(loop.name for loop in loops)[:6])
            frame.say(f"reconcile: no control loop is called {argument!r}; there are {names} ...", bad=True)
            return
        await self._app.push_screen(Reconcile(frame.client, time, chosen))

    # ------------------------------------------------------------------ what will be
    async def forecast(self, argument: str) -> None:
        """Run a copy of the cluster ahead, under a load or as it is, and tell what came of it."""
        frame = self._frame
        time = frame.client.time
        if time is None:
            frame.say("a real cluster cannot be run ahead", bad=True)
            return
        from kubetui.model import outlook  # noqa: PLC0415 - only when it is asked for

        table = frame.table
        targets = table.targets() if isinstance(table, ResourceTable) else []
        key = next((each for each in targets if each.gvr == SERVICES), None)
        namespace = key.namespace if key is not None else frame.navigation.namespace or "default"
        try:
            question = outlook.parse(argument, namespace)
        except ValueError as error:
            frame.say(f"forecast: {error}, and a TIME", bad=True)
            return
        load = question.load
        if load is not None and not load.service:
            if key is None:
                frame.say("forecast: no Service is highlighted; write its name before the load", bad=True)
                return
            load = load._replace(service=key.name)
        frame.background(self._look_ahead(time, question.duration, load))

    async def _look_ahead(self, time: "TimeControl", duration: int, load: "Traffic | None") -> None:
        from kubetui.model import outlook  # noqa: PLC0415
        from kubetui.model.flows import traffic  # noqa: PLC0415
        from kubetui.panes.dialogs.comparison import Progress  # noqa: PLC0415
        from kubetui.panes.dialogs.reading import Reading  # noqa: PLC0415

        requests = []
        if load is not None:
            loads = self._frame.client.objects(LOADS, load.namespace)
            known = any(each["metadata"]["name"] == load.service for each in loads)
            requests = traffic.requests(load, known=known)
        ahead = time.past.branches.outlook
        progress = Progress(f"{clock.elapsed(duration)} ahead", ahead.cancel)
        await self._app.push_screen(progress)
        try:
            looks = await ahead.forecast(requests, duration, progress.report)
        except ValueError as error:
            looks = None
            self._frame.say(f"forecast: {error}", bad=True)
        finally:
            progress.dismiss()
        if looks:
            read = partial(outlook.lines, looks, time.epoch)
            await self._app.push_screen(Reading("Forecast · tried in a copy", read))
