"""The middle of the screen: home or one table, and the drawer beside it; knows which of them has the keys."""

from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.message import Message

from kubesim.objects.wire import Key
from kubetui.client.port import ClusterClient, Resource
from kubetui.keys import Action, Keymap
from kubetui.model.catalogue import Catalogue
from kubetui.model.glyphs import Glyphs
from kubetui.model.places import CONTAINERS, Place
from kubetui.model.usage import Facts
from kubetui.panes.home import Home
from kubetui.panes.resource import ResourceTable
from kubetui.panes.story import StoryTable
from kubetui.panes.table import Table

if TYPE_CHECKING:
    from kubetui.panes.drawer.drawer import Drawer


class Stage(Horizontal):
    """Shows one view at a time, and details on request."""

    class Changed(Message):
        """Another view, another pane, or the drawer came or went."""

    def __init__(
        self, client: ClusterClient, catalogue: Catalogue, facts: Facts, *, glyphs: Glyphs, keymap: Keymap
    ) -> None:
        super().__init__(id="stage")
        self.home = Home(client, catalogue, facts, glyphs)
        self.browser: ResourceTable | None = None
        self._drawer: Drawer | None = None
        self._keymap = keymap
        self._client = client
        self._catalogue = catalogue
        self._facts = facts
        self._glyphs = glyphs
        self._slot = Container(id="browser")

    def compose(self) -> ComposeResult:
        """Home and the place of a table; the drawer comes when it is first opened."""
        yield self.home
        yield self._slot

    def on_mount(self) -> None:
        """Start at home."""
        self._slot.display = False

    # ------------------------------------------------------------------ reading
    @property
    def table(self) -> Table:
        """The table that has the keys, or had them last."""
        return self.browser if self.browser is not None else self.home.current

    @property
    def drawer(self) -> "Drawer | None":
        """The drawer while it is open."""
        return self._drawer if self._drawer is not None and self._drawer.display else None

    def live(self) -> list[Table]:
        """The tables that are on the screen."""
        return [self.browser] if self.browser is not None else self.home.live()

    @property
    def contexts(self) -> tuple[str, ...]:
        """Where keys are looked up now, the narrowest first."""
        drawer = self.drawer
        if drawer is not None and drawer.has_focus_within:
            return (f"drawer-{drawer.tab}", "drawer", "anywhere")
        table = self.table
        return table.contexts if isinstance(table, ResourceTable | StoryTable) else ("table", "anywhere")

    def reachable(self, action: Action) -> bool:
        """Whether an action is about what is on the screen; the drawer does not hide its table's actions."""
        table = self.table
        contexts = table.contexts if isinstance(table, ResourceTable | StoryTable) else ()
        return any(context in contexts or context in self.contexts for context in action.contexts)

    # ------------------------------------------------------------------ views
    async def show(self, place: Place, cursor: Key | None = None) -> None:
        """Put a view on the screen."""
        old, self.browser = self.browser, None
        if old is not None:
            await old.remove()
        self.home.display = place.gvr is None
        self._slot.display = place.gvr is not None
        if place.gvr is not None and place.gvr.group == "helm.sh":
            from kubetui.panes.helm.tables import open_table  # noqa: PLC0415 - Helm comes when it is asked for

            self.browser = open_table(self._client, place, self._facts, self._glyphs)
            await self._slot.mount(self.browser)
            self.browser.set_filter(place.filter)
        elif place.gvr == CONTAINERS:
            from kubetui.panes.containers import ContainerTable  # noqa: PLC0415 - when a pod is opened

            self.browser = ContainerTable(self._client, place, self._facts, self._glyphs)
            await self._slot.mount(self.browser)
            self.browser.set_filter(place.filter)
        elif place.gvr is not None:
            resource = self._catalogue.of(place.gvr) or Resource(place.gvr, place.gvr.resource, namespaced=True)
            table = ResourceTable(self._client, resource, self._facts, self._glyphs, namespace=place.namespace)
            self.browser = table
            await self._slot.mount(table)
            table.set_scope(place.scope)
            table.set_filter(place.filter)
        if cursor is not None:
            self.table.viewport.seek(cursor)
        self.table.focus()
        self.post_message(self.Changed())

    # ------------------------------------------------------------------ details
    async def open_detail(self, key: Key, tab: str, *, previous: bool = False, container: str = "") -> None:
        """Show an object's details in the drawer."""
        drawer = self._drawer
        if drawer is None:
            from kubetui.panes.drawer.drawer import Drawer  # noqa: PLC0415 - not before the first paint

            drawer = self._drawer = Drawer(self._client, keymap=self._keymap, id="drawer")
            await self.mount(drawer)
        drawer.display = True
        self.add_class("-drawer")
        await drawer.show(key, tab, previous=previous, container=container)
        self.post_message(self.Changed())

    def close_detail(self) -> bool:
        """Hide the details; False when they were not shown."""
        drawer = self.drawer
        if drawer is None:
            return False
        drawer.hide()
        drawer.display = False
        self.remove_class("-drawer", "-full")
        self.table.focus()
        self.post_message(self.Changed())
        return True

    # ------------------------------------------------------------------ messages
    def on_drawer_closed(self) -> None:
        """The drawer asks to be hidden."""
        self.close_detail()

    def on_drawer_full_screen(self, event: "Drawer.FullScreen") -> None:
        """The drawer asks for the whole screen, or gives it back."""
        self.set_class(event.full, "-full")

    @on(Table.Highlighted)
    def _highlighted(self, event: Table.Highlighted) -> None:
        if self.home.linked and event.table is self.home.current:
            self.home.follow(event.table, event.key)

    @on(events.DescendantFocus)
    def _focused(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, Table) and event.widget in self.home.panes:
            self.home.mark_current(event.widget)
        self.post_message(self.Changed())
