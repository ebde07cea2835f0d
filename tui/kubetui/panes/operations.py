"""The actions on objects by id: which rows they are about, where their work is done, and how it is undone."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kubesim.objects.wire import Key
from kubetui.panes.drawer.drawer import Drawer
from kubetui.panes.forwarding import Forwarding
from kubetui.panes.nodework import NodeWork
from kubetui.panes.objectwork import ObjectWork
from kubetui.panes.resource import ResourceTable
from kubetui.panes.runner import Runner
from kubetui.panes.story import StoryTable

if TYPE_CHECKING:
    from textual.app import App

    from kubetui.panes.frame import Frame

Handler = Callable[[str], Awaitable[None]]
Work = Callable[[Sequence[Key], str], Coroutine[Any, Any, None]]

TABS = {"describe": "describe", "yaml": "yaml", "logs": "logs", "events-of": "events", "why": "why", "decode": "yaml"}
"""The drawer's tab that an action opens."""


class Operations:
    """Runs the actions on objects. What asks or waits runs in a worker, so that keys are never held up."""

    def __init__(self, app: "App[Any]", frame: "Frame") -> None:
        self.runner = Runner(frame)
        self.forwarding = Forwarding(app, frame)
        self._frame = frame
        self.objects = ObjectWork(app, frame, self.runner)
        works: Mapping[str, Work] = {
            **self.objects.works,
            **NodeWork(app, frame, self.runner).works,
            "forward": self._forward,
        }
        self.handlers: dict[str, Handler] = {
            **{action: self._detail(tab) for action, tab in TABS.items()},
            **{action: self._on_targets(work) for action, work in works.items()},
            "logs-previous": self._previous_logs,
            "forwards": self._forwards,
            "mend": self._in_worker(works["mend"]),
            "undo": self._undo,
        }

    # ------------------------------------------------------------------ how handlers are made
    def _targets(self) -> list[Key]:
        table = self._frame.table
        return table.targets() if isinstance(table, ResourceTable) else []

    def _on_targets(self, work: Work) -> Handler:
        async def handle(argument: str) -> None:
            targets = self._targets()
            if targets:
                self._frame.background(work(targets, argument))
            else:
                self._frame.say("no row is highlighted")

        return handle

    def _in_worker(self, work: Work) -> Handler:
        async def handle(argument: str) -> None:
            self._frame.background(work((), argument))

        return handle

    def _detail(self, tab: str) -> Handler:
        async def handle(argument: str) -> None:
            del argument
            table = self._frame.table
            targets = table.targets() if isinstance(table, ResourceTable | StoryTable) else []
            key = table.cursor_key or next(iter(targets), None)
            if key is not None:
                await self._frame.stage.open_detail(key, tab)

        return handle

    # ------------------------------------------------------------------ the rest
    async def _previous_logs(self, argument: str) -> None:
        del argument
        key = self._frame.table.cursor_key
        if key is not None:
            await self._frame.stage.open_detail(key, "logs", previous=True)

    async def _forward(self, targets: Sequence[Key], ports: str) -> None:
        await self.forwarding.open(targets[0], ports)

    async def _forwards(self, argument: str) -> None:
        del argument
        self.forwarding.list()

    async def _undo(self, argument: str) -> None:
        del argument
        self._frame.background(self.runner.undo())

    def edit_requested(self, event: Drawer.EditRequested) -> None:
        """The drawer asks to edit what it shows."""
        self._frame.background(self.objects.works["edit"]([event.key], ""))
