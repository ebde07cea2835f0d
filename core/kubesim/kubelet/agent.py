"""The kubelet of one node: its pods, images, addresses and resources, and whether it runs and reaches the API."""

from collections.abc import Mapping
from typing import Any

from kubesim.kubelet import attaching, collection, disks, entrance, images, node, resizing, sysctls
from kubesim.kubelet.addresses import PodAddresses
from kubesim.kubelet.eviction import Eviction
from kubesim.kubelet.heartbeat import Heartbeat
from kubesim.kubelet.node import NodeSpec
from kubesim.kubelet.plan import HostPort, PodPlan
from kubesim.kubelet.record import OVER
from kubesim.kubelet.shared import Shared
from kubesim.kubelet.shutdown import Shutdown
from kubesim.kubelet.worker import PodWorker
from kubesim.machinery.client import Client
from kubesim.objects import pods, quantities
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import PODS, Gvr, Tree


class Agent:
    """One kubelet."""

    def __init__(self, shared: Shared, client: Client, spec: NodeSpec, host_ip: str, cidr: str) -> None:
        self.shared = shared
        self.loop = shared.loop
        self.client = client
        self.spec = spec
        self.settings = spec.kubelet
        self.name = spec.name
        self.host_ip = host_ip
        self.host_ips = [{"ip": host_ip}]
        self.addresses = PodAddresses(cidr)
        self.images = images.ImageStore(quantities.value(spec.bandwidth), spec.pull_latency_ms)
        for image in spec.images:
            reference = images.parse(image)
            self.images.present[reference.full] = shared.catalogue.profile(reference).size
        self.allocatable_texts: Mapping[str, str] = node.capacity(spec)
        self._capacity = pods.amounts_of(self.allocatable_texts)
        self._used: dict[str, int] = {}
        self._host_ports: dict[HostPort, str] = {}
        self.workers: dict[str, PodWorker] = {}
        """The pods of the node by uid."""
        self.mounted: dict[str, dict[str, None]] = {}
        """The uids of the pods that use a volume of a CSI driver, by its unique name."""
        self.eviction = Eviction(self)
        self.shutdown = Shutdown(self)
        self.collector = collection.ImageCollector(self)
        self.preempted: dict[str, list[PodWorker]] = {}
        """The pods that have to go for a critical pod, by its uid."""
        self.deferred: dict[str, PodWorker] = {}
        """Pods whose resize waits for room, by uid."""
        self.is_evicting = any(taint["effect"] == "NoExecute" for taint in spec.taints)
        """Whether the node has a taint that pods have to leave for."""
        self.running = True
        """Whether the kubelet process runs."""
        self.online = True
        """Whether it runs and reaches the API server."""
        self.booted = 0
        self.last_error = ""
        self.heartbeat = Heartbeat(self)
        client.recorder.host = spec.name

    def lookup(self, gvr: Gvr, namespace: str, name: str) -> Tree | None:
        """An object of the API, for references."""
        return self.client.get(gvr, namespace, name)

    # ------------------------------------------------------------------ pods
    def assign(self, pod: Tree, cause: int) -> PodWorker:
        """Take over a pod that is bound to this node, or its change."""
        uid = pod["metadata"].get("uid", "")
        worker = self.workers.get(uid)
        if worker is None:
            worker = self.workers[uid] = PodWorker(self, pod, self.shared.plans.of(pod), cause)
            worker.poke()
        else:
            worker.change(pod, cause)
        return worker

    def vanished(self, pod: Tree) -> None:
        """A pod's object is gone: nothing of it may go on."""
        worker = self.workers.pop(pod["metadata"].get("uid", ""), None)
        if worker is None:
            return
        if worker.stage != OVER:
            now = self.loop.now
            for container in worker.containers:
                if container.process is not None and not container.stopping:
                    worker.container_event(container, "Normal", "Killing", f"Stopping container {container.plan.name}")
                    container.process.kill(now)
                    disks.keep(worker, container)
            self.release(worker)
            worker.stage = OVER
        self.shared.disks.drop_pod(worker.uid)

    def remove(self, worker: PodWorker) -> None:
        """Nothing of a terminating pod runs any more: remove its object."""
        if not self.online:
            return
        current = self.client.get(PODS, worker.namespace, worker.name)
        if current is None or current["metadata"].get("uid", "") != worker.uid:
            return
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": worker.uid}}
        try:
            self.client.delete(PODS, worker.namespace, worker.name, options)
        except ApiError as error:
            self.last_error = str(error)

    # ------------------------------------------------------------------ resources
    def admit(self, worker: PodWorker) -> tuple[str, str] | None:
        """Book what a pod requests; reason and message when it is not taken in. Raises WaitError."""
        refusal = self.eviction.refusal(worker.pod, worker.plan)
        refusal = refusal or entrance.refusal(self, worker, self._used, self._capacity)
        if refusal is None and worker.plan.sysctls:
            refusal = sysctls.refusal(worker.plan.sysctls, worker.pod["spec"])
        if refusal is not None:
            return refusal
        self._book(worker.plan, 1)
        for port in worker.plan.host_ports:
            self._host_ports[port] = worker.uid
        return None

    def clashes(self, worker: PodWorker) -> bool:
        """Whether a port of the node that a pod wants is another's."""
        held = self._host_ports.items()
        return any(
            port.clashes(other) and owner != worker.uid for port in worker.plan.host_ports for other, owner in held
        )

    def capacity_of(self, resource: str) -> int:
        """How much of a resource the node has for pods; CPU in thousandths of a core."""
        return self._capacity.get(resource, 0)

    def _book(self, plan: PodPlan, sign: int) -> None:
        used = self._used
        used["pods"] = used.get("pods", 0) + sign
        self.eviction.peak += sign * plan.peak_memory
        if plan.is_watched:
            self.eviction.watched += sign
        for name, amount in plan.requests.items():
            used[name] = used.get(name, 0) + sign * amount

    def exchange(self, old: PodPlan, new: PodPlan) -> None:
        """A pod on the node now requests something else."""
        if old.requests != new.requests or old.peak_memory != new.peak_memory:
            self._book(old, -1)
            self._book(new, 1)

    def release(self, worker: PodWorker) -> None:
        """Free what a pod had: resources, ports, address."""
        self._book(worker.plan, -1)
        if self.deferred:
            self.deferred.pop(worker.uid, None)
            resizing.retry(self)
        if worker.plan.has_claims:
            attaching.release(worker)
        if worker.plan.objects:
            self.shared.waiting.forget(worker)
            self.shared.refreshing.forget(worker)
        for port in worker.plan.host_ports:
            if self._host_ports.get(port) == worker.uid:
                del self._host_ports[port]
        if not worker.plan.host_network:
            self.addresses.give_back(worker.ip)

    def keep_image(self, full: str, size: int) -> None:
        """An image has arrived."""
        if full not in self.images.present:
            self.images.present[full] = size
            self.images.arrived[full] = self.loop.now
            self.heartbeat.changed = True

    def reclaim_images(self) -> bool:
        """Remove the images that no pod uses; whether there were any. # k8s: imageGC.DeleteUnusedImages."""
        return bool(collection.remove_unused(self))

    # ------------------------------------------------------------------ saying
    def event(self, about: Tree, kind: str, reason: str, message: str, field_path: str = "") -> None:
        """Record an Event about an object or a part of it; it is lost while the API is out of reach."""
        if self.online:
            self.client.event(about, kind, reason, message, field_path)

    # ------------------------------------------------------------------ outages
    def halt(self, *, machine: bool) -> None:
        """The kubelet stops; with its ``machine`` everything does, without a word."""
        self.running = self.online = False
        self.heartbeat.stop()
        self.shutdown.reset()
        if machine:
            for worker in self.workers.values():
                for container in worker.containers:
                    if container.process is not None:
                        container.process.kill(self.loop.now)
                        disks.keep(worker, container)

    def resume(self, known: Mapping[str, Tree], *, machine: bool) -> None:
        """The kubelet starts again; ``known`` are the pods of the node by uid as the API has them now."""
        now = self.loop.now
        self.running = self.online = True
        self.images.restart()
        if machine:
            self.heartbeat.boot += 1
        for worker in list(self.workers.values()):
            for container in worker.containers:
                container.back_off = container.image_back_off = None
            worker.due = 0
            if machine:
                worker.reboot(now)
        self.heartbeat.start(1_000)
        self.heartbeat.report()
        self.relist(known)

    def disconnect(self) -> None:
        """The API server is out of reach; the kubelet goes on with what it knows."""
        self.online = False

    def reconnect(self, known: Mapping[str, Tree]) -> None:
        """The API server is back."""
        self.online = True
        self.heartbeat.renew()
        self.heartbeat.report()
        self.relist(known)

    def relist(self, known: Mapping[str, Tree]) -> None:
        """Catch up with what the API says about the pods of the node."""
        for worker in list(self.workers.values()):
            if worker.uid not in known:
                self.vanished(worker.pod)
        for pod in known.values():
            self.assign(pod, self.client.revision)

    def describe(self) -> dict[str, Any]:
        """What the node has in use, for people and tests: resource to amount (cpu in thousandths)."""
        return dict(self._used)
