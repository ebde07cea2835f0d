"""sig-node, Security Context and Sysctls: users, what may be written and changed, kernel parameters."""

from typing import Any

import pytest

from conformance.conftest import Speak
from conformance.manifests import phase
from conformance.podwork import busybox, log, output, ready, single
from conformance.ways import Api


@pytest.mark.parametrize(
    ("line", "context", "wanted"),
    [
        ("test $(id -u) -eq 65534", {"runAsUser": 65534}, "Succeeded"),
        ("test $(id -u) -eq 0", {"runAsUser": 0}, "Succeeded"),
        ("touch checkfile", {"readOnlyRootFilesystem": False}, "Succeeded"),
        ("touch checkfile", {"readOnlyRootFilesystem": True}, "Failed"),
    ],
    ids=["nobody", "root", "written", "only read"],
)
def test_security_contexts(of: Speak, line: str, context: Any, wanted: str):
    pods = of("v1/pods")
    pods.create(single("context", busybox("sh", "-c", line, securityContext=context), restartPolicy="Never"))
    found = pods.until("context", lambda tree: phase(tree) in {"Succeeded", "Failed"})
    assert phase(found) == wanted


@pytest.mark.parametrize(("privileged", "wanted"), [(False, True), (True, False)], ids=["unprivileged", "privileged"])
def test_interfaces_are_changed_by_who_may(api: Api, of: Speak, namespace: str, privileged: bool, wanted: bool):
    line = "ip link add dummy0 type dummy || true"
    made = busybox("sh", "-c", line, securityContext={"privileged": privileged})
    text = output(api, of, namespace, single("busybox-privileged", made, restartPolicy="Never"))
    assert ("Operation not permitted" in text) == wanted


@pytest.mark.parametrize(("allowed", "user"), [(False, 1000), (True, 0), (None, 0)], ids=["no", "yes", "unsaid"])
def test_privileges_are_gained_where_it_is_allowed(
    api: Api, of: Speak, namespace: str, allowed: bool | None, user: int
):
    context = {"runAsUser": 1000} | ({} if allowed is None else {"allowPrivilegeEscalation": allowed})
    made = {"image": "registry.k8s.io/e2e-test-images/nonewprivs:1.3", "securityContext": context}
    text = output(api, of, namespace, single("alpine-nnp", made, restartPolicy="Never"))
    assert f"Effective uid: {user}" in text


def test_a_root_that_is_only_read(api: Api, of: Speak, namespace: str):
    made = busybox("/bin/sh", "-c", "echo test > /file; sleep 240", securityContext={"readOnlyRootFilesystem": True})
    ready(of, single("busybox-readonly-fs", made, restartPolicy="Never"))
    assert log(api, namespace, "busybox-readonly-fs") == "/bin/sh: can't create /file: Read-only file system\n"


@pytest.mark.parametrize("name", ["kernel.shm_rmid_forced", "kernel/shm_rmid_forced"])
def test_sysctls(api: Api, of: Speak, namespace: str, name: str):
    context = {"sysctls": [{"name": name, "value": "1"}]}
    made = single("sysctl", busybox("/bin/sysctl", name), restartPolicy="Never", securityContext=context)
    assert "kernel.shm_rmid_forced = 1" in output(api, of, namespace, made)


def test_a_sysctl_that_a_node_does_not_allow(of: Speak):
    pods = of("v1/pods")
    context = {"sysctls": [{"name": "kernel.msgmax", "value": "10000000000"}]}
    pods.create(single("sysctl", busybox("sleep", "9"), restartPolicy="Never", securityContext=context))
    found = pods.until("sysctl", lambda tree: phase(tree) == "Failed")["status"]
    assert found["reason"] == "SysctlForbidden"
    assert found["message"] == 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted'
