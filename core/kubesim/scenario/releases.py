"""The Helm releases of a cluster.yaml: read from their charts and values files, installed as Requests at the start."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kubesim.cluster import Cluster
from kubesim.helm.capabilities import Capabilities, parse_kube_version
from kubesim.helm.chart.loader import load
from kubesim.helm.chart.sources import merge_values
from kubesim.helm.chart.values import copy_tree
from kubesim.helm.release.flows.lifecycle import Options, install
from kubesim.helm.release.flows.steps import Flow, Resource, Setting, Wait
from kubesim.helm.release.record import Record
from kubesim.helm.template.errors import TemplateError
from kubesim.helm.template.execute.context import Sources
from kubesim.scenario.description import ReleaseSpec
from kubesim.scenario.documents import ManifestError, read_text

if TYPE_CHECKING:
    from kubesim.objects.wire import Response


class Kinds(Mapping[tuple[str, str], Resource]):
    """What a cluster serves by apiVersion and kind, looked up when asked: a chart may bring its own kinds."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def __getitem__(self, key: tuple[str, str]) -> Resource:
        strategy = self._cluster.api.scheme.of_kind(*key)
        if strategy is None:
            raise KeyError(key)
        return Resource(strategy.gvr, strategy.namespaced)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter([(each.gvr.api_version, each.kind) for each in self._cluster.api.resources()])

    def __len__(self) -> int:
        return len(list(iter(self)))


class _Lookup:
    """The function ``lookup`` of templates, over the cluster's objects."""

    def __init__(self, cluster: Cluster, kinds: Kinds) -> None:
        self._cluster = cluster
        self._kinds = kinds

    def __call__(self, version: str, kind: str, namespace: str, name: str) -> dict[str, Any]:
        resource = self._kinds.get((version, kind))
        if resource is None:
            return {}
        store, place = self._cluster.store, namespace if resource.namespaced else ""
        if name:
            found = store.get(resource.gvr, place, name)
            return {} if found is None else dict(copy_tree(dict(found)))
        items = [copy_tree(dict(tree)) for tree in store.range(resource.gvr, place)]
        return {"apiVersion": version, "kind": f"{kind}List", "items": items}


class _Clock:
    """The cluster's time as templates and records tell it."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def __call__(self) -> int:
        return self._cluster.loop.now


def setting_of(cluster: Cluster, name: str, namespace: str, revision: int) -> Setting:
    """What the flows need to work on a cluster; the chance of one revision of one release is always the same."""
    kinds = Kinds(cluster)
    served = list(cluster.api.resources())
    versions = list(dict.fromkeys(each.gvr.api_version for each in served))
    versions += [f"{each.gvr.api_version}/{each.kind}" for each in served]
    chance = cluster.chance.stream(f"helm/{namespace}/{name}/{revision}")
    return Setting(
        kinds,
        Capabilities(parse_kube_version(cluster.version), versions),
        Sources(_Clock(cluster), chance),
        lookup=_Lookup(cluster, kinds),
    )


def carry_out(cluster: Cluster, flow: Flow[Record]) -> Record:
    """Drive a flow to its end; while it waits, the cluster's time passes. Raises TemplateError with Helm's text."""
    answer: Response | None = None
    while True:
        try:
            step = flow.send(answer)
        except StopIteration as end:
            done: Record = end.value
            return done
        if isinstance(step, Wait):
            cluster.advance(step.milliseconds)
            answer = None
        else:
            answer = cluster.handle(step)


def values_of(spec: ReleaseSpec) -> dict[str, Any]:
    """The values of a release out of its files and flags. Raises ManifestError or TemplateError."""
    return merge_values([(str(path), read_text(path)) for path in spec.values], set_values=spec.set)


def install_release(cluster: Cluster, spec: ReleaseSpec) -> Record:
    """Install a release of a cluster.yaml. Raises ManifestError that names the release."""
    try:
        chart = load(spec.chart)
        setting = setting_of(cluster, spec.name, spec.namespace, 1)
        options = Options(create_namespace=spec.namespace != "default")
        return carry_out(cluster, install(setting, spec.name, spec.namespace, chart, values_of(spec), options))
    except (TemplateError, OSError) as error:
        msg = f"{spec.where}: release {spec.name}: {error}"
        raise ManifestError(msg) from error
