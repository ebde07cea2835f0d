"""A pool of addresses that are given out lowest first."""

from ipaddress import IPv4Network


class PoolExhaustedError(Exception):
    """No address is left."""


class AddressPool:
    """The usable addresses of a network, each owned by at most one key."""

    def __init__(self, cidr: str) -> None:
        self.cidr = cidr
        network = IPv4Network(cidr)
        self._first = int(network.network_address) + 1
        self._last = int(network.broadcast_address) - 1
        self._owners: dict[str, tuple[str, str]] = {}

    def owner(self, address: str) -> tuple[str, str] | None:
        """Who has an address."""
        return self._owners.get(address)

    def claim(self, address: str, owner: tuple[str, str]) -> bool:
        """Note that an address is in use; False when it is another's."""
        return self._owners.setdefault(address, owner) == owner

    def take(self, owner: tuple[str, str]) -> str:
        """The lowest free address. Raises PoolExhaustedError."""
        for number in range(self._first, self._last + 1):
            address = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
            if address not in self._owners:
                self._owners[address] = owner
                return address
        raise PoolExhaustedError(f"no addresses left in {self.cidr}")

    def give_back(self, owner: tuple[str, str]) -> None:
        """Free everything that an owner has."""
        for address in [address for address, known in self._owners.items() if known == owner]:
            del self._owners[address]
