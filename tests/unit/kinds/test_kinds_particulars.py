"""What single kinds do beyond the recordings: conversions, faults, namespaces, schedules, formats."""

import pytest

from kubesim.kinds import formats
from kubesim.kinds.autoscaling import OldAutoscalerStrategy
from kubesim.kinds.cluster import NamespaceStrategy, NodeStrategy
from kubesim.kinds.config import SecretStrategy
from kubesim.kinds.events import EventStrategy, NewEventStrategy
from kubesim.kinds.fault import BindingStrategy, FaultStrategy
from kubesim.kinds.goshape import difference
from kubesim.kinds.limits import PriorityClassStrategy, ResourceQuotaStrategy
from kubesim.kinds.workloads.sets import GENERATION, DaemonSetStrategy
from kubesim.objects.schedules import schedule_error, zone_error
from kubesim.objects.tree import freeze
from unit.kinds.golden import CONTEXT


def texts(causes):
    return [f"{cause.field}: {cause.message}" for cause in causes]


# ---------------------------------------------------------------------- faults and bindings
def fault(kind="NodeCrash", **target):
    return freeze(FaultStrategy().default({"metadata": {"name": "f"}, "spec": {"type": kind, "target": target}}))


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        (fault(name="n1"), []),
        (fault("KillContainers", name="p", namespace="x"), []),
        (fault("KillContainers", name="p"), ["spec.target.namespace: Required value"]),
        (fault(), ["spec.target.name: Required value"]),
        ({"spec": {"type": "ComponentCrash", "target": {"kind": "Component", "name": "etcd"}}}, []),
        (fault("ComponentCrash", name="kube-scheduler-cp-1", namespace="kube-system"), []),
        (
            {"spec": {"type": "ComponentCrash", "target": {"kind": "Component", "name": "kubelet"}}},
            [
                'spec.target.name: Unsupported value: "kubelet": supported values: "etcd", "kube-apiserver", '
                '"kube-controller-manager", "kube-scheduler"'
            ],
        ),
        (
            fault("Meteor", name="n1"),
            [
                'spec.type: Unsupported value: "Meteor": supported values: "NodeCrash", "KubeletStop", '
                '"NetworkPartition", "KillContainers", "ComponentCrash", "MemoryPressure", "DiskPressure", '
                '"PIDPressure", "NodeShutdown"'
            ],
        ),
        (
            fault(kind="KubeletStop", name="p")
            | {"spec": {"type": "KubeletStop", "target": {"kind": "Pod", "name": "p"}}},
            ['spec.target.kind: Unsupported value: "Pod": supported values: "Node"'],
        ),
    ],
)
def test_rules_of_faults(obj, expected):
    assert texts(FaultStrategy().validate(obj)) == expected


def test_the_row_of_a_fault():
    obj = fault("KillContainers", name="p", namespace="x")
    obj = {**obj, "metadata": {"name": "f", "creationTimestamp": CONTEXT.stamp}}
    assert FaultStrategy().row(obj, CONTEXT.now + 3000) == ["f", "KillContainers", "pod/x/p", "3s"]


def test_a_fault_stays_what_it_is():
    assert texts(FaultStrategy().validate_update(fault(name="n2"), fault(name="n1")))[0].startswith(
        "spec: Invalid value"
    )
    assert FaultStrategy().validate_update(fault(name="n1"), fault(name="n1")) == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"kind": "Node", "name": "n"}, []),
        ({"name": "n"}, []),
        ({}, ["target.name: Required value"]),
        ({"kind": "Pod", "name": "n"}, ['target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"']),
    ],
)
def test_rules_of_bindings(target, expected):
    assert texts(BindingStrategy().validate({"metadata": {"name": "p"}, "target": target})) == expected


# ---------------------------------------------------------------------- two versions of one object
def test_events_are_one_object_in_two_versions():
    new, core = NewEventStrategy(), EventStrategy()
    written = new.default(
        {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": "e"},
            "note": "n",
            "regarding": {"kind": "Pod", "name": "p"},
            "reportingController": "c",
            "eventTime": "t",
        }
    )
    stored = new.to_storage(freeze(written))
    assert stored["apiVersion"] == "v1"
    assert stored["involvedObject"] == {"kind": "Pod", "name": "p"}
    assert stored["message"] == "n"
    assert core.fields(stored)["reportingComponent"] == "c"
    assert new.from_storage(freeze(stored)) == written


def test_autoscalers_are_one_object_in_two_versions():
    old = OldAutoscalerStrategy()
    spec = {"minReplicas": 1, "maxReplicas": 3, "targetCPUUtilizationPercentage": 50, "scaleTargetRef": {"kind": "x"}}
    written = {"apiVersion": "autoscaling/v1", "metadata": {"name": "h"}, "spec": spec}
    stored = old.to_storage(freeze(written))
    assert stored["apiVersion"] == "autoscaling/v2"
    assert stored["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 50
    back = old.from_storage(freeze(stored))
    assert back["spec"] == spec
    assert back["status"] == {"currentReplicas": 0, "desiredReplicas": 0}


# ---------------------------------------------------------------------- cluster-scoped kinds
def test_only_finalize_changes_the_finalizers_of_a_namespace():
    strategy = NamespaceStrategy()
    old = freeze(strategy.prepare_create(strategy.default({"metadata": {"name": "x"}}), CONTEXT))
    emptied = freeze({**old, "spec": {"finalizers": []}})
    assert strategy.prepare_update(emptied, old, CONTEXT)["spec"] == {"finalizers": ["kubernetes"]}
    assert strategy.prepare_update(emptied, old, CONTEXT, "finalize")["spec"] == {}


def test_a_living_namespace_is_not_terminating():
    strategy = NamespaceStrategy()
    old = {"metadata": {"name": "x"}, "spec": {}, "status": {"phase": "Active"}}
    new = {**old, "status": {"phase": "Terminating"}}
    assert len(strategy.validate_update(new, old, "status")) == 1
    dying = {**new, "metadata": {"name": "x", "deletionTimestamp": CONTEXT.stamp}}
    assert strategy.validate_update(dying, old, "status") == []


@pytest.mark.parametrize(
    ("labels", "spec", "conditions", "shown"),
    [
        ({}, {}, [], ["Unknown", "<none>"]),
        ({"node-role.kubernetes.io/control-plane": ""}, {}, [("Ready", "True")], ["Ready", "control-plane"]),
        ({"kubernetes.io/role": "b", "node-role.kubernetes.io/a": ""}, {}, [("Ready", "False")], ["NotReady", "a,b"]),
        ({}, {"unschedulable": True}, [("Ready", "Unknown")], ["NotReady,SchedulingDisabled", "<none>"]),
    ],
)
def test_the_row_of_a_node(labels, spec, conditions, shown):
    status = {"conditions": [{"type": kind, "status": value} for kind, value in conditions]}
    node = {"metadata": {"name": "n", "labels": labels}, "spec": spec, "status": status}
    assert NodeStrategy().row(node, CONTEXT.now)[1:3] == shown


def test_taints_are_unique():
    taint = {"key": "a", "effect": "NoSchedule"}
    (cause,) = NodeStrategy().validate({"metadata": {"name": "n"}, "spec": {"taints": [taint, taint]}})
    assert cause.field == "metadata.taints[1]"
    assert cause.message.endswith("taints must be unique by key and effect pair")


def test_a_daemon_set_counts_its_templates():
    strategy = DaemonSetStrategy()
    body = {"metadata": {"name": "d"}, "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "a"}]}}}}
    old = freeze(strategy.prepare_create(strategy.default(freeze(body)), CONTEXT))
    same = strategy.prepare_update(freeze({**old, "metadata": {"name": "d"}}), old, CONTEXT)
    assert same["metadata"]["annotations"] == {GENERATION: "1"}
    spec = {**old["spec"], "template": {"spec": {"containers": [{"name": "c", "image": "b"}]}}}
    new = strategy.prepare_update(strategy.default(freeze({**old, "spec": spec})), old, CONTEXT)
    assert new["metadata"]["annotations"] == {GENERATION: "2"}


def test_secrets_keep_their_type_when_none_is_written():
    strategy = SecretStrategy()
    old = {"metadata": {"name": "s"}, "type": "kubernetes.io/tls"}
    assert strategy.prepare_update({"metadata": {"name": "s"}}, old, CONTEXT)["type"] == "kubernetes.io/tls"


@pytest.mark.parametrize(
    ("kind", "data", "fields"),
    [
        ("kubernetes.io/basic-auth", {}, ["data[username]", "data[password]"]),
        ("kubernetes.io/basic-auth", {"username": "eA=="}, []),
        ("kubernetes.io/ssh-auth", {}, ["data[ssh-privatekey]"]),
        ("kubernetes.io/dockercfg", {}, ["data[.dockercfg]"]),
        ("kubernetes.io/dockerconfigjson", {".dockerconfigjson": "e30="}, []),
        ("kubernetes.io/service-account-token", {}, ["metadata.annotations[kubernetes.io/service-account.name]"]),
    ],
)
def test_what_types_of_secrets_ask_for(kind, data, fields):
    secret = {"metadata": {"name": "s"}, "type": kind, "data": data}
    assert [cause.field for cause in SecretStrategy().validate(secret)] == fields


def test_the_row_of_a_quota():
    hard = {"pods": "10", "limits.cpu": "4", "requests.cpu": "2"}
    quota = {
        "metadata": {"name": "q", "creationTimestamp": CONTEXT.stamp},
        "status": {"hard": hard, "used": {"pods": "3"}},
    }
    shown = ResourceQuotaStrategy().row(quota, CONTEXT.now)
    assert shown == ["q", "pods: 3/10, requests.cpu: 0/2", "limits.cpu: 0/4", "0s"]


@pytest.mark.parametrize(
    ("name", "value", "count"),
    [("a", 1_000_000_000, 0), ("a", 1_000_000_001, 1), ("system-node-critical", 2_000_001_000, 0), ("system-x", 1, 1)],
)
def test_priorities_of_users_end_at_a_billion(name, value, count):
    strategy = PriorityClassStrategy()
    assert len(strategy.validate(strategy.default({"metadata": {"name": name}, "value": value}))) == count


# ---------------------------------------------------------------------- texts
@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("*/5 * * * *", ""),
        ("0 0 1,15 jan-mar mon", ""),
        ("@hourly", ""),
        ("@every 1h30m", ""),
        ("@never", "unrecognized descriptor: @never"),
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("61 * * * *", "end of range (61) above maximum (59): 61"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-3 * * * *", "beginning of range (5) beyond end of range (3): 5-3"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
    ],
)
def test_schedules(text, wrong):
    assert schedule_error(text) == wrong


@pytest.mark.parametrize(
    ("name", "wrong"), [("Etc/UTC", ""), ("Europe/Berlin", ""), ("Mars/X", "unknown time zone Mars/X"), ("", None)]
)
def test_time_zones(name, wrong):
    assert zone_error(name) == wrong if wrong is not None else zone_error(name)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (formats.label, "my-name", "My_name"),
        (formats.label, "a" * 63, "a" * 64),
        (formats.subdomain, "a.b-c.d", "a..b"),
        (formats.wildcard, "*.example.com", "a.*.com"),
        (formats.config_key, "a_b.c-D", "a b"),
        (formats.config_key, "x", "..x"),
        (formats.variable, "any thing", "a=b"),
        (formats.port_name, "http-2", "a--b"),
        (formats.port_name, "a" * 15, "a" * 16),
        (formats.port_name, "a1", "-a"),
        (formats.header, "X-Y", "X Y"),
    ],
)
def test_formats(check, good, bad):
    assert check(good) == []
    assert len(check(bad)) == 1


@pytest.mark.parametrize(("value", "count"), [(1, 0), (0, 0), (-1, 1), ("50%", 0), ("x", 1), ("-1%", 1)])
def test_percentages_and_counts(value, count):
    assert len(formats.percent_or_count("f", value)) == count


@pytest.mark.parametrize(
    ("text", "count"), [("10.0.0.0/8", 0), ("10.0.0.1/8", 0), ("10.0.0.1", 1), ("x/8", 1), ("fd00::/64", 0)]
)
def test_blocks(text, count):
    assert len(formats.block("f", text)) == count


def test_differences_of_equal_values_are_empty():
    assert difference({"A": [1]}, {"A": [1]}) == ""
    assert difference({"A": 1}, {"A": 2}) == '@@ -1,3 +1,3 @@\n {\n- "A": 1\n+ "A": 2\n }\n'
