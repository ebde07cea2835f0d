"""The description of a cluster, cluster.yaml: nodes, manifests, images, seed, speed; checked field by field."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kubesim.kubelet import settings as kubelet_settings
from kubesim.kubelet.node import NodeSpec
from kubesim.kubelet.settings import Settings as KubeletSettings
from kubesim.objects import quantities
from kubesim.scenario.documents import ManifestError, load_yaml, read_text

NODE_FIELDS = frozenset(
    (
        "name", "count", "role", "cpu", "memory", "pods", "zone", "region", "labels", "taints", "bandwidth", "images",
        "kubelet", "storage",
    )
)  # fmt: skip
FIELDS = frozenset(
    (
        "name",
        "title",
        "description",
        "seed",
        "nodes",
        "manifests",
        "images",
        "registries",
        "speed",
        "namespace",
        "generate",
        "settle",
        "system",
        "releases",
    )
)
RELEASE_FIELDS = frozenset(("name", "namespace", "chart", "values", "set", "watch"))
WATCHES = ("", "preview", "apply")
MAX_NODES = 5_000


class ReleaseSpec(NamedTuple):
    """A Helm release to be installed at the start; ``where`` names its place in the cluster.yaml.

    ``watch`` says what a saved values file does: "" nothing, "preview" shows what it would change, "apply" upgrades.
    """

    name: str
    namespace: str
    chart: Path
    values: tuple[Path, ...] = ()
    set: tuple[str, ...] = ()
    watch: str = ""
    where: str = ""


class Description(NamedTuple):
    """A cluster to be built. ``folder`` is where relative paths begin."""

    name: str
    title: str
    description: str
    seed: int
    nodes: tuple[NodeSpec, ...]
    manifests: tuple[Path, ...]
    images: Mapping[str, Any]
    speed: float
    namespace: str
    generate: tuple[Mapping[str, Any], ...]
    """Deployments to be made up: {name, namespace, deployments, replicas, image, cpu, memory}."""
    system: bool
    """Whether the control plane's pods and CoreDNS are there, as kubeadm would have it."""
    settle_ms: int
    """How much virtual time passes before the cluster is shown."""
    releases: tuple[ReleaseSpec, ...] = ()
    folder: Path = Path()
    registries: Mapping[str, Any] = {}
    """Registries that ask for a login: ``host: {username, password}``."""


class _Fields:
    """Reads typed fields of one mapping and names the file and the field in every complaint."""

    def __init__(self, where: str, tree: Any, allowed: frozenset[str]) -> None:
        self.where = where
        if not isinstance(tree, dict):
            raise self.error("", "must be a mapping of fields")
        self.tree: dict[str, Any] = tree
        unknown = sorted(str(field) for field in tree if field not in allowed)
        if unknown:
            raise self.error(unknown[0], f"unknown field; known are {', '.join(sorted(allowed))}")

    def error(self, field: str, text: str) -> ManifestError:
        return ManifestError(f"{self.where}{'.' if field and not self.where.endswith(': ') else ''}{field}: {text}")

    def get(self, field: str, kind: type, default: Any) -> Any:
        value = self.tree.get(field, default)
        if value is None:
            return default
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            names = {
                str: "a text",
                int: "a whole number",
                float: "a number",
                list: "a list",
                dict: "a mapping",
                bool: "true or false",
            }
            raise self.error(field, f"must be {names[kind]}, not {value!r}")
        return value

    def quantity(self, field: str, default: str) -> str:
        value = self.tree.get(field, default)
        try:
            quantities.value(value)
        except (ValueError, TypeError) as error:
            raise self.error(field, str(error)) from error
        return str(value)


def parse(tree: Any, path: Path) -> Description:
    """Check a cluster.yaml and turn it into a Description. Raises ManifestError naming file and field."""
    fields = _Fields(f"{path}: ", tree, FIELDS)
    nodes: list[NodeSpec] = []
    for position, item in enumerate(fields.get("nodes", list, [])):
        nodes.extend(_nodes(item, f"{path}: nodes[{position}]", len(nodes)))
    if not nodes:
        nodes = default_nodes(3)
    if len(nodes) > MAX_NODES:
        raise fields.error("nodes", f"{len(nodes)} nodes are more than the {MAX_NODES:,} that a cluster may have")
    names = [node.name for node in nodes]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise fields.error("nodes", f"the name {twice[0]} is given twice")
    folder = path.parent
    manifests = fields.get("manifests", list, ["manifests"] if (folder / "manifests").is_dir() else [])
    return Description(
        name=fields.get("name", str, folder.name),
        title=fields.get("title", str, ""),
        description=fields.get("description", str, ""),
        seed=fields.get("seed", int, 1),
        nodes=tuple(nodes),
        manifests=tuple(folder / str(item) for item in manifests),
        images=fields.get("images", dict, {}),
        speed=fields.get("speed", float, 1.0),
        namespace=fields.get("namespace", str, ""),
        generate=tuple(
            _generate(item, path, position) for position, item in enumerate(fields.get("generate", list, []))
        ),
        system=fields.get("system", bool, True),
        settle_ms=int(fields.get("settle", float, 0.0) * 1000),
        releases=_releases(fields.get("releases", list, []), path),
        folder=folder,
        registries=fields.get("registries", dict, {}),
    )


def _releases(items: list[Any], path: Path) -> tuple[ReleaseSpec, ...]:
    found: list[ReleaseSpec] = []
    for position, item in enumerate(items):
        where = f"{path}: releases[{position}]"
        fields = _Fields(where, item, RELEASE_FIELDS)
        release = _release(fields, path.parent, where)
        if any((one.namespace, one.name) == (release.namespace, release.name) for one in found):
            raise fields.error("name", f"the release {release.name} is given twice")
        found.append(release)
    return tuple(found)


def _release(fields: _Fields, folder: Path, where: str) -> ReleaseSpec:
    name, chart = fields.get("name", str, ""), fields.get("chart", str, "")
    for field, value in (("name", name), ("chart", chart)):
        if not value:
            raise fields.error(field, "must be set")
    watch = fields.get("watch", str, "")
    if watch not in WATCHES:
        raise fields.error("watch", f"must be preview or apply, not {watch!r}")
    return ReleaseSpec(
        name,
        fields.get("namespace", str, "default"),
        folder / chart,
        tuple(folder / text for text in _texts(fields, "values")),
        tuple(_texts(fields, "set")),
        watch,
        where,
    )


def _texts(fields: _Fields, field: str) -> list[str]:
    """One text, or a list of them."""
    if isinstance(fields.tree.get(field), str):
        return [fields.tree[field]]
    found: list[str] = []
    for each in fields.get(field, list, []):
        if not isinstance(each, str):
            raise fields.error(field, f"must be a list of texts, not {each!r}")
        found.append(each)
    return found


def _generate(item: Any, path: Path, position: int) -> Mapping[str, Any]:
    allowed = frozenset(("name", "namespace", "deployments", "replicas", "image", "cpu", "memory", "port"))
    fields = _Fields(f"{path}: generate[{position}]", item, allowed)
    return {
        "name": fields.get("name", str, "app"),
        "namespace": fields.get("namespace", str, "default"),
        "deployments": fields.get("deployments", int, 1),
        "replicas": fields.get("replicas", int, 1),
        "image": fields.get("image", str, "nginx:1.29"),
        "cpu": fields.quantity("cpu", "100m"),
        "memory": fields.quantity("memory", "128Mi"),
        "port": fields.get("port", int, 80),
    }


def _nodes(item: Any, where: str, before: int) -> list[NodeSpec]:
    fields = _Fields(where, item, NODE_FIELDS)
    count = fields.get("count", int, 1)
    if not 1 <= count <= MAX_NODES:
        raise fields.error("count", f"must be between 1 and {MAX_NODES:,}")
    name = fields.get("name", str, "wk")
    role = fields.get("role", str, "")
    zones = str(fields.get("zone", str, "")).split()
    taints = tuple(_taint(text, fields) for text in fields.get("taints", list, []))
    if role == "control-plane" and not taints:
        taints = ({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},)
    del before
    kubelet = _kubelet(fields)
    return [
        NodeSpec(
            name=name if count == 1 else f"{name}-{number + 1}",
            role=role,
            cpu=fields.quantity("cpu", "4"),
            memory=fields.quantity("memory", "8Gi"),
            pods=fields.get("pods", int, 110),
            zone=zones[number % len(zones)] if zones else "",
            region=fields.get("region", str, ""),
            labels={str(key): str(value) for key, value in fields.get("labels", dict, {}).items()},
            taints=taints,
            kubelet=kubelet,
            ephemeral_storage=fields.quantity("storage", "100Gi"),
            bandwidth=fields.quantity("bandwidth", "50Mi"),
            images=tuple(_texts(fields, "images")),
        )
        for number in range(count)
    ]


def _kubelet(fields: _Fields) -> KubeletSettings:
    try:
        return kubelet_settings.parse(fields.get("kubelet", dict, {}))
    except kubelet_settings.SettingsError as error:
        raise fields.error(f"kubelet.{error.field}", error.why) from error


def _taint(text: Any, fields: _Fields) -> dict[str, str]:
    # key=value:Effect or key:Effect, as `kubectl taint` takes it.
    head, _, effect = str(text).partition(":")
    key, _, value = head.partition("=")
    if effect not in ("NoSchedule", "PreferNoSchedule", "NoExecute") or not key:
        raise fields.error("taints", f"{text!r} is not key=value:NoSchedule, PreferNoSchedule or NoExecute")
    return {"key": key, "value": value, "effect": effect} if value else {"key": key, "effect": effect}


def default_nodes(count: int) -> list[NodeSpec]:
    """A control-plane node and workers, for a cluster that nobody described."""
    control = NodeSpec(
        name="cp-1",
        role="control-plane",
        taints=({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},),
    )
    return [control, *(NodeSpec(name=f"wk-{number}") for number in range(1, count))]


def read(path: Path) -> Description:
    """Read a cluster.yaml, or a folder that has one. Raises ManifestError."""
    file = path / "cluster.yaml" if path.is_dir() else path
    if not file.exists():
        msg = f"{file}: no such file"
        raise ManifestError(msg)
    return parse(load_yaml(read_text(file), str(file)), file)
