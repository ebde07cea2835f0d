"""Rows, plans and rehearsals of releases against a whole simulated cluster."""

import pytest

from helm.charts import chart_of
from kubesim.cluster import DEFAULT_EPOCH_MS, Cluster
from kubesim.helm.template.errors import TemplateError
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import DEPLOYMENTS, SECRETS, Key, Request
from kubesim.scenario.description import read
from kubesim.scenario.loader import build, sample_folder
from kubetui.client.local import LocalClient
from kubetui.model.helm import pages
from kubetui.model.helm.driver import carry_out
from kubetui.model.helm.members import MemberCursor
from kubetui.model.helm.plans import Intent, compare, deployed, plan
from kubetui.model.helm.rehearsal import Rehearsal
from kubetui.model.helm.releases import ReleaseCursor, RevisionCursor, history_of
from kubetui.model.helm.setting import setting_of
from kubetui.model.helm.shelf import Origin, Shelf, editable_text, read_given

WEB = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: {{ .Values.replicas }}
  strategy: {type: {{ .Values.strategy }}}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {note: "{{ .Values.note }}"}}
    spec:
      containers:
      - name: c
        image: {{ .Values.image }}
        readinessProbe: {httpGet: {path: /, port: 80}}
        resources: {requests: {cpu: {{ .Values.cpu }}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: chance}
data: {word: {{ randAlphaNum 8 }}}
"""
VALUES = "replicas: 2\nstrategy: RollingUpdate\nimage: nginx:1.29\ncpu: 100m\nnote: one\n"
WEB_KEY = Key(DEPLOYMENTS, "default", "web")


class World:
    def __init__(self):
        self.cluster = Cluster()
        for name in ("wk-1", "wk-2"):
            self.cluster.add_node(NodeSpec(name))
        self.cluster.advance(3_000)
        self.client = LocalClient(self.cluster)
        self.chart = chart_of({"values.yaml": VALUES, "templates/web.yaml": WEB})

    @property
    def history(self):
        return history_of(self.client.objects(SECRETS, "default"), "default", "web")

    def intent(self, verb="upgrade", **values):
        return Intent(verb, "web", "default", self.chart, values)

    async def apply(self, intent):
        async def wait(milliseconds):
            self.cluster.advance(milliseconds)

        setting = setting_of(self.client, "web", "default", len(self.history) + 1, intent.chart)
        record = await carry_out(intent.flow(setting), self.client, wait)
        self.cluster.advance(20_000)
        return record

    async def plan(self, intent):
        return await plan(self.client, intent, deployed(self.history))

    async def rehearse(self, intent):
        rehearsal = Rehearsal(self.client, await self.plan(intent))
        await rehearsal.run(lambda: None)
        return rehearsal


@pytest.fixture
async def world():
    world = World()
    await world.apply(world.intent("install"))
    return world


# ---------------------------------------------------------------------- rows
async def test_releases_follow_their_secrets(world):
    cursor = ReleaseCursor(world.client, "")
    (event,) = cursor.poll()
    now = world.client.now()
    assert (event.type, event.key.name, event.row.cells(now)[1:5]) == ("ADDED", "web", ("1", "deployed", "t-0.1.0", ""))
    await world.apply(world.intent(note="two"))
    (event,) = cursor.poll()
    assert (event.type, event.row.cells(now)[1:3]) == ("MODIFIED", ("2", "deployed"))
    for number in (1, 2):
        world.cluster.handle(Request("delete", Key(SECRETS, "default", f"sh.helm.release.v1.web.v{number}")))
    assert [event.type for event in cursor.poll()] == ["DELETED"]
    assert cursor.poll() == []


async def test_revisions_come_newest_first_and_change_their_status(world):
    cursor = RevisionCursor(world.client, "default", "web")
    cursor.poll()
    await world.apply(world.intent(note="two"))
    events = {event.key.name: event.row for event in cursor.poll()}
    rows = [events[name].cells(world.client.now())[1:3] for name in sorted(events)]
    assert rows == [("2", "deployed"), ("1", "superseded")]


async def test_a_record_that_cannot_be_read_says_so(world):
    body = {"data": {"release": "eA=="}}
    key = Key(SECRETS, "default", "sh.helm.release.v1.web.v1")
    world.cluster.handle(Request("patch", key, body=body, content_type="application/merge-patch+json"))
    (event,) = ReleaseCursor(world.client, "default").poll()
    assert event.row.cells(0)[2] == "unknown"
    assert "cannot be read" in event.row.record.description


async def test_members_have_their_health_and_the_reason(world):
    cursor = MemberCursor(world.client, "default", "web")
    found = {event.row.member.kind: event.row.state.word for event in cursor.poll()}
    assert found == {"Deployment": "Ready", "Service": "Ready", "PodDisruptionBudget": "Ready", "ConfigMap": "Ready"}
    await world.apply(world.intent(cpu="64"))
    states = {event.row.member.kind: event.row.state for event in cursor.poll()}
    assert states["Deployment"].word == "Progressing"
    assert "Insufficient cpu" in states["Deployment"].reason
    world.cluster.handle(Request("delete", WEB_KEY))
    world.cluster.advance(1_000)
    states = {event.row.member.kind: event.row.state for event in cursor.poll()}
    assert states["Deployment"].word == "Missing"


# ---------------------------------------------------------------------- plans
async def test_a_plan_says_what_changes_and_changes_nothing(world):
    digest = world.cluster.digest()
    found = await world.plan(world.intent(note="two"))
    assert world.cluster.digest() == digest
    assert {change.kind: change.sign for change in found.changes} == {
        "ConfigMap": "~",
        "Deployment": "~",
        "Service": "=",
        "PodDisruptionBudget": "=",
    }
    assert [line.text for line in found.values if line.kind == "added"] == ["note: two"]
    assert found.headline == "revision 1 → revision 2, t-0.1.0"


async def test_a_plan_comes_true_to_the_letter(world):
    found = await world.plan(world.intent(note="two"))
    record = await world.apply(world.intent(note="two"))
    assert record.manifest == found.after.manifest


async def test_an_empty_plan_says_so(world):
    chart = chart_of({"values.yaml": VALUES, "templates/web.yaml": WEB.replace("{{ randAlphaNum 8 }}", "same")})
    await world.apply(Intent("upgrade", "web", "default", chart))
    assert (await world.plan(Intent("upgrade", "web", "default", chart))).is_empty


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("{{ .Values.a.b.c }}", "t/templates/bad.yaml:1:"),
        ("apiVersion: v1\nkind: Nothing\nmetadata: {name: x}\n", "no matches for kind"),
        ("{{- range $i := until 100000 }}{{ range until 100000 }}{{ end }}{{ end -}}", "steps"),
        ('{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}', "nest|depth|stack|deep"),
    ],
    ids=["template", "kind", "endless", "recursion"],
)
async def test_what_cannot_be_rendered_is_refused_and_the_release_untouched(world, template, complaint):
    digest = world.cluster.digest()
    chart = chart_of({"values.yaml": VALUES, "templates/web.yaml": WEB, "templates/bad.yaml": template})
    with pytest.raises(TemplateError, match=complaint):
        await world.plan(Intent("upgrade", "web", "default", chart))
    assert world.cluster.digest() == digest


async def test_a_charts_own_kinds_are_known_before_they_are_installed(world):
    definition = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\n"
        "spec:\n  group: example.com\n  scope: Namespaced\n  names: {plural: things, singular: thing, kind: Thing}\n"
        "  versions:\n  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}\n"
    )
    thing = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: one}\n"
    chart = chart_of({"crds/things.yaml": definition, "templates/thing.yaml": thing})
    found = await plan(world.client, Intent("install", "things", "default", chart), None)
    assert [(change.sign, change.kind) for change in found.changes] == [("+", "Thing")]


async def test_two_revisions_compared_and_rolled_back(world):
    await world.apply(world.intent(note="two"))
    old, new = world.history
    assert [change.kind for change in compare(old, new).changes if change.sign == "~"] == ["ConfigMap", "Deployment"]
    found = await plan(world.client, Intent("rollback", "web", "default", revision=1), new)
    assert (found.after.version, found.after.config) == (3, {})


# ---------------------------------------------------------------------- rehearsals
async def test_a_good_change_rolls_out_and_the_cluster_is_not_touched(world):
    digest = world.cluster.digest()
    rehearsal = await world.rehearse(world.intent(note="two"))
    assert world.cluster.digest() == digest
    outcome = rehearsal.outcome
    assert (outcome.word, outcome.created, outcome.replaced, outcome.reasons) == ("ROLLS OUT", 2, 2, ())
    assert outcome.outages == ()
    assert 0 < outcome.took < 30_000
    assert any(line.text == "deploy/web Ready" for line in rehearsal.story.lines)


async def test_a_prediction_comes_true(world):
    rehearsal = await world.rehearse(world.intent(note="two"))
    start = world.client.now()
    await world.apply(world.intent(note="two"))
    world.cluster.advance(start + rehearsal.simulated - world.client.now())
    assert rehearsal._client.cluster.digest() == world.cluster.digest()


async def test_a_change_that_does_not_fit_stalls_with_the_reason(world):
    outcome = (await world.rehearse(world.intent(cpu="64"))).outcome
    assert outcome.word == "STALLS"
    assert "Insufficient cpu" in outcome.reasons[0]
    assert outcome.took >= 600_000


async def test_a_change_that_is_refused_fails(world):
    outcome = (await world.rehearse(world.intent(cpu="lots"))).outcome
    assert outcome.word == "FAILS"
    assert "Deployment" in outcome.reasons[0]


async def test_recreating_costs_downtime_and_breaks_the_budget():
    world = World()
    await world.apply(world.intent("install", strategy="Recreate"))
    outcome = (await world.rehearse(world.intent(strategy="Recreate", note="two"))).outcome
    assert outcome.word == "ROLLS OUT"
    assert [outage.service for outage in outcome.outages] == ["web"]
    assert 0 < outcome.outages[0].milliseconds < 60_000
    assert outcome.hits


# ---------------------------------------------------------------------- charts and values
def origin(tmp_path, text):
    values = tmp_path / "values.yaml"
    values.write_text(text)
    return Origin("web", "default", tmp_path / "none", (values,))


def test_values_with_their_text_and_sources(tmp_path):
    given = read_given(origin(tmp_path, "# why\na: 1\n"))
    assert (given.values, given.text, given.sources[0].label) == ({"a": 1.0}, "# why\na: 1\n", "-f values.yaml")


def test_wrong_values_name_the_file(tmp_path):
    with pytest.raises(TemplateError, match=r"values\.yaml: .*line 1"):
        read_given(origin(tmp_path, "a: [1\n"))


async def test_what_an_editor_begins_with(world, tmp_path):
    shelf = Shelf(origins=[origin(tmp_path, "# kept\nnote: two\n")])
    record = await world.apply(world.intent(note="two"))
    assert editable_text(shelf.given_for(record, world.history), world.chart) == "# kept\nnote: two\n"
    assert editable_text(Shelf().given_for(record, world.history), world.chart) == "note: two\n"
    first = world.history[0]
    assert "# replicas: 2\n" in editable_text(Shelf().given_for(first, world.history), world.chart)


def test_the_pages_of_a_sample():
    description = read(sample_folder() / "hello-chart")
    cluster = build(description, epoch_ms=DEFAULT_EPOCH_MS)
    (release,) = description.releases
    record = history_of(cluster.store.range(SECRETS, "default"), "default", "hello")[-1]
    shelf = Shelf(description.folder, [Origin(*release[:6])])
    assert shelf.names == ["hello"]
    subject = pages.Subject(record, shelf.chart_for(record), shelf.given_for(record, [record]))
    text = {tab: "\n".join(pages.page(subject, tab)) for tab, _ in pages.TABS}
    assert text["values"].startswith("greeting: Hello from Helm")
    assert "type: ClusterIP" in text["all"]
    assert any(
        line.split() == ["replicaCount", "2", "-f", "values.yaml", "hello/values.yaml"]
        for line in text["origin"].splitlines()
    )
    assert "kind: Deployment" in text["manifest"]
    assert "no hooks" in text["hooks"]
    assert 'hello says "Hello from Helm" in revision 1.' in text["notes"]
