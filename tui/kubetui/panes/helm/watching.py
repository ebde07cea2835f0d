"""Follows values files on disk: a saved file shows what it would change, or upgrades its release at once."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.release.record import Record, secret_name
from kubesim.helm.template.errors import TemplateError
from kubesim.objects.times import format_time
from kubesim.objects.wire import EVENTS, Key, Request, Tree
from kubetui.model.helm.driver import in_thread
from kubetui.model.helm.plans import Intent, deployed, plan
from kubetui.model.helm.shelf import Origin, read_given
from kubetui.panes.helm.preview import Preview

if TYPE_CHECKING:
    from kubetui.panes.frame import Frame
    from kubetui.panes.helm.work import HelmWork

DEBOUNCE: Final = 300
"""Milliseconds of quiet after which a file counts as saved: editors write, rename and touch in bursts."""
TURN: Final = 0.1
"""Seconds between two looks whether the person has left the dialog that is open."""


class Watching:
    """One watch over the folders of all files; what changed is taken up one release after the other."""

    def __init__(self, frame: "Frame", work: "HelmWork", origins: Sequence[Origin]) -> None:
        self._frame = frame
        self._work = work
        self._origins = list(origins)
        self._stop = asyncio.Event()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._due: dict[tuple[str, str], Origin] = {}

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._serve())]

    async def close(self) -> None:
        """End."""
        self._stop.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ------------------------------------------------------------------ the files
    def _folders(self) -> list[Path]:
        """Folders, not files: an editor that replaces a file would take the watch away with it."""
        folders = [file.parent for origin in self._origins for file in origin.values]
        folders += [origin.chart for origin in self._origins if origin.chart.is_dir()]
        return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]

    async def _follow(self) -> None:
        from watchfiles import awatch  # noqa: PLC0415 - only when there is something to watch

        try:
            async for changes in awatch(*self._folders(), stop_event=self._stop, debounce=DEBOUNCE, step=50):
                self.changed([Path(path) for _, path in changes])
        except OSError as error:
            self._frame.say(f"values files are not watched: {error}", bad=True)

    def changed(self, paths: Sequence[Path]) -> None:
        """Some files were written, renamed or deleted: the releases that they belong to are due."""
        touched = [path.resolve() for path in paths]
        for origin in self._origins:
            files = [file.resolve() for file in origin.values]
            chart = origin.chart.resolve()
            if any(path in files or (path.is_relative_to(chart) and not _scratch(path)) for path in touched):
                self._due[origin.namespace, origin.name] = origin
        if self._due:
            self._wake.set()

    # ------------------------------------------------------------------ what follows
    async def _serve(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._due:
                _, origin = self._due.popitem()
                try:
                    await self._take_up(origin)
                except (TemplateError, OSError) as error:
                    await self._complain(origin, str(error).strip())

    async def _take_up(self, origin: Origin) -> None:
        gone = [file.name for file in origin.values if not file.exists()]
        if gone:
            raise ChartError(f"{', '.join(gone)} is gone")
        given = await in_thread(read_given, origin)
        chart = await in_thread(self._work.shelf.chart, str(origin.chart))
        intent = Intent("upgrade", origin.name, origin.namespace, chart, given.values, given.sources)
        before = deployed(self._work.records(origin.namespace, origin.name))
        found = await plan(self._frame.client, intent, before)
        if found.is_empty:
            self._frame.say(f"{_named(origin)} was saved: nothing changes")
        elif origin.watch == "apply":
            await self._work.apply(intent, before, f" ({_named(origin)} was saved)")
        else:
            await self._show(intent, origin)

    async def _show(self, intent: Intent, origin: Origin) -> None:
        """Bring up the preview; one of the same release that is open already makes room for it."""
        app = self._frame.app
        told = False
        while len(app.screen_stack) > 1:
            top = app.screen
            if isinstance(top, Preview) and (top.intent.namespace, top.intent.name) == (origin.namespace, origin.name):
                top.dismiss(None)
            elif not told:
                told = True
                self._frame.say(f"{_named(origin)} was saved: its preview comes when you are done here")
            await asyncio.sleep(TURN)
            if (origin.namespace, origin.name) in self._due:
                return
        self._frame.background(self._work.show(intent, f"{_named(origin)} was saved"))

    async def _complain(self, origin: Origin, text: str) -> None:
        """Say what is wrong, now and in the cluster's story."""
        named = text if text.startswith(_named(origin)) else f"{_named(origin)}: {text}"
        self._frame.say(f"{named}\nrelease {origin.name} is as it was", bad=True)
        records = self._work.records(origin.namespace, origin.name)
        if records and self._frame.client.simulated:
            event = refusal(records[-1], " ".join(named.split()), self._frame.client.now())
            await self._frame.client.send(Request("create", Key(EVENTS, origin.namespace), body=event))
            self._frame.changed()


def refusal(record: Record, message: str, now: int) -> Tree:
    """The Event that tells of values that could not be used; it is about the revision that stays."""
    stamp = format_time(now)
    secret = secret_name(record.name, record.version)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{record.name}-values-", "namespace": record.namespace},
        "involvedObject": {"apiVersion": "v1", "kind": "Secret", "name": secret, "namespace": record.namespace},
        "type": "Warning",
        "reason": "ValuesRefused",
        "message": message[:1024],
        "source": {"component": "kubetui"},
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
    }


def _named(origin: Origin) -> str:
    return origin.values[-1].name if origin.values else origin.chart.name


def _scratch(path: Path) -> bool:
    """Whether an editor wrote the file for itself."""
    return path.name.startswith((".", "#")) or path.name.endswith(("~", ".swp", ".swx", ".tmp"))
