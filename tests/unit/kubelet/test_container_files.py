"""What containers write: their own layer, volumes that others see, archives, and pages that come from files."""

import io
import tarfile

import pytest

from building import create
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec
from kubesim.kubelet.profile import Profile
from kubesim.kubelet.simruntime import pages, paths, sh, shell
from kubesim.kubelet.simruntime.machine import Surroundings
from kubesim.kubelet.simruntime.timeline import OUT
from kubesim.objects.wire import PODS

SHARED = {
    "restartPolicy": "Always",
    "volumes": [{"name": "data", "emptyDir": {}}],
    "initContainers": [
        {"name": "init", "image": "busybox", "command": ["sh", "-c", "echo ready > /data/a"],
         "volumeMounts": [{"name": "data", "mountPath": "/data"}]},
    ],
    "containers": [
        {"name": "one", "image": "busybox", "command": ["sh", "-c", "echo mine > /data/b; sleep infinity"],
         "volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        {"name": "two", "image": "httpd", "volumeMounts": [{"name": "data", "mountPath": "/mnt", "subPath": ""}],
         "readinessProbe": {"httpGet": {"path": "/index.html", "port": 80}, "periodSeconds": 1, "failureThreshold": 1}},
    ],
}  # fmt: skip


@pytest.fixture
def cluster() -> Cluster:
    found = Cluster(Settings(name="files"))
    found.add_node(NodeSpec(name="node-1"))
    found.advance(5_000)
    create(found, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": SHARED})
    found.advance(20_000)
    return found


def run(cluster: Cluster, container: str, line: str, stdin: bytes = b"") -> tuple[int, str]:
    outcome = cluster.kubelets.execute("default", "p", container, ("sh", "-c", line), stdin)
    return outcome.code, outcome.output


def test_volumes_are_shared_and_the_layer_is_not(cluster: Cluster):
    assert run(cluster, "two", "cat /mnt/a /mnt/b") == (0, "ready\nmine\n")
    assert run(cluster, "two", "echo new > /mnt/c; echo own > /tmp/own")[0] == 0
    assert run(cluster, "one", "cat /data/c; rm /data/a; ls /data") == (0, "new\nb\nc\n")
    assert run(cluster, "one", "cat /tmp/own")[0] == 1
    assert run(cluster, "two", "cat /tmp/own; ls /mnt") == (0, "own\nb\nc\n")


def test_a_restart_empties_the_layer_and_keeps_the_volume(cluster: Cluster):
    run(cluster, "two", "echo x > /mnt/kept; echo x > /tmp/lost")
    worker = cluster.kubelets.worker_of("default", "p")
    assert worker is not None
    container = worker.containers[2]
    assert container.process is not None
    container.process.kill(cluster.loop.now)
    worker.poke()
    cluster.advance(60_000)
    assert container.restarts == 1
    assert run(cluster, "two", "ls /mnt; cat /tmp/lost") == (
        1, "a\nb\nkept\ncat: can't open '/tmp/lost': No such file or directory\n")  # fmt: skip


def test_a_page_that_is_moved_away_fails_the_probe(cluster: Cluster):
    def ready() -> bool:
        pod = cluster.store.get(PODS, "default", "p")
        assert pod is not None
        return all(item["ready"] for item in pod["status"]["containerStatuses"])

    assert ready()
    assert run(cluster, "two", "mv -v /usr/local/apache2/htdocs/index.html /tmp/")[0] == 0
    cluster.advance(5_000)
    assert not ready()
    run(cluster, "two", "mv /tmp/index.html /usr/local/apache2/htdocs/")
    cluster.advance(5_000)
    assert ready()


def test_archives_go_in_and_out(cluster: Cluster):
    buffer = io.BytesIO()
    content = bytes(range(256)) * 10
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("folder/file.bin")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    assert run(cluster, "one", "tar -xmf - -C /tmp", buffer.getvalue())[0] == 0
    assert run(cluster, "one", "test -d /tmp/folder && ls /tmp/folder") == (0, "file.bin\n")
    outcome = cluster.kubelets.execute("default", "p", "one", ("tar", "cf", "-", "/tmp/folder"))
    with tarfile.open(fileobj=io.BytesIO(outcome.stdout.encode("utf-8", "surrogateescape"))) as archive:
        inner = archive.extractfile("tmp/folder/file.bin")
        assert inner is not None
        assert inner.read() == content
    assert run(cluster, "one", "tar -xmf - -C /nowhere", b"")[0] == 1


def test_output_and_errors_are_told_apart(cluster: Cluster):
    outcome = cluster.kubelets.execute("default", "p", "one", ("sh", "-c", "echo out; ls /no; echo err >&2"))
    assert (outcome.stdout, outcome.errors) == ("out\n", "ls: /no: No such file or directory\nerr\n")
    assert cluster.kubelets.execute("default", "p", "one", ("nosuch",)).not_found


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("printf 'b\\na\\nb\\n' | sort -r | uniq -c", "      2 b\n      1 a\n"),
        ("echo a:b:c | cut -d: -f2", "b\n"),
        ("echo hello | tr a-z A-Z", "HELLO\n"),
        ("echo one two | wc -w", "2\n"),
        ("echo secret | base64 | base64 -d", "secret\n"),
        ("echo path=/a | sed s,/a,/b,", "path=/b\n"),
        ("echo aXb | grep -oE '[A-Z]'", "X\n"),
        ("cd /tmp && mkdir -p x/y && touch x/y/z && find x -type f && pwd", "x/y/z\n/tmp\n"),
        ("echo 1 > f; cp f g; cat g; rm f; ls f || echo gone", "1\nls: f: No such file or directory\ngone\n"),
        ("ls /nope 2>/dev/null || echo quiet", "quiet\n"),
        ("x=$(ls /nope 2>&1); echo \"[$x]\"", "[ls: /nope: No such file or directory]\n"),
        ("basename /a/b.txt; dirname /a/b.txt", "b.txt\n/a\n"),
        ("echo echo piped | sh", "piped\n"),
        ("seq 3 | tail -n +2 | xargs echo got", "got 2 3\n"),
        ("mkdir /tmp; echo $?", "mkdir: can't create directory '/tmp': File exists\n1\n"),
    ],
)  # fmt: skip
def test_commands(line: str, text: str):
    found = sh.interpret(shell.literal(("sh", "-c", line)), Surroundings({}, {}))
    assert "".join(event.text for event in found.events if event.kind == OUT) == text


@pytest.mark.parametrize(
    ("name", "folder", "path"),
    [("a", "/", "/a"), ("../b/./c", "/x/y", "/x/b/c"), ("/a//b/", "/x", "/a/b"), ("", "/x", "/x"), ("../..", "/", "/")],
)
def test_paths(name: str, folder: str, path: str):
    assert paths.absolute(name, folder) == path


@pytest.mark.parametrize(
    ("files", "path", "status"),
    [
        ({"/www/index.html": "hi"}, "/", 200),
        ({"/www/a.txt": "hi"}, "/a.txt", 200),
        ({"/www/": ""}, "/", 403),
        ({}, "/index.html", 404),
    ],
    ids=["index", "file", "empty folder", "removed"],
)
def test_pages(files: dict[str, str], path: str, status: int):
    found = pages.page_of(Profile("x", root="/www", files={"/www/index.html": "image"}), files, path)
    assert found is not None
    assert found.status == status
