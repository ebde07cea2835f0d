"""The pure parts of Helm's screens: manifests compared, secrets masked, lines read, values checked, states judged."""

import json

import pytest

from helm.charts import chart_of
from kubesim.helm.chart.errors import ChartError
from kubetui.model.helm import checking, manifests, readiness
from kubetui.model.helm.forecast import Line, Outage, Outcome
from kubetui.model.helm.masking import mask
from kubetui.model.helm.prediction import result_lines, seconds, story_lines, workload_line
from kubetui.model.helm.typed import Typed, read_line

WEB = (
    "---\n# Source: c/templates/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
    "spec: {replicas: %d}\n"
)
MAP = "---\n# Source: c/templates/map.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\ndata: {a: '%s'}\n"
SECRET = (
    "---\n# Source: c/templates/s.yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: s\ndata:\n  password: %s\n"
    "  other: |\n    line\ntype: Opaque\n"
)


# ---------------------------------------------------------------------- manifests
def test_what_becomes_of_each_object():
    found = manifests.changes(WEB % 1 + MAP % "x", WEB % 3 + SECRET % "abc")
    assert [(change.sign, change.kind, change.what) for change in found] == [
        ("~", "Deployment", "replicas (1)"),
        ("+", "Secret", "created"),
        ("-", "ConfigMap", "removed"),
    ]
    assert [line.text for line in found[0].lines if line.kind == "added"] == ["spec: {replicas: 3}"]


def test_a_comment_is_no_change():
    assert [change.sign for change in manifests.changes(WEB % 1, "# hello\n" + WEB % 1)] == ["="]


def test_a_changed_secret_shows_that_it_changed_and_not_what_it_holds():
    change = manifests.changes(SECRET % "b2xk", SECRET % "bmV3")[0]
    assert (change.sign, change.what) == ("~", "password (1)")
    assert "bmV3" not in "\n".join(line.text for line in change.lines)


@pytest.mark.parametrize(
    ("old", "new", "fields"),
    [
        ({"a": 1}, {"a": 2}, [("a",)]),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, [("a", "c")]),
        ({"a": [1, 2]}, {"a": [1, 3]}, [("a", "1")]),
        ({"a": [1]}, {"a": [1, 2]}, [("a",)]),
        ({"a": 1}, {"a": 1}, []),
    ],
    ids=["value", "added", "item", "length", "same"],
)
def test_changed_fields(old, new, fields):
    assert [path for path in manifests.changed_fields(old, new) if path] == fields


def test_lists_are_taken_apart():
    text = "kind: ConfigMapList\napiVersion: v1\nitems:\n"
    text += "".join([f"- {{kind: ConfigMap, metadata: {{name: {name}}}}}\n" for name in "ab"])
    assert [tree["metadata"]["name"] for tree in manifests.objects_of(text)] == ["a", "b"]


# ---------------------------------------------------------------------- masking
def test_the_values_of_secrets_are_masked_and_nothing_else():
    text = mask(MAP % "open" + SECRET % "aGlkZGVu" + WEB % 1)
    assert "aGlkZGVu" not in text
    assert "    line" not in text
    assert "open" in text
    assert "password: " in text
    assert "type: Opaque" in text
    assert "replicas: 1" in text


def test_data_in_one_line_is_masked_too():
    assert "aGlkZGVu" not in mask("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: aGlkZGVu}\n")


# ---------------------------------------------------------------------- what is typed
def test_a_line_is_taken_apart():
    typed = read_line("web 'my chart' -n shop -f a.yaml --values=b.yaml --set x=1 --set y=2")
    assert typed.words == ("web", "my chart")
    assert typed.namespace == "shop"
    assert [path.name for path in typed.files] == ["a.yaml", "b.yaml"]
    assert typed.set == ("x=1", "y=2")
    assert typed.has_values
    assert read_line("") == Typed()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [("a --nope", "unknown flag: --nope"), ("a -f", "flag needs an argument: -f"), ("a 'b", "No closing quotation")],
    ids=["unknown", "argument", "quote"],
)
def test_a_wrong_line_is_refused(line, complaint):
    with pytest.raises(ChartError, match=complaint):
        read_line(line)


# ---------------------------------------------------------------------- checking
SCHEMA = json.dumps({"properties": {"port": {"type": "integer"}, "a.b": {"type": "string"}}})


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nport: x\n", 2, "port: got string, want integer"),
        ("port: 1\na.b: 3\n", 2, "a.b: got number, want string"),
        ("a: [1,\nb\n", 1, "did not find expected"),
    ],
    ids=["type", "dots", "yaml"],
)
def test_problems_have_the_line_that_they_are_about(text, line, message):
    found = checking.problems(text, chart_of({"values.schema.json": SCHEMA}))
    assert found[0].line >= line if "expected" in message else found[0].line == line
    assert message in found[0].message


def test_values_that_fit_have_no_problems():
    assert checking.problems("port: 3\n# a comment\n", chart_of({"values.schema.json": SCHEMA})) == []
    assert checking.problems("", chart_of({"values.schema.json": SCHEMA})) == []


# ---------------------------------------------------------------------- readiness
def deployment(**status):
    return {
        "kind": "Deployment",
        "metadata": {"name": "web", "generation": 2},
        "spec": {"replicas": 2},
        "status": status,
    }


WAITING = {
    "metadata": {"name": "web-1"},
    "status": {"containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}}}]},
}
UNSCHEDULED = {
    "metadata": {"name": "web-2"},
    "status": {
        "conditions": [
            {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available: 1 x. preemption: y."}
        ]
    },
}


def conditioned(kind, name, **more):
    return {"kind": kind, "metadata": {}, "status": {"conditions": [{"type": name, "status": "True", **more}]}}


STALLED = {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "timed out."}
UPDATED = {"observedGeneration": 2, "updatedReplicas": 2}
CLAIM = {"kind": "PersistentVolumeClaim", "metadata": {}, "status": {"phase": "Pending"}}
BALANCER = {"kind": "Service", "metadata": {}, "spec": {"type": "LoadBalancer"}}
STATES = {
    "missing": (None, (), "Missing", "not in the cluster"),
    "plain": ({"kind": "ConfigMap", "metadata": {}}, (), "Ready", ""),
    "leaving": ({"kind": "ConfigMap", "metadata": {"deletionTimestamp": "x"}}, (), "Progressing", "being deleted"),
    "unobserved": (deployment(observedGeneration=1), (), "Progressing", "not yet observed"),
    "updating": (deployment(observedGeneration=2, updatedReplicas=1), (), "Progressing", "1/2 updated"),
    "waiting": (
        deployment(**UPDATED, availableReplicas=1),
        (WAITING,),
        "Progressing",
        "1/2 available: web-1 ImagePullBackOff: Back-off",
    ),
    "surplus": (deployment(**UPDATED, availableReplicas=2, replicas=3), (), "Progressing", "1 old to go"),
    "ready": (deployment(**UPDATED, availableReplicas=2, replicas=2), (WAITING,), "Ready", ""),
    "stalled": (
        deployment(conditions=[STALLED]),
        (UNSCHEDULED,),
        "Failed",
        "timed out: web-2 Pending: 0/1 nodes are available: 1 x",
    ),
    "claim": (CLAIM, (), "Progressing", "Pending"),
    "balancer": (BALANCER, (), "Progressing", "no address from the load balancer yet"),
    "job": (conditioned("Job", "Complete"), (), "Ready", ""),
    "failed-job": (conditioned("Job", "Failed", message="no"), (), "Failed", "no"),
}


@pytest.mark.parametrize(("obj", "pods", "word", "reason"), STATES.values(), ids=STATES)
def test_states(obj, pods, word, reason):
    assert readiness.state_of(obj, pods) == (word, reason)


# ---------------------------------------------------------------------- predictions
@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0.0s"), (1540, "1.5s"), (42_000, "42s"), (600_000, "10m"), (620_000, "10m20s")],
    ids=str,
)
def test_times(milliseconds, text):
    assert seconds(milliseconds) == text


def test_the_result_says_what_it_means():
    outcome = Outcome(
        "STALLS",
        620_000,
        ("Deployment/web Failed: x",),
        1,
        2,
        3,
        ("pdb/web 1 of 2 healthy",),
        (Outage("web", 4200, True),),
    )
    assert [line.text for line in result_lines(outcome)] == [
        "RESULT  STALLS after 10m20s",
        "  Deployment/web Failed: x",
        "  pods: 1 created, 2 replaced, 3 restarts",
        "  PDB hit: pdb/web 1 of 2 healthy",
        "  downtime web: 4.2s and still down",
    ]
    assert [line.text for line in result_lines(Outcome("ROLLS OUT", 1500))] == [
        "RESULT  ROLLS OUT in 1.5s",
        "  pods: 0 created, 0 replaced",
        "  PDB ok",
        "  downtime 0s",
    ]


def test_a_story_has_times_and_says_what_it_leaves_out():
    assert [line.text for line in story_lines([Line(100, "web…1 ready", "good")], 7)] == [
        "  +0.1s web…1 ready",
        "        … and 7 more",
    ]


def test_a_workload_in_one_line():
    old = {"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 2}}
    new = {**old, "spec": {"replicas": 3, "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}}
    assert workload_line(old, new) == "web  2→3 replicas, maxSurge 1, maxUnavail 0"
    assert workload_line(None, {**old, "spec": {"strategy": {"type": "Recreate"}}}) == "web  -→1 replicas, Recreate"
