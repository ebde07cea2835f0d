"""A small cluster with the controllers of all workloads, and a stand-in kubelet that knows node affinity and ends."""

from typing import Any

from kubesim.controllers.autoscaler import AutoscalerController
from kubesim.controllers.cronjob import CronJobController
from kubesim.controllers.daemonset import DaemonSetController
from kubesim.controllers.disruption import DisruptionController
from kubesim.controllers.job import JobController
from kubesim.controllers.replicaset.replication import ReplicationManager
from kubesim.controllers.resourcequota import ResourceQuotaController
from kubesim.controllers.statefulset import StatefulSetController
from kubesim.controllers.ttlafterfinished import TtlAfterFinishedController
from kubesim.controllers.volumes import PersistentVolumeController
from kubesim.controllers.volumes.ephemeral import EphemeralVolumeController
from kubesim.controllers.volumes.expansion import ExpansionController
from kubesim.controllers.volumes.protection import ClaimProtectionController, VolumeProtectionController
from kubesim.objects import refs
from kubesim.objects.wire import NODES, PODS, Tree
from unit.controllers.small_cluster import SmallCluster, SmallKubelet


class Usage:
    """What the pods use, by name: milli-cores and bytes."""

    def __init__(self) -> None:
        self.amounts: dict[str, tuple[int, int]] = {}

    def usage(self, namespace: str, name: str) -> tuple[int, int] | None:
        return self.amounts.get(f"{namespace}/{name}") or self.amounts.get("*")

    def container_usage(self, namespace: str, name: str) -> dict[str, tuple[int, int]]:
        found = self.usage(namespace, name)
        return {} if found is None else {"c": found}


class Kubelet(SmallKubelet):
    """As the small one; follows the node affinity of daemon pods, and ended pods look as those of the recordings."""

    def _bind(self, place: tuple[str, str]) -> None:
        pod = self.client.get(PODS, *place)
        if pod is None or pod["spec"].get("nodeName") or refs.is_deleting(pod):
            return
        node = wished_node(pod)
        if not node:
            super()._bind(place)
        elif self.client.get(NODES, "", node) is not None:
            body = {"metadata": {"name": place[1]}, "target": {"apiVersion": "v1", "kind": "Node", "name": node}}
            self.client.create(PODS, place[0], body, "binding", place[1])

    def _start(self, place: tuple[str, str]) -> None:
        super()._start(place)
        pod = self.client.get(PODS, *place)
        if pod is not None and pod["status"].get("phase") in {"Failed", "Succeeded"} and not refs.is_deleting(pod):
            self.client.update_status(PODS, {**pod, "status": ended(pod, self.loop.stamp())})


def wished_node(pod: Tree) -> str:
    node_affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    terms = (node_affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms") or ()
    for term in terms:
        for field in term.get("matchFields") or ():
            return str(field["values"][0])
    return ""


def ended(pod: Tree, stamp: str) -> dict[str, Any]:
    status = pod["status"]
    failed = status["phase"] == "Failed"
    terminated = {
        "exitCode": int(failed),
        "reason": "Error" if failed else "Completed",
        "startedAt": stamp,
        "finishedAt": stamp,
    }
    reason = "ContainersNotReady" if failed else "PodCompleted"
    conditions = [{**each, "reason": reason} if "reason" in each else each for each in status["conditions"]]
    containers = [{**status["containerStatuses"][0], "state": {"terminated": terminated}}]
    return {**status, "conditions": conditions, "containerStatuses": containers}


class WorkloadCluster(SmallCluster):
    """``usage`` is what the autoscaler is told of pods; None until a test sets amounts."""

    def __init__(self, *, nodes: int = 3, metrics: bool = True, kubelet: type[Kubelet] = Kubelet) -> None:
        self.usage = Usage() if metrics else None
        super().__init__(kubelets=False)
        self.kubelet = kubelet(self.loop, self.hub, self.client_of("kubelet"))
        for number in range(nodes):
            self.add_node(f"n{number}", f"z{number % 2}")
        self.run(0.02)

    def _controllers(self, grace_ms: int, period_ms: int) -> None:
        super()._controllers(grace_ms, period_ms)
        loop, hub, of = self.loop, self.hub, self.client_of
        self.job = JobController(loop, hub, of("job-controller"))
        self.cronjob = CronJobController(loop, hub, of("cronjob-controller"))
        self.statefulset = StatefulSetController(loop, hub, of("statefulset-controller"))
        self.daemonset = DaemonSetController(loop, hub, of("daemonset-controller"))
        self.replication = ReplicationManager(loop, hub, of("replication-controller"))
        self.autoscaler = AutoscalerController(loop, hub, of("horizontal-pod-autoscaler"), self.usage)
        self.disruption = DisruptionController(loop, hub, of("disruption-controller"))
        self.volumes = PersistentVolumeController(loop, hub, of("persistentvolume-controller"))
        self.expansion = ExpansionController(loop, hub, of("expand-controller"))
        self.ephemeral = EphemeralVolumeController(loop, hub, of("ephemeral-volume-controller"))
        self.claim_protection = ClaimProtectionController(loop, hub, of("pvc-protection-controller"))
        self.volume_protection = VolumeProtectionController(loop, hub, of("pv-protection-controller"))
        tables = sorted({strategy.storage or strategy.gvr for strategy in self.api.resources()})
        self.quotas = ResourceQuotaController(loop, hub, of("resourcequota-controller"), tables)
        self.expiry = TtlAfterFinishedController(loop, hub, of("ttl-after-finished-controller"))

    def end_pod(self, name: str, phase: str, namespace: str = "default", code: int = 1) -> None:
        """Let a running pod end."""
        pod = self.get("Pod", name, namespace)
        status = ended({**pod, "status": {**pod["status"], "phase": phase}}, self.loop.stamp())
        status["containerStatuses"][0]["state"]["terminated"]["exitCode"] = code if phase == "Failed" else 0
        self.admin.update_status(PODS, {**pod, "status": status})

    def messages(self, kind: str, name: str) -> list[tuple[str, str]]:
        """(reason, message) of the Events about one object, in order."""
        return [(reason, message) for about, reason, message in self.events() if about == f"{kind}/{name}"]
