"""Releases in a whole cluster: installed, upgraded, rolled back, uninstalled, with hooks and waiting."""

import random

import pytest

from helm.charts import chart_of
from kubesim.cluster import Cluster, Settings
from kubesim.helm.capabilities import default_capabilities
from kubesim.helm.release.flows import lifecycle, queries
from kubesim.helm.release.flows.lifecycle import Options
from kubesim.helm.release.flows.steps import FlowError, Resource, Setting, Wait
from kubesim.helm.template.execute.context import Sources
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import CONFIGMAPS, DEPLOYMENTS, NAMESPACES, SECRETS, Key, Request

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {color: {{ .Values.color | quote }}}\n"
WEB = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 2\n  selector: {matchLabels: "
    "{app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: c, image: nginx}]}\n"
)
HOOK = (
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n  annotations: {helm.sh/hook: "%s", '
    'helm.sh/hook-weight: "%d", helm.sh/hook-delete-policy: "%s"}\n'
)


class World:
    """A cluster of one node and someone who carries out flows in it."""

    def __init__(self):
        self.cluster = Cluster(Settings())
        self.cluster.add_node(NodeSpec("node-1"))
        self.cluster.advance(5_000)
        kinds = {
            (strategy.gvr.api_version, strategy.kind): Resource(strategy.gvr, strategy.namespaced)
            for strategy in self.cluster.api.resources()
        }
        sources = Sources(self.now, random.Random(1))
        self.setting = Setting(kinds, default_capabilities(), sources)
        self.requests = []
        self.waited = 0

    def now(self):
        return self.cluster.loop.now

    def run(self, flow, *arguments):
        steps = flow(self.setting, *arguments)
        answer = None
        while True:
            try:
                step = steps.send(answer)
            except StopIteration as done:
                return done.value
            if isinstance(step, Wait):
                self.waited += step.milliseconds
                self.cluster.advance(step.milliseconds)
                answer = None
            else:
                self.requests.append(step)
                answer = self.cluster.handle(step)

    def get(self, gvr, name, namespace="default"):
        response = self.cluster.handle(Request("get", Key(gvr, namespace, name)))
        return response.body if response.code == 200 else None

    def revisions(self):
        found = self.run(queries.history, "r", "default")
        return [(record.version, record.status, record.description) for record in found]


@pytest.fixture
def world():
    return World()


def chart(**templates):
    files = {f"templates/{name}.yaml": text for name, text in templates.items()}
    return chart_of({"values.yaml": "color: red\nsize: 1\n", **files})


def test_install_applies_owned_objects_and_keeps_the_record(world):
    record = world.run(lifecycle.install, "r", "default", chart(a=MAP % "a"), {"color": "blue"})
    stored = world.get(CONFIGMAPS, "a")
    assert stored["data"] == {"color": "blue"}
    assert stored["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "Helm"}
    assert stored["metadata"]["annotations"]["meta.helm.sh/release-name"] == "r"
    assert [entry["manager"] for entry in stored["metadata"]["managedFields"]] == ["helm"]
    assert [entry["operation"] for entry in stored["metadata"]["managedFields"]] == ["Apply"]
    patch = next(request for request in world.requests if request.verb == "patch")
    assert patch.content_type == "application/apply-patch+yaml"
    assert patch.query == {"fieldManager": "helm", "fieldValidation": "Strict", "force": "false"}
    assert (record.version, record.status, record.description) == (1, "deployed", "Install complete")
    assert record.manifest.startswith("---\n# Source: t/templates/a.yaml\n")
    stored = world.run(queries.status, "r", "default")
    assert stored._replace(system_labels={}, stamps={}) == record
    labels = world.get(SECRETS, "sh.helm.release.v1.r.v1")["metadata"]["labels"]
    assert (labels["status"], labels["owner"]) == ("deployed", "helm")
    assert sorted(labels) == ["modifiedAt", "name", "owner", "status", "version"]


@pytest.mark.parametrize(
    ("values_from", "given", "config", "color", "size"),
    [
        ("", {}, {"color": "blue"}, "blue", "9"),
        ("", {"size": 3.0}, {"size": 3.0}, "green", "3"),
        ("reset", {}, {}, "green", "9"),
        ("reuse", {"size": 3.0}, {"color": "blue", "size": 3.0}, "blue", "3"),
        ("reuse", {}, {"color": "blue"}, "blue", "1"),
        ("reset-then-reuse", {}, {"color": "blue"}, "blue", "9"),
    ],
)
def test_values_of_an_upgrade(world, values_from, given, config, color, size):
    template = (
        (MAP % "a").replace("}\n", "", 1) if False else MAP % "a" + "immutable: {{ eq (toString .Values.size) %s }}\n"
    )
    world.run(lifecycle.install, "r", "default", chart(a=MAP % "a"), {"color": "blue"})
    newer = chart_of({"values.yaml": "color: green\nsize: 9\n", "templates/a.yaml": template % f'"{size}"'})
    record = world.run(lifecycle.upgrade, "r", "default", newer, given, Options(values_from=values_from))
    assert record.config == config
    assert world.get(CONFIGMAPS, "a")["data"] == {"color": color}
    assert world.get(CONFIGMAPS, "a")["immutable"] is True
    assert world.revisions() == [(1, "superseded", "Install complete"), (2, "deployed", "Upgrade complete")]


def test_upgrade_creates_and_deletes_and_rollback_brings_back(world):
    keep = (MAP % "kept").replace("{name: kept}", "{name: kept, annotations: {helm.sh/resource-policy: keep}}")
    world.run(lifecycle.install, "r", "default", chart(a=MAP % "a", b=MAP % "b", k=keep), {})
    world.run(lifecycle.upgrade, "r", "default", chart(b=MAP % "b", c=MAP % "c"), {"color": "x"})
    assert [bool(world.get(CONFIGMAPS, name)) for name in ("a", "b", "c", "kept")] == [False, True, True, True]
    record = world.run(lifecycle.rollback, "r", "default")
    assert (record.version, record.rollback_revision, record.config) == (3, 1, {})
    assert [bool(world.get(CONFIGMAPS, name)) for name in ("a", "b", "c")] == [True, True, False]
    assert world.get(CONFIGMAPS, "b")["data"] == {"color": "red"}
    assert [status for _, status, _ in world.revisions()] == ["superseded", "superseded", "deployed"]
    assert world.revisions()[2][2] == "Rollback to 1"


def test_uninstall_leaves_what_is_kept_and_what_is_not_its_own(world):
    keep = (MAP % "kept").replace("{name: kept}", "{name: kept, annotations: {helm.sh/resource-policy: keep}}")
    world.run(lifecycle.install, "r", "default", chart(a=MAP % "a", k=keep), {})
    record = world.run(lifecycle.uninstall, "r", "default", Options(keep_history=True))
    assert record.status == "uninstalled"
    assert [bool(world.get(CONFIGMAPS, name)) for name in ("a", "kept")] == [False, True]
    assert world.revisions() == [(1, "uninstalled", "Uninstallation complete")]
    assert world.run(queries.list_releases) == []
    assert [found.name for found in world.run(lambda setting: queries.list_releases(setting, every=True))] == ["r"]
    with pytest.raises(FlowError, match='the release named "r" is already deleted'):
        world.run(lifecycle.uninstall, "r", "default", Options(keep_history=True))
    world.run(lifecycle.uninstall, "r", "default")
    with pytest.raises(FlowError, match="uninstall: Release not loaded: r: release: not found"):
        world.run(lifecycle.uninstall, "r", "default")


def test_waiting_for_pods(world):
    world.run(lifecycle.install, "r", "default", chart(a=WEB), {}, Options(wait=True))
    assert world.waited > 0
    assert world.get(DEPLOYMENTS, "web")["status"]["availableReplicas"] == 2


def test_waiting_ends(world):
    stuck = chart(a=WEB.replace("image: nginx", "image: nginx, resources: {requests: {cpu: 500}}"))
    with pytest.raises(
        FlowError, match=r"resource Deployment/default/web not ready\. status: InProgress, message: Available: 0/2"
    ):
        world.run(lifecycle.install, "r", "default", stuck, {}, Options(wait=True, timeout=10_000))
    assert world.revisions()[0][1] == "failed"


def test_hooks_run_by_weight_and_go_as_they_say(world):
    hooks = chart(
        a=MAP % "a",
        h1=HOOK % ("late", "pre-install", 5, "hook-succeeded"),
        h2=HOOK % ("early", "pre-install,pre-delete", -5, "before-hook-creation"),
        h3=HOOK % ("after", "post-install", 0, "hook-failed"),
    )
    record = world.run(lifecycle.install, "r", "default", hooks, {})
    applied = [request.key.name for request in world.requests if request.verb == "patch"]
    assert applied == ["early", "late", "a", "after"]
    assert [bool(world.get(CONFIGMAPS, name)) for name in ("early", "late", "after")] == [True, False, True]
    assert {tree["name"]: tree["last_run"]["phase"] for tree in record.hooks} == dict.fromkeys(
        ("early", "late", "after"), "Succeeded"
    )
    assert "# Source: t/templates/h1.yaml" in queries.hooks_text(record)


def test_refusals(world):
    world.run(lifecycle.install, "r", "default", chart(a=MAP % "a"), {})
    with pytest.raises(FlowError, match="release name check failed: cannot reuse a name that is still in use"):
        world.run(lifecycle.install, "r", "default", chart(), {})
    with pytest.raises(FlowError, match='"q" has no deployed releases'):
        world.run(lifecycle.upgrade, "q", "default", chart(), {})
    with pytest.raises(FlowError) as raised:
        world.run(lifecycle.install, "q", "default", chart(a=MAP % "a"), {})
    assert str(raised.value) == (
        'unable to continue with install: ConfigMap "a" in namespace "default" exists and cannot be imported into the '
        'current release: invalid ownership metadata; annotation validation error: key "meta.helm.sh/release-name" '
        'must equal "q": current value is "r"'
    )
    with pytest.raises(FlowError, match='no matches for kind "Nothing" in version "x/v1"\nensure CRDs'):
        world.run(
            lifecycle.install, "q", "default", chart(a="apiVersion: x/v1\nkind: Nothing\nmetadata: {name: a}"), {}
        )
    with pytest.raises(FlowError, match="release has no 7 version"):
        world.run(lifecycle.rollback, "r", "default", 7)


def test_a_failed_install_is_kept_and_can_be_upgraded(world):
    bad = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: 5\n"
    with pytest.raises(FlowError, match="server-side apply failed for object default/a /v1, Kind=ConfigMap: "):
        world.run(lifecycle.install, "r", "default", chart(a=bad), {})
    assert world.revisions()[0][1] == "failed"
    assert world.revisions()[0][2].startswith('Release "r" failed: server-side apply failed')
    world.run(lifecycle.upgrade, "r", "default", chart(a=MAP % "a"), {})
    assert [status for _, status, _ in world.revisions()] == ["superseded", "deployed"]


def test_upgrade_installs_makes_the_namespace_and_prunes_history(world):
    options = Options(install=True, create_namespace=True, history_max=2)
    for color in "abcd":
        world.run(lifecycle.upgrade, "r", "new", chart(a=MAP % "a"), {"color": color}, options)
    assert world.get(NAMESPACES, "new", "") is not None
    found = world.run(queries.history, "r", "new")
    assert [(record.version, record.status) for record in found] == [(3, "superseded"), (4, "deployed")]
    assert queries.values_of(found[-1], every=True) == {"color": "d", "size": 1.0}


FAILING = (
    "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j, annotations: {helm.sh/hook: %s}}\nspec: {backoffLimit: 0, "
    "activeDeadlineSeconds: 5, template: {spec: {restartPolicy: Never, containers: [{name: c, image: nginx}]}}}\n"
)


def test_a_failing_hook_ends_the_install(world):
    with pytest.raises(FlowError) as raised:
        world.run(lifecycle.install, "r", "default", chart(j=FAILING % "pre-install", a=MAP % "a"), {})
    failure = "failed pre-install: resource Job/default/j not ready. status: Failed, message: Job Failed. failed: 1/1"
    assert str(raised.value) == failure
    assert world.revisions() == [(1, "failed", f'Release "r" failed: {failure}')]
    assert world.get(CONFIGMAPS, "a") is None


def test_there_is_nothing_before_the_first_revision(world):
    world.run(lifecycle.install, "r", "default", chart(a=MAP % "a"), {})
    with pytest.raises(FlowError, match="release has no 0 version"):
        world.run(lifecycle.rollback, "r", "default")
