"""What Helm's flows know of the cluster on the screen: its kinds, capabilities, time, chance and objects."""

import asyncio
from collections.abc import Iterator, Mapping
from random import Random, SystemRandom
from typing import Any

from kubesim.helm.capabilities import Capabilities, parse_kube_version
from kubesim.helm.chart.chart import Chart
from kubesim.helm.chart.values import copy_tree
from kubesim.helm.release.flows.steps import Resource, Setting
from kubesim.helm.template.errors import TemplateError
from kubesim.helm.template.execute.context import Sources
from kubesim.helm.template.values import decode
from kubesim.objects.wire import Gvr, Tree
from kubetui.client.port import ClusterClient
from kubetui.model.helm.manifests import objects_of

Kind = tuple[str, str]


class Kinds(Mapping[Kind, Resource]):
    """What the cluster serves by apiVersion and kind; asked again for a kind that was not there before."""

    def __init__(self, client: ClusterClient, more: Mapping[Kind, Resource]) -> None:
        self._client = client
        self._more = more
        self._known: dict[Kind, Resource] = {}
        self._read()

    def _read(self) -> None:
        served = {(r.gvr.api_version, r.kind): Resource(r.gvr, r.namespaced) for r in self._client.resources()}
        self._known = {**self._more, **served}

    def __getitem__(self, key: Kind) -> Resource:
        if key not in self._known:
            self._read()
        return self._known[key]

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def brought_kinds(chart: Chart) -> dict[Kind, Resource]:
    """The kinds that the definitions in a chart's crds/ add to a cluster."""
    found: dict[Kind, Resource] = {}
    for file in chart.crds():
        try:
            definitions = objects_of(decode(file.data))
        except TemplateError:
            continue
        for definition in definitions:
            found.update(_kinds_of(definition))
    return found


def _kinds_of(definition: Tree) -> dict[Kind, Resource]:
    spec = definition.get("spec") or {}
    names, group = spec.get("names") or {}, str(spec.get("group", ""))
    if definition.get("kind") != "CustomResourceDefinition" or not names.get("plural"):
        return {}
    found: dict[Kind, Resource] = {}
    for version in spec.get("versions") or ():
        gvr = Gvr(group, str(version.get("name", "")), str(names["plural"]))
        found[gvr.api_version, str(names.get("kind", ""))] = Resource(gvr, spec.get("scope") == "Namespaced")
    return found


class _Lookup:
    """The function ``lookup`` of templates. Rendering runs in a thread; the cluster is read in the event loop's."""

    def __init__(self, client: ClusterClient, kinds: Kinds) -> None:
        self._client = client
        self._kinds = kinds
        self._loop = asyncio.get_running_loop()

    def __call__(self, version: str, kind: str, namespace: str, name: str) -> dict[str, Any]:
        work = self._read(version, kind, namespace, name)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _read(self, version: str, kind: str, namespace: str, name: str) -> dict[str, Any]:
        resource = self._kinds.get((version, kind))
        if resource is None:
            return {}
        found = self._client.objects(resource.gvr, namespace if resource.namespaced else "")
        if name:
            return next((_copy(tree) for tree in found if tree["metadata"].get("name") == name), {})
        return {"apiVersion": version, "kind": f"{kind}List", "items": [_copy(tree) for tree in found]}


def _copy(tree: Tree) -> dict[str, Any]:
    copy: dict[str, Any] = copy_tree(dict(tree))
    return copy


def setting_of(client: ClusterClient, name: str, namespace: str, revision: int, chart: Chart | None = None) -> Setting:
    """What the flows need. In a simulated cluster a revision's chance is always the same, so a preview comes true."""
    kinds = Kinds(client, brought_kinds(chart) if chart is not None else {})
    served = client.resources()
    versions = list(dict.fromkeys(each.gvr.api_version for each in served))
    versions += [f"{each.gvr.api_version}/{each.kind}" for each in served]
    seed = client.time.seed if client.time is not None else None
    chance = SystemRandom() if seed is None else Random(f"{seed}/helm/{namespace}/{name}/{revision}")
    return Setting(
        kinds,
        Capabilities(parse_kube_version(client.version or "v1.37.0"), versions),
        Sources(client.now, chance),
        lookup=_Lookup(client, kinds),
    )
