"""The acceptance run: one server, a namespace for each chapter of commands."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.acceptance import ACCEPTANCE
from clients.everyday import EVERYDAY
from clients.test_clients import MANIFESTS, SPEED, environment, failure_of
from conformance.served import Served
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    cluster = Cluster(Settings(name="clients", epoch_ms=int(time.time()) * 1000))
    for number in (1, 2, 3):
        cluster.add_node(NodeSpec(name=f"node-{number}"))
    cluster.advance(10_000)
    found = Served(cluster, tmp_path_factory.mktemp("server"), speed=SPEED)
    yield found
    found.stop()


CHAPTERS = {**ACCEPTANCE, **EVERYDAY}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_commands(chapter: str, shared: Served, programs: Path, tmp_path: Path):
    folder = tmp_path / "work"
    shutil.copytree(MANIFESTS, folder)
    kubeconfig = tmp_path / "kubeconfig"
    shutil.copy(shared.kubeconfig, kubeconfig)
    namespace = f"chapter-{chapter}"
    variables = {**environment(shared, programs, tmp_path), "KUBECONFIG": str(kubeconfig), "NS": namespace}
    prepare = f"kubectl create ns {namespace} && kubectl config set-context --current --namespace={namespace}"
    subprocess.run(["bash", "-c", prepare], env=variables, check=True, capture_output=True, timeout=30)
    wrong = [failure for check in CHAPTERS[chapter] if (failure := failure_of(check, folder, variables))]
    assert not wrong, "\n".join(wrong)
