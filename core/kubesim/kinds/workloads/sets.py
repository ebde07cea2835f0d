"""StatefulSets, DaemonSets and ControllerRevisions. # k8s: apps/validation."""

from typing import Any

from kubesim.api.strategy import Context
from kubesim.kinds.fielderrors import (
    all_invalid,
    forbidden,
    invalid,
    not_negative,
    not_supported,
    required,
)
from kubesim.kinds.formats import hundred_at_most, label_selector, percent_or_count, subdomain
from kubesim.kinds.goshape import internal
from kubesim.kinds.plain import Plain, resource
from kubesim.kinds.pod.defaults import default_template
from kubesim.kinds.pod.spec import validate_template
from kubesim.kinds.pod.volumes import default_claim_spec
from kubesim.kinds.printing import NONE, age, containers_and_images, format_labels
from kubesim.kinds.selection import MISMATCH, matches, restarts_always, selector_rules, template_labels
from kubesim.kinds.shapes import filled, filled_empty, inside, inside_each, put, take
from kubesim.kinds.workloads.replicas import changed_spec, status_counts, template_warnings
from kubesim.objects.errors import Cause
from kubesim.objects.refs import controller_of, without_annotations
from kubesim.objects.selectors import format_label_selector
from kubesim.objects.wire import EMPTY, Tree

GENERATION = "deprecated.daemonset.template.generation"
_MAY_CHANGE = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip
NO_PODS: Tree = {"replicas": 0, "availableReplicas": 0}
NO_NODES: Tree = {
    "currentNumberScheduled": 0,
    "numberMisscheduled": 0,
    "desiredNumberScheduled": 0,
    "numberReady": 0,
}


class StatefulSetStrategy(Plain):
    """StatefulSets."""

    gvr = resource("apps", "v1", "statefulsets")
    kind = "StatefulSet"
    name_format = "label"
    short_names = ("sts",)
    categories = ("all",)
    subresources = ("scale", "status")
    initial_status = NO_PODS

    def default(self, obj: Tree) -> Tree:
        """Order, updates, claims and the template's defaults."""
        return filled(inside(filled(obj, spec={}), "spec", _default_stateful), status=self.initial_status)

    def validate(self, obj: Tree) -> list[Cause]:
        """Management, updates, counts, selector, template."""
        spec = obj["spec"]
        policy = spec.get("podManagementPolicy")
        found: list[Cause] = []
        if policy not in {"OrderedReady", "Parallel"}:
            found.append(invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"))
        found += _stateful_updates("spec.updateStrategy", spec.get("updateStrategy") or {})
        found += _retention(spec.get("persistentVolumeClaimRetentionPolicy") or {})
        found += not_negative("spec.replicas", spec.get("replicas"))
        found += not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
        start = (spec.get("ordinals") or EMPTY).get("start")
        found += not_negative("spec.ordinals.start", start)
        found += selector_rules("spec.selector", spec.get("selector"), "empty selector is invalid for statefulset")
        found += _selected_template(spec)
        name = spec.get("serviceName")
        return found + (all_invalid("spec.serviceName", name, subdomain(name)) if name else [])

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """Of the spec only replicas, template and a few more may change."""
        if subresource == "status":
            names = ("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
            return status_counts(new.get("status") or EMPTY, names, names[1:])
        if new["spec"] is old["spec"]:
            return []
        if take(new["spec"], old["spec"], *_MAY_CHANGE) != old["spec"]:
            return [
                forbidden(
                    "spec",
                    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
                    "'minReadySeconds' are forbidden",
                )
            ]
        return self.validate(new)

    def warnings(self, new: Tree, old: Tree | None) -> list[str]:
        """Those of the template."""
        return template_warnings(new, old)

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Ready of desired pods."""
        spec, status = obj["spec"], obj.get("status") or EMPTY
        ready = f"{status.get('readyReplicas') or 0}/{spec.get('replicas') or 0}"
        return [obj["metadata"]["name"], ready, age(obj, now), *containers_and_images(spec.get("template"))]


def _default_stateful(spec: Tree) -> Tree:
    spec = filled(spec, replicas=1, revisionHistoryLimit=10, updateStrategy={}, template={}, serviceName="")
    spec = filled_empty(spec, podManagementPolicy="OrderedReady")
    spec = inside(spec, "template", default_template)
    spec = inside(spec, "updateStrategy", _default_stateful_updates)
    spec = filled(spec, persistentVolumeClaimRetentionPolicy={})
    spec = inside(spec, "persistentVolumeClaimRetentionPolicy", _default_retention)
    return inside_each(spec, "volumeClaimTemplates", _default_claim)


def _default_stateful_updates(strategy: Tree) -> Tree:
    strategy = filled_empty(strategy, type="RollingUpdate")
    if strategy["type"] != "RollingUpdate":
        return strategy
    return put(strategy, "rollingUpdate", filled(strategy.get("rollingUpdate") or {}, partition=0))


def _default_retention(policy: Tree) -> Tree:
    return filled_empty(policy, whenDeleted="Retain", whenScaled="Retain")


def _default_claim(claim: Tree) -> Tree:
    claim = filled_empty(claim, kind="PersistentVolumeClaim", apiVersion="v1")
    claim = inside(filled(claim, spec={}), "spec", default_claim_spec)
    return filled_empty(claim, status={"phase": "Pending"})


def _stateful_updates(field: str, strategy: Tree) -> list[Cause]:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "OnDelete":
        if rolling is None:
            return []
        shown = internal(rolling, "StatefulRolling")
        return [invalid(f"{field}.rollingUpdate", shown, "only allowed for updateStrategy 'RollingUpdate'")]
    if kind != "RollingUpdate":
        why = "must be 'RollingUpdate' or 'OnDelete'"
        return [invalid(field, internal(strategy, "Strategy"), why)] if kind else [required(field)]
    found = not_negative(f"{field}.rollingUpdate.partition", (rolling or EMPTY).get("partition"))
    missing = (rolling or EMPTY).get("maxUnavailable")
    if missing is not None:
        found += percent_or_count(f"{field}.rollingUpdate.maxUnavailable", missing)
        if missing in {0, "0%"}:
            found.append(invalid(f"{field}.rollingUpdate.maxUnavailable", missing, "cannot be 0"))
        found += hundred_at_most(f"{field}.rollingUpdate.maxUnavailable", missing)
    return found


def _retention(policy: Tree) -> list[Cause]:
    field = "spec.persistentVolumeClaimRetentionPolicy"
    return [
        not_supported(f"{field}.{name}", policy.get(name), ("Retain", "Delete"))
        for name in ("whenDeleted", "whenScaled")
        if policy.get(name) not in {"Retain", "Delete"}
    ]


def _selected_template(spec: Tree) -> list[Cause]:
    template, selector = spec.get("template"), spec.get("selector")
    found: list[Cause] = []
    match = matches(selector, template)
    if match is None:
        found.append(invalid("spec.selector", selector, ""))
    elif not match:
        found.append(invalid("spec.template.metadata.labels", template_labels(template), MISMATCH))
    found += validate_template("spec.template", _with_claims(template, spec))
    why = "activeDeadlineSeconds in StatefulSet is not Supported"
    return found + restarts_always("spec.template", template, why)


def _with_claims(template: Tree | None, spec: Tree) -> Tree | None:
    """The template with a volume for each claim: containers may mount what the claims of every pod become."""
    claims = [(one.get("metadata") or EMPTY).get("name") for one in spec.get("volumeClaimTemplates") or ()]
    if not claims or not template:
        return template
    pod = template.get("spec") or EMPTY
    volumes = list(pod.get("volumes") or ())
    names = [volume.get("name") for volume in volumes]
    volumes += [
        {"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims if name and name not in names
    ]
    return {**template, "spec": {**pod, "volumes": volumes}}


class DaemonSetStrategy(Plain):
    """DaemonSets."""

    gvr = resource("apps", "v1", "daemonsets")
    kind = "DaemonSet"
    short_names = ("ds",)
    categories = ("all",)
    subresources = ("status",)
    initial_status = NO_NODES

    def default(self, obj: Tree) -> Tree:
        """Updates, history and the template's defaults."""
        return filled(inside(filled(obj, spec={}), "spec", _default_daemon), status=self.initial_status)

    def prepare_create(self, obj: Tree, context: Context) -> Tree:
        """The first generation of the template."""
        return _with_generation(super().prepare_create(obj, context), "1")

    def prepare_update(self, new: Tree, old: Tree, context: Context, subresource: str = "") -> Tree:
        """A changed template is the next generation of it."""
        new = super().prepare_update(new, old, context, subresource)
        if subresource == "status":
            return new
        known = (old["metadata"].get("annotations") or EMPTY).get(GENERATION) or "0"
        changed = new["spec"].get("template") != old["spec"].get("template")
        return _with_generation(new, str(int(known) + 1) if changed else known)

    def validate(self, obj: Tree) -> list[Cause]:
        """Selector, template, updates."""
        spec = obj["spec"]
        selector, template = spec.get("selector"), spec.get("template")
        found = label_selector("spec.selector", selector)
        if matches(selector, template) is False:
            found.append(invalid("spec.template.metadata.labels", template_labels(template), MISMATCH))
        if selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions"):
            found.append(invalid("spec.selector", selector, "empty selector is invalid for daemonset"))
        found += validate_template("spec.template", template)
        found += restarts_always("spec.template", template, "activeDeadlineSeconds in DaemonSet is not Supported")
        found += not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
        found += _daemon_updates("spec.updateStrategy", spec.get("updateStrategy") or {})
        return found + not_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """The selector stays."""
        return [] if subresource == "status" else changed_spec(self, new, old)

    def warnings(self, new: Tree, old: Tree | None) -> list[str]:
        """Those of the template."""
        return template_warnings(new, old)

    def internal(self, obj: Tree) -> Tree:
        """The generation of the template is a field there."""
        return without_annotations(obj, (GENERATION,))

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Pods on nodes."""
        spec, status = obj["spec"], obj.get("status") or EMPTY
        template = spec.get("template") or EMPTY
        names = (
            "desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled",
            "numberAvailable",
        )  # fmt: skip
        return [
            obj["metadata"]["name"],
            *(status.get(name) or 0 for name in names),
            format_labels((template.get("spec") or EMPTY).get("nodeSelector")),
            age(obj, now),
            *containers_and_images(template),
            format_label_selector(spec.get("selector")),
        ]


def _with_generation(obj: Tree, generation: str) -> Tree:
    metadata = obj["metadata"]
    annotations = metadata.get("annotations") or {}
    if annotations.get(GENERATION) == generation:
        return obj
    return {**obj, "metadata": {**metadata, "annotations": {**annotations, GENERATION: generation}}}


def _default_daemon(spec: Tree) -> Tree:
    spec = filled(spec, updateStrategy={}, revisionHistoryLimit=10, template={})
    return inside(inside(spec, "template", default_template), "updateStrategy", _default_daemon_updates)


def _default_daemon_updates(strategy: Tree) -> Tree:
    strategy = filled_empty(strategy, type="RollingUpdate")
    if strategy["type"] != "RollingUpdate":
        return strategy
    return put(strategy, "rollingUpdate", filled(strategy.get("rollingUpdate") or {}, maxUnavailable=1, maxSurge=0))


def _daemon_updates(field: str, strategy: Tree) -> list[Cause]:
    kind = strategy.get("type")
    if kind == "OnDelete":
        return []
    if kind != "RollingUpdate":
        return [not_supported(f"{field}.type", kind, ("RollingUpdate", "OnDelete"))]
    rolling = strategy.get("rollingUpdate")
    if rolling is None:
        return [required(f"{field}.rollingUpdate")]
    at = f"{field}.rollingUpdate"
    missing, surplus = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    found = percent_or_count(f"{at}.maxUnavailable", missing) + percent_or_count(f"{at}.maxSurge", surplus)
    found += hundred_at_most(f"{at}.maxUnavailable", missing) + hundred_at_most(f"{at}.maxSurge", surplus)
    zero = {0, "0%"}
    if missing not in zero and surplus not in zero:
        found.append(invalid(f"{at}.maxSurge", surplus, "may not be set when maxUnavailable is non-zero"))
    if missing in zero and surplus in zero:
        found.append(required(f"{at}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return found


class ControllerRevisionStrategy(Plain):
    """ControllerRevisions: what StatefulSets and DaemonSets looked like before."""

    gvr = resource("apps", "v1", "controllerrevisions")
    kind = "ControllerRevision"
    has_generation = False

    def default(self, obj: Tree) -> Tree:
        """The revision is always served."""
        return filled(obj, revision=0)

    def validate(self, obj: Tree) -> list[Cause]:
        """A revision with data."""
        found = not_negative("revision", obj.get("revision"))
        return found if obj.get("data") is not None else [*found, required("data", "data is mandatory")]

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """The data stays."""
        del subresource
        found = self.validate(new)
        return (
            found
            if new.get("data") == old.get("data")
            else [*found, invalid("data", new.get("data"), "field is immutable")]
        )

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Whose revision it is."""
        owner = controller_of(obj)
        shown = NONE
        if owner is not None:
            group = owner["apiVersion"].rpartition("/")[0]
            kind = f"{owner['kind']}.{group}" if group else owner["kind"]
            shown = f"{kind.lower()}/{owner['name']}"
        return [obj["metadata"]["name"], shown, obj.get("revision") or 0, age(obj, now)]
