"""The manifests of charts in registries: media types, descriptors and annotations as Helm writes and reads them."""

import hashlib
import json
from typing import Any, Final, NamedTuple

from kubesim.helm.chart.chart import Metadata
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.release.record import metadata_tree
from kubesim.helm.repository.documents import struct_json

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
CONFIG: Final = "application/vnd.cncf.helm.config.v1+json"
CHART: Final = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
LEGACY_CHART: Final = "application/tar+gzip"
PROVENANCE: Final = "application/vnd.cncf.helm.chart.provenance.v1.prov"
MAX_MANIFEST: Final = 4 * 1024 * 1024
"""Bytes that a manifest may have, as Helm's library limits it."""
_LEAST: Final = 2
"""How many of manifest, configuration and chart there must be."""
_PREFIX: Final = "org.opencontainers.image."
_FIXED: Final = (f"{_PREFIX}version", f"{_PREFIX}title")


class Descriptor(NamedTuple):
    """A piece of content by its type, digest and size in bytes."""

    media_type: str
    digest: str
    size: int

    def tree(self) -> dict[str, Any]:
        """As JSON."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


class Manifest(NamedTuple):
    """What a chart consists of in a registry."""

    config: Descriptor
    chart: Descriptor
    provenance: Descriptor | None = None


def describe(media_type: str, data: bytes) -> Descriptor:
    """The descriptor of some content."""
    return Descriptor(media_type, f"sha256:{hashlib.sha256(data).hexdigest()}", len(data))


def config_of(metadata: Metadata) -> bytes:
    """The configuration blob: Chart.yaml as JSON."""
    return struct_json(metadata_tree(metadata))


def write_manifest(manifest: Manifest, metadata: Metadata, created: str) -> bytes:
    """The manifest's bytes; ``created`` is a time in RFC 3339."""
    layers = [one for one in (manifest.chart, manifest.provenance) if one is not None]
    annotations = annotations_of(metadata, created)
    return struct_json({
        "schemaVersion": 2,
        "config": manifest.config.tree(),
        "layers": [one.tree() for one in sorted(layers, key=lambda one: one.digest)],
        "annotations": {key: annotations[key] for key in sorted(annotations)},
    })  # fmt: skip


def annotations_of(metadata: Metadata, created: str) -> dict[str, str]:
    """The annotations that Helm derives from Chart.yaml, and the chart's own."""
    # k8s: helm pkg/registry generateOCIAnnotations
    authors = [f"{who.name} ({who.email})" if who.email else who.name for who in metadata.maintainers]
    derived = {
        "description": metadata.description,
        "title": metadata.name,
        "version": metadata.version,
        "url": metadata.home,
        "created": created,
        "source": metadata.sources[0] if metadata.sources else "",
        "authors": ", ".join(authors),
    }
    annotations = {_PREFIX + name: text for name, text in derived.items() if text.strip()}
    own = metadata.annotations or {}
    return {**annotations, **{name: text for name, text in own.items() if name not in _FIXED}}


def read_manifest(data: bytes) -> Manifest:
    """What a manifest names; ChartError with Helm's text when it is not the manifest of a chart."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        raise ChartError("invalid manifest: it is not JSON") from None
    config, layers = _parts(tree)
    chart = next((one for one in layers if one.media_type in {CHART, LEGACY_CHART}), None)
    proof = next((one for one in layers if one.media_type == PROVENANCE), None)
    found = 1 + (config is not None and config.media_type == CONFIG) + (chart is not None)
    if found < _LEAST:
        raise ChartError(
            f"manifest does not contain minimum number of descriptors ({_LEAST}), descriptors found: {found}"
        )
    if config is None or config.media_type != CONFIG:
        raise ChartError(f"could not load config with mediatype {CONFIG}")
    if chart is None:
        raise ChartError(f"manifest does not contain a layer with mediatype {CHART}")
    return Manifest(config, chart, proof)


def _parts(tree: Any) -> tuple[Descriptor | None, list[Descriptor]]:
    if not isinstance(tree, dict):
        raise ChartError("invalid manifest: it is no JSON object")
    layers = tree.get("layers")
    found = [_descriptor(one) for one in layers] if isinstance(layers, list) else []
    return _descriptor(tree.get("config")), [one for one in found if one is not None]


def _descriptor(tree: Any) -> Descriptor | None:
    if not isinstance(tree, dict):
        return None
    size = tree.get("size")
    if not isinstance(size, int) or size < 0:
        raise ChartError("invalid manifest: a descriptor has no size")
    return Descriptor(str(tree.get("mediaType", "")), str(tree.get("digest", "")), size)
