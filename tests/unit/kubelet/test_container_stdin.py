"""Containers with stdin: programs wait for what clients type, go on with it, and end when there is no more."""

import pickle
from typing import Any

import pytest

from building import create
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.dialogue import Dialogue, attach
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import PODS

LOOP = ["sh", "-c", "echo start; while read l; do echo got $l; done; echo bye"]


@pytest.fixture
def cluster() -> Cluster:
    found = Cluster(Settings(name="stdin"))
    found.add_node(NodeSpec(name="node-1"))
    found.advance(5_000)
    return found


def run(cluster: Cluster, command: list[str] | None = None, policy: str = "Never", **fields: Any) -> Dialogue:
    """A pod whose container reads stdin, and a client that is attached to it."""
    container = {"name": "a", "image": "busybox", "stdin": True, "stdinOnce": True, **fields}
    if command is not None:
        container["command"] = command
    spec = {"restartPolicy": policy, "containers": [container]}
    create(cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
    cluster.advance(5_000)
    found = attach(cluster.kubelets.worker_of("default", "p"), "a")
    assert found is not None
    return found


def said(cluster: Cluster, found: Dialogue, typed: bytes = b"", millis: int = 100) -> str:
    if typed:
        found.hear(typed)
    cluster.advance(millis)
    return "".join(text for _, text in found.output())


def state(cluster: Cluster) -> dict[str, Any]:
    pod = cluster.store.get(PODS, "default", "p")
    assert pod is not None
    found: dict[str, Any] = pod["status"]["containerStatuses"][0]["state"]
    return found


def log(cluster: Cluster) -> list[str]:
    return [line.text for line in cluster.kubelets.logs("default", "p", "a")]


def test_a_program_waits_for_lines_and_goes_on_with_them(cluster: Cluster):
    found = run(cluster, LOOP)
    assert "running" in state(cluster)
    assert said(cluster, found) == ""  # What came before is in the log.
    assert said(cluster, found, b"one\ntw") == "got one\n"
    assert said(cluster, found, b"o\n") == "got two\n"
    found.hang_up()
    assert said(cluster, found, millis=2_000) == "bye\n"
    assert found.is_over
    assert state(cluster)["terminated"]["exitCode"] == 0
    assert log(cluster) == ["start", "got one", "got two", "bye"]


@pytest.mark.parametrize(
    ("command", "typed", "shown", "code"),
    [
        (["cat"], b"a\nb", "a\nb", 0),
        (["sort"], b"b\na\n", "a\nb\n", 0),
        (["sh", "-c", "cat | wc -l"], b"b\na\n", "2\n", 0),
        (["sh", "-c", "read -r a b; echo $b; exit 3"], b"x y z\nmore\n", "y z\n", 3),
        (["sh", "-c", "x=$(cat); echo [$x]"], b"in", "[in]\n", 0),
        (None, b"cd /tmp\npwd\nfor i in 1 2; do\necho $i\ndone\nnosuch\nexit 4\necho no\n",
         "/tmp\n1\n2\nsh: nosuch: not found\n", 4),
        (["sh"], b"echo unfinished; if true\n", "", 0),
        (["sh"], b"echo )\n", 'sh: syntax error: unexpected ")"\n', 2),
    ],
    ids=["cat", "sort", "pipe", "read", "captured", "shell", "unfinished", "syntax"],
)  # fmt: skip
def test_what_programs_read(cluster: Cluster, command: list[str] | None, typed: bytes, shown: str, code: int):
    found = run(cluster, command)
    found.hear(typed)
    found.hang_up()
    assert said(cluster, found, millis=2_000) == shown
    assert state(cluster)["terminated"]["exitCode"] == code


def test_input_that_comes_early_is_read_later(cluster: Cluster):
    found = run(cluster, ["sh", "-c", "read a; sleep 10; read b; echo $a $b"])
    assert said(cluster, found, b"1\n2\n", 5_000) == ""
    assert said(cluster, found, millis=6_000) == "1 2\n"


def test_a_terminal_echoes_edits_and_interrupts(cluster: Cluster):
    found = run(cluster, tty=True)
    assert said(cluster, found) == "/ # "  # The line that is not ended is not in the log yet.
    assert log(cluster) == []
    assert said(cluster, found, b"echo hy\x7fi\r") == "echo hy\b \bi\nhi\n/ # "
    assert said(cluster, found, b"sleep 600\r") == "sleep 600\n"
    assert said(cluster, found, b"\x03") == "^C\n/ # "
    assert said(cluster, found, b"half\x03") == "half^C\n/ # "
    assert said(cluster, found, b"\x1b[Atty\r") == "tty\n/dev/pts/0\n/ # "
    assert said(cluster, found, b"chroot /tmp\rexit 3\recho $?\r").endswith("\n3\n/ # ")
    assert said(cluster, found, b"if true; then\r") == "if true; then\n> "
    assert said(cluster, found, b"echo yes; fi\r") == "echo yes; fi\nyes\n/ # "
    assert said(cluster, found, b"\x04", 2_000) == ""
    assert state(cluster)["terminated"]["exitCode"] == 0


def test_an_interrupt_ends_what_is_no_shell(cluster: Cluster):
    found = run(cluster, ["cat"], tty=True)
    assert said(cluster, found, b"a\r") == "a\na\n"
    said(cluster, found, b"\x03", 2_000)
    assert state(cluster)["terminated"]["exitCode"] == 130


def test_only_the_stdin_of_one_client_ends_with_it(cluster: Cluster):
    found = run(cluster, LOOP, stdinOnce=False)
    found.hear(b"one\n")
    found.hang_up()
    assert said(cluster, found) == "got one\n"
    again = attach(cluster.kubelets.worker_of("default", "p"), "")
    assert again is not None
    assert said(cluster, again, b"two\n") == "got two\n"
    assert "running" in state(cluster)


def test_nothing_is_typed_into_programs_that_read_nothing(cluster: Cluster):
    spec = {"containers": [{"name": "a", "image": "nginx", "stdin": True}, {"name": "b", "image": "redis"}]}
    create(cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
    cluster.advance(5_000)
    worker = cluster.kubelets.worker_of("default", "p")
    assert [attach(worker, name) for name in ("a", "b", "c")] == [None, None, None]
    assert attach(None, "a") is None


def test_a_conversation_is_saved_with_its_cluster(cluster: Cluster):
    found = run(cluster, LOOP)
    said(cluster, found, b"one\n")
    copy = pickle.loads(pickle.dumps(cluster))
    later = attach(copy.kubelets.worker_of("default", "p"), "a")
    assert later is not None
    assert said(copy, later, b"two\n") == "got two\n"
    assert said(cluster, found) == ""


def test_a_container_that_ends_at_once_is_never_seen_running(cluster: Cluster):
    spec = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "busybox", "command": ["echo", "hi"]}]}
    create(cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
    phases: dict[str, None] = {}
    for _ in range(1_000):
        cluster.advance(10)
        pod = cluster.store.get(PODS, "default", "p")
        phases[pod["status"]["phase"] if pod is not None else ""] = None
    assert list(phases) == ["Pending", "Succeeded"]
