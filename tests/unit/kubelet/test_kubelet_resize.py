"""In-place resize: what a node gives, what it puts off or refuses, and what containers notice."""

from typing import Any

import pytest

from kubesim.objects.wire import PODS, Key, Request

STRATEGIC = "application/strategic-merge-patch+json"


def resources(cpu="100m", memory="100Mi", cpu_limit="", memory_limit=""):
    found: dict[str, Any] = {"requests": {"cpu": cpu, "memory": memory}}
    limits = {name: text for name, text in (("cpu", cpu_limit), ("memory", memory_limit)) if text}
    return {**found, "limits": limits} if limits else found


def resize(rig, name="web", container="c", **wanted):
    body = {"spec": {"containers": [{"name": container, "resources": wanted}]}}
    return rig.api.handle(Request("patch", Key(PODS, "default", name), "resize", body, content_type=STRATEGIC))


def types(rig, name="web"):
    return {each["type"]: each for each in rig.status(name)["conditions"]}


def test_what_a_node_has_is_given_in_place(rig):
    rig.start(resources=resources())
    rig.run(5)
    assert resize(rig, requests={"cpu": "300m"}).code == 200
    rig.run(0.5)
    assert types(rig)["PodResizeInProgress"]["status"] == "True"
    assert rig.container()["allocatedResources"]["cpu"] == "300m"
    assert rig.container()["resources"]["requests"]["cpu"] == "100m"
    rig.run(2)
    assert "PodResizeInProgress" not in types(rig)
    assert rig.container()["resources"]["requests"] == {"cpu": "300m", "memory": "100Mi"}
    assert rig.container()["restartCount"] == 0
    assert rig.kubelets.agents["n1"].describe()["cpu"] == 300
    started, completed = [text for reason, text in rig.events() if reason.startswith("Resize")]
    assert started == (
        'Pod resize started: {"containers":[{"name":"c","resources":{"requests":{"cpu":"300m","memory":"100Mi"}}}],'
        '"generation":2}'
    )
    assert completed == started.replace("started", "completed")
    assert types(rig)["Ready"]["observedGeneration"] == 2


@pytest.mark.parametrize(
    ("wanted", "reason", "message"),
    [
        ({"cpu": "5"}, "Infeasible", "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000"),
        (
            {"memory": "17Gi"},
            "Infeasible",
            "Node didn't have enough capacity: memory, requested: 18253611008, capacity: 17179869184",
        ),
        (
            {"cpu": "3"},
            "Deferred",
            "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000",
        ),
    ],
    ids=["more CPU than there is", "more memory than there is", "others have it"],
)
def test_what_a_node_has_not_is_refused_or_put_off(rig, wanted, reason, message):
    rig.start("other", resources=resources("2"))
    rig.start(resources=resources())
    rig.run(5)
    resize(rig, requests=wanted)
    rig.run(5)
    found = types(rig)["PodResizePending"]
    assert (found["status"], found["reason"], found["message"]) == ("True", reason, message)
    assert rig.container()["resources"]["requests"] == {"cpu": "100m", "memory": "100Mi"}
    assert rig.reasons().count(f"Resize{reason}") == 1


def test_a_resize_that_was_put_off_is_given_once_there_is_room(rig):
    rig.start("other", resources=resources("2"))
    rig.start(resources=resources())
    rig.run(5)
    resize(rig, requests={"cpu": "3"})
    rig.run(5)
    rig.delete("other", gracePeriodSeconds=0)
    rig.run(5)
    assert "PodResizePending" not in types(rig)
    assert rig.container()["resources"]["requests"]["cpu"] == "3"
    assert [reason for reason in rig.reasons() if reason.startswith("Resize")] == [
        "ResizeDeferred", "ResizeStarted", "ResizeCompleted",
    ]  # fmt: skip


def test_taking_a_refused_wish_back_clears_the_condition(rig):
    rig.start(resources=resources())
    rig.run(5)
    resize(rig, requests={"cpu": "50"})
    rig.run(2)
    resize(rig, requests={"cpu": "100m"})
    rig.run(2)
    assert "PodResizePending" not in types(rig)
    assert rig.kubelets.agents["n1"].describe()["cpu"] == 100


def test_a_policy_restarts_the_container(rig):
    policy = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
    rig.start(resources=resources(memory_limit="200Mi"), resizePolicy=policy)
    rig.run(5)
    resize(rig, requests={"cpu": "200m"})
    rig.run(5)
    assert rig.container()["restartCount"] == 0
    resize(rig, limits={"memory": "300Mi"})
    rig.run(15)
    assert rig.container()["restartCount"] == 1
    assert rig.container()["resources"]["limits"] == {"memory": "300Mi"}
    assert ("Killing", "Container c resize requires restart") in rig.events()


def test_more_memory_saves_a_container_that_would_be_killed(make_rig):
    leak = {"leak": {"memory": [[0, "50Mi"], [100, "400Mi"]]}}
    rig = make_rig(extra=leak)
    rig.start(image="leak:1", resources=resources(memory_limit="200Mi"))
    rig.start("other", image="leak:1", resources=resources(memory_limit="200Mi"))
    rig.run(20)
    resize(rig, limits={"memory": "500Mi"})
    rig.run(60)
    assert rig.container()["restartCount"] == 0
    assert rig.container("other")["lastState"]["terminated"]["reason"] == "OOMKilled"


def test_less_memory_than_is_used_is_an_error_that_is_tried_again(rig):
    rig.start("web", resources=resources(memory="1Mi", memory_limit="200Mi"))
    rig.run(5)
    resize(rig, limits={"memory": "2Mi"})
    rig.run(5)
    found = types(rig)["PodResizeInProgress"]
    assert found["reason"] == "Error"
    assert found["message"].startswith("cannot decrease memory limits: attempting to set container")
    resize(rig, limits={"memory": "100Mi"})
    rig.run(15)
    assert "PodResizeInProgress" not in types(rig)
    assert rig.container()["resources"]["limits"] == {"memory": "100Mi"}


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ({"requests": {"cpu": None}}, ".resources.requests: Forbidden: resource requests cannot be removed"),
        ({"limits": {"memory": None}}, ".resources.limits: Forbidden: resource limits cannot be removed"),
        ({"requests": {"ephemeral-storage": "1Gi"}}, "spec: Forbidden: only cpu and memory resources are mutable"),
        ({"limits": {"cpu": "100m", "memory": "100Mi"}}, "Pod QOS Class may not change as a result of resizing"),
    ],
    ids=["request removed", "limit removed", "storage", "quality of service"],
)  # fmt: skip
def test_what_a_resize_may_not_do(rig, wanted, text):
    rig.start(resources=resources(memory_limit="200Mi"))
    rig.run(5)
    answer = resize(rig, **wanted)
    assert answer.code == 422
    assert text in answer.body["message"]
