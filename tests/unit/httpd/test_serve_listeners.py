"""``kubetui serve`` with an Ingress: the printed address leads a real client to the right pod."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "kubetui", "serve", "ingress"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'core'}:{ROOT / 'tui'}"}


def serve(tmp_path: Path, *more: str) -> "subprocess.Popen[str]":
    arguments = ["--state", str(tmp_path / "state"), "--kubeconfig", str(tmp_path / "config"), *more]
    return subprocess.Popen([*COMMAND, *arguments], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)


def test_the_printed_address_leads_to_the_right_pod(tmp_path: Path):
    with serve(tmp_path) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline() for _ in range(3)]
            found = re.match(r"ingress on (http://127\.0\.0\.1:\d+) and https://127\.0\.0\.1:\d+\n", lines[2])
            assert found is not None, lines
            request = urllib.request.Request(f"{found[1]}/v1/hello", headers={"Host": "api.example.com"})
            with urllib.request.urlopen(request, timeout=10) as answer:
                page = json.load(answer)
            assert page["pod"].startswith("api-")
            assert page["path"] == "/hello"
            assert page["headers"]["X-Forwarded-Host"] == "api.example.com"
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_no_listeners(tmp_path: Path):
    with serve(tmp_path, "--no-listeners") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == ""
        assert process.wait(10) == 0
