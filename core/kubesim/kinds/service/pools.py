"""Pools of numbers, of which each may be given out once: cluster IPs and node ports. # k8s: registry/core/service."""

from ipaddress import IPv4Address, IPv4Network
from typing import Protocol

TAKEN_ADDRESS = "provided IP is already allocated"
TAKEN_PORT = "provided port is already allocated"
RANGE_FULL = "range is full"


class Chance(Protocol):
    """A stream of chance."""

    def randrange(self, stop: int, /) -> int:
        """A whole number from 0 to below ``stop``."""


class Pool:
    """Whole numbers below ``size``. Draws from ``reserved`` to ``preferred`` first, then above, at last below."""

    def __init__(self, size: int, reserved: int, preferred: int, chance: Chance) -> None:
        self.size = size
        self._bands = ((reserved, preferred), (preferred, size), (0, reserved))
        self._chance = chance
        self._taken: dict[int, None] = {}

    def __len__(self) -> int:
        return len(self._taken)

    def has(self, number: int) -> bool:
        """Whether the number is given out."""
        return number in self._taken

    def take(self, number: int) -> bool:
        """Take this number. False when it is given out already."""
        if number in self._taken:
            return False
        self._taken[number] = None
        return True

    def draw(self) -> int | None:
        """Take any free number, None when there is none: a random one, or the next free one after it."""
        for low, high in self._bands:
            span = high - low
            if span <= 0:
                continue
            start = self._chance.randrange(span)
            for step in range(span):
                number = low + (start + step) % span
                if number not in self._taken:
                    self._taken[number] = None
                    return number
        return None

    def release(self, number: int) -> None:
        """Give a number back."""
        self._taken.pop(number, None)


class AddressPool:
    """The cluster IPs of an IPv4 block; network and broadcast address are never given out."""

    def __init__(self, block: str, chance: Chance) -> None:
        network = IPv4Network(block)
        size = network.num_addresses - 2
        # k8s: the lower part of a block is for addresses that are asked for.
        # differs: of a large block the first 65,535 addresses are used up first, so that they are easy to recognise.
        reserved = min(max(16, size // 16), 256) if network.num_addresses > 16 else 0
        self._pool = Pool(size, reserved, min(size, 65_535), chance)
        self._first = int(network.network_address) + 1

    def contains(self, address: str) -> bool:
        """Whether an address can be given out at all."""
        return 0 <= self._offset(address) < self._pool.size

    def _offset(self, address: str) -> int:
        try:
            return int(IPv4Address(address)) - self._first
        except ValueError:
            return -1

    def take(self, address: str) -> bool:
        """Take this address. False when it is given out already."""
        return self._pool.take(self._offset(address))

    def draw(self) -> str | None:
        """Take any free address."""
        number = self._pool.draw()
        return None if number is None else str(IPv4Address(self._first + number))

    def release(self, address: str) -> None:
        """Give an address back."""
        self._pool.release(self._offset(address))


class PortPool:
    """The node ports of a range."""

    def __init__(self, first: int, size: int, chance: Chance) -> None:
        self.first, self.last = first, first + size - 1
        self._pool = Pool(size, min(max(16, size // 32), 128), size, chance)

    def contains(self, port: int) -> bool:
        """Whether the port is of the range."""
        return self.first <= port <= self.last

    def take(self, port: int) -> bool:
        """Take this port. False when it is given out already."""
        return self._pool.take(port - self.first)

    def draw(self) -> int | None:
        """Take any free port."""
        number = self._pool.draw()
        return None if number is None else self.first + number

    def release(self, port: int) -> None:
        """Give a port back."""
        self._pool.release(port - self.first)
