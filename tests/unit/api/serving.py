"""A server with real kinds, an opened namespace and short ways to call it."""

from typing import Any

from kubesim.api.schema import Schema
from kubesim.api.server import ApiServer
from kubesim.kernel.chance import Chance
from kubesim.kernel.journal import Journal
from kubesim.kernel.loop import Loop
from kubesim.kinds import strategies
from kubesim.objects.wire import (
    ADMIN,
    EMPTY,
    JSON,
    MERGE_PATCH,
    NAMESPACES,
    PODS,
    SERVICEACCOUNTS,
    Gvr,
    Identity,
    Key,
    Request,
    Response,
)
from kubesim.store.mvcc import Store

EPOCH_MS = 1_767_225_600_000
COMPONENT = Identity("system:serviceaccount:kube-system:replicaset-controller", (), "replicaset-controller")
CONTAINERS = [{"name": "c", "image": "nginx:1"}]


class Serving:
    """One server; ``space`` is a namespace with a default account."""

    space = "space"

    def __init__(self, *, validate_components: bool = False) -> None:
        self.store = Store()
        self.loop = Loop(EPOCH_MS)
        self.journal = Journal()
        self.server = ApiServer(
            self.store,
            self.loop,
            Chance(1),
            self.journal,
            strategies(),
            Schema.load(),
            validate_components=validate_components,
        )
        self.must("create", NAMESPACES, "", body={"metadata": {"name": self.space}})
        self.must("create", SERVICEACCOUNTS, body={"metadata": {"name": "default"}})

    def call(
        self,
        verb: str,
        gvr: Gvr,
        name: str = "",
        *,
        body: Any = None,
        space: str | None = None,
        sub: str = "",
        **more: Any,
    ) -> Response:
        """An outside request; ``more`` are fields of Request."""
        strategy = self.server.scheme.find(gvr)
        namespace = self.space if space is None and (strategy is None or strategy.namespaced) else space or ""
        if verb == "patch":
            more.setdefault("content_type", MERGE_PATCH)
        return self.server.handle(Request(verb, Key(gvr, namespace, name), sub, body, **{"identity": ADMIN, **more}))

    def must(self, verb: str, gvr: Gvr, name: str = "", **more: Any) -> Any:
        """The body of an answer that must be a success."""
        response = self.call(verb, gvr, name, **more)
        assert response.code < 300, response.body
        return response.body

    def component(
        self, verb: str, gvr: Gvr, name: str = "", *, body: Any = None, sub: str = "", **more: Any
    ) -> Response:
        """A request of a component."""
        strategy = self.server.scheme.find(gvr)
        namespace = self.space if strategy is None or strategy.namespaced else ""
        request = Request(verb, Key(gvr, namespace, name), sub, body, EMPTY, COMPONENT, 7, "because", JSON)
        return self.server.component(request._replace(**more))

    def pod(self, name: str = "p", **spec: Any) -> Any:
        """A new pod of an outside caller."""
        return self.must("create", PODS, body={"metadata": {"name": name}, "spec": {"containers": CONTAINERS, **spec}})

    def get(self, gvr: Gvr, name: str) -> Any:
        """The stored object, or None."""
        return self.store.get(gvr, self.space, name)
