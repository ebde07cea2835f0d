"""Unmodified Python clients, and an operator, against the HTTP API of a simulated cluster."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubetui.testing.cluster import KubeCluster

PROGRAMS = Path(__file__).parent / "programs"
WIDGETS = PROGRAMS / "widgets.yaml"
PATIENCE = 30.0

pytestmark = [
    pytest.mark.kube_cluster(manifests=WIDGETS, speed=10),
    # The first of them installs the libraries.
    pytest.mark.timeout(600),
]


def environment(libraries: Path, home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(libraries), "PYTHONUNBUFFERED": "1"}


@pytest.mark.parametrize("program", ["kubernetes_client", "kubernetes_streams", "kr8s_client", "lightkube_client"])
def test_python_client(program: str, kube_cluster: KubeCluster, libraries: Path, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, PROGRAMS / f"{program}.py", kube_cluster.kubeconfig],
        env=environment(libraries, tmp_path),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture
def operator(kube_cluster: KubeCluster, libraries: Path, tmp_path: Path) -> Iterator[Path]:
    """A running operator; the file that holds what it says."""
    output = tmp_path / "operator.log"
    command = [sys.executable, "-m", "kopf", "run", str(PROGRAMS / "widget_operator.py"), "-A"]
    variables = {**environment(libraries, tmp_path), "KUBECONFIG": str(kube_cluster.kubeconfig)}
    with output.open("w") as log, subprocess.Popen(command, env=variables, stdout=log, stderr=log) as process:
        yield output
        process.terminate()
        process.wait(20)


def await_that(holds, output: Path) -> None:
    limit = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < limit, output.read_text()
        time.sleep(0.05)


def test_kopf_operator(kube_cluster: KubeCluster, operator: Path):
    def widget():
        return kube_cluster.find("widgets", "a") or {}

    def status(field: str):
        return widget().get("status", {}).get(field)

    kube_cluster.apply(
        {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": {"size": 3}}
    )
    await_that(lambda: status("made") == 3, operator)
    assert status("created") == {"hello": "a"}
    assert widget()["metadata"]["finalizers"] == ["widgets.example.com/operator"]
    await_that(lambda: (status("ticks") or 0) >= 3, operator)
    await_that(lambda: any(item["reason"] == "Made" for item in kube_cluster.list("events")), operator)
    kube_cluster.patch("widget", "a", {"spec": {"size": 9}})
    await_that(lambda: status("made") == 9, operator)
    assert status("before") == 3
    kube_cluster.delete("widget", "a")
    await_that(lambda: not widget(), operator)
    await_that(lambda: "gone: a" in operator.read_text(), operator)
    said = operator.read_text()
    assert 0 < said.index("watching over: a") < said.index("no longer watching over: a")
    assert "ERROR" not in operator.read_text()
