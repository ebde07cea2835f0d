"""What the replicaset controller remembers of one ReplicaSet between two syncs."""

from collections.abc import Callable
from typing import Any, NamedTuple

from kubesim.controllers.replicaset.tally import ACTIVE, Tally
from kubesim.objects import refs, selectors
from kubesim.objects.wire import EMPTY, REPLICASETS, REPLICATIONCONTROLLERS, Gvr, Tree


class Kind(NamedTuple):
    """A kind of object that keeps a number of pods; ``selector`` makes a selector of its ``spec.selector``."""

    gvr: Gvr
    name: str
    selector: Callable[[Any], selectors.Selector]
    counts_terminating: bool
    """Whether its status has ``terminatingReplicas``."""


REPLICA_SET = Kind(REPLICASETS, "ReplicaSet", selectors.from_label_selector, True)
REPLICATION_CONTROLLER = Kind(REPLICATIONCONTROLLERS, "ReplicationController", selectors.from_map, False)


class Record:
    """The tally of a ReplicaSet, the body its pods are created with, and the work that is under way."""

    __slots__ = (
        "adopting",
        "batch",
        "burst",
        "cause",
        "key",
        "kind",
        "owner",
        "owners",
        "pod_body",
        "reported_at",
        "selected",
        "selector",
        "strangers",
        "tally",
        "template",
        "template_labels",
        "uid",
        "victims",
    )

    def __init__(self, replica_set: Tree, kind: Kind) -> None:
        self.kind = kind
        self.key = refs.place(replica_set)
        self.uid = refs.uid(replica_set)
        self.owners = [refs.owner_reference(replica_set, kind.gvr.api_version, kind.name)]
        self.adopting = True
        self.batch = 1
        self.burst = 0
        self.cause = 0
        self.reported_at = 0
        self.strangers: dict[str, None] = {}
        self.victims: list[str] = []
        self.renew(replica_set)

    def renew(self, replica_set: Tree) -> None:
        """Take over a changed spec; the tally starts anew."""
        spec = replica_set["spec"]
        owner = refs.controller_of(replica_set)
        self.owner = "" if owner is None else str(owner["uid"])
        self.selected: Tree = spec.get("selector") or EMPTY
        self.selector = self.kind.selector(self.selected)
        self.template: Tree = spec["template"]
        metadata = self.template.get("metadata") or EMPTY
        self.template_labels: Tree = metadata.get("labels") or EMPTY
        self.tally = Tally(spec.get("minReadySeconds", 0))
        body: dict[str, Any] = {"generateName": f"{self.key[1]}-", "labels": self.template_labels}
        for field in ("annotations", "finalizers"):
            if metadata.get(field):
                body[field] = metadata[field]
        body["ownerReferences"] = self.owners
        # All pods are created with one body, so that whoever prepares it needs to do so only once.
        self.pod_body: Tree = {"metadata": body, "spec": self.template["spec"]}

    def is_outdated(self, replica_set: Tree) -> bool:
        """Whether the spec has changed in something that is kept here."""
        spec = replica_set["spec"]
        owner = refs.controller_of(replica_set)
        return (
            (spec["template"] is not self.template and spec["template"] != self.template)
            or (spec.get("selector") or EMPTY) != self.selected
            or spec.get("minReadySeconds", 0) * 1000 != self.tally.min_ready_ms
            or ("" if owner is None else owner["uid"]) != self.owner
        )

    def counts(self) -> dict[str, Any]:
        """The numbers of the status."""
        found = self.tally.counts()
        if not self.kind.counts_terminating:
            del found["terminatingReplicas"]
        return found

    def fits(self, labels: Tree | None) -> bool:
        """Whether labels have all that the selector and the template ask for."""
        return self.selector.matches(labels) and self.template_labels.items() <= (labels or EMPTY).items()

    def is_active(self, name: str) -> bool:
        """Whether a pod counts as active."""
        return bool(self.tally.bits(name) & ACTIVE)
