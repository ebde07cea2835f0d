"""The tables of releases, of a release's revisions and of its objects."""

from typing import ClassVar, Final

from kubesim.helm.release.record import Record
from kubesim.objects.wire import Gvr, Key
from kubetui import keys
from kubetui.client.port import ClusterClient, Resource, RowCursor
from kubetui.model.columns import Layout, ViewColumn
from kubetui.model.glyphs import Glyphs
from kubetui.model.helm.members import MemberCursor, MemberRow
from kubetui.model.helm.releases import MEMBERS, RELEASES, REVISIONS, ReleaseCursor, RevisionCursor, RevisionRow
from kubetui.model.places import Place
from kubetui.model.usage import Facts
from kubetui.model.views import RowId, TableView
from kubetui.panes.resource import ResourceTable

_NAMESPACE: Final = ViewColumn("NAMESPACE", make=lambda key, _obj, _facts: key.namespace, elastic=True)
_RELEASES: Final = (
    ViewColumn("NAME", 0, elastic=True),
    ViewColumn("REVISION", 1, right=True),
    ViewColumn("STATUS", 2),
    ViewColumn("CHART", 3, elastic=True),
    ViewColumn("APP VERSION", 4, elastic=True),
    ViewColumn("UPDATED", 5, age=True),
)
_ALL_RELEASES: Final = (_NAMESPACE, *_RELEASES)
_REVISIONS: Final = (
    ViewColumn("REVISION", 1, right=True),
    ViewColumn("STATUS", 2),
    ViewColumn("CHART", 3),
    ViewColumn("APP VERSION", 4),
    ViewColumn("UPDATED", 5, age=True),
    ViewColumn("DESCRIPTION", 6, elastic=True),
)
_MEMBERS: Final = (
    ViewColumn("KIND", 0),
    ViewColumn("NAME", 1, elastic=True),
    ViewColumn("HEALTH", 2),
    ViewColumn("REASON", 3, elastic=True),
    ViewColumn("AGE", 4, age=True),
)


class HelmTable(ResourceTable):
    """What the tables of Helm have in common: their rows are no objects of the cluster's tables."""

    GVR: ClassVar[Gvr] = RELEASES
    KIND: ClassVar[str] = "Release"
    NOTHING: str = "no releases · :install NAME CHART installs one"

    def __init__(self, client: ClusterClient, facts: Facts, glyphs: Glyphs, *, namespace: str, release: str) -> None:
        self.release = release
        """The release that the table is about, "" for all."""
        super().__init__(client, Resource(self.GVR, self.KIND, namespaced=True), facts, glyphs, namespace=namespace)

    def follow(self) -> RowCursor:
        """The rows."""
        return ReleaseCursor(self._client, self.namespace)

    def lay_out(self, cursor: RowCursor) -> Layout:
        """The columns."""
        del cursor
        return _RELEASES if self.namespace else _ALL_RELEASES

    def _open(self) -> TableView:
        return TableView(self.follow(), self.gvr, self.lay_out, self._facts)

    def _explain(self, row: RowId) -> str:
        return self.explain(self.view.rows[row]) if isinstance(row, Key) and row in self.view.rows else ""

    def explain(self, row: object) -> str:
        """The line at the foot, about a row."""
        return row.record.description if isinstance(row, RevisionRow) else ""

    @property
    def cursor_record(self) -> Record | None:
        """The revision under the cursor."""
        key = self.viewport.cursor
        row = self.view.rows.get(key) if isinstance(key, Key) else None
        return row.record if isinstance(row, RevisionRow) else None


class ReleaseTable(HelmTable):
    """All releases of a namespace, or of all."""


class RevisionTable(HelmTable):
    """The revisions of one release, the newest on top."""

    GVR = REVISIONS
    NOTHING = ""
    KIND = "Revision"

    def follow(self) -> RowCursor:
        """The release's revisions."""
        return RevisionCursor(self._client, self.namespace, self.release)

    def lay_out(self, cursor: RowCursor) -> Layout:
        """Without the name: it is the same in all."""
        del cursor
        return _REVISIONS

    def chosen(self) -> list[Record]:
        """The marked revisions, the oldest first; the one under the cursor as well when fewer than two are marked."""
        rows = [self.view.rows[key] for key in self.view.marks if key in self.view.rows]
        records = {row.record.version: row.record for row in rows if isinstance(row, RevisionRow)}
        current = self.cursor_record
        if len(records) < 2 and current is not None:
            records[current.version] = current
        return [records[version] for version in sorted(records)]


class MemberTable(HelmTable):
    """The objects of one release with their health; actions are about the objects themselves."""

    GVR = MEMBERS
    NOTHING = ""
    KIND = "Resource"

    def follow(self) -> RowCursor:
        """The release's objects."""
        return MemberCursor(self._client, self.namespace, self.release)

    def lay_out(self, cursor: RowCursor) -> Layout:
        """Kind, name, health."""
        del cursor
        return _MEMBERS

    @property
    def contexts(self) -> tuple[str, ...]:
        """The keys of the object under the cursor."""
        key = self.cursor_key
        if key is None:
            return ("resources", "table", "anywhere")
        return ("resources", *keys.contexts_of(key.gvr, scalable=key.gvr.resource in _SCALABLE))

    def explain(self, row: object) -> str:
        """Why it is not ready."""
        return row.state.reason if isinstance(row, MemberRow) else ""


_SCALABLE: Final = ("deployments", "statefulsets", "replicasets")
_TABLES: Final[dict[Gvr, type[HelmTable]]] = {RELEASES: ReleaseTable, REVISIONS: RevisionTable, MEMBERS: MemberTable}


def open_table(client: ClusterClient, place: Place, facts: Facts, glyphs: Glyphs) -> HelmTable:
    """The table that a place of Helm's stands for; without a release that of all releases."""
    name = place.scope.value if place.scope is not None else ""
    made = _TABLES.get(place.gvr or RELEASES, ReleaseTable) if name else ReleaseTable
    table = made(client, facts, glyphs, namespace=place.namespace, release=name)
    table.scope = place.scope
    return table
