"""Where a custom kind keeps its replicas. # k8s: apiextensions/v1 CustomResourceSubresourceScale."""

from typing import Any, NamedTuple, Self

from kubesim.api.failures import plain
from kubesim.objects.errors import Cause
from kubesim.objects.wire import Tree

Names = tuple[str, ...]


class ScalePaths(NamedTuple):
    """The fields that a Scale is made of, as names from the root."""

    spec: Names
    status: Names
    selector: Names

    @classmethod
    def of(cls, scale: Tree) -> Self:
        """From the scale subresource of a definition."""
        fields = ("specReplicasPath", "statusReplicasPath", "labelSelectorPath")
        spec, status, selector = (_names(scale.get(field) or "") for field in fields)
        return cls(spec, status, selector)

    def replicas(self, obj: Tree) -> int:
        """The wanted replicas. Raises ApiError when the object does not say."""
        found = _at(self.spec, obj)
        if not isinstance(found, int):
            raise plain(f'the spec replicas field "{_path(self.spec)}" does not exist')
        return found

    def current(self, obj: Tree) -> int:
        """The replicas that there are."""
        found = _at(self.status, obj)
        return found if isinstance(found, int) else 0

    def labels(self, obj: Tree) -> str:
        """The label selector of the pods, "" for none."""
        found = _at(self.selector, obj) if self.selector else ""
        return found if isinstance(found, str) else ""

    def rescaled(self, obj: Tree, replicas: int) -> dict[str, Any]:
        """The object with other wanted replicas."""
        return _put(self.spec, obj, replicas)

    def causes(self, obj: Tree) -> list[Cause]:
        """What is wrong with the replicas of an object."""
        text = "should be a non-negative integer"
        return [
            Cause("FieldValueInvalid", f"Invalid value: {value}: {text}", _path(names))
            for names in (self.spec, self.status)
            if isinstance(value := _at(names, obj), int) and value < 0
        ]


def _names(path: str) -> Names:
    return tuple(part for part in path.split(".") if part)


def _path(names: Names) -> str:
    return "." + ".".join(names)


def _at(names: Names, tree: Any) -> Any:
    for name in names:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def _put(names: Names, tree: Any, value: Any) -> dict[str, Any]:
    below = tree if isinstance(tree, dict) else {}
    head, rest = names[0], names[1:]
    return {**below, head: _put(rest, below.get(head), value) if rest else value}
