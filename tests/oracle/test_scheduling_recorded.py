"""The scheduler against recordings of a real control plane: same story, same objects, same words."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from oracle.test_controllers_recorded import Story, by_field
from oracle.test_workloads_recorded import WorkloadNormal, in_order
from unit.scheduler.scheduled_cluster import ScheduledCluster

RECORDINGS = Path(__file__).parent / "controllers" / "scheduling"
CASES = sorted(path.stem for path in RECORDINGS.glob("*.json"))
ON_A_NODE = re.compile(r"\bn[0-4]$")


class SchedulingStory(Story):
    """A recording and a cluster with the real scheduler."""

    def __init__(self, case: str) -> None:
        self.recording = json.loads((RECORDINGS / f"{case}.json").read_text())
        self.namespace = self.recording["namespace"]
        self.cluster = cluster = ScheduledCluster(nodes=5)
        cluster.patch("Node", "n4", {"spec": {"taints": [{"key": "special", "value": "true", "effect": "NoSchedule"}]}})
        cluster.run(3)
        cluster.namespace(self.namespace)


class SchedulingNormal(WorkloadNormal):
    """Any node is as good as another, unless the story names one."""

    def text(self, text: str) -> str:
        return ON_A_NODE.sub("<node>", super().text(text))


def counted_once(event: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key != "count"}


@pytest.mark.parametrize("case", CASES)
def test_recorded(case: str) -> None:
    story = SchedulingStory(case)
    story.play()
    story.cluster.run(0.5)
    normal, recorded = SchedulingNormal(story), SchedulingNormal(objects=story.recording["final"])
    happened = [by_field(normal.tree(each)) for each in story.events()]
    wished = [by_field(recorded.tree(counted_once(each))) for each in story.recording["events"]]
    assert in_order(happened) == in_order(wished)
    objects = [recorded.tree(each) for each in story.recording["final"]]
    assert in_order([normal.tree(each) for each in story.objects()]) == in_order(objects)


def test_a_story_names_its_node() -> None:
    story = SchedulingStory("preemption")
    story.play()
    assert story.cluster.get("Pod", "high", story.namespace)["spec"]["nodeName"] == "n3"
