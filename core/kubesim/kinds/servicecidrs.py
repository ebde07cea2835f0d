"""ServiceCIDRs: blocks of cluster IPs that are used as soon as they are ready. # k8s: networking/validation."""

from ipaddress import ip_network
from typing import Any

from kubesim.kinds.fielderrors import IMMUTABLE, invalid, required, too_many
from kubesim.kinds.plain import Plain
from kubesim.kinds.printing import age
from kubesim.kinds.service.blocks import AddressBlocks
from kubesim.objects.errors import Cause
from kubesim.objects.refs import is_condition_true, is_deleting
from kubesim.objects.wire import EMPTY, SERVICECIDRS, Tree

BAD_BLOCK = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
BOTH_FAMILIES = (
    "when specifying more than one value, they must be of different IP families, i.e 192.168.0.0/24 and 2001:db8::/64"
)


class ServiceCidrStrategy(Plain):
    """ServiceCIDRs. ``blocks`` is what Services get their addresses from."""

    gvr = SERVICECIDRS
    kind = "ServiceCIDR"
    namespaced = False
    subresources = ("status",)
    has_generation = False
    follows_status = True
    initial_status = EMPTY

    def __init__(self, blocks: AddressBlocks) -> None:
        self._blocks = blocks

    def validate(self, obj: Tree) -> list[Cause]:
        """One block, or one of each family."""
        blocks = _blocks_of(obj)
        if not blocks:
            return [required("spec.cidrs", "at least one CIDR required")]
        if len(blocks) > 2:
            return [too_many("spec.cidrs", len(blocks), 2)]
        found = [cause for index, block in enumerate(blocks) for cause in _block(f"spec.cidrs[{index}]", block)]
        if not found and len(blocks) == 2 and (":" in blocks[0]) == (":" in blocks[1]):
            found.append(invalid("spec.cidrs", blocks, BOTH_FAMILIES))
        return found

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """A second family may be added, and taken away again; the first block stays."""
        if subresource == "status":
            return []
        after, before = _blocks_of(new), _blocks_of(old)
        if after[:1] != before[:1]:
            return [invalid("spec.cidrs[0]", (after or [""])[0], IMMUTABLE)]
        if len(after) == len(before) and after != before:
            return [invalid("spec.cidrs[1]", after[1], IMMUTABLE)]
        return self.validate(new)

    def begin(self, new: Tree, old: Tree | None) -> Tree:
        """Blocks are given out from while they are ready."""
        del old
        for block in _blocks_of(new):
            if is_condition_true(new, "Ready") and not is_deleting(new):
                self._blocks.open(block)
            elif is_deleting(new):
                self._blocks.close(block)
        return new

    def deleted(self, obj: Tree) -> None:
        """Nothing more is given out."""
        for block in _blocks_of(obj):
            self._blocks.close(block)

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Its blocks."""
        return [obj["metadata"]["name"], ",".join(_blocks_of(obj)), age(obj, now)]


def _blocks_of(obj: Tree) -> list[str]:
    found: list[str] = (obj.get("spec") or EMPTY).get("cidrs") or []
    return found


def _block(field: str, text: str) -> list[Cause]:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return [invalid(field, text, BAD_BLOCK)]
    if str(network) != text:
        return [invalid(field, text, f'must be in canonical form ("{network}")')]
    return []
