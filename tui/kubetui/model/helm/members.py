"""The objects of a release as rows of a live table: each with its health and the reason when it is not ready."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from kubesim.helm.release.record import Record
from kubesim.helm.template.errors import TemplateError
from kubesim.objects import selectors
from kubesim.objects import tree as trees
from kubesim.objects.times import human_duration, parse_time
from kubesim.objects.wire import PODS, SECRETS, Gvr, Key, Tree
from kubetui.client.port import ClusterClient, Column, RowCursor, RowEvent
from kubetui.model.helm import readiness
from kubetui.model.helm.manifests import objects_of
from kubetui.model.helm.readiness import State
from kubetui.model.helm.releases import history_of

_TONES: Final = {
    readiness.READY: "ok",
    readiness.PROGRESSING: "pending",
    readiness.FAILED: "error",
    readiness.MISSING: "error",
}


class Member(NamedTuple):
    """An object that the manifest of a release names."""

    key: Key
    kind: str


def members_of(client: ClusterClient, record: Record) -> list[Member]:
    """The objects of a release in the order of its manifest; kinds that the cluster does not serve are left out."""
    known = {(each.gvr.api_version, each.kind): each for each in client.resources()}
    found: list[Member] = []
    try:
        objects = objects_of(record.manifest)
    except TemplateError:
        return []
    for tree in objects:
        resource = known.get((str(tree.get("apiVersion", "")), str(tree.get("kind", ""))))
        metadata = tree.get("metadata") or {}
        if resource is not None:
            namespace = str(metadata.get("namespace") or record.namespace) if resource.namespaced else ""
            found.append(Member(Key(resource.gvr, namespace, str(metadata.get("name", ""))), resource.kind))
    return found


def selects(obj: Tree, pod: Tree) -> bool:
    """Whether a workload looks after a pod, by its selector."""
    wanted = trees.get(obj, "spec.selector", None)
    if not wanted or obj["metadata"].get("namespace") != pod["metadata"].get("namespace"):
        return False
    if "matchLabels" not in wanted and "matchExpressions" not in wanted:
        return False
    return bool(selectors.from_label_selector(wanted).matches(pod["metadata"].get("labels") or {}))


class MemberRow:
    """One object of a release."""

    def __init__(self, member: Member, obj: Tree | None, state: State) -> None:
        self.member = member
        self.state = state
        self._obj = obj
        missing: Tree = {"metadata": {"name": member.key.name, "namespace": member.key.namespace}}
        # The object itself, with the colour of its row.
        self.object: Tree = {**(missing if obj is None else obj), "tone": _TONES[state.word]}

    @property
    def revision(self) -> str:
        """The object's resourceVersion."""
        return str(self._obj["metadata"].get("resourceVersion", "")) if self._obj is not None else ""

    def cells(self, now: int) -> Sequence[Any]:
        """Kind, name, health, reason, age."""
        created = self._obj["metadata"].get("creationTimestamp") if self._obj is not None else None
        age = human_duration(max(now - parse_time(created), 0)) if created else ""
        return (self.member.kind, self.member.key.name, self.state.word, self.state.reason, age)


class MemberCursor:
    """The objects of a release's last revision, as a table's cursor; row keys are the objects' own."""

    columns = tuple(map(Column, ("Kind", "Name", "Health", "Reason", "Age")))

    def __init__(self, client: ClusterClient, namespace: str, name: str) -> None:
        self._client = client
        self._place = (namespace, name)
        self._secrets = client.rows(SECRETS, namespace)
        self._members: list[Member] = []
        self._cursors: dict[tuple[Gvr, str], RowCursor] = {}
        self._objects: dict[Key, Tree] = {}
        self._shown: dict[Key, State] = {}
        self._stale = True

    @property
    def synced(self) -> bool:
        """True once all objects have been read."""
        return self._secrets.synced and all(cursor.synced for cursor in self._cursors.values())

    @property
    def error(self) -> str:
        """Why the release cannot be read."""
        return self._secrets.error

    # ------------------------------------------------------------------ following
    def poll(self, limit: int | None = None) -> list[RowEvent]:
        """The changes since the last call."""
        own = f"sh.helm.release.v1.{self._place[1]}.v"
        if any(event.key.name.startswith(own) for event in self._secrets.poll()):
            self._read()
        for cursor in self._cursors.values():
            self._follow(cursor, limit)
        if not self._stale:
            return []
        self._stale = False
        return self._changes()

    def _read(self) -> None:
        found = history_of(self._client.objects(SECRETS, self._place[0]), *self._place)
        self._members = members_of(self._client, found[-1]) if found else []
        self._stale = True
        wanted = {(member.key.gvr, member.key.namespace): None for member in self._members}
        wanted.update({(PODS, member.key.namespace): None for member in self._members if member.key.namespace})
        for place in wanted:
            if place not in self._cursors:
                self._cursors[place] = self._client.rows(*place)

    def _follow(self, cursor: RowCursor, limit: int | None) -> None:
        for event in cursor.poll(limit):
            self._stale = True
            if event.type == "RESET":
                self._objects = {key: obj for key, obj in self._objects.items() if key.gvr != event.key.gvr}
            elif event.row is None:
                self._objects.pop(event.key, None)
            else:
                self._objects[event.key] = event.row.object

    def _changes(self) -> list[RowEvent]:
        pods = [obj for key, obj in self._objects.items() if key.gvr == PODS]
        events: list[RowEvent] = []
        now: dict[Key, State] = {}
        for member in self._members:
            obj = self._objects.get(member.key)
            own = [pod for pod in pods if obj is not None and selects(obj, pod)]
            state = now[member.key] = readiness.state_of(obj, own)
            kind = "MODIFIED" if member.key in self._shown else "ADDED"
            if kind == "ADDED" or self._shown[member.key] != state:
                events.append(RowEvent(kind, member.key, MemberRow(member, obj, state)))
        events.extend(RowEvent("DELETED", key, None) for key in self._shown if key not in now)
        self._shown = now
        return events

    def close(self) -> None:
        """Stop following."""
        for cursor in (self._secrets, *self._cursors.values()):
            cursor.close()
