"""Real kubectl and helm against the HTTP API of a simulated cluster."""

import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from clients.checks import CHAPTERS, FAILING, Check
from conformance.served import Served
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec

MANIFESTS = Path(__file__).parent / "manifests"
SPEED = 10.0
"""Virtual seconds a second: rollouts take their time, tests should not."""


@pytest.fixture
def served(tmp_path: Path):
    cluster = Cluster(Settings(name="clients", epoch_ms=int(time.time()) * 1000))
    for number in (1, 2, 3):
        cluster.add_node(NodeSpec(name=f"node-{number}"))
    cluster.advance(10_000)
    found = Served(cluster, tmp_path / "server", speed=SPEED)
    yield found
    found.stop()


def free_ports() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(served: Served, programs: Path, home: Path) -> dict[str, str]:
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(home),
        "KUBECONFIG": str(served.kubeconfig),
        "KUBECACHEDIR": str(home / "cache"),
        "SERVER": served.server.url,
        "PORT": str(free_ports()),
    }


def failure_of(check: Check, folder: Path, variables: dict[str, str]) -> str:
    """What is wrong with the outcome of a command, "" when nothing is."""
    try:
        done = subprocess.run(
            ["bash", "-c", check.command],
            cwd=folder,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=45,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return f"$ {check.command}\nstill running after {error.timeout} s\n{error.stdout!r}"
    if done.returncode == check.code and re.search(check.output, done.stdout, re.MULTILINE):
        return ""
    return f"$ {check.command}\nexit code {done.returncode}, wanted {check.code} and {check.output!r}\n{done.stdout}"


@pytest.mark.timeout(240)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_real_clients(chapter: str, served: Served, programs: Path, tmp_path: Path):
    folder = tmp_path / "work"
    shutil.copytree(MANIFESTS, folder)
    shutil.copy(served.folder / "ca.crt", folder)
    variables = environment(served, programs, tmp_path)
    known = FAILING.get(chapter, {})
    wrong = []
    for check in CHAPTERS[chapter]:
        problem = failure_of(check, folder, variables)
        if problem and check.command not in known:
            wrong.append(problem)
        elif not problem and check.command in known:
            wrong.append(f"$ {check.command}\nworks now: take it off the list of what fails")
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_list_of_failures_names_commands_that_exist():
    for chapter, commands in FAILING.items():
        assert set(commands) <= {check.command for check in CHAPTERS[chapter]}
