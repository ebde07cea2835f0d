"""kube-scheduler: takes one pod at a time from the queue, finds the best node and binds the pod to it."""

from kubesim.kernel.chance import Chance
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.objects.errors import ApiError, failure
from kubesim.objects.wire import PODS, Tree
from kubesim.scheduler.cache import Cache
from kubesim.scheduler.cycle import Framework
from kubesim.scheduler.decision import Bound, Decision, NodeVerdict
from kubesim.scheduler.devices.pools import Inventory
from kubesim.scheduler.devices.reserving import Reserving
from kubesim.scheduler.devices.waiting import Waiting
from kubesim.scheduler.diagnosis import Diagnosis
from kubesim.scheduler.explaining import Explainer
from kubesim.scheduler.failure import FailureHandler
from kubesim.scheduler.framework import ClusterEvent
from kubesim.scheduler.history import Failed, History
from kubesim.scheduler.nominator import Nominator
from kubesim.scheduler.placement.index import Choice
from kubesim.scheduler.placement.registry import Placements
from kubesim.scheduler.plugins.default_binder import DefaultBinder
from kubesim.scheduler.plugins.dynamic_resources import DynamicResources, SelectorPort
from kubesim.scheduler.plugins.node_volume_limits import NodeVolumeLimits
from kubesim.scheduler.plugins.volume_binding import VolumeBinding
from kubesim.scheduler.plugins.volume_restrictions import VolumeRestrictions
from kubesim.scheduler.plugins.volume_zone import VolumeZone
from kubesim.scheduler.podinfo import Incoming, PodInfo, PodParser, claims_of
from kubesim.scheduler.preemption import DefaultPreemption
from kubesim.scheduler.queue import FLUSH_PERIOD_MS, POOL, QueuedPod, SchedulingQueue, everything
from kubesim.scheduler.selectors import DefaultSelectors
from kubesim.scheduler.storage import Storage
from kubesim.scheduler.volumebinder import VolumeBinder
from kubesim.scheduler.watching import Watching

_new = tuple.__new__
"""The plain constructor: a named tuple's own costs three times as much, and this runs for every pod."""

__all__ = ["Decision", "NodeVerdict", "Scheduler"]


class Scheduler:
    """The default scheduler. Each scheduling cycle is one callback of the loop."""

    def __init__(
        self, loop: Loop, hub: Hub, client: Client, chance: Chance, selectors: SelectorPort | None = None
    ) -> None:
        self.enabled = True
        """False while the component is crashed: pods pile up."""
        self.cycles = 0
        """How many scheduling cycles there have been."""
        self._loop = loop
        self._client = client
        client.recorder.modern = True
        self._cache = Cache()
        self._nominator = Nominator(self._cache)
        self._storage = Storage(client)
        binding = VolumeBinding(self._storage)
        limits = (VolumeRestrictions(self._storage), NodeVolumeLimits(self._storage))
        inventory = Inventory(client)
        resources = DynamicResources(inventory, selectors)
        volumes = (*limits, binding, VolumeZone(self._storage))
        self._framework = Framework(self._nominator, self._cache, volumes, (resources,))
        self._devices = Reserving(client, resources, inventory)
        self._parser = PodParser()
        self._selectors = DefaultSelectors(client)
        self._placements = Placements(self._cache, self._nominator, self._parser, self._selectors)
        self._queue = SchedulingQueue(self._framework)
        self._binder = DefaultBinder()
        preemption = DefaultPreemption(self._framework, self._cache, chance)
        self._failures = FailureHandler(loop, client, self._nominator, preemption, self._devices)
        self._history = History()
        self._explainer = Explainer(client, self._cache, self._framework, self._placements, self._history)
        self._volumes = VolumeBinder(loop, client, binding, self._volumes_done)
        self._assumed: dict[str, tuple[QueuedPod, Choice]] = {}
        """The pods that have a node and wait for their volumes."""
        self._armed = False
        self._flushing = False
        self._error_due = 0
        self._watching = Watching(
            client,
            self._cache,
            self._queue,
            self._nominator,
            self._parser,
            self._selectors,
            self._placements,
            self._arm,
            self._failures.gated,
            resources,
        )
        self._watching.start(hub)
        self._waiting = Waiting(self._queue, inventory, self._watching.tell, self._watching.try_gated)
        self._waiting.follow(hub)
        self._volumes.follow(hub, self._watching.tell)

    # ------------------------------------------------------------------ for the screen
    @property
    def queue_depth(self) -> int:
        """How many pods are to be tried without anything else having to happen."""
        return len(self._queue)

    @property
    def unschedulable(self) -> int:
        """How many pods wait for the cluster to change."""
        return self._queue.count(POOL)

    def describe_next(self) -> str:
        """What the next step does, for the time bar."""
        queued = self._queue.peek()
        if queued is None:
            return "scheduler"
        metadata = queued.pod["metadata"]
        return f"scheduler {metadata['namespace']}/{metadata['name']}"

    def explain(self, namespace: str, name: str) -> Decision | None:
        """The latest decision about a pod with every node's verdict, or None when there was none yet."""
        return self._explainer.explain(namespace, name)

    def resume(self) -> None:
        """Go on after ``enabled`` was set again."""
        self._arm()

    # ------------------------------------------------------------------ driving
    def _arm(self) -> None:
        if not self._armed and self.enabled and len(self._queue):
            self._armed = True
            self._loop.at(self._loop.now, self._schedule_one)

    def _schedule_one(self) -> None:
        self._armed = False
        if not self.enabled:
            return
        queued = self._queue.pop(self._loop.now)
        if queued is None:
            return
        client = self._client
        client.cause = queued.cause
        self._loop.mark()
        self.cycles += 1
        if "deletionTimestamp" in queued.pod["metadata"]:
            self._failures.skipped(queued.pod)
            self._queue.remove(queued.uid)
        else:
            self._schedule(queued)
        client.cause = 0
        self._arm()

    # ------------------------------------------------------------------ one cycle
    def _schedule(self, queued: QueuedPod) -> None:
        pod = queued.pod
        info = self._parser.parse(pod)
        if self._needs_scan(info, pod):
            incoming, found = self._scan(pod)
        else:
            placement = self._placements.of(pod)
            choice = placement.choose()
            if choice is None:
                incoming, found = self._placements.incoming(pod), placement.diagnose()
            elif not info.uses_claims or self._storage.takes(choice.node, info.namespace, claims_of(pod)):
                self._bind(queued, info, choice)
                return
            else:
                incoming, found = self._scan(pod)
        if isinstance(found, Choice):
            self._bind(queued, info, found)
        else:
            self._fail(queued, incoming, found)

    def _needs_scan(self, info: PodInfo, pod: Tree) -> bool:
        """Whether only the full cycle will do: volumes, named nodes, places held for nominated pods."""
        if info.uses_claims and not self._storage.leaves_open(info.namespace, pod):
            return True
        if info.uses_devices or info.disks or info.node_names is not None or self._cache.inventory.shared_hostnames:
            return True
        nominator = self._nominator
        if not nominator:
            return False
        is_nominated = bool(nominator.node_of(pod["metadata"]["uid"]))
        return is_nominated or info.terms is not None or bool(info.spread) or nominator.has_terms

    def _scan(self, pod: Tree) -> tuple[Incoming, "Choice | Diagnosis"]:
        incoming = self._placements.incoming(pod)
        filtered = self._framework.find(incoming, self._cache)
        feasible = filtered.feasible
        if not feasible:
            return incoming, filtered.diagnosis
        if len(feasible) == 1:
            return incoming, Choice(feasible[0], 0, 1)
        best = self._framework.select(self._framework.score(incoming, self._cache, filtered))
        return incoming, Choice(best.node, best.total, len(feasible))

    def _bind(self, queued: QueuedPod, info: PodInfo, choice: Choice) -> None:
        pod = queued.pod
        self._cache.add_pod(pod, info, choice.node.name, assumed=True)
        if self._nominator:
            self._nominator.remove(queued.uid)
        if info.uses_devices:
            try:
                self._devices.reserve(self._placements.incoming(pod), choice.node, self._cache)
            except ApiError as error:
                self._unbind(queued, error, 'running PreBind plugin "DynamicResources"')
                return
        if info.uses_claims:
            try:
                if not self._volumes.begin(queued.uid, info.namespace, claims_of(pod), choice.node):
                    self._assumed[queued.uid] = (queued, choice)
                    return
            except ApiError as error:
                self._unbind(queued, error, 'running PreBind plugin "VolumeBinding"')
                return
        self._write(queued, choice)

    def _write(self, queued: QueuedPod, choice: Choice) -> None:
        pod, node, client = queued.pod, choice.node, self._client
        metadata = pod["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        try:
            client.create(PODS, namespace, self._binder.binding(pod, node.name), "binding", name)
        except ApiError as error:
            self._unbind(queued, error)
            return
        self._queue.remove(queued.uid)
        client.event(pod, "Normal", "Scheduled", f"Successfully assigned {namespace}/{name} to {node.name}")
        now = self._loop.now
        count = self._cache.node_count
        parts = (queued.uid, self.cycles, now, node.name, choice.feasible, count, choice.score, queued.cause)
        self._history.bound((namespace, name), _new(Bound, parts))

    def _volumes_done(self, uid: str, problem: str) -> None:
        """The claims of a pod that was waiting are bound, or will not be."""
        queued, choice = self._assumed.pop(uid)
        if self._queue.get(uid) is not queued:
            return
        if problem:
            self._unbind(queued, failure(500, "", "context deadline exceeded"), problem)
        else:
            self._client.cause = self._client.revision
            self._write(queued, choice)
            self._client.cause = 0

    def _unbind(self, queued: QueuedPod, error: ApiError, step: str = 'running Bind plugin "DefaultBinder"') -> None:
        self._cache.remove_pod(queued.uid)
        if queued.pod["spec"].get("resourceClaims"):
            self._devices.unreserve(queued.pod)
        now = self._loop.now
        self._queue.notify(ClusterEvent("AssignedPod", ("Delete",), queued.pod, None), now, queued.cause)
        if error.code == 404:
            self._queue.remove(queued.uid)
        else:
            self._retry_at(self._queue.retry(queued, now))
        self._failures.report(queued.pod, "SchedulerError", f"binding rejected: {step}: {error}")

    def _fail(self, queued: QueuedPod, incoming: Incoming, diagnosis: Diagnosis) -> None:
        now = self._loop.now
        plugins = diagnosis.plugins()
        if plugins:
            self._queue.park(queued, plugins, incoming, now)
            self._arm_flush()
        else:
            self._retry_at(self._queue.retry(queued, now))
        message, preemption = self._failures.unschedulable(queued, incoming, diagnosis)
        metadata = queued.pod["metadata"]
        place = (metadata["namespace"], metadata["name"])
        decision = Decision(
            *place,
            queued.uid,
            self.cycles,
            now,
            "",
            0,
            diagnosis.node_count,
            0,
            message,
            preemption=preemption,
            cause=queued.cause,
        )
        self._history.failed(place, Failed(decision, diagnosis, self._cache.node_names()))

    # ------------------------------------------------------------------ timers
    def _retry_at(self, due: int) -> None:
        if self._error_due <= self._loop.now or due < self._error_due:
            self._error_due = due
            self._loop.at(due, self._retry)

    def _retry(self) -> None:
        self._queue.release(self._loop.now)
        self._arm()
        due = self._queue.next_error_due
        if due is not None:
            self._retry_at(due)

    def _arm_flush(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._loop.after(FLUSH_PERIOD_MS, self._flush)

    def _flush(self) -> None:
        self._flushing = False
        self._queue.flush(self._loop.now)
        self._arm()
        if self._queue.is_waiting:
            self._arm_flush()


def queued(scheduler: Scheduler) -> list[QueuedPod]:
    """Every pod that has no node yet, wherever in the queue it is."""
    return everything(scheduler._queue)
