"""The other workload controllers against recordings of a real control plane: same story, same objects and events."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kubesim.objects import refs
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import EVENTS, Key, Request
from oracle.test_controllers_recorded import Normal, Story, by_field, expected_of
from unit.controllers.workload_cluster import WorkloadCluster

RECORDINGS = Path(__file__).parent / "controllers" / "workloads"
CASES = sorted(path.stem for path in RECORDINGS.glob("*.json"))
POD_LIMIT_SECONDS = 60
NODE = re.compile(r"n[0-4]")
FIXED_NAMES = re.compile(r"\bj-(\d-)?[bcdf-hj-np-tv-z2-9]{5}\b")


class WorkloadStory(Story):
    """A recording and a cluster with all workload controllers. There is no metrics API, as in the recordings."""

    def __init__(self, case: str) -> None:
        self.recording = json.loads((RECORDINGS / f"{case}.json").read_text())
        self.namespace = self.recording["namespace"]
        self.cluster = WorkloadCluster(nodes=5, metrics=False)
        self.cluster.patch(
            "Node", "n4", {"spec": {"taints": [{"key": "special", "value": "true", "effect": "NoSchedule"}]}}
        )
        self.cluster.run(3)
        self.cluster.namespace(self.namespace)

    def do_create(self, action: dict[str, Any]) -> None:
        if action.get("status", 201) == 201:
            super().do_create(action)
            return
        with pytest.raises(ApiError) as refused:
            super().do_create(action)
        assert (refused.value.code, str(refused.value)) == (action["status"], action["message"])

    def do_evict(self, action: dict[str, Any]) -> None:
        pods = [pod for pod in self.cluster.all("Pod", self.namespace) if not refs.is_deleting(pod)]
        name = pods[0]["metadata"]["name"]
        key = Key(self.cluster.gvr("Pod"), self.namespace, name)
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": self.namespace}}
        answer = self.cluster.api.handle(Request("create", key, "eviction", body))
        assert answer.code == action["status"]
        assert answer.body.get("message") == action["message"]

    def do_waitEvent(self, action: dict[str, Any]) -> None:
        for _ in range(POD_LIMIT_SECONDS * 20):
            if any(each["reason"] == action["reason"] for each in self.cluster.store.range(EVENTS, self.namespace)):
                return
            self.cluster.run(0.05)
        pytest.fail(f"never happened: {action}")

    def do_observe(self, action: dict[str, Any]) -> None:
        seen = self.cluster.get(action["kind"], action["name"], self.namespace)
        assert Normal(self).tree(seen) == Normal(objects=[]).tree(action["object"])

    def objects(self) -> list[Any]:
        named = {each["metadata"]["name"] for each in self.recording["final"]}
        found = super().objects()
        return [each for each in found if each["kind"] != "PersistentVolume" or each["metadata"]["name"] in named]

    def settle(self) -> None:
        """Go on until the events of the recording have happened: it ended in the middle of things."""
        wanted = self.recorded_events()
        for _ in range(20_000):
            if self.happened() == wanted:
                return
            self.cluster.run(0.005)
            if not self.cluster.loop.next_due:
                return

    def happened(self) -> list[Any]:
        normal = WorkloadNormal(self)
        return sorted(map(repr, (by_field(normal.tree(each)) for each in self.events() if _is_compared(each))))

    def recorded_events(self) -> list[Any]:
        _, events = expected_of(self.recording)
        return sorted(repr(by_field(each)) for each in events if _is_compared(each))


class WorkloadNormal(Normal):
    """Knows the hashes of ControllerRevisions too, generated names of pods that are gone, and equal volumes."""

    def tree(self, value: Any, key: str = "") -> Any:
        if key == "claimRef":
            value = {**value, "name": re.sub(r"data-web-\d$", "data-web-<n>", value["name"])}
        return super().tree(value, key)

    def learn(self, obj: dict[str, Any]) -> None:
        super().learn(obj)
        if obj["kind"] == "ControllerRevision":
            digest = obj["metadata"]["name"].removeprefix("web-")
            self.hashes[digest] = f"<hash of revision {obj['revision']}>"
        elif obj["kind"] == "StatefulSet":
            self.hashes[obj["status"]["updateRevision"].removeprefix("web-")] = "<hash of revision 1>"

    def text(self, text: str) -> str:
        text = re.sub(r"^t-sts-\d$", "t-sts-<n>", text)
        if NODE.fullmatch(text):
            return "<node>"
        return FIXED_NAMES.sub(lambda match: f"j-{match[1] or ''}<rand>", super().text(text))


def in_order(objects: list[Any]) -> list[Any]:
    """Sorted by what they are, not by the order in which their fields were written."""
    return sorted(objects, key=lambda each: json.dumps(each, sort_keys=True))


def _is_compared(event: dict[str, Any]) -> bool:
    return event["source"] != "default-scheduler"


@pytest.mark.parametrize("case", CASES)
def test_recorded(case: str) -> None:
    story = WorkloadStory(case)
    story.play()
    story.settle()
    assert story.happened() == story.recorded_events()
    normal = WorkloadNormal(story)
    recorded = WorkloadNormal(objects=story.recording["final"])
    wanted = [recorded.tree(each) for each in story.recording["final"]]
    assert in_order([normal.tree(each) for each in story.objects()]) == in_order(wanted)


def test_an_eviction_that_is_refused_says_why() -> None:
    story = WorkloadStory("pdb")
    story.play()
    story.cluster.run(1)
    first, second, _ = (pod["metadata"]["name"] for pod in story.cluster.all("Pod", story.namespace))
    evict(story, first)
    story.cluster.run(0.03)
    with pytest.raises(ApiError) as refused:
        evict(story, second)
    assert refused.value.status["details"] == {
        "causes": [
            {
                "reason": "DisruptionBudget",
                "message": "The disruption budget p needs 2 healthy pods and has 2 currently",
            }
        ]
    }


def evict(story: WorkloadStory, name: str) -> None:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    story.cluster.send("create", "Pod", story.namespace, name, body, subresource="eviction")
