"""Which slice each pod is in: the state of the endpoint slice controller for one Service and address type."""

from typing import Any, NamedTuple

from kubesim.controllers.endpoints import packing
from kubesim.controllers.endpoints.addresses import Ports
from kubesim.objects.wire import Tree


class Entry(NamedTuple):
    """One endpoint and the ports it must share its slice with."""

    ports: Ports
    endpoint: Tree


class Slice:
    """One EndpointSlice: its endpoints by pod name, and the object as it was last written."""

    __slots__ = ("changed", "endpoints", "name", "ports", "revision", "tree")

    def __init__(self, name: str, ports: Ports) -> None:
        self.name = name
        self.ports = ports
        self.endpoints: dict[str, Tree] = {}
        self.tree: Tree | None = None
        self.revision = 0
        self.changed = True

    def written(self, tree: Tree) -> None:
        """Remember what the API server made of it."""
        self.tree = tree
        self.revision = int(tree["metadata"]["resourceVersion"])

    @classmethod
    def read(cls, tree: Tree) -> "Slice":
        """A slice that exists already."""
        ports: list[Any] = tree.get("ports") or []
        found = cls(
            tree["metadata"]["name"],
            tuple(
                (p.get("name", ""), p.get("protocol", "TCP"), p.get("port", 0), p.get("appProtocol", "")) for p in ports
            ),
        )
        found.endpoints = {each["targetRef"]["name"]: each for each in tree.get("endpoints") or ()}
        found.written(tree)
        found.changed = False
        return found


class Membership:
    """The slices of one Service and address type."""

    __slots__ = ("_arriving", "_deleted", "_serial", "placed", "slices")

    def __init__(self) -> None:
        self.slices: dict[str, Slice] = {}
        self.placed: dict[str, str] = {}
        """Pod name to slice name."""
        self._arriving: dict[Ports, dict[str, Tree]] = {}
        self._deleted: dict[str, None] = {}
        self._serial = 0

    def put(self, pod: str, entry: Entry | None) -> None:
        """Say what the endpoint of a pod is now; new ones wait for ``settle``."""
        at = self.placed.get(pod)
        if at is not None:
            found = self.slices[at]
            if entry is not None and entry.ports == found.ports:
                if found.endpoints[pod] != entry.endpoint:
                    found.endpoints[pod] = entry.endpoint
                    found.changed = True
                return
            del found.endpoints[pod], self.placed[pod]
            found.changed = True
        if entry is not None:
            self._arriving.setdefault(entry.ports, {})[pod] = entry.endpoint

    def settle(self) -> None:
        """Give the new endpoints their slices, drop empty slices, and leave at least one slice."""
        arriving, self._arriving = self._arriving, {}
        for ports, endpoints in arriving.items():
            self._fill(ports, endpoints)
        empty = [each for each in self.slices.values() if not each.endpoints]
        fresh = [each for each in self.slices.values() if each.tree is None and each.endpoints]
        for each in empty:
            if fresh:
                # k8s: rather than one slice created and one deleted, one is updated
                self._replace(each, fresh.pop())
            elif len(self.slices) > 1:
                self.lose(each.name)
                if each.tree is not None:
                    self._deleted[each.name] = None
        if not self.slices:
            self._new(())

    def _fill(self, ports: Ports, endpoints: dict[str, Tree]) -> None:
        mine = [each for each in self.slices.values() if each.ports == ports]
        changed = {each.name: len(each.endpoints) for each in mine if each.changed}
        unchanged = {each.name: len(each.endpoints) for each in mine if not each.changed}
        pods = iter(endpoints.items())
        for fill in packing.fill(changed, unchanged, len(endpoints)):
            target = self.slices[fill.name] if fill.name else self._new(ports)
            target.changed = True
            for _ in range(fill.size):
                pod, endpoint = next(pods)
                target.endpoints[pod] = endpoint
                self.placed[pod] = target.name

    def _new(self, ports: Ports) -> Slice:
        self._serial += 1
        # Until the API server has named it.
        name = f"?{self._serial}"
        found = self.slices[name] = Slice(name, ports)
        return found

    def _replace(self, old: Slice, fresh: Slice) -> None:
        del self.slices[fresh.name]
        old.ports, old.endpoints, old.changed = fresh.ports, fresh.endpoints, True
        for pod in old.endpoints:
            self.placed[pod] = old.name

    def lose(self, name: str) -> None:
        """Forget a slice that is gone; its pods have no slice."""
        for pod in self.slices.pop(name).endpoints:
            del self.placed[pod]

    def rename(self, found: Slice, tree: Tree) -> None:
        """A new slice was created: it has its name now."""
        del self.slices[found.name]
        found.written(tree)
        found.name = tree["metadata"]["name"]
        self.slices[found.name] = found
        for pod in found.endpoints:
            self.placed[pod] = found.name

    def touch_all(self) -> None:
        """Have every slice compared with what is stored."""
        for each in self.slices.values():
            each.changed = True

    def take_deleted(self) -> list[str]:
        """The slices to delete, once."""
        taken = list(self._deleted)
        self._deleted.clear()
        return taken
