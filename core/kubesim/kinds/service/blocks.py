"""The blocks of cluster IPs: the own one of the cluster, and those of ServiceCIDRs. # k8s: MetaAllocator."""

from ipaddress import IPv4Network

from kubesim.kinds.service.pools import AddressPool, Chance


class AddressBlocks:
    """Pools of addresses; blocks may overlap. The cluster's own block is drawn from first."""

    def __init__(self, block: str, chance: Chance) -> None:
        self._chance = chance
        self._pools = {block: AddressPool(block, chance)}
        self._closed: dict[str, None] = {}
        """The blocks that give out nothing more."""
        self._taken: dict[str, None] = {}
        """The addresses that are given out, whatever block they are from."""

    def __len__(self) -> int:
        return len(self._taken)

    def open(self, block: str) -> None:
        """Addresses of a block may be given out."""
        self._closed.pop(block, None)
        if block not in self._pools and ":" not in block and IPv4Network(block).num_addresses > 2:
            pool = self._pools[block] = AddressPool(block, self._chance)
            for address in self._taken:
                if pool.contains(address):
                    pool.take(address)

    def close(self, block: str) -> None:
        """No more addresses of a block are given out; those that are in use stay so."""
        if block in self._pools:
            self._closed[block] = None

    def contains(self, address: str) -> bool:
        """Whether an address can be given out at all."""
        return any(pool.contains(address) for pool in self._open())

    def take(self, address: str) -> bool:
        """Take this address. False when it is given out already."""
        if address in self._taken:
            return False
        self._taken[address] = None
        for pool in self._pools.values():
            if pool.contains(address):
                pool.take(address)
        return True

    def draw(self) -> str | None:
        """Take any free address."""
        for pool in self._open():
            address = pool.draw()
            if address is not None:
                self._taken[address] = None
                for other in self._pools.values():
                    if other is not pool and other.contains(address):
                        other.take(address)
                return address
        return None

    def release(self, address: str) -> None:
        """Give an address back."""
        self._taken.pop(address, None)
        for pool in self._pools.values():
            if pool.contains(address):
                pool.release(address)

    def _open(self) -> list[AddressPool]:
        return [pool for block, pool in self._pools.items() if block not in self._closed]
