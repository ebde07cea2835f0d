"""What the resize subresource of a pod may change. # k8s: core/validation ValidatePodResize."""

from typing import Any

from kubesim.kinds.fielderrors import forbidden, invalid
from kubesim.objects.errors import Cause
from kubesim.objects.pods import is_sidecar, qos_class
from kubesim.objects.wire import EMPTY, Tree

MIRROR = "kubernetes.io/config.mirror"
RESIZABLE = ("cpu", "memory")


def validate_resize(new: Tree, old: Tree) -> list[Cause]:
    """What is wrong with a resize of a pod."""
    if MIRROR in (old["metadata"].get("annotations") or EMPTY):
        return [forbidden("", "static pods cannot be resized")]
    before = (old.get("status") or EMPTY).get("qosClass") or qos_class(old)
    found: list[Cause] = []
    if qos_class(new) != before:
        found.append(invalid("spec", before, "Pod QOS Class may not change as a result of resizing"))
    others = False
    for field in ("initContainers", "containers"):
        pairs = zip(new["spec"].get(field) or (), old["spec"].get(field) or (), strict=False)
        for index, (after, earlier) in enumerate(pairs):
            wanted, has = after.get("resources") or EMPTY, earlier.get("resources") or EMPTY
            if wanted == has:
                continue
            at = f"spec.{field}[{index}].resources"
            if field == "initContainers" and not is_sidecar(earlier):
                found.append(forbidden(at, "resources for non-sidecar init containers are immutable"))
                continue
            found += [
                forbidden(f"{at}.{part}", f"resource {part} cannot be removed")
                for part in ("requests", "limits")
                if set(has.get(part) or ()) - set(wanted.get(part) or ())
            ]
            others = others or _others(wanted) != _others(has)
    if others:
        found.append(forbidden("spec", "only cpu and memory resources are mutable"))
    return found


def _others(resources: Tree) -> dict[str, Any]:
    """The resources that stay as they are."""
    found: dict[str, Any] = {name: value for name, value in resources.items() if name not in {"requests", "limits"}}
    for part in ("requests", "limits"):
        rest = {name: value for name, value in (resources.get(part) or EMPTY).items() if name not in RESIZABLE}
        if rest:
            found[part] = rest
    return found
