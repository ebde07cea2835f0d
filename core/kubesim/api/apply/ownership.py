"""Who owns which fields after a change: updates take what they touch, appliers what they say, or they conflict.

# k8s: structured-merge-diff merge/update.go
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from kubesim.api.apply.comparing import Change, compare, fields_of
from kubesim.api.apply.entries import Managed, Manager, Owned
from kubesim.api.apply.fieldsets import LEAF, SELF, Fields, difference, intersection, paths, union
from kubesim.api.apply.merging import merge, remove, with_named
from kubesim.api.apply.shapes import Shape
from kubesim.objects.wire import Tree

UNOWNED_METADATA = (
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
)
UNOWNED: Fields = {
    "f:apiVersion": LEAF,
    "f:kind": LEAF,
    "f:metadata": {SELF: LEAF, **{f"f:{name}": LEAF for name in UNOWNED_METADATA}},
}
"""Fields that belong to nobody. # k8s: stripMetaManager"""


class Conflict(NamedTuple):
    """A field that the applier wants otherwise than its owner."""

    manager: Manager
    path: tuple[str, ...]


class Conflicts(Exception):
    """An apply that would take fields from others."""

    def __init__(self, found: list[Conflict]) -> None:
        super().__init__("conflict")
        self.found = found


class Versions(Protocol):
    """One kind in all its versions."""

    version: str
    """The version of the request."""

    def shape(self, version: str) -> Shape | None:
        """The shape of the kind in a version; None when it is not served."""

    def visible(self, tree: Tree) -> Tree:
        """What of an object can be owned by way of this request."""

    def meant(self, config: Tree) -> Tree:
        """What of a configuration this request does not ignore."""

    def convert(self, tree: Tree, source: str, target: str) -> Tree | None:
        """The object in another version; None when there is none."""


class Sides:
    """The object before and after, compared in the version of each manager."""

    def __init__(self, versions: Versions, old: Tree, new: Tree, change: Change | None = None) -> None:
        self._versions = versions
        self._old = old
        self._new = new
        self._changes: dict[str, Change | None] = {} if change is None else {versions.version: change}

    def change(self, version: str) -> Change | None:
        """What changes in the words of a version; None when the version is gone."""
        if version not in self._changes:
            self._changes[version] = self._compare(version)
        return self._changes[version]

    def _compare(self, version: str) -> Change | None:
        versions = self._versions
        shape = versions.shape(version)
        old = versions.convert(self._old, versions.version, version)
        new = versions.convert(self._new, versions.version, version)
        if shape is None or old is None or new is None:
            return None
        return compare(shape, versions.visible(old), versions.visible(new))


def yielded(managed: Managed, but: Manager | None, change: Callable[[str], Change | None], *, force: bool) -> Managed:
    """What is left to all managers but one. Raises Conflicts unless they are forced.

    Managers of a version that is no longer served, and those left with nothing, go.
    """
    conflicts: dict[Manager, Fields] = {}
    left: Managed = {}
    for manager, owned in managed.items():
        fields = owned.fields
        if manager != but:
            found = change(owned.version)
            if found is None:
                continue
            taken = intersection(fields, union(found.modified, found.added))
            if taken is not None:
                conflicts[manager] = taken
                fields = difference(fields, taken)
            if intersection(fields, found.removed) is not None:
                fields = difference(fields, found.removed)
        if fields is not None:
            left[manager] = owned if fields is owned.fields else owned._replace(fields=fields)
    if conflicts and not force:
        order = sorted(conflicts, key=lambda manager: manager.text)
        raise Conflicts([Conflict(manager, path) for manager in order for path in paths(conflicts[manager])])
    return left


def updated(versions: Versions, managed: Managed, manager: Manager, sides: Sides, now: str) -> Managed:
    """The managers after a change that is not an apply."""
    change = sides.change(versions.version)
    taken = None if change is None else union(change.modified, change.added)
    if taken is None and (change is None or change.removed is None):
        # Nothing changed in the version of the request; in others it cannot have either.
        return managed
    left = yielded(managed, None, sides.change, force=True)
    taken = difference(taken, UNOWNED)
    if taken is not None:
        previous = left.get(manager)
        fields = taken if previous is None else union(taken, previous.fields)
        left[manager] = Owned(fields, versions.version, now)
    return left


def applied(
    versions: Versions, managed: Managed, manager: Manager, live: Tree, config: Tree, *, force: bool
) -> tuple[Tree, Managed]:
    """The live object with what a configuration says, and its managers. Raises Conflicts, ValueError."""
    shape = versions.shape(versions.version)
    assert shape is not None
    merged = merge(shape, live, config)
    last = managed.get(manager)
    said = Owned(fields_of(shape, versions.meant(config)), versions.version, last.time if last else "")
    merged = _pruned(shape, merged, {**managed, manager: said}, last)
    managed = {**managed, manager: said._replace(fields=difference(said.fields, UNOWNED))}
    sides = Sides(versions, live, merged)
    return merged, yielded(managed, manager, sides.change, force=force)


# ---------------------------------------------------------------------- what an applier no longer says
def _pruned(shape: Shape, merged: Tree, managed: Managed, last: Owned | None) -> Tree:
    """The object without what the applier owned, no longer says, and nobody else owns.

    # differs: fields are looked for under the names they have in the version of the request, whoever owns them.
    """
    if last is None or last.fields is None:
        return merged
    kept: Fields | None = None
    for owned in managed.values():
        kept = union(kept, owned.fields)
    present = _named_fields(shape, merged)
    mine = with_named(shape, last.fields)
    rest = remove(shape, merged, mine)
    rest = remove(shape, merged, difference(present, union(_named_fields(shape, rest), with_named(shape, kept))))
    lost = difference(present, _named_fields(shape, rest))
    pruned: Tree = remove(shape, merged, intersection(lost, mine)) or {}
    return pruned


def _named_fields(shape: Shape, tree: Any) -> Fields | None:
    return with_named(shape, fields_of(shape, tree))
