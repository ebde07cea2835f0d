"""A release as Helm stores it: a Secret whose data is a compressed JSON document."""

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from kubesim.helm.chart.chart import Chart, Dependency, File, Metadata
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.manifest import Hook
from kubesim.helm.yaml.gojson import string, to_json
from kubesim.objects.times import format_time, parse_time

Tree = dict[str, Any]

SECRET_TYPE: Final = "helm.sh/release.v1"
_NO_TIME: Final = "0001-01-01T00:00:00Z"
_MAX_RECORD: Final = 64 * 1024 * 1024
"""Bytes of JSON that a record may have."""
PENDING: Final = ("pending-install", "pending-upgrade", "pending-rollback")
"""The statuses of a revision that is on its way."""
SYSTEM_LABELS: Final = ("name", "owner", "status", "version", "createdAt", "modifiedAt")


class Record(NamedTuple):
    """One revision of a release. ``chart`` is the JSON of chart_tree, times are milliseconds since 1970."""

    name: str
    namespace: str
    version: int
    status: str
    chart: Tree
    config: Tree
    manifest: str = ""
    hooks: tuple[Tree, ...] = ()
    description: str = ""
    notes: str = ""
    first_deployed: int = 0
    last_deployed: int = 0
    deleted: int | None = None
    rollback_revision: int = 0
    apply_method: str = "ssa"
    labels: Mapping[str, str] = {}
    system_labels: Mapping[str, str] = {}
    """Those that Helm adds to the user's, as they were read."""
    stamps: Mapping[str, str] = {}
    """Times as they were read: they may be finer than milliseconds."""

    def to_tree(self) -> Tree:
        """The JSON document."""
        info: Tree = {
            "first_deployed": self.stamp("first_deployed"),
            "last_deployed": self.stamp("last_deployed"),
        }
        if self.deleted is not None:
            info["deleted"] = self.stamp("deleted")
        optional = {
            "description": self.description,
            "status": self.status,
            "rollback_revision": self.rollback_revision,
            "notes": self.notes,
        }
        info.update({key: value for key, value in optional.items() if value})
        tree: Tree = {"name": self.name, "info": info, "chart": self.chart}
        rest = {
            "config": self.config,
            "manifest": self.manifest,
            "hooks": list(self.hooks),
            "version": self.version,
            "namespace": self.namespace,
            "apply_method": self.apply_method,
        }
        tree.update({key: value for key, value in rest.items() if value})
        return tree

    def stamp(self, field: str) -> str:
        """One of the times as RFC 3339: as it was read, when it is still that."""
        moment: int | None = getattr(self, field)
        known = self.stamps.get(field, "")
        return known if known and _milliseconds(known) == moment else stamp_of(moment or 0)


def stamp_of(milliseconds: int) -> str:
    """A time as records hold it."""
    if not milliseconds:
        return _NO_TIME
    fraction = f"{milliseconds % 1000:03d}".rstrip("0")
    return format_time(milliseconds)[:-1] + (f".{fraction}Z" if fraction else "Z")


def _milliseconds(text: str | None) -> int | None:
    if not text or text.startswith("0001-"):
        return None
    return parse_time(text)


def secret_name(name: str, version: int) -> str:
    """The name of the Secret of a revision."""
    return f"sh.helm.release.v1.{name}.v{version}"


def to_secret(record: Record, *, created: int | None = None, modified: int | None = None) -> Tree:
    """The Secret of a record; ``created`` and ``modified`` are the times its labels tell."""
    times = {"createdAt": created, "modifiedAt": modified}
    labels = {
        **{name: str(moment // 1000) for name, moment in times.items() if moment is not None},
        **record.labels,
        # k8s: a record that was listed still has the times of its labels, and they win over new ones
        **{name: value for name, value in record.system_labels.items() if name in times},
        "name": record.name,
        "owner": "helm",
        "status": record.status,
        "version": str(record.version),
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": secret_name(record.name, record.version),
            "namespace": record.namespace,
            "labels": labels,
        },
        "type": SECRET_TYPE,
        "data": {"release": encode(record.to_tree())},
    }


def encode(tree: Tree) -> str:
    """What a Secret's ``data.release`` holds: base64 of base64 of gzip of the JSON."""
    document = json_text(tree).encode("utf-8", "surrogateescape")
    packed = base64.b64encode(gzip.compress(document, compresslevel=9, mtime=0))
    return base64.b64encode(packed).decode("ascii")


_MAPS: Final = ("annotations", "config", "resources", "values")


def json_text(tree: Any) -> str:
    """JSON with the fields of records in Helm's order; what is a map in Go is sorted."""
    if isinstance(tree, dict):
        pairs = [f"{string(key)}:{to_json(value) if key in _MAPS else json_text(value)}" for key, value in tree.items()]
        return "{" + ",".join(pairs) + "}"
    if isinstance(tree, list | tuple):
        return "[" + ",".join([json_text(value) for value in tree]) + "]"
    return to_json(tree)


def decode(text: str) -> Tree:
    """The JSON document in ``data.release``; ChartError when it is none. Old records are not compressed."""
    try:
        packed = base64.b64decode(base64.b64decode(text, validate=True), validate=True)
        document = _unzipped(packed) if packed.startswith(b"\x1f\x8b\x08") else packed
        # k8s: Go reads every number as a float64
        tree = json.loads(document, parse_int=float)
    except (binascii.Error, ValueError, OSError, EOFError, zlib.error) as error:
        raise ChartError(f"release record cannot be read: {error}") from None
    if not isinstance(tree, dict):
        raise ChartError("release record cannot be read: it is no object")
    return tree


def _unzipped(packed: bytes) -> bytes:
    stream = zlib.decompressobj(31)
    document = stream.decompress(packed, _MAX_RECORD)
    if stream.unconsumed_tail:
        raise ValueError("it is too large")
    return document


def from_secret(secret: Tree) -> Record:
    """The record in a Secret; ChartError when there is none."""
    text = (secret.get("data") or {}).get("release")
    if not isinstance(text, str):
        raise ChartError("release record cannot be read: the Secret has no release")
    return from_tree(decode(text), secret.get("metadata", {}).get("labels") or {})


def from_tree(tree: Tree, labels: Mapping[str, str] | None = None) -> Record:
    """The record that a JSON document is."""
    info = tree.get("info") or {}
    return Record(
        name=str(tree.get("name", "")),
        namespace=str(tree.get("namespace", "")),
        version=int(tree.get("version", 0)),
        status=str(info.get("status", "")),
        chart=tree.get("chart") or {},
        config=tree.get("config") or {},
        manifest=str(tree.get("manifest", "")),
        hooks=tuple(tree.get("hooks") or ()),
        description=str(info.get("description", "")),
        notes=str(info.get("notes", "")),
        first_deployed=_milliseconds(info.get("first_deployed")) or 0,
        last_deployed=_milliseconds(info.get("last_deployed")) or 0,
        deleted=_milliseconds(info.get("deleted")),
        rollback_revision=int(info.get("rollback_revision", 0)),
        apply_method=str(tree.get("apply_method", "")),
        labels={name: value for name, value in (labels or {}).items() if name not in SYSTEM_LABELS},
        system_labels={name: value for name, value in (labels or {}).items() if name in SYSTEM_LABELS},
        stamps={name: str(info[name]) for name in ("first_deployed", "last_deployed", "deleted") if info.get(name)},
    )


def hook_tree(hook: Hook) -> Tree:
    """A hook as records hold it, before it has run."""
    tree: Tree = {"name": hook.name, "kind": hook.kind, "path": hook.path, "manifest": hook.manifest}
    tree["events"] = list(hook.events)
    tree["last_run"] = {"phase": ""}
    optional = {
        "weight": hook.weight,
        "delete_policies": list(hook.delete_policies),
        "output_log_policies": list(hook.output_log_policies),
    }
    return {**tree, **{key: value for key, value in optional.items() if value}}


def hook_of(tree: Tree) -> Hook:
    """The hook in a record."""
    return Hook(
        tree.get("name", ""),
        tree.get("kind", ""),
        tree.get("path", ""),
        tree.get("manifest", ""),
        tuple(tree.get("events") or ()),
        int(tree.get("weight", 0)),
        tuple(tree.get("delete_policies") or ()),
        tuple(tree.get("output_log_policies") or ()),
    )


def chart_tree(chart: Chart) -> Tree:
    """A chart as records hold it: without the charts inside it."""
    return {
        "metadata": metadata_tree(chart.metadata),
        "lock": chart.lock,
        "templates": _file_trees(chart.templates) or None,
        "values": chart.values,
        "schema": base64.b64encode(chart.schema).decode() if chart.schema is not None else None,
        "schemamodtime": _NO_TIME,
        "files": _file_trees(chart.files) or None,
        "modtime": _NO_TIME,
    }


def _file_trees(files: Sequence[File]) -> list[Tree]:
    return [{"name": file.name, "data": base64.b64encode(file.data).decode(), "modtime": _NO_TIME} for file in files]


def metadata_tree(metadata: Metadata) -> Tree:
    """Chart.yaml as JSON, without what is empty."""
    tree: Tree = {
        "name": metadata.name,
        "home": metadata.home,
        "sources": list(metadata.sources),
        "version": metadata.version,
        "description": metadata.description,
        "keywords": list(metadata.keywords),
        "maintainers": [
            _without_empty({"name": who.name, "email": who.email, "url": who.url}) for who in metadata.maintainers
        ],
        "icon": metadata.icon,
        "apiVersion": metadata.api_version,
        "condition": metadata.condition,
        "tags": metadata.tags,
        "appVersion": metadata.app_version,
        "deprecated": metadata.deprecated,
        "annotations": dict(metadata.annotations or {}),
        "kubeVersion": metadata.kube_version,
        "dependencies": [_dependency_tree(dependency) for dependency in metadata.dependencies],
        "type": metadata.type,
    }
    return _without_empty(tree)


def _dependency_tree(dependency: Dependency) -> Tree:
    optional = {
        "version": dependency.version,
        "condition": dependency.condition,
        "tags": list(dependency.tags),
        "enabled": dependency.enabled,
        "import-values": list(dependency.import_values),
        "alias": dependency.alias,
    }
    return {"name": dependency.name, "repository": dependency.repository, **_without_empty(optional)}


def _without_empty(tree: Tree) -> Tree:
    return {key: value for key, value in tree.items() if value}


def chart_of(tree: Tree) -> Chart:
    """The chart in a record; enough to render it again, but without the charts inside it."""
    from kubesim.helm.chart.metadata import fill_metadata  # noqa: PLC0415 (only rollbacks and upgrades need it)

    chart = Chart()
    fill_metadata(tree.get("metadata") or {}, chart.metadata)
    chart.lock = tree.get("lock")
    chart.values = tree.get("values")
    chart.schema = base64.b64decode(tree["schema"]) if tree.get("schema") else None
    chart.templates = _files_of(tree.get("templates"))
    chart.files = _files_of(tree.get("files"))
    return chart


def _files_of(trees: Sequence[Tree] | None) -> list[File]:
    return [File(str(tree.get("name", "")), base64.b64decode(tree.get("data") or "")) for tree in trees or ()]
