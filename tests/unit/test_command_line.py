"""The command line: what it prints, and a clear message for every kind of bad input, never a traceback."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from kubesim.scenario.loader import samples

ROOT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'core'}:{ROOT / 'tui'}", "TERM": "xterm-256color"}
COMMAND = [sys.executable, "-m", "kubetui"]


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, env=ENVIRONMENT, input=stdin, timeout=30, check=False
    )


class Terminal:
    """kubetui in a pseudo-terminal."""

    def __init__(self, *arguments: str, columns: int = 120, lines: int = 40, cwd: Path | None = None) -> None:
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            if cwd is not None:
                os.chdir(cwd)
            os.execve(sys.executable, [*COMMAND, *arguments], ENVIRONMENT)
        self.resize(columns, lines)
        self.seen = b""

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)

    def type(self, keys: bytes) -> None:
        os.write(self.file, keys)

    def read(self, seconds: float = 0.3) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ready, _, _ = select.select([self.file], [], [], 0.05)
            if ready:
                try:
                    self.seen += os.read(self.file, 65536)
                except OSError:
                    break
        return self.text

    @property
    def text(self) -> str:
        return re.sub(r"\x1b\[[0-9;?>$]*[a-zA-Z]|\x1b\][^\x07]*\x07", "", self.seen.decode(errors="replace"))

    def wait_for(self, text: str, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < end, f"{text!r} not seen in {self.text[-2000:]!r}"
            self.read(0.1)

    def wait(self, seconds: float = 15) -> int:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.read(0.2)
                os.close(self.file)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        pytest.fail(f"did not end; last seen: {self.text[-500:]!r}")


# ---------------------------------------------------------------------- what it prints
def test_help_names_the_samples_and_the_keys():
    done = run("--help")
    assert done.returncode == 0
    assert "kubetui hello" in done.stdout
    assert "kubetui clusters" in done.stdout


def test_version():
    assert re.fullmatch(r"kubetui \S+ \(Kubernetes v1\.37\.0\)\n", run("--version").stdout)


def test_clusters_lists_the_samples():
    names = [line.split()[0] for line in run("clusters").stdout.splitlines()]
    assert names[0] == "hello"
    assert sorted(names) == [folder.name for folder in samples()]
    assert {"big", "broken", "hello", "ingress", "shop", "zones"} <= set(names)


@pytest.mark.parametrize(
    "words", [["--speed", "fast"], ["--nodes", "0"], ["--nodes", "x"], ["--bogus"], ["clusters", "x"]]
)
def test_wrong_arguments_are_usage_errors(words):
    done = run(*words)
    assert done.returncode == 2
    assert "usage: kubetui" in done.stderr
    assert "Traceback" not in done.stderr


# ---------------------------------------------------------------------- bad input
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: nginx}]}\n"

BAD = {
    "missing file": (None, "nope.yaml: no such file or folder"),
    "yaml error": ("a: [1, 2\nb: 3\n", "bad.yaml:2:2: "),
    "no kind": ("apiVersion: v1\n", "bad.yaml:1: kind is not set"),
    "unknown kind": (
        POD + "---\napiVersion: foo/v1\nkind: Nope\nmetadata: {name: x}\n",
        'bad.yaml:6: no matches for kind "Nope"',
    ),
    "unknown field": (POD.replace("containers:", "bogus: 1, containers:"), 'unknown field "spec.bogus"'),
    "invalid field": (
        POD.replace("name: a}", "name: A_b}", 1),
        'bad.yaml:1: Pod "A_b" is invalid: metadata.name: Invalid value',
    ),
    "wrong type": (POD.replace("image: nginx", "image: 3"), "bad.yaml:1: "),
    "no name": ("apiVersion: v1\nkind: Pod\n", "bad.yaml:1: Pod: metadata.name is not set"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD.keys())
def test_bad_manifests(tmp_path, text, message):
    name = "nope.yaml" if text is None else "bad.yaml"
    if text is not None:
        (tmp_path / name).write_text(text)
    terminal = Terminal("-f", name, cwd=tmp_path)
    assert terminal.wait() == 1
    assert message in terminal.text.replace("\r\n", "\n")
    assert "Traceback" not in terminal.text


BAD_CLUSTERS = {
    "unknown field": ("nods: []\n", "nods: unknown field; known are"),
    "wrong type": ("nodes: 3\n", "nodes: must be a list, not 3"),
    "bad quantity": ("nodes: [{name: a, cpu: lots}]\n", "nodes[0].cpu: quantities must match"),
    "bad taint": ("nodes: [{name: a, taints: [x]}]\n", "nodes[0].taints: 'x' is not key=value"),
    "too many nodes": ("nodes: [{name: a, count: 9999}]\n", "nodes[0].count: must be between 1 and 5,000"),
    "same name": ("nodes: [{name: a}, {name: a}]\n", "nodes: the name a is given twice"),
    "image": ("images: {x: {bogus: 1}}\n", "images.x.bogus: unknown field"),
    "missing manifests": ("manifests: [nope]\n", "nope: no such file or folder"),
    "not a mapping": ("- 1\n", "must be a mapping"),
}


@pytest.mark.parametrize(("text", "message"), BAD_CLUSTERS.values(), ids=BAD_CLUSTERS.keys())
def test_bad_cluster_descriptions(tmp_path, text, message):
    (tmp_path / "cluster.yaml").write_text(text)
    terminal = Terminal(str(tmp_path))
    assert terminal.wait() == 1
    assert message in terminal.text
    assert "Traceback" not in terminal.text


def test_an_unknown_cluster_names_the_samples():
    terminal = Terminal("nosuch")
    assert terminal.wait() == 1
    assert f"the samples are {', '.join(folder.name for folder in samples())}" in " ".join(terminal.text.split())


def test_without_a_terminal_it_says_so():
    done = run("hello")
    assert done.returncode == 1
    assert done.stderr == "error: the explorer needs a terminal, and the output is not one\n"


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    terminal = Terminal("hello", "--data", str(tmp_path / "file" / "data"))
    assert terminal.wait() == 1
    assert "--data" in terminal.text
    assert "Not a directory" in terminal.text


def test_a_damaged_snapshot(tmp_path):
    (tmp_path / "cluster.snapshot").write_bytes(b"hello")
    terminal = Terminal("hello", "--data", str(tmp_path))
    assert terminal.wait() == 1
    assert "is not a kubetui snapshot" in terminal.text


@pytest.mark.parametrize(("text", "message"), [("- 1\n", "expected a mapping"), ("nosuch: X\n", "no action 'nosuch'")])
def test_bad_key_files(tmp_path, text, message):
    (tmp_path / "keys.yaml").write_text(text)
    terminal = Terminal("hello", "--keys", str(tmp_path / "keys.yaml"))
    assert terminal.wait() == 1
    assert message in terminal.text


# ---------------------------------------------------------------------- the terminal itself
RESTORED = b"\x1b[?1049l"
"""The alternate screen is left."""


def test_a_second_ctrl_c_gives_the_terminal_back():
    terminal = Terminal("hello")
    terminal.wait_for("ClusterIP")
    before = termios.tcgetattr(terminal.file)
    terminal.type(b"\x03")
    terminal.read(0.5)
    terminal.type(b"\x03")
    terminal.wait()
    assert RESTORED in terminal.seen
    assert "Traceback" not in terminal.text
    assert before is not None


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (200, 60), (60, 15), (20, 5), (3, 2)])
def test_any_size_of_terminal(columns, lines):
    terminal = Terminal("hello", columns=columns, lines=lines)
    terminal.read(2.5)
    terminal.type(b"\x03")
    terminal.read(0.3)
    terminal.type(b"\x03")
    terminal.wait()
    assert "Traceback" not in terminal.text


def test_a_storm_of_resizes():
    terminal = Terminal("hello")
    terminal.wait_for("ClusterIP")
    for number in range(60):
        terminal.resize(20 + number * 37 % 180, 5 + number * 13 % 55)
        terminal.type(b"j\t")
        terminal.read(0.02)
    terminal.resize(120, 40)
    terminal.seen = b""
    terminal.type(b"\t")
    terminal.wait_for("Services")
    terminal.type(b"\x03")
    terminal.read(0.3)
    terminal.type(b"\x03")
    terminal.wait()
    assert "Traceback" not in terminal.text


def test_manifests_through_a_pipe(tmp_path):
    (tmp_path / "pod.yaml").write_text(POD)
    shell = f"cat {tmp_path / 'pod.yaml'} | {' '.join(COMMAND)} -f - -n default"
    pid, file = pty.fork()
    if pid == 0:
        os.execve("/bin/sh", ["sh", "-c", shell], ENVIRONMENT)
    fcntl.ioctl(file, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    seen, end = b"", time.monotonic() + 20
    while b"Running" not in seen and time.monotonic() < end:
        ready, _, _ = select.select([file], [], [], 0.2)
        if ready:
            seen += os.read(file, 65536)
    os.write(file, b"\x03")
    time.sleep(0.4)
    os.write(file, b"\x03")
    time.sleep(0.4)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(file)
    assert b"Running" in seen


def test_a_cluster_is_kept_and_goes_on(tmp_path):
    first = Terminal("hello", "--data", str(tmp_path))
    first.wait_for("ClusterIP")
    first.type(b"\x03")
    first.read(0.4)
    first.type(b"\x03")
    first.wait()
    assert (tmp_path / "cluster.snapshot").exists(), first.text[-500:]
    second = Terminal("hello", "--data", str(tmp_path))
    second.wait_for("ClusterIP")
    second.type(b"\x03\x03")
    second.wait()
    assert "Traceback" not in second.text
