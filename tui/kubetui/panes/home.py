"""The home screen: nodes, pods, services and the story side by side; one pane and the story when there is less room."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from kubesim.objects.wire import NODES, PODS, SERVICES, Key, Tree
from kubetui.client.port import ClusterClient, Resource
from kubetui.model.catalogue import Catalogue
from kubetui.model.glyphs import Glyphs, plain
from kubetui.model.linking import NO_LINKS, links
from kubetui.model.usage import Facts
from kubetui.panes.resource import ResourceTable
from kubetui.panes.story import StoryTable
from kubetui.panes.table import Table

QUAD_WIDTH = 96
"""From this width on (of home itself, not of the screen) all four panes fit."""
QUAD_HEIGHT = 14
STACK_HEIGHT = 13
"""From this height on one pane and the story fit."""
MODES = ("-quad", "-stack", "-single")


class Home(Container):
    """Four panes over one cluster."""

    def __init__(self, client: ClusterClient, catalogue: Catalogue, facts: Facts, glyphs: Glyphs) -> None:
        super().__init__(id="home")
        self.linked = False
        self.namespace = ""
        self._client = client
        self._catalogue = catalogue
        self._facts = facts
        self._glyphs = glyphs
        self.tables: list[ResourceTable] = []
        self.story = StoryTable(client, glyphs, id="story")
        self.current: Table = self.story
        self._make_tables()

    def _make_tables(self) -> None:
        for gvr in (NODES, PODS, SERVICES):
            resource = self._catalogue.of(gvr) or Resource(gvr, gvr.resource.capitalize()[:-1], namespaced=gvr != NODES)
            table = ResourceTable(
                self._client, resource, self._facts, self._glyphs, namespace=self.namespace, home=True, id=gvr.resource
            )
            table.decorate = None
            self.tables.append(table)
        self.current = self.tables[1]

    def compose(self) -> ComposeResult:
        """Nodes and pods above, services and the story below."""
        yield from self.tables
        yield self.story

    def on_mount(self) -> None:
        """Start with the pods."""
        self._choose(self.current)

    @property
    def panes(self) -> Sequence[Table]:
        """All panes, in the order of Tab."""
        return (*self.tables, self.story)

    def live(self) -> list[Table]:
        """All panes while home is shown: those without room still count their rows in the titles."""
        return list(self.panes) if self.display else []

    # ------------------------------------------------------------------ room
    def on_resize(self) -> None:
        """Show as many panes as fit."""
        width, height = self.size
        quad = width >= QUAD_WIDTH and height >= QUAD_HEIGHT
        mode = "-quad" if quad else "-stack" if height >= STACK_HEIGHT else "-single"
        for name in MODES:
            self.set_class(name == mode, name)
        for table in self.tables:
            table.decorate = None if quad else self._tabs
            table.retitle()

    @on(ResourceTable.Counted)
    def _counted(self) -> None:
        # The counts of the panes that have no room stand in the title of the one that has.
        for table in self.tables:
            if table.decorate is not None:
                table.retitle()

    def _tabs(self, own: str) -> str:
        arrow = self._glyphs.running
        names = []
        for table in self.tables:
            short = table.short_title or table.resource.kind
            names.append(f"{arrow}{own}" if table is self.current else short)
        return plain(" │ ", self._glyphs).join(names)

    # ------------------------------------------------------------------ panes
    def step(self, delta: int) -> None:
        """Give the keys to the next pane, or the one before."""
        panes = self.panes
        self.choose(panes[(panes.index(self.current) + delta) % len(panes)])

    def choose(self, pane: Table) -> None:
        """Give the keys to a pane."""
        self._choose(pane)
        pane.focus()

    def _choose(self, pane: Table) -> None:
        self.current = pane
        for other in self.panes:
            other.set_class(other is pane, "-current")
        # In a small home the story keeps its strip, so the pane above it is the last that was chosen.
        if pane is not self.story:
            for other in self.tables:
                other.set_class(other is pane, "-shown")
        elif not any(table.has_class("-shown") for table in self.tables):
            self.tables[1].add_class("-shown")
        for table in self.tables:
            table.retitle()

    def mark_current(self, pane: Table) -> None:
        """A pane took the keys by itself: the mouse."""
        if pane is not self.current:
            self._choose(pane)

    def set_namespace(self, namespace: str) -> None:
        """Show the pods, services and events of one namespace, or of all."""
        if namespace == self.namespace:
            return
        self.namespace = namespace
        for table in self.tables:
            table.set_namespace(namespace)
        self.story.set_namespace(namespace)

    def zoom(self, *, on: bool) -> None:
        """Let the current pane have all the room, or give it back."""
        self.set_class(on, "-zoomed")

    @property
    def zoomed(self) -> bool:
        """Whether one pane has all the room."""
        return self.has_class("-zoomed")

    # ------------------------------------------------------------------ links
    def toggle_links(self) -> None:
        """Let the selection of one pane narrow the others, or stop that."""
        self.linked = not self.linked
        self.follow(self.current, self.current.cursor_key if self.linked else None)

    def follow(self, table: Table, key: Key | None) -> None:
        """A pane's selection moved: narrow the others, when they are linked."""
        nodes, pods, services = self.tables
        found = NO_LINKS
        if self.linked and key is not None and table is self.current and isinstance(table, ResourceTable):
            obj = table.view.object(key)
            if obj is not None:
                found = links(key, obj, [(pod, row.object) for pod, row in pods.view.rows.items()])
        elif self.linked:
            return
        for pane, predicate in ((nodes, found.nodes), (pods, found.pods), (services, found.services)):
            if pane is not table or not self.linked:
                pane.set_linked(predicate)
        self.story.narrow(found.about)

    def object(self, key: Key) -> Tree | None:
        """An object that one of the panes shows."""
        for table in self.tables:
            if table.gvr == key.gvr:
                return table.view.object(key)
        return None
