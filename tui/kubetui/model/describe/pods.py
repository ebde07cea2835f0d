"""The description of a Pod, and what pods and pod templates have in common."""

from collections.abc import Sequence

from kubesim.objects import quantities
from kubesim.objects.wire import Tree
from kubetui.model.describe.containers import containers, resources
from kubetui.model.describe.events import events
from kubetui.model.describe.layout import NONE, Sheet
from kubetui.model.describe.metadata import age, annotations, controller, date, field, format_selector, labels, listing
from kubetui.model.describe.volumes import volumes


def describe_pod(pod: Tree, found: Sequence[Tree] | None, now: int) -> str:
    """Describe a pod."""
    sheet = Sheet()
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    _who_and_where(sheet, pod, spec, status)
    _state(sheet, pod, status, now)
    _addresses(sheet, status)
    controller(sheet, pod)
    sheet.optional(0, "NominatedNodeName", status.get("nominatedNodeName"))
    if spec.get("resources") is not None:
        sheet.line(0, "Resources:")
        resources(sheet, spec["resources"], 1)
    _all_containers(sheet, pod, spec, status)
    _conditions(sheet, spec, status)
    volumes(sheet, spec.get("volumes") or ())
    sheet.pair(0, "QoS Class", status.get("qosClass") or qos_class(spec))
    placement(sheet, spec)
    spread(sheet, spec.get("topologySpreadConstraints") or ())
    scheduling_group(sheet, spec)
    events(sheet, found, now)
    return sheet.text()


def _who_and_where(sheet: Sheet, pod: Tree, spec: Tree, status: Tree) -> None:
    metadata = pod["metadata"]
    sheet.pair(0, "Name", metadata.get("name", ""))
    sheet.pair(0, "Namespace", metadata.get("namespace", ""))
    if spec.get("priority") is not None:
        sheet.pair(0, "Priority", spec["priority"])
    sheet.optional(0, "Priority Class Name", spec.get("priorityClassName"))
    sheet.optional(0, "Runtime Class Name", spec.get("runtimeClassName"))
    sheet.optional(0, "Service Account", spec.get("serviceAccountName"))
    node = spec.get("nodeName")
    sheet.pair(0, "Node", f"{node}/{status.get('hostIP', '')}" if node else NONE)
    if status.get("startTime"):
        sheet.pair(0, "Start Time", date(status["startTime"]))
    labels(sheet, "Labels", metadata.get("labels"))
    annotations(sheet, "Annotations", metadata.get("annotations"))


def _state(sheet: Sheet, pod: Tree, status: Tree, now: int) -> None:
    metadata, phase = pod["metadata"], status.get("phase", "")
    deleted = metadata.get("deletionTimestamp")
    if deleted and phase not in ("Failed", "Succeeded"):
        sheet.pair(0, "Status", f"Terminating (lasts {age(deleted, now)})")
        sheet.pair(0, "Termination Grace Period", f"{metadata.get('deletionGracePeriodSeconds', 0)}s")
    else:
        sheet.pair(0, "Status", phase)
    sheet.optional(0, "Reason", status.get("reason"))
    sheet.optional(0, "Message", status.get("message"))
    profile = field(pod, "spec.securityContext.seccompProfile", None)
    if profile:
        sheet.pair(0, "SeccompProfile", profile.get("type", ""))
        if profile.get("type") == "Localhost":
            sheet.pair(0, "LocalhostProfile", profile.get("localhostProfile", ""))


def _addresses(sheet: Sheet, status: Tree) -> None:
    sheet.pair(0, "IP", status.get("podIP", ""))
    addresses = status.get("podIPs") or ()
    sheet.line(0, "IPs:" if addresses else f"IPs:\t{NONE}")
    for address in addresses:
        sheet.pair(1, "IP", address.get("ip", ""))


def _all_containers(sheet: Sheet, pod: Tree, spec: Tree, status: Tree) -> None:
    sections = (
        ("Init Containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
        ("Ephemeral Containers", "ephemeralContainers", "ephemeralContainerStatuses"),
    )
    for title, key, statuses in sections:
        found = spec.get(key) or ()
        if found or key == "containers":
            containers(sheet, title, found, status.get(statuses) or (), pod=pod)


def _conditions(sheet: Sheet, spec: Tree, status: Tree) -> None:
    conditions = status.get("conditions") or ()
    gates = spec.get("readinessGates") or ()
    if gates:
        by_type = {condition["type"]: condition.get("status", "") for condition in conditions}
        sheet.write("Readiness Gates:\n  Type\tStatus\n")
        for gate in gates:
            wanted = gate.get("conditionType", "")
            sheet.line(1, f"{wanted} \t{by_type.get(wanted, NONE)} ")
    if conditions:
        sheet.write("Conditions:\n  Type\tStatus\n")
        for condition in conditions:
            sheet.line(1, f"{condition['type']} \t{condition.get('status', '')} ")


# ---------------------------------------------------------------------- pods and templates
def template(sheet: Sheet, wanted: Tree | None) -> None:
    """The section of a pod template."""
    sheet.line(0, "Pod Template:")
    if wanted is None:
        sheet.write("  <unset>")
        return
    metadata, spec = wanted.get("metadata") or {}, wanted.get("spec") or {}
    labels(sheet, "  Labels", metadata.get("labels"))
    if metadata.get("annotations"):
        annotations(sheet, "  Annotations", metadata["annotations"])
    sheet.optional(1, "Service Account", spec.get("serviceAccountName"))
    if spec.get("initContainers"):
        containers(sheet, "Init Containers", spec["initContainers"], indent="  ")
    containers(sheet, "Containers", spec.get("containers") or (), indent="  ")
    volumes(sheet, spec.get("volumes") or (), "  ")
    spread(sheet, spec.get("topologySpreadConstraints") or (), "  ")
    sheet.optional(1, "Priority Class Name", spec.get("priorityClassName"))
    placement(sheet, spec, "  ")
    scheduling_group(sheet, spec, "  ")


def placement(sheet: Sheet, spec: Tree, indent: str = "") -> None:
    """Node selectors and tolerations."""
    labels(sheet, f"{indent}Node-Selectors", spec.get("nodeSelector"))
    tolerations = sorted(spec.get("tolerations") or (), key=_toleration_key)
    listing(sheet, f"{indent}Tolerations", [_toleration(each) for each in tolerations])


def _toleration_key(toleration: Tree) -> str:
    return toleration.get("key") or ""


def _toleration(toleration: Tree) -> str:
    key, value, effect = (toleration.get(name) or "" for name in ("key", "value", "effect"))
    text = key + (f"={value}" if value else "") + (f":{effect}" if effect else "")
    if toleration.get("operator") == "Exists" and not value:
        text += " op=Exists" if key or effect else "op=Exists"
    if toleration.get("tolerationSeconds") is not None:
        text += f" for {toleration['tolerationSeconds']}s"
    return text


def spread(sheet: Sheet, constraints: Sequence[Tree], indent: str = "") -> None:
    """Topology spread constraints."""
    if not constraints:
        return
    texts = []
    for constraint in sorted(constraints, key=_topology_key):
        text = f"{constraint.get('topologyKey', '')}:{constraint.get('whenUnsatisfiable', '')}"
        text += f" when max skew {constraint.get('maxSkew', 0)} is exceeded"
        if constraint.get("labelSelector") is not None:
            text += f" for selector {format_selector(constraint['labelSelector'])}"
        texts.append(text)
    listing(sheet, "Topology Spread Constraints", texts, indent)


def _topology_key(constraint: Tree) -> str:
    return constraint.get("topologyKey") or ""


def scheduling_group(sheet: Sheet, spec: Tree, indent: str = "") -> None:
    """The pod group that is scheduled together with it."""
    if spec.get("schedulingGroup"):
        sheet.line(0, f"{indent}SchedulingGroup:")
        sheet.pair(1, "PodGroupName", spec["schedulingGroup"].get("podGroupName", ""))


def qos_class(spec: Tree) -> str:
    """Guaranteed, Burstable or BestEffort, from what the containers ask for."""
    everyone = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    wanted = [(each.get("resources") or {}) for each in everyone]
    asked = False
    guaranteed = bool(wanted)
    for each in wanted:
        requests, limits = each.get("requests") or {}, each.get("limits") or {}
        for name in ("cpu", "memory"):
            request, limit = quantities.nano(requests.get(name, 0)), quantities.nano(limits.get(name, 0))
            asked = asked or request > 0 or limit > 0
            if not limit or (name in requests and request != limit):
                guaranteed = False
    if not asked:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"
