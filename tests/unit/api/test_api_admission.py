from typing import Any

import pytest

from kubesim.api.admission import scheduling
from kubesim.objects.wire import CONFIGMAPS, NODES, PODS, SERVICEACCOUNTS, Gvr
from unit.api.serving import CONTAINERS, Serving

PRIORITY = Gvr("scheduling.k8s.io", "v1", "priorityclasses")
MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


@pytest.fixture
def serving() -> Serving:
    return Serving()


def test_a_pod_gets_account_token_priority_and_tolerations(serving: Serving) -> None:
    spec = serving.pod()["spec"]
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("default", "default")
    assert (spec["priority"], spec["preemptionPolicy"]) == (0, "PreemptLowerPriority")
    assert [toleration["key"].partition("/")[2] for toleration in spec["tolerations"]] == ["not-ready", "unreachable"]
    (volume,) = spec["volumes"]
    assert volume["name"].startswith("kube-api-access-")
    assert spec["containers"][0]["volumeMounts"] == [{"name": volume["name"], "readOnly": True, "mountPath": MOUNT}]


@pytest.mark.parametrize(("pod", "account"), [(False, None), (None, False), (False, True)])
def test_the_token_can_be_declined(serving: Serving, pod: Any, account: Any) -> None:
    serving.must("patch", SERVICEACCOUNTS, "default", body={"automountServiceAccountToken": account})
    spec = serving.pod(**({} if pod is None else {"automountServiceAccountToken": pod}))["spec"]
    assert not spec.get("volumes")


def test_a_mount_of_ones_own_stays(serving: Serving) -> None:
    container = {**CONTAINERS[0], "volumeMounts": [{"name": "v", "mountPath": MOUNT}]}
    spec = serving.pod(containers=[container], volumes=[{"name": "v", "emptyDir": {}}])["spec"]
    assert [volume["name"] for volume in spec["volumes"]] == ["v"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"priorityClassName": "nope"}, "no PriorityClass with name nope was found"),
        (
            {"priority": 5},
            "the integer value of priority (5) must not be provided in pod spec; "
            "priority admission controller computed 0 from the given PriorityClass name",
        ),
        ({"runtimeClassName": "nope"}, 'pod rejected: RuntimeClass "nope" not found'),
        (
            {"serviceAccountName": "nope"},
            'error looking up service account space/nope: serviceaccount "nope" not found',
        ),
    ],
)
def test_refusals(serving: Serving, spec: Any, message: str) -> None:
    body = {"metadata": {"generateName": "p-"}, "spec": {"containers": CONTAINERS, **spec}}
    response = serving.call("create", PODS, body=body)
    assert (response.code, response.body["message"]) == (403, f'pods "p-" is forbidden: {message}')


def test_a_priority_class_counts(serving: Serving) -> None:
    body = {"metadata": {"name": "high"}, "value": 1000, "preemptionPolicy": "Never"}
    serving.must("create", PRIORITY, body=body)
    spec = serving.pod(priorityClassName="high")["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (1000, "Never")


def test_a_default_class_counts_for_pods_without_one(serving: Serving) -> None:
    serving.must("create", PRIORITY, body={"metadata": {"name": "usual"}, "value": 7, "globalDefault": True})
    spec = serving.pod()["spec"]
    assert (spec["priorityClassName"], spec["priority"]) == ("usual", 7)


@pytest.mark.parametrize(
    ("tolerations", "added"),
    [
        ([], 2),
        ([{"operator": "Exists"}], 0),
        ([{"key": scheduling.NOT_READY, "operator": "Exists", "effect": "NoExecute"}], 1),
        ([{"key": scheduling.NOT_READY, "operator": "Exists", "effect": "NoSchedule"}], 2),
    ],
)
def test_tolerations_are_added_where_they_miss(tolerations: list[Any], added: int) -> None:
    spec = {"tolerations": tolerations}
    changed = scheduling.with_tolerations(spec)
    assert len(changed["tolerations"]) == len(tolerations) + added
    assert (changed is spec) == (added == 0)


def test_a_pod_that_names_its_node_gets_the_topology(serving: Serving) -> None:
    labels = {"topology.kubernetes.io/zone": "z", "topology.kubernetes.io/region": "r", "x": "y"}
    serving.must("create", NODES, body={"metadata": {"name": "n", "labels": labels}})
    assert serving.pod(nodeName="n")["metadata"]["labels"] == {
        "topology.kubernetes.io/zone": "z",
        "topology.kubernetes.io/region": "r",
    }


def test_content_needs_a_namespace(serving: Serving) -> None:
    response = serving.call("create", CONFIGMAPS, body={"metadata": {"name": "a"}}, space="nowhere")
    assert (response.code, response.body["message"]) == (404, 'namespaces "nowhere" not found')
