"""What a pod on a node can know about itself: the facts behind its environment, its files and its pages."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kubesim.kubelet.environment import Host
from kubesim.kubelet.record import Container
from kubesim.kubelet.runtime import Facts
from kubesim.objects.wire import SERVICES, Tree

if TYPE_CHECKING:
    from kubesim.kubelet.worker import PodWorker


def host(worker: "PodWorker") -> Host:
    """What the node knows about the pod."""
    agent = worker.agent
    return Host(agent.name, agent.host_ip, worker.ip, agent.allocatable_texts)


def facts(worker: "PodWorker", container: Container) -> Facts:
    """What a container can know."""
    agent, plan = worker.agent, container.plan
    return Facts(worker.namespace, worker.name, worker.uid, plan.name, plan.image, agent.name, agent.host_ip, worker.ip)


def services(worker: "PodWorker") -> Iterable[Tree]:
    """The services that a container of the pod finds in its environment: the API server's, and its namespace's."""
    client = worker.agent.client
    master = client.get(SERVICES, "default", "kubernetes")
    own = client.list(SERVICES, worker.namespace) if worker.pod["spec"].get("enableServiceLinks", True) else []
    return [*own, master] if master is not None and worker.namespace != "default" else own


def network_files(worker: "PodWorker") -> dict[str, str]:
    """What the kubelet puts into /etc of every container of the pod: hosts, hostname, resolv.conf."""
    network = worker.agent.shared.runtime.network
    return {} if network is None else network.files(worker.namespace, worker.name, worker.ip)
