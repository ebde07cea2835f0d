"""Going from view to view: drill down, back, history, home, namespaces, and the tables that a command names."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from kubesim.objects.wire import NAMESPACES, NODES, Key, Tree
from kubetui.client.port import ClusterClient
from kubetui.model import commands, places, references
from kubetui.model.catalogue import Catalogue
from kubetui.model.places import HOME, History, Place
from kubetui.panes.resource import ResourceTable
from kubetui.panes.stage import Stage
from kubetui.panes.story import StoryTable
from kubetui.panes.table import Table

if TYPE_CHECKING:
    from kubetui.panes.timekeeping import Handler

FAVOURITES = 9


class Host(Protocol):
    """What navigation needs of the screen."""

    client: ClusterClient

    @property
    def table(self) -> Table:
        """The table that has the keys, or had them last."""

    async def show(self, place: Place, cursor: Key | None = None) -> None:
        """Put a view on the screen."""

    def namespace_chosen(self, namespace: str, favourites: Sequence[str]) -> None:
        """Another namespace, or other favourites."""

    @property
    def stage(self) -> Stage:
        """Where details are shown."""

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show a short message."""


class Navigation:
    """Keeps where the person is and how they came there."""

    def __init__(self, host: Host, catalogue: Catalogue) -> None:
        self.history = History()
        self.catalogue = catalogue
        self.namespace = ""
        """The namespace of all views, "" for all."""
        self.favourites: list[str] = ["", "default"]
        self._host = host
        self._cursors: dict[Place, Key] = {}
        self.handlers: dict[str, Handler] = {
            "drill": self.drill,
            "back": self.back,
            "home": self.home,
            "history-back": self.history_back,
            "history-forward": self.history_forward,
            "last-view": self.last_view,
            "namespace": self.choose_namespace,
            "use-namespace": self.use_namespace,
            "owner": self.owner,
            "node": self.node,
            "object": self.object,
            "replicasets": self.replicasets,
        }

    # ------------------------------------------------------------------ going
    async def go(self, place: Place, *, drill: bool = False) -> None:
        """Show a view and remember it."""
        self._remember()
        self.history.visit(place, drill=drill)
        await self._host.show(place, self._cursors.get(place))

    async def browse(self, command: commands.Browse) -> None:
        """Show the table that a command names."""
        resource = self.catalogue.of(command.gvr)
        namespaced = resource is None or resource.namespaced
        namespace = self.namespace if command.namespace is None else command.namespace
        if command.namespace is not None and namespaced:
            self.use(command.namespace)
        await self.go(Place(command.gvr, namespace if namespaced else "", command.filter))

    def _remember(self) -> None:
        key = self._host.table.cursor_key
        if key is not None:
            self._cursors[self.history.current] = key

    def use(self, namespace: str) -> None:
        """Make a namespace the one of all views; it becomes a favourite."""
        self.namespace = namespace
        if namespace not in self.favourites:
            self.favourites = [*self.favourites[:FAVOURITES], namespace]
        self._host.namespace_chosen(namespace, self.favourites)

    async def digit(self, digit: int) -> None:
        """Choose the favourite namespace on a digit key."""
        if digit < len(self.favourites):
            await self.choose_namespace(self.favourites[digit] or "all")

    async def choose_namespace(self, argument: str) -> None:
        """Show the present view for another namespace; without a name, the namespaces."""
        if not argument:
            await self.go(Place(NAMESPACES))
            return
        namespace = "" if argument in {"all", "*", "-"} else argument
        self.use(namespace)
        place = self.history.current
        resource = None if place.gvr is None else self.catalogue.of(place.gvr)
        if place.gvr is None or resource is None or resource.namespaced:
            place = Place(place.gvr, namespace, place.filter)
            self.history.amend(place)
            await self._host.show(place)

    # ------------------------------------------------------------------ the actions
    async def drill(self, argument: str) -> None:
        """Open the row: what belongs to it, or its details."""
        del argument
        table = self._host.table
        if isinstance(table, StoryTable):
            await self.object("")
            return
        key, obj = table.cursor_key, self._object(table)
        if key is None or obj is None:
            return
        if key.gvr == NAMESPACES:
            self.use(key.name)
        if self.history.current.gvr == places.CONTAINERS:
            await self._host.stage.open_detail(key, "logs", container=getattr(table, "container", ""))
            return
        place = places.children(key.gvr, obj)
        if place is not None:
            await self.go(place, drill=True)
        elif key.gvr.resource == "events":
            await self.object("")
        else:
            await self._host.stage.open_detail(key, "describe")

    async def back(self, argument: str) -> None:
        """Close the details, clear the filter, or leave the view; the first that applies."""
        del argument
        table = self._host.table
        if self._host.stage.close_detail():
            return
        if isinstance(table, ResourceTable) and table.view.selection.filter.text:
            table.set_filter("")
            return
        self._remember()
        place = self.history.up()
        if place is not None:
            await self._host.show(place, self._cursors.get(place))

    async def home(self, argument: str) -> None:
        """Home, and from there to the last browser."""
        del argument
        if self.history.current.gvr is not None:
            await self.go(HOME)
        elif self.history.browser is not None:
            await self.go(self.history.browser)

    async def history_back(self, argument: str) -> None:
        """The view that was visited before."""
        del argument
        await self._move(-1)

    async def history_forward(self, argument: str) -> None:
        """The view that was visited after."""
        del argument
        await self._move(1)

    last_view = history_back

    async def _move(self, delta: int) -> None:
        self._remember()
        place = self.history.move(delta)
        if place is not None:
            await self._host.show(place, self._cursors.get(place))

    async def use_namespace(self, argument: str) -> None:
        """Make the highlighted namespace the one of all views."""
        del argument
        key = self._host.table.cursor_key
        if key is not None and key.gvr == NAMESPACES:
            self.use(key.name)
            self._host.say(f"namespace {key.name}")

    async def owner(self, argument: str) -> None:
        """Go to the object's controller."""
        del argument
        obj = self._object(self._host.table)
        owners = [] if obj is None else obj["metadata"].get("ownerReferences") or []
        found = next((owner for owner in owners if owner.get("controller")), owners[0] if owners else None)
        if obj is None or found is None:
            self._host.say("it has no owner")
            return
        resource = self.catalogue.of_kind(found.get("apiVersion", "v1"), found.get("kind", ""))
        if resource is None:
            self._host.say(f"its owner is a {found.get('kind')}, which this cluster does not serve", bad=True)
            return
        namespace = obj["metadata"].get("namespace", "") if resource.namespaced else ""
        await self.go(places.single(Key(resource.gvr, namespace, found["name"])), drill=True)

    async def node(self, argument: str) -> None:
        """Go to the node of a pod."""
        del argument
        obj = self._object(self._host.table)
        name = "" if obj is None else (obj.get("spec") or {}).get("nodeName", "")
        if name:
            await self.go(places.single(Key(NODES, "", name)), drill=True)
        else:
            self._host.say("it is on no node")

    async def object(self, argument: str) -> None:
        """Go to the object that an event or a line of the story is about."""
        del argument
        table = self._host.table
        key = table.cursor_key
        if key is not None and isinstance(table, ResourceTable):
            obj = self._object(table)
            key = None if obj is None else references.about(obj)
        if key is not None:
            await self.go(places.single(key), drill=True)

    async def replicasets(self, argument: str) -> None:
        """The ReplicaSets of a Deployment."""
        del argument
        obj = self._object(self._host.table)
        if obj is not None:
            await self.go(places.replica_sets_of(obj), drill=True)

    def _object(self, table: Table) -> Tree | None:
        return table.cursor_object if isinstance(table, ResourceTable) else None
