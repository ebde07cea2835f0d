"""Flows of nodes: cordon, uncordon, and drain with kubectl's texts and waits."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from kubesim.objects import refs, tree
from kubesim.objects.wire import MERGE_PATCH, NODES, PODS, Gvr, Key, Request, Response, Tree
from kubetui.model.flows.steps import Done, Flow, Progress, Undo, Wait, failure, get, is_failure, named, refused

DAEMONSETS = Gvr("apps", "v1", "daemonsets")
MIRROR = "kubernetes.io/config.mirror"

RETRY_EVICTION_MS = 5000
POLL_MS = 1000

DAEMONSET_FATAL = "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)"
DAEMONSET_WARNING = "ignoring DaemonSet-managed Pods"
LOCAL_STORAGE_FATAL = "Pods with local storage (use --delete-emptydir-data to override)"
LOCAL_STORAGE_WARNING = "deleting Pods with local storage"
UNMANAGED_FATAL = "cannot delete Pods that declare no controller (use --force to override)"
UNMANAGED_WARNING = "deleting Pods that declare no controller"


class DrainOptions(NamedTuple):
    """kubectl drain's flags; ``timeout_ms`` 0 waits for ever, ``grace_seconds`` below 0 is the pod's own."""

    ignore_daemonsets: bool = True
    delete_emptydir_data: bool = True
    force: bool = True
    disable_eviction: bool = False
    grace_seconds: int = -1
    timeout_ms: int = 0


def cordon(name: str) -> Flow:
    """Schedule nothing more on a node."""
    return (yield from _set_unschedulable(name, wanted=True))


def uncordon(name: str) -> Flow:
    """Let pods be scheduled on a node again."""
    return (yield from _set_unschedulable(name, wanted=False))


def _set_unschedulable(name: str, *, wanted: bool) -> Flow:
    key = Key(NODES, "", name)
    word = "cordon" if wanted else "uncordon"
    response = yield get(key)
    if is_failure(response):
        return refused(response)
    if bool(tree.get(response.body, "spec.unschedulable", default=False)) == wanted:
        return Done(f"node/{name} already {word}ed")
    response = yield _unschedulable(key, word, wanted=wanted)
    if is_failure(response):
        return Done(f'error: unable to {word} node "{name}": {failure(response)}', failed=True)
    undo = Undo(f"{word} {name}", (_unschedulable(key, f"undo: {word}", wanted=not wanted),))
    return Done(f"node/{name} {word}ed", undo)


def _unschedulable(key: Key, note: str, *, wanted: bool) -> Request:
    # k8s: uncordon removes the field.
    body = {"spec": {"unschedulable": True if wanted else None}}
    return Request("patch", key, "", body, content_type=MERGE_PATCH, note=f"{note} {key.name}")


# ---------------------------------------------------------------------- drain
class _Chosen(NamedTuple):
    pods: list[Tree]
    warnings: dict[str, list[str]]
    errors: dict[str, list[str]]


def drain(name: str, options: DrainOptions | None = None) -> Flow:
    """Cordon a node and evict its pods, all at once and each until its disruption budget lets it go."""
    wanted = options or DrainOptions()
    cordoned = yield from cordon(name)
    if cordoned.failed:
        return cordoned
    yield Progress(cordoned.message)
    response = yield Request("list", Key(PODS), query={"fieldSelector": f"spec.nodeName={name}"})
    if is_failure(response):
        return refused(response, cordoned.undo)
    missing = yield from _missing_daemonsets(response.body.get("items") or ())
    chosen = _choose(response.body.get("items") or (), missing, wanted)
    if chosen.errors:
        yield Progress(f'error: unable to drain node "{name}", aborting command...')
        return Done(_aggregate(_error_texts(chosen.errors)), cordoned.undo, failed=True)
    if chosen.warnings:
        listed = "; ".join(f"{text}: {', '.join(pods)}" for text, pods in chosen.warnings.items())
        yield Progress(f"WARNING: {listed}")
    errors = yield from _remove(chosen.pods, wanted)
    if errors:
        yield Progress(f'error: unable to drain node "{name}", aborting command...')
        return Done(_aggregate(errors), cordoned.undo, failed=True)
    return Done(f"node/{name} drained", cordoned.undo and Undo(f"drain {name}", cordoned.undo.requests))


def _missing_daemonsets(pods: Sequence[Tree]) -> Any:
    """Messages about DaemonSets that own a pod and are gone, by (namespace, name)."""
    missing: dict[tuple[str, str], str] = {}
    seen: set[tuple[str, str]] = set()
    for pod in pods:
        owner = refs.controller_of(pod)
        if owner is None or owner["kind"] != "DaemonSet" or _is_finished(pod):
            continue
        place = (pod["metadata"].get("namespace", ""), owner["name"])
        if place not in seen:
            seen.add(place)
            response = yield get(Key(DAEMONSETS, *place))
            if is_failure(response):
                missing[place] = failure(response)
    return missing


def _is_finished(pod: Tree) -> bool:
    return tree.get(pod, "status.phase") in ("Succeeded", "Failed")


def _choose(pods: Sequence[Tree], missing: dict[tuple[str, str], str], wanted: DrainOptions) -> _Chosen:
    chosen = _Chosen([], {}, {})
    for pod in pods:
        namespace, name = refs.place(pod)
        goes, warning, error = _judge(pod, missing, wanted)
        if goes:
            chosen.pods.append(pod)
        if warning:
            chosen.warnings.setdefault(warning, []).append(f"{namespace}/{name}")
        if error:
            chosen.errors.setdefault(error, []).append(f"{namespace}/{name}")
    return chosen


def _judge(pod: Tree, missing: dict[tuple[str, str], str], wanted: DrainOptions) -> tuple[bool, str, str]:
    """Whether the pod goes, and the warning or the error about it."""
    owner = refs.controller_of(pod)
    finished = _is_finished(pod)
    if owner is not None and owner["kind"] == "DaemonSet" and not finished:
        lost = missing.get((pod["metadata"].get("namespace", ""), owner["name"]))
        if lost is not None:
            return (True, lost, "") if wanted.force else (False, "", lost)
        return (False, DAEMONSET_WARNING, "") if wanted.ignore_daemonsets else (False, "", DAEMONSET_FATAL)
    if MIRROR in refs.annotations(pod):
        return False, "", ""
    if finished:
        return True, "", ""
    local = any("emptyDir" in volume for volume in tree.get(pod, "spec.volumes", ()))
    if local and not wanted.delete_emptydir_data:
        return False, "", LOCAL_STORAGE_FATAL
    if owner is None:
        return (True, UNMANAGED_WARNING, "") if wanted.force else (False, "", UNMANAGED_FATAL)
    # k8s: the last filter that lets the pod through clears the warning about its local storage.
    return True, "", ""


def _error_texts(errors: dict[str, list[str]]) -> list[str]:
    texts = []
    for text, pods in errors.items():
        prefix = "" if text.lower().startswith("cannot delete") else "cannot delete "
        texts.append(f"{prefix}{text}: {', '.join(pods)}")
    return texts


def _aggregate(errors: Sequence[str]) -> str:
    unique = list(dict.fromkeys(errors))
    return unique[0] if len(unique) == 1 else "[" + ", ".join(unique) + "]"


class _Pod:
    """One pod on its way out."""

    def __init__(self, pod: Tree) -> None:
        self.namespace, self.name = refs.place(pod)
        self.uid = refs.uid(pod)
        self.key = Key(PODS, self.namespace, self.name)
        self.asked = False
        self.due = 0


def _remove(pods: Sequence[Tree], wanted: DrainOptions) -> Any:
    """Evict (or delete) and wait until all are gone; returns the errors."""
    waiting = [_Pod(pod) for pod in pods]
    errors: list[str] = []
    clock = 0
    while waiting:
        for pod in list(waiting):
            if pod.due > clock:
                continue
            finished = yield from (_await(pod, wanted) if pod.asked else _ask(pod, wanted, errors, clock))
            if finished:
                waiting.remove(pod)
        if not waiting:
            break
        if wanted.timeout_ms and clock >= wanted.timeout_ms:
            errors.extend(_timed_out(pod, wanted) for pod in waiting)
            break
        pause = max(1, min(pod.due for pod in waiting) - clock)
        yield Wait(pause)
        clock += pause
    return errors


def _timed_out(pod: _Pod, wanted: DrainOptions) -> str:
    limit = f"global timeout reached: {wanted.timeout_ms // 1000}s"
    doing = (
        f'error when waiting for pod "{pod.name}" in namespace "{pod.namespace}" to terminate'
        if pod.asked
        else (f'error when evicting pods/"{pod.name}" -n "{pod.namespace}"')
    )
    return f"{doing}: {limit}"


def _ask(pod: _Pod, wanted: DrainOptions, errors: list[str], clock: int) -> Any:
    """Ask for one pod to go; True when nothing is left to do about it."""
    if not wanted.disable_eviction:
        yield Progress(f"evicting pod {pod.namespace}/{pod.name}")
    response: Response = yield _removal(pod, wanted)
    what = f'pods/"{pod.name}" -n "{pod.namespace}"'
    if not is_failure(response):
        pod.asked, pod.due = True, clock
        return (yield from _await(pod, wanted))
    if response.code == 404:
        return True
    if response.code == 429:
        yield Progress(f"error when evicting {what} (will retry after 5s): {failure(response)}")
        pod.due = clock + RETRY_EVICTION_MS
        return False
    errors.append(f"error when evicting {what}: {failure(response)}")
    return True


def _removal(pod: _Pod, wanted: DrainOptions) -> Request:
    options = {} if wanted.grace_seconds < 0 else {"gracePeriodSeconds": wanted.grace_seconds}
    if wanted.disable_eviction:
        return Request("delete", pod.key, "", {"kind": "DeleteOptions", "apiVersion": "v1", **options}, note="drain")
    return evict_request(pod.key, options, "drain")


def evict_request(key: Key, options: Tree, note: str) -> Request:
    """The request that asks for one pod to be evicted."""
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": key.name, "namespace": key.namespace},
        "deleteOptions": dict(options),
    }
    return Request("create", key, "eviction", body, note=note)


def _await(pod: _Pod, wanted: DrainOptions) -> Any:
    response: Response = yield get(pod.key)
    if response.code == 404 or (not is_failure(response) and refs.uid(response.body) != pod.uid):
        yield Progress(f"pod/{pod.name} {'deleted' if wanted.disable_eviction else 'evicted'}")
        return True
    pod.due += POLL_MS
    return False


def evict(key: Key) -> Flow:
    """Evict one pod; a disruption budget may refuse it."""
    response = yield evict_request(key, {}, f"evict {key.name}")
    if is_failure(response):
        return refused(response)
    return Done(f"{named(key.gvr, key.name)} evicted")
