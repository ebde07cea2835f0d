"""The table of a pod's containers; what is done to a row is done to its pod, logs and shells to the container."""

from typing import Final

from kubesim.objects.wire import Key, Tree
from kubetui.client.port import ClusterClient, Resource, RowCursor
from kubetui.model.columns import Layout, ViewColumn
from kubetui.model.containers import ContainerCursor, pod_of
from kubetui.model.glyphs import Glyphs
from kubetui.model.places import CONTAINERS, Place
from kubetui.model.usage import Facts
from kubetui.model.views import RowId, TableView
from kubetui.panes.resource import ResourceTable

_LAYOUT: Final = (
    ViewColumn("NAME", 0, elastic=True),
    ViewColumn("KIND", 1),
    ViewColumn("READY", 2),
    ViewColumn("STATE", 3),
    ViewColumn("RST", 4, right=True),
    ViewColumn("IMAGE", 5, elastic=True),
    ViewColumn("PROBES", 6),
    ViewColumn("CPU-R:L", 7, right=True),
    ViewColumn("MEM-R:L", 8, right=True),
    ViewColumn("PORTS", 9, elastic=True),
    ViewColumn("AGE", 10, age=True),
)


class ContainerTable(ResourceTable):
    """The containers of one pod."""

    def __init__(self, client: ClusterClient, place: Place, facts: Facts, glyphs: Glyphs) -> None:
        self.pod = place.scope.value if place.scope is not None else ""
        resource = Resource(CONTAINERS, "Container", namespaced=True)
        super().__init__(client, resource, facts, glyphs, namespace=place.namespace)
        self.scope = place.scope

    def _open(self) -> TableView:
        return TableView(ContainerCursor(self._client, self.namespace, self.pod), self.gvr, _lay_out, self._facts)

    def _explain(self, row: RowId) -> str:
        obj = self.view.object(row)
        states = (obj or {}).get("status", {}).get("state", {}) or {}
        state: Tree = next(iter(states.values()), {})
        return str(state.get("message") or "")

    @property
    def cursor_key(self) -> Key | None:
        """The pod: that is what can be described and deleted."""
        key = super().cursor_key
        return None if key is None else pod_of(key)

    @property
    def container(self) -> str:
        """The container under the cursor, or ""."""
        key = self.viewport.cursor
        return key.name.partition("/")[2] if isinstance(key, Key) else ""

    def targets(self) -> list[Key]:
        """The pod."""
        key = self.cursor_key
        return [] if key is None else [key]


def _lay_out(cursor: RowCursor) -> Layout:
    del cursor
    return _LAYOUT
