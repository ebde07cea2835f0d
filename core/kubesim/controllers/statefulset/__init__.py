"""The statefulset controller: pods with sticky names and claims, started and replaced in the order of their ordinals.

``identity`` says who a pod is, ``claims`` and ``revisions`` keep what belongs to it, ``status`` counts; this module
listens and acts. # k8s: pkg/controller/statefulset
"""

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple, cast

from kubesim.controllers.statefulset import identity, revisions, status
from kubesim.controllers.statefulset.claims import ClaimError, Claims
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.dependents import Dependents
from kubesim.machinery.informer import Hub
from kubesim.objects import history, pods, refs, selectors
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import CONTROLLERREVISIONS, EMPTY, PODS, STATEFULSETS, Tree

MANY, GATHER_MS = 100, 100
"""Events of the pods of larger sets are gathered for this long. # differs: Kubernetes syncs as fast as it can"""


class Replica(NamedTuple):
    """A place in the set and the pod that is there, if any."""

    ordinal: int
    pod: Tree | None


class Round(NamedTuple):
    """What one sync of a set works with."""

    set: Tree
    found: revisions.Revisions
    replicas: list[Replica]
    condemned: list[Replica]
    first_unavailable: Replica | None
    is_ordered: bool


class StatefulSetController:
    """Runs StatefulSets. ``controller`` is its driver; keys are (namespace, name)."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("statefulset", loop, client, self)
        self._client = client
        self._hub = hub
        self._is_listening = False
        self._pods = Dependents(client, PODS)
        self._revisions = Dependents(client, CONTROLLERREVISIONS)
        self._claims = Claims(client)
        hub.on(STATEFULSETS, self._set_changed)
        for each in client.list(STATEFULSETS):
            self._set_changed(None, each, 0)

    # ------------------------------------------------------------------ handlers
    def _set_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del old
        if new is not None:
            if not self._is_listening:
                self._is_listening = True
                self._hub.on(PODS, self._pod_changed)
            self.controller.add(refs.place(new), revision)

    def _pod_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        pod = new if new is not None else old
        if pod is None:
            return
        reference = refs.controller_of(pod)
        before = None if old is None else refs.controller_of(old)
        if before is not None and before["kind"] == "StatefulSet" and before != reference:
            self.controller.add((pod["metadata"]["namespace"], before["name"]), revision)
        if reference is None:
            if new is not None:
                self._orphan_changed(old, new, revision)
            return
        if reference["kind"] != "StatefulSet" or (old is not None and new is not None and _facts(old) == _facts(new)):
            return
        key = (pod["metadata"]["namespace"], reference["name"])
        if self._pods.count(reference["uid"]) > MANY:
            self.controller.add_after(key, GATHER_MS)
        else:
            self.controller.add(key, revision)

    def _orphan_changed(self, old: Tree | None, new: Tree, revision: int) -> None:
        if old is not None and refs.labels(old) == refs.labels(new) and refs.controller_of(old) is None:
            return
        namespace, name = refs.place(new)
        owner = self._client.get(STATEFULSETS, namespace, name.rpartition("-")[0])
        if owner is not None and selectors.from_label_selector(owner["spec"]["selector"]).matches(refs.labels(new)):
            self.controller.add(refs.place(owner), revision)

    # ------------------------------------------------------------------ one sync
    def reconcile(self, key: Hashable) -> int | None:
        """Bring one StatefulSet a step further; returns when the next pod becomes available."""
        stateful_set = self._client.get(STATEFULSETS, *cast("tuple[str, str]", key))
        if stateful_set is None:
            return None
        name = stateful_set["metadata"]["name"]
        selector = selectors.from_label_selector(stateful_set["spec"]["selector"])
        claimed = self._pods.claim(stateful_set, selector, prefix=f"{name}-")
        owned = [pod for pod in claimed if _ordinal(stateful_set, pod) != identity.NO_ORDINAL]
        known = self._revisions.claim(stateful_set, selector)
        found = revisions.find(self._client, stateful_set, known)
        now = self._client.now()
        counts = status.Counts(owned, found, stateful_set["spec"].get("minReadySeconds", 0), now)
        error = None
        if not refs.is_deleting(stateful_set):
            try:
                counts.current -= self._act(self._round(stateful_set, owned, found))
            except ApiError as failure:
                error = failure
        self._report(stateful_set, status.status_of(stateful_set, counts, found))
        revisions.truncate(self._client, stateful_set, known, found, list(map(identity.revision_of, owned)))
        if error is not None:
            raise error
        return None if counts.ripens_at is None else max(0, counts.ripens_at - now)

    def _report(self, stateful_set: Tree, changed: Tree) -> None:
        known = stateful_set.get("status") or EMPTY
        if {name: value for name, value in known.items() if name != "conditions"} != changed:
            self._client.update_status(STATEFULSETS, {**stateful_set, "status": changed})

    def _round(self, stateful_set: Tree, owned: Sequence[Tree], found: revisions.Revisions) -> Round:
        start, size = identity.start_of(stateful_set), identity.size_of(stateful_set)
        there = {_ordinal(stateful_set, pod): pod for pod in owned}
        replicas = [Replica(ordinal, there.get(ordinal)) for ordinal in range(start, start + size)]
        beyond = sorted((ordinal for ordinal in there if not start <= ordinal < start + size), reverse=True)
        condemned = [Replica(ordinal, there[ordinal]) for ordinal in beyond]
        wait, now = stateful_set["spec"].get("minReadySeconds", 0), self._client.now()
        first = next((each for each in (*replicas, *reversed(condemned)) if _is_unavailable(each, wait, now)), None)
        is_ordered = stateful_set["spec"].get("podManagementPolicy") != "Parallel"
        return Round(stateful_set, found, replicas, condemned, first, is_ordered)

    def _act(self, round_: Round) -> int:
        """One step towards what is wished; returns how many pods have been deleted for an update. Raises ApiError."""
        if self._each(round_, round_.replicas, self._keep) or self._each(round_, round_.condemned, self._remove):
            return 0
        if (round_.set["spec"].get("updateStrategy") or EMPTY).get("type") == "OnDelete":
            return 0
        return self._update(round_)

    def _each(self, round_: Round, replicas: Sequence[Replica], step: Callable[[Round, Replica], bool]) -> bool:
        """Take a step for each replica: in order until one blocks, or in parallel in batches of 1, 2, 4 ..."""
        if round_.is_ordered:
            return any(step(round_, replica) for replica in replicas)
        done, batch = 0, 1
        while done < len(replicas):
            failures = []
            for replica in replicas[done : done + batch]:
                try:
                    step(round_, replica)
                except ApiError as error:
                    failures.append(error)
            if failures:
                raise failures[0]
            done, batch = done + batch, batch * 2
        return False

    # ------------------------------------------------------------------ the steps
    def _keep(self, round_: Round, replica: Replica) -> bool:
        """See to one place of the set; True when the ones after it must wait. # k8s: processReplica."""
        stateful_set, (ordinal, pod) = round_.set, replica
        if pod is None:
            if not self._claims.are_stale(stateful_set, ordinal):
                self._create(round_, ordinal)
            return True
        if pods.is_terminal(pod):
            if not refs.is_deleting(pod):
                self._delete(stateful_set, pod)
            return True
        if pods.phase(pod) == pods.PENDING:
            self._ensure_claims(stateful_set, ordinal)
        wait = stateful_set["spec"].get("minReadySeconds", 0)
        if round_.is_ordered and _is_unavailable(replica, wait, self._client.now()):
            return True
        self._correct(stateful_set, pod)
        return False

    def _create(self, round_: Round, ordinal: int) -> None:
        stateful_set, found = round_.set, round_.found
        revision = found.current if _keeps_current(stateful_set, ordinal) else found.update
        name = revision["metadata"]["name"]
        body = identity.pod_body(stateful_set, history.template_of(revision), name, ordinal)
        self._ensure_claims(stateful_set, ordinal, verb="Create")
        try:
            pod = self._client.create(PODS, stateful_set["metadata"]["namespace"], body)
            self._claims.keep_owners(stateful_set, pod)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                self._tell(stateful_set, "Create", body["metadata"]["name"], error)
            raise
        self._tell(stateful_set, "Create", body["metadata"]["name"])

    def _ensure_claims(self, stateful_set: Tree, ordinal: int, verb: str = "") -> None:
        try:
            self._claims.ensure(stateful_set, ordinal)
        except ClaimError as error:
            if verb:
                self._tell(stateful_set, verb, f"{stateful_set['metadata']['name']}-{ordinal}", error)
            raise ApiError({"message": str(error), "code": 500}) from error

    def _correct(self, stateful_set: Tree, pod: Tree) -> None:
        """Mend the labels and the volumes of a pod, and the owners of its claims."""
        wanted = identity.corrected(stateful_set, pod)
        if wanted is not pod:
            if wanted["spec"] is not pod["spec"]:
                self._ensure_claims(stateful_set, _ordinal(stateful_set, pod), verb="Update")
            name = pod["metadata"]["name"]
            try:
                self._client.update(PODS, wanted)
            except ApiError as error:
                self._tell(stateful_set, "Update", name, error)
                raise
            self._tell(stateful_set, "Update", name)
        self._claims.keep_owners(stateful_set, pod)

    def _remove(self, round_: Round, replica: Replica) -> bool:
        """Delete a pod beyond the size of the set; True when the ones after it must wait. # k8s: processCondemned."""
        pod = replica.pod
        if pod is None:
            return False
        self._claims.keep_owners(round_.set, pod)
        if refs.is_deleting(pod):
            return round_.is_ordered
        wait = round_.set["spec"].get("minReadySeconds", 0)
        is_unavailable = _is_unavailable(replica, wait, self._client.now())
        if round_.is_ordered and is_unavailable and replica is not round_.first_unavailable:
            return True
        self._delete(round_.set, pod)
        return True

    def _update(self, round_: Round) -> int:
        """Delete the pod with the highest ordinal that has an old revision, when all above it are available."""
        spec, wanted = round_.set["spec"], round_.found.update["metadata"]["name"]
        rolling: Tree = (spec.get("updateStrategy") or EMPTY).get("rollingUpdate") or EMPTY
        wait, now = spec.get("minReadySeconds", 0), self._client.now()
        for replica in reversed(round_.replicas[rolling.get("partition") or 0 :]):
            pod = replica.pod
            if pod is not None and identity.revision_of(pod) != wanted and not refs.is_deleting(pod):
                self._delete(round_.set, pod)
                return 1
            if _is_unavailable(replica, wait, now):
                return 0
        return 0

    def _delete(self, stateful_set: Tree, pod: Tree) -> None:
        name = pod["metadata"]["name"]
        try:
            self._client.delete(PODS, *refs.place(pod))
        except ApiError as error:
            self._tell(stateful_set, "Delete", name, error)
            if error.reason != "NotFound":
                raise
        else:
            self._tell(stateful_set, "Delete", name)

    def _tell(self, stateful_set: Tree, verb: str, pod: str, error: Exception | None = None) -> None:
        text = f"{verb} Pod {pod} in StatefulSet {stateful_set['metadata']['name']}"
        if error is None:
            self._client.event(stateful_set, "Normal", f"Successful{verb}", f"{text} successful")
        else:
            self._client.event(stateful_set, "Warning", f"Failed{verb}", f"{text} failed error: {error}")


def _ordinal(stateful_set: Tree, pod: Tree) -> int:
    return identity.ordinal_of(pod["metadata"]["name"], stateful_set["metadata"]["name"])


def _is_unavailable(replica: Replica, min_ready_seconds: int, now: int) -> bool:
    pod = replica.pod
    return pod is None or refs.is_deleting(pod) or not identity.is_available(pod, min_ready_seconds, now)


def _keeps_current(stateful_set: Tree, ordinal: int) -> bool:
    """Whether a new pod is made from the revision before the update. # k8s: newVersionedStatefulSetPod."""
    strategy: Tree = stateful_set["spec"].get("updateStrategy") or EMPTY
    if strategy.get("type") != "RollingUpdate":
        return False
    place = ordinal - identity.start_of(stateful_set)
    rolling = strategy.get("rollingUpdate")
    count = (
        (stateful_set.get("status") or EMPTY).get("currentReplicas") if rolling is None else rolling.get("partition")
    )
    return place < int(count or 0)


def _facts(pod: Tree) -> tuple[object, ...]:
    ready = pods.ready_condition(pod)
    since = (ready["status"], ready.get("lastTransitionTime")) if ready is not None else None
    metadata = pod["metadata"]
    return pods.phase(pod), since, refs.is_deleting(pod), metadata.get("labels"), metadata.get("ownerReferences")
