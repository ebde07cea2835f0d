"""sig-node, Container Runtime, Kubelet, InitContainer: how containers end, what they leave behind, who starts when."""

from typing import Any

import pytest

from conformance.conftest import Speak
from conformance.manifests import is_ready, phase
from conformance.podwork import BUSYBOX, PAUSE_IMAGE, agnhost, busybox, log, output, ready, secure, single
from conformance.ways import Api, Tree

SCRIPT = """
f=/restart-count/restartCount
count=$(echo 'hello' >> $f ; wc -l $f | awk {'print $1'})
if [ $count -eq 1 ]; then
	exit 1
fi
if [ $count -eq 2 ]; then
	exit 0
fi
while true; do sleep 1; done
"""


def status(tree: Tree) -> Tree:
    listed = tree["status"].get("containerStatuses") or [{"state": {}, "restartCount": -1}]
    found: Tree = listed[0]
    return found


@pytest.mark.parametrize(
    ("policy", "wanted", "state", "count", "is_up"),
    [
        ("Always", "Running", "running", 2, True),
        ("OnFailure", "Succeeded", "terminated", 1, False),
        ("Never", "Failed", "terminated", 0, False),
    ],
)
def test_containers_that_exit(of: Speak, namespace: str, policy: str, wanted: str, state: str, count: int, is_up: bool):
    secure(of, namespace, "baseline")
    pods, name = of("v1/pods"), f"terminate-cmd-{policy.lower()}"
    made = busybox("sh", "-c", SCRIPT, volumeMounts=[{"mountPath": "/restart-count", "name": "restart-count"}])
    volumes = [{"name": "restart-count", "emptyDir": {"medium": "Memory"}}]
    pods.create(single(name, made, restartPolicy=policy, volumes=volumes))
    pods.until(name, lambda tree: status(tree)["restartCount"] == count, seconds=300)
    found = pods.until(name, lambda tree: phase(tree) == wanted, seconds=300)
    assert is_ready(found) == is_up
    assert list(status(found)["state"]) == [state]
    pods.delete(name)
    pods.until_gone(name, seconds=300)


@pytest.mark.parametrize(
    ("line", "more", "wanted", "message"),
    [
        ("/bin/echo -n DONE > /dev/termination-log", {"securityContext": {"runAsUser": 0}}, "Succeeded", "DONE"),
        ("/bin/echo -n DONE > /dev/termination-custom-log",
         {"terminationMessagePath": "/dev/termination-custom-log", "securityContext": {"runAsUser": 10000}},
         "Succeeded", "DONE"),
        ("/bin/echo -n DONE; /bin/false", {"terminationMessagePolicy": "FallbackToLogsOnError"}, "Failed", "DONE"),
        ("/bin/echo -n DONE; /bin/true", {"terminationMessagePolicy": "FallbackToLogsOnError"}, "Succeeded", ""),
        ("/bin/echo -n OK > /dev/termination-log; /bin/echo DONE; /bin/true",
         {"terminationMessagePolicy": "FallbackToLogsOnError"}, "Succeeded", "OK"),
    ],
    ids=["root", "another path and user", "from the log", "empty", "from the file"],
)  # fmt: skip
def test_termination_messages(of: Speak, namespace: str, line: str, more: Any, wanted: str, message: str):
    secure(of, namespace, "baseline")
    pods, name = of("v1/pods"), "terminate-container"
    made = {"image": BUSYBOX, "command": ["/bin/sh", "-c"], "args": [line], "name": "termination-message-container"}
    pods.create(single(name, {**made, "terminationMessagePath": "/dev/termination-log", **more}, restartPolicy="Never"))
    found = pods.until(name, lambda tree: phase(tree) == wanted)
    assert status(found)["state"]["terminated"].get("message", "") == message
    pods.delete(name)


# ---------------------------------------------------------------------- Kubelet
def test_output_is_in_the_log(api: Api, of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    made = busybox("sh", "-c", "echo 'Hello World' ; sleep 240")
    ready(of, single("busybox-scheduling", made, restartPolicy="Never"))
    assert log(api, namespace, "busybox-scheduling", sinceTime="2020-01-01T00:00:00Z") == "Hello World\n"


def test_a_command_that_always_fails(of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods = of("v1/pods")
    pods.create(single("bin-false", busybox("/bin/false"), restartPolicy="Never"))
    found = pods.until("bin-false", lambda tree: "terminated" in status(tree)["state"])
    ended = status(found)["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (1, "Error")
    pods.delete("bin-false")
    pods.until_gone("bin-false")
    pods.create(single("at-once", busybox("/bin/false"), restartPolicy="Never"))
    pods.delete("at-once")
    pods.until_gone("at-once")


def test_host_aliases(api: Api, of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    aliases = [{"ip": "123.45.67.89", "hostnames": ["foo", "bar"]}]
    made = single("host-aliases", agnhost("etc-hosts"), restartPolicy="Never", hostAliases=aliases)
    assert "123.45.67.89\tfoo\tbar" in output(api, of, namespace, made)


# ---------------------------------------------------------------------- InitContainer
def condition(tree: Tree, kind: str) -> Tree:
    return next((item for item in tree["status"].get("conditions") or () if item["type"] == kind), {})


def initialized(tree: Tree) -> bool:
    """Check what holds at every moment; whether all init containers have succeeded."""
    done = True
    for each in tree["status"].get("initContainerStatuses") or ():
        ended = each["state"].get("terminated")
        if ended is not None and ended["exitCode"] == 0:
            assert each["ready"], each
        else:
            done = False
    if not done:
        for each in tree["status"].get("containerStatuses") or ():
            assert (each["state"]["waiting"]["reason"], each["restartCount"]) == ("PodInitializing", 0)
    found = condition(tree, "Initialized")
    if found:
        assert found["lastTransitionTime"]
    return done


def restarted(tree: Tree) -> int:
    return max((int(each["restartCount"]) for each in tree["status"].get("initContainerStatuses") or ()), default=0)


def initial(command: str, app: Tree, policy: str) -> Tree:
    inits = [busybox(command, name="init1"), busybox("/bin/true", name="init2")]
    return single(
        "pod-init",
        {"name": "run1", **app},
        restartPolicy=policy,
        initContainers=inits,
        meta={"labels": {"name": "foo"}},
    )


APP = {"image": PAUSE_IMAGE, "resources": {"limits": {"cpu": "100m"}}}


@pytest.mark.parametrize(
    ("policy", "app", "wanted"),
    [("Never", busybox("/bin/true"), "Succeeded"), ("Always", APP, "Running")],
    ids=["never", "always"],
)
def test_init_containers_that_succeed(of: Speak, namespace: str, policy: str, app: Tree, wanted: str):
    secure(of, namespace, "baseline")
    pods = of("v1/pods")
    since = pods.create(initial("/bin/true", app, policy))["metadata"]["resourceVersion"]
    pods.until("pod-init", lambda tree: phase(tree) == wanted)
    told = [tree for _, tree in pods.events(since, fieldSelector="metadata.name=pod-init")]
    was = [initialized(tree) for tree in told if "initContainerStatuses" in tree["status"]]
    assert was == sorted(was)
    ended = next(tree for tree in told if phase(tree) == wanted)
    assert condition(ended, "Initialized")["status"] == "True"
    statuses = ended["status"]["initContainerStatuses"]
    assert [(each["ready"], each["state"]["terminated"]["exitCode"]) for each in statuses] == [(True, 0)] * 2


def test_an_init_container_that_fails_again_and_again(of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods = of("v1/pods")
    since = pods.create(initial("/bin/false", APP, "Always"))["metadata"]["resourceVersion"]
    pods.until("pod-init", lambda tree: restarted(tree) >= 3, seconds=300)
    told = [tree for _, tree in pods.events(since, fieldSelector="metadata.name=pod-init")]
    for tree in told:
        assert not initialized(tree) or "initContainerStatuses" not in tree["status"]
        for second in (tree["status"].get("initContainerStatuses") or ())[1:]:
            assert second["state"]["waiting"]["reason"] == "PodInitializing"
    ended = told[-1]
    assert phase(ended) == "Pending"
    found = condition(ended, "Initialized")
    assert (found["status"], found["reason"]) == ("False", "ContainersNotInitialized")
    assert found["message"] == "containers with incomplete status: [init1 init2]"


def test_an_init_container_that_fails_once(of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods = of("v1/pods")
    app = {**busybox("/bin/true"), "resources": {"limits": {"cpu": "100m"}}}
    made = initial("/bin/true", app, "Never")
    made["spec"]["initContainers"][1]["command"] = ["/bin/false"]
    since = pods.create(made)["metadata"]["resourceVersion"]
    pods.until("pod-init", lambda tree: phase(tree) == "Failed")
    told = [tree for _, tree in pods.events(since, fieldSelector="metadata.name=pod-init")]
    for tree in told:
        for each in tree["status"].get("containerStatuses") or ():
            assert each["state"]["waiting"]["reason"] == "PodInitializing"
    ended = told[-1]
    found = condition(ended, "Initialized")
    assert (found["status"], found["reason"]) == ("False", "ContainersNotInitialized")
    assert found["message"] == "containers with incomplete status: [init2]"
    assert [each["state"]["terminated"]["exitCode"] for each in ended["status"]["initContainerStatuses"]] == [0, 1]
