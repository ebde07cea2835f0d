"""The composition root: builds and wires one simulated cluster; handle, watch, advance, fork, save, load."""

import gc
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from kubesim.api.schema import Schema
from kubesim.api.server import ApiServer
from kubesim.controllers.deployment import DeploymentController
from kubesim.controllers.endpoints import EndpointsController
from kubesim.controllers.endpointslice import EndpointSliceController
from kubesim.controllers.garbage import GarbageCollector
from kubesim.controllers.namespaces import NamespaceController
from kubesim.controllers.nodes import NodeLifecycleController, TaintEvictionController
from kubesim.controllers.podgc import PodGarbageCollector
from kubesim.controllers.replicaset import ReplicaSetController
from kubesim.controllers.serviceaccounts import RootCaPublisher, ServiceAccountController
from kubesim.kernel.chance import Chance
from kubesim.kernel.journal import Journal
from kubesim.kernel.loop import Loop
from kubesim.kinds import strategies
from kubesim.kubelet.catalogue import Catalogue
from kubesim.kubelet.fleet import Kubelets
from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.network.loadbalancer import LoadBalancerController
from kubesim.network.services import ServiceProxy
from kubesim.objects.wire import Identity, Request, Response
from kubesim.scheduler import Scheduler
from kubesim.snapshot import read_snapshot, write_snapshot
from kubesim.store.mvcc import Store

DEFAULT_EPOCH_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z: where time begins unless the caller says otherwise, so that runs repeat."""


class Settings(NamedTuple):
    """What a cluster is built from; with the Requests it is sent, this determines all that happens."""

    name: str = "kubetui"
    seed: int = 1
    epoch_ms: int = DEFAULT_EPOCH_MS
    catalogue: Catalogue | None = None
    validate_components: bool = False
    """Check the Requests of components too; for tests."""
