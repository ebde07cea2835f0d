"""The processes of the control plane: which of them are alive, who leads, and what stops when they are gone.

Without instances (a cluster that has no control-plane nodes) every component simply works until a Fault crashes it.
"""

from typing import Protocol

from kubesim.faults.builders import COMPONENT_CRASH, NODE_CRASH, PARTITION
from kubesim.faults.election import RETRY_MS, Election, Instance
from kubesim.kernel.chance import Stream
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.objects.wire import FAULTS, Tree

API_SERVER, MANAGER, SCHEDULER, ETCD = "kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"
COMPONENTS = (ETCD, API_SERVER, MANAGER, SCHEDULER)
NAMESPACE = "kube-system"
RESTART_MS, BOOT_MS = 1_000, 6_000
"""How long a process needs to start, and one on a machine that boots."""
RENEW_DEADLINE_MS = 10_000
"""A leader that cannot renew its Lease for so long gives up and starts again. # k8s: --leader-elect-renew-deadline"""

NO_STORE = (
    "rpc error: code = Unavailable desc = connection error: desc = "
    '"transport: Error while dialing: dial tcp 127.0.0.1:2379: connect: connection refused"'
)
NO_QUORUM = "etcdserver: request timed out"
NO_SERVER = "the server is currently unable to handle the request"


class Switches(Protocol):
    """What can be switched on and off."""

    def run_manager(self, *, on: bool, restarted: bool) -> None:
        """The loops of the controller manager."""

    def run_scheduler(self, *, on: bool) -> None:
        """The scheduler."""

    def set_door(self, outage: str, *, serves: bool) -> None:
        """Whether the API server takes writes ("" for yes, else why not), and whether it answers at all."""

    def crash(self, pod: str, *, on: bool) -> None:
        """A static pod of kube-system keeps crashing, or does no more."""


class ControlPlane:
    """Follows Faults; ``install`` tells of instances."""

    def __init__(self, loop: Loop, hub: Hub, clients: dict[str, Client], random: Stream, switches: Switches) -> None:
        self._loop = loop
        self._random = random
        self._switches = switches
        self._elections = {name: Election(loop, clients[name], name) for name in (MANAGER, SCHEDULER)}
        self._pods: dict[str, tuple[str, str]] = {}
        """(component, node) of each static pod, by name."""
        self._identities: dict[str, str] = {}
        self._faults: dict[str, Tree] = {}
        self._dead: dict[str, None] = {}
        self._off: dict[str, None] = {}
        """The machines that have been shut down."""
        self._held_at: dict[str, int] = {}
        self._is_open = True
        self._working = {MANAGER: True, SCHEDULER: True}
        hub.on(FAULTS, self._fault_changed)

    # ------------------------------------------------------------------ reading
    def leader(self, component: str) -> str:
        """The identity of the instance that leads, "" for none (or where there are no instances)."""
        return self._elections[component].leader if component in self._elections else ""

    def down(self) -> list[str]:
        """The components of which nothing works at present."""
        return [component for component in COMPONENTS if not self._works(component)]

    def _works(self, component: str) -> bool:
        if component in self._working:
            return self._working[component]
        alive, total = self._alive(component)
        if component == ETCD:
            return len(alive) * 2 > total if total else not self._is_crashed(component, "")
        return bool(alive) if total else not self._is_crashed(component, "")

    # ------------------------------------------------------------------ instances
    def install(self, component: str, node: str, pod: str) -> None:
        """There is an instance: a static pod on a control-plane node."""
        if not self._pods:
            self._loop.after(RETRY_MS, self._tick)
        self._pods[pod] = (component, node)
        self._start(pod)
        self._judge()

    def _start(self, pod: str) -> None:
        self._dead.pop(pod, None)
        uuid = f"{self._random.getrandbits(128):032x}"
        parts = (uuid[:8], uuid[8:12], uuid[12:16], uuid[16:20], uuid[20:])
        self._identities[pod] = f"{self._pods[pod][1]}_{'-'.join(parts)}"

    def _alive(self, component: str) -> tuple[list[Instance], int]:
        """The living instances, and how many there should be."""
        pods = [pod for pod, (name, _) in self._pods.items() if name == component]
        alive = [Instance(self._pods[pod][1], self._identities[pod]) for pod in pods if pod not in self._dead]
        return alive, len(pods)

    # ------------------------------------------------------------------ faults
    def _fault_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del revision
        fault = new or old
        if fault is None or fault["spec"]["type"] not in {COMPONENT_CRASH, NODE_CRASH, PARTITION}:
            return
        name = fault["metadata"]["name"]
        if new is not None:
            self._faults[name] = new
        else:
            self._faults.pop(name, None)
        for pod, (component, node) in self._pods.items():
            self._follow(pod, component, node, machine=fault["spec"]["type"] != COMPONENT_CRASH)
        self._judge()

    def powered(self, node: str, on: bool) -> None:
        """A machine has gone off after its shutdown, or is switched on again."""
        if on:
            self._off.pop(node, None)
        else:
            self._off[node] = None
        for pod, (component, place) in self._pods.items():
            if place == node:
                self._follow(pod, component, node, machine=True)
        self._judge()

    def _follow(self, pod: str, component: str, node: str, *, machine: bool) -> None:
        struck = self._is_crashed(component, pod)
        self._switches.crash(pod, on=struck)
        if struck or self._is_lost(node):
            self._dead[pod] = None
        elif pod in self._dead:
            self._loop.after(BOOT_MS if machine else RESTART_MS, self._revive, pod)

    def _revive(self, pod: str) -> None:
        component, node = self._pods[pod]
        if pod in self._dead and not self._is_crashed(component, pod) and not self._is_lost(node):
            self._start(pod)
            self._judge()

    def _is_crashed(self, component: str, pod: str) -> bool:
        for fault in self._faults.values():
            target = fault["spec"]["target"]
            if fault["spec"]["type"] == COMPONENT_CRASH and target["name"] in {component, pod}:
                return True
        return False

    def _is_lost(self, node: str) -> bool:
        return node in self._off or any(
            fault["spec"]["type"] in {NODE_CRASH, PARTITION} and fault["spec"]["target"]["name"] == node
            for fault in self._faults.values()
        )

    # ------------------------------------------------------------------ the consequences
    def _tick(self) -> None:
        self._loop.after(RETRY_MS, self._tick)
        self._judge()

    def _judge(self) -> None:
        self._set_door()
        for component in (MANAGER, SCHEDULER):
            self._set_component(component)

    def _set_door(self) -> None:
        serves, stores = self._works(API_SERVER), self._works(ETCD)
        outage = ""
        if not serves:
            outage = NO_SERVER
        elif not stores:
            outage = NO_QUORUM if self._alive(ETCD)[0] else NO_STORE
        self._is_open = not outage
        self._switches.set_door(outage, serves=serves)

    def _set_component(self, component: str) -> None:
        alive, total = self._alive(component)
        election, now = self._elections[component], self._loop.now
        if not total:
            works = self._is_open and not self._is_crashed(component, "")
        elif self._is_open:
            if self._working[component] is False and now - self._held_at.get(component, now) > RENEW_DEADLINE_MS:
                # Whoever has lost its Lease has ended itself meanwhile, and is another process now.
                self._restart(component)
                alive, _ = self._alive(component)
            works = bool(election.hold(alive))
            if works:
                self._held_at[component] = now
        else:
            election.drop()
            works = False
        self._switch(component, on=works)

    def _restart(self, component: str) -> None:
        for pod, (name, _) in self._pods.items():
            if name == component and pod not in self._dead:
                self._start(pod)
        self._held_at[component] = self._loop.now

    def _switch(self, component: str, *, on: bool) -> None:
        if self._working[component] == on:
            return
        self._working[component] = on
        if component == MANAGER:
            self._switches.run_manager(on=on, restarted=on)
        else:
            self._switches.run_scheduler(on=on)
