"""The strategies of the kinds of dynamic resource allocation. # k8s: registry/resource, resource/v1/defaults.go."""

from typing import Any

from kubesim.api.strategy import Context
from kubesim.kinds.devices.parts import MOST_CONFIGS, configuration, listed, selectors, spec_of, taint
from kubesim.kinds.devices.requests import check_claim, check_status
from kubesim.kinds.devices.slices import check_slice
from kubesim.kinds.fielderrors import IMMUTABLE, invalid, unchanged
from kubesim.kinds.plain import Plain, resource
from kubesim.kinds.printing import age
from kubesim.kinds.shapes import filled, inside, inside_each, put
from kubesim.objects.errors import Cause
from kubesim.objects.refs import is_deleting
from kubesim.objects.wire import EMPTY, Tree

GROUP = "resource.k8s.io"


# ---------------------------------------------------------------------- defaults
def _default_claim(spec: Tree) -> Tree:
    return inside(filled(spec, devices={}), "devices", _default_devices)


def _default_devices(devices: Tree) -> Tree:
    return inside_each(devices, "requests", _default_request)


def _default_request(request: Tree) -> Tree:
    if request.get("exactly") is not None:
        request = inside(request, "exactly", _default_ask)
    return inside_each(request, "firstAvailable", _default_ask)


def _default_ask(ask: Tree) -> Tree:
    ask = filled(ask, allocationMode="ExactCount")
    if ask["allocationMode"] == "ExactCount" and not ask.get("count"):
        ask = put(ask, "count", 1)
    return inside_each(ask, "tolerations", _default_toleration)


def _default_toleration(toleration: Tree) -> Tree:
    return filled(toleration, operator="Equal")


# ---------------------------------------------------------------------- claims
class ResourceClaimStrategy(Plain):
    """ResourceClaims."""

    gvr = resource(GROUP, "v1", "resourceclaims")
    kind = "ResourceClaim"
    subresources = ("status",)
    has_generation = False
    initial_status = EMPTY

    def default(self, obj: Tree) -> Tree:
        """One device a request."""
        return inside(filled(obj, spec={}), "spec", _default_claim)

    def validate(self, obj: Tree) -> list[Cause]:
        """Requests, constraints, configurations."""
        return check_claim("spec", spec_of(obj))

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """The spec stays; the status is the scheduler's and the driver's."""
        if subresource == "status":
            return check_status(new, old)
        return [] if spec_of(new) == spec_of(old) else [invalid("spec", spec_of(new), IMMUTABLE), *self.validate(new)]

    def row(self, obj: Tree, now: int) -> list[Any]:
        """What has become of it."""
        status = obj.get("status") or EMPTY
        states: list[str] = ["deleted"] if is_deleting(obj) else []
        if status.get("allocation") is not None:
            states.append("allocated")
            if status.get("reservedFor"):
                states.append("reserved")
        elif not states:
            states.append("pending")
        return [obj["metadata"]["name"], ",".join(states), age(obj, now)]


class ClaimTemplateStrategy(Plain):
    """ResourceClaimTemplates."""

    gvr = resource(GROUP, "v1", "resourceclaimtemplates")
    kind = "ResourceClaimTemplate"
    has_generation = False

    def default(self, obj: Tree) -> Tree:
        """Those of the claim."""
        return inside(filled(obj, spec={}), "spec", _default_template)

    def validate(self, obj: Tree) -> list[Cause]:
        """Those of the claim."""
        return check_claim("spec.spec", spec_of(obj).get("spec") or EMPTY)

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """Nothing but its metadata changes."""
        del subresource
        return [] if spec_of(new) == spec_of(old) else [invalid("spec", spec_of(new), IMMUTABLE), *self.validate(new)]


def _default_template(spec: Tree) -> Tree:
    return inside(filled(spec, spec={}), "spec", _default_claim)


# ---------------------------------------------------------------------- classes and slices
class DeviceClassStrategy(Plain):
    """DeviceClasses."""

    gvr = resource(GROUP, "v1", "deviceclasses")
    kind = "DeviceClass"
    namespaced = False

    def default(self, obj: Tree) -> Tree:
        """A class may select every device."""
        return filled(obj, spec={})

    def validate(self, obj: Tree) -> list[Cause]:
        """Selectors and configurations."""
        spec = spec_of(obj)
        found = selectors("spec.selectors", spec.get("selectors"))
        return found + listed("spec.config", spec.get("config"), MOST_CONFIGS, configuration)

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """Everything may change."""
        del old, subresource
        return self.validate(new)


class ResourceSliceStrategy(Plain):
    """ResourceSlices."""

    gvr = resource(GROUP, "v1", "resourceslices")
    kind = "ResourceSlice"
    namespaced = False

    def prepare_create(self, obj: Tree, context: Context) -> Tree:
        """Taints are dated."""
        return inside(obj, "spec", _Dating(context.stamp)) if obj.get("spec") else obj

    def prepare_update(self, new: Tree, old: Tree, context: Context, subresource: str = "") -> Tree:
        """So are new ones."""
        return self.prepare_create(super().prepare_update(new, old, context, subresource), context)

    def validate(self, obj: Tree) -> list[Cause]:
        """Driver, pool, place, devices."""
        return check_slice(spec_of(obj))

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """Driver, pool and node stay."""
        del subresource
        after, before = spec_of(new), spec_of(old)
        names = ((after.get("pool") or EMPTY).get("name"), (before.get("pool") or EMPTY).get("name"))
        found = self.validate(new) + unchanged("spec.pool.name", *names)
        for field in ("driver", "nodeName"):
            found += unchanged(f"spec.{field}", after.get(field), before.get(field))
        return found

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Whose devices these are."""
        spec = spec_of(obj)
        pool = (spec.get("pool") or EMPTY).get("name") or ""
        return [obj["metadata"]["name"], spec.get("nodeName") or "", spec.get("driver") or "", pool, age(obj, now)]


class DeviceTaintRuleStrategy(Plain):
    """DeviceTaintRules."""

    gvr = resource(GROUP, "v1", "devicetaintrules")
    kind = "DeviceTaintRule"
    namespaced = False
    subresources = ("status",)
    initial_status = EMPTY

    def prepare_create(self, obj: Tree, context: Context) -> Tree:
        """The taint is dated."""
        obj = super().prepare_create(obj, context)
        known = spec_of(obj).get("taint")
        if not known or known.get("timeAdded"):
            return obj
        return {**obj, "spec": {**obj["spec"], "taint": {**known, "timeAdded": context.stamp}}}

    def validate(self, obj: Tree) -> list[Cause]:
        """The taint."""
        return taint("spec.taint", spec_of(obj).get("taint") or EMPTY)

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """Everything may change."""
        del old
        return [] if subresource == "status" else self.validate(new)


class _Dating:
    """Dates the taints of a slice."""

    def __init__(self, stamp: str) -> None:
        self._stamp = stamp

    def __call__(self, spec: Tree) -> Tree:
        return inside_each(spec, "devices", self._device)

    def _device(self, device: Tree) -> Tree:
        return inside_each(device, "taints", self._taint)

    def _taint(self, tree: Tree) -> Tree:
        return filled(tree, timeAdded=self._stamp)


STRATEGIES: tuple[type[Plain], ...] = (
    ClaimTemplateStrategy,
    DeviceClassStrategy,
    DeviceTaintRuleStrategy,
    ResourceClaimStrategy,
    ResourceSliceStrategy,
)
