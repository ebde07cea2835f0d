"""Options of install, upgrade, rollback, uninstall and test, in a whole cluster."""

import pytest

from helm.test_release_flows import HOOK, MAP, WEB, World, chart
from kubesim.helm.release.flows import lifecycle, queries
from kubesim.helm.release.flows.lifecycle import Options
from kubesim.helm.release.flows.lifecycle.uninstalling import kept_text
from kubesim.helm.release.flows.steps import FlowError, NotFoundError, Wait
from kubesim.objects.wire import CONFIGMAPS, DEPLOYMENTS, PODS, SECRETS, Gvr, Key, Request

STUCK = WEB.replace("spec: {containers:", "spec: {nodeSelector: {no: where}, containers:")
BAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Bad_Name}\n"
TEST_POD = (
    'apiVersion: v1\nkind: Pod\nmetadata:\n  name: %s\n  annotations: {helm.sh/hook: "test", '
    'helm.sh/hook-output-log-policy: "hook-succeeded,hook-failed"}\n'
    'spec:\n  restartPolicy: Never\n  containers: [{name: c, image: busybox, command: [sh, -c, "echo hi; exit %d"]}]\n'
)


@pytest.fixture
def world():
    return World()


def managers(world, gvr, name):
    return [(one["manager"], one["operation"]) for one in world.get(gvr, name)["metadata"]["managedFields"]]


def statuses(world):
    return [status for _, status, _ in world.revisions()]


def test_a_failed_install_is_taken_back(world):
    with pytest.raises(FlowError) as caught:
        world.run(
            lifecycle.install, "r", "default", chart(a=MAP % "a", w=STUCK), {},
            Options(rollback_on_failure=True, timeout=4_000),
        )  # fmt: skip
    text = str(caught.value)
    assert text.startswith(
        "release r failed, and has been uninstalled due to rollback-on-failure being set: "
        "resource Deployment/default/web not ready. status: InProgress, message: "
    )
    assert text.endswith("\ncontext deadline exceeded")
    assert world.get(CONFIGMAPS, "a") is None
    with pytest.raises(NotFoundError, match="release: not found"):
        world.run(queries.history, "r", "default")


def test_a_failed_upgrade_is_rolled_back(world):
    world.run(lifecycle.install, "r", "default", chart(a=MAP % "a", w=WEB), {})
    with pytest.raises(FlowError, match="release r failed, and has been rolled back due to rollback-on-failure"):
        world.run(
            lifecycle.upgrade, "r", "default", chart(a=MAP % "a", w=STUCK), {"color": "x"},
            Options(rollback_on_failure=True, timeout=60_000),
        )  # fmt: skip
    assert statuses(world) == ["superseded", "failed", "deployed"]
    assert world.revisions()[2][2] == "Rollback to 1"
    assert world.get(CONFIGMAPS, "a")["data"] == {"color": "red"}


@pytest.mark.parametrize("clean", [True, False], ids=["cleaned", "left"])
def test_what_a_failed_upgrade_made(world, clean):
    world.run(lifecycle.install, "r", "default", chart(a=MAP % "a"), {})
    newer = chart(a=MAP % "a", b=MAP % "b", c=BAD)
    with pytest.raises(FlowError, match="failed to create resource: server-side apply failed for object default/Bad_"):
        world.run(lifecycle.upgrade, "r", "default", newer, {}, Options(cleanup_on_fail=clean))
    assert (world.get(CONFIGMAPS, "b") is None) is clean
    assert statuses(world) == ["deployed", "failed"]


def test_an_install_makes_what_it_can_before_it_fails(world):
    with pytest.raises(FlowError, match=r"^server-side apply failed for object default/Bad_Name"):
        world.run(lifecycle.install, "r", "default", chart(a=BAD, b=MAP % "b"), {})
    assert world.get(CONFIGMAPS, "b") is not None


@pytest.mark.parametrize("mode", ["client", "server"])
def test_a_dry_run_changes_nothing(world, mode):
    before = world.cluster.store.revision
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2}\n"
    options = Options(dry_run=mode, hide_secret=True)
    record = world.run(lifecycle.install, "r", "default", chart(a=MAP % "a", s=secret), {}, options)
    assert (record.status, record.description) == ("pending-install", "Dry run complete")
    assert "# HIDDEN: The Secret output has been suppressed\n" in record.manifest
    assert "hunter2" not in record.manifest
    assert world.cluster.store.revision == before
    assert bool(world.requests) is (mode == "server")


def test_secrets_are_hidden_in_dry_runs_only(world):
    with pytest.raises(FlowError, match="hiding Kubernetes secrets requires a dry-run mode"):
        world.run(lifecycle.install, "r", "default", chart(a=MAP % "a"), {}, Options(hide_secret=True))


def test_client_side_apply_and_the_way_back(world):
    world.run(lifecycle.install, "r", "default", chart(w=WEB), {}, Options(server_side="false"))
    assert ("helm", "Update") in managers(world, DEPLOYMENTS, "web")
    key = Key(DEPLOYMENTS, "default", "web")
    drift = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "x"}]}}}}
    world.cluster.handle(Request("patch", key, body=drift, content_type="application/strategic-merge-patch+json"))
    newer = chart(w=WEB.replace("image: nginx", "image: other"))
    record = world.run(lifecycle.upgrade, "r", "default", newer, {})
    assert record.apply_method == "csa"
    containers = world.get(DEPLOYMENTS, "web")["spec"]["template"]["spec"]["containers"]
    assert sorted((one["name"], one["image"]) for one in containers) == [("c", "other"), ("side", "x")]
    record = world.run(lifecycle.upgrade, "r", "default", newer, {}, Options(server_side="true"))
    assert record.apply_method == "ssa"
    mine = [found for found in managers(world, DEPLOYMENTS, "web") if found[0] == "helm"]
    assert mine == [("helm", "Apply")]
    assert world.run(lifecycle.upgrade, "r", "default", newer, {}).apply_method == "ssa"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(server_side="false", force_conflicts=True), "forceConflicts enabled when serverSideApply disabled"),
        (Options(server_side="true", force_replace=True), "cannot use server-side apply and force replace together"),
        (Options(server_side="maybe"), "invalid/unknown release server-side apply method: maybe"),
    ],
    ids=["conflicts", "replace", "unknown"],
)
def test_ways_that_exclude_each_other(world, options, message):
    world.run(lifecycle.install, "r", "default", chart(a=MAP % "a"), {})
    with pytest.raises(FlowError, match=message):
        world.run(lifecycle.upgrade, "r", "default", chart(a=MAP % "a"), {}, options)


def test_a_field_of_another_manager(world):
    world.run(lifecycle.install, "r", "default", chart(a=MAP % "a"), {})
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"color": "mine"}}
    query = {"fieldManager": "me", "force": "true"}
    key = Key(CONFIGMAPS, "default", "a")
    world.cluster.handle(Request("patch", key, body=body, query=query, content_type="application/apply-patch+yaml"))
    with pytest.raises(FlowError, match="conflict occurred while applying object default/a /v1, Kind=ConfigMap: Apply"):
        world.run(lifecycle.upgrade, "r", "default", chart(a=MAP % "a"), {"color": "x"})
    world.run(lifecycle.upgrade, "r", "default", chart(a=MAP % "a"), {"color": "x"}, Options(force_conflicts=True))
    assert world.get(CONFIGMAPS, "a")["data"] == {"color": "x"}


def test_ownership_can_be_taken(world):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    world.cluster.handle(Request("create", Key(CONFIGMAPS, "default"), body=body))
    with pytest.raises(
        FlowError, match=r'unable to continue with install: ConfigMap "a" in namespace "default" exists'
    ):
        world.run(lifecycle.install, "r", "default", chart(a=MAP % "a"), {})
    world.run(lifecycle.install, "r", "default", chart(a=MAP % "a"), {}, Options(take_ownership=True))
    assert world.get(CONFIGMAPS, "a")["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "Helm"}


def test_hooks_are_not_marked_as_the_releases(world):
    world.run(lifecycle.install, "r", "default", chart(h=HOOK % ("h", "pre-install", 0, "before-hook-creation")), {})
    assert "labels" not in world.get(CONFIGMAPS, "h")["metadata"]


def test_what_is_kept_is_told(world):
    keep = (MAP % "kept").replace("{name: kept}", "{name: kept, annotations: {helm.sh/resource-policy: keep}}")
    world.run(lifecycle.install, "r", "default", chart(a=MAP % "a", k=keep), {})
    record = world.run(lifecycle.uninstall, "r", "default", Options(dry_run="server"))
    assert kept_text(record) == "These resources were kept due to the resource policy:\n[ConfigMap] kept\n"
    assert world.get(CONFIGMAPS, "a") is not None


def test_labels_are_merged_and_unset(world):
    world.run(lifecycle.install, "r", "default", chart(a=MAP % "a"), {}, Options(labels=(("a", "1"), ("b", "2"))))
    options = Options(labels=(("a", "null"), ("c", "3")))
    record = world.run(lifecycle.upgrade, "r", "default", chart(a=MAP % "a"), {}, options)
    assert record.labels == {"b": "2", "c": "3"}
    with pytest.raises(FlowError, match="user supplied labels contains system reserved label name"):
        world.run(lifecycle.upgrade, "r", "default", chart(a=MAP % "a"), {}, Options(labels=(("owner", "me"),)))


def test_a_name_that_is_used_again(world):
    world.run(lifecycle.install, "r", "default", chart(a=MAP % "a"), {})
    world.run(lifecycle.uninstall, "r", "default", Options(keep_history=True))
    with pytest.raises(FlowError, match="release name check failed: cannot reuse a name that is still in use"):
        world.run(lifecycle.install, "r", "default", chart(a=MAP % "a"), {})
    world.run(lifecycle.install, "r", "default", chart(a=MAP % "a"), {}, Options(replace=True))
    assert world.revisions() == [
        (1, "superseded", "superseded by new release"),
        (2, "deployed", "Install complete"),
    ]


@pytest.mark.parametrize(("code", "problem"), [(0, ""), (1, "resource Pod/default/t not ready. status: Failed")])
def test_tests_and_their_logs(world, code, problem):
    world.run(lifecycle.install, "r", "default", chart(t=TEST_POD % ("t", code), u=TEST_POD % ("u", 0)), {})
    told = []
    logs = Gvr("", "v1", "pods")

    def run(setting):
        reporting = setting._replace(report=lambda level, text, attributes: told.append((level, text)))
        return lifecycle.run_tests(reporting, "r", "default", 60_000, without=["u"])

    done = drive(world, run(world.setting), logs)
    assert done.problem.startswith(problem)
    assert bool(done.problem) is bool(problem)
    phases = [(tree["name"], tree["last_run"]["phase"]) for tree in done.record.hooks]
    assert phases == [("u", ""), ("t", "Failed" if code else "Succeeded")]
    assert ("INFO", "hi") in told
    assert world.get(PODS, "u") is None


def drive(world, steps, pods, code=200, text="hi\n"):
    """Carry out a flow in a cluster whose containers have all printed the same."""
    answer = None
    while True:
        try:
            step = steps.send(answer)
        except StopIteration as done:
            return done.value
        if isinstance(step, Wait):
            world.cluster.advance(step.milliseconds)
            answer = None
        elif step.subresource == "log":
            assert step.key.gvr == pods
            answer = world.cluster.handle(step)._replace(code=code, body=text)
        else:
            answer = world.cluster.handle(step)


def finish(world, steps, step):
    while True:
        step = steps.send(world.cluster.handle(step))


def test_a_cancelled_install_is_noted(world):
    steps = lifecycle.install(world.setting, "r", "default", chart(w=STUCK), {}, Options(wait=True))
    answer = None
    step = steps.send(None)
    while not isinstance(step, Wait):
        answer = world.cluster.handle(step)
        step = steps.send(answer)
    step = steps.throw(FlowError("context canceled"))
    with pytest.raises(FlowError, match=r"^context canceled$"):
        finish(world, steps, step)
    assert world.revisions() == [(1, "failed", 'Release "r" failed: context canceled')]


def test_a_missing_namespace(world):
    with pytest.raises(FlowError, match='create: failed to create: namespaces "nowhere" not found'):
        world.run(lifecycle.install, "r", "nowhere", chart(a=MAP % "a"), {})
    world.run(lifecycle.install, "r", "nowhere", chart(a=MAP % "a"), {}, Options(create_namespace=True))
    assert world.get(SECRETS, "sh.helm.release.v1.r.v1", "nowhere") is not None


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("kind: Nope\napiVersion: v1\nmetadata: {name: x}\n", 'no matches for kind "Nope" in version "v1"'),
        ("apiVersion: v1\nmetadata: {name: x}\n", "Object 'Kind' is missing in"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: true}\n",
         "cannot unmarshal bool into Go struct field ObjectMeta.metadata.name of type string"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, labels: {a: 1}}\n",
         "cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"),
    ],
    ids=["kind", "no kind", "name", "label"],
)  # fmt: skip
def test_manifests_that_are_none(world, manifest, message):
    with pytest.raises(FlowError, match="unable to build kubernetes objects from release manifest: ") as caught:
        world.run(lifecycle.install, "r", "default", chart(a=manifest), {})
    assert message in str(caught.value)
    assert world.run(queries.list_releases) == []


def test_logs_that_cannot_be_had_do_not_fail_a_hook(world):
    hook = TEST_POD.replace('"test"', '"pre-install"') % ("t", 0)
    told = []
    setting = world.setting._replace(report=lambda level, text, attributes: told.append((level, text)))
    steps = lifecycle.install(setting, "r", "default", chart(t=hook), {})
    assert drive(world, steps, PODS, code=404, text={}).status == "deployed"
    text = "error outputting logs for hook failure: failed to stream pod logs for pod: t, container: c"
    assert ("WARN", text) in told
