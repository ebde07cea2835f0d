"""The rows that a person marked, pinned to the objects themselves: a namesake that comes later is not marked."""

from collections.abc import Iterable, Iterator

from kubesim.objects.wire import Key
from kubetui.client.port import Row


class Marks:
    """Marked keys in the order of marking, each with the uid of its object."""

    def __init__(self) -> None:
        self._uids: dict[Key, str] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._uids

    def __len__(self) -> int:
        return len(self._uids)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._uids)

    @property
    def last(self) -> Key | None:
        """The key that was marked last."""
        return next(reversed(self._uids), None)

    def toggle(self, key: Key, row: Row) -> None:
        """Mark a row, or take its mark away."""
        if key in self._uids:
            del self._uids[key]
        else:
            self.add(key, row)

    def add(self, key: Key, row: Row) -> None:
        """Mark a row."""
        self._uids[key] = _uid(row)

    def follow(self, key: Key, row: Row | None) -> None:
        """The row of a key changed or is gone: the mark stays only on the same object."""
        if key in self._uids and (row is None or self._uids[key] != _uid(row)):
            del self._uids[key]

    def keep(self, keys: Iterable[Key]) -> None:
        """Drop the marks of all other keys."""
        kept = dict.fromkeys(keys)
        self._uids = {key: uid for key, uid in self._uids.items() if key in kept}

    def clear(self) -> None:
        """Drop all marks."""
        self._uids.clear()


def _uid(row: Row) -> str:
    return str(row.object["metadata"].get("uid", ""))
