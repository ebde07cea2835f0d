"""What the status of objects says about their progress: the watcher's words, hooks' ends, and the older checks."""

import pytest

from kubesim.helm.release.flows.readiness import legacy_ready, outcome, readiness
from kubesim.helm.release.flows.steps import FlowError
from kubesim.objects.times import parse_time

NOW = parse_time("2026-01-01T00:01:00Z") or 0
GOOD = [
    {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
    {"type": "Available", "status": "True"},
]
FULL = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2, "conditions": GOOD}


def tree(kind, status=None, spec=None, **metadata):
    group = {
        "Deployment": "apps/",
        "StatefulSet": "apps/",
        "DaemonSet": "apps/",
        "ReplicaSet": "apps/",
        "Job": "batch/",
    }
    version = group.get(kind, "") + "v1"
    if kind == "CustomResourceDefinition":
        version = "apiextensions.k8s.io/v1"
    if kind == "Widget":
        version = "example.com/v1"
    return {
        "apiVersion": version, "kind": kind, "metadata": {"name": "x", "generation": 1, **metadata},
        "spec": spec or {}, "status": status or {},
    }  # fmt: skip


def deployment(**status):
    return tree("Deployment", {**FULL, **status}, {"replicas": 2, "progressDeadlineSeconds": 600})


def condition(name, status="True", **more):
    return {"conditions": [{"type": name, "status": status, **more}]}


CASES = [
    ("deployment done", deployment(), "Current", "Deployment is available. Replicas: 2"),
    ("deployment short", deployment(replicas=1), "InProgress", "Replicas: 1/2"),
    ("deployment old", deployment(updatedReplicas=1), "InProgress", "Updated: 1/2"),
    ("deployment surplus", deployment(replicas=3), "InProgress", "Pending termination: 1"),
    ("deployment unavailable", deployment(availableReplicas=0), "InProgress", "Available: 0/2"),
    ("deployment unready", deployment(readyReplicas=1), "InProgress", "Ready: 1/2"),
    ("deployment no replica set", deployment(conditions=GOOD[1:]), "InProgress", "ReplicaSet not Available"),
    ("deployment not available", deployment(conditions=GOOD[:1]), "InProgress", "Deployment not Available"),
    ("deployment late", deployment(conditions=[{"type": "Progressing", "status": "False",
     "reason": "ProgressDeadlineExceeded"}]), "Failed", "Progress deadline exceeded"),
    ("unobserved", deployment(observedGeneration=0), "InProgress",
     "Deployment generation is 1, but latest observed generation is 0"),
    ("leaving", tree("ConfigMap", deletionTimestamp="x"), "Terminating", "Resource scheduled for deletion"),
    ("config map", tree("ConfigMap"), "Current", "Resource is always ready"),
    ("stateful set", tree("StatefulSet", {"replicas": 1, "readyReplicas": 1, "currentReplicas": 1}, {"replicas": 1}),
     "Current", "All replicas scheduled as expected. Replicas: 1"),
    ("stateful set behind", tree("StatefulSet", {"replicas": 1, "readyReplicas": 1, "currentReplicas": 1,
     "updateRevision": "b"}, {"replicas": 1}), "InProgress", "Waiting for updated revision to match current"),
    ("on delete", tree("StatefulSet", {}, {"updateStrategy": {"type": "OnDelete"}}), "Current",
     "StatefulSet is using the ondelete update strategy"),
    ("daemon set", tree("DaemonSet", {"observedGeneration": 1, "desiredNumberScheduled": 2, "currentNumberScheduled": 2,
     "updatedNumberScheduled": 2, "numberAvailable": 1}), "InProgress", "Available: 1/2"),
    ("replica set", tree("ReplicaSet", {"replicas": 1, "fullyLabeledReplicas": 1, "availableReplicas": 1}),
     "InProgress", "Ready: 0/1"),
    ("pod ready", tree("Pod", {"phase": "Running", **condition("Ready")}), "Current", "Pod is Ready"),
    ("pod running", tree("Pod", {"phase": "Running"}), "InProgress", "Pod is running but is not Ready"),
    ("pod crashing", tree("Pod", {"phase": "Running", "containerStatuses": [{"name": "c",
     "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}), "Failed", "Containers in CrashLoop state: c"),
    ("pod without place", tree("Pod", {"phase": "Pending", **condition("PodScheduled", "False", reason="Unschedulable",
     lastTransitionTime="2026-01-01T00:00:50Z")}), "InProgress", "Pod has not been scheduled"),
    ("pod long without place", tree("Pod", {"phase": "Pending", **condition("PodScheduled", "False",
     reason="Unschedulable", lastTransitionTime="2026-01-01T00:00:30Z")}), "Failed", "Pod could not be scheduled"),
    ("claim", tree("PersistentVolumeClaim", {"phase": "Pending"}), "InProgress", "PVC is not Bound. phase: Pending"),
    ("service", tree("Service", {}, {"clusterIP": "10.0.0.1"}), "Current", "Service is ready"),
    ("job begun", tree("Job", {"startTime": "x", "active": 1}), "Current",
     "Job in progress. success:0, active: 1, failed: 0"),
    ("job failed", tree("Job", {"failed": 1, **condition("Failed")}, {"completions": 3}), "Failed",
     "Job Failed. failed: 1/3"),
    ("definition new", tree("CustomResourceDefinition"), "InProgress", "Install in progress"),
    ("definition", tree("CustomResourceDefinition", condition("Established")), "Current", "CRD is established"),
    ("custom unready", tree("Widget", condition("Ready", "False", message="soon")), "InProgress", "soon"),
    ("custom stalled", tree("Widget", condition("Stalled", message="broken")), "Failed", "broken"),
    ("custom", tree("Widget"), "Current", "Resource is current"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "status", "message"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_watchers_view(given, status, message):
    assert readiness(given, NOW) == (status, message)


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        (tree("Job", {"active": 1}), "InProgress", "Job in progress"),
        (tree("Job", {"succeeded": 1, **condition("Complete")}), "Current", "Job Completed. succeeded: 1/1"),
        (tree("Pod", {"phase": "Failed"}), "Failed", "pod x failed"),
        (tree("Pod", {"phase": "Succeeded"}), "Current", "pod x succeeded"),
        (deployment(replicas=0), "Current", "Resource is current"),
    ],
    ids=["running", "complete", "pod failed", "pod done", "others at once"],
)
def test_the_end_of_hooks(given, status, message):
    assert outcome(given) == (status, message)


@pytest.mark.parametrize(
    ("given", "jobs", "ready"),
    [
        (deployment(observedGeneration=1), False, True),
        (deployment(observedGeneration=1, updatedReplicas=1), False, False),
        (tree("Job"), False, True),
        (tree("Job", {"succeeded": 0}), True, False),
        (tree("Job", {"succeeded": 1}), True, True),
        (tree("Service", {}, {"type": "LoadBalancer", "clusterIP": "10.0.0.1"}), False, False),
        (tree("PersistentVolumeClaim", {"phase": "Bound"}), False, True),
        (tree("ConfigMap"), False, True),
    ],
    ids=["deployment", "old pods", "job", "job unfinished", "job done", "load balancer", "claim", "other"],
)
def test_the_older_checks(given, jobs, ready):
    assert legacy_ready(given, jobs=jobs) is ready


def test_the_older_check_gives_a_failed_job_up():
    with pytest.raises(FlowError, match="job is failed: ns/x"):
        legacy_ready(tree("Job", {"failed": 2}, {"backoffLimit": 1}, namespace="ns"), jobs=True)
