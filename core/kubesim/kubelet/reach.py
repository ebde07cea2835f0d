"""The pod network as the nodes carry it: whose an address is, and connections to pods over it."""

from typing import TYPE_CHECKING, Protocol

from kubesim.kubelet import outages, traffic
from kubesim.kubelet.plan import ANY
from kubesim.kubelet.runtime import KILLED, OOM_KILLED, Connection, Ended
from kubesim.kubelet.simruntime.fetching import target
from kubesim.objects.connections import Caller, Capacity
from kubesim.objects.errors import failure, not_found
from kubesim.objects.wire import PODS

if TYPE_CHECKING:
    from kubesim.kubelet.fleet import Kubelets
    from kubesim.kubelet.record import Container
    from kubesim.kubelet.worker import PodWorker

NO_ROUTE = "no route to host"


class Meter(Protocol):
    """Who works out traffic."""

    def wake(self) -> None:
        """There is some."""


class PodNetwork:
    """Reaches into pods without the kubelets: a stopped kubelet does not keep its pods from answering."""

    def __init__(self, fleet: "Kubelets") -> None:
        self.meter: Meter | None = None
        """Told when a program begins to fetch again and again."""
        self._fleet = fleet
        self._calling: dict[tuple[str, str], None] = {}

    def node_at(self, address: str) -> str:
        """The node that has an address, or ""."""
        return next((name for name, agent in self._fleet.agents.items() if agent.host_ip == address), "")

    def locate(self, address: str) -> tuple[str, str] | None:
        """Namespace and name of the pod that has an address; of pods in the network of their node, None."""
        prefix = address.rsplit(".", 1)[0]
        for agent in self._fleet.agents.values():
            if agent.addresses.cidr.rsplit(".", 1)[0] != prefix:
                continue
            for worker in agent.workers.values():
                if worker.ip == address and not worker.plan.host_network:
                    return worker.namespace, worker.name
        return None

    def on_node(self, node: str, address: str, port: int, protocol: str) -> tuple[str, str, int] | None:
        """Namespace, name and port of the pod that has a port of a node: as a host port, or in the node's network."""
        agent = self._fleet.agents.get(node)
        for worker in agent.workers.values() if agent is not None else ():
            if worker.plan.host_network:
                if self._listener(worker.namespace, worker.name, port) is not None:
                    return worker.namespace, worker.name, port
                continue
            for held in worker.plan.host_ports:
                if held.port == port and held.protocol == protocol and held.address in {ANY, address}:
                    return worker.namespace, worker.name, held.container_port
        return None

    def connect(self, namespace: str, name: str, port: int, from_node: str = "") -> Connection:
        """A connection to a port of a pod. Raises ApiError: nothing there, nothing listens, or no route."""
        worker = self._fleet.worker_of(namespace, name)
        if worker is None:
            raise not_found(PODS, name)
        node = worker.agent.name
        broken = self._fleet.faults_of(node).values()
        is_off = self._fleet.outages.is_off(node)
        if is_off or outages.NODE_CRASH in broken or (outages.PARTITION in broken and from_node != node):
            raise failure(503, "ServiceUnavailable", f"dial tcp {worker.ip}:{port}: connect: {NO_ROUTE}")
        return traffic.connect(worker, port)

    # ------------------------------------------------------------------ traffic
    def capacity(self, namespace: str, name: str, port: int) -> Capacity | None:
        """What the container on a port can serve with; None when nothing listens there."""
        found = self._listener(namespace, name, port)
        if found is None:
            return None
        worker, container = found
        cores = container.plan.cpu_limit or worker.agent.capacity_of("cpu")
        program = container.process.program if container.process is not None else None
        return Capacity(cores, program.profile.cpu_per_request if program is not None else 0)

    def burden(self, namespace: str, name: str, port: int, cpu_milli: int, memory: int) -> None:
        """What requests use from now on in the container on a port; one that holds more than its limit is killed."""
        found = self._listener(namespace, name, port)
        if found is None:
            return
        worker, container = found
        process = container.process
        if process is None:
            return
        process.burden = (cpu_milli, memory)
        worker.agent.eviction.burdened = True
        now = worker.agent.loop.now
        limit = container.plan.memory_limit
        if limit and process.usage(now)[1] > limit:
            process.burden = (0, 0)
            process.ends = Ended(now, KILLED, OOM_KILLED)
            worker.poke()

    def _listener(self, namespace: str, name: str, port: int) -> "tuple[PodWorker, Container] | None":
        worker = self._fleet.worker_of(namespace, name)
        if worker is None:
            return None
        now = worker.agent.loop.now
        for container in worker.containers:
            process = container.process
            if process is not None and port in process.program.ports and process.is_serving(now):
                return worker, container
        return None

    def callers(self) -> list[Caller]:
        """The programs that fetch again and again, of containers that still run."""
        found: list[Caller] = []
        for namespace, name in list(self._calling):
            worker = self._fleet.worker_of(namespace, name)
            mine = [] if worker is None else _calls(worker)
            if worker is None or (not mine and worker.is_stopping()):
                del self._calling[namespace, name]
            found += mine
        return found

    def calls(self, namespace: str, name: str) -> None:
        """A pod has started a program that fetches again and again."""
        self._calling[namespace, name] = None
        if self.meter is not None:
            self.meter.wake()


def _calls(worker: "PodWorker") -> list[Caller]:
    now = worker.agent.loop.now
    found: list[Caller] = []
    for container in worker.containers:
        process = container.process
        if process is None or (process.ends is not None and process.ends.at_ms <= now):
            continue
        loop = process.program.timeline.loop
        if loop is None or not loop.calls or process.program.timeline.waits_for:
            continue
        for url in loop.calls:
            host, port, _ = target(url)
            found.append(Caller(worker.namespace, worker.name, host, port, 1000 / loop.period_ms))
    return found
