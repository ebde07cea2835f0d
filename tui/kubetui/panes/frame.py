"""The main screen: header, stage, breadcrumbs, command line, footer; it turns keys and commands into actions."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Input, Static

from kubesim.objects.wire import NAMESPACES, Key
from kubetui.client.port import ClusterClient
from kubetui.keys import Action, Keymap, spell
from kubetui.model import commands
from kubetui.model.catalogue import Catalogue
from kubetui.model.glyphs import Glyphs
from kubetui.model.places import Place
from kubetui.model.usage import Facts
from kubetui.panes.command import COMMAND, FILTER, CommandLine
from kubetui.panes.footer import Crumbs, Footer
from kubetui.panes.header import Header
from kubetui.panes.heartbeat import Heartbeat
from kubetui.panes.navigation import Navigation
from kubetui.panes.resource import ResourceTable
from kubetui.panes.stage import Stage
from kubetui.panes.story import StoryTable
from kubetui.panes.table import Table

SMALLEST = (40, 8)
"""Columns and lines below which nothing useful can be shown."""

Perform = Callable[[Action, str], Awaitable[None]]


class Frame(Screen[None], inherit_bindings=False):
    """Composes the views and routes keys; what actions do is elsewhere."""

    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (140, "-wide")]  # noqa: RUF012

    def __init__(self, client: ClusterClient, keymap: Keymap, glyphs: Glyphs, perform: Perform) -> None:
        super().__init__()
        self.client = client
        self.keymap = keymap
        self.catalogue = Catalogue(client.resources(), client.resources)
        self.facts = Facts(client)
        self.stage = Stage(client, self.catalogue, self.facts, glyphs=glyphs, keymap=keymap)
        self.heartbeat = Heartbeat(self, client, self.facts, self.stage.live)
        self.navigation = Navigation(self, self.catalogue)
        self.header = Header(client, self.facts, self.stage.home.story.view, glyphs)
        self._glyphs = glyphs
        self._perform = perform
        self._commands = frozenset(keymap.commands())
        self._footer = Footer(keymap)
        self._crumbs = Crumbs()
        self._line = CommandLine(self._complete)
        self._passed_on: events.Key | None = None

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self.header
        yield self.stage
        yield self._crumbs
        yield self._line
        yield self._footer
        yield Static(id="too-small")

    def on_mount(self) -> None:
        """Start to follow the cluster."""
        self.header.namespaces = tuple(self.navigation.favourites)
        self.heartbeat.after = self.restate
        self.heartbeat.start()
        self.stage.home.choose(self.stage.home.current)

    def on_resize(self, event: events.Resize) -> None:
        """Say so when the terminal is too small to show anything."""
        width, height = event.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(small, "-too-small")
        if small:
            self.query_one("#too-small", Static).update(f"{width}x{height}: kubetui needs {SMALLEST[0]}x{SMALLEST[1]}")

    # ------------------------------------------------------------------ what navigation and actions ask for
    @property
    def table(self) -> Table:
        """The table that has the keys, or had them last."""
        return self.stage.table

    async def show(self, place: Place, cursor: Key | None = None) -> None:
        """Put a view on the screen."""
        await self.stage.show(place, cursor)
        self.heartbeat.arm(0)

    def namespace_chosen(self, namespace: str, favourites: Sequence[str]) -> None:
        """Another namespace, or other favourites."""
        self.header.namespace, self.header.namespaces = namespace, tuple(favourites)
        self.header.refresh()
        self.stage.home.set_namespace(namespace)

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show a short message."""
        self.notify(text, severity="error" if bad else "information", timeout=6 if bad else 4, markup=False)

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that takes its time while keys and repaints go on."""
        self.run_worker(work, group="operations")

    def changed(self) -> None:
        """The clock or the cluster was touched."""
        self.heartbeat.sync_clock()
        self.heartbeat.arm(0)

    @on(Stage.Changed)
    def restate(self) -> None:
        """Footer and breadcrumbs follow the view."""
        self._footer.show(self.stage.contexts)
        sort = self.table.model.sort
        arrow = self._glyphs.descending if sort.descending else self._glyphs.ascending
        state = f"sort {sort.title or 'NAME'}{arrow}"
        if self.stage.browser is None:
            state = f"links {'on' if self.stage.home.linked else 'off'}   {state}"
        self._crumbs.show(self.navigation.history.trail, state)

    # ------------------------------------------------------------------ keys and typing
    async def on_key(self, event: events.Key) -> None:
        """Turn a key into an action of the focused pane."""
        time = self.client.time
        if time is not None:
            time.key_pressed()
        # Keys of one burst are all sent to what has the focus when they come in: the table. What the first of them
        # opens, the command line or a dialog, gets the others from here, through the application's queue: there the
        # word about the new focus waits before them.
        if event is not self._passed_on and (self.app.screen is not self or self._line.missed(event)):
            event.stop()
            self._passed_on = events.Key(event.key, event.character)
            self.app.post_message(self._passed_on)
            return
        if isinstance(self.focused, Input) and self.focused.display:
            return
        key = spell(event.key, event.character)
        if len(key) == 1 and key.isdigit():
            event.stop()
            await self.navigation.digit(int(key))
            return
        action = self.keymap.find(key, self.stage.contexts)
        if action is not None:
            event.stop()
            event.prevent_default()
            await self._perform(action, "")
            self.restate()

    def type(self, mode: str) -> None:
        """Open the command line for a command or a filter."""
        table = self.table
        known = table.view.selection.filter.text if mode == FILTER and isinstance(table, ResourceTable) else ""
        self._line.open(mode, known)

    def _complete(self, text: str) -> Sequence[str]:
        word, space, rest = text.partition(" ")
        if space:
            spaces = [str(tree["metadata"]["name"]) for tree in self.client.objects(NAMESPACES)]
            return [name for name in spaces if name.startswith(rest.rpartition(" ")[2])]
        return commands.suggest(word, self.catalogue, self._commands)

    @on(CommandLine.Filtered)
    def _filtered(self, event: CommandLine.Filtered) -> None:
        if isinstance(self.table, ResourceTable | StoryTable):
            self.table.set_filter(event.text)

    @on(CommandLine.Closed)
    def _left(self, event: CommandLine.Closed) -> None:
        if event.cancelled and event.mode == FILTER:
            self._filtered(CommandLine.Filtered(""))
        self.table.focus()

    @on(CommandLine.Entered)
    async def _entered(self, event: CommandLine.Entered) -> None:
        found = commands.parse(event.text.removeprefix(COMMAND), self.catalogue, self._commands)
        match found:
            case commands.Browse():
                await self.navigation.browse(found)
            case commands.Act(command, argument):
                action = self.keymap.command(command)
                if action is not None:
                    await self._perform(action, argument)
            case commands.Unknown(text, near):
                self.say(f"nothing is called {text!r}" + (f"; perhaps {', '.join(near[:4])}" if near else ""), bad=True)
        self.restate()

    @on(Table.Opened)
    async def _opened(self) -> None:
        await self._perform(self.keymap.actions["drill"], "")

    # ------------------------------------------------------------------ following the cluster
    @on(Heartbeat.Due)
    def _beat(self) -> None:
        self.heartbeat.beat()

    @on(Table.Sorted)
    def _sorted(self) -> None:
        self.heartbeat.arm(0)
