"""Whom a fault hits: the objects that stop, stay unreported or lose endpoints, before it is let loose; pure."""

from collections.abc import Iterable
from typing import NamedTuple

from kubesim.faults.builders import (
    DISK_PRESSURE,
    KILL,
    KUBELET_STOP,
    MEMORY_PRESSURE,
    NODE_CRASH,
    PID_PRESSURE,
    SHUTDOWN,
)
from kubesim.objects import pods as readers
from kubesim.objects.refs import controller_of, place
from kubesim.objects.selectors import from_map
from kubesim.objects.wire import NODES, PODS, SERVICES, Gvr, Key, Tree

STOPS, SILENT, RESTARTS, LOSES, SHRINKS = "stops", "silent", "restarts", "loses all endpoints", "loses endpoints"
OWNED = "loses pods"
THREATENED = "may be evicted"
_SHORT = {MEMORY_PRESSURE: "low on memory", DISK_PRESSURE: "low on disk", PID_PRESSURE: "low on process numbers"}

_DETAILS = {NODE_CRASH: "machine down", KUBELET_STOP: "kubelet down", SHUTDOWN: "machine shut down"}


class Hit(NamedTuple):
    """One object that a fault affects, and how."""

    key: Key
    effect: str
    detail: str = ""


def blast_radius(fault: Tree, pods: Iterable[Tree], services: Iterable[Tree] = ()) -> list[Hit]:
    """The objects that a fault affects at once: its target, pods, their owners, Services that lose endpoints."""
    spec = fault["spec"]
    type_, target = spec["type"], spec["target"]
    every = [pod for pod in pods if readers.is_active(pod)]
    if type_ in _SHORT:
        here = [pod for pod in every if readers.node_name(pod) == target["name"]]
        hits = [Hit(Key(NODES, "", target["name"]), _SHORT[type_])]
        return hits + [Hit(Key(PODS, *place(pod)), THREATENED, _owner_text(pod)) for pod in here]
    if type_ == KILL:
        wanted = (target.get("namespace", ""), target["name"])
        struck = [pod for pod in every if place(pod) == wanted]
        effect = RESTARTS
        hits = []
    else:
        struck = [pod for pod in every if readers.node_name(pod) == target["name"]]
        effect = STOPS if type_ in {NODE_CRASH, SHUTDOWN} else SILENT
        detail = _DETAILS.get(type_, "cut off from the API server")
        hits = [Hit(Key(NODES, "", target["name"]), effect, detail)]
    hits += [Hit(Key(PODS, *place(pod)), _pod_effect(pod, effect), _owner_text(pod)) for pod in struck]
    hits += _owners(struck)
    hits += _services(struck, every, services)
    return hits


def _pod_effect(pod: Tree, effect: str) -> str:
    if effect == RESTARTS and pod["spec"].get("restartPolicy", "Always") == "Never":
        return STOPS
    return effect


def _owner_text(pod: Tree) -> str:
    owner = controller_of(pod)
    return "not replaced: it has no controller" if owner is None else f"{owner['kind']}/{owner['name']}"


def _owners(struck: list[Tree]) -> list[Hit]:
    counts: dict[Key, int] = {}
    for pod in struck:
        owner = controller_of(pod)
        if owner is None:
            continue
        group, _, version = owner["apiVersion"].rpartition("/")
        gvr = Gvr(group, version, f"{owner['kind'].lower()}s")
        key = Key(gvr, pod["metadata"].get("namespace", ""), owner["name"])
        counts[key] = counts.get(key, 0) + 1
    return [Hit(key, OWNED, f"{count} pod{'s' if count > 1 else ''}") for key, count in counts.items()]


def _services(struck: list[Tree], every: list[Tree], services: Iterable[Tree]) -> list[Hit]:
    lost = {place(pod) for pod in struck}
    hits: list[Hit] = []
    for service in services:
        wanted = service["spec"].get("selector")
        if not wanted:
            continue
        namespace, name = place(service)
        selector = from_map(wanted)
        chosen = [
            pod
            for pod in every
            if pod["metadata"].get("namespace", "") == namespace
            and readers.is_ready(pod)
            and selector.matches(pod["metadata"].get("labels") or {})
        ]
        gone = sum(place(pod) in lost for pod in chosen)
        if gone:
            effect = LOSES if gone == len(chosen) else SHRINKS
            hits.append(Hit(Key(SERVICES, namespace, name), effect, f"{gone} of {len(chosen)}"))
    return hits
