"""The plugin PodSecurity: refuses pods, and warns of workloads and of labels that existing pods do not fit.

# k8s: pod-security-admission/admission/admission.go
"""

from kubesim.api.admission.plugin import CREATE, UPDATE, Attributes, Plugin
from kubesim.api.admission.podsecurity.checks import details, findings, reasons
from kubesim.api.admission.podsecurity.levels import LEVELS, PREFIX, PRIVILEGED, Level, Policy, labels_of, policy_of
from kubesim.objects.errors import forbidden, invalid
from kubesim.objects.wire import (
    CRONJOBS,
    DAEMONSETS,
    DEPLOYMENTS,
    EMPTY,
    JOBS,
    NAMESPACES,
    PODS,
    REPLICASETS,
    REPLICATIONCONTROLLERS,
    STATEFULSETS,
    Gvr,
    Tree,
    core,
)
from kubesim.store.mvcc import Store

MOST_PODS = 3_000
"""How many pods of a namespace are looked at when its level changes."""
IGNORED = frozenset({"exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"})
_TEMPLATES = core("podtemplates")
_WORKLOADS = frozenset({
    REPLICATIONCONTROLLERS, _TEMPLATES, REPLICASETS, DEPLOYMENTS, STATEFULSETS, DAEMONSETS, JOBS, CRONJOBS,
})  # fmt: skip


class PodSecurity(Plugin):
    """Concerned only where a namespace has labels about it."""

    watched: tuple[Gvr, ...] = (NAMESPACES,)

    def __init__(self, store: Store) -> None:
        self._store = store

    def concerns(self, operation: str, gvr: Gvr, subresource: str, namespace: str) -> bool:
        """See Plugin."""
        if operation not in {CREATE, UPDATE}:
            return False
        if gvr == NAMESPACES:
            return not subresource
        if gvr == PODS:
            return subresource not in IGNORED and bool(self._labels(namespace))
        return gvr in _WORKLOADS and not subresource and bool(self._labels(namespace))

    def _labels(self, namespace: str) -> Tree:
        return labels_of(self._store.get(NAMESPACES, "", namespace))

    def validate(self, asked: Attributes) -> None:
        """Raise Forbidden for a pod that is not secure enough, Invalid for labels that say nothing."""
        if asked.gvr == NAMESPACES:
            self._namespace(asked)
            return
        obj = asked.obj
        if obj is None:
            return
        policy = policy_of(self._labels(asked.namespace))
        if asked.gvr == PODS:
            if asked.old is None or _matters(obj, asked.old):
                self._evaluate(asked, policy, obj.get("metadata") or EMPTY, obj.get("spec") or EMPTY, enforce=True)
            return
        template = _template(asked.gvr, obj)
        if template:
            self._evaluate(asked, policy, template.get("metadata") or EMPTY, template.get("spec") or EMPTY)

    def _evaluate(
        self, asked: Attributes, policy: Policy, metadata: Tree, spec: Tree, *, enforce: bool = False
    ) -> None:
        if enforce:
            asked.annotate(f"{PREFIX}enforce-policy", str(policy.enforce))
            found = findings(policy.enforce, metadata, spec)
        if policy.causes:
            text = f"Failed to parse policy: {'; '.join(f'{each.field}: {each.message}' for each in policy.causes)}"
            asked.annotate(f"{PREFIX}error", text)
        noted = findings(policy.audit, metadata, spec)
        if noted:
            asked.annotate(f"{PREFIX}audit-violations", f'would violate PodSecurity "{policy.audit}": {details(noted)}')
        if enforce and found:
            text = f'violates PodSecurity "{policy.enforce}": {details(found)}'
            raise forbidden(asked.gvr, asked.shown, text)
        warned = findings(policy.warn, metadata, spec)
        if warned:
            asked.warnings.append(f'would violate PodSecurity "{policy.warn}": {details(warned)}')

    # ------------------------------------------------------------------ namespaces
    def _namespace(self, asked: Attributes) -> None:
        new, old = labels_of(asked.obj), labels_of(asked.old)
        if new == old:
            return
        policy, before = policy_of(new), policy_of(old)
        if policy.causes and policy.causes != before.causes:
            raise invalid("", "Namespace", asked.name, list(policy.causes))
        level, known = policy.enforce, before.enforce
        relaxed = level.minor == known.minor and LEVELS.index(level.name) <= LEVELS.index(known.name)
        if asked.operation != UPDATE or level == known or level.name == PRIVILEGED or relaxed:
            return
        asked.warnings.extend(self._existing(asked.name, level))

    def _existing(self, namespace: str, level: Level) -> list[str]:
        """The warnings about pods that are there and do not fit. # k8s: EvaluatePodsInNamespace."""
        pods = self._store.range(PODS, namespace)
        first: dict[str, list[str]] = {}
        for pod in pods[:MOST_PODS]:
            found = findings(level, pod["metadata"], pod.get("spec") or EMPTY)
            if found:
                first.setdefault(reasons(found), []).append(str(pod["metadata"]["name"]))
        warnings = []
        if len(pods) > MOST_PODS:
            text = f"first {MOST_PODS} of {len(pods)} existing pods"
            warnings.append(f"new PodSecurity enforce level only checked against the {text}")
        if first:
            text = f'violate the new PodSecurity enforce level "{level}"'
            warnings.append(f'existing pods in namespace "{namespace}" {text}')
        return warnings + sorted(_decorated(reason, sorted(listed)) for reason, listed in first.items())


def _decorated(reason: str, listed: list[str]) -> str:
    others = len(listed) - 1
    more = "" if not others else f" (and {others} other pod{'s' if others > 1 else ''})"
    return f"{listed[0]}{more}: {reason}"


def _template(gvr: Gvr, obj: Tree) -> Tree:
    spec: Tree = obj.get("spec") or EMPTY
    if gvr == CRONJOBS:
        spec = (spec.get("jobTemplate") or EMPTY).get("spec") or EMPTY
    found: Tree = (obj if gvr == _TEMPLATES else spec).get("template") or EMPTY
    return found


def _matters(new: Tree, old: Tree) -> bool:
    """Whether a change of a pod could make it less secure. # k8s: isSignificantPodUpdate."""
    after, before = new.get("spec") or EMPTY, old.get("spec") or EMPTY
    for part in ("containers", "initContainers"):
        now, then = after.get(part) or [], before.get(part) or []
        if [each.get("image") for each in now] != [each.get("image") for each in then]:
            return True
    images = {each.get("name"): each.get("image") for each in before.get("ephemeralContainers") or ()}
    return any(
        each.get("name") not in images or images[each["name"]] != each.get("image")
        for each in after.get("ephemeralContainers") or ()
    )
