"""The rules that affinity, tolerations and topology spread of a pod must keep. # k8s: core/validation."""

from typing import Any

from kubesim.kinds.fielderrors import all_invalid, duplicate, forbidden, invalid, not_supported, required
from kubesim.kinds.formats import label, label_selector, qualified, subdomain
from kubesim.objects.errors import Cause
from kubesim.objects.labelsyntax import value_errors
from kubesim.objects.wire import Tree

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_REQUIRED, _PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)


def validate_affinity(field: str, affinity: Tree | None) -> list[Cause]:
    """Node affinity, pod affinity and pod anti-affinity."""
    found: list[Cause] = []
    if not affinity:
        return found
    nodes = affinity.get("nodeAffinity")
    if nodes:
        found += _node_affinity(f"{field}.nodeAffinity", nodes)
    for name in ("podAffinity", "podAntiAffinity"):
        pods = affinity.get(name)
        if pods:
            found += _pod_affinity(f"{field}.{name}", pods)
    return found


def _node_affinity(field: str, affinity: Tree) -> list[Cause]:
    found: list[Cause] = []
    hard = affinity.get(_REQUIRED)
    if hard is not None:
        found += node_selector(f"{field}.{_REQUIRED}", hard)
    for index, term in enumerate(affinity.get(_PREFERRED) or ()):
        at = f"{field}.{_PREFERRED}[{index}]"
        found += _weight(at, term.get("weight") or 0)
        found += _node_term(f"{at}.preference", term.get("preference") or {}, strict=False)
    return found


def _weight(at: str, weight: int) -> list[Cause]:
    return [] if 1 <= weight <= 100 else [invalid(f"{at}.weight", weight, "must be in the range 1-100")]


def node_selector(field: str, selector: Tree) -> list[Cause]:
    """A node selector: alternatives of which one must hold."""
    terms = selector.get("nodeSelectorTerms")
    if not terms:
        return [required(f"{field}.nodeSelectorTerms", "must have at least one node selector term")]
    found: list[Cause] = []
    for index, term in enumerate(terms):
        found += _node_term(f"{field}.nodeSelectorTerms[{index}]", term, strict=True)
    return found


def _node_term(field: str, term: Tree, *, strict: bool) -> list[Cause]:
    found: list[Cause] = []
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        found += _node_requirement(f"{field}.matchExpressions[{index}]", requirement, strict=strict)
    for index, requirement in enumerate(term.get("matchFields") or ()):
        found += _node_field(f"{field}.matchFields[{index}]", requirement)
    return found


def _node_requirement(at: str, requirement: Tree, *, strict: bool) -> list[Cause]:
    operator, values = requirement.get("operator") or "", requirement.get("values") or ()
    found: list[Cause] = []
    if operator in {"In", "NotIn"}:
        if not values:
            found.append(required(f"{at}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in {"Exists", "DoesNotExist"}:
        if values:
            why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            found.append(forbidden(f"{at}.values", why))
    elif operator in {"Gt", "Lt"}:
        if len(values) != 1:
            found.append(required(f"{at}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'"))
    else:
        found.append(invalid(f"{at}.operator", operator, "not a valid selector operator"))
    found += qualified(f"{at}.key", requirement.get("key") or "")
    if strict:
        for index, value in enumerate(values):
            found += all_invalid(f"{at}.values[{index}]", value, value_errors(value))
    return found


def _node_field(at: str, requirement: Tree) -> list[Cause]:
    operator, values = requirement.get("operator") or "", requirement.get("values") or ()
    found: list[Cause] = []
    if operator not in {"In", "NotIn"}:
        found.append(invalid(f"{at}.operator", operator, "not a valid selector operator"))
    elif len(values) != 1:
        why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        found.append(required(f"{at}.values", why))
    key = requirement.get("key") or ""
    if key != "metadata.name":
        return [*found, invalid(f"{at}.key", key, "not a valid field selector key")]
    for index, value in enumerate(values):
        found += all_invalid(f"{at}.values[{index}]", value, subdomain(value))
    return found


def _pod_affinity(field: str, affinity: Tree) -> list[Cause]:
    found: list[Cause] = []
    for index, term in enumerate(affinity.get(_REQUIRED) or ()):
        found += _pod_term(f"{field}.{_REQUIRED}[{index}]", term)
    for index, weighted in enumerate(affinity.get(_PREFERRED) or ()):
        at = f"{field}.{_PREFERRED}[{index}]"
        found += _weight(at, weighted.get("weight") or 0)
        found += _pod_term(f"{at}.podAffinityTerm", weighted.get("podAffinityTerm") or {})
    return found


def _pod_term(at: str, term: Tree) -> list[Cause]:
    found = label_selector(f"{at}.labelSelector", term.get("labelSelector"))
    found += label_selector(f"{at}.namespaceSelector", term.get("namespaceSelector"))
    for name in term.get("namespaces") or ():
        found += all_invalid(f"{at}.namespace", name, label(name))
    key = term.get("topologyKey") or ""
    if not key:
        found.append(required(f"{at}.topologyKey", "can not be empty"))
    return found + qualified(f"{at}.topologyKey", key)


# ---------------------------------------------------------------------- taints and tolerations
def taint_effect(field: str, effect: str) -> list[Cause]:
    """The effect of a taint, or of a toleration that names one."""
    return [] if effect in EFFECTS else [not_supported(field, effect, EFFECTS)]


def validate_tolerations(field: str, tolerations: list[Any] | None) -> list[Cause]:
    """What taints the pod tolerates."""
    found: list[Cause] = []
    for index, toleration in enumerate(tolerations or ()):
        found += _toleration(f"{field}[{index}]", toleration)
    return found


def _toleration(at: str, toleration: Tree) -> list[Cause]:
    key, operator = toleration.get("key") or "", toleration.get("operator") or ""
    effect, value = toleration.get("effect") or "", toleration.get("value") or ""
    found = qualified(f"{at}.key", key) if key else []
    if not key and operator != "Exists":
        why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        found.append(invalid(f"{at}.operator", operator, why))
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        found.append(invalid(f"{at}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
    if operator in {"Equal", ""}:
        wrong = value_errors(value)
        found += [invalid(f"{at}.operator", value, ";".join(wrong))] if wrong else []
    elif operator == "Exists":
        if value:
            found.append(invalid(f"{at}.operator", value, "value must be empty when `operator` is 'Exists'"))
    else:
        found.append(not_supported(f"{at}.operator", operator, ("Equal", "Exists")))
    return found + (taint_effect(f"{at}.effect", effect) if effect else [])


# ---------------------------------------------------------------------- topology spread


def validate_spread(field: str, constraints: list[Any] | None) -> list[Cause]:
    """How the pods of a group spread over the topology."""
    found: list[Cause] = []
    seen: dict[tuple[str, str], None] = {}
    for index, constraint in enumerate(constraints or ()):
        at = f"{field}[{index}]"
        skew, key = constraint.get("maxSkew") or 0, constraint.get("topologyKey") or ""
        action = constraint.get("whenUnsatisfiable") or ""
        if skew <= 0:
            found.append(invalid(f"{at}.maxSkew", skew, "must be greater than zero"))
        found += qualified(f"{at}.topologyKey", key) if key else [required(f"{at}.topologyKey", "can not be empty")]
        if action not in {"DoNotSchedule", "ScheduleAnyway"}:
            found.append(not_supported(f"{at}.whenUnsatisfiable", action, ("DoNotSchedule", "ScheduleAnyway")))
        if (key, action) in seen:
            found.append(duplicate(f"{at}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}"))
        seen[key, action] = None
        found += _spread_options(at, constraint, action)
    return found


def _spread_options(at: str, constraint: Tree, action: str) -> list[Cause]:
    found: list[Cause] = []
    domains = constraint.get("minDomains")
    if domains is not None:
        if domains <= 0:
            found.append(invalid(f"{at}.minDomains", domains, "must be greater than zero"))
        if action != "DoNotSchedule":
            why = "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"
            found.append(invalid(f"{at}.minDomains", domains, why))
    for name in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        policy = constraint.get(name)
        if policy is not None and policy not in {"Honor", "Ignore"}:
            found.append(not_supported(f"{at}.{name}", policy, ("Honor", "Ignore")))
    return found + label_selector(f"{at}.labelSelector", constraint.get("labelSelector"))
