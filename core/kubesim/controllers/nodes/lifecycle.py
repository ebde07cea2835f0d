"""The node lifecycle controller: notices silent nodes, taints them, and tells their pods.

Heartbeats only note a time. A heap of the times at which nodes would be overdue makes a monitor tick look at those
nodes alone, and at the few that are not ready.
"""

from collections.abc import Hashable
from heapq import heappop, heappush
from typing import cast

from kubesim.controllers.nodes import health, zones
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.errors import ApiError
from kubesim.objects.pods import node_name
from kubesim.objects.times import parse_time
from kubesim.objects.wire import EMPTY, LEASES, NODES, PODS, Tree

MONITOR_PERIOD_MS, GRACE_MS, STARTUP_GRACE_MS = 5_000, 50_000, 60_000
TAINT_PASS_MS = 100
LEASE_NAMESPACE = "kube-node-lease"


class NodeLifecycleController:
    """Watches over nodes. ``controller`` drives the NoSchedule taints and labels; keys are ("", node)."""

    def __init__(
        self,
        loop: Loop,
        hub: Hub,
        client: Client,
        monitor_period_ms: int = MONITOR_PERIOD_MS,
        grace_ms: int = GRACE_MS,
    ) -> None:
        self.controller = Controller("node-lifecycle", loop, client, self)
        self.monitor_period_ms = monitor_period_ms
        self.grace_ms = grace_ms
        self._loop = loop
        self._client = client
        self._pods = client.index(PODS, node_name, "spec")
        self._zones: dict[str, zones.Zone] = {}
        self._zone_of: dict[str, str] = {}
        self._heard: dict[str, int] = {}
        self._overdue: list[tuple[int, str]] = []
        self._silent: dict[str, None] = {}
        self._unready: dict[str, None] = {}
        self._arrived: dict[str, None] = {}
        self._gone: dict[str, Tree] = {}
        self._tainting = False
        hub.on(NODES, self._node_changed)
        hub.on(LEASES, self._lease_changed)
        for each in client.list(NODES):
            self._node_changed(None, each, 0)
        loop.after(monitor_period_ms, self._monitor)

    def restarted(self) -> None:
        """The process has started anew: every node gets its whole grace period once more. # k8s: probeTimestamp."""
        self._silent.clear()
        self._overdue = sorted((self._loop.now + self.grace_ms, name) for name in self._heard)
        for name in self._heard:
            self._heard[name] = self._loop.now

    # ------------------------------------------------------------------ handlers
    def _lease_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del old, revision
        if new is not None and new["metadata"].get("namespace") == LEASE_NAMESPACE:
            name = new["metadata"]["name"]
            if name in self._heard:
                self._hear(name, self._loop.now)

    def _node_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is None:
            if old is not None:
                self._forget(old)
            return
        name = new["metadata"]["name"]
        if old is None or refs.uid(old) != refs.uid(new):
            self._arrived[name] = None
            self._gone.pop(name, None)
            created = new["metadata"].get("creationTimestamp")
            posted = bool(health.ready_status(new))
            self._hear(name, self._loop.now if posted or not created else parse_time(created))
        elif old.get("status") is not new.get("status") and _has_posted(old, new):
            self._hear(name, self._loop.now)
        self._note_health(name, new)
        if old is None or _is_retained(old, new):
            self.controller.add(("", name), revision)

    def _forget(self, node: Tree) -> None:
        name = node["metadata"]["name"]
        self._gone[name] = node
        zone = self._zones.get(self._zone_of.pop(name, ""))
        if zone is not None:
            zone.put(name, "")
            zone.waiting.pop(name, None)
        for known in (self._heard, self._silent, self._unready, self._arrived):
            known.pop(name, None)

    def _hear(self, name: str, at: int) -> None:
        first = name not in self._heard
        self._heard[name] = at
        if first or name in self._silent:
            self._silent.pop(name, None)
            heappush(self._overdue, (at + self.grace_ms, name))

    def _note_health(self, name: str, node: Tree) -> None:
        key = health.zone_of(node)
        before = self._zone_of.get(name)
        if before is not None and before != key:
            self._zones[before].put(name, "")
            self._zones[before].waiting.pop(name, None)
        self._zone_of[name] = key
        zone = self._zones.get(key)
        if zone is None:
            zone = self._zones[key] = zones.Zone(self._loop.now)
        status = health.ready_status(node)
        zone.put(name, status)
        if status and (status != "True" or any(each["effect"] == health.NO_EXECUTE for each in health.taints_of(node))):
            self._unready[name] = None

    # ------------------------------------------------------------------ NoSchedule taints and labels
    def reconcile(self, key: Hashable) -> int | None:
        """Have the NoSchedule taints and the labels of a node follow its conditions."""
        _, name = cast("tuple[str, str]", key)
        node = self._client.get(NODES, "", name)
        if node is None:
            return None
        taints = health.schedule_taints(node, self._loop.stamp())
        if taints != health.taints_of(node):
            node = self._client.update(NODES, health.with_spec(node, taints))
        labels = health.agreeing_labels(node)
        if labels is not refs.labels(node):
            self._client.update(NODES, {**node, "metadata": {**node["metadata"], "labels": labels}})
        return None

    # ------------------------------------------------------------------ the monitor
    def _monitor(self) -> None:
        self._loop.after(self.monitor_period_ms, self._monitor)
        if not self.controller.enabled:
            return
        self._client.cause = 0
        for name in list(self._arrived):
            self._tell(name, "RegisteredNode", f"Registered Node {name} in Controller")
        for name in list(self._gone):
            self._tell(name, "RemovingNode", f"Removing Node {name} from Controller")
        self._arrived.clear()
        self._gone.clear()
        for name in list(self._unready):
            self._follow(name)
        now, overdue = self._loop.now, self._overdue
        while overdue and overdue[0][0] < now:
            _, name = heappop(overdue)
            heard = self._heard.get(name)
            if heard is None or name in self._silent:
                continue
            due = heard + _patience(self._client.get(NODES, "", name), self.grace_ms)
            if due >= now:
                heappush(overdue, (due, name))
            else:
                self._silent[name] = None
                self._loop.at(now, self._expire, name)
        self._loop.at(now, self._judge_zones)

    def _tell(self, name: str, reason: str, message: str) -> None:
        node = self._client.get(NODES, "", name) or self._gone.get(name)
        if node is not None:
            self._client.event(_reference(node), "Normal", reason, f"Node {name} event: {message}")

    def _expire(self, name: str) -> None:
        """A node is overdue: its conditions become Unknown and its pods not ready."""
        node = self._client.get(NODES, "", name)
        if node is None or name not in self._silent:
            return
        self._client.cause = 0
        self._client.note = f"node {name} has not been heard of for {self.grace_ms // 1000} s"
        observed = health.ready_status(node)
        conditions = health.silent_conditions(node, self._loop.stamp())
        if observed != "Unknown":
            try:
                status = {**(node.get("status") or EMPTY), "conditions": conditions}
                node = self._client.update_status(NODES, {**node, "status": status})
            except ApiError as error:
                self.controller.last_error, self._client.note = str(error), ""
                self._silent.pop(name)
                heappush(self._overdue, (self._heard[name] + self.grace_ms, name))
                return
            self._note_health(name, node)
        if observed == "True":
            self._client.event(_reference(node), "Normal", "NodeNotReady", f"Node {name} status is now: NodeNotReady")
            for place in list(self._pods.get(name)):
                self._mark_not_ready(place)
        self._client.note = ""

    def _mark_not_ready(self, place: tuple[str, str]) -> None:
        pod = self._client.get(PODS, *place)
        if pod is None:
            return
        changed = health.not_ready_pod(pod, self._loop.stamp())
        if changed is pod:
            return
        try:
            self._client.update_status(PODS, changed)
        except ApiError as error:
            self.controller.last_error = str(error)
        self._client.event(pod, "Warning", "NodeNotReady", "Node is not ready")

    # ------------------------------------------------------------------ NoExecute taints
    def _follow(self, name: str) -> None:
        """Queue a node that is not ready for its taint, swap the taint of one that has the other, free a ready one.

        # k8s: processTaintBaseEviction
        """
        node = self._client.get(NODES, "", name)
        if node is None:
            self._unready.pop(name, None)
            return
        status = health.ready_status(node)
        zone = self._zones[self._zone_of[name]]
        if status == "True":
            self._free(node, zone)
            self._unready.pop(name, None)
            return
        mine, other = _taint_keys(status)
        if health.has_taint(node, other, health.NO_EXECUTE):
            self._swap(node, mine, other)
        elif not health.has_taint(node, mine, health.NO_EXECUTE):
            zone.waiting[name] = None
            self._arm(0)

    def _free(self, node: Tree, zone: zones.Zone) -> None:
        zone.waiting.pop(node["metadata"]["name"], None)
        both = [(health.NOT_READY, health.NO_EXECUTE), (health.UNREACHABLE, health.NO_EXECUTE)]
        self._retaint(node, health.swap_taints(health.taints_of(node), [], both, ""))

    def _swap(self, node: Tree, mine: str, other: str) -> None:
        effect = health.NO_EXECUTE
        stamp = self._loop.stamp()
        taints = health.swap_taints(health.taints_of(node), [(mine, effect)], [(other, effect)], stamp)
        self._retaint(node, taints)

    def _retaint(self, node: Tree, taints: list[Tree]) -> None:
        if taints == health.taints_of(node):
            return
        try:
            self._client.update(NODES, health.with_spec(node, taints))
        except ApiError as error:
            # The next tick finds the node unchanged and tries again.
            self.controller.last_error = str(error)

    def _arm(self, delay_ms: int) -> None:
        if not self._tainting:
            self._tainting = True
            self._loop.after(max(delay_ms, TAINT_PASS_MS), self._taint_pass)

    def _taint_pass(self) -> None:
        """Taint waiting nodes as fast as the limits of their zones allow. # k8s: doNoExecuteTaintingPass."""
        self._tainting = False
        if not self.controller.enabled:
            return
        now = self._loop.now
        waits = []
        for zone in self._zones.values():
            while zone.waiting and zone.limiter.take(now):
                name = next(iter(zone.waiting))
                del zone.waiting[name]
                node = self._client.get(NODES, "", name)
                if node is not None and health.ready_status(node) in {"False", "Unknown"}:
                    self._swap(node, *_taint_keys(health.ready_status(node)))
            if zone.waiting:
                wait = zone.limiter.wait(now)
                if wait is not None:
                    waits.append(wait)
        if waits:
            self._arm(min(waits))

    # ------------------------------------------------------------------ zones
    def _judge_zones(self) -> None:
        """Adapt the rates to how many nodes are lost. # k8s: handleDisruption."""
        now = self._loop.now
        present = {key: zone for key, zone in self._zones.items() if zone.health}
        if not present:
            return
        states = {key: zone.judge() for key, zone in present.items()}
        all_lost = all(state == zones.FULL for state in states.values())
        all_were_lost = all(zone.state == zones.FULL for zone in present.values())
        if all_lost and all_were_lost:
            return
        if all_lost:
            # k8s: with every node lost the fault is more likely here than there: nobody is evicted
            for key, zone in present.items():
                self._free_all(zone)
                zone.limiter.swap(0.0, now)
                zone.state = states[key]
            return
        if all_were_lost:
            for name in self._heard:
                self._hear(name, now)
        for key, zone in present.items():
            if zone.state != states[key]:
                zone.limiter.swap(zones.rate_of(states[key], len(zone.health)), now)
                zone.state = states[key]
            if zone.waiting:
                self._arm(0)

    def _free_all(self, zone: zones.Zone) -> None:
        for name in list(zone.health):
            node = self._client.get(NODES, "", name)
            if node is not None:
                self._free(node, zone)


def _has_posted(old: Tree, new: Tree) -> bool:
    """Whether this change is a heartbeat of the kubelet; Unknown conditions are only written here."""
    before, after = refs.condition(old, "Ready") or EMPTY, refs.condition(new, "Ready") or EMPTY
    return after.get("status") != "Unknown" and before.get("lastHeartbeatTime") != after.get("lastHeartbeatTime")


def _is_retained(old: Tree, new: Tree) -> bool:
    """Whether taints or labels may have to follow this change."""
    if old.get("spec") is not new.get("spec") or refs.labels(old) is not refs.labels(new):
        return True
    before = (old.get("status") or EMPTY).get("conditions")
    after = (new.get("status") or EMPTY).get("conditions")
    return before is not after


def _taint_keys(status: str) -> tuple[str, str]:
    if status == "False":
        return health.NOT_READY, health.UNREACHABLE
    return health.UNREACHABLE, health.NOT_READY


def _reference(node: Tree) -> Tree:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node["metadata"]["name"], "uid": refs.uid(node)},
    }


def _patience(node: Tree | None, grace_ms: int) -> int:
    """For how long a node may be silent; one that has never posted a status gets more."""
    posted = node is not None and health.ready_status(node) != ""
    return grace_ms if posted else max(STARTUP_GRACE_MS, grace_ms)
