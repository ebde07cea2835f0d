"""Clusters made once a process and copied for each test, which takes a tenth of the time of making them."""

from functools import lru_cache
from pathlib import Path

from kubesim.cluster import DEFAULT_EPOCH_MS, Cluster
from kubesim.kubelet.node import NodeSpec
from kubesim.scenario.description import MAX_NODES, Description, default_nodes, parse, read
from kubesim.scenario.loader import build, sample_folder
from kubesim.store import snapshot

KEPT = 16
"""How many clusters are kept for copies."""


def copy_of(nodes: int | None, seed: int | None, sample: str, *, system: bool) -> Cluster:
    """A cluster of this kind. Raises ManifestError for a sample that is wrong, ValueError for other arguments."""
    found = snapshot.from_bytes(_bytes(nodes, seed, sample, system))
    assert isinstance(found, Cluster)
    return found


@lru_cache(KEPT)
def _bytes(nodes: int | None, seed: int | None, sample: str, system: bool) -> bytes:
    description = _described(nodes, sample, system=system)
    return snapshot.to_bytes(build(description, epoch_ms=DEFAULT_EPOCH_MS, seed=seed))


def _described(nodes: int | None, sample: str, *, system: bool) -> Description:
    if nodes is not None and not 0 <= nodes <= MAX_NODES:
        msg = f"nodes={nodes}: must be between 0 and {MAX_NODES}"
        raise ValueError(msg)
    if sample:
        description = read(_sample(sample))
        return description if nodes is None else description._replace(nodes=tuple(default_nodes(nodes)))
    count = 3 if nodes is None else nodes
    plain = [NodeSpec(name=f"node-{number}") for number in range(1, count + 1)]
    chosen = default_nodes(count) if system else plain
    blank = parse({}, Path("kube-cluster", "cluster.yaml"))
    return blank._replace(nodes=tuple(chosen), manifests=(), system=system)


def _sample(name: str) -> Path:
    path = Path(name)
    known = sample_folder() / name
    if not path.exists() and (known / "cluster.yaml").exists():
        return known
    if not path.exists():
        names = ", ".join(sorted(item.parent.name for item in sample_folder().glob("*/cluster.yaml")))
        msg = f"sample={name!r}: no such file, folder or sample cluster; the samples are {names}"
        raise ValueError(msg)
    return path
