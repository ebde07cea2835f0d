"""From a description to a living cluster: nodes registered, system objects and manifests applied as Requests."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.catalogue import Catalogue, CatalogueError
from kubesim.objects.refs import is_condition_true
from kubesim.objects.wire import ADMIN, NODES, PODS, Identity, Key, Request, Response, Tree
from kubesim.scenario import system
from kubesim.scenario.description import Description
from kubesim.scenario.documents import ManifestError, Source, load

DEFINITION = "CustomResourceDefinition"
ESTABLISHED_MS = 100
"""After how long a definition is served for certain."""
_LAST = 2
FIELD_MANAGER = {"fieldManager": "kubectl-client-side-apply", "fieldValidation": "Strict"}


def build(
    description: Description, *, epoch_ms: int, seed: int | None = None, sources: Iterable[Source] = ()
) -> Cluster:
    """Build the cluster and apply its manifests, then ``sources``. Raises ManifestError; nothing is left half-built."""
    try:
        catalogue = Catalogue.load(description.images, private=description.registries)
    except CatalogueError as error:
        msg = f"{description.name}: {'' if str(error).startswith('registries.') else 'images: '}{error}"
        raise ManifestError(msg) from error
    settings = Settings(
        name=description.name,
        seed=description.seed if seed is None else seed,
        epoch_ms=epoch_ms,
        catalogue=catalogue,
    )
    cluster = Cluster(settings)
    for node in description.nodes:
        own = system.IMAGES if node.role == "control-plane" else ()
        cluster.add_node(replace(node, images=(*node.images, *own, system.PROXY_IMAGE)))
    if description.system:
        _start_system(cluster, description)
    await_nodes(cluster)
    wanted = [source for path in description.manifests for source in load(path)]
    wanted.extend(Source("generated", 0, tree) for item in description.generate for tree in generated(item))
    wanted.extend(sources)
    apply(cluster, wanted)
    if description.releases:
        from kubesim.scenario.releases import install_release  # noqa: PLC0415 - the template language is large

        for spec in description.releases:
            install_release(cluster, spec)
    if description.settle_ms:
        cluster.advance(description.settle_ms)
    return cluster


def _start_system(cluster: Cluster, description: Description) -> None:
    control = [node for node in description.nodes if node.role == "control-plane"]
    address = "172.18.0.2"
    pods: list[dict[str, Any]] = []
    for node in control:
        tree = cluster.store.get(NODES, "", node.name)
        if tree is not None:
            pods.extend(system.static_pods(node, tree["metadata"]["uid"]))
            address = next(item["address"] for item in tree["status"]["addresses"] if item["type"] == "InternalIP")
    kubelet = cluster.client_for(Identity("system:nodes", ("system:nodes", "system:authenticated"), "kubelet"))
    for pod in pods:
        kubelet.create(PODS, "kube-system", pod)
        labels, spec = pod["metadata"]["labels"], pod["spec"]
        cluster.control_plane.install(labels["component"], spec["nodeName"], pod["metadata"]["name"])
    apply(cluster, [Source("kubeadm", 0, tree) for tree in system.objects(address)])


NODES_WAIT_MS = 10_000


def await_nodes(cluster: Cluster) -> None:
    """Let time pass until every node is ready, so that the story does not begin with pods that fit nowhere."""
    limit = cluster.loop.now + NODES_WAIT_MS
    while cluster.loop.now < limit and not all(_ready(node) for node in cluster.store.iterate(NODES)):
        cluster.advance(100)


def _ready(node: Tree) -> bool:
    taints = (node.get("spec") or {}).get("taints") or ()
    return is_condition_true(node, "Ready") and all("not-ready" not in taint["key"] for taint in taints)


def apply(cluster: Cluster, sources: Iterable[Source]) -> None:
    """Create the objects, in order; namespaces and definitions first. Raises ManifestError for all that is refused."""
    ordered = sorted(sources, key=_rank)
    first = [source for source in ordered if _rank(source) < _LAST]
    problems = [text for source in first if (text := _create(cluster, source))]
    if any(source.tree["kind"] == DEFINITION for source in first):
        cluster.advance(ESTABLISHED_MS)
    problems += [text for source in ordered[len(first) :] if (text := _create(cluster, source))]
    if problems:
        raise ManifestError("\n".join(problems))


def _rank(source: Source) -> int:
    # Stable: all that matters is that a namespace exists before what lives in it, and a kind before its objects.
    return {"Namespace": 0, DEFINITION: 1}.get(source.tree["kind"], _LAST)


def _create(cluster: Cluster, source: Source) -> str:
    tree = source.tree
    where = f"{source.path}:{source.line}"
    strategy = cluster.api.scheme.of_kind(str(tree["apiVersion"]), str(tree["kind"]))
    if strategy is None:
        return f'{where}: no matches for kind "{tree["kind"]}" in version "{tree["apiVersion"]}"'
    metadata = tree.get("metadata")
    if not isinstance(metadata, dict) or not (metadata.get("name") or metadata.get("generateName")):
        return f"{where}: {tree['kind']}: metadata.name is not set"
    namespace = str(metadata.get("namespace") or "default") if strategy.namespaced else ""
    key = Key(strategy.gvr, namespace)
    response = cluster.handle(Request("create", key, body=tree, query=FIELD_MANAGER, identity=ADMIN))
    if response.code == 409 and _reason(response) == "AlreadyExists":
        return _replace(cluster, key, tree, where)
    return "" if response.code < 400 else f"{where}: {response.body.get('message', '')}"


def _replace(cluster: Cluster, key: Key, tree: Mapping[str, Any], where: str) -> str:
    # The same object twice in what is applied: the later one wins, as with kubectl apply.
    named = key._replace(name=str(tree["metadata"]["name"]))
    response = cluster.handle(
        Request(
            "patch",
            named,
            body=tree,
            query=FIELD_MANAGER,
            identity=ADMIN,
            content_type="application/strategic-merge-patch+json",
        )
    )
    return "" if response.code < 400 else f"{where}: {response.body.get('message', '')}"


def _reason(response: Response) -> str:
    return str(response.body.get("reason", ""))


def generated(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The namespaces, Deployments and Services that one ``generate`` entry of a cluster.yaml stands for."""
    trees: list[dict[str, Any]] = []
    namespace = str(item["namespace"])
    if namespace != "default":
        trees.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    for number in range(1, int(item["deployments"]) + 1):
        name = f"{item['name']}-{number:03d}" if item["deployments"] > 1 else str(item["name"])
        labels = {"app": name}
        container = {
            "name": "app",
            "image": item["image"],
            "ports": [{"containerPort": item["port"]}],
            "resources": {"requests": {"cpu": item["cpu"], "memory": item["memory"]}},
        }
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        trees.append(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"replicas": item["replicas"], "selector": {"matchLabels": labels}, "template": template},
            }
        )
        trees.append(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": item["port"]}]},
            }
        )
    return trees


def sample_folder() -> Path:
    """Where the sample clusters are: beside the package when installed, at the root of a checkout otherwise."""
    import kubesim  # noqa: PLC0415 - only its place on disk is wanted

    package = Path(kubesim.__file__).resolve().parent
    candidates = (package.parent / "kubetui" / "sample-clusters", package.parent.parent / "sample-clusters")
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    return candidates[-1]


def samples() -> list[Path]:
    """The folders of the sample clusters, in order of their names."""
    return sorted(path.parent for path in sample_folder().glob("*/cluster.yaml"))
