"""The scale subresource: the autoscaling/v1 Scale of an object, and the object with another scale."""

from typing import Any

from kubesim.api.failures import invalid_value
from kubesim.api.metadata import metadata_of
from kubesim.api.scalepaths import ScalePaths
from kubesim.api.strategy import Column, Strategy
from kubesim.objects.errors import invalid
from kubesim.objects.selectors import from_label_selector, from_map
from kubesim.objects.times import human_duration, parse_time
from kubesim.objects.wire import EMPTY, Gvr, Tree

GVK = ("autoscaling", "v1", "Scale")


class ScaleStrategy(Strategy):
    """The kind of the subresource, for those who ask who owns its fields."""

    gvr = Gvr("autoscaling", "v1", "scales")
    kind = "Scale"
    columns = (
        Column("Name", format="name"),
        Column("Desired", "integer"),
        Column("Available", "integer"),
        Column("Age"),
    )

    def row(self, obj: Tree, now: int) -> list[Any]:
        """# k8s: printers/internalversion printScale."""
        wanted, found = obj.get("spec") or EMPTY, obj.get("status") or EMPTY
        made = obj["metadata"].get("creationTimestamp")
        age = human_duration(now - parse_time(made)) if made else "<unknown>"
        return [obj["metadata"]["name"], wanted.get("replicas", 0), found.get("replicas", 0), age]


STRATEGY = ScaleStrategy()


def scale_of(obj: Tree, paths: ScalePaths | None = None) -> dict[str, Any]:
    """The Scale of a Deployment, ReplicaSet, StatefulSet or ReplicationController, or by ``paths`` of a custom kind."""
    if paths is not None:
        return _scale(obj, paths.replicas(obj), paths.current(obj), paths.labels(obj))
    spec: Tree = obj.get("spec") or EMPTY
    status: Tree = obj.get("status") or EMPTY
    selector = spec.get("selector")
    plain = selector is not None and obj["kind"] == "ReplicationController"
    text = str(from_map(selector) if plain else from_label_selector(selector))
    return _scale(obj, spec.get("replicas", 0), status.get("replicas", 0), text)


def _scale(obj: Tree, replicas: int, current: int, text: str) -> dict[str, Any]:
    metadata = obj["metadata"]
    shown: dict[str, Any] = {"replicas": current}
    if text:
        shown["selector"] = text
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {field: metadata[field] for field in kept if field in metadata},
        "spec": {"replicas": replicas} if replicas else {},
        "status": shown,
    }


def rescaled(scale: Tree, obj: Tree, paths: ScalePaths | None = None) -> dict[str, Any]:
    """The object with the replicas of a Scale. Raises Invalid. The Scale's resourceVersion is carried over."""
    replicas = (scale.get("spec") or EMPTY).get("replicas", 0)
    if replicas < 0:
        cause = invalid_value("spec.replicas", str(replicas), "must be greater than or equal to 0")
        raise invalid("autoscaling", "Scale", obj["metadata"]["name"], [cause])
    revision = metadata_of(scale).get("resourceVersion") or obj["metadata"]["resourceVersion"]
    metadata = {**obj["metadata"], "resourceVersion": revision}
    if paths is not None:
        return {**paths.rescaled(obj, replicas), "metadata": metadata}
    return {**obj, "metadata": metadata, "spec": {**obj["spec"], "replicas": replicas}}
