"""A cluster that is attacked, and what must hold when the attack is over."""

import gc
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.hostile import Target
from kubetui.testing.cluster import KubeCluster

SECRETS = ("BEGIN EC PRIVATE KEY", "BEGIN PRIVATE KEY", "hunter2")


@pytest.fixture(scope="session")
def attacked(shared_kube_cluster: KubeCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    cluster = shared_kube_cluster.fork()
    cluster._speed = 0
    # A collection of all that the test session holds would count as a stall of the server.
    gc.collect()
    gc.freeze()
    yield Target(cluster, tmp_path_factory.mktemp("attacker"))
    cluster.stop()
    gc.unfreeze()


@pytest.fixture
def target(attacked: Target, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> Iterator[Target]:
    attacked.heart.longest = 0.0
    with caplog.at_level(logging.DEBUG):
        yield attacked
        attacked.unharmed()
    said = "\n".join(record.getMessage() + str(record.exc_info or "") for record in caplog.records)
    assert not [secret for secret in SECRETS if secret in said]
    assert "Traceback" not in said
    assert not [record for record in caplog.records if record.name == "kubesim.httpd"], said
