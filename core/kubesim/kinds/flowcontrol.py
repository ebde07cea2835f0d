"""FlowSchemas and PriorityLevelConfigurations. # k8s: flowcontrol/v1/defaults.go, flowcontrol/validation."""

from typing import Any

from kubesim.kinds.fielderrors import forbidden, invalid, not_supported, required
from kubesim.kinds.plain import Plain, resource
from kubesim.kinds.printing import NONE, age
from kubesim.kinds.shapes import filled, inside
from kubesim.objects.errors import Cause
from kubesim.objects.refs import condition
from kubesim.objects.wire import EMPTY, Tree

GROUP = "flowcontrol.apiserver.k8s.io"
PRECEDENCE, MOST = 1000, 10_000
SHARES, QUEUES, HAND_SIZE, QUEUE_LENGTH = 30, 64, 8, 50


class FlowSchemaStrategy(Plain):
    """FlowSchemas."""

    gvr = resource(GROUP, "v1", "flowschemas")
    kind = "FlowSchema"
    namespaced = False
    subresources = ("status",)
    initial_status = EMPTY

    def default(self, obj: Tree) -> Tree:
        """The precedence."""
        return inside(filled(obj, spec={}), "spec", _default_schema)

    def validate(self, obj: Tree) -> list[Cause]:
        """The precedence and the level."""
        spec: Tree = obj.get("spec") or EMPTY
        found: list[Cause] = []
        precedence = spec.get("matchingPrecedence") or 0
        if not 1 <= precedence <= MOST:
            found.append(invalid("spec.matchingPrecedence", precedence, f"must be between 1 and {MOST}"))
        if precedence == 1 and obj["metadata"].get("name") != "exempt":
            found.append(invalid("spec.matchingPrecedence", precedence, "only the schema named 'exempt' may have 1"))
        if not (spec.get("priorityLevelConfiguration") or EMPTY).get("name"):
            found.append(required("spec.priorityLevelConfiguration.name", "must reference a priority level"))
        for index, rule in enumerate(spec.get("rules") or ()):
            at = f"spec.rules[{index}]"
            if not rule.get("subjects"):
                found.append(required(f"{at}.subjects", "subjects must contain at least one value"))
            if not rule.get("resourceRules") and not rule.get("nonResourceRules"):
                text = "at least one of resourceRules and nonResourceRules has to be non-empty"
                found.append(required(at, text))
        return found

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Its level, its place, and whether the level is missing."""
        spec: Tree = obj.get("spec") or EMPTY
        dangling = condition(obj, "Dangling")
        level = (spec.get("priorityLevelConfiguration") or EMPTY).get("name") or ""
        method = (spec.get("distinguisherMethod") or EMPTY).get("type") or NONE
        missing = "?" if dangling is None else dangling.get("status") or ""
        return [obj["metadata"]["name"], level, spec.get("matchingPrecedence") or 0, method, age(obj, now), missing]


def _default_schema(spec: Tree) -> Tree:
    return filled(spec, matchingPrecedence=PRECEDENCE)


class PriorityLevelStrategy(Plain):
    """PriorityLevelConfigurations."""

    gvr = resource(GROUP, "v1", "prioritylevelconfigurations")
    kind = "PriorityLevelConfiguration"
    namespaced = False
    subresources = ("status",)
    initial_status = EMPTY

    def default(self, obj: Tree) -> Tree:
        """Shares and queues."""
        return inside(filled(obj, spec={}), "spec", _default_level)

    def validate(self, obj: Tree) -> list[Cause]:
        """What belongs to the type, and nothing else."""
        spec: Tree = obj.get("spec") or EMPTY
        kind = spec.get("type") or ""
        if kind not in {"Exempt", "Limited"}:
            return [not_supported("spec.type", kind, ("Exempt", "Limited"))]
        if kind == "Exempt":
            wrong = "must be nil if the type is not Limited"
            return [forbidden("spec.limited", wrong)] if spec.get("limited") is not None else []
        if spec.get("exempt") is not None:
            return [forbidden("spec.exempt", "must be nil if the type is Limited")]
        limited = spec.get("limited")
        return (
            [required("spec.limited", "must not be empty when type is Limited")]
            if limited is None
            else _limited(limited)
        )

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Its shares and its queues."""
        spec: Tree = obj.get("spec") or EMPTY
        limited = spec.get("limited")
        shares: Any = NONE if limited is None else limited.get("nominalConcurrencyShares") or 0
        queuing = ((limited or EMPTY).get("limitResponse") or EMPTY).get("queuing")
        names = ("queues", "handSize", "queueLengthLimit")
        counts = [NONE if queuing is None else queuing.get(name) or 0 for name in names]
        return [obj["metadata"]["name"], spec.get("type") or "", shares, *counts, age(obj, now)]


def _limited(limited: Tree) -> list[Cause]:
    found: list[Cause] = []
    response: Tree = limited.get("limitResponse") or EMPTY
    kind = response.get("type") or ""
    if kind not in {"Queue", "Reject"}:
        found.append(not_supported("spec.limited.limitResponse.type", kind, ("Queue", "Reject")))
    if kind == "Reject" and response.get("queuing") is not None:
        text = "must be nil if limited.limitResponse.type is not Limited"
        found.append(forbidden("spec.limited.limitResponse.queuing", text))
    if (limited.get("nominalConcurrencyShares") or 0) < 0:
        shares = limited["nominalConcurrencyShares"]
        found.append(invalid("spec.limited.nominalConcurrencyShares", shares, "must be a non-negative integer"))
    if not 0 <= (limited.get("lendablePercent") or 0) <= 100:
        percent = limited["lendablePercent"]
        found.append(invalid("spec.limited.lendablePercent", percent, "must be between 0 and 100, inclusive"))
    return found


def _default_level(spec: Tree) -> Tree:
    if spec.get("type") == "Exempt":
        spec = filled(spec, exempt={})
    return inside(inside(spec, "limited", _default_limited), "exempt", _default_exempt)


def _default_exempt(exempt: Tree) -> Tree:
    return filled(exempt, nominalConcurrencyShares=0, lendablePercent=0)


def _default_limited(limited: Tree) -> Tree:
    limited = filled(limited, nominalConcurrencyShares=SHARES, lendablePercent=0)
    return inside(limited, "limitResponse", _default_response)


def _default_response(response: Tree) -> Tree:
    if response.get("type") == "Queue":
        response = filled(response, queuing={})
    return inside(response, "queuing", _default_queuing)


def _default_queuing(queuing: Tree) -> Tree:
    return filled(queuing, queues=QUEUES, handSize=HAND_SIZE, queueLengthLimit=QUEUE_LENGTH)
