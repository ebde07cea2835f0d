"""The field manager: which managers an object has after a create, an update or an apply.

# k8s: apimachinery/pkg/util/managedfields/internal/fieldmanager.go
# differs: writes of components do not note who owns the fields they touch; outside writes see their results.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from kubesim.api.apply import lastapplied
from kubesim.api.apply.checking import problems
from kubesim.api.apply.comparing import compare
from kubesim.api.apply.entries import (
    Managed,
    applier,
    capped,
    decode,
    encode,
    is_reset,
    same_but_times,
    stored,
    updater,
)
from kubesim.api.apply.failures import conflicting, kind_text, untyped_patch
from kubesim.api.apply.kinds import Shapes
from kubesim.api.apply.ownership import Conflicts, Sides, applied, updated
from kubesim.api.apply.versions import Kinds, KindVersions, shape_of_kind
from kubesim.api.call import Call
from kubesim.api.failures import plain
from kubesim.api.metadata import metadata_of
from kubesim.api.scheme import Scheme
from kubesim.api.strategy import Strategy
from kubesim.objects.errors import bad_request
from kubesim.objects.wire import EMPTY, Tree

BEFORE_APPLY = "before-first-apply"
"""Who owns what nobody owned when an object is first applied."""
MANAGER_LIMIT = 128
Entries = list[Mapping[str, Any]]
Both = tuple[Tree, Tree]
"""An object, and what of it can be owned as Go writes it."""


class Applied(NamedTuple):
    """The outcome of an apply: the object, not decoded, and its managedFields."""

    tree: Tree
    entries: Entries


class FieldManager:
    """Keeps metadata.managedFields. Entries are None where an object has none."""

    def __init__(self, scheme: Scheme, schema: Kinds) -> None:
        self._scheme = scheme
        self._schema = schema
        self._shapes = Shapes(schema)
        self._versions: dict[tuple[Strategy, str], tuple[KindVersions, Tree]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_versions": {}, "_shapes": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._shapes = Shapes(self._schema)

    # ------------------------------------------------------------------ creates and updates
    def written(self, call: Call, obj: Tree) -> Tree:
        """What the request can own of an object, as Go writes it."""
        return self._of(call.strategy, call.subresource)[0].written(obj)

    def created(self, call: Call, new: Both, given: Any) -> Entries | None:
        """The managers of a new object, defaults included, before admission; ``given`` are those it came with."""
        if not call.strategy.has_owners:
            return None
        versions, empty = self._of(call.strategy, call.subresource)
        managed = _sent(given) if given else {}
        try:
            return self._after(call, versions, managed, (EMPTY, empty), new) or None
        except ValueError:
            # k8s: list items that cannot be told apart are no reason to refuse an object. (UpdateNoErrors)
            return None

    def updated(self, call: Call, new: Both, old: Tree, given: Any = None) -> Entries | None:
        """The managers of a changed object, defaults included; ``given`` are those that the request came with."""
        before = metadata_of(old).get("managedFields") or []
        brought: Managed = {}
        if not call.subresource and given is not None and given != before:
            if is_reset(given):
                return None
            brought = _sent(given)
        managed = brought or stored(before)
        if not managed:
            # k8s: an object without managers gets the first one by an apply. (skipNonAppliedManager)
            return None
        versions, _ = self._of(call.strategy, call.subresource)
        left = versions.beside(old, new[1])
        if left is new[1] and not brought:
            return list(before)
        try:
            return self._after(call, versions, managed, (old, left), new) or None
        except ValueError:
            return list(before)

    def _after(self, call: Call, versions: KindVersions, managed: Managed, old: Both, new: Both) -> Entries:
        shape = versions.shape(versions.version)
        assert shape is not None
        change = compare(shape, old[1], new[1])
        manager = updater(manager_name(call), versions.version, call.subresource)
        sides = Sides(versions, old[0], new[0], change)
        managed = updated(versions, managed, manager, sides, call.context.stamp)
        return encode(capped(managed), metadata_of(old[0]).get("managedFields") or [])

    # ------------------------------------------------------------------ apply
    def applied(self, call: Call, patch: Tree, live: Tree | None) -> Applied:
        """What an apply makes of an object; ``live`` is None when there is none. Raises ApiError."""
        strategy = call.strategy
        versions, _ = self._of(strategy, call.subresource)
        self._check(strategy, patch)
        entries = metadata_of(live or EMPTY).get("managedFields") or []
        managed = stored(entries)
        start = _bare(versions.whole(EMPTY if live is None else live), strategy)
        try:
            if not managed and live is not None:
                managed = self._first(call, versions, start)
            merged, managed = self._merged(call, versions, managed, start, patch)
        except ValueError as error:
            raise plain(f"failed to merge config: {error}") from None
        return Applied(merged, encode(managed, entries))

    def _first(self, call: Call, versions: KindVersions, live: Tree) -> Managed:
        """Who owns what was there before anything was applied. # k8s: skipNonAppliedManager."""
        _, empty = self._of(call.strategy, call.subresource)
        call = call._replace(options=call.options._replace(field_manager=BEFORE_APPLY))
        return stored(self._after(call, versions, {}, (EMPTY, empty), (live, versions.written(live))))

    def _check(self, strategy: Strategy, patch: Tree) -> None:
        api_version, kind = patch.get("apiVersion"), patch.get("kind")
        if (api_version, kind) != (strategy.gvr.api_version, strategy.kind):
            raise bad_request(f"invalid object type: {kind_text(api_version, kind)}")
        if metadata_of(patch).get("managedFields") is not None:
            raise bad_request("metadata.managedFields must be nil")
        found = problems(shape_of_kind(self._shapes, strategy), patch)
        if found:
            raise untyped_patch(patch, found)

    def _merged(
        self, call: Call, versions: KindVersions, managed: Managed, live: Tree, patch: Tree
    ) -> tuple[Tree, Managed]:
        name = manager_name(call)
        manager = applier(name, call.subresource)
        force = call.options.force
        try:
            merged, after = applied(versions, managed, manager, live, patch, force=force)
        except Conflicts as conflicts:
            left = lastapplied.disputed(versions, conflicts.found, live) if name == lastapplied.MANAGER else None
            if left is None:
                raise conflicting(conflicts.found) from None
            if left:
                raise conflicting(left) from None
            merged, after = applied(versions, managed, manager, live, patch, force=True)
        if merged != live and manager in after:
            after[manager] = after[manager]._replace(time=call.context.stamp)
        return lastapplied.refreshed(name, merged, patch), after

    # ------------------------------------------------------------------ kinds
    def _of(self, strategy: Strategy, subresource: str) -> tuple[KindVersions, Tree]:
        """The versions of a kind, and what can be owned of an empty object."""
        found = self._versions.get((strategy, subresource))
        if found is None:
            versions = KindVersions(self._scheme, self._schema, self._shapes, strategy, subresource)
            found = self._versions[strategy, subresource] = versions, versions.empty()
        return found


def _sent(entries: Any) -> Managed:
    """The managers that a client sent; none when they cannot be read."""
    try:
        return decode(entries)
    except (ValueError, TypeError, AttributeError):
        return {}


def _bare(obj: Tree, strategy: Strategy) -> dict[str, Any]:
    """The object with its kind and without its managers."""
    metadata = {name: value for name, value in metadata_of(obj).items() if name != "managedFields"}
    return {**obj, "kind": strategy.kind, "apiVersion": strategy.gvr.api_version, "metadata": metadata}


def settled(new: Tree, old: Tree) -> Tree:
    """The new object; with the managers of the old one when it differs in nothing but when they acted.

    # k8s: IgnoreManagedFieldsTimestampsTransformer
    """
    after, before = new["metadata"], old["metadata"]
    entries, known = after.get("managedFields"), before.get("managedFields")
    if entries is known or not same_but_times(entries, known):
        return new
    kept = {**new, "metadata": {**after, "managedFields": known}}
    return old if kept == old else new


def manager_name(call: Call) -> str:
    """The field manager of a request: the parameter, else the begin of the user agent. # k8s: managerOrUserAgent."""
    given = call.options.field_manager
    if given:
        return given
    return _printable(call.request.identity.agent.split("/")[0])


@lru_cache(maxsize=256)
def _printable(agent: str) -> str:
    text = "".join(letter for letter in agent if letter.isprintable())
    while len(text.encode()) > MANAGER_LIMIT:
        text = text[:-1]
    return text
