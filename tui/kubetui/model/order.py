"""A sorted list in blocks: insertion, removal, rank and slices stay cheap with 100,000 rows that move all the time."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import Any

Item = tuple[Any, ...]
"""What is sorted: (sort value, key). Items must be distinct and mutually comparable."""

_BLOCK = 512


class Order:
    """Distinct items in ascending order. ``add`` and ``remove`` cost O(sqrt n), ``slice`` O(blocks + length)."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._blocks: list[list[Item]] = []
        self._lasts: list[Item] = []
        self._count = 0
        self.rebuild(items)

    def rebuild(self, items: Iterable[Item]) -> None:
        """Start again from these items, in any order."""
        ordered = sorted(items)
        self._blocks = [ordered[start : start + _BLOCK] for start in range(0, len(ordered), _BLOCK)]
        self._lasts = [block[-1] for block in self._blocks]
        self._count = len(ordered)

    def add(self, item: Item) -> None:
        """Insert an item that is not in the list."""
        self._count += 1
        if not self._blocks:
            self._blocks.append([item])
            self._lasts.append(item)
            return
        position = min(bisect_left(self._lasts, item), len(self._blocks) - 1)
        block = self._blocks[position]
        insort(block, item)
        if len(block) > 2 * _BLOCK:
            self._blocks[position : position + 1] = [block[:_BLOCK], block[_BLOCK:]]
            self._lasts.insert(position, block[_BLOCK - 1])
        self._lasts[position] = self._blocks[position][-1]
        if position + 1 < len(self._blocks):
            self._lasts[position + 1] = self._blocks[position + 1][-1]

    def extend(self, items: list[Item]) -> None:
        """Insert many items, in any order; cheap when they belong behind the last."""
        items.sort()
        if not items or (self._lasts and items[0] <= self._lasts[-1]):
            for item in items:
                self.add(item)
            return
        for start in range(0, len(items), _BLOCK):
            block = items[start : start + _BLOCK]
            self._blocks.append(block)
            self._lasts.append(block[-1])
        self._count += len(items)

    def remove(self, item: Item) -> bool:
        """Take an item out; False when it is not there."""
        position = bisect_left(self._lasts, item)
        if position == len(self._blocks):
            return False
        block = self._blocks[position]
        place = bisect_left(block, item)
        if place == len(block) or block[place] != item:
            return False
        del block[place]
        self._count -= 1
        if block:
            self._lasts[position] = block[-1]
        else:
            del self._blocks[position], self._lasts[position]
        return True

    def rank(self, item: Item) -> int:
        """The index of an item, or where it would be."""
        position = bisect_left(self._lasts, item)
        before = sum(len(block) for block in self._blocks[:position])
        if position == len(self._blocks):
            return before
        return before + bisect_left(self._blocks[position], item)

    def slice(self, start: int, stop: int) -> list[Item]:
        """The items from index ``start`` up to, not including, ``stop``."""
        found: list[Item] = []
        start, stop = max(start, 0), min(stop, self._count)
        for block in self._blocks:
            if stop <= 0:
                break
            if start < len(block):
                found.extend(block[max(start, 0) : stop])
            start -= len(block)
            stop -= len(block)
        return found

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Item]:
        for block in self._blocks:
            yield from block
