"""Rules of pod specs and of their changes beyond those that were recorded."""

import pickle

import pytest

from kubesim.kinds.memo import IdentityMemo
from kubesim.kinds.pod.strategy import PodStrategy
from kubesim.objects.tree import freeze
from unit.kinds.golden import CONTEXT

POD = PodStrategy()


def pod(container=None, **spec):
    whole = {"containers": [{"name": "c", "image": "nginx:1", **(container or {})}], **spec}
    return freeze(POD.default(freeze({"metadata": {"name": "a"}, "spec": whole})))


def causes(obj):
    return [f"{cause.field}: {cause.message}" for cause in POD.validate(obj)]


BROKEN = {
    "unknown volume": (
        pod({"volumeMounts": [{"name": "v", "mountPath": "/x"}]}),
        ['volumeMounts[0].name: Not found: "v"'],
    ),
    "extended resource without limit": (
        pod({"resources": {"requests": {"example.com/gpu": "1"}}}),
        ["resources.limits: Required value: Limit must be set for non overcommitable resources"],
    ),
    "half an extended resource": (
        pod({"resources": {"limits": {"example.com/gpu": "500m"}, "requests": {"example.com/gpu": "500m"}}}),
        [
            'resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer',
            'resources.requests[example.com/gpu]: Invalid value: "500m": must be an integer',
        ],
    ),
    "unknown resource": (
        pod({"resources": {"limits": {"disk": "1"}}}),
        [
            'resources.limits[disk]: Invalid value: "disk": must be a standard resource type or fully qualified',
            'resources.limits[disk]: Invalid value: "disk": must be a standard resource for containers',
            'resources.requests[disk]: Invalid value: "disk": must be a standard resource type or fully qualified',
            'resources.requests[disk]: Invalid value: "disk": must be a standard resource for containers',
        ],
    ),
    "readiness probe with grace": (
        pod({"readinessProbe": {"tcpSocket": {"port": 80}, "terminationGracePeriodSeconds": 3}}),
        ["readinessProbe.terminationGracePeriodSeconds: Invalid value: 3: must not be set for readinessProbes"],
    ),
    "long sleep": (
        pod({"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}}),
        [
            "lifecycle.preStop.sleep: Invalid value: 31: "
            "must be non-negative and less than terminationGracePeriodSeconds (30)"
        ],
    ),
    "two handlers": (
        pod({"lifecycle": {"preStop": {"exec": {"command": ["x"]}, "httpGet": {"port": 80}}}}),
        ["lifecycle.preStop.httpGet: Forbidden: may not specify more than 1 handler type"],
    ),
    "privilege": (
        pod({"securityContext": {"privileged": True, "allowPrivilegeEscalation": False}}),
        [
            'securityContext: Invalid value: {"Capabilities":null,"Privileged":true,"SELinuxOptions":null,'
            '"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,'
            '"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}: '
            "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        ],
    ),
    "sub path that climbs": (
        pod({"volumeMounts": [{"name": "v", "mountPath": "/x", "subPath": "../y"}]}, volumes=[{"name": "v"}]),
        ["volumeMounts.subPath: Invalid value: \"../y\": must not contain '..'"],
    ),
    "image with spaces": (
        pod({"image": " nginx"}),
        ['image: Invalid value: " nginx": must not have leading or trailing whitespace'],
    ),
}


@pytest.mark.parametrize(("obj", "expected"), BROKEN.values(), ids=BROKEN.keys())
def test_rules_of_a_container(obj, expected):
    assert causes(obj) == [f"spec.containers[0].{text}" for text in expected]


SPECS = {
    "no name server": (
        pod(dnsPolicy="None"),
        ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
    ),
    "init container with a probe": (
        pod(initContainers=[{"name": "i", "image": "x", "livenessProbe": {"tcpSocket": {"port": 1}}}]),
        [
            "spec.initContainers[0].livenessProbe: Forbidden: "
            "may not be set for init containers without restartPolicy=Always"
        ],
    ),
    "init container with the name of another": (
        pod(initContainers=[{"name": "c", "image": "x"}]),
        ['spec.initContainers[0].name: Duplicate value: "c"'],
    ),
    "toleration seconds without NoExecute": (
        pod(tolerations=[{"key": "k", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 1}]),
        [
            'spec.tolerations[0].effect: Invalid value: "NoSchedule": '
            "effect must be 'NoExecute' when `tolerationSeconds` is set"
        ],
    ),
    "weight out of range": (
        pod(
            affinity={
                "podAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {"weight": 101, "podAffinityTerm": {"topologyKey": "zone"}}
                    ]
                }
            }
        ),
        [
            "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: "
            "Invalid value: 101: must be in the range 1-100"
        ],
    ),
    "deadline of zero": (
        pod(activeDeadlineSeconds=0),
        ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
    ),
    "a container beyond its pod": (
        pod({"resources": {"limits": {"cpu": "2"}}}, resources={"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}),
        ['spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits of 1'],
    ),
    "token that expires at once": (
        pod(
            volumes=[
                {
                    "name": "v",
                    "projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 1}}]},
                }
            ]
        ),
        [
            "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: "
            "Invalid value: 1: may not specify a duration less than 10 minutes"
        ],
    ),
}


@pytest.mark.parametrize(("obj", "expected"), SPECS.values(), ids=SPECS.keys())
def test_rules_of_a_spec(obj, expected):
    assert causes(obj) == expected


def test_a_shared_spec_is_defaulted_and_validated_once():
    first = pod()
    again = freeze({"metadata": {"name": "b"}, "spec": first["spec"]})
    assert POD.default(again) is again
    made = POD.prepare_create(again, CONTEXT)
    assert made["spec"] is first["spec"]
    assert made["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


def test_a_memo_keeps_what_it_knows_alive_and_forgets_when_full_or_pickled():
    memo = IdentityMemo(2)
    trees = [{}, {}, {}]
    assert [memo.remember(tree, str(i)) for i, tree in enumerate(trees[:2])] == ["0", "1"]
    assert memo.get(trees[1]) == "1"
    assert pickle.loads(pickle.dumps(memo)).get(trees[1]) is None
    memo.remember(trees[2], "2")
    assert [memo.get(tree) for tree in trees] == [None, None, "2"]


def changed(old, **spec):
    new = freeze({**old, "spec": {**old["spec"], **spec}})
    return [f"{cause.field}: {cause.message}" for cause in POD.validate_update(new, old)]


def test_images_and_new_tolerations_may_change():
    old = pod()
    containers = [{**old["spec"]["containers"][0], "image": "nginx:2"}]
    assert changed(old, containers=containers, tolerations=[{"key": "k", "operator": "Exists"}]) == []


def test_containers_may_not_come_or_go():
    old = pod()
    extra = {**old["spec"]["containers"][0], "name": "d"}
    found = changed(old, containers=[*old["spec"]["containers"], extra])
    assert found == ["spec.containers: Forbidden: pod updates may not add or remove containers"]


def test_gated_pods_may_be_told_where_to_go():
    old = pod(schedulingGates=[{"name": "g"}], nodeSelector={"a": "b"})
    assert changed(old, nodeSelector={"a": "b", "c": "d"}) == []
    assert changed(old, schedulingGates=[]) == []
    terms = [{"matchExpressions": [{"key": "x", "operator": "Exists"}]}]
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    assert changed(old, affinity=affinity) == []
    assert changed(old, nodeSelector={"c": "d"}) == [
        'spec.nodeSelector: Invalid value: {"c":"d"}: '
        "only additions are allowed to spec.nodeSelector (no mutations or deletions)"
    ]
    assert len(changed(pod(), nodeSelector={"c": "d"})) == 1


def test_a_status_update_keeps_spec_and_owners():
    old = POD.prepare_create(pod(), CONTEXT)
    metadata = {"name": "a", "labels": {"x": "y"}, "ownerReferences": [{"uid": "u"}]}
    new = {**old, "metadata": metadata, "spec": {**old["spec"], "nodeName": "n"}, "status": {"phase": "Running"}}
    kept = POD.prepare_update(freeze(new), freeze(old), CONTEXT, "status")
    assert kept["spec"] is not new["spec"]
    assert kept["spec"] == old["spec"]
    assert kept["metadata"] == {"name": "a", "labels": {"x": "y"}}
    assert kept["status"] == {"phase": "Running"}


@pytest.mark.parametrize(
    ("before", "after", "policy", "count"),
    [
        ({"terminated": {"exitCode": 0}}, {"running": {}}, "Never", 1),
        ({"terminated": {"exitCode": 1}}, {"running": {}}, "OnFailure", 0),
        ({"terminated": {"exitCode": 0}}, {"running": {}}, "OnFailure", 1),
        ({"terminated": {"exitCode": 0}}, {"running": {}}, "Always", 0),
        ({"terminated": {"exitCode": 0}}, {"terminated": {"exitCode": 0}}, "Never", 0),
    ],
)
def test_ended_containers_stay_ended(before, after, policy, count):
    old = {"spec": {"restartPolicy": policy}, "status": {"containerStatuses": [{"name": "c", "state": before}]}}
    new = {**old, "status": {"containerStatuses": [{"name": "c", "state": after}]}}
    assert len(POD.validate_update(new, old, "status")) == count


def test_subresources_reach_what_they_are_for():
    old = freeze({**pod(), "status": {"phase": "Running"}})
    debug = {"name": "d", "image": "busybox"}
    asked = {**old, "spec": {**old["spec"], "ephemeralContainers": [debug], "hostNetwork": True}}
    new = POD.prepare_update(POD.default(freeze(asked)), old, CONTEXT, "ephemeralcontainers")
    assert "hostNetwork" not in new["spec"]
    assert new["spec"]["ephemeralContainers"][0]["name"] == "d"
    bigger = {**old["spec"]["containers"][0], "resources": {"limits": {"cpu": "1"}}, "image": "other"}
    resized = POD.prepare_update({**old, "spec": {**old["spec"], "containers": [bigger]}}, old, CONTEXT, "resize")
    assert resized["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "1"}}
    assert resized["spec"]["containers"][0]["image"] == "nginx:1"


@pytest.mark.parametrize(
    ("container", "spec", "expected"),
    [
        (
            {"env": [{"name": "A"}, {"name": "A"}]},
            {},
            ['env[1]: hides previous definition of "A", which may be dropped when using apply'],
        ),
        (
            {"resources": {"requests": {"memory": "1500m"}}},
            {},
            ['resources.requests[memory]: fractional byte value "1500m" is invalid, must be an integer'],
        ),
    ],
)
def test_warnings(container, spec, expected):
    assert POD.warnings(pod(container, **spec), None) == [f"spec.containers[0].{text}" for text in expected]
