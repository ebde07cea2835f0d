"""Kernel parameters, network interfaces, file systems that are only read, and the files of a node in containers."""

from typing import Any

import pytest

from kubesim.kubelet import modes, standing, sysctls
from kubesim.kubelet.simruntime import sh, shell
from kubesim.kubelet.simruntime.attributes import READ_ONLY
from kubesim.kubelet.simruntime.kernel_commands import NET_ADMIN
from kubesim.kubelet.simruntime.machine import Surroundings

HOSTS = "127.0.0.1\tlocalhost\n10.244.0.7\tweb\n"


def said(line: str, env: dict[str, str] | None = None, **more: str) -> tuple[int, str]:
    files = {"/etc/hosts": HOSTS, **sysctls.files((("net.core.somaxconn", "9"),), "web"), **more}
    timeline = sh.interpret(shell.literal(("/bin/sh", "-c", line)), Surroundings(env or {}, files, "web"))
    return timeline.code, "".join(event.text for event in timeline.events if event.kind == "out")


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("sysctl net.core.somaxconn", 0, "net.core.somaxconn = 9\n"),
        ("sysctl -n net/core/somaxconn", 0, "9\n"),
        ("sysctl kernel.hostname vm.swappiness", 0, "kernel.hostname = web\nvm.swappiness = 60\n"),
        ("sysctl no.such", 1, "sysctl: error: 'no.such' is an unknown key\n"),
        ("sysctl -w vm.swappiness=1", 1, "sysctl: error setting key 'vm.swappiness': Read-only file system\n"),
        ("cat /proc/sys/net/core/somaxconn", 0, "9\n"),
        ("sysctl -a | wc -l", 0, f"{len(sysctls.files((), 'x'))}\n"),
        ("ip route", 0, "default via 10.244.0.1 dev eth0 \n"),
        ("ip addr | grep global", 0, "    inet 10.244.0.7/24 brd 10.244.0.255 scope global eth0\n"),
        ("ip link | wc -l", 0, "4\n"),
        ("ifconfig eth0 | grep -c 10.244.0.7", 0, "1\n"),
        ("ip link add dummy0 type dummy", 1, "ip: RTNETLINK answers: Operation not permitted\n"),
        ("ip frobnicate", 1, "ip: invalid argument 'frobnicate' to 'ip'\n"),
    ],
)
def test_commands(line: str, code: int, text: str):
    assert said(line) == (code, text)


def test_who_may_change_interfaces():
    assert said("ip link add dummy0 type dummy", {NET_ADMIN: "1"}) == (0, "")
    assert NET_ADMIN in modes.person_of({"privileged": True})
    assert NET_ADMIN in modes.person_of({"capabilities": {"add": ["NET_ADMIN"]}})
    assert NET_ADMIN not in modes.person_of({"capabilities": {"drop": ["ALL"]}})


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("echo x > /f", 1, "/bin/sh: can't create /f: Read-only file system\n"),
        ("touch /etc/f", 1, "touch: /etc/f: Read-only file system\n"),
        ("mkdir /d", 1, "mkdir: can't create directory '/d': Read-only file system\n"),
        ("rm /etc/hosts", 1, "rm: can't remove '/etc/hosts': Read-only file system\n"),
        ("echo x > /data/f && cat /data/f", 0, "x\n"),
        ("echo x > /data/fixed/f", 1, "/bin/sh: can't create /data/fixed/f: Read-only file system\n"),
        ("echo x > /dev/termination-log", 0, ""),
    ],
)
def test_what_is_only_read(line: str, code: int, text: str):
    kept = {READ_ONLY: "ro /\nrw /data\nro /data/fixed", "/data/": "", "/data/fixed/": ""}
    assert said(line, **kept) == (code, text)


@pytest.mark.parametrize(
    ("context", "mounts", "wanted"),
    [
        ({}, [{"name": "disk", "mountPath": "/d/"}], ""),
        ({"readOnlyRootFilesystem": True}, [], "ro /\nrw /dev/termination-log"),
        ({"readOnlyRootFilesystem": True}, [{"name": "disk", "mountPath": "/d/"}],
         "ro /\nrw /d\nrw /dev/termination-log"),
        ({}, [{"name": "disk", "mountPath": "/d", "readOnly": True}], "ro /d\nrw /dev/termination-log"),
        ({}, [{"name": "map", "mountPath": "/m"}], "ro /m\nrw /dev/termination-log"),
    ],
    ids=["nothing", "root", "root but a volume", "a mount", "a map"],
)  # fmt: skip
def test_what_of_a_container_is_only_read(context: Any, mounts: Any, wanted: str):
    volumes = [{"name": "disk", "emptyDir": {}}, {"name": "map", "configMap": {"name": "m"}}]
    container = {"securityContext": context, "volumeMounts": mounts, "terminationMessagePath": "/dev/termination-log"}
    found = modes.of_container({"spec": {"volumes": volumes}}, container, ())
    assert found.get(READ_ONLY, "") == wanted


@pytest.mark.parametrize(
    ("context", "lines"),
    [
        ({}, ["Uid:\t0\t0\t0\t0", "CapEff:\t00000000a80425fb", "NoNewPrivs:\t0", "Seccomp:\t0"]),
        ({"privileged": True, "seccompProfile": {"type": "RuntimeDefault"}},
         ["CapEff:\t000001ffffffffff", "Seccomp:\t0"]),
        ({"runAsUser": 1000, "runAsGroup": 3, "fsGroup": 2000, "allowPrivilegeEscalation": False,
          "seccompProfile": {"type": "RuntimeDefault"}, "capabilities": {"drop": ["ALL"]}},
         ["Uid:\t1000\t1000\t1000\t1000", "Gid:\t3\t3\t3\t3", "Groups:\t3 2000 ", "CapBnd:\t0000000000000000",
          "NoNewPrivs:\t1", "Seccomp:\t2"]),
        ({"capabilities": {"add": ["NET_ADMIN"], "drop": ["CHOWN"]}}, ["CapBnd:\t00000000a80435fa"]),
    ],
    ids=["nothing", "privileged", "restricted", "capabilities"],
)  # fmt: skip
def test_what_a_process_is_told_of_itself(context: Any, lines: list[str]):
    found = standing.text(context).splitlines()
    assert [line for line in lines if line not in found] == []


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, None),
        ({"securityContext": {"sysctls": [{"name": "net/ipv4/tcp_syncookies", "value": "1"}]}}, None),
        ({"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}},
         'forbidden sysctl: "kernel.msgmax" not allowlisted'),
        ({"hostNetwork": True, "securityContext": {"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]}},
         'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled'),
        ({"hostIPC": True, "securityContext": {"sysctls": [{"name": "kernel.shm_rmid_forced", "value": "1"}]}},
         'forbidden sysctl: "kernel.shm_rmid_forced" not allowed with host ipc enabled'),
    ],
    ids=["none", "safe", "unsafe", "host network", "host ipc"],
)  # fmt: skip
def test_sysctls_that_a_node_allows(spec: Any, wanted: str | None):
    found = sysctls.refusal(sysctls.wanted(spec), spec)
    assert found == (None if wanted is None else ("SysctlForbidden", wanted))
