"""The ingress controller of the cluster: keeps its table of routes, the status of Ingresses, and says what it does."""

from collections.abc import Hashable

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.network import ingress
from kubesim.network.fabric import Network
from kubesim.network.ingress import Decision, Table
from kubesim.network.paths import Path
from kubesim.network.policy import Peer
from kubesim.objects import refs
from kubesim.objects.wire import INGRESSCLASSES, INGRESSES, SECRETS, Tree

PUBLISH_MS = 2_000
"""How long until an Ingress has an address. # differs: ingress-nginx looks once a minute."""
ADDRESS = "localhost"
"""Where Ingresses are reached. # k8s: ingress-nginx in kind, --publish-status-address=localhost"""
PUBLISHED = [{"hostname": ADDRESS}]
NAMESPACE = "ingress-nginx"
ITSELF = Peer(
    "10.244.255.254",
    NAMESPACE,
    "ingress-nginx-controller",
    labels={
        "app.kubernetes.io/name": "ingress-nginx",
        "app.kubernetes.io/instance": "ingress-nginx",
        "app.kubernetes.io/component": "controller",
    },
    namespace_labels={"kubernetes.io/metadata.name": NAMESPACE, "app.kubernetes.io/name": "ingress-nginx"},
)
"""How policies see the controller. # differs: there is no such pod"""

Place = tuple[str, str]


class IngressController:
    """Plays ingress-nginx for the classes that name it."""

    def __init__(self, loop: Loop, hub: Hub, client: Client, network: Network) -> None:
        self.controller = Controller("ingress-controller", loop, client, self)
        self.version = 0
        """Rises when a route may have changed."""
        self._loop = loop
        self._client = client
        self._network = network
        self._known: dict[Place, Tree] = {}
        self._classes: dict[str, Tree] = {}
        self._table: Table | None = None
        self._seen: dict[Place, tuple[int, str]] = {}
        """Since when an Ingress is served, and the version that was last told of."""
        hub.on(INGRESSES, self._changed)
        hub.on(INGRESSCLASSES, self._class_changed)

    # ------------------------------------------------------------------ following
    def _changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        either = new if new is not None else old
        if either is None:
            return
        place = refs.place(either)
        if new is None:
            self._known.pop(place, None)
        else:
            self._known[place] = new
            self.controller.add(place, revision)
        self._table = None
        self.version += 1

    def _class_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        either = new if new is not None else old
        if either is None:
            return
        if new is None:
            self._classes.pop(either["metadata"]["name"], None)
        else:
            self._classes[new["metadata"]["name"]] = new
        for place in self._known:
            self.controller.add(place, revision)
        self._table = None
        self.version += 1

    def reconcile(self, key: Hashable) -> int | None:
        """Take an Ingress in, and publish where it is reached."""
        place: Place = (str(key[0]), str(key[1])) if isinstance(key, tuple) else ("", "")
        tree = self._client.get(INGRESSES, *place)
        if tree is None or refs.is_deleting(tree) or not self.serves(tree):
            self._seen.pop(place, None)
            return None
        begun, version = self._seen.get(place, (self._loop.now, ""))
        current = tree["metadata"]["resourceVersion"]
        self._seen[place] = (begun, current)
        if current != version:
            self._client.event(tree, "Normal", "Sync", "Scheduled for sync")
        if ((tree.get("status") or {}).get("loadBalancer") or {}).get("ingress") == PUBLISHED:
            return None
        left = begun + PUBLISH_MS - self._loop.now
        if left > 0:
            return left
        self._client.update_status(INGRESSES, {**tree, "status": {"loadBalancer": {"ingress": PUBLISHED}}})
        return None

    # ------------------------------------------------------------------ routing
    def serves(self, tree: Tree) -> bool:
        """Whether an Ingress is this controller's."""
        return ingress.is_served(tree, self._classes)

    @property
    def served(self) -> list[Tree]:
        """The Ingresses that are this controller's."""
        return [self._known[place] for place in sorted(self._known) if self.serves(self._known[place])]

    @property
    def table(self) -> Table:
        """The routes."""
        if self._table is None:
            self._table = ingress.table(self.served)
        return self._table

    def decide(self, host: str, path: str, *, secure: bool, query: str, port: int) -> Decision:
        """What to do with a request; ``port`` is where HTTPS is served."""
        return ingress.decide(self.table, host, path, secure=secure, query=query, port=port)

    def open(self, decision: Decision, *, peek: bool = False) -> Path | None:
        """The way to the backend of a decision; None when it has none."""
        route = decision.route
        if route is None or not route.backend.service:
            return None
        place = (route.backend.namespace, route.backend.service)
        return self._network.to_service(ITSELF, place, route.backend.port, external=None, peek=peek)

    def certificate(self, host: str) -> tuple[str, Tree | None] | None:
        """The namespace/name of the Secret for a host, and the Secret if it is there; None when none is named."""
        place = ingress.secret(self.table, host)
        if place is None or not place[1]:
            return None
        return "/".join(place), self._client.get(SECRETS, *place)

    @property
    def secured(self) -> bool:
        """Whether any Ingress asks for TLS."""
        return bool(self.table.secrets)
