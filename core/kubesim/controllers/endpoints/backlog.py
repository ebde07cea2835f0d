"""Which Services select a pod, and which pods each Service has yet to look at."""

from collections.abc import Iterable, Mapping
from typing import Any

from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import pods, refs
from kubesim.objects.times import parse_time
from kubesim.objects.wire import EMPTY, PODS, SERVICES, Tree

BATCH_MS = 500
"""Changes that follow a sync within this time wait for its end. # differs: Kubernetes' default batch period is 0 s"""

MEMO_SIZE = 5_000

_NOTHING: Mapping[str, Any] = {}


class Work:
    """The backlog of one Service."""

    __slots__ = ("cause", "dirty", "everything", "seen", "selector", "service", "synced_at", "triggers")

    def __init__(self) -> None:
        self.service: Tree | None = None
        """The Service as it was last synced."""
        self.selector: Mapping[str, str] = _NOTHING
        self.dirty: dict[str, None] = {}
        """Names of pods to look at."""
        self.everything = True
        """Whether all pods of the namespace have to be looked at."""
        self.synced_at = -BATCH_MS
        self.cause = 0
        self.triggers: dict[str, str] = {}
        """When each pod last became ready or unready, as far as that has been published."""
        self.seen = False

    def needs_everything(self, service: Tree) -> bool:
        """Whether the Service itself has changed so that every pod has to be looked at."""
        if self.everything or self.service is None:
            return True
        return self.service["spec"] is not service["spec"] and self.service["spec"] != service["spec"]


class Backlog:
    """Follows Services and pods for one loop; the queue of ``controller`` gets (namespace, name) of Services.

    With a ``leader``, the backlog of another loop, that one looks at the pods for both if it hears the same hub.
    """

    def __init__(self, hub: Hub, client: Client, controller: Controller, leader: "Backlog | None" = None) -> None:
        self._client = client
        self._controller = controller
        self._works: dict[str, dict[str, Work]] = {}
        self._by_label: dict[tuple[str, str, str], dict[str, Work]] = {}
        """The Services by namespace and by one label that they ask for."""
        self._selecting: dict[tuple[int, str], tuple[Any, list[str]]] = {}
        """The Services that select some labels, which the pods of a template share: by identity, with namespace."""
        self._followers: list[Backlog] = []
        hub.on(SERVICES, self._service_changed)
        self._hub = hub
        if leader is None or leader._hub is not hub:
            hub.on(PODS, self._pod_changed)
        else:
            leader._followers.append(self)
        for each in client.list(SERVICES):
            self._service_changed(None, each, 0)

    def __getstate__(self) -> dict[str, Any]:
        # Addresses mean nothing in another process.
        return {**self.__dict__, "_selecting": {}}

    def work(self, namespace: str, name: str) -> Work:
        """The backlog of a Service, made on first use."""
        space = self._works.setdefault(namespace, {})
        found = space.get(name)
        if found is None:
            found = space[name] = Work()
        return found

    def service(self, namespace: str, name: str) -> Tree | None:
        """The Service, while it exists."""
        return self._client.get(SERVICES, namespace, name)

    def knows(self, namespace: str, name: str) -> bool:
        """Whether a Service with a selector has that name."""
        work = self._works.get(namespace, _NOTHING).get(name)
        return work is not None and bool(work.selector)

    def take(self, namespace: str, service: Tree, known: Iterable[str]) -> dict[str, Tree | None]:
        """The pods to look at in this sync, None for those that are gone. ``known`` are the present endpoints."""
        name = service["metadata"]["name"]
        work = self.work(namespace, name)
        work.synced_at = self._client.now()
        if work.needs_everything(service):
            work.everything = False
            selector = work.selector.items()
            names = dict.fromkeys(known)
            for pod in self._client.list(PODS, namespace):
                if selector <= refs.labels(pod).items():
                    names[pod["metadata"]["name"]] = None
        else:
            names = work.dirty
        work.dirty = {}
        work.service = service
        return {each: self._client.get(PODS, namespace, each) for each in names}

    def forget(self, namespace: str, name: str) -> None:
        """Drop what is known of a Service that is gone."""
        work = self._works.get(namespace, {}).pop(name, None)
        if work is not None:
            self._by_label.get(_label(namespace, work.selector), {}).pop(name, None)
            self._selecting.clear()

    def everything(self) -> None:
        """Ask every Service to look at all its pods again."""
        for namespace, space in self._works.items():
            for name, work in space.items():
                work.everything = True
                self._controller.add((namespace, name))

    # ------------------------------------------------------------------ handlers
    def _service_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        either = new if new is not None else old
        if either is None:
            return
        key = refs.place(either)
        if new is not None:
            work = self.work(*key)
            # k8s: Services of type ExternalName receive no endpoints.
            named = new["spec"].get("type") == "ExternalName"
            selector = _NOTHING if named else new["spec"].get("selector") or _NOTHING
            if old is None or work.selector != selector:
                self._by_label.get(_label(key[0], work.selector), {}).pop(key[1], None)
                work.selector = selector
                work.everything = True
                self._selecting.clear()
                if selector:
                    self._by_label.setdefault(_label(key[0], selector), {})[key[1]] = work
        self._controller.add(key, revision)

    def _pod_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        now = EMPTY if new is None else new.get("status", EMPTY)
        was = EMPTY if old is None else old.get("status", EMPTY)
        # Most events come before a pod has an address: they are let pass at once.
        if "podIPs" not in now and "podIPs" not in was:
            return
        if old is not None and new is not None and not _matters(old, new, was, now):
            return
        pod = new if new is not None else old
        if pod is None:
            return
        metadata = pod["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        labels = metadata.get("labels")
        services = self.services(namespace, labels)
        if old is not None and old["metadata"].get("labels") is not labels:
            services = [*services, *self.services(namespace, old["metadata"].get("labels"))]
        if services:
            self._mark(namespace, services, name, revision)
            for follower in self._followers:
                follower._mark(namespace, services, name, revision)

    def _mark(self, namespace: str, services: Iterable[str], name: str, revision: int) -> None:
        now = self._client.now()
        for service in services:
            work = self.work(namespace, service)
            work.dirty[name] = None
            work.cause = revision
            wait = work.synced_at + BATCH_MS - now
            if wait <= 0:
                self._controller.add((namespace, service), revision)
            else:
                self._controller.add_after((namespace, service), wait)

    def services(self, namespace: str, labels: Any) -> list[str]:
        """The names of the Services that select these labels."""
        if not labels:
            return []
        known = self._selecting.get((id(labels), namespace))
        if known is not None:
            return known[1]
        if len(self._selecting) >= MEMO_SIZE:
            self._selecting.clear()
        found = []
        items = labels.items()
        for key, value in items:
            asking = self._by_label.get((namespace, key, value))
            if asking:
                found += [name for name, work in asking.items() if work.selector.items() <= items]
        self._selecting[id(labels), namespace] = (labels, found)
        return found


def _label(namespace: str, selector: Mapping[str, str]) -> tuple[str, str, str]:
    for key, value in selector.items():
        return namespace, key, value
    return namespace, "", ""


def _matters(old: Tree, new: Tree, was: Tree, now: Tree) -> bool:
    """Whether a change of a pod can change its endpoint; ``was`` and ``now`` are the statuses."""
    if was is not now:
        if was.get("podIPs") != now.get("podIPs") or was.get("phase") != now.get("phase"):
            return True
        before, after = was.get("conditions") or (), now.get("conditions") or ()
        if before is not after and _ready(before) != _ready(after):
            return True
    before, after = old["metadata"], new["metadata"]
    if before.get("labels") is not after.get("labels") and before.get("labels") != after.get("labels"):
        return True
    return bool(before.get("deletionTimestamp") != after.get("deletionTimestamp"))


def _ready(conditions: Any) -> Any:
    for condition in conditions:
        if condition["type"] == "Ready":
            return condition["status"]
    return None


def trigger_time(work: Work, service: Tree, changed: Mapping[str, Tree | None]) -> str:
    """The earliest time that explains this sync, "" when nothing does. Remembers what it has told.

    # k8s: endpointslice/util TriggerTimeTracker
    """
    times = []
    if not work.seen:
        work.seen = True
        times.append(service["metadata"].get("creationTimestamp"))
    for name, pod in changed.items():
        if pod is None:
            work.triggers.pop(name, None)
            continue
        since = _ready_since(pod)
        if since and work.triggers.get(name) != since:
            work.triggers[name] = since
            times.append(since)
    return min(filter(None, times), key=parse_time, default="")


def _ready_since(pod: Tree) -> str | None:
    ready = pods.ready_condition(pod)
    return None if ready is None else ready.get("lastTransitionTime")
