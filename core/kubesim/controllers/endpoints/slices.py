"""The endpoint slice controller: up to 100 endpoints a slice, only slices whose endpoints changed are written."""

from collections.abc import Hashable, Mapping
from typing import Any, cast

from kubesim.controllers.endpoints import addresses
from kubesim.controllers.endpoints.backlog import Backlog, Work, trigger_time
from kubesim.controllers.endpoints.membership import Entry, Membership, Slice
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import EMPTY, ENDPOINTSLICES, NODES, Tree

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
NAME = "endpointslice-controller.k8s.io"
ZONE = "topology.kubernetes.io/zone"
RETRY_MS = 1000

Place = tuple[str, str]


class EndpointSliceController:
    """Keeps EndpointSlices. ``controller`` is its driver; keys are (namespace, name) of the Service.

    ``leader`` is the backlog of the endpoints controller of the same hub, which can look at the pods for both.
    """

    def __init__(self, loop: Loop, hub: Hub, client: Client, leader: Backlog | None = None) -> None:
        self.controller = Controller("endpoint-slice", loop, client, self)
        self._client = client
        self._members: dict[Place, dict[str, Membership]] = {}
        self._zones: dict[str, str] = {}
        self._backlog = Backlog(hub, client, self.controller, leader)
        hub.on(ENDPOINTSLICES, self._slice_changed)
        hub.on(NODES, self._node_changed)
        for each in client.list(NODES):
            self._zones[each["metadata"]["name"]] = refs.labels(each).get(ZONE, "")
        for each in client.list(ENDPOINTSLICES):
            self._adopt(each)

    # ------------------------------------------------------------------ handlers
    def _node_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del revision
        either = new if new is not None else old
        if either is None:
            return
        name = either["metadata"]["name"]
        if new is None:
            self._zones.pop(name, None)
            return
        zone = refs.labels(new).get(ZONE, "")
        known = self._zones.get(name)
        self._zones[name] = zone
        if known is not None and known != zone:
            self._backlog.everything()

    def _slice_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        """Somebody else touched a slice of ours: look at everything again."""
        either = new if new is not None else old
        if either is None or refs.labels(either).get(MANAGED_BY) != NAME:
            return
        namespace, name = refs.place(either)
        service = refs.labels(either).get(SERVICE_NAME, "")
        family = self._members.get((namespace, service), {}).get(either.get("addressType", "IPv4"))
        known = None if family is None else family.slices.get(name)
        if known is None or family is None:
            return
        if new is None:
            family.lose(name)
        elif int(new["metadata"]["resourceVersion"]) > known.revision:
            known.changed = True
            known.tree = new
            known.revision = int(new["metadata"]["resourceVersion"])
        else:
            return
        self._backlog.work(namespace, service).everything = True
        self.controller.add((namespace, service), revision)

    def _adopt(self, found: Tree) -> None:
        """Take over a slice that was there before this controller."""
        labels = refs.labels(found)
        if labels.get(MANAGED_BY) == NAME and SERVICE_NAME in labels:
            namespace, name = refs.place(found)
            families = self._members.setdefault((namespace, labels[SERVICE_NAME]), {})
            family = families.setdefault(found["addressType"], Membership())
            family.slices[name] = Slice.read(found)
            for each in family.slices[name].endpoints:
                family.placed[each] = name

    # ------------------------------------------------------------------ one sync
    def reconcile(self, key: Hashable) -> int | None:
        """Look at the dirty pods of a Service and write the slices that change."""
        namespace, name = place = cast("Place", key)
        service = self._backlog.service(namespace, name)
        if service is None:
            # The garbage collector deletes the slices: the Service owns them.
            self._backlog.forget(namespace, name)
            self._members.pop(place, None)
            return None
        work = self._backlog.work(namespace, name)
        if not work.selector:
            return None
        self._client.cause = self._client.cause or work.cause
        families = self._members.setdefault(place, {})
        wished = addresses.families(service)
        relabel = work.service is None or refs.labels(work.service) != refs.labels(service)
        everything = work.needs_everything(service)
        known = [pod for family in families.values() for pod in family.placed] if everything else []
        changed = self._backlog.take(namespace, service, known)
        trigger = trigger_time(work, service, changed)
        missing = False
        for family in wished:
            membership = families.setdefault(family, Membership())
            if relabel:
                membership.touch_all()
            missing |= self._place(service, family, membership, changed, work)
            self._write(service, family, membership, trigger)
        for family in [each for each in families if each not in wished]:
            for each in families.pop(family).slices:
                self._delete(namespace, each)
        return RETRY_MS if missing else None

    def _place(
        self, service: Tree, family: str, membership: Membership, changed: Mapping[str, Tree | None], work: Work
    ) -> bool:
        """Put the endpoints of the changed pods into slices; True when one waits for its node to appear."""
        publish = bool(service["spec"].get("publishNotReadyAddresses"))
        shared = None if addresses.has_named_ports(service) else addresses.ports_of(service, EMPTY)
        missing = False
        for name, pod in changed.items():
            entry = None
            if pod is not None and addresses.is_selected(pod, work.selector) and addresses.is_candidate(pod):
                if publish or pod["spec"].get("nodeName", "") in self._zones:
                    entry = self._entry(service, family, pod, shared)
                else:
                    missing = True
                    work.dirty[name] = None
            membership.put(name, entry)
        membership.settle()
        return missing

    def _entry(self, service: Tree, family: str, pod: Tree, shared: addresses.Ports | None) -> Entry | None:
        zone = self._zones.get(pod["spec"].get("nodeName", ""))
        endpoint = addresses.endpoint(pod, service, family, zone)
        if endpoint is None:
            return None
        return tuple.__new__(Entry, (addresses.ports_of(service, pod) if shared is None else shared, endpoint))

    # ------------------------------------------------------------------ writing
    def _write(self, service: Tree, family: str, membership: Membership, trigger: str) -> None:
        namespace = service["metadata"]["namespace"]
        for name in membership.take_deleted():
            self._delete(namespace, name)
        for each in [each for each in membership.slices.values() if each.changed]:
            body = self._body(service, family, each, trigger)
            if each.tree is None:
                membership.rename(each, self._client.create(ENDPOINTSLICES, namespace, body))
            elif any(each.tree.get(field) != body.get(field) for field in ("endpoints", "ports")) or (
                refs.labels(each.tree) != body["metadata"]["labels"]
            ):
                each.written(self._client.update(ENDPOINTSLICES, body))
            each.changed = False

    def _body(self, service: Tree, family: str, found: Slice, trigger: str) -> dict[str, Any]:
        name = service["metadata"]["name"]
        labels = {key: value for key, value in refs.labels(service).items() if key != addresses.HEADLESS_LABEL}
        labels |= {MANAGED_BY: NAME, SERVICE_NAME: name}
        if addresses.is_headless(service):
            labels[addresses.HEADLESS_LABEL] = ""
        if found.tree is None:
            metadata: dict[str, Any] = {
                "generateName": f"{name}-",
                "namespace": service["metadata"]["namespace"],
                "ownerReferences": [refs.owner_reference(service, "v1", "Service")],
            }
        else:
            metadata = dict(found.tree["metadata"])
        metadata["labels"] = labels
        known = metadata.get("annotations") or EMPTY
        annotations = {key: value for key, value in known.items() if key != addresses.TRIGGER_TIME}
        if trigger:
            annotations[addresses.TRIGGER_TIME] = trigger
        metadata.pop("annotations", None)
        if annotations:
            metadata["annotations"] = annotations
        is_placeholder = not found.endpoints
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": metadata,
            "addressType": family,
            "endpoints": None if is_placeholder else list(found.endpoints.values()),
            "ports": None if is_placeholder else addresses.slice_ports(found.ports),
        }

    def _delete(self, namespace: str, name: str) -> None:
        try:
            self._client.delete(ENDPOINTSLICES, namespace, name)
        except ApiError as error:
            if error.reason != "NotFound":
                raise
