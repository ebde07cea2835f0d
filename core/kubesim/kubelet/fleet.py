"""All kubelets of a cluster: hands pods to the agents of their nodes, and answers for containers."""

from collections.abc import Callable, Mapping

from kubesim.kernel.chance import Chance
from kubesim.kernel.loop import Loop
from kubesim.kubelet import addresses, traffic
from kubesim.kubelet.agent import Agent
from kubesim.kubelet.catalogue import Catalogue
from kubesim.kubelet.credentials import AccountTokens
from kubesim.kubelet.heartbeat import LEASE_MS
from kubesim.kubelet.node import NodeSpec
from kubesim.kubelet.outages import Outages
from kubesim.kubelet.refreshing import Refresher
from kubesim.kubelet.runtime import Connection, LogLine, Outcome
from kubesim.kubelet.shared import Shared
from kubesim.kubelet.simruntime.containers import SimRuntime, WorldMaker
from kubesim.kubelet.worker import PodWorker
from kubesim.machinery.authority import Seal
from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.objects.pods import node_name
from kubesim.objects.wire import CONFIGMAPS, FAULTS, NODES, PODS, SECRETS, Identity, Tree

RESYNC_MS, RELABEL_MS = 60_000, 1_000
"""When changed objects and changed labels are seen in volumes. # k8s: kubelet syncFrequency
# differs: all pods look at the full minute
"""
IDENTITY = Identity("system:kubelets", ("system:nodes", "system:authenticated"), "kubelet")


class Kubelets:
    """The kubelets of a cluster. ``client_for`` makes the client of an identity."""

    def __init__(
        self,
        loop: Loop,
        hub: Hub,
        client_for: Callable[[Identity], Client],
        chance: Chance,
        catalogue: Catalogue | None = None,
    ) -> None:
        self.agents: dict[str, Agent] = {}
        """By node name."""
        self._loop = loop
        self._client_for = client_for
        self._client = client_for(IDENTITY)
        self._phases = chance.stream("kubelet-phases")
        runtime = SimRuntime(loop, self._client)
        self._shared = Shared(loop, catalogue or Catalogue.load(), runtime, chance.stream("containers"))
        self._refresher = Refresher()
        self._removed: dict[str, Agent] = {}
        """The agents of machines that were taken away, while there are pods of theirs."""
        self._by_node = self._client.index(PODS, node_name, "spec")
        self._serial = 0
        self.outages = Outages(loop, self._client, self, self._shared)
        hub.on(PODS, self._pod_changed)
        hub.on(CONFIGMAPS, self._reference_changed)
        hub.on(SECRETS, self._reference_changed)
        hub.on(FAULTS, self.outages.changed)
        hub.on(NODES, self._node_changed)

    @property
    def queue_depth(self) -> int:
        """How many pods have news that is not worked on yet."""
        return self._shared.queued

    def add_node(self, spec: NodeSpec) -> Agent:
        """Register a node and start its kubelet. Raises ApiError, and ValueError for a name that is taken."""
        if spec.name in self.agents:
            msg = f"there is a node {spec.name} already"
            raise ValueError(msg)
        index = self._serial
        self._serial += 1
        user = Identity(f"system:node:{spec.name}", ("system:nodes", "system:authenticated"), "kubelet")
        agent = Agent(self._shared, self._client_for(user), spec, addresses.node_ip(index), addresses.pod_cidr(index))
        cidr = agent.heartbeat.register()["spec"].get("podCIDR")
        if cidr and cidr != agent.addresses.cidr:
            agent.addresses = addresses.PodAddresses(cidr)
        self.agents[spec.name] = agent
        agent.heartbeat.start(self._phases.randrange(1, LEASE_MS // 100) * 100)
        return agent

    def remove_node(self, name: str) -> None:
        """Take a machine away for good; its Node object is left to others."""
        agent = self.agents.pop(name)
        agent.halt(machine=True)
        if agent.workers:
            self._removed[name] = agent

    # ------------------------------------------------------------------ news
    def _pod_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is None:
            if old is not None and old["spec"].get("nodeName"):
                self._pod_deleted(old)
            return
        spec = new["spec"]
        if old is not None and old["spec"] is spec:
            after, before = new["metadata"], old["metadata"]
            if after.get("labels") is not before.get("labels") or after.get("annotations") is not before.get(
                "annotations"
            ):
                self._relabelled(old, new)
            if "deletionTimestamp" not in after and "readinessGates" not in spec:
                return
            if not spec.get("nodeName") or not self._concerns(old, new):
                return
        agent = self.agents.get(spec.get("nodeName", ""))
        if agent is not None and agent.online:
            agent.assign(new, revision)
            if old is not None and old["spec"] is not spec and old["spec"].get("nodeName"):
                # A client that replaces a pod sends labels and spec together.
                self._relabelled(old, new)

    def _relabelled(self, old: Tree, new: Tree) -> None:
        """Labels or annotations have changed: a pod may have files that show them."""
        before, after = old["metadata"], new["metadata"]
        agent = self.agents.get(new["spec"].get("nodeName", ""))
        worker = agent.workers.get(after.get("uid", "")) if agent is not None and agent.online else None
        differs = any(before.get(name) != after.get(name) for name in ("labels", "annotations"))
        if worker is not None and worker.plan.refreshes and differs:
            worker.pod = new
            self._loop.after(RELABEL_MS, self._refresher.refresh, worker)

    def _concerns(self, old: Tree, new: Tree) -> bool:
        """Whether a change outside the spec is one for the kubelet: deletion, another's verdict, readiness gates."""
        before, after = old["metadata"], new["metadata"]
        if after.get("deletionTimestamp") is not None and (
            before.get("deletionTimestamp") != after["deletionTimestamp"]
            or before.get("deletionGracePeriodSeconds") != after.get("deletionGracePeriodSeconds")
        ):
            return True
        if new["spec"].get("readinessGates"):
            agent = self.agents.get(new["spec"]["nodeName"])
            worker = agent.workers.get(after.get("uid", "")) if agent is not None else None
            return worker is not None and not _is_own(worker, new["status"])
        return False

    def _pod_deleted(self, pod: Tree) -> None:
        name = pod["spec"]["nodeName"]
        agent = self.agents.get(name)
        if agent is not None and agent.online:
            agent.vanished(pod)
        removed = self._removed.get(name)
        if removed is not None:
            removed.workers.pop(pod["metadata"].get("uid", ""), None)
            if not removed.workers:
                del self._removed[name]

    def _node_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del revision
        if old is None or new is None or old["spec"] is new["spec"]:
            return
        agent = self.agents.get(new["metadata"]["name"])
        if agent is not None:
            agent.is_evicting = any(taint["effect"] == "NoExecute" for taint in new["spec"].get("taints") or ())
        cordoned = bool(new["spec"].get("unschedulable"))
        if agent is not None and agent.online and cordoned != bool(old["spec"].get("unschedulable")):
            agent.heartbeat.cordoned(cordoned)

    def _reference_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        """Wake the pods that wait for a ConfigMap or a Secret."""
        del revision
        tree = old or new
        if tree is None:
            return
        metadata = tree["metadata"]
        gvr = SECRETS if tree["kind"] == "Secret" else CONFIGMAPS
        for worker in self._shared.refreshing.changed(gvr, metadata.get("namespace", ""), metadata["name"]):
            self._loop.after(RESYNC_MS - self._loop.now % RESYNC_MS, self._refresher.refresh, worker)
        for worker in self._shared.waiting.changed(gvr, metadata.get("namespace", ""), metadata["name"]):
            if worker.agent.online:
                for container in worker.containers:
                    container.retry_at = (
                        min(container.retry_at, self._loop.now) if container.reason else container.retry_at
                    )
                worker.sandbox_at = min(worker.sandbox_at, self._loop.now)
                worker.poke()

    # ------------------------------------------------------------------ outages
    def pods_of(self, name: str) -> Mapping[str, Tree]:
        """The pods of a node by uid, as the API has them."""
        found: dict[str, Tree] = {}
        for namespace, pod_name in list(self._by_node.get(name)):
            pod = self._client.get(PODS, namespace, pod_name)
            if pod is not None:
                found[pod["metadata"].get("uid", "")] = pod
        return found

    def worker_of(self, namespace: str, name: str) -> PodWorker | None:
        """The pod on its node, or None when no node has it."""
        pod = self._client.get(PODS, namespace, name)
        if pod is None:
            return None
        uid = pod["metadata"].get("uid", "")
        for agents in (self.agents, self._removed):
            agent = agents.get(pod["spec"].get("nodeName", ""))
            if agent is not None and uid in agent.workers:
                return agent.workers[uid]
        return None

    def faults_of(self, name: str) -> dict[str, str]:
        """What is broken about a node: type by name of the Fault."""
        return self.outages.active(name)

    def join(self, network: WorldMaker) -> None:
        """Let programs see the network of the cluster."""
        self._shared.runtime.network = network

    def trust(self, seal: Seal) -> None:
        """Let pods find tokens in their volumes that this authority signs."""
        self._shared.tokens = AccountTokens(seal, self._client)

    # ------------------------------------------------------------------ containers that answer
    def connect(self, namespace: str, name: str, port: int) -> Connection:
        """A connection to a port of a pod. Raises ApiError when it does not run or nothing listens there."""
        worker = traffic.reachable(self._client, self.worker_of(namespace, name), namespace, name)
        return traffic.connect(worker, port)

    def logs(
        self, namespace: str, name: str, container: str = "", previous: bool = False, limit: int = 10_000
    ) -> list[LogLine]:
        """The log of a container, oldest line first. Raises ApiError as the kubelet does."""
        worker = traffic.known(self._client, self.worker_of(namespace, name), namespace, name)
        return traffic.logs(worker, container, previous=previous, limit=limit)

    def execute(self, namespace: str, name: str, container: str, argv: tuple[str, ...], stdin: bytes = b"") -> Outcome:
        """Run a command in a container, with all of its input at once. Raises ApiError."""
        worker = traffic.reachable(self._client, self.worker_of(namespace, name), namespace, name)
        return traffic.execute(worker, container, argv, stdin)

    def usage(self, namespace: str, name: str) -> tuple[int, int] | None:
        """Milli-cores and bytes that a pod uses, or without a namespace a node; None when it does not run."""
        if not namespace:
            agent = self.agents.get(name)
            return None if agent is None or not agent.running else traffic.node_usage(agent)
        worker = self.worker_of(namespace, name)
        return None if worker is None or not worker.agent.running else traffic.usage(worker)

    def container_usage(self, namespace: str, name: str) -> dict[str, tuple[int, int]]:
        """Milli-cores and bytes by running container."""
        worker = self.worker_of(namespace, name)
        return {} if worker is None else traffic.container_usage(worker)


def _is_own(worker: PodWorker, status: Tree) -> bool:
    """Whether nobody else has changed the conditions since the kubelet wrote them."""
    return worker.written is not None and status.get("conditions") is worker.written["conditions"]
