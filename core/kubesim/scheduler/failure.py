"""What is done about a pod that could not be scheduled: preemption, the queue, the event and the condition."""

from typing import Any

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.objects.errors import ApiError
from kubesim.objects.refs import condition, set_condition
from kubesim.objects.wire import EMPTY, PODS, Gvr, Tree
from kubesim.scheduler.decision import Preemption
from kubesim.scheduler.devices.reserving import Reserving
from kubesim.scheduler.diagnosis import Diagnosis
from kubesim.scheduler.nodeinfo import PodRecord
from kubesim.scheduler.nominator import Nominator, nominated_node
from kubesim.scheduler.plugins.dynamic_resources import NAME as DYNAMIC_RESOURCES
from kubesim.scheduler.plugins.dynamic_resources import NO_CLAIMS
from kubesim.scheduler.podinfo import Incoming
from kubesim.scheduler.preemption import DefaultPreemption
from kubesim.scheduler.queue import QueuedPod
from kubesim.scheduler.victims import Candidate

PODDISRUPTIONBUDGETS = Gvr("policy", "v1", "poddisruptionbudgets")
NOTHING_PREPARED = "not found"
"""What DynamicResources says when the pod was rejected before it came to its turn."""
GATED = "Scheduling is blocked due to non-empty scheduling gates"
NOTE_LIMIT = 1024
"""# k8s: validation.NoteLengthLimit."""


class FailureHandler:
    """# k8s: scheduler handleSchedulingFailure, RunPostFilterPlugins."""

    def __init__(
        self, loop: Loop, client: Client, nominator: Nominator, preemption: DefaultPreemption, devices: Reserving
    ) -> None:
        self.last_error = ""
        """What the API server said to the last write that failed."""
        self._loop = loop
        self._client = client
        self._nominator = nominator
        self._preemption = preemption
        self._devices = devices

    def unschedulable(self, queued: QueuedPod, pod: Incoming, diagnosis: Diagnosis) -> tuple[str, Preemption | None]:
        """See to a pod that fits nowhere; returns the message and what preemption found."""
        nomination: str | None = None
        chosen: Candidate | None = None
        considered: Preemption | None = None
        post_filter = ""
        if diagnosis.rejected is not None and diagnosis.rejected.plugin != DYNAMIC_RESOURCES:
            post_filter = NOTHING_PREPARED
        elif diagnosis.node_count:
            claims = self._devices.post_filter(pod) if diagnosis.rejected is None else NO_CLAIMS
            search = self._preemption.search(pod, diagnosis, self._client.list(PODDISRUPTIONBUDGETS))
            chosen = search.best
            if chosen is None:
                post_filter = f"{claims}, preemption: {search.message}"
                considered = Preemption(message=search.message)
                nomination = "" if search.clears_nomination else None
            else:
                nomination = chosen.node.name
                considered = _preemption(chosen, search.candidates)
        message = diagnosis.message(post_filter)
        if nomination:
            self._nominator.add(queued.pod, pod.info, nomination)
        elif nomination is not None:
            self._nominator.remove(queued.uid)
        self.report(queued.pod, "Unschedulable", message, nomination)
        if chosen is not None:
            self._evict(queued.pod, pod, chosen)
        return message, considered

    # ------------------------------------------------------------------ telling
    def report(self, pod: Tree, reason: str, message: str, nomination: str | None = None) -> None:
        """Write the event and the PodScheduled condition; ``nomination`` None leaves the nominated node as it is."""
        note = message if len(message) <= NOTE_LIMIT else message[: NOTE_LIMIT - 4] + " ..."
        self._client.event(pod, "Warning", "FailedScheduling", note)
        metadata = pod["metadata"]
        fresh = self._client.get(PODS, metadata["namespace"], metadata["name"])
        if fresh is None or fresh["metadata"]["uid"] != metadata["uid"] or fresh["spec"].get("nodeName"):
            return
        status: dict[str, Any] = dict(fresh.get("status") or EMPTY)
        listed = set_condition(status.get("conditions"), self._condition(fresh, reason, message))
        changed = listed is not status.get("conditions")
        status["conditions"] = listed
        if nomination is not None and nomination != nominated_node(fresh):
            changed = True
            status.pop("nominatedNodeName", None)
            if nomination:
                status["nominatedNodeName"] = nomination
        if changed:
            self._write(fresh, status)

    def skipped(self, pod: Tree) -> None:
        """Tell that a pod which is going away is not scheduled any more."""
        metadata = pod["metadata"]
        text = f"skip schedule deleting pod: {metadata['namespace']}/{metadata['name']}"
        self._client.event(pod, "Warning", "FailedScheduling", text)

    def gated(self, pod: Tree, revision: int) -> None:
        """See to it that a new pod with scheduling gates gets its condition, unless it has one.

        # differs: kube-apiserver sets it when it creates the pod
        """
        self._loop.at(self._loop.now, self._mark_gated, pod, revision)

    def _mark_gated(self, pod: Tree, revision: int) -> None:
        metadata = pod["metadata"]
        fresh = self._client.get(PODS, metadata["namespace"], metadata["name"])
        if fresh is None or not fresh["spec"].get("schedulingGates") or condition(fresh, "PodScheduled") is not None:
            return
        status = dict(fresh.get("status") or EMPTY)
        gated = self._condition(fresh, "SchedulingGated", GATED)
        self._client.cause = revision
        self._write(fresh, {**status, "conditions": set_condition(status.get("conditions"), gated)})
        self._client.cause = 0

    def _condition(self, pod: Tree, reason: str, message: str) -> Tree:
        return {
            "type": "PodScheduled",
            **_observed(pod),
            "status": "False",
            "lastProbeTime": None,
            "lastTransitionTime": self._client.stamp(),
            "reason": reason,
            "message": message,
        }

    def _write(self, pod: Tree, status: Tree) -> bool:
        try:
            self._client.update_status(PODS, {**pod, "status": status})
        except ApiError as error:
            # k8s: this is only logged; the next attempt writes the condition again.
            self.last_error = str(error)
            return False
        return True

    # ------------------------------------------------------------------ making room
    def _evict(self, preemptor: Tree, pod: Incoming, candidate: Candidate) -> None:
        # k8s: preemption Evaluator, the part that it does in the background
        name = candidate.node.name
        for record in self._nominator.on(name):
            if record.info.priority < pod.info.priority:
                self._clear_nomination(record)
        for victim in candidate.victims:
            if not victim.terminating:
                self._delete(preemptor, victim, name)

    def _clear_nomination(self, record: PodRecord) -> None:
        metadata = record.pod["metadata"]
        fresh = self._client.get(PODS, metadata["namespace"], metadata["name"])
        self._nominator.remove(record.uid)
        if fresh is not None and nominated_node(fresh):
            status = {key: value for key, value in fresh["status"].items() if key != "nominatedNodeName"}
            self._write(fresh, status)

    def _delete(self, preemptor: Tree, victim: PodRecord, node: str) -> None:
        metadata = victim.pod["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        fresh = self._client.get(PODS, namespace, name)
        if fresh is None or fresh["metadata"]["uid"] != victim.uid:
            return
        agent = preemptor["spec"].get("schedulerName", "default-scheduler")
        disruption = {
            "type": "DisruptionTarget",
            **_observed(fresh),
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": self._client.stamp(),
            "reason": "PreemptionByScheduler",
            "message": f"{agent}: preempting to accommodate a higher priority pod",
        }
        status = dict(fresh.get("status") or EMPTY)
        if condition(fresh, "DisruptionTarget") != disruption:
            status["conditions"] = set_condition(status.get("conditions"), disruption)
            if not self._write(fresh, status):
                return
        try:
            self._client.delete(PODS, namespace, name)
        except ApiError as error:
            # k8s: a victim that is gone already is as good as deleted, and gets no event.
            self.last_error = str(error)
            return
        uid = preemptor["metadata"]["uid"]
        self._client.event(victim.pod, "Normal", "Preempted", f"Preempted by pod {uid} on node {node}")


def _observed(pod: Tree) -> dict[str, int]:
    generation = pod["metadata"].get("generation")
    return {"observedGeneration": generation} if generation else {}


def _preemption(chosen: Candidate, candidates: tuple[Candidate, ...]) -> Preemption:
    victims = tuple((v.namespace, str(v.pod["metadata"]["name"])) for v in chosen.victims)
    return Preemption(chosen.node.name, victims, "", tuple((c.node.name, len(c.victims)) for c in candidates))
