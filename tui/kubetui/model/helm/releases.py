"""Releases and their revisions as rows of live tables, read from the Secrets in which Helm keeps them."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Final

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.release.record import SECRET_TYPE, Record, from_secret
from kubesim.objects.times import human_duration
from kubesim.objects.wire import SECRETS, Gvr, Key, Tree
from kubetui.client.port import ClusterClient, Column, RowEvent

GROUP: Final = "helm.sh"
RELEASES: Final = Gvr(GROUP, "v1", "releases")
REVISIONS: Final = Gvr(GROUP, "v1", "revisions")
MEMBERS: Final = Gvr(GROUP, "v1", "resources")
"""The tables of releases, of one release's revisions and of its objects; the cluster itself serves none of them."""

_TONES: Final = {
    "deployed": "ok",
    "failed": "error",
    "superseded": "done",
    "uninstalled": "done",
    "uninstalling": "leaving",
}
_BROKEN: Final = "the record cannot be read: "

Place = tuple[str, str]


class RevisionRow:
    """One revision as a row; the record is read when a screen asks for it."""

    def __init__(self, secret: Tree, gvr: Gvr = RELEASES) -> None:
        self.secret = secret
        self._gvr = gvr

    @property
    def revision(self) -> str:
        """The Secret's resourceVersion."""
        return str(self.secret["metadata"].get("resourceVersion", ""))

    @property
    def number(self) -> int:
        """The revision's number."""
        return _number(self.secret)

    @cached_property
    def record(self) -> Record:
        """What the Secret holds; a record that says so when it cannot be read."""
        try:
            return from_secret(dict(self.secret))
        except ChartError as error:
            metadata = self.secret["metadata"]
            labels = metadata.get("labels") or {}
            name, namespace = str(labels.get("name", "")), str(metadata.get("namespace", ""))
            return Record(name, namespace, self.number, "unknown", {}, {}, description=_BROKEN + str(error))

    @cached_property
    def object(self) -> Tree:
        """The release as an object, for filters, colours and hints."""
        metadata = self.secret["metadata"]
        labels = metadata.get("labels") or {}
        name = str(labels.get("name", ""))
        if self._gvr == REVISIONS:
            name = revision_name(name, self.number)
        return {
            "apiVersion": f"{GROUP}/v1",
            "kind": "Release",
            "metadata": {"name": name, "namespace": metadata.get("namespace", ""), "labels": labels},
            "tone": _TONES.get(str(labels.get("status", "")), "pending"),
        }

    def cells(self, now: int) -> Sequence[Any]:
        """Name, revision, status, chart, app version, time since the update, description."""
        record = self.record
        age = human_duration(max(now - record.last_deployed, 0)) if record.last_deployed else ""
        return (
            record.name,
            str(record.version),
            record.status,
            chart_name(record),
            app_version(record),
            age,
            record.description,
        )


def chart_name(record: Record) -> str:
    """The chart with its version: ``shop-1.2.0``."""
    metadata = record.chart.get("metadata") or {}
    return f"{metadata.get('name', '')}-{metadata.get('version', '')}" if metadata else ""


def app_version(record: Record) -> str:
    """The version of what the chart brings."""
    return str((record.chart.get("metadata") or {}).get("appVersion", ""))


def revision_name(release: str, number: int) -> str:
    """The name of a revision's row: those of one release sort by number, the newest first."""
    return f"{release}.{99_999_999 - number:08d}"


def _number(secret: Tree) -> int:
    text = str((secret["metadata"].get("labels") or {}).get("version", "0"))
    return int(text) if text.isdecimal() else 0


def _is_release(secret: Tree) -> bool:
    labels = secret["metadata"].get("labels") or {}
    return secret.get("type") == SECRET_TYPE and labels.get("owner") == "helm" and bool(labels.get("name"))


class _Secrets:
    """Follows the Secrets of a namespace and keeps those that hold revisions."""

    def __init__(self, client: ClusterClient, namespace: str) -> None:
        self._rows = client.rows(SECRETS, namespace)
        self.known: dict[Place, dict[int, Tree]] = {}

    @property
    def synced(self) -> bool:
        """True once all Secrets have been read."""
        return self._rows.synced

    @property
    def error(self) -> str:
        """Why Secrets cannot be read, or ""."""
        return self._rows.error

    def poll(self, limit: int | None) -> tuple[bool, list[tuple[Place, int]]]:
        """Whether all is to be forgotten first, and the revisions that changed."""
        reset = False
        revisions: dict[tuple[Place, int], None] = {}
        for event in self._rows.poll(limit):
            if event.type == "RESET":
                reset, self.known = True, {}
                continue
            found = self._take(event)
            if found is not None:
                revisions[found] = None
        return reset, list(revisions)

    def _take(self, event: RowEvent) -> tuple[Place, int] | None:
        if event.row is None:
            # The name tells: a Secret that is gone has no labels any more.
            head, _, number = event.key.name.rpartition(".v")
            place = (event.key.namespace, head.removeprefix("sh.helm.release.v1."))
            if not number.isdecimal() or self.known.get(place, {}).pop(int(number), None) is None:
                return None
            return place, int(number)
        secret = event.row.object
        if not _is_release(secret):
            return None
        place = (event.key.namespace, str(secret["metadata"]["labels"]["name"]))
        self.known.setdefault(place, {})[_number(secret)] = secret
        return place, _number(secret)

    def close(self) -> None:
        """Stop following."""
        self._rows.close()


class ReleaseCursor:
    """The last revision of each release, as a table's cursor."""

    columns = tuple(map(Column, ("Name", "Revision", "Status", "Chart", "App Version", "Updated")))

    def __init__(self, client: ClusterClient, namespace: str) -> None:
        self._secrets = _Secrets(client, namespace)
        self._shown: dict[Place, None] = {}

    @property
    def synced(self) -> bool:
        """True once all releases have been handed out."""
        return self._secrets.synced

    @property
    def error(self) -> str:
        """Why releases cannot be read."""
        return self._secrets.error

    def poll(self, limit: int | None = None) -> list[RowEvent]:
        """The changes since the last call."""
        reset, revisions = self._secrets.poll(limit)
        events: list[RowEvent] = []
        if reset:
            self._shown.clear()
            events.append(RowEvent("RESET", Key(RELEASES), None))
        for place in dict.fromkeys(place for place, _ in revisions):
            key = Key(RELEASES, *place)
            known = self._secrets.known.get(place)
            if known:
                kind = "MODIFIED" if place in self._shown else "ADDED"
                self._shown[place] = None
                events.append(RowEvent(kind, key, RevisionRow(known[max(known)])))
            elif place in self._shown:
                del self._shown[place]
                events.append(RowEvent("DELETED", key, None))
        return events

    def close(self) -> None:
        """Stop following."""
        self._secrets.close()


class RevisionCursor:
    """The revisions of one release, as a table's cursor."""

    columns = tuple(map(Column, ("Name", "Revision", "Status", "Chart", "App Version", "Updated", "Description")))

    def __init__(self, client: ClusterClient, namespace: str, name: str) -> None:
        self._secrets = _Secrets(client, namespace)
        self._place = (namespace, name)
        self._shown: dict[int, None] = {}

    @property
    def synced(self) -> bool:
        """True once all revisions have been handed out."""
        return self._secrets.synced

    @property
    def error(self) -> str:
        """Why revisions cannot be read."""
        return self._secrets.error

    def poll(self, limit: int | None = None) -> list[RowEvent]:
        """The changes since the last call."""
        reset, revisions = self._secrets.poll(limit)
        namespace, name = self._place
        events: list[RowEvent] = []
        if reset:
            self._shown.clear()
            events.append(RowEvent("RESET", Key(REVISIONS), None))
        for place, number in revisions:
            if place != self._place:
                continue
            key = Key(REVISIONS, namespace, revision_name(name, number))
            secret = self._secrets.known.get(place, {}).get(number)
            if secret is not None:
                kind = "MODIFIED" if number in self._shown else "ADDED"
                self._shown[number] = None
                events.append(RowEvent(kind, key, RevisionRow(secret, REVISIONS)))
            elif number in self._shown:
                del self._shown[number]
                events.append(RowEvent("DELETED", key, None))
        return events

    def close(self) -> None:
        """Stop following."""
        self._secrets.close()


def history_of(secrets: Iterable[Tree], namespace: str, name: str) -> list[Record]:
    """The revisions of a release among Secrets, the oldest first; those that cannot be read say so."""
    found = [
        RevisionRow(secret)
        for secret in secrets
        if _is_release(secret)
        and secret["metadata"].get("namespace", "") == namespace
        and secret["metadata"]["labels"]["name"] == name
    ]
    return [row.record for row in sorted(found, key=_row_number)]


def _row_number(row: RevisionRow) -> int:
    return row.number
