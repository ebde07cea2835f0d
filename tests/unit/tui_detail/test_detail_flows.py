"""Flows driven step by step: what they send, what they say, how they fail, and how they are undone."""

import pytest

from kubesim.objects.wire import NODES, PODS, Gvr, Key, Request, Response
from kubetui.model import flows
from kubetui.model.flows import Done, Progress, Undo, Wait
from kubetui.model.flows.objects import recreated
from kubetui.model.flows.steps import singular

DEPLOYMENTS = Gvr("apps", "v1", "deployments")
CRONJOBS = Gvr("batch", "v1", "cronjobs")
WEB = Key(DEPLOYMENTS, "shop", "web")
POD = Key(PODS, "shop", "web-1")


def status(code, message, reason=""):
    return Response(code, {"kind": "Status", "code": code, "message": message, "reason": reason})


def ok(body=None):
    return Response(200, body or {})


class Run:
    """Drives a flow with answers in order; keeps what it sent, said and waited for."""

    def __init__(self, flow, *answers):
        self.sent, self.said, self.waited = [], [], []
        waiting = list(answers)
        reply = None
        while True:
            try:
                step = flow.send(reply)
            except StopIteration as end:
                self.done = end.value
                break
            reply = None
            if isinstance(step, Request):
                self.sent.append(step)
                reply = waiting.pop(0)
                reply = reply(step) if callable(reply) else reply
            elif isinstance(step, Wait):
                self.waited.append(step.ms)
            else:
                assert isinstance(step, Progress)
                self.said.append(step.text)
        assert not waiting

    @property
    def verbs(self):
        return [(each.verb, each.key.gvr.resource, each.subresource) for each in self.sent]


def deployment(**spec):
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app", "image": "web:1"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "5", "annotations": {}},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
    }


# ---------------------------------------------------------------------- workloads
def test_scale_and_its_undo():
    run = Run(flows.scale(WEB, 5), ok({"spec": {"replicas": 3}}), ok())
    assert run.verbs == [("get", "deployments", "scale"), ("patch", "deployments", "scale")]
    assert run.sent[1].body == {"spec": {"replicas": 5}}
    assert run.sent[1].note == "scale deployment.apps/web 3→5"
    assert run.done.message == "deployment.apps/web scaled: 3 → 5"
    assert run.done.undo.requests[0].body == {"spec": {"replicas": 3}}


def test_the_servers_message_ends_a_flow():
    run = Run(flows.scale(WEB, 5), status(404, 'deployments.apps "web" not found'))
    assert run.done == Done('deployments.apps "web" not found', None, failed=True)


def test_set_image_sends_only_what_is_named():
    run = Run(flows.set_image(WEB, {"app": "web:2"}), ok(deployment()), ok())
    assert run.sent[1].body == {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "web:2"}]}}}}
    undo = run.done.undo.requests[0].body
    assert undo["spec"]["template"]["spec"]["containers"] == [{"name": "app", "image": "web:1"}]
    assert run.done.message == "deployment.apps/web image updated"


def test_set_image_of_an_unknown_container():
    run = Run(flows.set_image(WEB, {"nope": "web:2"}), ok(deployment()))
    assert run.done.message == 'unable to find container named "nope"'
    assert run.done.failed


def test_restart_stamps_the_template_with_the_time():
    run = Run(flows.restart(WEB, 1_700_000_000_000), ok(deployment()), ok())
    stamped = run.sent[1].body["spec"]["template"]["metadata"]["annotations"]
    assert stamped == {"kubectl.kubernetes.io/restartedAt": "2023-11-14T22:13:20Z"}
    back = run.done.undo.requests[0].body["spec"]["template"]["metadata"]["annotations"]
    assert back == {"kubectl.kubernetes.io/restartedAt": None}


def test_a_paused_deployment_is_not_restarted():
    run = Run(flows.restart(WEB, 0), ok(deployment(paused=True)))
    assert run.done.message == 'deployments.apps "web" can\'t restart paused deployment (run rollout resume first)'


def replica_set(name, revision, image):
    template = {
        "metadata": {"labels": {"app": "web", "pod-template-hash": name}},
        "spec": {"containers": [{"name": "app", "image": image}]},
    }
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "u", "controller": True}
    annotations = {"deployment.kubernetes.io/revision": str(revision), "note": image}
    return {
        "metadata": {"name": name, "ownerReferences": [owner], "annotations": annotations},
        "spec": {"template": template},
    }


HISTORY = {"items": [replica_set("a", 1, "web:0"), replica_set("b", 2, "web:1")]}


def test_rollback_puts_the_old_template_back_without_its_hash():
    run = Run(flows.rollback(WEB, 1), ok(deployment()), ok(HISTORY), ok())
    template, annotations = run.sent[2].body
    assert template["value"]["spec"]["containers"][0]["image"] == "web:0"
    assert template["value"]["metadata"]["labels"] == {"app": "web"}
    assert annotations["value"] == {"note": "web:0"}
    assert run.done.message == "deployment.apps/web rolled back"
    assert run.done.undo.requests[0].body[0]["value"] == deployment()["spec"]["template"]


@pytest.mark.parametrize(
    ("revision", "history", "message"),
    [
        (7, HISTORY, "unable to find specified revision 7 in history"),
        (0, {"items": HISTORY["items"][1:]}, 'no rollout history found for deployment "web"'),
        (2, HISTORY, "skipped rollback (current template already matches revision 2)"),
    ],
    ids=["unknown", "no-history", "same"],
)
def test_rollback_refused(revision, history, message):
    assert Run(flows.rollback(WEB, revision), ok(deployment()), ok(history)).done.message == message


def test_without_a_revision_the_one_before_is_taken():
    run = Run(flows.rollback(WEB), ok(deployment()), ok(HISTORY), ok())
    assert run.sent[2].note == "roll back deployment.apps/web to revision 1"


def test_suspend_and_resume():
    key = Key(CRONJOBS, "shop", "nightly")
    run = Run(flows.suspend(key), ok({"spec": {"suspend": True}}), ok())
    assert run.sent[1].body == {"spec": {"suspend": False}}
    assert run.done.message == "cronjob.batch/nightly resumed"


def test_trigger_makes_a_job_of_the_template():
    cron = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "nightly", "uid": "c"},
        "spec": {"jobTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": {"parallelism": 2}}},
    }
    run = Run(flows.trigger(Key(CRONJOBS, "shop", "nightly"), 1_700_000_000_000), ok(cron), ok())
    job = run.sent[1].body
    assert job["metadata"]["annotations"] == {"cronjob.kubernetes.io/instantiate": "manual"}
    assert job["metadata"]["ownerReferences"][0]["uid"] == "c"
    assert job["spec"] == {"parallelism": 2}
    assert run.done.undo.requests[0].verb == "delete"


# ---------------------------------------------------------------------- objects
def bare_pod(**more):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web-1", "namespace": "shop", "uid": "p", "resourceVersion": "3", "labels": {"a": "b"}},
        "spec": {"nodeName": "wk-1", "containers": []},
        "status": {"phase": "Running"},
        **more,
    }


def controlled_pod(kind="ReplicaSet", name="web-7d9"):
    pod = bare_pod()
    owner = {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "r", "controller": True}
    return {**pod, "metadata": {**pod["metadata"], "ownerReferences": [owner]}}


def test_delete_and_what_brings_it_back():
    run = Run(flows.delete([POD]), ok(bare_pod()), ok())
    assert run.sent[1].body["propagationPolicy"] == "Background"
    assert run.done.message == 'pod "web-1" deleted from shop namespace'
    again = run.done.undo.requests[0]
    assert (again.verb, again.key) == ("create", Key(PODS, "shop"))
    assert again.body == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web-1", "namespace": "shop", "labels": {"a": "b"}},
        "spec": {"containers": []},
    }


def test_what_its_controller_replaces_is_not_made_again():
    assert Run(flows.delete([POD]), ok(controlled_pod()), ok()).done.undo is None


def test_delete_of_several_stops_at_the_first_failure_and_can_undo_the_rest():
    keys = [Key(DEPLOYMENTS, "shop", "web"), POD]
    run = Run(flows.delete(keys), ok(deployment()), ok(), status(403, "pods is forbidden"))
    assert run.done.failed
    assert run.done.message == "pods is forbidden"
    assert run.said == ['deployment.apps "web" deleted from shop namespace']
    assert len(run.done.undo.requests) == 1


def test_kill_gives_no_grace():
    run = Run(flows.kill([POD]), ok(bare_pod()), ok())
    assert run.sent[1].body["gracePeriodSeconds"] == 0
    assert run.done.message == 'pod "web-1" force deleted from shop namespace'


def test_recreated_keeps_the_object_as_it_is():
    pod = bare_pod()
    recreated(pod)
    assert pod["spec"]["nodeName"] == "wk-1"


def test_create():
    run = Run(flows.create(deployment(), DEPLOYMENTS), Response(201, deployment()))
    assert run.sent[0].key == Key(DEPLOYMENTS, "shop")
    assert run.sent[0].query["fieldValidation"] == "Strict"
    assert run.done.message == "deployment.apps/web created"
    assert run.done.undo.requests[0].key == WEB


def test_an_edit_is_carried_over_when_the_object_moved_on():
    base = deployment()
    edited = deployment(replicas=5)
    newest = {**base, "metadata": {**base["metadata"], "resourceVersion": "9", "labels": {"new": "1"}}}
    run = Run(flows.apply_edited(WEB, base, edited), status(409, "conflict"), ok(newest), ok())
    assert run.sent[2].body["spec"]["replicas"] == 5
    assert run.sent[2].body["metadata"]["labels"] == {"new": "1"}
    assert run.sent[2].body["metadata"]["resourceVersion"] == "9"
    assert run.said == ["deployment.apps/web was changed meanwhile; the edit was carried over"]
    assert run.done.message == "deployment.apps/web edited"
    assert "resourceVersion" not in run.done.undo.requests[0].body["metadata"]


def test_an_edit_of_the_same_place_is_refused():
    run = Run(
        flows.apply_edited(WEB, deployment(), deployment(replicas=5)),
        status(409, "conflict"),
        ok(deployment(replicas=7)),
    )
    assert run.done.message == "deployment.apps/web was changed meanwhile in the same place: spec.replicas"
    assert run.done.failed


def test_nothing_edited():
    assert Run(flows.apply_edited(WEB, deployment(), deployment())).done.message == "Edit cancelled, no changes made."


KINDS = {("v1", "Pod"): (PODS, True), ("apps/v1", "Deployment"): (DEPLOYMENTS, True)}


def test_apply_manifests():
    before = deployment()
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {}}
    run = Run(
        flows.apply_manifests([deployment(replicas=4), pod], KINDS, "shop"),
        ok(before),
        ok(),
        status(404, "no"),
        ok(pod),
    )
    assert run.said == ["deployment.apps/web configured", "pod/p created"]
    assert run.sent[1].body["spec"]["replicas"] == 4
    assert run.sent[3].body["metadata"]["namespace"] == "shop"
    assert run.done.message == "2 objects applied"
    assert [each.verb for each in run.done.undo.requests] == ["delete", "update"]


def test_apply_takes_out_what_was_taken_out_of_the_manifest_and_keeps_what_others_added():
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "labels": {"a": "1", "b": "1"}},
        "spec": {},
    }
    first = Run(flows.apply_manifests([manifest], KINDS), status(404, "no"), ok())
    stored = first.sent[1].body
    stored = {**stored, "spec": {"nodeName": "wk-1"}, "metadata": {**stored["metadata"], "uid": "u"}}
    again = Run(flows.apply_manifests([manifest], KINDS), ok(stored))
    assert again.done == Done("pod/p unchanged", None)
    less = {**manifest, "metadata": {"name": "p", "labels": {"a": "1"}}}
    changed = Run(flows.apply_manifests([less], KINDS), ok(stored), ok())
    assert changed.sent[1].body["metadata"]["labels"] == {"a": "1"}
    assert changed.sent[1].body["spec"] == {"nodeName": "wk-1"}
    assert changed.done.message == "pod/p configured"


def test_apply_of_an_unknown_kind():
    run = Run(flows.apply_manifests([{"apiVersion": "x/v1", "kind": "Odd", "metadata": {"name": "a"}}], KINDS))
    assert run.done.message == 'no matches for kind "Odd" in version "x/v1"'


# ---------------------------------------------------------------------- nodes
def node(**spec):
    return {"metadata": {"name": "wk-1"}, "spec": spec}


def test_cordon_and_uncordon():
    run = Run(flows.cordon("wk-1"), ok(node()), ok())
    assert run.sent[1].body == {"spec": {"unschedulable": True}}
    assert run.done.message == "node/wk-1 cordoned"
    assert run.done.undo.requests[0].body == {"spec": {"unschedulable": None}}
    assert Run(flows.uncordon("wk-1"), ok(node())).done.message == "node/wk-1 already uncordoned"
    assert Run(flows.cordon("wk-1"), ok(node(unschedulable=True))).done.message == "node/wk-1 already cordoned"


GONE = status(404, 'pods "web-1" not found')


def test_drain_evicts_and_waits_until_the_pod_is_gone():
    pod = controlled_pod()
    run = Run(flows.drain("wk-1"), ok(node()), ok(), ok({"items": [pod]}), Response(201, {}), ok(pod), ok(pod), GONE)
    assert run.verbs[3:] == [("create", "pods", "eviction")] + [("get", "pods", "")] * 3
    assert run.sent[2].query == {"fieldSelector": "spec.nodeName=wk-1"}
    assert run.sent[3].body["kind"] == "Eviction"
    assert run.sent[3].body["apiVersion"] == "policy/v1"
    assert run.said == ["node/wk-1 cordoned", "evicting pod shop/web-1", "pod/web-1 evicted"]
    assert run.waited == [1000, 1000]
    assert run.done.message == "node/wk-1 drained"
    assert run.done.undo.requests[0].body == {"spec": {"unschedulable": None}}


BUDGET = "Cannot evict pod as it would violate the pod's disruption budget."


def test_drain_tries_again_every_five_seconds_while_a_budget_forbids_it():
    answers = [
        ok(node()),
        ok(),
        ok({"items": [controlled_pod()]}),
        status(429, BUDGET),
        status(429, BUDGET),
        ok(),
        GONE,
    ]
    run = Run(flows.drain("wk-1"), *answers)
    retry = f'error when evicting pods/"web-1" -n "shop" (will retry after 5s): {BUDGET}'
    assert run.said[1:] == ["evicting pod shop/web-1", retry] * 2 + ["evicting pod shop/web-1", "pod/web-1 evicted"]
    assert run.waited == [5000, 5000]


def test_drain_leaves_daemonset_pods_and_mirror_pods():
    daemon = controlled_pod("DaemonSet", "agent")
    mirror = bare_pod(metadata={"name": "m", "namespace": "shop", "annotations": {"kubernetes.io/config.mirror": "x"}})
    run = Run(flows.drain("wk-1"), ok(node()), ok(), ok({"items": [daemon, mirror]}), ok({}))
    assert run.said == ["node/wk-1 cordoned", "WARNING: ignoring DaemonSet-managed Pods: shop/web-1"]
    assert run.done.message == "node/wk-1 drained"


@pytest.mark.parametrize(
    ("pod", "options", "message"),
    [
        (
            controlled_pod("DaemonSet", "agent"),
            flows.DrainOptions(ignore_daemonsets=False),
            "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): shop/web-1",
        ),
        (
            bare_pod(),
            flows.DrainOptions(force=False),
            "cannot delete Pods that declare no controller (use --force to override): shop/web-1",
        ),
        (
            {**controlled_pod(), "spec": {"volumes": [{"name": "tmp", "emptyDir": {}}]}},
            flows.DrainOptions(delete_emptydir_data=False),
            "cannot delete Pods with local storage (use --delete-emptydir-data to override): shop/web-1",
        ),
    ],
    ids=["daemonset", "no-controller", "local-storage"],
)
def test_drain_refused(pod, options, message):
    answers = [ok(node()), ok(), ok({"items": [pod]})]
    if "DaemonSet" in message:
        answers.append(ok({}))
    run = Run(flows.drain("wk-1", options), *answers)
    assert run.said[-1] == 'error: unable to drain node "wk-1", aborting command...'
    assert run.done.message == message
    assert run.done.undo is not None


def test_drain_gives_up_at_its_timeout():
    pod = controlled_pod()
    answers = [ok(node()), ok(), ok({"items": [pod]}), ok(), *[ok(pod)] * 3]
    run = Run(flows.drain("wk-1", flows.DrainOptions(timeout_ms=2000)), *answers)
    assert run.waited == [1000, 1000]
    assert run.done.message == (
        'error when waiting for pod "web-1" in namespace "shop" to terminate: global timeout reached: 2s'
    )


def test_drain_by_deleting():
    options = flows.DrainOptions(disable_eviction=True, grace_seconds=7)
    run = Run(flows.drain("wk-1", options), ok(node()), ok(), ok({"items": [controlled_pod()]}), ok(), GONE)
    assert run.sent[3].verb == "delete"
    assert run.sent[3].body["gracePeriodSeconds"] == 7
    assert run.said[-1] == "pod/web-1 deleted"


def test_evict():
    assert Run(flows.evict(POD), status(429, BUDGET)).done.message == BUDGET


# ---------------------------------------------------------------------- faults
def test_crash_a_node_and_undo():
    run = Run(flows.crash_node("wk-2"), Response(201, {}))
    body = run.sent[0].body
    assert body["metadata"] == {"name": "nodecrash-wk-2"}
    assert body["spec"] == {"type": "NodeCrash", "target": {"kind": "Node", "name": "wk-2"}}
    assert run.sent[0].note == "crash wk-2"
    undo = run.done.undo.requests[0]
    assert (undo.verb, undo.key.name) == ("delete", "nodecrash-wk-2")


def test_kill_containers_cannot_be_undone():
    run = Run(flows.kill_containers("shop", "web-1"), Response(201, {}))
    assert run.sent[0].body["spec"]["target"] == {"kind": "Pod", "name": "web-1", "namespace": "shop"}
    assert run.done.undo is None
    assert run.done.message == "containers of shop/web-1 killed"


def test_restore_a_node_ends_all_its_faults_and_only_those():
    faults = [{**flows.fault_body(kind, Key(NODES, "", name)), "status": {}} for kind, name in (
        ("NodeCrash", "wk-2"), ("NetworkPartition", "wk-2"), ("NodeCrash", "wk-1"),
    )]  # fmt: skip
    run = Run(flows.restore_node("wk-2"), ok({"items": faults}), ok(), ok())
    assert [each.key.name for each in run.sent[1:]] == ["nodecrash-wk-2", "networkpartition-wk-2"]
    assert run.done.message == "2 faults ended"
    assert [each.body["spec"]["type"] for each in run.done.undo.requests] == ["NodeCrash", "NetworkPartition"]


def test_nothing_to_mend():
    assert Run(flows.mend_all(), ok({"items": []})).done.message == "nothing is broken"


def test_who_will_be_hit():
    pods = [controlled_pod(), {**bare_pod(), "status": {"phase": "Succeeded"}}]
    assert flows.blast_radius(Key(NODES, "", "wk-1"), pods) == ["shop/web-1"]
    busy = bare_pod(spec={"containers": [{"name": "app"}, {"name": "side"}]})
    assert flows.blast_radius(POD, [busy]) == ["web-1:app", "web-1:side"]


# ---------------------------------------------------------------------- undo
def test_undo_waits_for_the_old_object_to_leave():
    undo = Undo("pod deleted", (Request("create", Key(PODS, "shop"), "", {}),))
    run = Run(flows.undo_flow(undo), status(409, "exists"), status(409, "exists"), Response(201, {}))
    assert run.waited == [1000, 1000]
    assert run.done.message == "undone: pod deleted"


def test_undo_of_what_is_gone_already():
    undo = Undo("crash wk-2", (Request("delete", Key(NODES, "", "x")),))
    assert not Run(flows.undo_flow(undo), status(404, "not found")).done.failed


def test_undo_fails_with_the_servers_words():
    undo = Undo("scale", (Request("patch", WEB),))
    assert Run(flows.undo_flow(undo), status(403, "no")).done == Done("no", None, failed=True)


async def test_the_driver():
    waited, shown = [], []

    async def send(request):
        answers = {"list": ok({"items": []}), "get": ok(node()), "patch": ok()}
        return answers[request.verb]

    async def wait(ms):
        waited.append(ms)

    done = await flows.drive(flows.drain("wk-1"), send, wait, shown.append)
    assert done.message == "node/wk-1 drained"
    assert shown == ["node/wk-1 cordoned"]


@pytest.mark.parametrize(
    ("resource", "wanted"),
    [("pods", "pod"), ("ingresses", "ingress"), ("networkpolicies", "networkpolicy"), ("endpoints", "endpoints")],
)
def test_singular(resource, wanted):
    assert singular(Gvr("", "v1", resource)) == wanted
