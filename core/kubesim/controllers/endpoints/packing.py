"""How endpoints are spread over EndpointSlices, and addresses over the subsets of an Endpoints object."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kubesim.controllers.endpoints.addresses import Ports
from kubesim.objects.wire import Tree

MAX_PER_SLICE = 100
MAX_ADDRESSES = 1000


class Fill(NamedTuple):
    """Put that many endpoints into this slice; an empty name asks for a new one."""

    name: str
    size: int


def fill(
    changed: Mapping[str, int], unchanged: Mapping[str, int], count: int, limit: int = MAX_PER_SLICE
) -> list[Fill]:
    """Where new endpoints go. The mappings hold the number of endpoints of each slice.

    First into slices that are written anyway, the fullest first; then into one that has room for all the rest; else
    into new ones.

    # k8s: endpointslice/reconciler.go reconcileByPortMapping
    """
    found = []
    for name in sorted(changed, key=changed.__getitem__, reverse=True):
        room = min(limit - changed[name], count)
        if room > 0:
            found.append(Fill(name, room))
            count -= room
    while count > 0:
        name = _closest(unchanged, count, limit) if count < limit else ""
        found.append(Fill(name, min(count, limit)))
        count -= limit
    return found


def _closest(slices: Mapping[str, int], count: int, limit: int) -> str:
    fitting = [name for name, size in slices.items() if size + count <= limit]
    return max(fitting, key=slices.__getitem__, default="")


class Address(NamedTuple):
    """One address of an Endpoints object with what decides about its place."""

    ports: Ports
    ready: bool
    value: Tree


def subsets(addresses: Sequence[Address]) -> list[dict[str, Any]]:
    """The subsets of an Endpoints object; the addresses must be sorted. At most one subset for a set of ports.

    # k8s: api/v1/endpoints RepackSubsets
    """
    together: dict[Ports, list[Address]] = {}
    for each in addresses:
        together.setdefault(each.ports, []).append(each)
    if len(together) > 1:
        together = _regroup(addresses)
    return [_subset(ports, members) for ports, members in sorted(together.items())]


def _regroup(addresses: Sequence[Address]) -> dict[Ports, list[Address]]:
    # Every port has its own set of addresses; ports with equal sets share a subset.
    members: dict[Ports, list[int]] = {}
    for position, each in enumerate(addresses):
        singles: list[Ports] = [(port,) for port in each.ports] or [()]
        for single in singles:
            members.setdefault(single, []).append(position)
    joined: dict[tuple[int, ...], Ports] = {}
    for single, positions in members.items():
        key = tuple(positions)
        joined[key] = (*joined.get(key, ()), *single)
    return {tuple(sorted(ports)): [addresses[position] for position in key] for key, ports in joined.items()}


def _subset(ports: Ports, members: Sequence[Address]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    ready = [each.value for each in members if each.ready]
    waiting = [each.value for each in members if not each.ready]
    if ready:
        found["addresses"] = ready
    if waiting:
        found["notReadyAddresses"] = waiting
    if ports:
        found["ports"] = [_port(*port) for port in ports]
    return found


def _port(name: str, protocol: str, number: int, application: str) -> dict[str, Any]:
    port: dict[str, Any] = {"name": name} if name else {}
    port["port"] = number
    port["protocol"] = protocol
    if application:
        port["appProtocol"] = application
    return port


def truncate(found: list[dict[str, Any]], limit: int = MAX_ADDRESSES) -> tuple[list[dict[str, Any]], bool]:
    """The subsets with at most ``limit`` addresses, ready ones first, and whether any were cut.

    # k8s: endpoint/endpoints_controller.go truncateEndpoints
    """
    ready = sum(len(each.get("addresses", ())) for each in found)
    waiting = sum(len(each.get("notReadyAddresses", ())) for each in found)
    if ready + waiting <= limit:
        return found, False
    field, total, room = ("addresses", ready, limit) if ready > limit else ("notReadyAddresses", waiting, limit - ready)
    left, kept = room, []
    for each in found:
        members = each.get(field, [])
        count = min(math.ceil(len(members) / total * room), left)
        left -= count
        changed = {key: value for key, value in each.items() if key not in {field, "notReadyAddresses"}}
        if count:
            changed[field] = members[:count]
        kept.append(changed)
    return kept, True
