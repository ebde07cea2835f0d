"""What a claim may ask for, and what may be written to its status. # k8s: resource/validation validateDeviceClaim."""

from kubesim.kinds.devices.parts import (
    MOST_CONFIGS,
    MOST_CONSTRAINTS,
    MOST_REQUESTS,
    attribute_name,
    class_name,
    configuration,
    driver_name,
    label_name,
    listed,
    pool_name,
    selectors,
    toleration,
    unique,
)
from kubesim.kinds.fielderrors import IMMUTABLE, forbidden, invalid, not_supported, required, too_many
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Tree

MODES = ("All", "ExactCount")
MOST_ALTERNATIVES = 8
MOST_RESULTS = 32
MOST_CONSUMERS = 256
ONE_KIND = "exactly one of `exactly` or `firstAvailable` is required"
NO_REQUEST = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

Names = dict[str, dict[str, None]]
"""The names of requests, each with those of its alternatives."""


def check_claim(path: str, spec: Tree) -> list[Cause]:
    """The spec of a ResourceClaim."""
    devices = spec.get("devices") or EMPTY
    path = f"{path}.devices"
    names = request_names(devices)
    requests = devices.get("requests")
    found = listed(f"{path}.requests", requests, MOST_REQUESTS, _request)
    found += unique(f"{path}.requests", requests, "name")
    for position, constraint in enumerate(devices.get("constraints") or ()):
        found += _constraint(f"{path}.constraints[{position}]", constraint, names)
    for position, entry in enumerate(devices.get("config") or ()):
        place = f"{path}.config[{position}]"
        found += _references(f"{place}.requests", entry.get("requests"), names) + configuration(place, entry)
    for name, most in (("constraints", MOST_CONSTRAINTS), ("config", MOST_CONFIGS)):
        if len(devices.get(name) or ()) > most:
            found.append(too_many(f"{path}.{name}", len(devices[name]), most))
    return found


def request_names(devices: Tree) -> Names:
    """The names that constraints and configurations may mention."""
    requests = devices.get("requests") or ()
    return {r.get("name", ""): {s.get("name", ""): None for s in r.get("firstAvailable") or ()} for r in requests}


def _request(path: str, tree: Tree) -> list[Cause]:
    found = label_name(f"{path}.name", tree.get("name") or "")
    exact, offered = tree.get("exactly"), tree.get("firstAvailable")
    if exact is None and not offered:
        return [*found, required(path, ONE_KIND)]
    if exact is not None and offered:
        return [*found, invalid(path, None, f"{ONE_KIND}, but multiple fields are set")]
    if exact is not None:
        return found + _ask(f"{path}.exactly", exact)
    found += listed(f"{path}.firstAvailable", offered, MOST_ALTERNATIVES, _alternative)
    return found + unique(f"{path}.firstAvailable", offered, "name")


def _alternative(path: str, tree: Tree) -> list[Cause]:
    return label_name(f"{path}.name", tree.get("name") or "") + _ask(path, tree)


def _ask(path: str, tree: Tree) -> list[Cause]:
    found = class_name(f"{path}.deviceClassName", tree.get("deviceClassName") or "")
    found += selectors(f"{path}.selectors", tree.get("selectors"))
    mode, count = tree.get("allocationMode") or "", tree.get("count") or 0
    if mode == "All":
        if count:
            found.append(invalid(f"{path}.count", count, "must not be specified when allocationMode is 'All'"))
    elif mode == "ExactCount":
        if count <= 0:
            found.append(invalid(f"{path}.count", count, "must be greater than zero"))
    else:
        found.append(not_supported(f"{path}.allocationMode", mode, MODES))
    for position, each in enumerate(tree.get("tolerations") or ()):
        found += toleration(f"{path}.tolerations[{position}]", each)
    return found


def _constraint(path: str, tree: Tree, names: Names) -> list[Cause]:
    found = _references(f"{path}.requests", tree.get("requests"), names)
    for field in ("matchAttribute", "distinctAttribute"):
        if tree.get(field) is not None:
            return found + attribute_name(f"{path}.{field}", tree[field], full=True)
    return [*found, required(f"{path}.matchAttribute")]


def _references(path: str, items: list[str] | None, names: Names) -> list[Cause]:
    found = []
    for position, name in enumerate(items or ()):
        place = f"{path}[{position}]"
        parts = name.split("/")
        if len(parts) <= 2:
            found += [cause for part in parts for cause in label_name(place, part)]
        known = parts[0] in names and (len(parts) == 1 or (len(parts) == 2 and parts[1] in names[parts[0]]))
        if not known:
            found.append(invalid(place, name, NO_REQUEST))
    return found + unique(path, items)


# ---------------------------------------------------------------------- status
def check_status(new: Tree, old: Tree) -> list[Cause]:
    """An update of a claim's status. # k8s: validateResourceClaimStatusUpdate."""
    status, before = new.get("status") or EMPTY, old.get("status") or EMPTY
    users = status.get("reservedFor")
    found = listed("status.reservedFor", users, MOST_CONSUMERS, _consumer) + unique("status.reservedFor", users, "uid")
    allocation = status.get("allocation")
    if users and allocation is None:
        found.append(forbidden("status.reservedFor", "may not be specified when `allocated` is not set"))
    elif users and "deletionTimestamp" in new["metadata"]:
        known = before.get("reservedFor") or ()
        if any(entry not in known for entry in users):
            why = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
            found.append(forbidden("status.reservedFor", why))
    if allocation is None:
        return found
    if before.get("allocation") is not None:
        same = allocation == before["allocation"]
        return found + ([] if same else [invalid("status.allocation", allocation, IMMUTABLE)])
    names = request_names((new.get("spec") or EMPTY).get("devices") or EMPTY)
    results = (allocation.get("devices") or EMPTY).get("results")
    path = "status.allocation.devices.results"
    for position, result in enumerate(results or ()):
        found += _result(f"{path}[{position}]", result, names)
    return found + ([too_many(path, len(results), MOST_RESULTS)] if results and len(results) > MOST_RESULTS else [])


def _consumer(path: str, tree: Tree) -> list[Cause]:
    return [required(f"{path}.{name}") for name in ("resource", "name", "uid") if not tree.get(name)]


def _result(path: str, tree: Tree, names: Names) -> list[Cause]:
    found = [
        Cause(cause.reason, cause.message, f"{path}.request")
        for cause in _references("", [tree.get("request") or ""], names)
    ]
    found += driver_name(f"{path}.driver", tree.get("driver") or "")
    found += pool_name(f"{path}.pool", tree.get("pool") or "")
    return found + label_name(f"{path}.device", tree.get("device") or "")
