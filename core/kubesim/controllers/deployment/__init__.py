"""The deployment controller: one ReplicaSet per pod template, and a rollout from the old ones to the new one.

Observes a Deployment and its ReplicaSets, lets ``plan`` and ``status`` decide, and acts by Requests. It never looks at
pods: what it must know of them stands in the status of the ReplicaSets.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, cast

from kubesim.controllers.deployment import plan, revisions, status
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs, selectors
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import DEPLOYMENTS, EMPTY, REPLICASETS, Tree


class DeploymentController:
    """Rolls Deployments out. ``controller`` is its driver; keys are (namespace, name)."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("deployment", loop, client, self)
        self._client = client
        self._by_owner = client.index(REPLICASETS, owner_value)
        hub.on(DEPLOYMENTS, self._deployment_changed)
        hub.on(REPLICASETS, self._replica_set_changed)
        for each in client.list(DEPLOYMENTS):
            self._deployment_changed(None, each, 0)

    # ------------------------------------------------------------------ handlers
    def _deployment_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del old
        if new is not None:
            self.controller.add(refs.place(new), revision)

    def _replica_set_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        owners: dict[tuple[str, str], None] = {}
        for each in (old, new):
            reference = None if each is None else refs.controller_of(each)
            if each is not None and reference is not None and reference["kind"] == "Deployment":
                owners[each["metadata"]["namespace"], reference["name"]] = None
        for key in owners:
            self.controller.add(key, revision)
        if new is not None and refs.controller_of(new) is None:
            self._orphan_changed(old, new, revision)

    def _orphan_changed(self, old: Tree | None, new: Tree, revision: int) -> None:
        if old is not None and refs.labels(old) == refs.labels(new) and refs.controller_of(old) is None:
            return
        for each in self._client.list(DEPLOYMENTS, new["metadata"]["namespace"]):
            if selectors.from_label_selector(each["spec"]["selector"]).matches(refs.labels(new)):
                self.controller.add(refs.place(each), revision)

    # ------------------------------------------------------------------ one sync
    def reconcile(self, key: Hashable) -> int | None:
        """Bring one Deployment a step further; returns when a stall would have to be noticed."""
        namespace, name = cast("tuple[str, str]", key)
        deployment = self._client.get(DEPLOYMENTS, namespace, name)
        if deployment is None:
            return None
        if not deployment["spec"]["selector"]:
            self._refuse(deployment)
            return None
        replica_sets = self._claim(deployment)
        if refs.is_deleting(deployment):
            self._report(deployment, *_split(deployment, replica_sets))
            return None
        changed = status.paused_condition(deployment, self._client.now())
        if changed is not None:
            deployment = self._write(deployment, {**(deployment.get("status") or EMPTY), "conditions": changed})
        new, old = _split(deployment, replica_sets)
        if new is not None:
            deployment, new = self._sync_new(deployment, new, old)
        every = [*old, new] if new is not None else old
        if deployment["spec"].get("paused") or plan.is_scaling(deployment, every):
            self._resize(deployment, new, old)
            return None
        rollout = self._roll if plan.is_rolling(deployment) else self._recreate
        return rollout(deployment, new, old)

    def _refuse(self, deployment: Tree) -> None:
        text = "This deployment is selecting all pods. A non-empty selector is required."
        self._client.event(deployment, "Warning", "SelectingAll", text)
        generation = deployment["metadata"].get("generation", 0)
        known = deployment.get("status") or EMPTY
        if known.get("observedGeneration", 0) < generation:
            self._write(deployment, {**known, "observedGeneration": generation})

    def _resize(self, deployment: Tree, new: Tree | None, old: Sequence[Tree]) -> None:
        new, old = self._apply(deployment, new, old, plan.rescale(deployment, new, old), note=True)
        if deployment["spec"].get("paused"):
            self._clean_up(deployment, old)
        self._report(deployment, new, old)

    def _roll(self, deployment: Tree, new: Tree | None, old: Sequence[Tree]) -> int | None:
        if new is None:
            deployment, new = self._create_new(deployment, old)
        steps = plan.roll(deployment, new, old)
        after, old = self._apply(deployment, new, old, steps)
        if not steps and status.is_complete(deployment, deployment.get("status") or EMPTY):
            self._clean_up(deployment, old)
        return self._judge(deployment, after, old)

    def _recreate(self, deployment: Tree, new: Tree | None, old: Sequence[Tree]) -> int | None:
        steps = [plan.Scale(each["metadata"]["name"], 0) for each in old if plan.replicas(each) > 0]
        if steps:
            new, old = self._apply(deployment, new, old, steps)
            return self._judge(deployment, new, old)
        if any(map(_has_pods, old)):
            return self._judge(deployment, new, old)
        if new is None:
            deployment, new = self._create_new(deployment, old)
        desired = plan.replicas(deployment)
        if plan.replicas(new) != desired:
            new, old = self._apply(deployment, new, old, [plan.Scale(new["metadata"]["name"], desired)])
        if status.is_complete(deployment, deployment.get("status") or EMPTY):
            self._clean_up(deployment, old)
        return self._judge(deployment, new, old)

    # ------------------------------------------------------------------ ReplicaSets
    def _claim(self, deployment: Tree) -> list[Tree]:
        """The ReplicaSets of the Deployment; adopts matching orphans and lets go those that match no more."""
        namespace = deployment["metadata"]["namespace"]
        selector = selectors.from_label_selector(deployment["spec"]["selector"])
        uid = deployment["metadata"]["uid"]
        claimed = []
        for place in [*self._by_owner.get(uid), *self._by_owner.get(f"orphans of {namespace}")]:
            each = self._client.get(REPLICASETS, *place)
            if each is None:
                continue
            matches = selector.matches(refs.labels(each))
            if refs.controller_of(each) is not None:
                if matches:
                    claimed.append(each)
                elif not refs.is_deleting(deployment):
                    rest = [owner for owner in each["metadata"]["ownerReferences"] if owner["uid"] != uid]
                    self._own(each, rest)
            elif matches and not refs.is_deleting(each) and not refs.is_deleting(deployment):
                owners = each["metadata"].get("ownerReferences") or []
                mine = refs.owner_reference(deployment, "apps/v1", "Deployment")
                claimed.append(self._own(each, [*owners, mine]))
        return claimed

    def _own(self, replica_set: Tree, owners: list[Tree]) -> Tree:
        metadata = {key: value for key, value in replica_set["metadata"].items() if key != "ownerReferences"}
        if owners:
            metadata["ownerReferences"] = owners
        return self._client.update(REPLICASETS, {**replica_set, "metadata": metadata})

    def _sync_new(self, deployment: Tree, new: Tree, old: Sequence[Tree]) -> tuple[Tree, Tree]:
        """Keep the notes on the new ReplicaSet, and its revision on the Deployment, as they should be."""
        known = refs.annotations(new)
        wished = revisions.annotate_new(deployment, known, revisions.next_revision(old))
        wait = deployment["spec"].get("minReadySeconds", 0)
        if wished is not known or new["spec"].get("minReadySeconds", 0) != wait:
            spec = {key: value for key, value in new["spec"].items() if key != "minReadySeconds"}
            if wait:
                spec["minReadySeconds"] = wait
            metadata = {**new["metadata"], "annotations": wished}
            new = self._client.update(REPLICASETS, {**new, "metadata": metadata, "spec": spec})
        conditions = None
        if status.has_deadline(deployment) and status.find(status.conditions_of(deployment), "Progressing") is None:
            text = f'Found new replica set "{new["metadata"]["name"]}"'
            found = status.make("Progressing", "True", status.FOUND, text, self._client.now())
            conditions = status.put(status.conditions_of(deployment), found)
        return self._note(deployment, refs.annotations(new).get(revisions.REVISION, ""), conditions), new

    def _create_new(self, deployment: Tree, old: Sequence[Tree]) -> tuple[Tree, Tree]:
        size = plan.first_size(deployment, old)
        revision = revisions.next_revision(old)
        annotations = revisions.annotate_new(deployment, {}, revision)
        annotations = _sizes(deployment, annotations)
        body = revisions.new_replica_set(deployment, revisions.template_hash(deployment), size, annotations)
        namespace, name = refs.place(body)
        fresh = True
        try:
            created = self._client.create(REPLICASETS, namespace, body)
        except ApiError as error:
            existing = self._client.get(REPLICASETS, namespace, name)
            if error.reason != "AlreadyExists" or existing is None:
                self._creation_failed(deployment, name, error)
                raise
            if not refs.is_controlled_by(existing, deployment) or not revisions.same_template(
                existing["spec"]["template"], deployment["spec"]["template"]
            ):
                # k8s: the hash is taken by another template: count the collision, which changes the hash, and retry
                known = deployment.get("status") or EMPTY
                self._write(deployment, {**known, "collisionCount": known.get("collisionCount", 0) + 1})
                raise
            created, fresh = existing, False
        conditions = None
        if fresh:
            if size:
                self._client.event(
                    deployment, "Normal", "ScalingReplicaSet", f"Scaled up replica set {name} from 0 to {size}"
                )
            if status.has_deadline(deployment):
                text = f'Created new replica set "{name}"'
                made = status.make("Progressing", "True", status.CREATED, text, self._client.now())
                conditions = status.put(status.conditions_of(deployment), made)
        return self._note(deployment, str(revision), conditions), created

    def _creation_failed(self, deployment: Tree, name: str, error: ApiError) -> None:
        if is_namespace_terminating(error):
            return
        text = f'Failed to create new replica set "{name}": {error}'
        if status.has_deadline(deployment):
            failed = status.make("Progressing", "False", status.CREATE_ERROR, text, self._client.now())
            conditions = status.put(status.conditions_of(deployment), failed)
            self._write(deployment, {**(deployment.get("status") or EMPTY), "conditions": conditions})
        self._client.event(deployment, "Warning", status.CREATE_ERROR, text)

    def _apply(
        self,
        deployment: Tree,
        new: Tree | None,
        old: Sequence[Tree],
        steps: Sequence[plan.Scale],
        *,
        note: bool = False,
    ) -> tuple[Tree | None, list[Tree]]:
        """Scale; returns the ReplicaSets as they are then. With ``note`` sizes are noted even where none changes."""
        current = {each["metadata"]["name"]: each for each in old}
        if new is not None:
            current[new["metadata"]["name"]] = new
        for step in steps:
            each = current[step.name]
            size = plan.replicas(each)
            annotations = _sizes(deployment, refs.annotations(each))
            if size == step.replicas and (not note or annotations is refs.annotations(each)):
                continue
            metadata = {**each["metadata"], "annotations": annotations}
            spec = each["spec"] if size == step.replicas else {**each["spec"], "replicas": step.replicas}
            current[step.name] = self._client.update(REPLICASETS, {**each, "metadata": metadata, "spec": spec})
            if size != step.replicas:
                way = "up" if size < step.replicas else "down"
                text = f"Scaled {way} replica set {step.name} from {size} to {step.replicas}"
                self._client.event(deployment, "Normal", "ScalingReplicaSet", text)
        after = None if new is None else current[new["metadata"]["name"]]
        return after, [current[each["metadata"]["name"]] for each in old]

    def _clean_up(self, deployment: Tree, old: Sequence[Tree]) -> None:
        limit = deployment["spec"].get("revisionHistoryLimit")
        if limit is None:
            return
        for each in revisions.outdated(old, limit):
            try:
                self._client.delete(REPLICASETS, *refs.place(each))
            except ApiError as error:
                if error.reason != "NotFound":
                    raise

    # ------------------------------------------------------------------ status
    def _report(self, deployment: Tree, new: Tree | None, old: Sequence[Tree]) -> None:
        every = [*old, new] if new is not None else old
        self._write(deployment, status.observe(deployment, new, every, self._client.now()))

    def _judge(self, deployment: Tree, new: Tree | None, old: Sequence[Tree]) -> int | None:
        every = [*old, new] if new is not None else old
        now = self._client.now()
        judged = status.judge(deployment, new, every, now)
        self._write(deployment, judged)
        return status.next_check(deployment, judged, now)

    def _note(self, deployment: Tree, revision: str, conditions: list[Tree] | None) -> Tree:
        known = deployment.get("status") or EMPTY
        changed = known if conditions is None else {**known, "conditions": conditions}
        annotations = refs.annotations(deployment)
        if annotations.get(revisions.REVISION) != revision:
            metadata = {**deployment["metadata"], "annotations": {**annotations, revisions.REVISION: revision}}
            return self._client.update_status(DEPLOYMENTS, {**deployment, "metadata": metadata, "status": changed})
        return self._write(deployment, changed)

    def _write(self, deployment: Tree, changed: Mapping[str, Any]) -> Tree:
        if changed == deployment.get("status", EMPTY):
            return deployment
        return self._client.update_status(DEPLOYMENTS, {**deployment, "status": changed})


def _sizes(deployment: Tree, annotations: Mapping[str, str]) -> Mapping[str, str]:
    desired = plan.replicas(deployment)
    return revisions.annotate_sizes(annotations, desired, desired + plan.max_surge(deployment))


def _split(deployment: Tree, replica_sets: Sequence[Tree]) -> tuple[Tree | None, list[Tree]]:
    new = revisions.find_new(deployment, replica_sets)
    return new, [each for each in replica_sets if each is not new]


def owner_value(replica_set: Tree) -> str:
    """The index value of a ReplicaSet: the uid of its controller, or that it is an orphan of its namespace."""
    reference = refs.controller_of(replica_set)
    if reference is None:
        return f"orphans of {replica_set['metadata']['namespace']}"
    return str(reference["uid"])


def is_namespace_terminating(error: ApiError) -> bool:
    """Whether a creation failed because the namespace is going away: nobody needs to hear of that."""
    causes = (error.status.get("details") or EMPTY).get("causes") or ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)


def _has_pods(replica_set: Tree) -> bool:
    # differs: Kubernetes counts the pods; here the ReplicaSet's own report must be up to date and empty.
    known = replica_set.get("status") or EMPTY
    generation = replica_set["metadata"].get("generation", 0)
    return bool(
        known.get("replicas", 0)
        or known.get("terminatingReplicas", 0)
        or known.get("observedGeneration", 0) < generation
    )
