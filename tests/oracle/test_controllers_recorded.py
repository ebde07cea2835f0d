"""The controllers against recordings of a real control plane: same manifests and actions, same objects and events."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from kubesim.objects.tree import get
from kubesim.objects.wire import EVENTS
from unit.controllers.small_cluster import SmallCluster

RECORDINGS = Path(__file__).parent / "controllers"
CASES = sorted(path.stem for path in RECORDINGS.glob("*.json"))
ALWAYS = ("Deployment", "ReplicaSet", "Pod")
TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
LIMIT_SECONDS = 120


class Story:
    """One recording and the cluster that relives it."""

    def __init__(self, case: str) -> None:
        self.recording = json.loads((RECORDINGS / f"{case}.json").read_text())
        self.namespace: str = self.recording["namespace"]
        self.cluster = SmallCluster(nodes=5, grace_ms=12_000, period_ms=2_000)
        self.cluster.patch(
            "Node", "n4", {"spec": {"taints": [{"key": "special", "value": "true", "effect": "NoSchedule"}]}}
        )
        self.cluster.run(3)
        self.cluster.namespace(self.namespace)

    def play(self) -> None:
        for manifest in self.recording["manifests"]:
            self.cluster.create(manifest, self.namespace)
        for action in self.recording["actions"]:
            getattr(self, f"do_{action['do']}")(action)

    # ------------------------------------------------------------------ actions
    def do_sleep(self, action: dict[str, Any]) -> None:
        self.cluster.run(action["seconds"])

    def do_create(self, action: dict[str, Any]) -> None:
        self.cluster.create(action["object"], self.namespace)

    def do_patch(self, action: dict[str, Any]) -> None:
        assert action["status"] == 200
        extra = {"content_type": action["contentType"], "subresource": action["subresource"]}
        self.cluster.patch(action["kind"], action["name"], action["body"], self.namespace, **extra)

    def do_delete(self, action: dict[str, Any]) -> None:
        self.cluster.delete(action["kind"], action["name"], self.namespace, **(action.get("options") or {}))

    def do_kubeletDown(self, action: dict[str, Any]) -> None:
        assert self.cluster.kubelet is not None
        self.cluster.kubelet.down[action["node"]] = None

    def do_observe(self, action: dict[str, Any]) -> None:
        seen = self.cluster.get(action["kind"], action["name"], self.namespace)
        wished = action["conditions"]
        assert Normal(self).tree(seen["status"]) == wished

    def do_wait(self, action: dict[str, Any]) -> None:
        for _ in range(LIMIT_SECONDS * 20):
            if self.is_met(action):
                return
            self.cluster.run(0.05)
        pytest.fail(f"never happened: {action}")

    def is_met(self, action: dict[str, Any]) -> bool:
        if action.get("path") == "count":
            return len(self.cluster.all(action["kind"], self.namespace)) == action["value"]
        found = self.cluster.get(action["kind"], action["name"], self.namespace)
        if "condition" in action:
            conditions = get(found, "status.conditions", [])
            wished = {"type": action["condition"], "status": action["value"], "reason": action["reason"]}
            wished = {key: value for key, value in wished.items() if value is not None}
            return any(wished.items() <= each.items() for each in conditions)
        if not action["path"]:
            return found is None
        return bool(get(found, action["path"]) == action["value"])

    # ------------------------------------------------------------------ what came of it
    def objects(self) -> list[Any]:
        expected = self.recording["final"]
        kinds = dict.fromkeys(each["kind"] for each in expected) or ALWAYS
        named = {(each["kind"], each["metadata"]["name"]) for each in expected}
        found = []
        for kind in kinds:
            namespaced = self.cluster.api.strategy(self.cluster.gvr(kind)).namespaced
            for each in self.cluster.all(kind, self.namespace if namespaced else ""):
                is_given = kind in {"Node", "Namespace", "ConfigMap", "Secret"}
                if not is_given or (kind, each["metadata"]["name"]) in named:
                    found.append(each)
        return found

    def events(self) -> list[dict[str, Any]]:
        nodes = {each["name"] for each in self.recording["events"] if each["kind"] == "Node"}
        found = []
        for each in self.cluster.store.range(EVENTS):
            about = each["involvedObject"]
            mine = each["metadata"]["namespace"] == self.namespace
            if mine or (about["kind"] == "Node" and about["name"] in nodes):
                found.append(
                    {key: each[key] for key in ("reason", "type", "message")}
                    | {
                        "source": each["source"].get("component") or each["reportingComponent"],
                        "kind": about["kind"],
                        "name": about["name"],
                    }
                )
        return found


class Normal:
    """Replaces what no two runs share. ReplicaSets are told apart by the image of their template."""

    def __init__(self, story: Story | None = None, *, objects: Sequence[Any] = ()) -> None:
        named = objects
        if story is not None:
            kinds = (*ALWAYS, "EndpointSlice")
            named = [each for kind in kinds for each in story.cluster.all(kind, story.namespace)]
            objects = story.objects()
        self.names: dict[str, str] = {}
        self.hashes: dict[str, str] = {}
        for each in named:
            base = each["metadata"].get("generateName")
            if base and each["metadata"]["name"].startswith(base):
                self.names[each["metadata"]["name"]] = f"{base}<rand>"
        for each in objects:
            self.learn(each)

    def learn(self, obj: dict[str, Any]) -> None:
        digest = obj["metadata"].get("labels", {}).get("pod-template-hash")
        if digest:
            spec = obj["spec"] if obj["kind"] == "Pod" else obj["spec"]["template"]["spec"]
            self.hashes[digest] = f"<hash of {spec['containers'][0]['image']}>"

    def text(self, text: str) -> str:
        for old, new in (*self.names.items(), *self.hashes.items()):
            text = text.replace(old, new)
        text = re.sub(r"(-<hash[^>]*>)-[bcdf-hj-np-tv-z2-9]{5}\b", r"\1-<rand>", text)
        text = re.sub(
            r"\bweb-(?:<hash\d>|[bcdf-hj-np-tv-z2-9]{6,10})(?:-(?:<rand>|[bcdf-hj-np-tv-z2-9]{5}))?(?=[\"\s]|$)",
            self._lost,
            text,
        )
        text = re.sub(r"(Created|Deleted) pod: web-[bcdf-hj-np-tv-z2-9]{5}$", r"\1 pod: web-<rand>", text)
        text = re.sub(r"kube-api-access-[a-z0-9]{5}\b", "kube-api-access-<rand>", text)
        text = re.sub(r"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----\n?", "<pem>", text, flags=re.DOTALL)
        text = re.sub(r"\bLS0tLS1CRUdJTi[\w+/=]+", "<pem base64>", text)
        text = re.sub(r"\b10\.(?:9[6-9]|1[01]\d)\.\d+\.\d+\b", "<clusterip>", text)
        text = re.sub(r"\b10\.244\.\d+\.\d+\b", "<podip>", text)
        return UUID.sub("<uid>", TIME.sub("<time>", text))

    def _lost(self, match: re.Match[str]) -> str:
        # A ReplicaSet that is gone by now: none of the recordings has two of them.
        return "web-<hash of a lost one>" + ("-<rand>" if match[0].count("-") == 2 else "")

    def tree(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            kind = value.get("kind")
            drop = {"managedFields", "generation"} if kind == "EndpointSlice" else {"managedFields"}
            return {
                self.text(name): self.tree(each, name)
                for name, each in value.items()
                if name not in drop and not (kind == "metadata" and name == "generation")
            }
        if isinstance(value, list):
            every = [self.tree(each, key) for each in value]
            return sorted(every, key=repr) if key in {"endpoints", "addresses"} else every
        if key in {"nodeName", "zone", "topology.kubernetes.io/zone"}:
            return f"<{key}>"
        if key in {"resourceVersion", "uid", "token"} and value:
            return f"<{key}>"
        return self.text(value) if isinstance(value, str) else value


def expected_of(recording: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    normal = Normal(objects=recording["final"])
    events = [
        {key: each[key] for key in ("reason", "type", "message", "source", "kind", "name")}
        for each in recording["events"]
        if each["source"] != "default-scheduler"
    ]
    return [normal.tree(each) for each in recording["final"]], [normal.tree(each) for each in events]


def by_name(objects: list[Any]) -> list[tuple[str, str, Any]]:
    return sorted(((each["kind"], each["metadata"]["name"], plain(each)) for each in objects), key=repr)


def plain(obj: dict[str, Any]) -> dict[str, Any]:
    """EndpointSlices are numbered by how often they happened to be synced."""
    if obj["kind"] != "EndpointSlice":
        return obj
    return {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key != "generation"}}


@pytest.mark.parametrize("case", CASES)
def test_recorded(case: str) -> None:
    story = Story(case)
    story.play()
    story.cluster.run(1.5 if case != "deploy-bad-image" else 0)
    normal = Normal(story)
    objects, events = expected_of(story.recording)
    assert by_name([normal.tree(each) for each in story.objects()]) == by_name(objects)
    assert sorted(map(repr, map(by_field, map(normal.tree, story.events())))) == sorted(
        map(repr, map(by_field, events))
    )


def by_field(event: dict[str, Any]) -> list[tuple[str, Any]]:
    return sorted(event.items())
