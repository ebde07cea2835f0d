"""What an object hangs together with: its owners above, and below what it owns, runs, selects and refers to."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from kubesim.objects import selectors
from kubesim.objects import tree as trees
from kubesim.objects.wire import (
    CLAIMS,
    CONFIGMAPS,
    CRONJOBS,
    DAEMONSETS,
    DEPLOYMENTS,
    ENDPOINTSLICES,
    INGRESSES,
    JOBS,
    NODES,
    PODS,
    REPLICASETS,
    SECRETS,
    SERVICEACCOUNTS,
    SERVICES,
    STATEFULSETS,
    VOLUMES,
    Gvr,
    Key,
    Tree,
)
from kubetui.model import lanes, references
from kubetui.model.yaml_text import Span

Objects = Callable[[Gvr, str], Sequence[Tree]]

CHILDREN = (DEPLOYMENTS, REPLICASETS, STATEFULSETS, DAEMONSETS, JOBS, CRONJOBS, PODS, ENDPOINTSLICES)
"""What may be owned by something; others are found by selectors and references."""
DEEPEST = 8
MOST = 600
"""Lines of one tree."""


class Node(NamedTuple):
    """One object of a tree; ``bad`` when it is not well or not there."""

    kind: str
    name: str
    note: str = ""
    bad: bool = False
    children: tuple["Node", ...] = ()
    key: Key | None = None


class Index:
    """The objects of a cluster, looked up by owner; made anew for each look."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._owned: dict[str, list[tuple[Gvr, Tree]]] | None = None

    def owned(self, uid: str) -> list[tuple[Gvr, Tree]]:
        """What an object owns."""
        if self._owned is None:
            self._owned = {}
            for gvr in CHILDREN:
                for tree in self._objects(gvr, ""):
                    for owner in tree["metadata"].get("ownerReferences") or ():
                        self._owned.setdefault(str(owner.get("uid", "")), []).append((gvr, tree))
        return self._owned.get(uid, [])

    def all(self, gvr: Gvr, namespace: str = "") -> Sequence[Tree]:
        """The objects of a kind."""
        return self._objects(gvr, namespace)

    def find(self, key: Key) -> Tree | None:
        """One object."""
        for tree in self._objects(key.gvr, key.namespace):
            if tree["metadata"]["name"] == key.name:
                return tree
        return None


def above(index: Index, obj: Tree) -> list[Node]:
    """The owners of an object, the nearest first."""
    found: list[Node] = []
    while len(found) < DEEPEST:
        owners = obj["metadata"].get("ownerReferences") or ()
        if not owners:
            return found
        owner = next((each for each in owners if each.get("controller")), owners[0])
        key = references.key_of(owner, obj["metadata"].get("namespace", ""))
        parent = None if key is None else index.find(key)
        note, bad = ("is gone", True) if key is None or parent is None else _note(key.gvr, parent)
        found.append(Node(str(owner.get("kind")), str(owner.get("name")), note, bad))
        if parent is None:
            return found
        obj = parent
    return found


def below(index: Index, gvr: Gvr, obj: Tree, depth: int = 0) -> Node:
    """An object with all that hangs on it."""
    children: list[Node] = []
    if depth < DEEPEST:
        owned = index.owned(str(obj["metadata"].get("uid", "")))
        children = [below(index, kind, child, depth + 1) for kind, child in owned if kind != ENDPOINTSLICES]
        children += list(_related(index, gvr, obj, depth))
    note, bad = _note(gvr, obj)
    name = obj["metadata"]["name"]
    key = Key(gvr, obj["metadata"].get("namespace", ""), name)
    return Node(obj.get("kind") or gvr.resource, name, note, bad, tuple(children), key)


def _related(index: Index, gvr: Gvr, obj: Tree, depth: int) -> Iterable[Node]:
    namespace = obj["metadata"].get("namespace", "")
    if gvr == PODS:
        yield from _containers(obj)
        yield from _referred(index, obj)
    elif gvr in {SERVICES, NODES}:
        found = _selected(index, obj, namespace) if gvr == SERVICES else _placed(index, obj)
        yield from (below(index, PODS, pod, depth + 1) for pod in found)
    elif gvr == INGRESSES:
        yield from _backends(index, obj, namespace, depth)
    elif gvr == CLAIMS and trees.get(obj, "spec.volumeName", ""):
        yield _reference(index, "PersistentVolume", Key(VOLUMES, "", obj["spec"]["volumeName"]))


def _selected(index: Index, service: Tree, namespace: str) -> list[Tree]:
    chosen = trees.get(service, "spec.selector", None)
    wanted = selectors.from_map(chosen) if chosen else None
    pods = index.all(PODS, namespace) if wanted is not None else ()
    return [pod for pod in pods if wanted is not None and wanted.matches(pod["metadata"].get("labels") or {})]


def _placed(index: Index, node: Tree) -> list[Tree]:
    return [pod for pod in index.all(PODS) if trees.get(pod, "spec.nodeName", "") == node["metadata"]["name"]]


def _backends(index: Index, obj: Tree, namespace: str, depth: int) -> Iterable[Node]:
    names: list[str] = []
    for rule in trees.get(obj, "spec.rules", ()) or ():
        names.extend(trees.get(path, "backend.service.name", "") for path in trees.get(rule, "http.paths", ()) or ())
    for name in dict.fromkeys(name for name in names if name):
        service = index.find(Key(SERVICES, namespace, name))
        missing = Node("Service", name, "not found", bad=True)
        yield missing if service is None else below(index, SERVICES, service, depth + 1)


def _containers(pod: Tree) -> Iterable[Node]:
    statuses = {each["name"]: each for each in trees.get(pod, "status.containerStatuses", ()) or ()}
    for container in trees.get(pod, "spec.containers", ()) or ():
        status = statuses.get(container["name"]) or {}
        state = next(iter(status.get("state") or {"waiting": {}}))
        reason = trees.get(status, f"state.{state}.reason", "") or state
        restarts = int(status.get("restartCount", 0))
        note = f"{reason} {container.get('image', '')}" + (f" restarts {restarts}" if restarts else "")
        yield Node("container", container["name"], note, not status.get("ready") and state != "terminated")


def _referred(index: Index, pod: Tree) -> Iterable[Node]:
    namespace = pod["metadata"].get("namespace", "")
    for gvr, kind, name in used(pod):
        yield _reference(index, kind, Key(gvr, "" if gvr == NODES else namespace, name))


def used(pod: Tree) -> list[tuple[Gvr, str, str]]:
    """What a pod refers to: gvr, kind, name."""
    spec = pod.get("spec") or {}
    found: list[tuple[Gvr, str, str]] = []
    for volume in spec.get("volumes") or ():
        sources = [volume, *(trees.get(volume, "projected.sources", ()) or ())]
        for source in sources:
            found.append((CONFIGMAPS, "ConfigMap", trees.get(source, "configMap.name", "")))
            secret = trees.get(source, "secret.secretName", "") or trees.get(source, "secret.name", "")
            found.append((SECRETS, "Secret", secret))
        found.append((CLAIMS, "PersistentVolumeClaim", trees.get(volume, "persistentVolumeClaim.claimName", "")))
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        for source in container.get("envFrom") or ():
            found.append((CONFIGMAPS, "ConfigMap", trees.get(source, "configMapRef.name", "")))
            found.append((SECRETS, "Secret", trees.get(source, "secretRef.name", "")))
        for variable in container.get("env") or ():
            found.append((CONFIGMAPS, "ConfigMap", trees.get(variable, "valueFrom.configMapKeyRef.name", "")))
            found.append((SECRETS, "Secret", trees.get(variable, "valueFrom.secretKeyRef.name", "")))
    found.extend((SECRETS, "Secret", each.get("name", "")) for each in spec.get("imagePullSecrets") or ())
    found.append((SERVICEACCOUNTS, "ServiceAccount", spec.get("serviceAccountName", "")))
    found.append((NODES, "Node", spec.get("nodeName", "")))
    return [each for each in dict.fromkeys(found) if each[2]]


def users(index: Index, key: Key) -> list[Tree]:
    """The pods that use a ConfigMap, a Secret, a claim, a service account or a priority class."""
    found = []
    for pod in index.all(PODS, key.namespace):
        named = {(gvr, name) for gvr, _, name in used(pod)}
        priority = key.gvr.resource == "priorityclasses" and trees.get(pod, "spec.priorityClassName", "") == key.name
        if (key.gvr, key.name) in named or priority:
            found.append(pod)
    return found


def _reference(index: Index, kind: str, key: Key) -> Node:
    tree = index.find(key)
    if tree is None:
        return Node(kind, key.name, "not found", True)
    note, bad = _note(key.gvr, tree)
    return Node(kind, key.name, note, bad, key=key)


def _note(gvr: Gvr, obj: Tree) -> tuple[str, bool]:
    if gvr == PODS:
        state = lanes.state(obj)
        return state, state not in {lanes.READY, lanes.TERMINATING} and trees.get(
            obj, "status.phase", ""
        ) != "Succeeded"
    if gvr in {DEPLOYMENTS, REPLICASETS, STATEFULSETS}:
        wanted, ready = int(trees.get(obj, "spec.replicas", 1)), int(trees.get(obj, "status.readyReplicas", 0))
        return f"{ready}/{wanted}", ready < wanted
    if gvr == NODES:
        good = any(
            each.get("type") == "Ready" and each.get("status") == "True"
            for each in trees.get(obj, "status.conditions", ()) or ()
        )
        return "Ready" if good else "NotReady", not good
    phase = str(trees.get(obj, "status.phase", "") or "")
    return phase, phase in {"Pending", "Lost", "Failed"}


# ---------------------------------------------------------------------- drawing
def draw(node: Node, owners: Sequence[Node] = ()) -> list[lanes.Line]:
    """The owners, and under them the tree."""
    found: list[lanes.Line] = []
    for depth, owner in enumerate(reversed(owners)):
        found.append(_line("   " * (depth - 1) + ("└─ " if depth else ""), owner))
    _draw(node, "   " * len(owners), "└─ " if owners else "", found, chosen=True)
    if len(found) > MOST:
        rest = len(found) - MOST
        found = [*found[:MOST], lanes.Line(f"… and {rest} lines more")]
    return found


def all_of(objects: Objects, gvr: Gvr, namespace: str) -> list[lanes.Line]:
    """The trees of all objects of a kind."""
    index = Index(objects)
    found: list[lanes.Line] = []
    for obj in index.all(gvr, namespace):
        if len(found) > MOST:
            found.append(lanes.Line("… and more"))
            break
        found += draw(below(index, gvr, obj))
    return found or [lanes.Line("nothing here")]


def _draw(node: Node, indent: str, branch: str, found: list[lanes.Line], *, chosen: bool = False) -> None:
    head = indent[: -len(branch)] + branch if branch and chosen else indent + branch
    found.append(_line(head, node, chosen=chosen))
    inner = indent if chosen or not branch else indent + ("   " if branch.startswith("└") else "│  ")
    for position, child in enumerate(node.children):
        last = position == len(node.children) - 1
        _draw(child, inner, "└─ " if last else "├─ ", found)


def _line(head: str, node: Node, *, chosen: bool = False) -> lanes.Line:
    text = f"{head}{node.kind} {node.name}"
    start = len(head)
    middle = start + len(node.kind)
    spans = [Span(0, start, "faint"), Span(start, middle, "key")]
    if chosen:
        spans.append(Span(middle, len(text), "heading"))
    if node.note:
        spans.append(Span(len(text) + 2, len(text) + 2 + len(node.note), "bad" if node.bad else "faint"))
        text += f"  {node.note}"
    return lanes.Line(text, tuple(spans))
