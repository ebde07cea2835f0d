"""The endpoint controller: one Endpoints object a Service, with at most 1,000 addresses."""

from bisect import bisect_left, insort
from collections.abc import Hashable
from typing import Any, cast

from kubesim.controllers.endpoints import addresses, packing
from kubesim.controllers.endpoints.backlog import Backlog, Work, trigger_time
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import pods, refs
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import EMPTY, ENDPOINTS, Tree

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
NAME = "endpoint-controller"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"

Place = tuple[str, str, str]
"""Address, uid and name of a pod: the order of the addresses."""


class _Members:
    """The addresses of one Service, kept sorted."""

    __slots__ = ("known", "order")

    def __init__(self) -> None:
        self.order: list[Place] = []
        self.known: dict[str, tuple[Place, packing.Address]] = {}

    def put(self, name: str, found: packing.Address | None) -> bool:
        """Set or with None remove the address of a pod; False when nothing changed."""
        known = self.known.get(name)
        if found is None:
            if known is None:
                return False
            del self.known[name], self.order[bisect_left(self.order, known[0])]
            return True
        if known is not None and known[1] == found:
            return False
        place = (found.value["ip"], found.value["targetRef"]["uid"], name)
        if known is None or known[0] != place:
            if known is not None:
                del self.order[bisect_left(self.order, known[0])]
            insort(self.order, place)
        self.known[name] = (place, found)
        return True


class EndpointsController:
    """Keeps Endpoints objects. ``controller`` is its driver; keys are (namespace, name) of the Service."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("endpoint", loop, client, self)
        self._client = client
        self._members: dict[tuple[str, str], _Members] = {}
        self.backlog = Backlog(hub, client, self.controller)
        hub.on(ENDPOINTS, self._endpoints_changed)

    def _endpoints_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        # Someone else deleted what this loop keeps: make it again.
        if new is None and old is not None and self.backlog.knows(*refs.place(old)):
            self.controller.add(refs.place(old), revision)

    def reconcile(self, key: Hashable) -> int | None:
        """Look at the dirty pods of a Service and write its Endpoints when they differ."""
        namespace, name = place = cast("tuple[str, str]", key)
        service = self.backlog.service(namespace, name)
        if service is None:
            self.backlog.forget(namespace, name)
            self._members.pop(place, None)
            self._delete(namespace, name)
            return None
        work = self.backlog.work(namespace, name)
        if not work.selector:
            return None
        self._client.cause = self._client.cause or work.cause
        members = self._members.setdefault(place, _Members())
        changed = self.backlog.take(namespace, service, members.known)
        shared = None if addresses.has_named_ports(service) else addresses.ports_of(service, EMPTY)
        for each, pod in changed.items():
            members.put(each, _address(pod, service, work, shared))
        self._write(service, members, trigger_time(work, service, changed))
        return None

    def _delete(self, namespace: str, name: str) -> None:
        if self._client.get(ENDPOINTS, namespace, name) is None:
            return
        try:
            self._client.delete(ENDPOINTS, namespace, name)
        except ApiError as error:
            if error.reason != "NotFound":
                raise

    def _write(self, service: Tree, members: _Members, trigger: str) -> None:
        namespace, name = refs.place(service)
        every = [members.known[each[2]][1] for each in members.order]
        subsets, cut = packing.truncate(packing.subsets(_head(every)))
        cut = cut or len(every) > packing.MAX_ADDRESSES
        current = self._client.get(ENDPOINTS, namespace, name)
        labels = {**refs.labels(service), MANAGED_BY: NAME}
        if addresses.is_headless(service):
            labels[addresses.HEADLESS_LABEL] = ""
        if current is not None and _is_same(current, subsets, labels, cut=cut):
            return
        annotations = dict(refs.annotations(current)) if current is not None else {}
        for annotation, value in ((addresses.TRIGGER_TIME, trigger), (OVER_CAPACITY, "truncated" if cut else "")):
            if value:
                annotations[annotation] = value
            else:
                annotations.pop(annotation, None)
        metadata = dict(current["metadata"]) if current is not None else {"name": name, "namespace": namespace}
        metadata["labels"] = labels
        metadata.pop("annotations", None)
        if annotations:
            metadata["annotations"] = annotations
        body: dict[str, Any] = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata}
        if subsets:
            body["subsets"] = subsets
        if current is None:
            self._client.create(ENDPOINTS, namespace, body)
        else:
            self._client.update(ENDPOINTS, body)


def _address(pod: Tree | None, service: Tree, work: Work, shared: addresses.Ports | None) -> packing.Address | None:
    if pod is None or not addresses.is_selected(pod, work.selector):
        return None
    publish = bool(service["spec"].get("publishNotReadyAddresses"))
    if not addresses.is_candidate(pod, terminating=publish):
        return None
    value = addresses.legacy_address(pod, service, addresses.families(service)[0])
    if value is None:
        return None
    ports = addresses.ports_of(service, pod) if shared is None else shared
    if not ports and not (addresses.is_headless(service) and not service["spec"].get("ports")):
        return None
    return tuple.__new__(packing.Address, (ports, publish or pods.is_ready(pod), value))


def _head(every: list[packing.Address]) -> list[packing.Address]:
    """As many as can be published when they share their ports: ready ones first, in their order."""
    if len(every) <= packing.MAX_ADDRESSES or any(each.ports != every[0].ports for each in every):
        return every
    ready = [each for each in every if each.ready][: packing.MAX_ADDRESSES]
    rest = packing.MAX_ADDRESSES - len(ready)
    return ready + [each for each in every if not each.ready][:rest] if rest else ready


def _is_same(current: Tree, subsets: list[dict[str, Any]], labels: dict[str, str], *, cut: bool) -> bool:
    return (
        (current.get("subsets") or []) == subsets
        and refs.labels(current) == labels
        and (refs.annotations(current).get(OVER_CAPACITY, EMPTY) == "truncated") == cut
    )
