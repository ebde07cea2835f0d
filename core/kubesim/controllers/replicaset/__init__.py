"""The replicaset controller: keeps the wished number of pods of each ReplicaSet alive.

A pod event only changes the tally of its ReplicaSet. Losing a pod asks for a sync at once; all other changes are
gathered and written into the status at most ten times a second.
"""

from collections.abc import Hashable
from typing import Any, cast

from kubesim.controllers.replicaset import ranking, tally
from kubesim.controllers.replicaset.record import REPLICA_SET, Record
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import pods, refs
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import EMPTY, PODS, Tree

STATUS_DELAY_MS = 100
"""Changes of counters are gathered for this long. # differs: Kubernetes syncs as fast as it can"""
SLICE = 50
"""How many pods one callback creates or deletes, so that a screen can be painted in between."""
BURST = 500
"""How many pods are created before their arrival is waited for. # k8s: replica_set.go BurstReplicas"""
BURST_PAUSE_MS = 3
MEMO_SIZE = 5_000


class ReplicaSetController:
    """Creates and deletes the pods of ReplicaSets. ``controller`` is its driver; keys are (namespace, name)."""

    kind = REPLICA_SET
    """What it looks after; a ReplicationController is looked after in the same way."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller(self.kind.name.lower(), loop, client, self)
        self._client = client
        self._by_uid: dict[str, Record] = {}
        self._spaces: dict[str, dict[str, Record]] = {}
        self._orphans: dict[str, dict[str, None]] = {}
        self._harmless: dict[tuple[int, int, int], tuple[Any, Any, Any, bool]] = {}
        """Changes of labels that change no count, by identity of the labels and the owners."""
        hub.on(self.kind.gvr, self._replica_set_changed)
        hub.on(PODS, self._pod_changed)
        for each in client.list(self.kind.gvr):
            self._replica_set_changed(None, each, 0)
        for each in client.list(PODS):
            self._pod_changed(None, each, 0)

    def __getstate__(self) -> dict[str, Any]:
        # Addresses mean nothing in another process.
        return {**self.__dict__, "_harmless": {}}

    # ------------------------------------------------------------------ handlers
    def _replica_set_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if old is not None and (new is None or refs.uid(new) != refs.uid(old)):
            namespace, name = refs.place(old)
            self._by_uid.pop(refs.uid(old), None)
            self._spaces.get(namespace, {}).pop(name, None)
        if new is not None:
            record = self._record(new)
            record.cause = revision
            self.controller.add(record.key, revision)

    def _record(self, replica_set: Tree) -> Record:
        """The record of a ReplicaSet, made or brought up to its present spec."""
        uid = refs.uid(replica_set)
        record = self._by_uid.get(uid)
        if record is None:
            self._harmless.clear()
            record = self._by_uid[uid] = Record(replica_set, self.kind)
            namespace, name = record.key
            self._spaces.setdefault(namespace, {})[name] = record
        elif record.is_outdated(replica_set):
            known = list(record.tally)
            self._harmless.clear()
            record.renew(replica_set)
            record.adopting = True
            for name in known:
                record.strangers[name] = None
                self._count(record, name)
        return record

    def _pod_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if old is not None and new is not None and not self._matters(old, new):
            return
        pod = new if new is not None else old
        if pod is None:
            return
        metadata = pod["metadata"]
        reference = refs.controller_of(pod)
        if reference is not None:
            record = self._by_uid.get(reference["uid"])
            if record is not None:
                self._owned_changed(record, old, new, metadata, revision)
        owners = metadata.get("ownerReferences")
        if old is not None and new is not None and old["metadata"].get("ownerReferences") is not owners:
            self._let_go(old, new, revision)
        if reference is None or self._orphans:
            self._note_orphan(old, new, revision)

    def _matters(self, old: Tree, new: Tree) -> bool:
        """Whether a change of a pod can change what is counted or owned. Most do not."""
        before, after = old["metadata"], new["metadata"]
        owners = after.get("ownerReferences")
        if before.get("ownerReferences") is not owners:
            return True
        were, are = before.get("labels"), after.get("labels")
        if were is not are:
            # A bound pod gets the labels of its zone, which nobody asks for. The pods of a template share all three.
            known = self._harmless.get((id(were), id(are), id(owners)))
            if not (known[3] if known is not None else self._is_harmless(were, are, owners)):
                return True
        return tally.differs(old, new)

    def _is_harmless(self, were: Tree | None, are: Tree | None, owners: Any) -> bool:
        """Whether pods with these owners count the same with either labels. Remembered until a spec changes."""
        reference = refs.controller_in(owners)
        record = None if reference is None else self._by_uid.get(reference["uid"])
        found = record is not None and record.fits(were) and record.fits(are)
        if len(self._harmless) >= MEMO_SIZE:
            self._harmless.clear()
        self._harmless[id(were), id(are), id(owners)] = (were, are, owners, found)
        return found

    def _owned_changed(self, record: Record, old: Tree | None, new: Tree | None, metadata: Tree, revision: int) -> None:
        name = metadata["name"]
        labels = metadata.get("labels")
        # The creation of a pod that this loop made itself is news of nothing else.
        is_known = old is None and bool(record.tally.bits(name))
        lost = not is_known and self._count(record, name, new)
        if old is not None and old["metadata"].get("labels") is not labels:
            record.strangers.pop(name, None)
            if not record.selector.matches(labels):
                record.strangers[name] = None
                lost = True
        if lost:
            self.controller.add(record.key, revision)
        else:
            record.cause = revision
            self.controller.add_after(record.key, STATUS_DELAY_MS)

    def _count(self, record: Record, name: str, owned: Tree | None = None) -> bool:
        """Count a pod as it is in the store now; True when an active pod was lost. ``owned`` is known to be ours."""
        pod = self._client.get(PODS, record.key[0], name)
        if pod is None or (pod is not owned and not _is_owned(pod, record.uid)):
            return bool(record.tally.drop(name) & tally.ACTIVE)
        bits = tally.bits_of(pod, record.template_labels)
        was = record.tally.put(name, bits, pod, self._client.now())
        return bool(was & ~bits & tally.ACTIVE)

    def _let_go(self, old: Tree, new: Tree, revision: int) -> None:
        before, after = refs.controller_of(old), refs.controller_of(new)
        if before is not None and (after is None or after["uid"] != before["uid"]):
            record = self._by_uid.get(before["uid"])
            if record is not None:
                self._count(record, new["metadata"]["name"])
                record.strangers.pop(new["metadata"]["name"], None)
                self.controller.add(record.key, revision)

    def _note_orphan(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        pod = new if new is not None else old
        if pod is None:
            return
        namespace, name = refs.place(pod)
        if new is None or refs.controller_of(new) is not None:
            space = self._orphans.get(namespace)
            if space is not None:
                space.pop(name, None)
                if not space:
                    del self._orphans[namespace]
            return
        known = self._orphans.setdefault(namespace, {})
        if name in known and old is not None and old["metadata"].get("labels") is new["metadata"].get("labels"):
            return
        known[name] = None
        for record in self._spaces.get(namespace, {}).values():
            if record.selector.matches(refs.labels(new)):
                record.adopting = True
                self.controller.add(record.key, revision)

    # ------------------------------------------------------------------ one sync
    def reconcile(self, key: Hashable) -> int | None:
        """Bring one ReplicaSet nearer to its wished number; at most ``SLICE`` pods a call."""
        namespace, name = cast("tuple[str, str]", key)
        replica_set = self._client.get(self.kind.gvr, namespace, name)
        if replica_set is None:
            return None
        record = self._record(replica_set)
        self._client.cause = self._client.cause or record.cause
        if not refs.is_deleting(replica_set):
            self._claim(replica_set, record)
        now = self._client.now()
        ripe = record.tally.ripen(now)
        # k8s: the status tells of the pods that were there before this sync acted
        counts, active = record.counts(), record.tally.active
        error, again = None, None
        if not refs.is_deleting(replica_set):
            error, again = self._manage(replica_set, record)
        pause = self._report(replica_set, record, counts, active, error)
        if error is not None:
            raise error
        wishes = [again, pause, None if ripe is None else ripe - now]
        return min((wish for wish in wishes if wish is not None), default=None)

    def _claim(self, replica_set: Tree, record: Record) -> None:
        namespace = record.key[0]
        for name in list(record.strangers):
            record.strangers.pop(name, None)
            pod = self._client.get(PODS, namespace, name)
            if pod is not None and _is_owned(pod, record.uid) and not record.selector.matches(refs.labels(pod)):
                rest = [owner for owner in pod["metadata"]["ownerReferences"] if owner["uid"] != record.uid]
                _own(self._client, pod, rest)
                self._count(record, name)
        if not record.adopting:
            return
        record.adopting = False
        for name in list(self._orphans.get(namespace, ())):
            pod = self._client.get(PODS, namespace, name)
            if pod is None or refs.controller_of(pod) is not None or not pods.is_active(pod):
                continue
            if record.selector.matches(refs.labels(pod)):
                _own(self._client, pod, [*(pod["metadata"].get("ownerReferences") or ()), *record.owners])
                self._count(record, name)

    def _manage(self, replica_set: Tree, record: Record) -> tuple[ApiError | None, int | None]:
        missing = replica_set["spec"].get("replicas", 1) - record.tally.active
        if missing > 0:
            record.victims.clear()
            return self._create(replica_set, record, missing)
        record.batch, record.burst = 1, 0
        if missing < 0:
            return self._delete(replica_set, record, -missing)
        record.victims.clear()
        return None, None

    def _create(self, replica_set: Tree, record: Record, missing: int) -> tuple[ApiError | None, int | None]:
        """Create in batches of 1, 2, 4 ...: when one fails, the rest of its batch is the last that is tried."""
        budget = min(missing, SLICE)
        while budget > 0:
            size = min(record.batch, budget)
            errors = [self._create_one(replica_set, record) for _ in range(size)]
            failed = [error for error in errors if error is not None]
            if failed:
                record.batch, record.burst = 1, 0
                return None if _is_namespace_terminating(failed[0]) else failed[0], None
            budget -= size
            missing -= size
            record.burst += size
            record.batch *= 2
        if missing == 0:
            record.batch, record.burst = 1, 0
            return None, None
        if record.burst >= BURST:
            record.batch, record.burst = 1, 0
            return None, BURST_PAUSE_MS
        return None, 0

    def _create_one(self, replica_set: Tree, record: Record) -> ApiError | None:
        client = self._client
        try:
            pod = client.create(PODS, record.key[0], record.pod_body)
        except ApiError as error:
            if not _is_namespace_terminating(error):
                client.event(replica_set, "Warning", "FailedCreate", f"Error creating: {error}")
            return error
        name = pod["metadata"]["name"]
        record.tally.put(name, tally.FRESH, pod, client.now())
        client.event(replica_set, "Normal", "SuccessfulCreate", f"Created pod: {name}")
        return None

    def _delete(self, replica_set: Tree, record: Record, excess: int) -> tuple[ApiError | None, int | None]:
        if not record.victims:
            record.victims.extend(reversed(self._rank(replica_set, record, excess)))
        first: ApiError | None = None
        for _ in range(min(excess, SLICE, len(record.victims))):
            name = record.victims.pop()
            self._count(record, name)
            if not record.is_active(name):
                continue
            error = self._delete_one(replica_set, record, name)
            first = first or error
        if first is not None:
            record.victims.clear()
            return first, None
        return None, 0 if record.tally.active > replica_set["spec"].get("replicas", 1) else None

    def _delete_one(self, replica_set: Tree, record: Record, name: str) -> ApiError | None:
        try:
            self._client.delete(PODS, record.key[0], name)
        except ApiError as error:
            self._count(record, name)
            if error.reason == "NotFound":
                return None
            self._client.event(replica_set, "Warning", "FailedDelete", f"Error deleting: {error}")
            return error
        self._count(record, name)
        self._client.event(replica_set, "Normal", "SuccessfulDelete", f"Deleted pod: {name}")
        return None

    def _rank(self, replica_set: Tree, record: Record, excess: int) -> list[str]:
        mine = _pods_of(record, self._client)
        candidates = [pod for pod in mine if pods.is_active(pod)]
        related = list(mine)
        owner = refs.controller_of(replica_set)
        if owner is not None and excess < len(candidates):
            for other in self._spaces.get(record.key[0], {}).values():
                if other is not record and other.owner == owner["uid"]:
                    related += _pods_of(other, self._client)
        chosen = ranking.victims(candidates, related, excess, self._client.now())
        return [pod["metadata"]["name"] for pod in chosen]

    # ------------------------------------------------------------------ status
    def _report(
        self, replica_set: Tree, record: Record, counts: dict[str, Any], active: int, error: ApiError | None
    ) -> int | None:
        """Write the status if it has changed; returns how long to wait when it was written a moment ago."""
        known = replica_set.get("status") or EMPTY
        generation = replica_set["metadata"].get("generation", 0)
        conditions = _failures(replica_set, known.get("conditions"), active, error, self._client.stamp())
        status = {**counts, "observedGeneration": generation}
        if conditions:
            status["conditions"] = conditions
        if status == known:
            return None
        now = self._client.now()
        urgent = known.get("observedGeneration") != generation or conditions != (known.get("conditions") or [])
        if not urgent and now < record.reported_at + STATUS_DELAY_MS:
            return record.reported_at + STATUS_DELAY_MS - now
        record.reported_at = now
        self._client.update_status(self.kind.gvr, {**replica_set, "status": status})
        return None


def _failures(replica_set: Tree, known: Any, active: int, error: ApiError | None, stamp: str) -> list[Any]:
    # k8s: replica_set_utils.go calculateStatus
    conditions = list(known or ())
    failing = any(each["type"] == "ReplicaFailure" for each in conditions)
    if error is None:
        return [each for each in conditions if each["type"] != "ReplicaFailure"] if failing else conditions
    if failing:
        return conditions
    reason = "FailedCreate" if active < replica_set["spec"].get("replicas", 1) else "FailedDelete"
    failure = {
        "type": "ReplicaFailure",
        "status": "True",
        "lastTransitionTime": stamp,
        "reason": reason,
        "message": str(error),
    }
    return [*conditions, failure]


def _own(client: Client, pod: Tree, owners: list[Any]) -> None:
    metadata = {key: value for key, value in pod["metadata"].items() if key != "ownerReferences"}
    if owners:
        metadata["ownerReferences"] = owners
    client.update(PODS, {**pod, "metadata": metadata})


def _pods_of(record: Record, client: Client) -> list[Tree]:
    found = [client.get(PODS, record.key[0], name) for name in record.tally]
    return [pod for pod in found if pod is not None and _is_owned(pod, record.uid)]


def _is_owned(pod: Tree, uid: str) -> bool:
    reference = refs.controller_of(pod)
    return reference is not None and reference["uid"] == uid


def _is_namespace_terminating(error: ApiError) -> bool:
    causes = (error.status.get("details") or EMPTY).get("causes") or ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)
