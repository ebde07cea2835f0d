"""sig-apps: jobs whose containers fail or succeed by what their shell lines say - indexes, policies, limits."""

from typing import Any

import pytest

from conformance.conftest import Speak
from conformance.manifests import PAUSE, phase
from conformance.ways import Tree

BUSYBOX = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1"
ODD_FAIL = """
            if [ $(expr ${JOB_COMPLETION_INDEX} % 2) -ne 0 ]; then
                exit 1
            else
                exit 0
            fi
            """
ONCE = """
            if [[ -r /data/foo ]]
            then
                exit 0
            else
                touch /data/foo
                exit 1
            fi
        """
MARKED = """
            if [[ -r /data/foo-$JOB_COMPLETION_INDEX ]]
            then
                exit 0
            else
                touch /data/foo-$JOB_COMPLETION_INDEX
                sleep 1000000
            fi
        """


def job(name: str, line: str = "", restart: str = "Never", node: str = "", **spec: Any) -> Tree:
    """A job of the tests: without a line it never ends."""
    container: Tree = {
        "name": "c",
        "image": BUSYBOX,
        "command": ["/bin/sh", "-c"],
        "args": [line],
        "securityContext": {},
    }
    if not line:
        container = {"name": "c", "image": PAUSE, "securityContext": {}}
    volume: Tree = {"name": "data", "emptyDir": {}}
    if node:
        volume = {"name": "data", "hostPath": {"path": f"/tmp/job-e2e/{name}", "type": "DirectoryOrCreate"}}
    container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    pod: Tree = {"restartPolicy": restart, "volumes": [volume], "containers": [container]}
    if node:
        pod["nodeSelector"] = {"kubernetes.io/hostname": node}
        container["securityContext"] = {"privileged": True}
    sizes = {"parallelism": 2, "completions": 4, "backoffLimit": 6, "manualSelector": False}
    template = {"metadata": {"labels": {"job": name}}, "spec": pod}
    asked = {key: value for key, value in {**sizes, **spec, "template": template}.items() if value is not None}
    return {"metadata": {"name": name}, "spec": asked}


def condition(tree: Tree, kind: str) -> str:
    """The reason of a condition that holds, or ""; "-" for one without a reason."""
    found = [each for each in tree.get("status", {}).get("conditions", ()) if each["type"] == kind]
    return next((each.get("reason") or "-" for each in found if each["status"] == "True"), "")


def completed(of: Speak, body: Tree, count: int = 4) -> Tree:
    jobs = of("batch/v1/jobs")
    jobs.create(body)
    done = jobs.until(body["metadata"]["name"], lambda tree: condition(tree, "Complete"))
    assert done["status"]["succeeded"] == count
    return done


def failed(of: Speak, body: Tree) -> Tree:
    jobs = of("batch/v1/jobs")
    jobs.create(body)
    return jobs.until(body["metadata"]["name"], lambda tree: condition(tree, "Failed"))


INDEX = "batch.kubernetes.io/job-completion-index"


def test_pods_of_an_indexed_job_have_indexes_and_host_names(of: Speak):
    completed(of, job("indexed-job", "exit 0", completionMode="Indexed"))
    pods = [pod for pod in of("v1/pods").items() if phase(pod) == "Succeeded"]
    named = {pod["metadata"]["annotations"][INDEX]: pod["spec"]["hostname"] for pod in pods}
    assert named == {str(number): f"indexed-job-{number}" for number in range(4)}


def test_what_fails_once_is_restarted_where_it_is(of: Speak):
    completed(of, job("fail-once-local", ONCE, "OnFailure"))


def test_what_fails_once_is_made_again_on_its_node(of: Speak):
    completed(of, job("fail-once-non-local", ONCE, node="node-1", parallelism=1, completions=1), 1)


def test_an_exit_code_fails_the_job(of: Speak):
    rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1]}}
    done = failed(of, job("pod-failure-failjob", ONCE, node="node-1", podFailurePolicy={"rules": [rule]}))
    assert condition(done, "Failed") == "PodFailurePolicy"


def test_a_disruption_does_not_count(of: Speak):
    rule = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    jobs, pods, name = of("batch/v1/jobs"), of("v1/pods"), "evicted-pod-ignore-on-disruption-condition"
    jobs.create(job(
        name, MARKED, node="node-1", backoffLimit=2, parallelism=3, completions=3, completionMode="Indexed",
        podFailurePolicy={"rules": [rule]},
    ))  # fmt: skip
    jobs.until(name, lambda tree: tree["status"].get("ready") == 3)
    names = pods.names()
    assert len(names) == 3
    for each in names:
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": each}}
        pods.call("create", each, eviction, 201, subresource="eviction")
    for each in names:
        pods.until_gone(each)
    done = jobs.until(name, lambda tree: condition(tree, "Complete"))
    assert (condition(done, "Complete"), done["status"]["succeeded"]) == ("CompletionsReached", 3)


def test_all_indexes_run_although_some_fail(of: Speak):
    done = failed(of, job("with-backofflimit-per-index", ODD_FAIL, completionMode="Indexed", backoffLimitPerIndex=1,
                          backoffLimit=None))  # fmt: skip
    assert condition(done, "Failed") == "FailedIndexes"
    status = done["status"]
    assert (status["failedIndexes"], status["completedIndexes"]) == ("1,3", "0,2")
    assert (status["failed"], status["succeeded"]) == (4, 2)


def test_too_many_failed_indexes_end_the_job(of: Speak):
    done = failed(of, job("with-max-failed-indexes", "exit 1", completionMode="Indexed", backoffLimitPerIndex=0,
                          maxFailedIndexes=0, parallelism=1, backoffLimit=None))  # fmt: skip
    assert condition(done, "Failed") == "MaxFailedIndexesExceeded"
    assert (done["status"]["failedIndexes"], done["status"]["failed"]) == ("0", 1)


def test_a_policy_fails_an_index(of: Speak):
    rule = {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [1]}}
    done = failed(of, job("failindex-action", ODD_FAIL, completionMode="Indexed", backoffLimitPerIndex=1,
                          completions=2, backoffLimit=None, podFailurePolicy={"rules": [rule]}))  # fmt: skip
    assert condition(done, "Failed") == "FailedIndexes"
    status = done["status"]
    assert (status["failedIndexes"], status["completedIndexes"]) == ("1", "0")
    assert (status["failed"], status["succeeded"]) == (1, 1)


SHELL = "/bin/sh without anything to do"
"""The tests name no behaviour that there is: the image's own command is a shell, which ends at once."""


@pytest.mark.parametrize(
    ("rule", "line", "sizes", "indexes"),
    [
        ({"succeededCount": 2}, SHELL, {"completions": 2}, "0,1"),
        ({"succeededIndexes": "0"}, ODD_FAIL, {"completions": 5}, "0"),
        ({"succeededCount": 1}, ODD_FAIL, {"completions": 5, "backoffLimit": 2**31 - 1}, "0"),
    ],
    ids=["all", "indexes", "count"],
)
def test_success_policies(of: Speak, rule: Tree, line: str, sizes: dict[str, int], indexes: str):
    jobs = of("batch/v1/jobs")
    body = job("with-success-policy", line, completionMode="Indexed", successPolicy={"rules": [rule]}, **sizes)
    if line == SHELL:
        container = body["spec"]["template"]["spec"]["containers"][0]
        del container["command"], container["args"]
    jobs.create(body)
    done = jobs.until("with-success-policy", lambda tree: condition(tree, "Complete"))
    assert condition(done, "SuccessCriteriaMet") == "SuccessPolicy"
    assert condition(done, "Complete") == "SuccessPolicy"
    status = done["status"]
    assert (status["completedIndexes"].replace("-", ","), status["succeeded"]) == (indexes, len(indexes.split(",")))
    assert [status.get(name, 0) for name in ("active", "ready", "terminating")] == [0, 0, 0]
    assert line != SHELL or not status.get("failed")


def test_a_job_that_was_changed_while_suspended(of: Speak):
    jobs = of("batch/v1/jobs")
    since = jobs.revision()
    made = jobs.create({**job("life", "exit 0", suspend=True), "metadata": {"name": "life", "labels": {"e2e": "x"}}})
    assert made["metadata"].get("annotations") is None
    jobs.patch("life", {"metadata": {"labels": {"life": "patched"}}}, "strategic")
    fresh = jobs.get("life")
    # The tests write into the annotations without making the map: the tracking annotation is expected to be there.
    fresh["spec"]["suspend"] = False
    fresh["metadata"]["annotations"] = {"updated": "true"}
    jobs.update(fresh)
    done = jobs.until("life", lambda tree: condition(tree, "Complete"))
    assert done["status"]["succeeded"] == 4
    jobs.call("deletecollection", body={"propagationPolicy": "Background"}, query={"labelSelector": "e2e=x"})
    jobs.until_gone("life")
    assert jobs.types(since, labelSelector="e2e=x")[-1] == "DELETED"
