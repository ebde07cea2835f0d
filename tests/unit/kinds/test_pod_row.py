"""The status, readiness and restarts that a pod's row shows."""

import pytest

from kubesim.kinds.pod.strategy import PodStrategy
from kubesim.objects.times import format_time
from kubesim.objects.tree import freeze

NOW = 1_795_441_461_000
POD = PodStrategy()


def at(seconds_ago):
    return format_time(NOW - seconds_ago * 1000)


def running(name="c", *, ready=True, restarts=0, ended=None, **more):
    last = {"lastState": {"terminated": {"exitCode": 1, "finishedAt": ended}}} if ended else {}
    return {"name": name, "ready": ready, "restartCount": restarts, "state": {"running": {}}, **last, **more}


def waiting(reason, name="c", restarts=0):
    return {"name": name, "restartCount": restarts, "state": {"waiting": {"reason": reason}}}


def ended(reason="", name="c", code=0, signal=0):
    state = {"exitCode": code, "signal": signal, "reason": reason}
    return {
        "name": name,
        "restartCount": 0,
        "state": {"terminated": {k: v for k, v in state.items() if v or k == "exitCode"}},
    }


def pod(status, *, spec=None, deleting=False):
    metadata = {"name": "a", "creationTimestamp": at(61)}
    if deleting:
        metadata["deletionTimestamp"] = at(1)
    whole = {"containers": [{"name": "c"}], **(spec or {})}
    return freeze({"metadata": metadata, "spec": whole, "status": status})


READY = {"type": "Ready", "status": "True"}
INITIALIZED = {"type": "Initialized", "status": "True"}
TWO = {"containers": [{"name": "c"}, {"name": "d"}]}
FIRST = {"initContainers": [{"name": "i"}, {"name": "j"}]}
SIDECAR = {"initContainers": [{"name": "i", "restartPolicy": "Always"}]}

ROWS = {
    "pending": (pod({"phase": "Pending"}), "0/1", "Pending", "0"),
    "no status": (pod({}), "0/1", "", "0"),
    "running": (pod({"phase": "Running", "containerStatuses": [running()]}), "1/1", "Running", "0"),
    "status reason wins over phase": (pod({"phase": "Failed", "reason": "Evicted"}), "0/1", "Evicted", "0"),
    "gated": (
        pod(
            {
                "phase": "Pending",
                "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated", "status": "False"}],
            }
        ),
        "0/1",
        "SchedulingGated",
        "0",
    ),
    "crash loop": (
        pod({"phase": "Running", "containerStatuses": [waiting("CrashLoopBackOff", restarts=5)]}),
        "0/1",
        "CrashLoopBackOff",
        "5",
    ),
    "restarted": (
        pod({"phase": "Running", "containerStatuses": [running(restarts=5, ended=at(125))]}),
        "1/1",
        "Running",
        "5 (2m5s ago)",
    ),
    "completed": (pod({"phase": "Succeeded", "containerStatuses": [ended("Completed")]}), "0/1", "Completed", "0"),
    "exit code": (pod({"phase": "Failed", "containerStatuses": [ended(code=3)]}), "0/1", "ExitCode:3", "0"),
    "signal": (pod({"phase": "Failed", "containerStatuses": [ended(code=137, signal=9)]}), "0/1", "Signal:9", "0"),
    "one of two completed, ready": (
        pod({"conditions": [READY], "containerStatuses": [ended("Completed"), running("d")]}, spec=TWO),
        "1/2",
        "Running",
        "0",
    ),
    "one of two completed, not ready": (
        pod({"containerStatuses": [ended("Completed"), running("d")]}, spec=TWO),
        "1/2",
        "NotReady",
        "0",
    ),
    "the first waiting container names the state": (
        pod({"containerStatuses": [waiting("ErrImagePull"), waiting("ImagePullBackOff", "d")]}, spec=TWO),
        "0/2",
        "ErrImagePull",
        "0",
    ),
    "init": (
        pod({"phase": "Pending", "initContainerStatuses": [ended("Completed", "i"), running("j")]}, spec=FIRST),
        "0/1",
        "Init:1/2",
        "0",
    ),
    "init waiting for its turn": (
        pod({"initContainerStatuses": [waiting("PodInitializing", "i"), waiting("PodInitializing", "j")]}, spec=FIRST),
        "0/1",
        "Init:0/2",
        "0",
    ),
    "init crash loop": (
        pod({"initContainerStatuses": [waiting("CrashLoopBackOff", "i", 2)]}, spec=FIRST),
        "0/1",
        "Init:CrashLoopBackOff",
        "2",
    ),
    "init error": (pod({"initContainerStatuses": [ended("Error", "i", 1)]}, spec=FIRST), "0/1", "Init:Error", "0"),
    "init exit code": (pod({"initContainerStatuses": [ended("", "i", 2)]}, spec=FIRST), "0/1", "Init:ExitCode:2", "0"),
    "init signal": (pod({"initContainerStatuses": [ended("", "i", 1, 9)]}, spec=FIRST), "0/1", "Init:Signal:9", "0"),
    "a started sidecar counts as ready": (
        pod(
            {
                "phase": "Running",
                "initContainerStatuses": [running("i", started=True, restarts=2, ended=at(30))],
                "containerStatuses": [running()],
            },
            spec=SIDECAR,
        ),
        "2/2",
        "Running",
        "2 (30s ago)",
    ),
    "a sidecar that restarts after initialization": (
        pod(
            {
                "conditions": [INITIALIZED],
                "initContainerStatuses": [waiting("CrashLoopBackOff", "i", 1)],
                "containerStatuses": [running()],
            },
            spec=SIDECAR,
        ),
        "1/2",
        "Init:CrashLoopBackOff",
        "1",
    ),
    "terminating": (
        pod({"phase": "Running", "containerStatuses": [running()]}, deleting=True),
        "1/1",
        "Terminating",
        "0",
    ),
    "ended pods do not show that they are deleted": (
        pod({"phase": "Succeeded", "containerStatuses": [ended("Completed")]}, deleting=True),
        "0/1",
        "Completed",
        "0",
    ),
    "lost": (pod({"phase": "Running", "reason": "NodeLost"}, deleting=True), "0/1", "Unknown", "0"),
}


@pytest.mark.parametrize(("obj", "ready", "status", "restarts"), ROWS.values(), ids=ROWS.keys())
def test_ready_status_and_restarts(obj, ready, status, restarts):
    assert POD.row(obj, NOW)[1:4] == [ready, status, restarts]


def test_wide_cells():
    spec = {"nodeName": "n1", "readinessGates": [{"conditionType": "x"}, {"conditionType": "y"}]}
    conditions = [{"type": "x", "status": "True"}, {"type": "y", "status": "False"}]
    status = {"podIPs": [{"ip": "10.0.0.7"}], "nominatedNodeName": "n2", "conditions": conditions}
    assert POD.row(pod(status, spec=spec), NOW)[4:] == ["61s", "10.0.0.7", "n1", "n2", "1/2"]


@pytest.mark.parametrize(
    ("spec", "phase", "asked", "grace"),
    [
        ({}, "Pending", None, 0),
        ({"nodeName": "n"}, "Running", None, 30),
        ({"nodeName": "n", "terminationGracePeriodSeconds": 5}, "Running", None, 5),
        ({"nodeName": "n", "terminationGracePeriodSeconds": 5}, "Running", 0, 0),
        ({"nodeName": "n", "terminationGracePeriodSeconds": 5}, "Running", 99, 99),
        ({"nodeName": "n", "terminationGracePeriodSeconds": -7}, "Running", None, 1),
        ({"nodeName": "n"}, "Succeeded", 30, 0),
        ({"nodeName": "n"}, "Failed", None, 0),
    ],
)
def test_how_long_a_deletion_waits(spec, phase, asked, grace):
    assert POD.graceful(pod({"phase": phase}, spec=spec), asked) == grace
