"""One line that explains the highlighted row from the object's own facts, and the facts behind it one by one."""

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.objects import pods, refs
from kubesim.objects import tree as trees
from kubesim.objects.times import human_duration, parse_time
from kubesim.objects.wire import Gvr, Tree
from kubetui.client.port import Decision
from kubetui.model.usage import Facts


class Surroundings(NamedTuple):
    """What a hint may know beside the object itself."""

    now: int = 0
    facts: Facts | None = None
    decision: Decision | None = None
    faults: Sequence[Tree] = ()
    """The simulated failures that are in force."""


def hint(gvr: Gvr, obj: Tree, around: Surroundings) -> str:
    """Why the object is not as one would wish, in one line; "" when there is nothing to say."""
    metadata = obj["metadata"]
    if metadata.get("deletionTimestamp") and gvr.resource != "pods":
        return _leaving(metadata, around.now)
    explain = _EXPLAIN.get(gvr.resource)
    return explain(obj, around) if explain is not None else _conditions(obj)


def facts(gvr: Gvr, obj: Tree) -> list[str]:
    """What the object itself says about its state: waiting reasons, failed conditions, taints; one a line."""
    found: list[str] = []
    if gvr.resource == "pods":
        found.extend(_container_facts(obj))
    for condition in trees.get(obj, "status.conditions", None) or ():
        if _is_bad(gvr, condition):
            said = condition.get("message") or condition.get("reason") or ""
            found.append(f"{condition.get('type')}={condition.get('status')}" + (f": {said}" if said else ""))
    found.extend(
        f"taint {taint.get('key')}:{taint.get('effect')}" for taint in trees.get(obj, "spec.taints", None) or ()
    )
    if refs.is_deleting(obj):
        found.extend(f"finalizer {finalizer} holds it" for finalizer in obj["metadata"].get("finalizers") or ())
    return found


def _is_bad(gvr: Gvr, condition: Tree) -> bool:
    good = "False" if condition.get("type", "").endswith(("Pressure", "Failure", "Unavailable")) else "True"
    if gvr.resource == "jobs":
        good = "False" if condition.get("type") in {"Failed", "FailureTarget"} else "True"
    return condition.get("status") != good


def _since(stamp: str | None, now: int) -> str:
    return human_duration(now - parse_time(stamp)) if stamp and now else ""


def _leaving(metadata: Tree, now: int) -> str:
    finalizers = metadata.get("finalizers") or ()
    held = f" · held by {', '.join(finalizers)}" if finalizers else ""
    since = _since(metadata.get("deletionTimestamp"), now)
    return f"being deleted{f' since {since}' if since else ''}{held}"


# ---------------------------------------------------------------------- pods
def _pod(pod: Tree, around: Surroundings) -> str:
    metadata = pod["metadata"]
    status = pod.get("status") or {}
    if metadata.get("deletionTimestamp"):
        return _leaving_pod(pod, around)
    if status.get("reason"):
        return f"{status['reason']}: {status.get('message', '')}".rstrip(": ")
    scheduled = refs.condition(pod, "PodScheduled")
    if scheduled is not None and scheduled.get("status") == "False":
        return str(scheduled.get("message") or scheduled.get("reason") or "not scheduled yet")
    said = [text for text in _container_facts(pod) if text]
    if said:
        return said[0]
    if status.get("phase") == "Running" and not pods.is_ready(pod):
        return _not_ready(pod, around)
    if status.get("phase") == "Pending":
        return "waiting for the scheduler" if not pods.node_name(pod) else "waiting for the kubelet"
    return ""


def _leaving_pod(pod: Tree, around: Surroundings) -> str:
    grace = pod["metadata"].get("deletionGracePeriodSeconds", 0)
    node = pods.node_name(pod)
    known = around.facts.nodes.get(node) if around.facts is not None else None
    if known is not None and not known.ready:
        return f"being deleted · node {node} does not answer: nobody can confirm that it stopped"
    left = parse_time(pod["metadata"]["deletionTimestamp"]) - around.now if around.now else 0
    return f"terminating · grace {grace}s" + (f", {left // 1000}s left" if left > 0 else "")


def _not_ready(pod: Tree, around: Surroundings) -> str:
    node = pods.node_name(pod)
    known = around.facts.nodes.get(node) if around.facts is not None else None
    if known is not None and not known.ready:
        return f"Ready=False because node {node} is not ready; evicted once its tolerations end"
    ready = refs.condition(pod, "Ready")
    if ready is None:
        return ""
    return f"not ready: {ready.get('message') or ready.get('reason') or 'readiness unknown'}"


def _container_facts(pod: Tree) -> list[str]:
    status = pod.get("status") or {}
    found: list[str] = []
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        state = container.get("state") or {}
        name = container.get("name", "")
        waiting, ended = state.get("waiting"), state.get("terminated")
        if waiting is not None and waiting.get("reason") not in {None, "PodInitializing", "ContainerCreating"}:
            found.append(f"{name}: {waiting['reason']}{_last_exit(container)} {waiting.get('message', '')}".rstrip())
        elif waiting is not None and status.get("phase") == "Pending" and pods.node_name(pod):
            found.append(f"{name}: {waiting.get('reason', 'waiting')} on {pods.node_name(pod)}")
        elif ended is not None and ended.get("exitCode", 0) != 0:
            found.append(f"{name}: {ended.get('reason', 'terminated')}, exit code {ended.get('exitCode')}")
    return found


def _last_exit(container: Tree) -> str:
    ended = (container.get("lastState") or {}).get("terminated")
    if ended is None:
        return ""
    return f" · last: {ended.get('reason', 'ended')}, exit code {ended.get('exitCode', 0)} ·"


# ---------------------------------------------------------------------- other kinds
def _node(node: Tree, around: Surroundings) -> str:
    for fault in around.faults:
        if trees.get(fault, "spec.target.name", "") == node["metadata"]["name"]:
            since = _since(fault["metadata"].get("creationTimestamp"), around.now)
            return f"{trees.get(fault, 'spec.type', 'Fault')} by you{f' {since} ago' if since else ''} · U undo, :mend"
    ready = refs.condition(node, "Ready")
    if ready is None:
        return "has not reported yet"
    if ready.get("status") != "True":
        since = _since(ready.get("lastTransitionTime"), around.now)
        state = "Unknown" if ready.get("status") == "Unknown" else "NotReady"
        said = ready.get("message") or ready.get("reason") or ""
        return f"{state}{f' for {since}' if since else ''}: {said}"
    for pressure in ("MemoryPressure", "DiskPressure", "PIDPressure"):
        if refs.is_condition_true(node, pressure):
            return f"{pressure}: {(refs.condition(node, pressure) or {}).get('message', '')}"
    if trees.get(node, "spec.unschedulable", False):
        return "cordoned: nothing new is scheduled here"
    taints = trees.get(node, "spec.taints", None) or ()
    shown = [f"{taint.get('key')}:{taint.get('effect')}" for taint in taints]
    return "taint " + ", ".join(shown) if shown else ""


def _service(service: Tree, around: Surroundings) -> str:
    spec = service.get("spec") or {}
    if spec.get("type") == "ExternalName":
        return f"an alias of {spec.get('externalName', '')}"
    metadata = service["metadata"]
    selector = spec.get("selector") or {}
    if not selector:
        return "no selector: endpoints are kept by hand" if metadata["name"] != "kubernetes" else ""
    if around.facts is None:
        return ""
    found = around.facts.endpoints(metadata.get("namespace", ""), metadata["name"])
    wanted = ",".join(f"{name}={value}" for name, value in selector.items())
    if not found.total:
        return f"no endpoints: no running pod matches {wanted}"
    if not found.ready:
        return f"no ready endpoint: {found.total} pods match {wanted}, none is ready"
    if spec.get("type") == "LoadBalancer" and not trees.get(service, "status.loadBalancer.ingress", None):
        return "waiting for a load balancer address"
    return f"{found.total - found.ready} of {found.total} endpoints not ready" if found.ready < found.total else ""


def _workload(obj: Tree, around: Surroundings) -> str:
    del around
    for kind, bad in (("ReplicaFailure", "True"), ("Progressing", "False"), ("Available", "False")):
        found = refs.condition(obj, kind)
        if found is not None and found.get("status") == bad:
            return f"{found.get('reason', kind)}: {found.get('message', '')}"
    wanted = trees.get(obj, "spec.replicas", 1)
    ready = trees.get(obj, "status.readyReplicas", 0)
    if trees.get(obj, "spec.paused", False):
        return "paused: template changes are not rolled out"
    return f"{ready} of {wanted} ready" if ready < wanted else ""


def _daemonset(obj: Tree, around: Surroundings) -> str:
    del around
    wanted = trees.get(obj, "status.desiredNumberScheduled", 0)
    ready = trees.get(obj, "status.numberReady", 0)
    return f"{ready} of {wanted} ready" if ready < wanted else ""


def _job(obj: Tree, around: Surroundings) -> str:
    del around
    for kind in ("Failed", "Suspended"):
        found = refs.condition(obj, kind)
        if found is not None and found.get("status") == "True":
            return f"{found.get('reason', kind)}: {found.get('message', '')}"
    return ""


def _event(obj: Tree, around: Surroundings) -> str:
    del around
    return str(obj.get("message", ""))


def _conditions(obj: Tree) -> str:
    phase = trees.get(obj, "status.phase", "")
    if phase in {"Pending", "Failed", "Lost"}:
        return f"{phase}: {trees.get(obj, 'status.message', '')}".rstrip(": ")
    for condition in trees.get(obj, "status.conditions", None) or ():
        if condition.get("status") == "False" and condition.get("message"):
            return f"{condition.get('type')}=False: {condition['message']}"
    return ""


_EXPLAIN = {
    "pods": _pod,
    "nodes": _node,
    "services": _service,
    "deployments": _workload,
    "statefulsets": _workload,
    "replicasets": _workload,
    "daemonsets": _daemonset,
    "jobs": _job,
    "events": _event,
}
