"""The endpoint slice mirroring controller: EndpointSlices for Endpoints that people keep themselves.

# k8s: pkg/controller/endpointslicemirroring
"""

from collections.abc import Hashable
from typing import Any

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.wire import ENDPOINTS, ENDPOINTSLICES, SERVICES, Tree

NAME = "endpointslicemirroring-controller.k8s.io"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
SERVICE_NAME = "kubernetes.io/service-name"
SKIP = "endpointslice.kubernetes.io/skip-mirror"
LEADER = "control-plane.alpha.kubernetes.io/leader"
NOT_COPIED = ("kubectl.kubernetes.io/last-applied-configuration", "endpoints.kubernetes.io/last-change-trigger-time")
MOST = 1_000
"""Addresses of a subset that are mirrored."""

Place = tuple[str, str]
Group = tuple[str, tuple[tuple[str, str, int, str], ...]]
"""Address type, and ports as (name, protocol, number, application protocol)."""


class EndpointSliceMirroringController:
    """Mirrors Endpoints of Services without a selector. Keys are (namespace, name) of both."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("endpoint-slice-mirroring", loop, client, self)
        self._client = client
        self._mine: dict[Place, dict[str, None]] = {}
        """The names of the slices of each Service."""
        hub.on(ENDPOINTS, self._endpoints_changed)
        hub.on(SERVICES, self._service_changed)
        hub.on(ENDPOINTSLICES, self._slice_changed)

    def _endpoints_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        either = new if new is not None else old
        if either is None:
            return
        place = refs.place(either)
        if is_mirrored(new) or is_mirrored(old) or place in self._mine:
            self.controller.add(place, revision)

    def _service_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        either = new if new is not None else old
        if either is None or (new is not None and old is not None and new["spec"] is old["spec"]):
            return
        place = refs.place(either)
        if not either["spec"].get("selector") or place in self._mine:
            self.controller.add(place, revision)

    def _slice_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        either = new if new is not None else old
        if either is None or refs.labels(either).get(MANAGED_BY) != NAME:
            return
        namespace, name = refs.place(either)
        place = (namespace, str(refs.labels(either).get(SERVICE_NAME, "")))
        if new is not None:
            self._mine.setdefault(place, {})[name] = None
        else:
            held = self._mine.get(place, {})
            if held.pop(name, 0) is None:
                self.controller.add(place, revision)
            if not held:
                self._mine.pop(place, None)

    # ------------------------------------------------------------------ one sync
    def reconcile(self, key: Hashable) -> int | None:
        """Make the slices say what the Endpoints say."""
        place: Place = (str(key[0]), str(key[1])) if isinstance(key, tuple) else ("", "")
        service, source = self._client.get(SERVICES, *place), self._client.get(ENDPOINTS, *place)
        known = self._known(place)
        wanted: dict[Group, list[dict[str, Any]]] = {}
        if service is not None and source is not None and not service["spec"].get("selector") and is_mirrored(source):
            wanted = groups(source)
        elif not known:
            return None
        for each in known:
            body = wanted.pop(_group_of(each), None)
            if body is None or source is None:
                self._client.delete(ENDPOINTSLICES, place[0], each["metadata"]["name"])
                self._mine.get(place, {}).pop(each["metadata"]["name"], None)
                continue
            changed = {**each, **_body(_group_of(each), body), "metadata": _metadata(source, each["metadata"])}
            if any(changed.get(field) != each.get(field) for field in ("endpoints", "ports")) or (
                changed["metadata"] != each["metadata"]
            ):
                self._client.update(ENDPOINTSLICES, changed)
        if source is not None:
            for group, body in wanted.items():
                made = self._client.create(
                    ENDPOINTSLICES, place[0], {**_body(group, body), "metadata": _metadata(source, None)}
                )
                self._mine.setdefault(place, {})[made["metadata"]["name"]] = None
        return None

    def _known(self, place: Place) -> list[Tree]:
        names = sorted(self._mine.get(place, {}))
        return [tree for name in names if (tree := self._client.get(ENDPOINTSLICES, place[0], name)) is not None]


def is_mirrored(endpoints: Tree | None) -> bool:
    """Whether Endpoints may be mirrored at all, as far as they say themselves."""
    if endpoints is None:
        return False
    return refs.labels(endpoints).get(SKIP) != "true" and LEADER not in refs.annotations(endpoints)


def groups(endpoints: Tree) -> dict[Group, list[dict[str, Any]]]:
    """The endpoints of the subsets by address type and ports."""
    found: dict[Group, dict[str, dict[str, Any]]] = {}
    for subset in endpoints.get("subsets") or ():
        ports = tuple(
            (port.get("name") or "", port.get("protocol") or "TCP", int(port["port"]), port.get("appProtocol") or "")
            for port in subset.get("ports") or ()
        )
        listed = [(each, True) for each in subset.get("addresses") or ()]
        listed += [(each, False) for each in subset.get("notReadyAddresses") or ()]
        for address, ready in listed[:MOST]:
            family = "IPv6" if ":" in address["ip"] else "IPv4"
            found.setdefault((family, ports), {}).setdefault(address["ip"], _endpoint(address, ready=ready))
    return {group: list(each.values()) for group, each in found.items()}


def _endpoint(address: Tree, *, ready: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"addresses": [address["ip"]], "conditions": {"ready": ready}}
    for field in ("hostname", "nodeName", "targetRef"):
        if address.get(field):
            found[field] = address[field]
    return found


def _body(group: Group, listed: list[dict[str, Any]]) -> dict[str, Any]:
    family, ports = group
    shown = []
    for name, protocol, number, application in ports:
        port: dict[str, Any] = {"name": name, "protocol": protocol, "port": number}
        shown.append({**port, "appProtocol": application} if application else port)
    return {
        "apiVersion": ENDPOINTSLICES.api_version,
        "kind": "EndpointSlice",
        "addressType": family,
        "endpoints": listed,
        "ports": shown,
    }


def _metadata(endpoints: Tree, old: Tree | None) -> dict[str, Any]:
    namespace, name = refs.place(endpoints)
    labels = {**refs.labels(endpoints), MANAGED_BY: NAME, SERVICE_NAME: name}
    notes = {key: value for key, value in refs.annotations(endpoints).items() if key not in NOT_COPIED}
    begin: dict[str, Any] = (
        dict(old)
        if old is not None
        else {
            "generateName": f"{name}-",
            "namespace": namespace,
            "ownerReferences": [refs.owner_reference(endpoints, "v1", "Endpoints")],
        }
    )
    begin["labels"] = labels
    if notes:
        begin["annotations"] = notes
    else:
        begin.pop("annotations", None)
    return begin


def _group_of(tree: Tree) -> Group:
    ports = tuple(
        (
            port.get("name") or "",
            port.get("protocol") or "TCP",
            int(port.get("port") or 0),
            port.get("appProtocol") or "",
        )
        for port in tree.get("ports") or ()
    )
    return str(tree.get("addressType") or "IPv4"), ports
