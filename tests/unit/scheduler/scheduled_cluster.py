"""A small cluster with all workload controllers and the real scheduler; a stand-in kubelet starts what is bound."""

from kubesim.api.cel.devices import DeviceSelectors
from kubesim.controllers.resourceclaims import ResourceClaimController
from kubesim.kernel.chance import Chance
from kubesim.scheduler import Scheduler
from unit.controllers.workload_cluster import Kubelet, WorkloadCluster


class Starter(Kubelet):
    """Leaves the choice of nodes to the scheduler."""

    def _bind(self, place: tuple[str, str]) -> None:
        del place


class ScheduledCluster(WorkloadCluster):
    """Its nodes are called n0, n1 ... in the zones z0 and z1 by turns."""

    def __init__(self, nodes: int = 3) -> None:
        super().__init__(nodes=0, metrics=False, kubelet=Starter)
        self.resource_claims = ResourceClaimController(self.loop, self.hub, self.client_of("resource_claim"))
        client = self.client_of("default-scheduler")
        self.scheduler = Scheduler(self.loop, self.hub, client, Chance(7), DeviceSelectors())
        for number in range(nodes):
            self.add_node(f"n{number}", f"z{number % 2}")
        self.run(0.02)
