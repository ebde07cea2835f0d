"""Requests for what a test names as kubectl's users do: by kind, plural, short name, or a manifest."""

from typing import Any

from kubesim.cluster import Cluster
from kubesim.objects.wire import APPLY_PATCH, Key, Request
from kubesim.scenario.documents import ManifestError, Source
from kubetui.client.local import LocalClient
from kubetui.client.port import Resource
from kubetui.model.catalogue import Catalogue

MANAGER = "kube-cluster"
"""The field manager of what is applied."""
_APPLIED = {"fieldManager": MANAGER, "force": "true", "fieldValidation": "Strict"}
_CREATED = {"fieldManager": MANAGER, "fieldValidation": "Strict"}


class Naming:
    """Knows the resources of one cluster, custom ones too."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._known: Catalogue | None = None

    def request(self, verb: str, kind: str, name: str, namespace: str, **more: Any) -> Request:
        """A request for an object, or for a collection. Raises ValueError for a kind that is not served."""
        resource = self._resources().find(kind)
        if resource is None:
            msg = f'the server doesn\'t have a resource type "{kind}"'
            raise ValueError(msg)
        return Request(verb, _key(resource, namespace, name), **more)

    def applied(self, source: Source, namespace: str) -> Request:
        """The request that applies a manifest, or creates what only has a generateName. Raises ManifestError."""
        tree, where = source.tree, f"{source.path}:{source.line}"
        resource = self._resources().of_kind(str(tree["apiVersion"]), str(tree["kind"]))
        if resource is None:
            msg = f'{where}: no matches for kind "{tree["kind"]}" in version "{tree["apiVersion"]}"'
            raise ManifestError(msg)
        metadata = tree.get("metadata")
        if not isinstance(metadata, dict) or not (metadata.get("name") or metadata.get("generateName")):
            msg = f"{where}: {tree['kind']}: metadata.name is not set"
            raise ManifestError(msg)
        key = _key(resource, str(metadata.get("namespace") or namespace), str(metadata.get("name") or ""))
        if not key.name:
            return Request("create", key, body=tree, query=_CREATED)
        return Request("patch", key, body=tree, query=_APPLIED, content_type=APPLY_PATCH)

    def _resources(self) -> Catalogue:
        if self._known is None:
            client = LocalClient(self._cluster)
            self._known = Catalogue(client.resources(), client.resources)
        return self._known


def _key(resource: Resource, namespace: str, name: str) -> Key:
    return Key(resource.gvr, namespace if resource.namespaced else "", name)
