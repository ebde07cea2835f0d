"""A memo keyed by the identity of immutable trees: a shared tree is worked out once."""

from typing import Generic, TypeVar

from kubesim.objects.wire import Tree

Result = TypeVar("Result")


class IdentityMemo(Generic[Result]):
    """Remembers one result for each tree object. Keeps the trees alive, so an identity is never reused while known.

    Bounded: it forgets everything when ``limit`` trees are known. Empty again after pickling.
    """

    def __init__(self, limit: int = 512) -> None:
        self._limit = limit
        self._known: dict[int, tuple[Tree, Result]] = {}

    def get(self, tree: Tree) -> Result | None:
        """The result remembered for this very object."""
        found = self._known.get(id(tree))
        return None if found is None else found[1]

    def remember(self, tree: Tree, result: Result) -> Result:
        """Remember and return the result."""
        if len(self._known) >= self._limit:
            self._known.clear()
        self._known[id(tree)] = (tree, result)
        return result

    def __getstate__(self) -> int:
        return self._limit

    def __setstate__(self, limit: int) -> None:
        self._limit = limit
        self._known = {}
