"""The actions that are about the program itself: command line, help, palette, theme, quitting."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from kubetui.model.commands import Browse
from kubetui.panes.command import COMMAND, FILTER

if TYPE_CHECKING:
    from textual.app import App

    from kubetui.panes.frame import Frame

Handler = Callable[[str], Awaitable[None]]
ASK_AGAIN = 3.0
"""For how many seconds a second Ctrl-C quits."""


class General:
    """Runs the actions on the program."""

    def __init__(self, app: "App[Any]", frame: "Frame") -> None:
        self._app = app
        self._frame = frame
        self._asked = float("-inf")
        self.unsaved: Callable[[], bool] = bool
        """Whether quitting would lose something the person did."""
        self.loss = "this cluster is gone when you quit"
        self.handlers: dict[str, Handler] = {
            "command": self.command,
            "filter": self.filter,
            "quit": self.quit,
            "redraw": self.redraw,
            "header": self.header,
            "crumbs": self.crumbs,
            "theme": self.theme,
            "help": self.help,
            "palette": self.palette,
            "aliases": self.aliases,
            "context": self.context,
        }
        self.contexts: Sequence[str] = ()
        """The contexts that one may change to."""
        self.wanted_context = ""
        """The context that the person left for."""

    # ------------------------------------------------------------------ typing
    async def command(self, argument: str) -> None:
        """Open the command line."""
        del argument
        self._frame.type(COMMAND)

    async def filter(self, argument: str) -> None:
        """Open the filter line, or set the filter that is given."""
        table = self._frame.table
        if argument and hasattr(table, "set_filter"):
            table.set_filter(argument)
        else:
            self._frame.type(FILTER)

    # ------------------------------------------------------------------ the screen
    async def redraw(self, argument: str) -> None:
        """Paint everything anew."""
        del argument
        for table in self._frame.stage.live():
            table.relayout()
        self._frame.changed()

    async def header(self, argument: str) -> None:
        """Hide the header, or show it."""
        del argument
        self._frame.toggle_class("-no-header")

    async def crumbs(self, argument: str) -> None:
        """Hide the breadcrumbs, or show them."""
        del argument
        self._frame.toggle_class("-no-crumbs")

    async def theme(self, argument: str) -> None:
        """Choose a theme, or take the one named."""
        wanted = argument.strip()
        if not wanted:
            self._frame.background(self._choose_theme())
        elif wanted in self._app.available_themes:
            self._app.theme = wanted
        else:
            self._frame.say(f"no theme {wanted!r}", bad=True)

    async def _choose_theme(self) -> None:
        from kubetui.panes.dialogs import picker  # noqa: PLC0415 - dialogs are loaded when they are asked for

        before = self._app.theme
        chosen = await self._app.push_screen_wait(
            picker.themes(list(self._app.available_themes), before, self._preview)
        )
        self._app.theme = chosen or before

    def _preview(self, name: str) -> None:
        self._app.theme = name

    # ------------------------------------------------------------------ finding one's way
    async def help(self, argument: str) -> None:
        """All keys that work here."""
        del argument
        from kubetui.panes.dialogs.help import Help  # noqa: PLC0415

        contexts = self._frame.stage.contexts
        self._app.push_screen(Help(f"Keys: {contexts[0]}", self._frame.keymap.available(contexts)))

    async def palette(self, argument: str) -> None:
        """Search all actions."""
        del argument
        from textual.command import CommandPalette  # noqa: PLC0415

        from kubetui.panes.dialogs.palette import ActionProvider  # noqa: PLC0415

        self._app.push_screen(CommandPalette(providers=[ActionProvider], placeholder="Search actions"))

    async def aliases(self, argument: str) -> None:
        """Choose from all resources."""
        del argument
        self._frame.background(self._choose_resource())

    async def _choose_resource(self) -> None:
        from kubetui.panes.dialogs.picker import Choice, Picker  # noqa: PLC0415

        resources = self._frame.catalogue.resources
        choices = [Choice(r.gvr.qualified, r.gvr.qualified, " ".join((r.kind, *r.short_names))) for r in resources]
        chosen = await self._app.push_screen_wait(Picker("Resources", choices))
        resource = next((r for r in resources if r.gvr.qualified == chosen), None)
        if resource is not None:
            await self._frame.navigation.browse(Browse(resource.gvr))

    async def context(self, argument: str) -> None:
        """Leave for the cluster of another context."""
        name = argument.strip()
        if not self.contexts:
            self._frame.say(f"this is {self._frame.client.name}; kubetui attach knows the contexts of a kubeconfig")
        elif not name:
            self._frame.background(self._choose_context())
        elif name not in self.contexts:
            self._frame.say(f'context "{name}" does not exist; there are {", ".join(self.contexts)}', bad=True)
        else:
            self._leave_for(name)

    async def _choose_context(self) -> None:
        from kubetui.panes.dialogs.picker import Choice, Picker  # noqa: PLC0415

        current = self._frame.client.name
        choices = [Choice(name) for name in self.contexts]
        chosen = await self._app.push_screen_wait(Picker("Contexts", choices, current))
        if chosen is not None:
            self._leave_for(chosen)

    def _leave_for(self, name: str) -> None:
        if name != self._frame.client.name:
            self.wanted_context = name
            self._app.exit(0)

    # ------------------------------------------------------------------ the end
    async def quit(self, argument: str) -> None:
        """Quit."""
        del argument
        self._app.exit(0)

    async def interrupt(self) -> None:
        """Quit at once when nothing is lost or when asked twice; else ask."""
        now = asyncio.get_running_loop().time()
        if not self.unsaved() or now - self._asked < ASK_AGAIN:
            self._app.exit(0)
            return
        self._asked = now
        self._frame.say(f"{self.loss}; Ctrl-C once more to quit")
