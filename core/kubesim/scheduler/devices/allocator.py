"""The search for devices: claims one after the other, requests in order, back one step where nothing is left.

# k8s: dynamic-resource-allocation/structured. differs: a device is given to one claim at a time, whole
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from kubesim.objects import quantities, refs
from kubesim.objects.wire import EMPTY, Tree
from kubesim.scheduler.devices.pools import Device, DeviceId, Pool

Selects = Callable[[str, Device], bool]
"""Whether an expression selects a device; raises ValueError."""
MOST_DEVICES = 32
"""# k8s: resource.AllocationResultsMaxSize."""
ALL = "All"


class Impossible(Exception):
    """The claim asks for what cannot be given at the moment, on any node that knows of the pool."""


class Ask(NamedTuple):
    """One request, or one alternative of it: what is wanted, and the class it names."""

    name: str
    tree: Tree
    device_class: Tree


class Wanted(NamedTuple):
    """One claim: for each of its requests the alternatives in order of preference."""

    claim: Tree
    requests: tuple[tuple[Ask, ...], ...]


class Taken(NamedTuple):
    """A device that a request gets."""

    ask: Ask
    device: Device


class Search:
    """One search, for the claims of one pod on one node."""

    def __init__(
        self,
        wanted: Sequence[Wanted],
        pools: Sequence[Pool],
        allocated: Mapping[DeviceId, int],
        published: Callable[[DeviceId], Tree],
        selects: Selects,
    ) -> None:
        self._wanted = wanted
        self._pools = pools
        self._allocated = allocated
        self._mine: dict[DeviceId, None] = {}
        self._published = published
        self._selects = selects
        self._taken: list[list[Taken]] = [[] for _ in wanted]
        self._fits: dict[tuple[int, str, DeviceId], bool] = {}

    def succeeds(self) -> bool:
        """Whether every claim can be fulfilled. Raises Impossible, and ValueError for a selector that fails."""
        return self._claim(0, 0)

    def run(self) -> list[Tree] | None:
        """An allocation for each claim, or None. Raises as ``succeeds`` does."""
        if not self._claim(0, 0):
            return None
        return [_allocation(wanted, taken) for wanted, taken in zip(self._wanted, self._taken, strict=True)]

    # ------------------------------------------------------------------ the search
    def _claim(self, claim: int, request: int) -> bool:
        if claim == len(self._wanted):
            return True
        requests = self._wanted[claim].requests
        if request == len(requests):
            return self._claim(claim + 1, 0)
        return any(self._alternative(claim, request, ask) for ask in requests[request])

    def _alternative(self, claim: int, request: int, ask: Ask) -> bool:
        if ask.tree.get("allocationMode") == ALL:
            devices = self._all(claim, ask)
            return bool(devices) and self._take_all(claim, request, ask, devices)
        return self._some(claim, request, ask, ask.tree.get("count") or 1, self._candidates())

    def _some(self, claim: int, request: int, ask: Ask, count: int, candidates: Sequence[Device]) -> bool:
        if not count:
            return self._claim(claim, request + 1)
        if len(self._taken[claim]) >= MOST_DEVICES:
            return False
        for position, device in enumerate(candidates):
            if self._is_free(claim, ask, device) and self._suits(claim, ask, device):
                self._take(claim, ask, device)
                if self._some(claim, request, ask, count - 1, candidates[position + 1 :]):
                    return True
                self._give_back(claim)
        return False

    def _take_all(self, claim: int, request: int, ask: Ask, devices: Sequence[Device]) -> bool:
        before = len(self._taken[claim])
        for device in devices:
            if len(self._taken[claim]) >= MOST_DEVICES or not self._is_free(claim, ask, device):
                break
            self._take(claim, ask, device)
        else:
            if self._claim(claim, request + 1):
                return True
        while len(self._taken[claim]) > before:
            self._give_back(claim)
        return False

    def _candidates(self) -> list[Device]:
        return [device for pool in self._pools if pool.complete and pool.valid for device in pool.devices]

    def _all(self, claim: int, ask: Ask) -> list[Device]:
        namespace, name = refs.place(self._wanted[claim].claim)
        for pool in self._pools:
            if pool.complete and pool.valid:
                continue
            state = "being updated" if not pool.complete else "invalid"
            why = f"asks for all devices, but resource pool {pool.driver}/{pool.name} is currently {state}"
            raise Impossible(f"claim {namespace}/{name}, request {ask.name}: {why}")
        return [device for device in self._candidates() if self._suits(claim, ask, device)]

    def _take(self, claim: int, ask: Ask, device: Device) -> None:
        self._taken[claim].append(Taken(ask, device))
        if not ask.tree.get("adminAccess"):
            self._mine[device.id] = None

    def _give_back(self, claim: int) -> None:
        taken = self._taken[claim].pop()
        if not taken.ask.tree.get("adminAccess"):
            del self._mine[taken.device.id]

    # ------------------------------------------------------------------ one device
    def _suits(self, claim: int, ask: Ask, device: Device) -> bool:
        key = (claim, ask.name, device.id)
        known = self._fits.get(key)
        if known is None:
            known = self._fits[key] = self._matches(ask, device) and _tolerates(ask.tree, device)
        return known

    def _matches(self, ask: Ask, device: Device) -> bool:
        general = (ask.device_class.get("spec") or EMPTY).get("selectors") or ()
        selectors = [*general, *(ask.tree.get("selectors") or ())]
        return all(self._selects(each["cel"]["expression"], device) for each in selectors)

    def _is_free(self, claim: int, ask: Ask, device: Device) -> bool:
        if any(taken.device.id == device.id for taken in self._taken[claim]):
            return False
        if not ask.tree.get("adminAccess") and not self._is_left(device):
            return False
        constraints = self._wanted[claim].claim["spec"]["devices"].get("constraints") or ()
        return all(self._keeps(claim, ask, device, constraint) for constraint in constraints)

    def _is_left(self, device: Device) -> bool:
        return device.id not in self._allocated and device.id not in self._mine and self._has_counters(device)

    def _keeps(self, claim: int, ask: Ask, device: Device, constraint: Tree) -> bool:
        asked = constraint.get("requests")
        if not _is_named(ask.name, asked):
            return True
        others = [taken.device for taken in self._taken[claim] if _is_named(taken.ask.name, asked)]
        name = constraint.get("matchAttribute") or constraint.get("distinctAttribute") or ""
        value = _attribute(device, name)
        if value is None:
            return False
        if constraint.get("matchAttribute"):
            return all(_attribute(other, name) == value for other in others)
        return all(_attribute(other, name) != value for other in others)

    def _has_counters(self, device: Device) -> bool:
        wanted = device.tree.get("consumesCounters")
        if not wanted:
            return True
        pool = next(each for each in self._pools if (each.driver, each.name) == device.id[:2])
        for consumption in wanted:
            there = pool.counters.get(consumption["counterSet"])
            for key, amount in consumption["counters"].items():
                if there is None or key not in there:
                    return False
                used = self._consumed(device.id, consumption["counterSet"], key)
                if used + quantities.nano(amount["value"]) > quantities.nano(there[key]):
                    return False
        return True

    def _consumed(self, near: DeviceId, counter_set: str, key: str) -> int:
        total = 0
        for used in (*self._allocated, *self._mine):
            device = self._published(used) if used[:2] == near[:2] else EMPTY
            for consumption in device.get("consumesCounters") or ():
                if consumption["counterSet"] == counter_set and key in consumption["counters"]:
                    total += quantities.nano(consumption["counters"][key]["value"])
        return total


def _is_named(request: str, names: Sequence[str] | None) -> bool:
    return not names or request in names or request.partition("/")[0] in names


def _attribute(device: Device, name: str) -> tuple[str, Any] | None:
    attributes = device.tree.get("attributes") or EMPTY
    domain, _, rest = name.partition("/")
    found = attributes.get(name)
    if found is None and domain == device.id[0]:
        found = attributes.get(rest)
    return None if found is None else next(iter(found.items()))


def _tolerates(ask: Tree, device: Device) -> bool:
    tolerations = ask.get("tolerations") or ()
    return all(any(_covers(each, taint) for each in tolerations) for taint in device.taints)


def _covers(toleration: Tree, taint: Tree) -> bool:
    # k8s: resource/v1 DeviceToleration.ToleratesTaint; taints without effect keep nobody away.
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


# ---------------------------------------------------------------------- the answer
def _allocation(wanted: Wanted, taken: Sequence[Taken]) -> Tree:
    results = []
    for ask, device in taken:
        driver, pool, name = device.id
        result: dict[str, Any] = {"request": ask.name, "driver": driver, "pool": pool, "device": name}
        if ask.tree.get("adminAccess"):
            result["adminAccess"] = True
        if ask.tree.get("tolerations"):
            result["tolerations"] = ask.tree["tolerations"]
        results.append(result)
    devices: dict[str, Any] = {"results": results}
    config = _config(wanted, taken)
    if config:
        devices["config"] = config
    allocation: dict[str, Any] = {"devices": devices}
    selector = _node_selector(taken)
    if selector is not None:
        allocation["nodeSelector"] = selector
    return allocation


def _config(wanted: Wanted, taken: Sequence[Taken]) -> list[Tree]:
    found: list[Tree] = []
    chosen = list({each.ask.name: each.ask for each in taken}.values())
    for ask in chosen:
        general = (ask.device_class.get("spec") or EMPTY).get("config") or ()
        found += [{"source": "FromClass", "requests": [ask.name], **entry} for entry in general]
    for entry in wanted.claim["spec"]["devices"].get("config") or ():
        asked = entry.get("requests")
        if not asked or any(_is_named(ask.name, asked) for ask in chosen):
            found.append({"source": "FromClaim", **entry})
    return found


def _node_selector(taken: Sequence[Taken]) -> Tree | None:
    selectors = [each.device.selector for each in taken if each.device.selector is not None]
    for selector in selectors:
        if any("matchFields" in term for term in selector["nodeSelectorTerms"]):
            return selector
    if not selectors:
        return None
    expressions: list[Tree] = []
    for selector in selectors:
        for expression in selector["nodeSelectorTerms"][0].get("matchExpressions") or ():
            if expression not in expressions:
                expressions.append(expression)
    return {"nodeSelectorTerms": [{"matchExpressions": expressions}]}
