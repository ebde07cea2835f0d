"""Makes the four conditions a kubelet writes, shared by all pods that come from the same state at the same second."""

from typing import Any

from kubesim.kubelet import status
from kubesim.objects.wire import Tree

Verdict = tuple[bool, str, str]
Own = tuple[Tree, ...]
NONE: Own = ()
MEMO_SIZE = 4096
ALL_TRUE: tuple[Verdict, ...] = ((True, "", ""),) * len(status.OWN)


class ConditionBook:
    """Remembers transitions by identity of the state before; forgets everything when it is pickled."""

    def __init__(self) -> None:
        self._own: dict[tuple[Any, ...], tuple[Own, Own]] = {}
        self._lists: dict[tuple[int, int], tuple[Own, Tree, list[Tree]]] = {}
        self._true: dict[tuple[int, int, str, int], tuple[Own, list[Tree], Own, list[Tree]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Addresses mean nothing in another process.
        return {"_own": {}, "_lists": {}, "_true": {}}

    def transition(self, before: Own, verdicts: tuple[Verdict, ...], stamp: str, generation: int) -> Own:
        """The conditions after ``before``: a time changes only when the status does."""
        key = (id(before), verdicts, stamp, generation)
        found = self._own.get(key)
        if found is not None:
            return found[1]
        if len(self._own) >= MEMO_SIZE:
            self._own.clear()
        old: tuple[Tree | None, ...] = before or (None,) * len(verdicts)
        own = tuple(
            status.transition(former, type_, verdict, stamp, generation)
            for former, type_, verdict in zip(old, status.OWN, verdicts, strict=True)
        )
        if all(one is two for one, two in zip(own, old, strict=True)):
            own = before
        self._own[key] = (before, own)
        return own

    def joined(self, own: Own, old: list[Tree], stamp: str, generation: int) -> list[Tree]:
        """The list to write: the kubelet's conditions and those of others."""
        rest = [candidate for candidate in old if candidate["type"] not in status.OWN]
        if len(rest) != 1 or rest[0]["type"] != status.SCHEDULED:
            return status.merged(own, rest, stamp, generation)
        key = (id(own), id(rest[0]))
        found = self._lists.get(key)
        if found is None:
            if len(self._lists) >= MEMO_SIZE:
                self._lists.clear()
            found = self._lists[key] = (own, rest[0], [*own, rest[0]])
        return found[2]

    def all_true(self, own: Own, old: list[Tree], stamp: str, generation: int) -> tuple[Own, list[Tree]]:
        """The conditions after ``own`` once all of them hold, and the list to write instead of ``old``."""
        key = (id(own), id(old), stamp, generation)
        found = self._true.get(key)
        if found is None:
            if len(self._true) >= MEMO_SIZE:
                self._true.clear()
            after = self.transition(own, ALL_TRUE, stamp, generation)
            found = self._true[key] = (own, old, after, self.joined(after, old, stamp, generation))
        return found[2], found[3]


def adopted(conditions: list[Tree]) -> Own:
    """The conditions that an earlier kubelet of the node has written, if they are all there."""
    found = {candidate["type"]: candidate for candidate in conditions}
    return tuple(found[type_] for type_ in status.OWN) if all(type_ in found for type_ in status.OWN) else NONE
