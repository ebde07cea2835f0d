"""What every resource of the API must do from create to deletecollection, as the conformance tests check it."""

import json
from typing import Any, NamedTuple

import pytest

from conformance.conftest import Speak
from conformance.ways import Resource, Tree

CONTAINER = {"name": "c", "image": "registry.k8s.io/e2e-test-images/agnhost:2.55"}
POD = {"containers": [CONTAINER]}
TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": POD}
SELECTOR = {"matchLabels": {"app": "x"}}
NAMESPACE = "$NAMESPACE"
"""Stands for the namespace of the test."""


class Subject(NamedTuple):
    """A resource, an object of it without its metadata, and what the test changes and reads back."""

    path: str
    body: Tree
    change: Tree = {}  # noqa: RUF012 - the defaults of a tuple are shared and never changed
    status: Tree = {}  # noqa: RUF012
    """Written to the status and read back; {} where there is none."""
    cluster: bool = False
    name: str = "subject"
    collection: bool = True


POLICY_RULES = {
    "matchConstraints": {
        "resourceRules": [
            {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}
        ]
    },
    "failurePolicy": "Ignore",
}
MUTATION = {
    "reinvocationPolicy": "Never",
    "mutations": [
        {
            "patchType": "ApplyConfiguration",
            "applyConfiguration": {"expression": 'Object{metadata: Object.metadata{labels: {"a": "b"}}}'},
        }
    ],
}
PLACE = {"driver": "driver.example.com", "pool": {"name": "p", "resourceSliceCount": 1, "generation": 1}}
WEBHOOK = {
    "name": "hook.example.com",
    "admissionReviewVersions": ["v1"],
    "sideEffects": "None",
    "failurePolicy": "Ignore",
    "clientConfig": {"service": {"namespace": "nowhere", "name": "nobody"}},
    "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["nothing"]}],
    "matchConditions": [{"name": "own", "expression": "object.metadata.namespace == 'mine'"}],
}
CONDITION = {
    "type": "StatusUpdate", "status": "True", "reason": "E2E", "message": "Set from e2e test",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}  # fmt: skip

SUBJECTS = [
    Subject("v1/configmaps", {"data": {"a": "1"}}, {"data": {"a": "2"}}),
    Subject("v1/secrets", {"data": {"key": "dmFsdWU="}, "type": "Opaque"}, {"data": {"key": "dmFsdWUx"}}),
    Subject("v1/serviceaccounts", {}, {"automountServiceAccountToken": False}),
    Subject("v1/podtemplates", {"template": TEMPLATE}, {"template": {"metadata": {"labels": {"more": "yes"}}}}),
    Subject("v1/endpoints", {"subsets": [{"addresses": [{"ip": "10.0.0.24"}], "ports": [{"port": 80}]}]},
            {"subsets": [{"addresses": [{"ip": "10.0.0.25"}], "ports": [{"name": "x", "port": 81}]}]}),
    Subject("v1/services", {"spec": {"ports": [{"port": 80}]}}, {"spec": {"sessionAffinity": "ClientIP"}},
            {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}}),
    Subject("v1/events", {
        "involvedObject": {"kind": "Pod", "name": "x", "namespace": NAMESPACE},
        "reason": "Testing", "message": "one", "type": "Normal",
    }, {"message": "two"}),
    Subject("v1/limitranges", {"spec": {"limits": [{"type": "Container", "default": {"cpu": "300m"}}]}},
            {"spec": {"limits": [{"type": "Container", "default": {"cpu": "200m"}}]}}),
    Subject("v1/resourcequotas", {"spec": {"hard": {"pods": "5"}}}, {"spec": {"hard": {"pods": "6"}}}),
    Subject("v1/persistentvolumeclaims",
            {"spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "none",
                      "resources": {"requests": {"storage": "1Gi"}}}}),
    Subject("v1/persistentvolumes",
            {"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "none",
                      "hostPath": {"path": "/tmp"}}},
            {"spec": {"capacity": {"storage": "2Gi"}}}, {"message": "StatusUpdate", "reason": "E2E"}, cluster=True),
    Subject("v1/replicationcontrollers", {"spec": {"replicas": 0, "selector": {"app": "x"}, "template": TEMPLATE}},
            {"spec": {"minReadySeconds": 1}}, {"conditions": [CONDITION]}),
    Subject("apps/v1/replicasets", {"spec": {"replicas": 0, "selector": SELECTOR, "template": TEMPLATE}},
            {"spec": {"minReadySeconds": 1}}, {"conditions": [CONDITION]}),
    Subject("apps/v1/deployments", {"spec": {"replicas": 0, "selector": SELECTOR, "template": TEMPLATE}},
            {"spec": {"minReadySeconds": 1}},
            {"conditions": [{**CONDITION, "lastUpdateTime": "2026-01-01T00:00:00Z"}]}),
    Subject("apps/v1/statefulsets", {"spec": {"replicas": 0, "selector": SELECTOR, "template": TEMPLATE}},
            {"spec": {"minReadySeconds": 1}}, {"conditions": [CONDITION]}),
    Subject("apps/v1/daemonsets",
            {"spec": {"selector": SELECTOR, "template": {**TEMPLATE, "spec": {**POD, "nodeSelector": {"no": "node"}}}}},
            {"spec": {"minReadySeconds": 1}}, {"conditions": [CONDITION]}),
    Subject("apps/v1/controllerrevisions", {"revision": 1, "data": {"spec": {}}}, {"revision": 2}),
    Subject("batch/v1/jobs", {"spec": {"suspend": True, "template": {"spec": {**POD, "restartPolicy": "Never"}}}},
            {"spec": {"parallelism": 2}}, {"conditions": [{**CONDITION, "lastProbeTime": "2026-01-01T00:00:00Z"}]}),
    Subject("batch/v1/cronjobs",
            {"spec": {"schedule": "* */1 * * *", "suspend": True,
                      "jobTemplate": {"spec": {"template": {"spec": {**POD, "restartPolicy": "OnFailure"}}}}}},
            {"spec": {"schedule": "49 * * * *"}}, {"lastScheduleTime": "2026-01-01T00:00:00Z"}),
    Subject("policy/v1/poddisruptionbudgets", {"spec": {"selector": SELECTOR, "minAvailable": 1}},
            {"spec": {"minAvailable": 2}}, {"disruptedPods": {"p": "2026-01-01T00:00:00Z"}}),
    Subject("autoscaling/v2/horizontalpodautoscalers",
            {"spec": {"maxReplicas": 3,
                      "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}}},
            {"spec": {"maxReplicas": 4}}),
    Subject("coordination.k8s.io/v1/leases", {"spec": {"holderIdentity": "a", "leaseDurationSeconds": 30}},
            {"spec": {"holderIdentity": "b"}}),
    Subject("discovery.k8s.io/v1/endpointslices",
            {"addressType": "IPv4", "endpoints": [{"addresses": ["10.1.2.3"]}], "ports": [{"port": 80}]},
            {"ports": [{"name": "", "port": 81}]}),
    Subject("events.k8s.io/v1/events", {
        "eventTime": "2026-01-01T00:00:00.000000Z", "reportingController": "test", "reportingInstance": "test-1",
        "action": "Do", "reason": "Test", "type": "Normal", "note": "one",
        "regarding": {"kind": "Pod", "name": "x", "namespace": NAMESPACE},
    }, {"series": {"count": 2, "lastObservedTime": "2026-01-01T00:00:00.000000Z"}}),
    Subject("networking.k8s.io/v1/ingresses",
            {"spec": {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}}},
            {"spec": {"ingressClassName": "nginx"}}, {"loadBalancer": {"ingress": [{"ip": "169.1.1.1"}]}}),
    Subject("networking.k8s.io/v1/ingressclasses", {"spec": {"controller": "example.com/controller"}},
            {"metadata": {"annotations": {"a": "b"}}}, cluster=True),
    Subject("networking.k8s.io/v1/networkpolicies", {"spec": {"podSelector": {}}},
            {"spec": {"policyTypes": ["Egress"]}}),
    Subject("networking.k8s.io/v1/servicecidrs", {"spec": {"cidrs": ["10.200.0.0/24"]}},
            {"metadata": {"annotations": {"a": "b"}}}, cluster=True, collection=False),
    Subject("networking.k8s.io/v1/ipaddresses",
            {"spec": {"parentRef": {"resource": "services", "namespace": "default", "name": "x"}}},
            {"metadata": {"annotations": {"a": "b"}}}, cluster=True, name="192.168.1.7"),
    Subject("node.k8s.io/v1/runtimeclasses", {"handler": "runc"}, {"metadata": {"annotations": {"a": "b"}}},
            cluster=True),
    Subject("scheduling.k8s.io/v1/priorityclasses", {"value": 10, "description": "one"}, {"description": "two"},
            cluster=True, collection=False),
    Subject("storage.k8s.io/v1/storageclasses", {"provisioner": "e2e-fake-provisioner"},
            {"metadata": {"annotations": {"a": "b"}}}, cluster=True),
    Subject("storage.k8s.io/v1/csidrivers", {"spec": {"attachRequired": False}},
            {"metadata": {"annotations": {"a": "b"}}}, cluster=True),
    Subject("storage.k8s.io/v1/csinodes", {"spec": {"drivers": []}}, {"metadata": {"annotations": {"a": "b"}}},
            cluster=True),
    Subject("storage.k8s.io/v1/csistoragecapacities", {"storageClassName": "s", "capacity": "1Gi"},
            {"capacity": "2Gi"}),
    Subject("storage.k8s.io/v1/volumeattachments",
            {"spec": {"attacher": "e2e.example.com", "nodeName": "n", "source": {"persistentVolumeName": "v"}}},
            {"metadata": {"annotations": {"a": "b"}}}, {"attached": True}, cluster=True),
    Subject("storage.k8s.io/v1/volumeattributesclasses", {"driverName": "e2e-fake-csi", "parameters": {"a": "b"}},
            {"metadata": {"annotations": {"a": "b"}}}, cluster=True),
    Subject("flowcontrol.apiserver.k8s.io/v1/flowschemas",
            {"spec": {"matchingPrecedence": 10000, "priorityLevelConfiguration": {"name": "global-default"}}},
            {"spec": {"matchingPrecedence": 9999}}, {"conditions": [CONDITION]},
            cluster=True),
    Subject("flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations",
            {"spec": {"type": "Limited", "limited": {"nominalConcurrencyShares": 2,
                                                     "limitResponse": {"type": "Reject"}}}},
            {"spec": {"limited": {"nominalConcurrencyShares": 4}}}, {"conditions": [CONDITION]}, cluster=True),
    Subject("admissionregistration.k8s.io/v1/validatingadmissionpolicies",
            {"spec": {**POLICY_RULES, "validations": [{"expression": "object.spec.replicas <= 100"}]}},
            {"spec": {"failurePolicy": "Fail"}},
            {"conditions": [{**CONDITION, "observedGeneration": 1}]}, cluster=True),
    Subject("admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
            {"spec": {"policyName": "replicas.policy.example.com", "validationActions": ["Deny"]}},
            {"metadata": {"annotations": {"a": "b"}}}, cluster=True),
    Subject("admissionregistration.k8s.io/v1/mutatingadmissionpolicies", {"spec": {**POLICY_RULES, **MUTATION}},
            {"spec": {"failurePolicy": "Fail"}}, cluster=True),
    Subject("admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings",
            {"spec": {"policyName": "policy.example.com"}}, {"metadata": {"annotations": {"a": "b"}}}, cluster=True),
    Subject("admissionregistration.k8s.io/v1/validatingwebhookconfigurations", {"webhooks": [WEBHOOK]},
            {"webhooks": [{**WEBHOOK, "timeoutSeconds": 5}]}, cluster=True),
    Subject("admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", {"webhooks": [WEBHOOK]},
            {"webhooks": [{**WEBHOOK, "timeoutSeconds": 5}]}, cluster=True),
    Subject("resource.k8s.io/v1/deviceclasses", {"spec": {}},
            {"spec": {"selectors": [{"cel": {"expression": "device.driver == 'x'"}}]}}, cluster=True),
    Subject("resource.k8s.io/v1/resourceclaims",
            {"spec": {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "c"}}]}}}, {},
            {"allocation": {"devices": {}}, "reservedFor": [{"resource": "pods", "name": "p", "uid": "u"}]}),
    Subject("resource.k8s.io/v1/resourceclaimtemplates",
            {"spec": {"spec": {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "c"}}]}}}},
            {"metadata": {"annotations": {"a": "b"}}}),
    Subject("resource.k8s.io/v1/resourceslices", {"spec": {**PLACE, "nodeName": "n", "devices": [{"name": "d"}]}},
            {"spec": {"devices": [{"name": "e"}]}}, cluster=True),
    Subject("rbac.authorization.k8s.io/v1/roles",
            {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
            {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}),
    Subject("rbac.authorization.k8s.io/v1/clusterroles",
            {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
            {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}, cluster=True),
]  # fmt: skip


def has(tree: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there, to any depth."""
    if isinstance(wanted, dict):
        return isinstance(tree, dict) and all(name in tree and has(tree[name], item) for name, item in wanted.items())
    if isinstance(wanted, list) and isinstance(tree, list):
        return len(tree) == len(wanted) and all(has(one, other) for one, other in zip(tree, wanted, strict=True))
    return bool(tree == wanted)


def body_of(subject: Subject, name: str, marker: str) -> Tree:
    text = json.dumps({"metadata": {"name": name, "labels": {"marker": marker}}, **subject.body})
    found: Tree = json.loads(text.replace(NAMESPACE, marker))
    return found


def labelled(body: Tree, marker: str) -> Tree:
    return {**body, "metadata": {**body["metadata"], "labels": {"marker": marker}}}


def spoken(of: Speak, subject: Subject) -> Resource:
    return of(subject.path, cluster=subject.cluster)


each = pytest.mark.parametrize("subject", SUBJECTS, ids=[subject.path.replace("/", ".") for subject in SUBJECTS])


@each
def test_an_object_through_all_verbs(of: Speak, namespace: str, subject: Subject):
    resource, marker = spoken(of, subject), f"marker={namespace}"
    since = resource.revision()
    made = resource.create(body_of(subject, subject.name, namespace))
    assert made["metadata"]["labels"]["marker"] == namespace
    read = resource.get(subject.name)
    assert read["metadata"]["uid"] == made["metadata"]["uid"]
    assert resource.names(labelSelector=marker) == [subject.name]
    assert resource.everywhere().names(labelSelector=marker) == [subject.name]
    assert resource.names(fieldSelector=f"metadata.name={subject.name}") == [subject.name]
    change = {**subject.change, "metadata": {"labels": {"patched": "yes"}, **subject.change.get("metadata", {})}}
    patched = resource.patch(subject.name, change)
    assert patched["metadata"]["labels"]["patched"] == "yes"
    assert has(patched, subject.change)
    fresh = resource.get(subject.name)
    fresh["metadata"].setdefault("annotations", {})["updated"] = "true"
    updated = resource.update(fresh)
    assert updated["metadata"]["annotations"]["updated"] == "true"
    stale = {**fresh, "metadata": {**fresh["metadata"], "resourceVersion": made["metadata"]["resourceVersion"]}}
    resource.update(stale, code=409)
    resource.delete(subject.name, gracePeriodSeconds=0, propagationPolicy="Background")
    resource.until_gone(subject.name)
    seen = [kind for kind, tree in resource.events(since, labelSelector=marker)]
    assert (seen[0], seen[-1]) == ("ADDED", "DELETED")
    assert seen.count("MODIFIED") >= 2


STATUSES = [subject for subject in SUBJECTS if subject.status]


@pytest.mark.parametrize("subject", STATUSES, ids=[subject.path.replace("/", ".") for subject in STATUSES])
def test_the_status_of_an_object(of: Speak, namespace: str, subject: Subject):
    resource = spoken(of, subject)
    name = f"{subject.name}-status"
    resource.create(body_of(subject, name, namespace))
    resource.api.wait(2)
    shown = resource.get(name, part="status")
    assert shown["metadata"]["name"] == name
    patched = resource.patch(
        name, {"metadata": {"annotations": {"patchedstatus": "true"}}, "status": subject.status}, part="status"
    )
    assert has(patched["status"], subject.status)
    assert patched["metadata"]["annotations"]["patchedstatus"] == "true"
    read = resource.get(name)
    assert patched["spec"] == read["spec"]
    written = resource.update({**read, "status": {**read["status"], **subject.status}}, part="status")
    assert has(written["status"], subject.status)
    resource.delete(name)
    resource.until_gone(name)


COLLECTIONS = [subject for subject in SUBJECTS if subject.collection and subject.name == "subject"]


@pytest.mark.parametrize("subject", COLLECTIONS, ids=[subject.path.replace("/", ".") for subject in COLLECTIONS])
def test_a_collection_is_deleted_by_label(of: Speak, namespace: str, subject: Subject):
    resource, marker = spoken(of, subject), f"marker={namespace}"
    other = resource.create(labelled(body_of(subject, "other", namespace), "other"))
    for number in range(3):
        resource.create(body_of(subject, f"many-{number}", namespace))
    assert len(resource.names(labelSelector=marker)) == 3
    resource.delete_all(marker)
    resource.until_list(lambda found: not found, labelSelector=marker)
    assert resource.get("other")["metadata"]["uid"] == other["metadata"]["uid"]
    resource.delete("other")
    resource.until_gone("other")
