"""Pod Security Standards: which pods a level refuses, in which words, and what namespaces are told."""

from typing import Any

import pytest

from kubesim.api.admission.podsecurity.checks import details, findings
from kubesim.api.admission.podsecurity.levels import LATEST, Level, policy_of
from kubesim.cluster import Cluster
from kubesim.objects.wire import DEPLOYMENTS, MERGE_PATCH, NAMESPACES, PODS, Key, Request, Response

BASELINE, RESTRICTED = Level("baseline"), Level("restricted")
SAFE = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
Tree = dict[str, Any]


def spec(security: Tree | None = None, container: Tree | None = None, **more: Any) -> Tree:
    return {"containers": [{"name": "c", "securityContext": security or {}, **(container or {})}], **more}


def safe(security: Tree | None = None, container: Tree | None = None, **more: Any) -> Tree:
    return spec({**SAFE, **(security or {})}, container, **more)


CASES: dict[str, tuple[Level, Tree, str]] = {
    "plain": (BASELINE, spec(), ""),
    "safe": (RESTRICTED, safe(), ""),
    "host network": (
        BASELINE, spec(hostNetwork=True, hostPID=True), "host namespaces (hostNetwork=true, hostPID=true)",
    ),
    "privileged": (
        BASELINE, spec({"privileged": True}),
        'privileged (container "c" must not set securityContext.privileged=true)',
    ),
    "capabilities": (
        BASELINE, spec({"capabilities": {"add": ["SYS_TIME", "CHOWN", "NET_RAW"]}}),
        'non-default capabilities (container "c" must not include "NET_RAW", "SYS_TIME" in '
        "securityContext.capabilities.add)",
    ),
    "host path": (
        BASELINE, spec(volumes=[{"name": "v", "hostPath": {"path": "/"}}, {"name": "w", "hostPath": {"path": "/"}}]),
        'hostPath volumes (volumes "v", "w")',
    ),
    "host port": (
        BASELINE, spec(container={"ports": [{"hostPort": 80}, {"hostPort": 443}]}),
        'hostPort (container "c" uses hostPorts 443, 80)',
    ),
    "proc mount": (
        BASELINE, spec({"procMount": "Unmasked"}),
        'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
    ),
    "proc mount with own users": (BASELINE, spec({"procMount": "Unmasked"}, hostUsers=False), ""),
    "selinux": (
        BASELINE, spec({"seLinuxOptions": {"type": "t", "user": "u"}}),
        'seLinuxOptions (container "c" set forbidden securityContext.seLinuxOptions: type "t"; user may not be set)',
    ),
    "seccomp": (
        BASELINE, spec(securityContext={"seccompProfile": {"type": "Unconfined"}}),
        'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ),
    "sysctls": (
        BASELINE, spec(securityContext={"sysctls": [{"name": "kernel.msgmax"}, {"name": "net.ipv4.tcp_rmem"}]}),
        "forbidden sysctls (kernel.msgmax)",
    ),
    "older sysctls": (
        Level("baseline", 31), spec(securityContext={"sysctls": [{"name": "net.ipv4.tcp_rmem"}]}),
        "forbidden sysctls (net.ipv4.tcp_rmem)",
    ),
    "apparmor": (
        BASELINE, spec({"appArmorProfile": {"type": "Unconfined"}}),
        'forbidden AppArmor profile (container "c" must not set AppArmor profile type to "Unconfined")',
    ),
    "windows host": (
        BASELINE, spec(securityContext={"windowsOptions": {"hostProcess": True}}),
        "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
    ),
    "probe of another host": (
        BASELINE, spec(container={"livenessProbe": {"tcpSocket": {"host": "10.0.0.1", "port": 1}}}),
        'probe or lifecycle host (container "c" uses probe or lifecycle host "10.0.0.1")',
    ),
    "everything missing": (
        RESTRICTED, spec(),
        'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), '
        'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), '
        'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), '
        'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or '
        '"Localhost")',
    ),
    "restricted replaces baseline": (
        RESTRICTED,
        safe(volumes=[{"name": "v", "hostPath": {}}, {"name": "n", "nfs": {}}, {"name": "e", "emptyDir": {}}]),
        'restricted volume types (volumes "v", "n" use restricted volume types "hostPath", "nfs")',
    ),
    "one capability comes back": (
        RESTRICTED, safe({"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}), "",
    ),
    "root by name": (
        RESTRICTED, safe({"runAsUser": 0, "runAsNonRoot": False}),
        'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false), '
        'runAsUser=0 (container "c" must not set runAsUser=0)',
    ),
    "root in its own users": (RESTRICTED, safe({"runAsUser": 0, "runAsNonRoot": False}, hostUsers=False), ""),
    "the pod says it for all": (
        RESTRICTED,
        spec(
            {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            securityContext={"runAsNonRoot": True, "seccompProfile": {"type": "Localhost"}},
        ), "",
    ),
    "privileged level": (Level(), spec({"privileged": True}), ""),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=list(CASES))
def test_findings(case: str):
    level, pod, text = CASES[case]
    assert details(findings(level, {}, pod)) == text


P = "pod-security.kubernetes.io/"
LABELS: dict[str, tuple[Tree, tuple[str, str, str], int]] = {
    "none": ({}, ("privileged:latest",) * 3, 0),
    "enforced is warned of": (
        {f"{P}enforce": "baseline"}, ("baseline:latest", "privileged:latest", "baseline:latest"), 0,
    ),
    "versions": (
        {f"{P}enforce": "restricted", f"{P}enforce-version": "v1.25", f"{P}warn": "baseline"},
        ("restricted:v1.25", "privileged:latest", "baseline:latest"), 0,
    ),
    "mistakes close": (
        {f"{P}enforce": "bas", f"{P}audit": "x"}, ("restricted:latest", "privileged:latest", "restricted:latest"), 2,
    ),
    "no version": (
        {f"{P}enforce": "baseline", f"{P}enforce-version": "1.25"},
        ("baseline:latest", "privileged:latest", "baseline:latest"), 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LABELS, ids=list(LABELS))
def test_labels(case: str):
    labels, shown, wrong = LABELS[case]
    found = policy_of(labels)
    assert (tuple(str(level) for level in found[:3]), len(found.causes)) == (shown, wrong)


def test_latest_is_newer_than_all():
    assert Level("baseline", 37).minor < LATEST


# ---------------------------------------------------------------------- through the server
def ask(cluster: Cluster, verb: str, key: Key, body: Any = None, **more: Any) -> Response:
    return cluster.handle(Request(verb, key, body=body, **more))


def namespace(cluster: Cluster, name: str, **levels: str) -> None:
    labels = {f"{P}{mode}": level for mode, level in levels.items()}
    body = {"metadata": {"name": name, "labels": labels}}
    assert ask(cluster, "create", Key(NAMESPACES), body).code == 201
    cluster.advance(2_000)


def pod(name: str, **more: Any) -> Tree:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "nginx"}], **more}}


def workload() -> Tree:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod("x", hostPID=True)["spec"]}
    return {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}


def test_pods_are_refused_and_workloads_warned_of():
    cluster = Cluster()
    namespace(cluster, "n", enforce="baseline")
    refused = ask(cluster, "create", Key(PODS, "n"), pod("p", hostPID=True))
    text = 'violates PodSecurity "baseline:latest": host namespaces (hostPID=true)'
    assert (refused.code, refused.body["message"]) == (403, f'pods "p" is forbidden: {text}')
    assert ask(cluster, "create", Key(PODS, "n"), pod("p")).code == 201
    made = ask(cluster, "create", Key(DEPLOYMENTS, "n"), workload())
    assert (made.code, made.warnings) == (201, (f"would {text.replace('violates', 'violate', 1)}",))
    cluster.advance(3_000)
    events = [tree["message"] for tree in cluster.store.range(Key(PODS).gvr._replace(resource="events"), "n")]
    assert any("is forbidden: violates PodSecurity" in message for message in events), events


def test_warnings_alone_let_pods_in():
    cluster = Cluster()
    namespace(cluster, "n", warn="restricted")
    made = ask(cluster, "create", Key(PODS, "n"), pod("p"))
    assert made.code == 201
    assert made.warnings[0].startswith('would violate PodSecurity "restricted:latest": allowPrivilegeEscalation')


def test_labels_that_existing_pods_do_not_fit():
    cluster = Cluster()
    namespace(cluster, "n")
    for name in ("a", "b", "c"):
        ask(cluster, "create", Key(PODS, "n"), pod(name, hostPID=name != "c"))
    labels = {"metadata": {"labels": {f"{P}enforce": "baseline"}}}
    changed = ask(cluster, "patch", Key(NAMESPACES, "", "n"), labels, content_type=MERGE_PATCH)
    assert changed.warnings == (
        'existing pods in namespace "n" violate the new PodSecurity enforce level "baseline:latest"',
        "a (and 1 other pod): host namespaces",
    )
    labels = {"metadata": {"labels": {f"{P}enforce": "base"}}}
    wrong = ask(cluster, "patch", Key(NAMESPACES, "", "n"), labels, content_type=MERGE_PATCH)
    assert wrong.code == 422
    assert wrong.body["message"] == (
        'Namespace "n" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "base": '
        "must be one of privileged, baseline, restricted"
    )


def test_changes_that_do_not_matter_pass():
    cluster = Cluster()
    namespace(cluster, "n")
    ask(cluster, "create", Key(PODS, "n"), pod("p", hostPID=True))
    labels = {"metadata": {"labels": {f"{P}enforce": "baseline"}}}
    ask(cluster, "patch", Key(NAMESPACES, "", "n"), labels, content_type=MERGE_PATCH)
    key = Key(PODS, "n", "p")
    assert ask(cluster, "patch", key, {"metadata": {"labels": {"x": "y"}}}, content_type=MERGE_PATCH).code == 200
    image = {"spec": {"containers": [{"name": "c", "image": "other"}]}}
    assert ask(cluster, "patch", key, image, content_type="application/strategic-merge-patch+json").code == 403
