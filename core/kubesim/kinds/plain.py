"""What most kinds share: a status that only status updates change, columns by resource, singular names."""

from typing import Any

from kubesim.api.strategy import Context, Strategy
from kubesim.kinds.printing import age, columns
from kubesim.kinds.shapes import put, take
from kubesim.objects.wire import Gvr, Tree


class Plain(Strategy):
    """A kind with a spec and perhaps a status; takes its columns from the table of columns by its ``gvr``."""

    initial_status: Tree | None = None
    """The status of a new object, whatever its creator wrote; None for kinds without a status."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "gvr" in vars(cls):
            cls.columns = columns(cls.gvr)
            cls.singular = vars(cls).get("singular") or cls.kind.lower()

    def prepare_create(self, obj: Tree, context: Context) -> Tree:
        """Give it the first status."""
        del context
        return obj if self.initial_status is None else put(obj, "status", self.initial_status)

    def prepare_update(self, new: Tree, old: Tree, context: Context, subresource: str = "") -> Tree:
        """A plain update keeps the old status, a status update keeps all else but the metadata."""
        del context
        if subresource == "status":
            return keep_all_but_status(new, old)
        if self.initial_status is None or subresource:
            return new
        return take(new, old, "status")

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Name and age."""
        if len(self.columns) == 2 and self.columns[1].type == "date":
            return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp")]
        return [obj["metadata"]["name"], *self.cells(obj), age(obj, now)]

    def cells(self, obj: Tree) -> list[Any]:
        """The cells between name and age, for kinds whose rows are of that shape."""
        del obj
        return []


def keep_all_but_status(new: Tree, old: Tree) -> Tree:
    """``new`` with everything but its metadata and its status as it is in ``old``."""
    kept = {name: value for name, value in old.items() if name not in {"metadata", "status"}}
    if all(new.get(name) is value for name, value in kept.items()) and len(new) <= len(kept) + 2:
        return new
    changed = {**kept, "metadata": new["metadata"]}
    return {**changed, "status": new["status"]} if "status" in new else changed


def resource(group: str, version: str, plural: str) -> Gvr:
    """A Gvr, for class bodies."""
    return Gvr(group, version, plural)
