"""What a ResourceSlice may publish. # k8s: resource/validation validateResourceSliceSpec."""

import re

from kubesim.kinds.devices.parts import attribute_name, driver_name, label_name, listed, pool_name, taint, unique
from kubesim.kinds.fielderrors import all_invalid, invalid, required, too_long
from kubesim.kinds.formats import subdomain
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Tree

MOST_DEVICES = 128
MOST_ATTRIBUTES = 32
LONGEST_VALUE = 64
PLACES = ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection")
ONE_PLACE = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
_VERSION = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
    r"(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?"
)


def check_slice(spec: Tree) -> list[Cause]:
    """The spec of a ResourceSlice."""
    found = driver_name("spec.driver", spec.get("driver") or "")
    pool = spec.get("pool") or EMPTY
    found += pool_name("spec.pool.name", pool.get("name") or "")
    if (pool.get("resourceSliceCount") or 0) <= 0:
        found.append(
            invalid("spec.pool.resourceSliceCount", pool.get("resourceSliceCount") or 0, "must be greater than zero")
        )
    if (pool.get("generation") or 0) < 0:
        found.append(invalid("spec.pool.generation", pool["generation"], "must be greater than or equal to zero"))
    chosen = [f"`{name}`" for name in PLACES if spec.get(name)]
    if spec.get("nodeName"):
        found += all_invalid("spec.nodeName", spec["nodeName"], subdomain(spec["nodeName"]))
    terms = (spec.get("nodeSelector") or EMPTY).get("nodeSelectorTerms") or ()
    if spec.get("nodeSelector") and len(terms) != 1:
        why = "must have exactly one node selector term"
        found.append(invalid("spec.nodeSelector.nodeSelectorTerms", terms, why))
    if not chosen:
        found.append(required("spec", ONE_PLACE))
    elif len(chosen) > 1:
        found.append(invalid("spec", f"{{{', '.join(chosen)}}}", f"{ONE_PLACE}, but multiple fields are set"))
    found += listed("spec.devices", spec.get("devices"), MOST_DEVICES, _device)
    return found + unique("spec.devices", spec.get("devices"), "name")


def _device(path: str, tree: Tree) -> list[Cause]:
    found = label_name(f"{path}.name", tree.get("name") or "")
    attributes, capacity = tree.get("attributes") or EMPTY, tree.get("capacity") or EMPTY
    for name, value in sorted(attributes.items()):
        place = f"{path}.attributes[{name}]"
        found += attribute_name(place, name) + _attribute(place, value)
    for name in sorted(capacity):
        found += attribute_name(f"{path}.capacity[{name}]", name)
    number = len(attributes) + len(capacity)
    if number > MOST_ATTRIBUTES:
        why = f"the total number of attributes and capacities must not exceed {MOST_ATTRIBUTES}"
        found.append(invalid(path, number, why))
    for position, each in enumerate(tree.get("taints") or ()):
        found += taint(f"{path}.taints[{position}]", each)
    return found


def _attribute(path: str, tree: Tree) -> list[Cause]:
    found: list[Cause] = []
    for name in ("string", "version"):
        value = tree.get(name)
        if value is None:
            continue
        if name == "version" and not _VERSION.fullmatch(value):
            found.append(invalid(f"{path}.version", value, "must be a string compatible with semver.org spec 2.0.0"))
        if len(value) > LONGEST_VALUE:
            found.append(too_long(f"{path}.{name}", LONGEST_VALUE))
    given = [name for name, value in tree.items() if value is not None]
    if not given:
        return [*found, required(path, "exactly one value must be specified")]
    return found + ([] if len(given) == 1 else [invalid(path, tree, "exactly one value must be specified")])
