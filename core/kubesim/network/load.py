"""Simulated traffic: spreads the requests of Loads over the endpoints of their Services, and tells what came of it."""

from typing import NamedTuple, Protocol

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.network import curves, endpoints, queueing
from kubesim.network.fabric import Network
from kubesim.network.policy import Peer
from kubesim.objects import quantities, refs
from kubesim.objects.connections import Caller, Capacity
from kubesim.objects.errors import ApiError
from kubesim.objects.times import parse_time
from kubesim.objects.wire import EMPTY, LOADS, SERVICES, Tree

TICK_MS = 5_000
"""How often traffic is worked out."""
STATUS_MS = 15_000
"""How often the status of a Load is written while only its numbers change."""
INFLIGHT_BYTES = 64 * 1024
"""What a request that is held takes by default."""
BASE_MS = 2
"""What a request takes beside the work of the pod, in milliseconds."""

Place = tuple[str, str]


class Stations(Protocol):
    """Who runs the pods that serve."""

    def capacity(self, namespace: str, name: str, port: int) -> Capacity | None:
        """What the container on a port can serve with; None when nothing listens there."""

    def burden(self, namespace: str, name: str, port: int, cpu_milli: int, memory: int) -> None:
        """What its requests use from now on, beside the container's own use."""

    def callers(self) -> list[Caller]:
        """The programs that fetch again and again."""


class Source(NamedTuple):
    """Requests for a port of a Service."""

    service: Place
    port: int | str
    rate: float
    cost_milli: float | None
    memory: int
    base_seconds: float
    origin: Peer


class Report(NamedTuple):
    """What came of the requests of one source, or of all to one Service."""

    rate: float = 0.0
    served: float = 0.0
    errors: float = 0.0
    latency: float = 0.0
    pods: int = 0

    def plus(self, other: "Report") -> "Report":
        """Both together; the latency is the mean over what was served."""
        served = self.served + other.served
        latency = (self.latency * self.served + other.latency * other.served) / served if served else 0.0
        pods = max(self.pods, other.pods)
        return Report(self.rate + other.rate, served, self.errors + other.errors, latency, pods)


class LoadMeter:
    """Works out the traffic of all Loads every few seconds; does nothing while there is none."""

    name = "load"

    def __init__(self, loop: Loop, hub: Hub, client: Client, network: Network, stations: Stations) -> None:
        self.reports: dict[Place, Report] = {}
        """By Service: what the requests of the last stretch met."""
        self.version = 0
        """Rises whenever the reports may have changed."""
        self._loop = loop
        self._client = client
        self._network = network
        self._stations = stations
        self._loads: dict[Place, Tree] = {}
        self._told: dict[Place, int] = {}
        """When the status of each Load was last written."""
        self._armed = False
        self._burdened: dict[tuple[str, str, int], None] = {}
        self._backlogs: dict[tuple[str, str, int], float] = {}
        hub.on(LOADS, self._changed)

    def _changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del revision
        either = new if new is not None else old
        if either is None:
            return
        place = refs.place(either)
        if new is None:
            self._loads.pop(place, None)
            self._told.pop(place, None)
        else:
            self._loads[place] = new
        if old is None or new is None or old["spec"] is not new["spec"]:
            self.wake()

    def wake(self) -> None:
        """There is something to work out: soon, and then every few seconds."""
        if not self._armed:
            self._armed = True
            self._loop.at(self._loop.now, self._tick)

    # ------------------------------------------------------------------ one stretch
    def _tick(self) -> None:
        sources = [(load, self._source(load)) for _, load in sorted(self._loads.items())]
        calling = [source for caller in self._stations.callers() if (source := self._called(caller)) is not None]
        self.reports = {}
        before, self._burdened = self._burdened, {}
        asked: dict[tuple[str, str, int], list[tuple[Source, float]]] = {}
        outcomes = [(load, source, self._spread(source, asked)) for load, source in sources]
        for source in calling:
            self._spread(source, asked)
        served = {key: self._serve(key, shares) for key, shares in sorted(asked.items())}
        for key in before:
            if key not in self._burdened:
                self._backlogs.pop(key, None)
                self._stations.burden(*key, 0, 0)
        for load, source, keys in outcomes:
            self._write(load, _report(source, keys, served))
        every = [(source, keys) for _, source, keys in outcomes]
        every += [(source, self._spread(source, {})) for source in calling]
        for source, keys in every:
            known = self.reports.get(source.service, Report())
            self.reports[source.service] = known.plus(_report(source, keys, served))
        self.version += 1
        self._armed = bool(self._loads or calling or self._burdened or self._stations.callers())
        if self._armed:
            self._loop.after(TICK_MS, self._tick)

    def _source(self, load: Tree) -> Source:
        spec, (namespace, _) = load["spec"], refs.place(load)
        age = (self._loop.now - parse_time(load["metadata"]["creationTimestamp"])) / 1000
        cost: Tree = spec.get("cost") or EMPTY
        service = (namespace, str(spec.get("service") or ""))
        tree = self._client.get(SERVICES, *service)
        ports = tree["spec"].get("ports") or () if tree is not None else ()
        port = spec.get("port") or (ports[0]["port"] if ports else 0)
        return Source(
            service,
            port,
            curves.rate(spec, age),
            # A cost in cores for one request in a second is as many seconds of a core.
            float(quantities.milli(cost["cpu"])) if cost.get("cpu") is not None else None,
            quantities.value(cost["memory"]) if cost.get("memory") is not None else INFLIGHT_BYTES,
            float(cost.get("milliseconds") or BASE_MS) / 1000,
            Peer("172.18.0.1"),
        )

    def _called(self, caller: Caller) -> Source | None:
        """What a program in a pod asks of a Service; None when its requests do not get that far."""
        peer = self._network.policies.pod(caller.namespace, caller.pod)
        if peer is None:
            return None
        way = self._network.path(peer, caller.host, caller.port, peek=True)
        place = self._network.proxy.by_address(way.ip)
        if not way.connected or place is None:
            return None
        return Source(place, caller.port, caller.rate, None, INFLIGHT_BYTES, BASE_MS / 1000, peer)

    def _spread(
        self, source: Source, asked: dict[tuple[str, str, int], list[tuple[Source, float]]]
    ) -> list[tuple[str, str, int]]:
        """Share the requests among the pods that answer; returns them."""
        tree = self._client.get(SERVICES, *source.service)
        if tree is None or source.rate <= 0:
            return []
        name = next(
            (
                str(port.get("name") or "")
                for port in tree["spec"].get("ports") or ()
                if source.port in {port["port"], port.get("name") or ""}
            ),
            None,
        )
        if name is None:
            return []
        found = endpoints.usable(self._network.proxy.endpoints(*source.service))
        keys = [
            (each.namespace, each.pod, each.port(name))
            for each in found
            if each.pod and each.port(name) and self._stations.capacity(each.namespace, each.pod, each.port(name))
        ]
        for key in keys:
            asked.setdefault(key, []).append((source, source.rate / len(keys)))
        return keys

    def _serve(self, key: tuple[str, str, int], shares: list[tuple[Source, float]]) -> queueing.Served:
        capacity = self._stations.capacity(*key) or Capacity(0, 0)
        rate = sum(share for _, share in shares)
        costs = [
            (capacity.cost_milli if each.cost_milli is None else each.cost_milli) * share for each, share in shares
        ]
        cost = sum(costs) / rate if rate else 0.0
        base = sum(each.base_seconds * share for each, share in shares) / rate if rate else 0.0
        done = queueing.serve(rate, cost, capacity.cpu_milli, base, self._backlogs.get(key, 0.0), TICK_MS / 1000)
        self._backlogs[key] = done.backlog
        memory = max(each.memory for each, _ in shares) * done.inflight
        self._stations.burden(*key, round(done.cpu_milli), round(memory))
        self._burdened[key] = None
        return done

    def _write(self, load: Tree, report: Report) -> None:
        status = {
            "requestsPerSecond": round(report.rate, 1),
            "servedPerSecond": round(report.served, 1),
            "errorsPerSecond": round(report.errors, 1),
            "latencyMilliseconds": round(report.latency * 1000),
            "pods": report.pods,
        }
        place = refs.place(load)
        current = self._client.get(LOADS, *place)
        known: Tree = EMPTY if current is None else current.get("status") or EMPTY
        if current is None or known == status:
            return
        # What changes all the time is told now and then, what is news at once.
        same = all(known.get(field) == status[field] for field in ("errorsPerSecond", "pods"))
        if same and self._loop.now - self._told.get(place, 0) < STATUS_MS:
            return
        self._told[place] = self._loop.now
        try:
            self._client.update_status(LOADS, {**current, "status": status})
        except ApiError as error:
            self._client.note = str(error)


def _report(
    source: Source, keys: list[tuple[str, str, int]], served: dict[tuple[str, str, int], queueing.Served]
) -> Report:
    if not keys:
        return Report(source.rate, 0.0, source.rate, 0.0, 0)
    done = lost = weighted = 0.0
    share = source.rate / len(keys)
    for key in keys:
        found = served.get(key)
        if found is None:
            continue
        # What a pod serves and loses is shared as what came.
        part = share / found.rate if found.rate else 0.0
        lost += found.lost * part
        done += found.served * part
        weighted += found.served * part * found.latency
    return Report(source.rate, done, lost, weighted / done if done else 0.0, len(keys))
