"""``kubetui serve``: what it prints, that it answers, and that it ends when it is told to."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "kubetui", "serve"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'core'}:{ROOT / 'tui'}"}


def test_serves_until_it_is_told_to_stop(tmp_path: Path):
    kubeconfig = tmp_path / "config"
    arguments = [
        "hello",
        "--token",
        "t",
        "--seed",
        "3",
        "--state",
        str(tmp_path / "state"),
        "--kubeconfig",
        str(kubeconfig),
    ]
    with subprocess.Popen([*COMMAND, *arguments], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        assert first.startswith("serving hello on https://127.0.0.1:")
        assert second == f"export KUBECONFIG={kubeconfig}\n"
        url = yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        context = ssl.create_default_context(cafile=str(tmp_path / "state" / "ca.crt"))
        request = urllib.request.Request(f"{url}/api/v1/nodes", headers={"Authorization": "Bearer t"})
        with urllib.request.urlopen(request, context=context, timeout=10) as response:
            assert len(json.load(response)["items"]) >= 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["nosuch"], 1, "nosuch: no such file, folder or sample cluster"),
        (["--speed", "0"], 2, "invalid speed value"),
        (["hello", "--nodes", "0"], 1, "--nodes: must be between 1 and 5000"),
        (["-f", "/nowhere.yaml"], 1, "/nowhere.yaml"),
        (["--audit-log", "/nowhere/log"], 1, "error: /nowhere/log: No such file or directory"),
        (["--audit-policy-file", "/nowhere.yaml"], 1, "error: --audit-policy-file: needs --audit-log"),
        (["--audit-log", "-", "--audit-policy-file", "/nowhere.yaml"], 1, "error: /nowhere.yaml: No such file"),
        (["--anonymous-auth", "maybe"], 2, "invalid choice: 'maybe'"),
    ],
    ids=["cluster", "speed", "nodes", "file", "log", "policy without a log", "no policy", "choice"],
)
def test_what_cannot_be_served(arguments: list[str], code: int, text: str):
    done = subprocess.run(
        [*COMMAND, *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == code
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        arguments = ["--api-only", "--port", str(port), "--state", str(tmp_path)]
        done = subprocess.run(
            [*COMMAND, *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=20, check=False
        )
    assert done.returncode == 1
    assert done.stderr == f"error: 127.0.0.1:{port}: Address already in use\n"
