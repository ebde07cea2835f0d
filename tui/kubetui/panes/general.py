"""The actions that are about the program itself: command line, help, palette, theme, copying, saving, quitting."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from kubetui.model.commands import Browse
from kubetui.panes.command import COMMAND, FILTER
from kubetui.panes.resource import ResourceTable

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
        self.handlers: dict[str, Handler] = {
            "command": self.command,
            "filter": self.filter,
            "next-pane": self.next_pane,
            "previous-pane": self.previous_pane,
            "zoom": self.zoom,
            "unzoom": self.unzoom,
            "link": self.link,
            "quit": self.quit,
            "redraw": self.redraw,
            "header": self.header,
            "crumbs": self.crumbs,
            "theme": self.theme,
            "copy-name": self.copy_name,
            "copy-namespace": self.copy_namespace,
            "save": self.save,
            "help": self.help,
            "palette": self.palette,
            "aliases": self.aliases,
        }

    # ------------------------------------------------------------------ typing
    async def command(self, argument: str) -> None:
        """Open the command line."""
        del argument
        self._frame.type(COMMAND)

    async def filter(self, argument: str) -> None:
        """Open the filter line."""
        del argument
        self._frame.type(FILTER)

    # ------------------------------------------------------------------ panes
    async def next_pane(self, argument: str) -> None:
        """Give the keys to the next pane."""
        del argument
        self._step(1)

    async def previous_pane(self, argument: str) -> None:
        """Give the keys to the pane before."""
        del argument
        self._step(-1)

    def _step(self, delta: int) -> None:
        stage = self._frame.stage
        drawer = stage.drawer
        if drawer is not None:
            (stage.table if drawer.has_focus_within else drawer.view).focus()
        elif stage.browser is None:
            stage.home.step(delta)

    async def zoom(self, argument: str) -> None:
        """Let the pane have all the room."""
        del argument
        home = self._frame.stage.home
        home.zoom(on=not home.zoomed)

    async def unzoom(self, argument: str) -> None:
        """Show all panes again."""
        del argument
        self._frame.stage.home.zoom(on=False)

    async def link(self, argument: str) -> None:
        """Link the panes, or part them."""
        del argument
        self._frame.stage.home.toggle_links()
        self._frame.changed()

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

    # ------------------------------------------------------------------ copies
    async def copy_name(self, argument: str) -> None:
        """Copy the names of the marked rows, or of the one under the cursor."""
        del argument
        self._copy([key.name for key in self._targets()])

    async def copy_namespace(self, argument: str) -> None:
        """Copy the namespace of the row."""
        del argument
        self._copy([key.namespace for key in self._targets()[:1] if key.namespace])

    def _targets(self) -> list[Any]:
        table = self._frame.table
        return table.targets() if isinstance(table, ResourceTable) else []

    def _copy(self, texts: list[str]) -> None:
        if texts:
            self._app.copy_to_clipboard("\n".join(texts))
            self._frame.say(f"copied {texts[0]}" + (f" and {len(texts) - 1} more" if len(texts) > 1 else ""))

    async def save(self, argument: str) -> None:
        """Write the table as it is shown to a file; the argument is the file's name."""
        table = self._frame.table
        view = table.model
        now = self._frame.client.now()
        lines = ["\t".join(column.title for column in view.layout)]
        lines.extend("\t".join(map(str, view.cells(row, now))) for row in view.slice(0, view.count))
        name = table.gvr.resource if isinstance(table, ResourceTable) else "events"
        path = Path(argument.strip() or f"{name}.tsv").expanduser()
        try:
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        except OSError as error:
            self._frame.say(f"cannot write {path}: {error.strerror}", bad=True)
            return
        self._frame.say(f"{view.count} rows written to {path}")

    # ------------------------------------------------------------------ the end
    async def quit(self, argument: str) -> None:
        """Quit."""
        del argument
        self._app.exit(0)

    async def interrupt(self) -> None:
        """Quit at once when nothing is lost or when asked twice; else ask."""
        now = monotonic()
        if not self.unsaved() or now - self._asked < ASK_AGAIN:
            self._app.exit(0)
            return
        self._asked = now
        self._frame.say("this cluster is gone when you quit; Ctrl-C once more to quit")
