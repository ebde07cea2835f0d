"""Running totals that several views show: requests by node, endpoints by service, readiness of nodes; O(1) a change."""

from collections.abc import Mapping
from typing import NamedTuple

from kubesim.objects import pods, quantities, refs
from kubesim.objects import tree as trees
from kubesim.objects.wire import ENDPOINTSLICES, NODES, PODS, Gvr, Key, Tree
from kubetui.client.port import ClusterClient, RowCursor, Traffic, Usage

SLICE = 4_000
"""How many changes of one table are taken in at once."""

_SERVICE_LABEL = "kubernetes.io/service-name"


class Load(NamedTuple):
    """What is asked of a node, or of all: pods, thousandths of a CPU, bytes."""

    pods: int = 0
    cpu_milli: int = 0
    memory: int = 0

    def plus(self, other: "Load", sign: int = 1) -> "Load":
        """The sum, or with sign -1 the difference."""
        return Load(
            self.pods + sign * other.pods, self.cpu_milli + sign * other.cpu_milli, self.memory + sign * other.memory
        )


class NodeFacts(NamedTuple):
    """What a node can give, and whether it is well."""

    allocatable: Load
    ready: bool
    unschedulable: bool


class Endpoints(NamedTuple):
    """Addresses of a service: ready ones and all."""

    ready: int = 0
    total: int = 0


class _Pod(NamedTuple):
    """What a pod was counted as; status updates share the spec, which makes them free."""

    spec: Tree
    ended: bool
    node: str
    load: Load


_NO_LOAD = Load()
_NO_ENDPOINTS = Endpoints()


class Facts:
    """What the home screen knows of the whole cluster. ``pull`` follows it; every read is a look-up."""

    def __init__(self, client: ClusterClient) -> None:
        self.total = Load()
        self.capacity = Load()
        self.pod_count = 0
        self.nodes: dict[str, NodeFacts] = {}
        self.forwards: dict[Key, str] = {}
        """Forwarded services and pods, with the sign to show: set by whoever keeps the forwards."""
        self.local: Mapping[Key, str] = {}
        """Where Ingresses and Services are reached on this machine."""
        self.traffic: Mapping[tuple[str, str], Traffic] = {}
        """Simulated requests, by namespace and name of their Service."""
        self._traffic_version = 0
        self.version = 0
        """Rises with every change."""
        self._client = client
        self._cursors = [client.rows(gvr) for gvr in (NODES, PODS, ENDPOINTSLICES)]
        self._pods: dict[tuple[str, str], _Pod] = {}
        self._loads: dict[str, Load] = {}
        self._slices: dict[tuple[str, str], tuple[tuple[str, str], Endpoints]] = {}
        self._endpoints: dict[tuple[str, str], Endpoints] = {}

    def now(self) -> int:
        """The cluster's present."""
        return self._client.now()

    def usage(self, key: Key) -> Usage | None:
        """Live use of a pod."""
        return self._client.usage(key)

    def listen(self, addresses: Mapping[Key, str]) -> None:
        """Ingresses and Services are reached at these addresses of this machine."""
        self.local = addresses
        self.version += 1

    def close(self) -> None:
        """Stop following."""
        for cursor in self._cursors:
            cursor.close()

    @property
    def synced(self) -> bool:
        """True once everything that existed has been counted."""
        return all(cursor.synced for cursor in self._cursors)

    # ------------------------------------------------------------------ reading
    def load(self, node: str) -> Load:
        """What the pods bound to a node ask for."""
        return self._loads.get(node, _NO_LOAD)

    def endpoints(self, namespace: str, service: str) -> Endpoints:
        """The addresses of a service."""
        return self._endpoints.get((namespace, service), _NO_ENDPOINTS)

    def cpu_fraction(self) -> float:
        """Requests of all bound pods over what all nodes can give; 0 without nodes."""
        return self.total.cpu_milli / self.capacity.cpu_milli if self.capacity.cpu_milli else 0.0

    def memory_fraction(self) -> float:
        """As ``cpu_fraction``, for memory."""
        return self.total.memory / self.capacity.memory if self.capacity.memory else 0.0

    # ------------------------------------------------------------------ following
    def pull(self) -> bool:
        """Take in what changed; True when anything did."""
        changed = False
        for cursor, gvr in zip(self._cursors, (NODES, PODS, ENDPOINTSLICES), strict=True):
            changed |= self._take(cursor, gvr)
        changed |= self._measure()
        if changed:
            self.version += 1
        return changed

    def _measure(self) -> bool:
        """Take over the simulated traffic when it has changed."""
        traffic = getattr(getattr(self._client, "insight", None), "traffic", None)
        if traffic is None:
            return False
        version, found = traffic()
        if version == self._traffic_version:
            return False
        self._traffic_version, self.traffic = version, found
        return True

    def _take(self, cursor: RowCursor, gvr: Gvr) -> bool:
        events = cursor.poll(SLICE)
        for event in events:
            if event.type == "RESET":
                self._forget(gvr)
                continue
            obj = None if event.row is None else event.row.object
            place = (event.key.namespace, event.key.name)
            if gvr is PODS:
                self._pod(place, obj)
            elif gvr is NODES:
                self._node(place[1], obj)
            else:
                self._slice(place, obj)
        return bool(events)

    def _forget(self, gvr: Gvr) -> None:
        if gvr is PODS:
            self._pods, self._loads, self.total, self.pod_count = {}, {}, Load(), 0
        elif gvr is NODES:
            self.nodes, self.capacity = {}, Load()
        else:
            self._slices, self._endpoints = {}, {}

    def _pod(self, place: tuple[str, str], pod: Tree | None) -> None:
        old = self._pods.get(place)
        if pod is None:
            if old is not None:
                del self._pods[place]
                self.pod_count -= 1
                self._charge(old, -1)
            return
        spec, ended = pod["spec"], pods.is_terminal(pod)
        if old is not None and old.spec is spec and old.ended is ended:
            return
        node = "" if ended else pods.node_name(pod)
        asked = pods.requests(pod) if node else {}
        load = Load(1, asked.get("cpu", 0), asked.get("memory", 0)) if node else _NO_LOAD
        new = self._pods[place] = _Pod(spec, ended, node, load)
        if old is None:
            self.pod_count += 1
        else:
            self._charge(old, -1)
        self._charge(new, 1)

    def _charge(self, pod: _Pod, sign: int) -> None:
        if pod.node:
            self._loads[pod.node] = self.load(pod.node).plus(pod.load, sign)
            self.total = self.total.plus(pod.load, sign)

    def _node(self, name: str, node: Tree | None) -> None:
        old = self.nodes.pop(name, None)
        if old is not None:
            self.capacity = self.capacity.plus(old.allocatable, -1)
        if node is None:
            return
        listed = trees.get(node, "status.allocatable", {})
        load = Load(
            quantities.value(listed.get("pods", 0)),
            quantities.milli(listed.get("cpu", 0)),
            quantities.value(listed.get("memory", 0)),
        )
        ready = refs.is_condition_true(node, "Ready")
        self.nodes[name] = NodeFacts(load, ready, bool(trees.get(node, "spec.unschedulable", False)))
        self.capacity = self.capacity.plus(load)

    def _slice(self, place: tuple[str, str], obj: Tree | None) -> None:
        old = self._slices.pop(place, None)
        if old is not None:
            self._count(old[0], old[1], -1)
        if obj is None:
            return
        service = (place[0], (obj["metadata"].get("labels") or {}).get(_SERVICE_LABEL, ""))
        listed = obj.get("endpoints") or ()
        ready = sum(1 for endpoint in listed if (endpoint.get("conditions") or {}).get("ready", True))
        self._slices[place] = (service, Endpoints(ready, len(listed)))
        self._count(service, self._slices[place][1], 1)

    def _count(self, service: tuple[str, str], endpoints: Endpoints, sign: int) -> None:
        known = self._endpoints.get(service, _NO_ENDPOINTS)
        total = Endpoints(known.ready + sign * endpoints.ready, known.total + sign * endpoints.total)
        if total == _NO_ENDPOINTS:
            self._endpoints.pop(service, None)
        else:
            self._endpoints[service] = total
