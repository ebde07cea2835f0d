"""The built-in helm beside the real one: the same words and exit codes, and one release changed by both in turns."""

import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from conformance.served import Served
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec

CHARTS = Path(__file__).parent / "charts"
ROOT = Path(__file__).resolve().parents[2]
SPEED = 20.0
BUILT_IN = (sys.executable, "-m", "kubetui", "helm")


class Outcome(NamedTuple):
    """What a command printed and how it ended, without what differs from run to run."""

    code: int
    output: str
    complaints: str


class World:
    """A cluster and someone who works in it with one of the two programs."""

    def __init__(self, folder: Path, programs: Path) -> None:
        cluster = Cluster(Settings(name="releases", epoch_ms=int(time.time()) * 1000))
        for number in (1, 2):
            cluster.add_node(NodeSpec(name=f"node-{number}"))
        cluster.advance(10_000)
        self.served = Served(cluster, folder / "server", speed=SPEED)
        self.real = (str(programs / "helm"),)
        self.folder = folder / "charts"
        shutil.copytree(CHARTS, self.folder)
        self.environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "KUBECONFIG": str(self.served.kubeconfig),
            "PYTHONPATH": f"{ROOT / 'core'}:{ROOT / 'tui'}",
        }

    def run(self, program: tuple[str, ...], command: str) -> Outcome:
        words = [word.replace("~", " ") for word in command.split()]
        if words[0] == "kubectl":
            program = ()
        done = subprocess.run(
            [*program, *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Outcome(done.returncode, normal(done.stdout), normal(done.stderr))

    def secrets(self, name: str) -> dict[str, tuple[dict[str, str], dict]]:
        """The stored revisions of a release: labels and document."""
        command = ["kubectl", "get", "secrets", "-l", f"name={name}", "-o", "json"]
        text = subprocess.run(command, env=self.environment, capture_output=True, check=True).stdout
        found = {}
        for secret in json.loads(text)["items"]:
            assert secret["type"] == "helm.sh/release.v1"
            document = gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"])))
            found[secret["metadata"]["name"]] = (secret["metadata"]["labels"], json.loads(document), document.decode())
        return found


_VOLATILE = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( \+0000 UTC *|Z)", "<time>"),
    (r"<time>\s*\t", "<time>\t"),
    (r"UPDATED +\t", "UPDATED\t"),
    (r"[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4}", "<ansi>"),
    (r"\b\d+(s|m|h|m\d+s)\b *", "<age>"),
    (r"\b\d{10}\b", "<unix>"),
    (r"10\.96\.\d+\.\d+ *", "<ip>"),
    (r"CLUSTER-IP +", "CLUSTER-IP"),
    (r"-[a-z0-9]{5,10}-[a-z0-9]{5}\b", "-<pod>"),
    (r"[0-9a-f]{8}-[0-9a-f-]{27}", "<uid>"),
    (r'"?resourceVersion"?: ?"\d+"', "<revision>"),
    (r'"modtime":"[^"]*"|modtime: .*', "<mtime>"),
    (r"127.0.0.1:\d{4,}", "<server>"),
)


def normal(text: str) -> str:
    """Text without what differs from run to run. Go prints the kinds of a status in any order."""
    for pattern, instead in _VOLATILE:
        text = re.sub(pattern, instead, text)
    before, found, after = text.partition("RESOURCES:\n")
    if found:
        groups, _, rest = after.partition("\n\n\n")
        text = before + found + "\n\n".join(sorted(groups.split("\n\n"))) + rest
    return text


@pytest.fixture
def worlds(tmp_path: Path, programs: Path) -> Iterator[list[World]]:
    found = [World(tmp_path / name, programs) for name in ("real", "ours")]
    yield found
    for world in found:
        world.served.stop()


STORIES = {
    "a life": """
        install h hooked
        install h hooked
        list
        list -o json
        status h
        upgrade h hooked --set color=blue
        history h
        history h -o json
        get all h
        get values h
        get values h -a -o json
        get values h --revision 1
        get metadata h
        get metadata h -o yaml
        get notes h
        get hooks h
        get manifest h
        test h --logs
        test h --filter name=nope
        rollback h 1
        rollback h 99
        rollback h x
        history h -o yaml
        history h --show-rollback-revision
        uninstall h --dry-run
        uninstall h --keep-history
        list --uninstalled
        install h hooked --replace --hide-notes
        history h
        uninstall h
        uninstall h
        uninstall h --ignore-not-found
        """,
    "failures": """
        install f hooked --set hook=false
        status f
        uninstall f
        install f hooked --set hook=exit~3 --rollback-on-failure
        list -q
        install s plain --wait --timeout 10s
        upgrade s plain --set stuck=1 --wait --timeout 2s
        upgrade s plain --set stuck=1 --wait --timeout 2s --rollback-on-failure
        upgrade s plain --set bad=1 --cleanup-on-fail
        history s
        kubectl scale deploy s --replicas=5
        upgrade s plain --set replicas=3
        upgrade s plain --set replicas=3 --force-conflicts
        install n plain -n nons
        install b nochart
        install b ./nochart
        install b plain --set a,b
        install Bad plain
        install plain
        install b plain --labels name=x
        install a b c d
        install
        upgrade nope plain
        status nope
        history nope
        rollback nope
        list --kube-context nope
        list --kube-apiserver https://127.0.0.1:1
        list --bogus
        install b plain --timeout x
        install b plain --wait=foo
        install b plain --force-replace --force-conflicts
        upgrade s plain --server-side=foo
        """,
    "ways": """
        install k plain --server-side=false
        get metadata k
        upgrade k plain --server-side=true
        get metadata k
        kubectl get deploy k -o jsonpath={.metadata.managedFields[*].operation} --show-managed-fields
        kubectl set image deploy/k c=nginx:9
        upgrade k plain --server-side=false --set replicas=3
        kubectl get deploy k -o jsonpath={.spec.template.spec.containers[0].image}{.spec.replicas}
        upgrade k plain --server-side=false --force-replace --set replicas=1
        upgrade k plain --server-side=false --force-conflicts
        rollback k --server-side=true --description back
        history k
        uninstall k --wait --cascade foreground
        kubectl create configmap o-kept
        install o optional
        install o optional --take-ownership
        upgrade o optional --set off=1
        rollback o
        uninstall o
        install x hooked --dry-run
        install x hooked --dry-run=server --hide-secret
        upgrade --install u plain -n new --create-namespace
        list -A
        upgrade u plain -n new --labels a=b --history-max 1 --reuse-values --set replicas=1
        list -n new -l a=b -o yaml
        uninstall u -n new
        install w widgets --wait
        kubectl get configmap w-caps -o jsonpath={.data.widget}
        uninstall w
        """,
}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("story", STORIES)
def test_both_say_the_same(story: str, worlds: list[World]):
    commands = [line.strip() for line in STORIES[story].split("\n") if line.strip()]

    def told(number: int) -> list[Outcome]:
        world = worlds[number]
        return [world.run(BUILT_IN if number else world.real, command) for command in commands]

    with ThreadPoolExecutor(2) as pool:
        real, ours = pool.map(told, (0, 1))
    wrong = [
        f"$ helm {command}\nreal: {one}\nours: {other}"
        for command, one, other in zip(commands, real, ours, strict=True)
        if one != other
    ]
    assert not wrong, "\n\n".join(wrong)


def _shape(document: str) -> str:
    """A stored release without its times."""
    text = re.sub(r'"\d{4}-\d\d-\d\dT[0-9:.]+Z"', '"<time>"', document)
    return re.sub(r'"modtime":"<time>"', "", text)


@pytest.mark.timeout(240)
def test_the_stored_records_are_the_same(worlds: list[World]):
    for number, world in enumerate(worlds):
        program = world.real if number == 0 else BUILT_IN
        for command in (
            "install r hooked --set size=5 --labels team=x",
            "upgrade r hooked --set a.b=1.5",
            "rollback r 1",
        ):
            assert world.run(program, command).code == 0
    real, ours = (world.secrets("r") for world in worlds)
    assert list(real) == list(ours) == [f"sh.helm.release.v1.r.v{number}" for number in (1, 2, 3)]
    for name in real:
        (labels, _, document), (own_labels, _, own_document) = real[name], ours[name]
        volatile = {"modifiedAt", "createdAt"}
        assert {key: value for key, value in labels.items() if key not in volatile} == {
            key: value for key, value in own_labels.items() if key not in volatile
        }
        assert sorted(labels) == sorted(own_labels)
        assert _shape(document) == _shape(own_document)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("first", ["real", "built-in"])
def test_one_release_in_turns(first: str, worlds: list[World]):
    world = worlds[0]
    one, other = (world.real, BUILT_IN) if first == "real" else (BUILT_IN, world.real)
    assert world.run(one, "install r hooked --set color=red").code == 0
    assert world.run(other, "upgrade r hooked --set color=blue").code == 0
    before = world.secrets("r")["sh.helm.release.v1.r.v1"][2]
    assert world.run(one, "rollback r 1").code == 0
    assert world.run(other, "test r").code == 0
    # the first revision is not written by who rolls back, and its times are kept as fine as they were
    assert world.secrets("r")["sh.helm.release.v1.r.v1"][2] == before
    for command in (
        "history r", "history r -o json", "get all r", "get values r -a", "get metadata r", "get hooks r", "status r",
        "list -o yaml", "get values r --revision 2 -o json",
    ):  # fmt: skip
        assert world.run(one, command) == world.run(other, command), command
    assert "color: red" in world.run(one, "get values r").output
    assert world.run(other, "uninstall r").output.endswith('release "r" uninstalled\n')
    assert world.run(one, "list -q").output == ""
