"""Which rows of a table are shown and where: kept up to date row by row, made anew in slices after a larger change."""

from collections.abc import Callable, Iterable, Sequence

from kubesim.objects.wire import Key
from kubetui.model.columns import SortValue
from kubetui.model.order import Order

SLICE = 2_500
"""How many rows are looked at between two looks at the keyboard."""

Item = tuple[SortValue, str, str, Key]
"""Sort value, namespace, name, and the key itself, which never needs comparing."""

Judge = Callable[[Key], Item | None]
"""Where a row belongs, None when it is not shown."""


class Ordering:
    """Positions of keys. ``judge`` is asked anew about a key whenever its row changed."""

    def __init__(self, judge: Judge) -> None:
        self.descending = False
        self._judge = judge
        self._order = Order()
        self._placed: dict[Key, Item] = {}
        self._queue: list[Key] = []
        self._fresh: dict[Key, Item | None] | None = None

    @property
    def settled(self) -> bool:
        """False while the order is being made anew."""
        return self._fresh is None

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, key: object) -> bool:
        return key in self._placed

    def slice(self, start: int, stop: int) -> list[Key]:
        """The keys at these positions."""
        if self.descending:
            count = len(self._order)
            return [item[3] for item in reversed(self._order.slice(count - stop, count - start))]
        return [item[3] for item in self._order.slice(start, stop)]

    def rank(self, key: Key) -> int | None:
        """The position of a key, None when it is not shown."""
        item = self._placed.get(key)
        if item is None:
            return None
        position = self._order.rank(item)
        return len(self._order) - 1 - position if self.descending else position

    # ------------------------------------------------------------------ row by row
    def update(self, key: Key) -> bool:
        """A row has changed; True when rows moved."""
        if self._fresh is not None:
            self._queue.append(key)
            if key not in self._placed:
                return False
        return self._place(key, self._judge(key))

    def extend(self, keys: Sequence[Key]) -> bool:
        """Rows are new; True when some are shown."""
        if self._fresh is not None:
            self._queue.extend(keys)
            return False
        items = [item for item in map(self._judge, keys) if item is not None]
        for item in items:
            self._placed[item[3]] = item
        self._order.extend(items)
        return bool(items)

    def remove(self, key: Key) -> bool:
        """A row is gone; True when it was shown."""
        if self._fresh is not None:
            self._fresh[key] = None
        return self._place(key, None)

    def _place(self, key: Key, item: Item | None) -> bool:
        old = self._placed.get(key)
        if old == item:
            return False
        if old is not None:
            self._order.remove(old)
            del self._placed[key]
        if item is not None:
            self._order.add(item)
            self._placed[key] = item
        return True

    # ------------------------------------------------------------------ all at once
    def clear(self) -> None:
        """Forget everything; rows that come are put in order in slices."""
        self._order, self._placed = Order(), {}
        self._queue, self._fresh = [], {}

    def restart(self, keys: Iterable[Key]) -> None:
        """Make the order anew; the old one stays until the new one is whole."""
        self._queue, self._fresh = list(keys), {}

    def work(self) -> bool:
        """Do one slice of the new order; True when it is to be shown."""
        fresh = self._fresh
        if fresh is None:
            return False
        batch, self._queue = self._queue[:SLICE], self._queue[SLICE:]
        judge = self._judge
        for key in batch:
            fresh[key] = judge(key)
        if self._queue and self._placed:
            return False
        self._show(fresh.values())
        if not self._queue:
            self._fresh = None
        return True

    def _show(self, items: Iterable[Item | None]) -> None:
        self._placed = {item[3]: item for item in items if item is not None}
        self._order = Order(self._placed.values())
