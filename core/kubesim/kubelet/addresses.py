"""The pod addresses of one node: a /24 from which the lowest address that was not used lately is taken."""

from collections import deque


class AddressesExhaustedError(Exception):
    """A node has no free pod address."""


class PodAddresses:
    """Hands out ``10.244.N.2`` to ``10.244.N.254``, those given back last after all others."""

    def __init__(self, cidr: str) -> None:
        self.cidr = cidr
        self._prefix = cidr.split("/", 1)[0].rsplit(".", 1)[0]
        self._next = 2
        self._free: deque[str] = deque()
        self._spill = 0

    @property
    def has_any(self) -> bool:
        """Whether an address is free."""
        return self._next <= 254 or bool(self._free)

    def take(self) -> str:
        """A free address."""
        if self._next <= 254:
            self._next += 1
            return f"{self._prefix}.{self._next - 1}"
        if not self._free:
            raise AddressesExhaustedError(f"no addresses left in {self.cidr}")
        return self._free.popleft()

    def give_back(self, address: str) -> None:
        """Free an address."""
        if address:
            self._free.append(address)


def pod_cidr(index: int) -> str:
    """The pod network of the node of that number: 10.244.0.0/24 and on, then from 10.112.0.0/24."""
    high, low = divmod(index, 256)
    second = 244 + high if high < 12 else 112 + high - 12
    return f"10.{second}.{low}.0/24"


def node_ip(index: int) -> str:
    """The address of the node of that number: 172.18.0.2 and on."""
    high, low = divmod(index, 253)
    return f"172.18.{high}.{low + 2}"
