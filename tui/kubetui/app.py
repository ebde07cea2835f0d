"""The explorer's application: composes the main screen, finds the handler of an action, and knows how to end."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from textual.app import App
from textual.binding import Binding

from kubesim.objects.wire import Key
from kubetui.client.port import ClusterClient
from kubetui.keys import ACTIONS, Action, Keymap
from kubetui.model.glyphs import ASCII, UNICODE, Glyphs
from kubetui.model.themes import DARK
from kubetui.panes.arranging import Arranging
from kubetui.panes.collector import Collector
from kubetui.panes.copying import Copying
from kubetui.panes.debugging import Debugging
from kubetui.panes.drawer.actions import DRAWER_ACTIONS
from kubetui.panes.ending import leave_on_signals, report
from kubetui.panes.forking import Forking
from kubetui.panes.frame import Frame
from kubetui.panes.general import General
from kubetui.panes.guard import Interrupts, guarded
from kubetui.panes.helm.actions import Helm
from kubetui.panes.operations import Operations
from kubetui.panes.rewinding import Rewinding
from kubetui.panes.timekeeping import Timekeeping

if TYPE_CHECKING:
    from textual.driver import Driver

    from kubetui.model.helm.shelf import Origin
    from kubetui.panes.drawer.drawer import Drawer

Handler = Callable[[str], Awaitable[None]]
STYLES = Path(__file__).parent / "styles"


class Gateway(Protocol):
    """A server that lets other programs drive the cluster while it is on the screen."""

    on_addresses: Callable[[Mapping[Key, str]], None] | None
    """Told where Ingresses and Services are reached on this machine."""

    @property
    def line(self) -> str:
        """What to type in another terminal, or why that is not possible."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables of that line; empty while nothing is served."""

    async def open(self, say: Callable[[str], None]) -> None:
        """Begin to serve, and say so."""

    async def close(self) -> None:
        """Stop serving."""


class Explorer(App[int], inherit_bindings=False):
    """The explorer of one cluster; ``run`` returns 0 when the person quits.

    What is ``kept`` on the disk is not lost by quitting. With a ``speed`` the cluster's time runs from the first paint
    on, otherwise it stands still.
    """

    TITLE = "kubetui"
    CSS_PATH = [STYLES / "explorer.tcss", STYLES / "detail.tcss"]  # noqa: RUF012 - as Textual declares it
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [Binding("ctrl+c", "interrupt", show=False, priority=True)]  # noqa: RUF012 - as Textual declares it

    def __init__(
        self,
        client: ClusterClient,
        *,
        keymap: Keymap | None = None,
        glyphs: Glyphs = UNICODE,
        theme: str = DARK,
        namespace: str = "",
        speed: float | None = None,
        gateway: Gateway | None = None,
        folder: Path | None = None,
        releases: "tuple[Origin, ...]" = (),
        kept: bool = False,
    ) -> None:
        self.interrupts = Interrupts()
        self.collector = Collector()
        super().__init__()
        self.client = client
        self.gateway = gateway
        self.keymap = keymap or default_keymap()
        self.glyphs = glyphs
        self.frame = Frame(client, self.keymap, glyphs, self.perform)
        self.operations = Operations(self, self.frame)
        self.helm = Helm(self, self.frame, self.operations, folder=folder, origins=releases)
        self.general = General(self, self.frame)
        self.general.unsaved = self._would_lose
        self._kept = kept
        self.rewinding = Rewinding(self, self.frame)
        self.rewinding.on_dropped = self.collector.dropped
        self.rewinding.on_other_future = self.operations.forget
        self.frame.heartbeat.looked = self.rewinding.follow
        forking = Forking(self, self.frame)
        forking.on_other_future = self.operations.forget
        handlers: dict[str, Handler] = {
            **self.rewinding.handlers,
            **forking.handlers,
            **Timekeeping(self.frame).handlers,
            **self.frame.navigation.handlers,
            **self.operations.handlers,
            **self.general.handlers,
            **Arranging(self.frame).handlers,
            **Copying(self, self.frame).handlers,
            **Debugging(self, self.frame).handlers,
            "api": self._show_gateway,
            "shell": self._open_shell,
        }
        handlers.update(self.rewinding.over(handlers["back"]))
        self.handlers: Mapping[str, Handler] = {**handlers, **self.helm.handlers, **self.helm.over(handlers)}
        self._namespace = namespace
        self._speed = speed
        self.set_class(glyphs is ASCII, "-ascii")
        self.theme = theme if theme in self.available_themes else DARK

    def _would_lose(self) -> bool:
        time = self.client.time
        if time is not None and time.past.branches.active:
            self.general.loss = "the fork is gone when you quit"
            return True
        return self.client.simulated and not self._kept and self.operations.acted

    def get_default_screen(self) -> Frame:
        """The main screen."""
        return self.frame

    def get_driver_class(self) -> "type[Driver]":
        """The platform's driver, with an eye on Ctrl-C."""
        return guarded(super().get_driver_class(), self.interrupts, self._key_waits)

    def _key_waits(self) -> None:
        # Called in the input thread, before the key is in the event loop's queue.
        time = self.client.time
        if time is not None:
            time.key_pressed()

    async def on_mount(self) -> None:
        """Begin in the namespace that was asked for, with time running when a speed was."""
        time = self.client.time
        if time is not None and not self.is_headless:
            time.past.begin()
        if time is not None and self._speed is not None:
            time.set_speed(self._speed)
            time.resume()
            self.frame.changed()
        if self._namespace:
            await self.frame.navigation.choose_namespace(self._namespace)
        if not self.is_headless:
            leave_on_signals(lambda code: self.exit(return_code=code))
            self.collector.start()
            self.set_interval(1.0, self._rest)
        if self.gateway is not None:
            self.gateway.on_addresses = self.frame.facts.listen
            self.frame.background(self.gateway.open(self.frame.say))
        self.helm.start()

    def _rest(self) -> None:
        self.collector.rest(asyncio.get_running_loop().time())

    async def _show_gateway(self, argument: str) -> None:
        del argument
        self.frame.say(self.gateway.line if self.gateway is not None else "no API is served beside this explorer")

    async def _open_shell(self, argument: str) -> None:
        # The event loop goes on, and with it the cluster and its API.
        if self.gateway is None or not self.gateway.environment:
            await self._show_gateway(argument)
            return
        with self.suspend():
            print(f"{self.gateway.line}\nkubectl and helm drive this cluster now; exit comes back.\n")  # noqa: T201
            shell = os.environ.get("SHELL", "/bin/sh")
            process = await asyncio.create_subprocess_exec(shell, env={**os.environ, **self.gateway.environment})
            await process.wait()

    async def perform(self, action: Action, argument: str) -> None:
        """Do what an action says: the focused table first, then whoever has a handler for it."""
        self.collector.typed(asyncio.get_running_loop().time())
        if self.frame.stage.reachable(action):
            if self.frame.table.act(action.id, argument):
                return
            handler = self.handlers.get(action.id)
            if handler is not None:
                await handler(argument)
                return
        self.frame.say(f"{action.help}: not here")

    # ------------------------------------------------------------------ the palette asks
    def palette_actions(self) -> Sequence[Action]:
        """The actions that can be reached now."""
        return self.keymap.available(self.frame.stage.contexts)

    async def run_action_id(self, action_id: str) -> None:
        """Carry one out."""
        await self.perform(self.keymap.actions[action_id], "")

    # ------------------------------------------------------------------ the end
    async def action_interrupt(self) -> None:
        """Ctrl-C: ask, or quit when it was asked already."""
        self.interrupts.answered()
        await self.general.interrupt()

    def _fatal_error(self) -> None:
        # Textual would print the traceback with the values of all variables.
        if self.is_headless:
            super()._fatal_error()
            return
        from kubesim.httpd.credentials import state_folder  # noqa: PLC0415 - brings cryptography along

        self._exit_renderables.append(report(state_folder()))
        self._close_messages_no_wait()

    async def on_drawer_edit_requested(self, event: "Drawer.EditRequested") -> None:
        """The drawer asks to edit what it shows."""
        await self.operations.edit(event.key)

    async def on_unmount(self) -> None:
        """Let go of the cluster."""
        await self.operations.close()
        await self.helm.close()
        self.frame.facts.close()
        if self.gateway is not None:
            await self.gateway.close()
        await self.client.close()


def default_keymap(overrides: Mapping[str, Sequence[str]] | None = None) -> Keymap:
    """The registry's keys with the person's own. Raises keys.ConflictError."""
    return Keymap(overrides, (*ACTIONS, *DRAWER_ACTIONS))
