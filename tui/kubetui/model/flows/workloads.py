"""Flows of what runs pods: scale, set an image, restart, roll back, trigger and suspend."""

from collections.abc import Mapping, Sequence
from typing import Any

from kubesim.objects import refs, times, tree
from kubesim.objects.wire import JSON_PATCH, MERGE_PATCH, REPLICASETS, STRATEGIC_PATCH, Gvr, Key, Request, Tree
from kubetui.model.describe.metadata import LAST_APPLIED, selector
from kubetui.model.describe.workloads import HASH_LABEL, without_hash
from kubetui.model.flows.steps import BACKGROUND, Done, Flow, Undo, get, is_failure, named, refused

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
REVISION = "deployment.kubernetes.io/revision"
JOBS = Gvr("batch", "v1", "jobs")

# k8s: a rollback leaves these annotations as the Deployment has them.
_KEPT = frozenset(
    (
        LAST_APPLIED,
        REVISION,
        "deployment.kubernetes.io/revision-history",
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "deprecated.deployment.rollback.to",
    )
)


def scale(key: Key, replicas: int) -> Flow:
    """Set the number of replicas through the scale subresource."""
    response = yield get(key, "scale")
    if is_failure(response):
        return refused(response)
    before = int(tree.get(response.body, "spec.replicas", 0))
    what = f"scale {named(key.gvr, key.name)} {before}→{replicas}"
    response = yield _scaled(key, replicas, what)
    if is_failure(response):
        return refused(response)
    back = f"scale {named(key.gvr, key.name)} {replicas}→{before}"
    undo = None if before == replicas else Undo(what, (_scaled(key, before, back),))
    return Done(f"{named(key.gvr, key.name)} scaled: {before} → {replicas}", undo)


def _scaled(key: Key, replicas: int, note: str) -> Request:
    return Request("patch", key, "scale", {"spec": {"replicas": replicas}}, content_type=MERGE_PATCH, note=note)


def set_image(key: Key, images: Mapping[str, str]) -> Flow:
    """Give containers (by name) new images."""
    response = yield get(key)
    if is_failure(response):
        return refused(response)
    path = "spec" if key.gvr.resource == "pods" else "spec.template.spec"
    spec = tree.get(response.body, path, {})
    change: dict[str, Any] = {}
    back: dict[str, Any] = {}
    left = dict(images)
    for kind in ("initContainers", "containers"):
        for container in spec.get(kind) or ():
            if container["name"] in left:
                change.setdefault(kind, []).append({"name": container["name"], "image": left.pop(container["name"])})
                back.setdefault(kind, []).append({"name": container["name"], "image": container.get("image", "")})
    if left:
        return Done(f'unable to find container named "{next(iter(left))}"', failed=True)
    if change == back:
        return Done(f"{named(key.gvr, key.name)} image unchanged")
    listed = ", ".join(f"{name}={image}" for name, image in images.items())
    what = f"set image {named(key.gvr, key.name)} {listed}"
    response = yield _patched(key, tree.evolve({}, path, change), what)
    if is_failure(response):
        return refused(response)
    undo = Undo(what, (_patched(key, tree.evolve({}, path, back), f"undo: {what}"),))
    return Done(f"{named(key.gvr, key.name)} image updated", undo)


def _patched(key: Key, body: Any, note: str, content_type: str = STRATEGIC_PATCH) -> Request:
    return Request("patch", key, "", body, content_type=content_type, note=note)


def restart(key: Key, now_ms: int) -> Flow:
    """Restart the rollout: stamp the pod template with the time."""
    response = yield get(key)
    if is_failure(response):
        return refused(response)
    if tree.get(response.body, "spec.paused", default=False):
        text = f'{key.gvr.qualified} "{key.name}" can\'t restart paused deployment (run rollout resume first)'
        return Done(text, failed=True)
    before = tree.get(response.body, ("spec", "template", "metadata", "annotations", RESTARTED_AT))
    what = f"restart {named(key.gvr, key.name)}"
    response = yield _patched(key, _stamped(times.format_time(now_ms)), what)
    if is_failure(response):
        return refused(response)
    undo = Undo(what, (_patched(key, _stamped(before), f"undo: {what}"),))
    return Done(f"{named(key.gvr, key.name)} restarted", undo)


def _stamped(at: str | None) -> Tree:
    return {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: at}}}}}


# ---------------------------------------------------------------------- rollback
def rollback(key: Key, revision: int = 0) -> Flow:
    """Roll a Deployment back to a revision; 0 is the one before the present one."""
    response = yield get(key)
    if is_failure(response):
        return refused(response)
    deployment: Tree = response.body
    if tree.get(deployment, "spec.paused", default=False):
        text = "cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again"
        return Done(text, failed=True)
    query = {"labelSelector": selector(tree.get(deployment, "spec.selector"))}
    response = yield Request("list", Key(REPLICASETS, key.namespace), query=query)
    if is_failure(response):
        return refused(response)
    owned = [each for each in response.body.get("items") or () if refs.is_controlled_by(each, deployment)]
    chosen = _of_revision(owned, revision)
    if chosen is None:
        missing = f"unable to find specified revision {revision} in history"
        return Done(missing if revision else f'no rollout history found for deployment "{key.name}"', failed=True)
    template = chosen["spec"]["template"]
    if without_hash(template) == without_hash(deployment["spec"]["template"]):
        return Done(f"skipped rollback (current template already matches revision {revision_of(chosen)})")
    what = f"roll back {named(key.gvr, key.name)} to revision {revision_of(chosen)}"
    response = yield _replaced(key, _plain(template), _annotations(deployment, chosen), what)
    if is_failure(response):
        return refused(response)
    before = refs.annotations(deployment)
    undo = Undo(what, (_replaced(key, deployment["spec"]["template"], before, f"undo: {what}"),))
    return Done(f"{named(key.gvr, key.name)} rolled back", undo)


def revision_of(replica_set: Tree) -> int:
    """The revision a ReplicaSet carries, 0 when it has none."""
    text = str(refs.annotations(replica_set).get(REVISION, "0"))
    return int(text) if text.isdecimal() else 0


def _of_revision(owned: Sequence[Tree], revision: int) -> Tree | None:
    known = sorted(owned, key=revision_of)
    if revision:
        return next((each for each in known if revision_of(each) == revision), None)
    return known[-2] if len(known) > 1 else None


def _plain(template: Tree) -> Tree:
    metadata = template.get("metadata") or {}
    kept = {name: value for name, value in (metadata.get("labels") or {}).items() if name != HASH_LABEL}
    return {**template, "metadata": {**metadata, "labels": kept}}


def _annotations(deployment: Tree, chosen: Tree) -> Tree:
    kept = {name: value for name, value in refs.annotations(deployment).items() if name in _KEPT}
    return kept | {name: value for name, value in refs.annotations(chosen).items() if name not in _KEPT}


def _replaced(key: Key, template: Tree, annotations: Tree, note: str) -> Request:
    operations = [
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "replace", "path": "/metadata/annotations", "value": dict(annotations)},
    ]
    return _patched(key, operations, note, JSON_PATCH)


# ---------------------------------------------------------------------- batch
def suspend(key: Key) -> Flow:
    """Suspend a CronJob, or resume a suspended one."""
    response = yield get(key)
    if is_failure(response):
        return refused(response)
    before = bool(tree.get(response.body, "spec.suspend", default=False))
    word = "resumed" if before else "suspended"
    what = f"{'resume' if before else 'suspend'} {named(key.gvr, key.name)}"
    response = yield _patched(key, {"spec": {"suspend": not before}}, what, MERGE_PATCH)
    if is_failure(response):
        return refused(response)
    undo = Undo(what, (_patched(key, {"spec": {"suspend": before}}, f"undo: {what}", MERGE_PATCH),))
    return Done(f"{named(key.gvr, key.name)} {word}", undo)


def trigger(key: Key, now_ms: int) -> Flow:
    """Run a CronJob now: make a Job of its template."""
    response = yield get(key)
    if is_failure(response):
        return refused(response)
    cron: Tree = response.body
    template = tree.get(cron, "spec.jobTemplate", {})
    metadata = template.get("metadata") or {}
    name = f"{key.name[:42]}-manual-{now_ms // 1000 % 100_000:05d}"
    job = {
        "apiVersion": JOBS.api_version,
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": key.namespace,
            "labels": dict(metadata.get("labels") or {}),
            # k8s: kubectl create job --from marks the job as made by hand.
            "annotations": {**(metadata.get("annotations") or {}), "cronjob.kubernetes.io/instantiate": "manual"},
            "ownerReferences": [refs.owner_reference(cron)],
        },
        "spec": template.get("spec") or {},
    }
    made = Key(JOBS, key.namespace, name)
    what = f"trigger {named(key.gvr, key.name)}"
    response = yield Request("create", Key(JOBS, key.namespace), "", job, note=what)
    if is_failure(response):
        return refused(response)
    return Done(f"{named(JOBS, name)} created", Undo(what, (Request("delete", made, "", BACKGROUND),)))
