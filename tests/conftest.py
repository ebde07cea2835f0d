"""Shared fixtures: a cluster whose invariants are checked when the test is over."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from invariants import broken_invariants
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec


@pytest.fixture
def make_cluster() -> Iterator[Callable[..., Cluster]]:
    """Make clusters of some nodes, every component request validated; at the end all invariants must hold."""
    made: list[Cluster] = []

    def make(nodes: int = 3, seed: int = 1, **settings: Any) -> Cluster:
        cluster = Cluster(Settings(seed=seed, validate_components=True, **settings))
        for number in range(1, nodes + 1):
            cluster.add_node(NodeSpec(name=f"n{number}", cpu="4", memory="8Gi", zone="ab"[number % 2]))
        made.append(cluster)
        return cluster

    yield make
    for cluster in made:
        assert broken_invariants(cluster) == []


@pytest.fixture
def cluster(make_cluster: Callable[..., Cluster]) -> Cluster:
    """Three nodes that have been up for twenty seconds."""
    cluster = make_cluster()
    cluster.advance(20_000)
    return cluster
