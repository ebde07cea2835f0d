"""The description of a Node: conditions, capacity, its pods, and how much of it is asked for."""

from collections.abc import Mapping, Sequence

from kubesim.objects import quantities
from kubesim.objects.wire import EMPTY, Tree
from kubetui.model.describe.events import events
from kubetui.model.describe.layout import NONE, UNSET, Sheet
from kubetui.model.describe.metadata import age, annotations, date, field, labels, listing

ROLE_PREFIX = "node-role.kubernetes.io/"
ROLE_LABEL = "kubernetes.io/role"

_INFO = (
    ("Machine ID", "machineID"),
    ("System UUID", "systemUUID"),
    ("Boot ID", "bootID"),
    ("Kernel Version", "kernelVersion"),
    ("OS Image", "osImage"),
    ("Operating System", "operatingSystem"),
    ("Architecture", "architecture"),
    ("Container Runtime Version", "containerRuntimeVersion"),
    ("Kubelet Version", "kubeletVersion"),
)


def describe_node(
    node: Tree, pods: Sequence[Tree] | None, lease: Tree | None, found: Sequence[Tree] | None, now: int
) -> str:
    """Describe a node; ``pods`` are those that run on it (None: not authorized), ``lease`` may be a failure Status."""
    sheet = Sheet()
    metadata, spec, status = node["metadata"], node.get("spec") or {}, node.get("status") or {}
    sheet.pair(0, "Name", metadata.get("name", ""))
    sheet.pair(0, "Roles", ",".join(roles(node)) or NONE)
    labels(sheet, "Labels", metadata.get("labels"))
    annotations(sheet, "Annotations", metadata.get("annotations"))
    sheet.pair(0, "CreationTimestamp", date(metadata.get("creationTimestamp")))
    listing(sheet, "Taints", [taint(each) for each in sorted(spec.get("taints") or (), key=_taint_order)])
    sheet.pair(0, "Unschedulable", bool(spec.get("unschedulable")))
    _lease(sheet, lease)
    _conditions(sheet, status.get("conditions") or ())
    sheet.line(0, "Addresses:")
    for address in status.get("addresses") or ():
        sheet.pair(1, address["type"], address.get("address", ""))
    for title, key in (("Capacity", "capacity"), ("Allocatable", "allocatable")):
        amounts = status.get(key) or EMPTY
        if amounts:
            sheet.line(0, f"{title}:")
        for name in sorted(amounts):
            sheet.pair(1, name, quantities.canonical(amounts[name]))
    sheet.line(0, "System Info:")
    for title, key in _INFO:
        sheet.pair(1, title, field(status, ("nodeInfo", key)))
    sheet.optional(0, "PodCIDR", spec.get("podCIDR"))
    sheet.optional(0, "PodCIDRs", ",".join(spec.get("podCIDRs") or ()))
    sheet.optional(0, "ProviderID", spec.get("providerID"))
    if pods is None:
        sheet.pair(0, "Pods", "not authorized")
    else:
        _allocation(sheet, pods, status.get("allocatable") or status.get("capacity") or EMPTY, now)
    events(sheet, found, now)
    return sheet.text()


def roles(node: Tree) -> list[str]:
    """The roles in the node's labels, sorted."""
    found = set()
    for key, value in (node["metadata"].get("labels") or {}).items():
        if key.startswith(ROLE_PREFIX) and key != ROLE_PREFIX:
            found.add(key.removeprefix(ROLE_PREFIX))
        elif key == ROLE_LABEL and value:
            found.add(value)
    return sorted(found)


def taint(wanted: Tree) -> str:
    """A taint as ``key=value:effect``."""
    value = f"={wanted['value']}" if wanted.get("value") else ""
    effect = f":{wanted['effect']}" if wanted.get("effect") else ""
    # k8s: a taint with a value but without an effect keeps its colon.
    return f"{wanted.get('key', '')}{value}{effect or (':' if value else '')}"


def _taint_order(wanted: Tree) -> str:
    return f"{wanted.get('effect', '')},{wanted.get('key', '')}"


def _lease(sheet: Sheet, lease: Tree | None) -> None:
    if lease is None:
        return
    if lease.get("kind") == "Status":
        sheet.pair(0, "Lease", f"Failed to get lease: {lease.get('message', '')}")
        return
    spec = lease.get("spec") or EMPTY
    sheet.line(0, "Lease:")
    sheet.pair(1, "HolderIdentity", spec.get("holderIdentity", UNSET))
    for title, key in (("AcquireTime", "acquireTime"), ("RenewTime", "renewTime")):
        sheet.pair(1, title, date(spec[key]) if spec.get(key) else UNSET)


def _conditions(sheet: Sheet, conditions: Sequence[Tree]) -> None:
    if not conditions:
        return
    sheet.line(0, "Conditions:")
    sheet.row(1, "Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message")
    sheet.row(1, "----", "------", "-----------------", "------------------", "------", "-------")
    for each in conditions:
        heartbeat, transition = date(each.get("lastHeartbeatTime")), date(each.get("lastTransitionTime"))
        cells = (each["type"], each.get("status", ""), heartbeat, transition, each.get("reason", ""))
        sheet.row(1, *(f"{cell} " for cell in cells), each.get("message", ""))


# ---------------------------------------------------------------------- allocation
def _allocation(sheet: Sheet, pods: Sequence[Tree], allocatable: Mapping[str, str], now: int) -> None:
    sheet.pair(0, "Non-terminated Pods", f"({len(pods)} in total)")
    sheet.row(1, "Namespace", "Name", "", "CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "Age")
    sheet.row(1, "---------", "----", "", "------------", "----------", "---------------", "-------------", "---")
    totals: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for pod in pods:
        metadata = pod["metadata"]
        asked = (asked_by(pod, "requests"), asked_by(pod, "limits"))
        cells = [
            _share(amounts.get(name, "0"), allocatable.get(name, "0"))
            for name in ("cpu", "memory")
            for amounts in asked
        ]
        born = age(metadata.get("creationTimestamp"), now)
        sheet.row(1, metadata.get("namespace", ""), metadata.get("name", ""), "", *cells, born)
        for total, amounts in zip(totals, asked, strict=True):
            _add(total, amounts)
    sheet.line(0, "Allocated resources:")
    sheet.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)")
    sheet.row(1, "Resource", "Requests", "Limits")
    sheet.row(1, "--------", "--------", "------")
    huge = sorted(name for name in allocatable if name.startswith("hugepages-"))
    for name in ("cpu", "memory", "ephemeral-storage", *huge):
        limit = allocatable.get(name, "0")
        sheet.row(1, name, *(_share(total.get(name, "0"), limit) for total in totals))
    known = {"cpu", "memory", "ephemeral-storage", "pods", *huge}
    for name in sorted(set(allocatable) - known):
        sheet.row(1, name, *(total.get(name, "0") for total in totals))


def _share(amount: str, whole: str) -> str:
    part, total = quantities.nano(amount), quantities.nano(whole)
    return f"{quantities.canonical(amount)} ({int(part / total * 100) if total else 0}%)"


def _add(total: dict[str, str], amounts: Mapping[str, str]) -> None:
    for name, amount in amounts.items():
        total[name] = quantities.add(total[name], amount) if name in total else quantities.canonical(amount)


def asked_by(pod: Tree, what: str) -> dict[str, str]:
    """The effective requests or limits (``what``) of a pod: containers, sidecars, the largest init container, overhead.

    differs: while a pod is resized in place kubectl also looks at what its status says is allocated.
    """
    spec = pod.get("spec") or EMPTY
    total: dict[str, str] = {}
    sidecars: dict[str, str] = {}
    largest: dict[str, str] = {}
    for container in spec.get("containers") or ():
        _add(total, field(container, ("resources", what), EMPTY))
    for container in spec.get("initContainers") or ():
        amounts: dict[str, str] = field(container, ("resources", what), EMPTY)
        if container.get("restartPolicy") == "Always":
            _add(sidecars, amounts)
            _add(total, amounts)
            _raise_to(largest, sidecars)
        else:
            alongside = dict(sidecars)
            _add(alongside, amounts)
            _raise_to(largest, alongside)
    _raise_to(total, largest)
    for name, amount in field(spec, ("resources", what), EMPTY).items():
        total[name] = quantities.canonical(amount)
    for name, amount in (spec.get("overhead") or EMPTY).items():
        if what == "requests" or quantities.nano(total.get(name, "0")):
            _add(total, {name: amount})
    return total


def _raise_to(total: dict[str, str], floor: Mapping[str, str]) -> None:
    for name, amount in floor.items():
        if name not in total or quantities.compare(amount, total[name]) > 0:
            total[name] = amount
