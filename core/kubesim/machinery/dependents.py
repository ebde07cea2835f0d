"""The objects that belong to an owner: found by an index, adopted and let go as labels and owners change."""

from collections.abc import Mapping
from typing import Any

from kubesim.machinery.client import Client
from kubesim.objects import refs
from kubesim.objects.errors import ApiError
from kubesim.objects.selectors import Selector
from kubesim.objects.wire import Gvr, Tree
from kubesim.store.index import Index, Place

_NOT_INDEXED = ("ReplicaSet", "ReplicationController")
"""Owners of so many pods that they keep their own count of them."""


class Dependents:
    """The objects of one resource by their controller. Reads are always as new as the store.

    The index is made when it is first asked: before there are owners, nothing has to be kept up to date.
    """

    def __init__(self, client: Client, gvr: Gvr) -> None:
        self._client = client
        self._gvr = gvr
        self._index: Index | None = None

    def of(self, uid: str) -> list[Tree]:
        """What the owner with this uid controls, in order of arrival."""
        return self._read(uid)

    def count(self, uid: str) -> int:
        """How many objects the owner with this uid controls."""
        return len(self._places(uid))

    def orphans(self, namespace: str) -> list[Tree]:
        """What nobody controls."""
        return self._read(f"orphans of {namespace}")

    def _read(self, value: str) -> list[Tree]:
        get, gvr = self._client.get, self._gvr
        found = [get(gvr, namespace, name) for namespace, name in self._places(value)]
        return [each for each in found if each is not None]

    def _places(self, value: str) -> Mapping[Place, None]:
        if self._index is None:
            self._index = self._client.index(self._gvr, owner_value)
        return self._index.get(value)

    def claim(self, owner: Tree, selector: Selector, *, finalizer: str = "", prefix: str = "") -> list[Tree]:
        """What the owner controls, after it has adopted matching orphans and let go what matches no more.

        With a ``finalizer`` adopted objects get it; with a ``prefix`` other names are passed over.

        # k8s: controller_ref_manager.go; conflicts are left to the next sync
        """
        namespace, uid = owner["metadata"]["namespace"], owner["metadata"]["uid"]
        deleting = refs.is_deleting(owner)
        claimed = []
        for each in self._read(uid):
            if selector.matches(refs.labels(each)):
                claimed.append(each)
            elif not deleting:
                rest = [one for one in each["metadata"]["ownerReferences"] if one["uid"] != uid]
                self._own(each, rest, "")
        if deleting:
            return claimed
        for each in self.orphans(namespace):
            named = each["metadata"]["name"].startswith(prefix)
            if named and not refs.is_deleting(each) and selector.matches(refs.labels(each)):
                owners = [*(each["metadata"].get("ownerReferences") or ()), refs.owner_reference(owner)]
                adopted = self._own(each, owners, finalizer)
                if adopted is not None:
                    claimed.append(adopted)
        return claimed

    def _own(self, obj: Tree, owners: list[Any], finalizer: str) -> Tree | None:
        metadata = {name: value for name, value in obj["metadata"].items() if name != "ownerReferences"}
        if owners:
            metadata["ownerReferences"] = owners
        if finalizer and finalizer not in (metadata.get("finalizers") or ()):
            metadata["finalizers"] = [*(metadata.get("finalizers") or ()), finalizer]
        try:
            return self._client.update(self._gvr, {**obj, "metadata": metadata})
        except ApiError as error:
            if error.reason not in {"NotFound", "Conflict"}:
                raise
            return None


def owner_value(obj: Tree) -> str:
    """The index value: the uid of the controller, or that it is an orphan of its namespace."""
    metadata = obj["metadata"]
    owners = metadata.get("ownerReferences")
    if owners:
        for reference in owners:
            if reference.get("controller"):
                return "" if reference["kind"] in _NOT_INDEXED else str(reference["uid"])
    return f"orphans of {metadata['namespace']}"
