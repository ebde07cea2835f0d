"""The entries of metadata.managedFields: read, written in order, told apart, and few of them kept.

# k8s: apimachinery/pkg/util/managedfields/internal managedfields.go, capmanagers.go
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from kubesim.api.apply.fieldsets import Fields, ordered, parse, union

APPLY, UPDATE = "Apply", "Update"
FIELDS_TYPE = "FieldsV1"
MAX_UPDATERS = 10
"""How many entries of updates are kept; the oldest are merged into one."""
OLD_UPDATES = "ancient-changes"


class Manager(NamedTuple):
    """Who owns fields. ``version`` is "" for appliers: they are the same in all versions."""

    name: str
    operation: str
    version: str
    subresource: str

    @property
    def text(self) -> str:
        """The identifier by which the real server sorts managers."""
        found = {"manager": self.name, "operation": self.operation}
        if self.version:
            found["apiVersion"] = self.version
        if self.subresource:
            found["subresource"] = self.subresource
        return orjson.dumps(found).decode()

    @property
    def shown(self) -> str:
        """As conflicts name it: ``"kubectl" with subresource "scale" using apps/v1``."""
        shown = orjson.dumps(self.name).decode()
        if self.subresource:
            shown += f' with subresource "{self.subresource}"'
        return f"{shown} using {self.version}" if self.operation == UPDATE else shown


class Owned(NamedTuple):
    """What a manager owns, in the words of which version, and when that was last changed ("" when it is not known)."""

    fields: Fields | None
    version: str
    time: str


Managed = dict[Manager, Owned]


def updater(name: str, version: str, subresource: str) -> Manager:
    """The manager of creates, updates and patches."""
    return Manager(name or "unknown", UPDATE, version, subresource)


def applier(name: str, subresource: str) -> Manager:
    """The manager of server-side apply."""
    return Manager(name or "unknown", APPLY, "", subresource)


# ---------------------------------------------------------------------- reading
def stored(entries: Sequence[Mapping[str, Any]]) -> Managed:
    """Read entries that this server wrote."""
    return {_manager(entry): _owned(entry, entry.get("fieldsV1") or None) for entry in entries}


def decode(entries: Sequence[Any]) -> Managed:
    """Read entries that a client sent. Raises ValueError."""
    managed = {}
    for entry in entries:
        if entry.get("operation") not in {APPLY, UPDATE} or not entry.get("apiVersion"):
            msg = "operation must be `Apply` or `Update`"
            raise ValueError(msg)
        if entry.get("fieldsType") != FIELDS_TYPE:
            msg = "missing or invalid fieldsType"
            raise ValueError(msg)
        managed[_manager(entry)] = _owned(entry, parse(entry.get("fieldsV1") or {}))
    return managed


def _manager(entry: Mapping[str, Any]) -> Manager:
    operation = entry["operation"]
    version = "" if operation == APPLY else entry["apiVersion"]
    return Manager(entry.get("manager", ""), operation, version, entry.get("subresource", ""))


def _owned(entry: Mapping[str, Any], fields: Fields | None) -> Owned:
    return Owned(fields, entry["apiVersion"], entry.get("time") or "")


def is_reset(entries: Any) -> bool:
    """Whether a client asks to forget all managers: an empty list, or one empty entry."""
    return isinstance(entries, list) and (not entries or (len(entries) == 1 and not entries[0]))


# ---------------------------------------------------------------------- writing
def encode(managed: Managed, before: Sequence[Mapping[str, Any]] = ()) -> list[Mapping[str, Any]]:
    """The entries in the order of the real server; those of ``before`` that did not change are taken over."""
    known = {_manager(entry): entry for entry in before}
    found = []
    for manager, owned in managed.items():
        entry = known.get(manager)
        same = (
            entry is not None
            and entry.get("fieldsV1") is owned.fields
            and entry["apiVersion"] == owned.version
            and (entry.get("time") or "") == owned.time
        )
        found.append(entry if same and entry is not None else _entry(manager, owned))
    found.sort(key=_rank)
    return found


def _entry(manager: Manager, owned: Owned) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": owned.version,
    }
    if owned.time:
        entry["time"] = owned.time
    entry["fieldsType"] = FIELDS_TYPE
    entry["fieldsV1"] = ordered(owned.fields or {})
    if manager.subresource:
        entry["subresource"] = manager.subresource
    return entry


def _rank(entry: Mapping[str, Any]) -> tuple[str, ...]:
    fields = ("operation", "time", "manager", "apiVersion", "subresource")
    return tuple(entry.get(field) or "" for field in fields)


def same_but_times(left: Any, right: Any) -> bool:
    """Whether two lists of entries differ in nothing but the times."""
    if not left or not right or len(left) != len(right):
        return False
    pairs = zip(left, right, strict=True)
    return all(one is two or {**one, "time": ""} == {**two, "time": ""} for one, two in pairs)


# ---------------------------------------------------------------------- keeping few
def capped(managed: Managed) -> Managed:
    """At most ten managers of updates: the oldest are merged, one for each version."""
    updaters = [manager for manager in managed if manager.operation == UPDATE]
    surplus = len(updaters) - MAX_UPDATERS
    if surplus <= 0:
        return managed
    managed = dict(managed)
    updaters.sort(key=lambda manager: (managed[manager].time, manager.text))
    first: dict[str, Manager] = {}
    for manager in updaters:
        if surplus <= 0:
            break
        owned = managed[manager]
        if owned.version not in first:
            first[owned.version] = manager
            continue
        bucket = updater(OLD_UPDATES, owned.version, "")
        if bucket not in managed:
            managed[bucket] = managed.pop(first[owned.version])
        merged = union(owned.fields, managed[bucket].fields)
        del managed[manager]
        managed[bucket] = Owned(merged, owned.version, owned.time)
        surplus -= 1
    return managed
