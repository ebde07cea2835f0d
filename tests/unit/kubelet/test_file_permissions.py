"""Permissions and owners: what chmod, chown, umask, ls and stat do, and who may read and write what."""

import pytest

from building import create
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.modes import of_container, person_of
from kubesim.kubelet.node import NodeSpec
from kubesim.kubelet.simruntime import attributes, sh, shell
from kubesim.kubelet.simruntime.attributes import Attributes, Person
from kubesim.kubelet.simruntime.machine import USER, Surroundings
from kubesim.kubelet.simruntime.timeline import OUT

SECRET = {"/etc/secret": "hidden\n", attributes.key("/etc/secret"): "600 0 0"}


def run(line: str, who: str = "", files: dict[str, str] | None = None) -> tuple[int, str]:
    """Exit code and output of a line, run by a user in some groups."""
    env = {USER: who} if who else {}
    found = sh.interpret(shell.literal(("sh", "-c", line)), Surroundings(env, files or {}))
    return found.code, "".join(event.text for event in found.events if event.kind == OUT)


@pytest.mark.parametrize(
    ("before", "words", "after"),
    [
        (0o644, "755", 0o755),
        (0o644, "2770", 0o2770),
        (0o644, "u+x", 0o744),
        (0o666, "go-w", 0o644),
        (0o644, "a=r", 0o444),
        (0o755, "g+s,o-rx", 0o2750),
        (0o644, "+x", 0o755),
        (0o644, "a+X", 0o644),
        (0o744, "a+X", 0o755),
        (0o755, "+t", 0o1755),
    ],
)
def test_modes_change(before: int, words: str, after: int):
    assert attributes.changed(before, words, folder=False, mask=0o22) == after


@pytest.mark.parametrize("words", ["8", "99999", "u", "z+x", "u+q", ""])
def test_what_is_no_mode(words: str):
    assert attributes.changed(0o644, words, folder=False, mask=0o22) is None


@pytest.mark.parametrize(
    ("mode", "folder", "shown", "in_go"),
    [
        (0o644, False, "-rw-r--r--", "-rw-r--r--"),
        (0o2777, True, "drwxrwsrwx", "dgrwxrwxrwx"),
        (0o3777, True, "drwxrwsrwt", "dgtrwxrwxrwx"),
        (0o4644, False, "-rwSr--r--", "urw-r--r--"),
    ],
)
def test_modes_are_shown(mode: int, folder: bool, shown: str, in_go: str):
    assert attributes.letters(mode, folder=folder) == shown
    assert attributes.go_text(mode, folder=folder) == in_go


@pytest.mark.parametrize(
    ("who", "found", "right", "holds"),
    [
        (Person(0), Attributes(0o000), attributes.READ, True),
        (Person(1000), Attributes(0o600, 1000, 0), attributes.WRITE, True),
        (Person(1000), Attributes(0o044, 1000, 0), attributes.READ, False),
        (Person(1000, 50), Attributes(0o640, 0, 50), attributes.READ, True),
        (Person(1000, 0, (2000,)), Attributes(0o660, 0, 2000), attributes.WRITE, True),
        (Person(1000, 0, (2000,)), Attributes(0o660, 0, 3000), attributes.READ, False),
        (Person(0), Attributes(0o644), attributes.EXECUTE, False),
        (Person(0), Attributes(0o744, 1), attributes.EXECUTE, True),
    ],
)
def test_who_may(who: Person, found: Attributes, right: int, holds: bool):
    files = {"/f": "", attributes.key("/f"): found.text}
    assert attributes.may(files, "/f", who, right) is holds


def test_people_are_written_and_read():
    assert attributes.person(Person(1000, 3000, (2000, 4000)).text) == Person(1000, 3000, (2000, 4000))
    assert attributes.person("") == attributes.ROOT


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("echo a > /tmp/f; stat -c '%a %u %g %U %F' /tmp/f", "644 0 0 root regular file\n"),
        ("umask 077; touch /tmp/f; stat -c %A /tmp/f", "-rw-------\n"),
        ("umask", "0022\n"),
        ("mkdir /tmp/d; stat -c '%a %F' /tmp/d", "755 directory\n"),
        ("touch /f; chmod 600 /f; chown 1000:2000 /f; stat -c '%a %u:%g %U' /f", "600 1000:2000 UNKNOWN\n"),
        ("mkdir -p /d/e; touch /d/e/f; chmod -R 700 /d; stat -c '%n %a' /d /d/e /d/e/f",
         "/d 700\n/d/e 700\n/d/e/f 700\n"),
        ("mkdir /d; chgrp 50 /d; chmod g+s /d; touch /d/f; mkdir /d/g; stat -c '%g %a' /d/f /d/g", "50 644\n50 2755\n"),
        ("touch /f; chmod 600 /f; rm /f; touch /f; stat -c %a /f", "644\n"),
        ("stat -c %a /tmp /etc", "1777\n755\n"),
        ("touch /f; [ -x /f ] || chmod +x /f; [ -x /f ] && echo runs", "runs\n"),
    ],
)  # fmt: skip
def test_root_makes_and_changes_files(line: str, wanted: str):
    assert run(line) == (0, wanted)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cat /etc/secret", "cat: can't open '/etc/secret': Permission denied\n"),
        ("echo a > /etc/own", "sh: can't create /etc/own: Permission denied\n"),
        ("echo a >> /etc/secret", "sh: can't create /etc/secret: Permission denied\n"),
        ("touch /root/f", "touch: /root/f: Permission denied\n"),
        ("mkdir /d", "mkdir: can't create directory '/d': Permission denied\n"),
        ("rm -f /etc/secret", "rm: can't remove '/etc/secret': Permission denied\n"),
        ("chmod 644 /etc/secret", "chmod: /etc/secret: Operation not permitted\n"),
        ("touch /tmp/f; chown 0 /tmp/f", "chown: /tmp/f: Operation not permitted\n"),
        ("chmod rw /tmp", "chmod: invalid mode 'rw'\n"),
        ("chown nobody2 /tmp", "chown: unknown user nobody2\n"),
        ("chmod 600 /none", "chmod: /none: No such file or directory\n"),
        ("test -r /etc/secret", ""),
    ],
)
def test_others_may_not(line: str, said: str):
    assert run(line, "1000:0", SECRET) == (1, said)


def test_others_may_where_everybody_may():
    line = "echo a > /tmp/f; cat /tmp/f; ls -ln /tmp/f | cut -c1-50; id"
    code, text = run(line, "1000:3000:2000")
    assert code == 0
    assert text.splitlines()[0] == "a"
    assert text.splitlines()[1].split()[:4] == ["-rw-r--r--", "1", "1000", "3000"]
    assert text.splitlines()[2] == "uid=1000 gid=3000 groups=3000,2000"


def test_whom_a_security_context_stands_for():
    assert person_of({}) == {}
    assert person_of({"runAsUser": 0}) == {}
    assert person_of({"runAsUser": 1000, "fsGroup": 2000, "supplementalGroups": [5]}) == {USER: "1000:0:5,2000"}


def test_the_folders_of_volumes():
    volumes = [
        {"name": "disk", "emptyDir": {}},
        {"name": "memory", "emptyDir": {"medium": "Memory"}},
        {"name": "claim", "persistentVolumeClaim": {"claimName": "c"}},
        {"name": "host", "hostPath": {"path": "/x"}},
    ]
    mounts = [{"name": each["name"], "mountPath": f"/{each['name']}"} for each in volumes]

    def shown(**context: int) -> dict[str, str]:
        pod = {"spec": {"volumes": volumes, "securityContext": context}}
        found = of_container(pod, {"volumeMounts": mounts}, ())
        return {path.removeprefix(attributes.MARK): text for path, text in found.items()}

    assert shown() == {"/disk": "777 0 0", "/memory": "1777 0 0", "medium:/memory": "tmpfs"}
    assert shown(fsGroup=7) == {
        "/disk": "2777 0 7", "/memory": "3777 0 7", "/claim": "2775 0 7", "medium:/memory": "tmpfs",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("context", "mode"),
    [({}, None), ({"runAsUser": 1000}, "600 1000 0"), ({"runAsUser": 1000, "fsGroup": 7}, "640 1000 7")],
)  # fmt: skip
def test_tokens_are_for_their_user(context: dict[str, int], mode: str | None):
    volume = {"name": "t", "projected": {"defaultMode": 0o644, "sources": [{"serviceAccountToken": {"path": "token"}}]}}
    pod = {"spec": {"volumes": [volume], "securityContext": context, "containers": [{"name": "c"}]}}
    container = {"volumeMounts": [{"name": "t", "mountPath": "/var/run/t"}]}
    assert of_container(pod, container, ["/var/run/t/token"]).get(attributes.key("/var/run/t/token")) == mode


def test_what_one_container_made_another_finds_as_it_is():
    cluster = Cluster(Settings(name="owners"))
    cluster.add_node(NodeSpec(name="node-1"))
    cluster.advance(5_000)
    mounts = [{"name": "v", "mountPath": "/data"}]
    spec = {
        "securityContext": {"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000},
        "volumes": [{"name": "v", "emptyDir": {}}],
        "containers": [
            {"name": "one", "image": "busybox", "command": ["sleep", "1d"], "volumeMounts": mounts},
            {"name": "two", "image": "busybox", "command": ["sleep", "1d"],
             "volumeMounts": [{**mounts[0], "mountPath": "/mnt"}], "securityContext": {"runAsUser": 0}},
        ],
    }  # fmt: skip
    create(cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
    cluster.advance(20_000)

    def said(container: str, line: str) -> str:
        return cluster.kubelets.execute("default", "p", container, ("sh", "-c", line)).output

    assert said("one", "echo a > /data/f; chmod 640 /data/f") == ""
    assert said("two", "stat -c '%a %u %g' /mnt /mnt/f") == "2777 0 2000\n640 1000 2000\n"
    assert said("two", "chown 0:0 /mnt/f; chmod 600 /mnt/f") == ""
    assert said("one", "cat /data/f") == "cat: can't open '/data/f': Permission denied\n"
    assert said("one", "ls /data") == "f\n"
    assert said("one", "touch /data/own; stat -c '%u %g' /data/own") == "1000 2000\n"
    assert said("two", "stat -c '%u %g' /mnt/own") == "1000 2000\n"
