"""The composition root: builds and wires one simulated cluster; handle, watch, advance, fork, save, load."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Self

import orjson

from kubesim.api.bootstrap.seeding import seeds
from kubesim.api.cel.devices import DeviceSelectors
from kubesim.api.schema import Schema
from kubesim.api.server import ApiServer
from kubesim.api.watch import Cursor
from kubesim.collector import Undisturbed
from kubesim.controllers.admissionpolicies import NAME as POLICY_STATUS
from kubesim.controllers.admissionpolicies import AdmissionPolicyController
from kubesim.controllers.apiservices import ApiServiceController
from kubesim.controllers.attachdetach import AttachDetachController
from kubesim.controllers.autoscaler import AutoscalerController
from kubesim.controllers.certificates import CertificateCleaner, CertificateSigningController
from kubesim.controllers.clusterroles import ClusterRoleAggregationController
from kubesim.controllers.cronjob import CronJobController
from kubesim.controllers.daemonset import DaemonSetController
from kubesim.controllers.deployment import DeploymentController
from kubesim.controllers.disruption import DisruptionController
from kubesim.controllers.endpoints import (
    EndpointsController,
    EndpointSliceController,
    EndpointSliceMirroringController,
)
from kubesim.controllers.flowcontrol import FlowSchemaController
from kubesim.controllers.garbage import GarbageCollector
from kubesim.controllers.job import JobController
from kubesim.controllers.masterservice import MasterServiceController
from kubesim.controllers.namespaces import NamespaceController
from kubesim.controllers.nodes import NodeLifecycleController, TaintEvictionController, TtlController
from kubesim.controllers.podgc import PodGarbageCollector
from kubesim.controllers.replicaset import ReplicaSetController
from kubesim.controllers.replicaset.replication import ReplicationManager
from kubesim.controllers.resourceclaims import ResourceClaimController
from kubesim.controllers.resourcequota import ResourceQuotaController
from kubesim.controllers.serviceaccounts import RootCaPublisher, ServiceAccountController, TokensController
from kubesim.controllers.servicecidrs import ServiceCidrController
from kubesim.controllers.statefulset import StatefulSetController
from kubesim.controllers.ttlafterfinished import TtlAfterFinishedController
from kubesim.controllers.volumes import PersistentVolumeController
from kubesim.controllers.volumes.ephemeral import EphemeralVolumeController
from kubesim.controllers.volumes.expansion import ExpansionController
from kubesim.controllers.volumes.protection import ClaimProtectionController, VolumeProtectionController
from kubesim.faults.control_plane import ControlPlane
from kubesim.kernel.chance import Chance
from kubesim.kernel.journal import Journal
from kubesim.kernel.loop import Loop
from kubesim.kinds import strategies
from kubesim.kubelet.catalogue import Catalogue
from kubesim.kubelet.fleet import Kubelets
from kubesim.kubelet.node import NodeSpec
from kubesim.kubelet.reach import PodNetwork
from kubesim.machinery.authority import Seal
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.network.fabric import Network
from kubesim.network.hooks import PodServers
from kubesim.network.ingresses import IngressController
from kubesim.network.load import LoadMeter
from kubesim.network.loadbalancer import LoadBalancerController
from kubesim.network.services import ServiceProxy
from kubesim.objects.wire import EVENTS, NAMESPACES, SERVICES, Gvr, Identity, Request, Response
from kubesim.scheduler import Scheduler
from kubesim.store import snapshot
from kubesim.store.mvcc import Store
from kubesim.switches import HasController, Switches

API_ONLY = (
    "namespace-controller",
    "service-account-controller",
    "garbage-collector-controller",
    "clusterrole-aggregation-controller",
)
"""The controllers of a cluster that is an API server and little more."""

DEFAULT_EPOCH_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z: where time begins unless the caller says otherwise, so that runs repeat."""

SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")

API_SERVER = Identity("system:apiserver", ("system:masters", "system:authenticated"), "kube-apiserver")

CANDIDATES = {
    name: Identity(f"system:{name}", ("system:authenticated",), name)
    for name in ("kube-controller-manager", "kube-scheduler")
}
"""Who takes part in elections of leaders."""


class Settings(NamedTuple):
    """What a cluster is built from; with the Requests it is sent, this determines all that happens."""

    name: str = "kubetui"
    seed: int = 1
    epoch_ms: int = DEFAULT_EPOCH_MS
    catalogue: Catalogue | None = None
    validate_components: bool = False
    """Check the Requests of components too, and store trees that raise when they are mutated; for tests."""
    controllers: tuple[str, ...] | None = None
    """The loops of the controller manager and the scheduler that work, by their agent's names; None for all."""


class Cluster:
    """One simulated cluster. Holds only data and bound methods, so that it can be pickled at any moment."""

    version = "v1.37.0"

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings = settings or Settings()
        self.loop = Loop(settings.epoch_ms)
        self.chance = Chance(settings.seed)
        self.journal = Journal()
        self.store = Store(frozen=settings.validate_components, first=seeds(self.loop.stamp()))
        self.api = ApiServer(
            self.store,
            self.loop,
            self.chance,
            self.journal,
            strategies(self.chance),
            Schema.load(),
            validate_components=settings.validate_components,
        )
        self.hub = Hub(self.loop, self.store)
        resources = sorted({strategy.storage or strategy.gvr for strategy in self.api.resources()})
        owned = [gvr for gvr in resources if gvr != EVENTS]
        self._idle = Hub(self.loop, Store())
        loop, part = self.loop, self._part
        self.deployments = DeploymentController(*part("deployment-controller"))
        self.replicasets = ReplicaSetController(*part("replicaset-controller"))
        self.endpoints = EndpointsController(*part("endpoint-controller"))
        self.slices = EndpointSliceController(*part("endpoint-slice-controller"), self.endpoints.backlog)
        self.nodes = NodeLifecycleController(*part("node-controller"))
        self.taints = TaintEvictionController(*part("taint-eviction-controller"))
        self.ttl = TtlController(*part("ttl-controller"))
        self.master = MasterServiceController(loop, self._ear("kubernetes-service"), self.client_for(API_SERVER))
        self.podgc = PodGarbageCollector(*part("pod-garbage-collector"))
        self.garbage = GarbageCollector(*part("garbage-collector-controller"), owned)
        self.namespaces = NamespaceController(*part("namespace-controller"), resources)
        self.accounts = ServiceAccountController(*part("service-account-controller"))
        self.seal = Seal()
        self.tokens = TokensController(*_sealed(part("token-controller"), self.seal, self._idle))
        self.roots = RootCaPublisher(*_sealed(part("root-ca-certificate-publisher"), self.seal, self._idle))
        self.access = self._access()
        self.balancers = LoadBalancerController(*part("service-controller"))
        scheduler = Identity("system:kube-scheduler", ("system:authenticated",), "default-scheduler")
        ear, client = self._ear(scheduler.agent), self.client_for(scheduler)
        self.scheduler = Scheduler(loop, ear, client, self.chance, DeviceSelectors())
        catalogue = settings.catalogue or Catalogue.load(None)
        self.kubelets = Kubelets(loop, self.hub, self.client_for, self.chance, catalogue)
        self.workloads = self._workloads(resources)
        self.proxy, self.network, self.ingresses, self.traffic = _network(self, part("nginx-ingress-controller"))
        self._lead()
        self._bootstrap()

    # ------------------------------------------------------------------ wiring
    def _lead(self) -> None:
        """Let the processes of the control plane be trusted, elected, and crash."""
        self.kubelets.trust(self.seal)
        random = self.chance.stream("leader-election")
        clients = {name: self.client_for(identity) for name, identity in CANDIDATES.items()}
        self.switches = Switches(self._loops(), self.nodes, self.scheduler, self.api, self.kubelets)
        self.control_plane = ControlPlane(self.loop, self.hub, clients, random, self.switches)
        self.kubelets.outages.power = self.control_plane.powered
        self.api.health.down = self.control_plane.down

    def _ear(self, agent: str) -> Hub:
        """The hub that a component listens to: one that never tells anything when it is switched off."""
        wanted = self.settings.controllers
        return self.hub if wanted is None or agent in wanted else self._idle

    def _part(self, agent: str, source: str = "") -> tuple[Loop, Hub, Client]:
        """What a loop of the controller manager is built from; ``source`` is who its events are from."""
        return self.loop, self._ear(agent), self.controller_client(agent, source)

    def _access(self) -> tuple[HasController, ...]:
        """The loops of what has to do with rights: roles, certificates, flows."""
        certificates = self._part("certificate-controller")
        return (
            ClusterRoleAggregationController(*self._part("clusterrole-aggregation-controller")),
            CertificateSigningController(*_sealed(certificates, self.seal, self._idle)),
            CertificateCleaner(*certificates),
            # k8s: a part of the server itself, which no setting switches off.
            FlowSchemaController(self.loop, self.hub, self.client_for(API_SERVER)),
            AdmissionPolicyController(*self._part(POLICY_STATUS), self.api.type_checker),
            ApiServiceController(self.loop, self.hub, self.client_for(API_SERVER)),
        )

    def _workloads(self, resources: list[Gvr]) -> tuple[HasController, ...]:
        """The loops of the controller manager for workloads other than Deployments."""
        part = self._part
        return (
            ReplicationManager(*part("replication-controller")),
            EndpointSliceMirroringController(*part("endpoint-slice-mirroring-controller")),
            ServiceCidrController(*part("service-cidr-controller")),
            StatefulSetController(*part("statefulset-controller")),
            DaemonSetController(*part("daemonset-controller")),
            JobController(*part("job-controller")),
            CronJobController(*part("cronjob-controller")),
            ResourceQuotaController(*part("resourcequota-controller"), resources),
            TtlAfterFinishedController(*part("ttl-after-finished-controller")),
            AutoscalerController(*part("horizontal-pod-autoscaler"), self.kubelets),
            DisruptionController(*part("disruption-controller")),
            PersistentVolumeController(*part("persistentvolume-controller")),
            AttachDetachController(*part("attachdetach-controller")),
            ExpansionController(*part("expand-controller")),
            EphemeralVolumeController(*part("ephemeral-volume-controller")),
            ResourceClaimController(*part("resource-claim-controller", "resource_claim")),
            ClaimProtectionController(*part("pvc-protection-controller")),
            VolumeProtectionController(*part("pv-protection-controller")),
        )

    def client_for(self, identity: Identity) -> Client:
        """A client for a component that acts as this identity."""
        return Client(self.api, self.store, self.loop, identity)

    def controller_client(self, agent: str, source: str = "") -> Client:
        """A client for a loop of the controller manager, under its service account."""
        user = f"system:serviceaccount:kube-system:{agent}"
        groups = ("system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated")
        return self.client_for(Identity(user, groups, source or agent))

    def _bootstrap(self) -> None:
        client = self.client_for(API_SERVER)
        for name in SYSTEM_NAMESPACES:
            client.create(NAMESPACES, "", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        client.create(SERVICES, "default", KUBERNETES_SERVICE)

    def add_node(self, node: NodeSpec) -> None:
        """Join a node: its kubelet registers it through a Request."""
        self.kubelets.add_node(node)

    # ------------------------------------------------------------------ the waist
    def handle(self, request: Request) -> Response:
        """Answer a request of anyone."""
        return self.api.handle(request)

    def watch(self, request: Request) -> Cursor:
        """Follow a resource. Raises ApiError."""
        return self.api.watch(request)

    # ------------------------------------------------------------------ time
    def advance(self, duration_ms: int, should_stop: Callable[[], bool] | None = None) -> bool:
        """Let that much virtual time pass; False when ``should_stop`` ended it early."""
        with Undisturbed():
            return self.loop.run_until(self.loop.now + duration_ms, should_stop)

    def components(self) -> list[tuple[str, int]]:
        """The name and the queue depth of each component."""
        loops = (*self._loops(), self.ingresses)
        found = [(owner.controller.name, len(owner.controller.queue)) for owner in loops]
        return [*found, ("scheduler", self.scheduler.queue_depth)]

    def controllers(self) -> list[Controller]:
        """The drivers of all control loops."""
        return [owner.controller for owner in (*self._loops(), self.ingresses)]

    def _loops(self) -> tuple[HasController, ...]:
        """The loops of the controller manager."""
        return (
            self.deployments,
            self.replicasets,
            self.endpoints,
            self.slices,
            self.nodes,
            self.taints,
            self.ttl,
            self.master,
            self.podgc,
            self.garbage,
            self.namespaces,
            self.accounts,
            self.tokens,
            self.roots,
            *self.access,
            *self.workloads,
        )

    # ------------------------------------------------------------------ the whole
    def digest(self) -> str:
        """The sha256 over the journal and over every object: equal for equal histories."""
        total = sha256(self.journal.digest().encode())
        for gvr in self.store.tables():
            for tree in self.store.range(gvr):
                total.update(orjson.dumps(tree, option=orjson.OPT_SORT_KEYS))
        return total.hexdigest()

    def fork(self) -> Self:
        """An independent copy that goes on from this instant."""
        copy: Self = snapshot.from_bytes(snapshot.to_bytes(self))
        return copy

    def save(self, path: Path) -> None:
        """Write the whole cluster to a file. Raises OSError."""
        snapshot.write(path, self)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a cluster that ``save`` wrote. Raises OSError or SnapshotError."""
        found = snapshot.read(path)
        if not isinstance(found, cls):
            msg = f"{path} holds no cluster"
            raise snapshot.SnapshotError(msg)
        return found


def _network(
    cluster: Cluster, door: tuple[Loop, Hub, Client]
) -> tuple[ServiceProxy, Network, IngressController, LoadMeter]:
    """Lay the network of a cluster: tables, names and policies, the front door, simulated traffic."""
    loop, hub, client = cluster.loop, cluster.hub, cluster.controller_client("kube-proxy")
    reach = PodNetwork(cluster.kubelets)
    proxy = ServiceProxy(hub, client)
    network = Network(hub, client, proxy, reach)
    cluster.kubelets.join(network)
    cluster.api.hooks.servers = PodServers(network)
    meter = reach.meter = LoadMeter(loop, hub, cluster.controller_client("load"), network, reach)
    return proxy, network, IngressController(*door, network), meter


def _sealed(part: tuple[Loop, Hub, Client], seal: Seal, idle: Hub) -> tuple[Loop, Hub, Client, Seal]:
    """What a loop is built from, with who signs for it: nobody for one that is switched off."""
    return (*part, Seal() if part[1] is idle else seal)


KUBERNETES_SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {
        "name": "kubernetes",
        "namespace": "default",
        "labels": {"component": "apiserver", "provider": "kubernetes"},
    },
    "spec": {
        "type": "ClusterIP",
        "clusterIP": "10.96.0.1",
        "clusterIPs": ["10.96.0.1"],
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "internalTrafficPolicy": "Cluster",
        "sessionAffinity": "None",
        "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": 6443}],
    },
}
