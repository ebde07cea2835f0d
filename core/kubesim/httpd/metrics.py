"""The metrics API, metrics.k8s.io: what nodes and pods use, as the kubelets of the cluster measure it."""

from collections.abc import Iterable, Mapping
from typing import Any

from kubesim.api.negotiation import negotiate
from kubesim.httpd.answers import Answer
from kubesim.httpd.discovery import Entry
from kubesim.objects.errors import ApiError, bad_request, failure, not_found
from kubesim.objects.selectors import Selector, parse_labels
from kubesim.objects.times import format_time
from kubesim.objects.wire import NODES, PODS, Gvr, Request, Tree

GROUP, VERSION = "metrics.k8s.io", "v1beta1"
NODE_METRICS = Gvr(GROUP, VERSION, "nodes")
POD_METRICS = Gvr(GROUP, VERSION, "pods")
WINDOW = "15s"
_VERBS = ("get", "list")
ENTRIES = (
    Entry(NODE_METRICS, "NodeMetrics", "", False, _VERBS, (), (), (), None),
    Entry(POD_METRICS, "PodMetrics", "", True, _VERBS, (), (), (), None),
)
"""What discovery says. Without short names, so that they do not compete with those of nodes and pods."""

_COLUMNS = (("Name", "name"), ("cpu", "string"), ("memory", "string"), ("Window", "string"))


class Metrics:
    """Answers reads of the metrics group. ``cluster`` is a kubesim.cluster.Cluster."""

    def __init__(self, cluster: Any) -> None:
        self.cluster = cluster

    def answer(self, request: Request) -> Answer:
        """A list or one object. Raises ApiError."""
        key = request.key
        if request.verb not in {"get", "list"}:
            text = "the server does not allow this method on the requested resource"
            raise failure(405, "MethodNotAllowed", text, {})
        if key.gvr not in {NODE_METRICS, POD_METRICS} or request.subresource:
            raise failure(404, "NotFound", "the server could not find the requested resource", {})
        nodes = key.gvr == NODE_METRICS
        kind = "NodeMetrics" if nodes else "PodMetrics"
        if request.verb == "get":
            stored = self.cluster.store.get(NODES if nodes else PODS, key.namespace, key.name)
            items = list(self._measured([stored] if stored is not None else [], nodes=nodes))
            if not items:
                raise not_found(key.gvr, f"{key.namespace}/{key.name}" if key.namespace else key.name)
            return Answer(200, {"kind": kind, "apiVersion": f"{GROUP}/{VERSION}", **items[0]})
        selector = _selector(request.query)
        stored = self.cluster.store.range(NODES if nodes else PODS, key.namespace)
        chosen = [tree for tree in stored if selector is None or selector.matches(tree["metadata"].get("labels"))]
        items = list(self._measured(chosen, nodes=nodes))
        if negotiate(request.accept).form == "Table":
            return Answer(200, _table(items))
        return Answer(200, {"kind": f"{kind}List", "apiVersion": f"{GROUP}/{VERSION}", "metadata": {}, "items": items})

    def _measured(self, trees: Iterable[Tree], *, nodes: bool) -> Iterable[dict[str, Any]]:
        """The metrics of those whose kubelets tell any."""
        kubelets = self.cluster.kubelets
        for tree in trees:
            metadata = tree["metadata"]
            if nodes:
                used = kubelets.usage("", metadata["name"])
                if used is not None:
                    yield {**self._head(tree), "usage": _usage(*used)}
                continue
            containers = kubelets.container_usage(metadata.get("namespace", ""), metadata["name"])
            if containers:
                listed = [{"name": name, "usage": _usage(*amounts)} for name, amounts in containers.items()]
                yield {**self._head(tree), "containers": listed}

    def _head(self, tree: Tree) -> dict[str, Any]:
        stored = tree["metadata"]
        metadata: dict[str, Any] = {"name": stored["name"]}
        if stored.get("namespace"):
            metadata["namespace"] = stored["namespace"]
        metadata["creationTimestamp"] = format_time(self.cluster.loop.now)
        if stored.get("labels"):
            metadata["labels"] = stored["labels"]
        return {"metadata": metadata, "timestamp": format_time(self.cluster.loop.now), "window": WINDOW}


def _usage(cpu: int, memory: int) -> dict[str, str]:
    return {"cpu": f"{cpu * 1_000_000}n", "memory": f"{memory // 1024}Ki"}


def _selector(query: Mapping[str, str]) -> Selector | None:
    try:
        return parse_labels(query["labelSelector"]) if query.get("labelSelector") else None
    except ValueError as error:
        problem: ApiError = bad_request(str(error))
        raise problem from None


def _table(items: list[dict[str, Any]]) -> dict[str, Any]:
    rows = []
    for item in items:
        usages = [item["usage"]] if "usage" in item else [container["usage"] for container in item["containers"]]
        cpu = sum(int(usage["cpu"][:-1]) for usage in usages)
        memory = sum(int(usage["memory"][:-2]) for usage in usages)
        partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}
        rows.append(
            {"cells": [item["metadata"]["name"], f"{cpu // 1_000_000}m", f"{memory}Ki", WINDOW], "object": partial}
        )
    columns = [
        {"name": name, "type": "string", "format": form if form == "name" else "", "description": "", "priority": 0}
        for name, form in _COLUMNS
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": columns,
        "rows": rows,
    }
