"""Makes objects in a cluster as a person would."""

from typing import Any

from kubesim.cluster import Cluster
from kubesim.objects.wire import Key, Request


def create(cluster: Cluster, tree: dict[str, Any], namespace: str = "default") -> Any:
    """Create an object as a person would; returns the answer's body and fails the test on an error."""
    strategy = cluster.api.scheme.of_kind(tree["apiVersion"], tree["kind"])
    assert strategy is not None, tree["kind"]
    space = tree["metadata"].get("namespace", namespace) if strategy.namespaced else ""
    response = cluster.handle(Request("create", Key(strategy.gvr, space), body=tree))
    assert response.code == 201, response.body
    return response.body
