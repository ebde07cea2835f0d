"""What people write about objects, tested on objects."""

import pytest

from kubesim.api.cel.objecttests import compiled
from kubesim.objects import statements

POD = {
    "metadata": {"name": "web-1", "namespace": "default", "labels": {"app": "web"}},
    "spec": {"replicas": 3, "paused": True, "memory": "512Mi"},
    "status": {
        "phase": "Running",
        "conditions": [
            {"type": "Ready", "status": "False", "reason": "ContainersNotReady"},
            {"type": "PodScheduled", "status": "True"},
        ],
        "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}],
    },
}
LEAVING = {"metadata": {"name": "x", "deletionTimestamp": "2026-01-01T00:00:00Z"}}

TRUE = [
    "Running", "running", "CrashLoopBackOff", "NotReady", "!Ready", "PodScheduled", "ContainersNotReady",
    "status.phase=Running", ".status.phase == Running", "status.phase!=Failed", "spec.replicas>2", "spec.replicas >= 3",
    "spec.replicas < 10", "spec.memory > 100Mi", "spec.memory = 0.5Gi", "spec.paused=true", "metadata.labels.app=web",
    "status.readyReplicas=0", "object.spec.replicas == 3", "object.metadata.name.startsWith('web')",
]  # fmt: skip
FALSE = [
    "Pending", "Ready", "!Running", "Terminating", "status.phase=Failed", "spec.replicas>3", "spec.memory < 100Mi",
    "spec.paused=false", "object.spec.replicas > 3", "object.nosuch.field == 1", "metadata.labels.app=webb",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [(t, True) for t in TRUE] + [(t, False) for t in FALSE])
def test_states(text, expected):
    said = statements.parse(text, compiled)
    assert said.state
    assert said.test(None, POD) is expected
    assert said.test(POD, None) is False


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        ("created", None, POD, True),
        ("created", POD, POD, False),
        ("deleted", POD, None, True),
        ("changed", POD, {**POD, "spec": {}}, True),
        ("changed", POD, {**POD, "metadata": {"name": "web-1", "resourceVersion": "2"}}, False),
        ("changed spec.replicas", POD, {**POD, "spec": {**POD["spec"], "replicas": 4}}, True),
        ("changed spec.replicas", POD, {**POD, "status": {}}, False),
        ("object.spec.replicas > oldObject.spec.replicas", {"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}, True),
    ],
)
def test_single_writes(text, old, new, expected):
    said = statements.parse(text, compiled)
    assert not said.state
    assert said.test(old, new) is expected


def test_a_leaving_object_is_terminating():
    assert statements.parse("Terminating", compiled).test(None, LEAVING)


@pytest.mark.parametrize("text", ["", "two words", "object.", "1=2", "spec..a b"])
def test_nonsense_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        statements.parse(text, compiled)


@pytest.mark.parametrize(
    ("reason", "about", "expected"),
    [
        ("BackOff", "", True),
        ("backoff", "pod/web-1", True),
        ("Back*", "web-*", True),
        ("BackOff", "pods/web-1", True),
        ("BackOff", "node/web-1", False),
        ("BackOff", "web-2", False),
        ("Killing", "", False),
    ],
)
def test_reasons_of_events(reason, about, expected):
    event = {"reason": "BackOff", "involvedObject": {"kind": "Pod", "name": "web-1"}}
    assert statements.Reason(reason, about)(None, event) is expected
