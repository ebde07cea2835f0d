"""Crashed containers: back-off, exit codes, restart policies, out of memory."""

import pytest

from kubesim.kubelet import backoff
from kubesim.kubelet.backoff import Wait
from kubesim.objects.times import parse_time

BUSYBOX = "busybox:1.36"


def restarts(rig, seconds, name="web"):
    """(seconds from the end of one run to the start of the next) for every restart within a time."""
    waits, known = [], 0
    for _ in range(seconds * 2):
        rig.run(0.5)
        container = rig.container(name)
        if container["restartCount"] != known and "running" in container["state"]:
            known = container["restartCount"]
            last = parse_time(container["lastState"]["terminated"]["finishedAt"])
            waits.append((parse_time(container["state"]["running"]["startedAt"]) - last) // 1000)
    return waits


def test_crash_loop_waits_as_the_kubelet_does(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    rig.start(image=BUSYBOX, command=["sh", "-c", "sleep 1; exit 1"])
    waits = restarts(rig, 1400)
    assert waits == [0, 10, 20, 40, 80, 160, 300, 300, 300]


def test_ten_healthy_minutes_reset_the_wait(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    rig.start(image=BUSYBOX, command=["sh", "-c", "sleep 610; exit 1"])
    assert restarts(rig, 2000) == [0, 0, 0]


def test_five_healthy_minutes_do_not(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    rig.start(image=BUSYBOX, command=["sh", "-c", "sleep 300; exit 1"])
    assert restarts(rig, 1100) == [0, 10, 20]


def test_what_a_crash_loop_shows(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    rig.start(image=BUSYBOX, command=["sh", "-c", "exit 3"])
    rig.run(6)
    container = rig.container()
    uid = rig.get()["metadata"]["uid"]
    assert container["state"]["waiting"] == {
        "reason": "CrashLoopBackOff",
        "message": f"back-off 10s restarting failed container=c pod=web_default({uid})",
    }
    assert container["lastState"]["terminated"]["exitCode"] == 3
    assert container["lastState"]["terminated"]["reason"] == "Error"
    assert rig.status()["phase"] == "Running"
    assert ("BackOff", f"Back-off restarting failed container c in pod web_default({uid})") in rig.events()
    rig.run(60)
    assert rig.container()["state"]["waiting"]["message"].startswith("back-off 40s")


def test_terminated_is_shown_before_the_back_off(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    rig.start(image=BUSYBOX, command=["sh", "-c", "sleep 2; exit 1"])
    states = []
    for _ in range(80):
        rig.run(0.1)
        state = next(iter(rig.container()["state"]), "")
        if not states or states[-1] != state:
            states.append(state)
    assert states == ["waiting", "running", "terminated", "running", "terminated", "waiting"]


@pytest.mark.parametrize(
    ("policy", "line", "phase", "reason", "count"),
    [
        ("Never", "exit 0", "Succeeded", "Completed", 0),
        ("Never", "exit 7", "Failed", "Error", 0),
        ("OnFailure", "exit 0", "Succeeded", "Completed", 0),
        ("OnFailure", "exit 7", "Running", "Error", 2),
    ],
    ids=["never-ok", "never-failed", "on-failure-ok", "on-failure-failed"],
)
def test_restart_policies(make_rig, policy, line, phase, reason, count):
    rig = make_rig(images=(BUSYBOX,))
    rig.start(image=BUSYBOX, command=["sh", "-c", line], spec={"restartPolicy": policy})
    rig.run(20)
    status, container = rig.status(), rig.container()
    assert (status["phase"], container["restartCount"]) == (phase, count)
    ended = container["state"].get("terminated") or container["lastState"]["terminated"]
    assert ended["reason"] == reason


def test_conditions_of_a_completed_pod(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    rig.start(image=BUSYBOX, command=["true"], spec={"restartPolicy": "Never"})
    rig.run(5)
    assert [(c["type"], c["status"], c.get("reason")) for c in rig.status()["conditions"]] == [
        ("PodReadyToStartContainers", "False", None),
        ("Initialized", "True", "PodCompleted"),
        ("Ready", "False", "PodCompleted"),
        ("ContainersReady", "False", "PodCompleted"),
        ("PodScheduled", "True", None),
    ]
    assert rig.kubelets.agents["n1"].describe()["pods"] == 0


def test_out_of_memory(make_rig):
    rig = make_rig(images=("polinux/stress",))
    rig.start(
        image="polinux/stress",
        command=["stress"],
        args=["--vm", "1", "--vm-bytes", "250M", "--vm-hang", "1"],
        resources={"limits": {"memory": "100Mi"}},
        spec={"restartPolicy": "Never"},
    )
    rig.run(6)
    ended = rig.container()["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")
    assert rig.status()["phase"] == "Failed"


def test_no_such_program(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    rig.start(image=BUSYBOX, command=["nosuch"])
    rig.run(3)
    last = rig.container()["lastState"].get("terminated") or rig.container()["state"]["terminated"]
    assert (last["exitCode"], last["reason"], last["startedAt"]) == (128, "StartError", "1970-01-01T00:00:00Z")
    assert 'exec: "nosuch": executable file not found in $PATH' in last["message"]


def test_termination_message(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    rig.start("a", BUSYBOX, command=["sh", "-c", "echo done > /dev/termination-log"], spec={"restartPolicy": "Never"})
    rig.start(
        "b", BUSYBOX, command=["sh", "-c", "echo broken; exit 1"],
        terminationMessagePolicy="FallbackToLogsOnError", spec={"restartPolicy": "Never"},
    )  # fmt: skip
    rig.run(5)
    assert rig.container("a")["state"]["terminated"]["message"] == "done\n"
    assert rig.container("b")["state"]["terminated"]["message"] == "broken\n"


def test_container_restart_rules(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    rules = [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]
    rig.start(
        image=BUSYBOX, command=["sh", "-c", "exit 42"], restartPolicy="Never", restartPolicyRules=rules,
        spec={"restartPolicy": "Never"},
    )  # fmt: skip
    rig.run(20)
    assert rig.container()["restartCount"] == 2


@pytest.mark.parametrize(
    ("entry", "event", "now", "due", "following"),
    [
        (None, 1000, 1100, 1000, Wait(10_000, 1100)),
        (Wait(10_000, 1000), 5000, 15_000, 15_000, Wait(20_000, 15_000)),
        (Wait(300_000, 1000), 5000, 305_000, 305_000, Wait(300_000, 305_000)),
        (Wait(300_000, 1000), 601_001, 601_002, 601_001, Wait(10_000, 601_002)),
        (Wait(80_000, 1000), 601_000, 700_000, 681_000, Wait(160_000, 700_000)),
    ],
    ids=["first", "doubles", "capped", "expired", "just-not-expired"],
)
def test_back_off(entry, event, now, due, following):
    assert backoff.due(entry, event) == due
    assert backoff.following(entry, event, now) == following
