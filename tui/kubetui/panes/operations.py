"""The actions on objects by id: which rows they are about, where their work is done, and how it is undone."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kubesim.objects.wire import Key
from kubetui.panes.resource import ResourceTable

if TYPE_CHECKING:
    from textual.app import App

    from kubetui.panes.forwarding import Forwarding
    from kubetui.panes.frame import Frame
    from kubetui.panes.runner import Runner

Handler = Callable[[str], Awaitable[None]]
Work = Callable[[Sequence[Key], str], Coroutine[Any, Any, None]]

TABS = {
    "describe": "describe", "yaml": "yaml", "logs": "logs", "events-of": "events", "why": "why", "decode": "yaml",
    "history": "history", "diff": "diff", "xray": "xray",
}  # fmt: skip
"""The drawer's tab that an action opens."""

WORKS = (
    "delete", "kill", "evict", "scale", "scale-up", "scale-down", "restart", "set-image", "rollback", "trigger",
    "suspend", "edit", "cordon", "uncordon", "drain", "chaos", "crash", "exec", "attach",
    "used-by", "transfer", "node-shell",
)  # fmt: skip
"""Actions that are carried out by ``objectwork`` and ``nodework``."""


class Operations:
    """Runs the actions on objects. What asks or waits runs in a worker, so that keys are never held up.

    The works bring flows, dialogs and sockets: they are imported when the first of them is asked for, after the
    first paint.
    """

    def __init__(self, app: "App[Any]", frame: "Frame") -> None:
        self._app = app
        self._frame = frame
        self._runner: Runner | None = None
        self._forwarding: Forwarding | None = None
        self._works: Mapping[str, Work] = {}
        self.handlers: dict[str, Handler] = {
            **{action: self._detail(tab) for action, tab in TABS.items()},
            **{action: self._on_targets(action) for action in WORKS},
            "logs-previous": self._previous_logs,
            "forward": self._forward,
            "forwards": self._forwards,
            "mend": self._mend,
            "trace": self._anywhere("trace"),
            "load": self._anywhere("load"),
            "apply": self._anywhere("apply"),
            "sanitize": self._anywhere("sanitize"),
            "undo": self._undo,
            "xray": self._xray,
        }

    @property
    def acted(self) -> bool:
        """Whether anything was changed from here."""
        return self._runner is not None and self._runner.acted

    @property
    def runner(self) -> "Runner":
        """Carries out flows and remembers how to undo them."""
        if self._runner is None:
            from kubetui.panes.runner import Runner  # noqa: PLC0415 - not before the first paint

            self._runner = Runner(self._frame)
        return self._runner

    @property
    def forwarding(self) -> "Forwarding":
        """The port-forwards."""
        if self._forwarding is None:
            from kubetui.panes.forwarding import Forwarding  # noqa: PLC0415

            self._forwarding = Forwarding(self._app, self._frame)
        return self._forwarding

    def work(self, action: str) -> Work:
        """Where the work of an action is done."""
        if not self._works:
            from kubetui.panes.insidework import InsideWork  # noqa: PLC0415
            from kubetui.panes.networkwork import NetworkWork  # noqa: PLC0415
            from kubetui.panes.nodework import NodeWork  # noqa: PLC0415
            from kubetui.panes.objectwork import ObjectWork  # noqa: PLC0415

            parts = (self._app, self._frame, self.runner)
            kinds = (ObjectWork, NodeWork, NetworkWork, InsideWork)
            self._works = {action: work for kind in kinds for action, work in kind(*parts).works.items()}
        return self._works[action]

    # ------------------------------------------------------------------ how handlers are made
    def _targets(self) -> list[Key]:
        table = self._frame.table
        return table.targets() if isinstance(table, ResourceTable) else []

    def _on_targets(self, action: str) -> Handler:
        async def handle(argument: str) -> None:
            targets = self._targets()
            if targets:
                self._frame.background(self.work(action)(targets, argument))
            else:
                self._frame.say("no row is highlighted")

        return handle

    def _anywhere(self, action: str) -> Handler:
        async def handle(argument: str) -> None:
            self._frame.background(self.work(action)(self._targets(), argument))

        return handle

    def _detail(self, tab: str) -> Handler:
        async def handle(argument: str) -> None:
            del argument
            key = self._frame.table.cursor_key
            if key is not None:
                container = getattr(self._frame.table, "container", "") if tab == "logs" else ""
                await self._frame.stage.open_detail(key, tab, container=container)

        return handle

    # ------------------------------------------------------------------ the rest
    async def _xray(self, argument: str) -> None:
        if not argument.strip():
            await self._detail("xray")("")
            return
        frame = self._frame
        resource = frame.catalogue.find(argument.strip())
        if resource is None:
            frame.say(f"xray: nothing is called {argument!r}", bad=True)
            return
        from kubetui.model import xray  # noqa: PLC0415 - only when it is asked for
        from kubetui.model.lanes import Line  # noqa: PLC0415
        from kubetui.panes.dialogs.reading import Reading  # noqa: PLC0415

        namespace = frame.navigation.namespace if resource.namespaced else ""

        def read(width: int) -> Sequence[Line]:
            del width
            return xray.all_of(frame.client.objects, resource.gvr, namespace)

        self._app.push_screen(Reading(f"xray {resource.gvr.resource} {namespace or 'all'}", read, every=1.0))

    async def _previous_logs(self, argument: str) -> None:
        del argument
        key = self._frame.table.cursor_key
        if key is not None:
            container = getattr(self._frame.table, "container", "")
            await self._frame.stage.open_detail(key, "logs", previous=True, container=container)

    async def _forward(self, ports: str) -> None:
        targets = self._targets()
        if targets:
            self._frame.background(self.forwarding.open(targets[0], ports))

    async def _forwards(self, argument: str) -> None:
        del argument
        self.forwarding.list()

    async def _mend(self, argument: str) -> None:
        self._frame.background(self.work("mend")((), argument))

    async def _undo(self, argument: str) -> None:
        del argument
        self._frame.background(self.runner.undo())

    def forget(self) -> None:
        """What was done belongs to a future that is no more."""
        if self._runner is not None:
            self._runner.forget()

    async def edit(self, key: Key) -> None:
        """Edit an object that is not a row: the drawer's."""
        self._frame.background(self.work("edit")([key], ""))

    async def close(self) -> None:
        """Stop the port-forwards."""
        if self._forwarding is not None:
            await self._forwarding.close()
