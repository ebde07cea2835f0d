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
NEVER_AT_FIRST = """
            if [[ -r /data/foo ]]
            then
                exit 0
            elif [[ $JOB_COMPLETION_INDEX -eq 0 ]]
            then
                touch /data/foo
                sleep 1000000
            else
                exit 1
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
    sizes = {"parallelism": 2, "completions": 4, "backoffLimit": 6, "manualSelector": False}
    template = {"metadata": {"labels": {"job": name}}, "spec": pod}
    return {"metadata": {"name": name}, "spec": {**sizes, **spec, "template": template}}


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
    rule = {"action": "FailJob", "onExitCodes": {"containerName": "c", "operator": "In", "values": [1]}}
    done = failed(of, job("pod-failure-failjob", "exit 1", backoffLimit=6, podFailurePolicy={"rules": [rule]}))
    assert condition(done, "Failed") == "PodFailurePolicy"


def test_a_disruption_does_not_count(of: Speak):
    rule = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    jobs, pods = of("batch/v1/jobs"), of("v1/pods")
    body = job(
        "pod-failure-ignore", NEVER_AT_FIRST, node="node-1", backoffLimit=0, parallelism=1, completions=1,
        completionMode="Indexed", podFailurePolicy={"rules": [rule]},
    )  # fmt: skip
    body["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 1
    body["spec"]["template"]["metadata"]["finalizers"] = ["example.com/test-finalizer"]
    jobs.create(body)
    (running,) = pods.until_list(lambda found: len(found) == 1 and phase(found[0]) == "Running")
    name = running["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    pods.call("create", name, eviction, 201, subresource="eviction")
    gone = pods.until(name, lambda tree: phase(tree) == "Failed")
    assert any(each["type"] == "DisruptionTarget" and each["status"] == "True" for each in gone["status"]["conditions"])
    pods.patch(name, {"metadata": {"finalizers": None}})
    done = jobs.until("pod-failure-ignore", lambda tree: condition(tree, "Complete"))
    assert done["status"]["succeeded"] == 1


def test_all_indexes_run_although_some_fail(of: Speak):
    done = failed(of, job("with-backofflimit-per-index", ODD_FAIL, completionMode="Indexed", backoffLimitPerIndex=1,
                          backoffLimit=10))  # fmt: skip
    assert condition(done, "Failed") == "FailedIndexes"
    status = done["status"]
    assert (status["failedIndexes"], status["completedIndexes"]) == ("1,3", "0,2")
    assert (status["failed"], status["succeeded"]) == (4, 2)


def test_too_many_failed_indexes_end_the_job(of: Speak):
    done = failed(of, job("with-max-failed-indexes", ODD_FAIL, completionMode="Indexed", backoffLimitPerIndex=0,
                          maxFailedIndexes=0))  # fmt: skip
    assert condition(done, "Failed") == "MaxFailedIndexesExceeded"
    assert done["status"]["failed"] >= 1


def test_a_policy_fails_an_index(of: Speak):
    rule = {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [1]}}
    done = failed(of, job("failindex-action", ODD_FAIL, completionMode="Indexed", backoffLimitPerIndex=1,
                          parallelism=2, completions=2, podFailurePolicy={"rules": [rule]}))  # fmt: skip
    assert condition(done, "Failed") == "FailedIndexes"
    status = done["status"]
    assert (status["failedIndexes"], status["completedIndexes"]) == ("1", "0")
    assert (status["failed"], status["succeeded"]) == (1, 1)


@pytest.mark.parametrize(
    ("rule", "line", "indexes"),
    [
        ({"succeededIndexes": "0-1"}, "exit 0", "0,1"),
        ({"succeededIndexes": "0"}, "if [ $JOB_COMPLETION_INDEX -eq 0 ]; then exit 0; fi; sleep 1000000", "0"),
        ({"succeededCount": 1}, "if [ $JOB_COMPLETION_INDEX -eq 0 ]; then exit 0; fi; sleep 1000000", "0"),
    ],
    ids=["all", "indexes", "count"],
)
def test_success_policies(of: Speak, rule: Tree, line: str, indexes: str):
    jobs, pods = of("batch/v1/jobs"), of("v1/pods")
    body = job("with-success-policy", line, completionMode="Indexed", parallelism=2, completions=2,
               successPolicy={"rules": [rule]})  # fmt: skip
    body["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 1
    jobs.create(body)
    done = jobs.until("with-success-policy", lambda tree: condition(tree, "Complete"))
    assert condition(done, "SuccessCriteriaMet") == "SuccessPolicy"
    assert condition(done, "Complete") == "SuccessPolicy"
    assert done["status"]["completedIndexes"].replace("-", ",") == indexes
    assert not done["status"].get("active")
    pods.until_list(lambda found: not any(phase(pod) == "Running" for pod in found))


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
