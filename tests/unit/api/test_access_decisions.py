"""Decisions by roles, bindings and nodes; what may be granted; the roles that are there from the start."""

from typing import Any

import pytest

from kubesim.api.access.attributes import Attributes
from kubesim.api.access.authorizer import Authorizer
from kubesim.api.access.directory import CLUSTERROLEBINDINGS, CLUSTERROLES, ROLEBINDINGS, ROLES
from kubesim.api.bootstrap import roles
from kubesim.cluster import Cluster
from kubesim.objects.wire import CONFIGMAPS, LEASES, NODES, PODS, SECRETS, Gvr, Identity, Key, Request

GROUP = "rbac.authorization.k8s.io"
ALL = "system:authenticated"
ANN, BOB = Identity("ann", ("dev", ALL)), Identity("bob", (ALL,))
ROOT = Identity("root", ("system:masters", ALL))
ROBOT = Identity(
    "system:serviceaccount:default:robot", ("system:serviceaccounts", "system:serviceaccounts:default", ALL)
)


def subject(kind: str, name: str, namespace: str = "") -> dict[str, str]:
    return {"kind": kind, "name": name, **({"namespace": namespace} if namespace else {"apiGroup": GROUP})}


def send(cluster: Cluster, verb: str, gvr: Gvr, namespace: str, body: Any, identity: Identity = ROOT, **query: str):
    name = body["metadata"]["name"] if verb != "create" else ""
    return cluster.handle(Request(verb, Key(gvr, namespace, name), "", body, query, identity))


def role(
    cluster: Cluster, namespace: str, name: str, rules: list[Any], identity: Identity = ROOT, verb: str = "create"
):
    kind, gvr = ("Role", ROLES) if namespace else ("ClusterRole", CLUSTERROLES)
    body = {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": {"name": name}, "rules": rules}
    return send(cluster, verb, gvr, namespace, body, identity)


def bind(
    cluster: Cluster, namespace: str, name: str, reference: tuple[str, str], *subjects: Any, identity: Identity = ROOT
):
    kind, gvr = ("RoleBinding", ROLEBINDINGS) if namespace else ("ClusterRoleBinding", CLUSTERROLEBINDINGS)
    body = {
        "apiVersion": f"{GROUP}/v1",
        "kind": kind,
        "metadata": {"name": name},
        "roleRef": {"apiGroup": GROUP, "kind": reference[0], "name": reference[1]},
        "subjects": list(subjects),
    }
    return send(cluster, "create", gvr, namespace, body, identity)


READ_PODS = [{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}]
GET = Attributes("get", PODS, "", "default", "x")


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.mark.parametrize(
    ("who", "identity", "shown"),
    [
        (subject("User", "ann"), ANN, 'User "ann"'),
        (subject("Group", "dev"), ANN, 'Group "dev"'),
        (subject("ServiceAccount", "robot", "default"), ROBOT, 'ServiceAccount "robot/default"'),
        (subject("ServiceAccount", "robot", ""), ROBOT, ""),
    ],
    ids=["user", "group", "account", "account elsewhere"],
)
def test_bindings_reach_their_subjects(cluster: Cluster, who: Any, identity: Identity, shown: str):
    role(cluster, "default", "r", READ_PODS)
    space = "default" if shown else "kube-system"
    who = {name: value for name, value in who.items() if shown or name != "apiGroup"}
    bind(cluster, space, "b", ("Role", "r"), who)
    decision = cluster.api.authorizer.decide(identity, GET)
    assert decision.allowed is bool(shown)
    if shown:
        assert decision.reason == f'RBAC: allowed by RoleBinding "b/default" of Role "r" to {shown}'
        assert not cluster.api.authorizer.decide(identity, GET._replace(namespace="kube-system")).allowed
        assert not cluster.api.authorizer.decide(identity, GET._replace(verb="delete")).allowed


def test_decisions_follow_changes(cluster: Cluster):
    def allowed() -> bool:
        return cluster.api.authorizer.decide(ANN, GET).allowed

    assert not allowed()
    bind(cluster, "", "b", ("ClusterRole", "late"), subject("User", "ann"))
    decision = cluster.api.authorizer.decide(ANN, GET)
    assert decision == (False, f'RBAC: clusterrole.{GROUP} "late" not found')
    role(cluster, "", "late", READ_PODS)
    assert allowed()
    assert cluster.fork().api.authorizer.decide(ANN, GET).allowed
    send(cluster, "delete", CLUSTERROLEBINDINGS, "", {"metadata": {"name": "b"}})
    assert not allowed()


def test_masters_may_do_everything(cluster: Cluster):
    assert cluster.api.authorizer.decide(ROOT, Attributes("anything", path="/x")) == (True, "")


# ---------------------------------------------------------------------- the start
def test_the_roles_of_the_start_cost_no_revision(cluster: Cluster):
    store = cluster.store
    seeded = [
        *store.range(CLUSTERROLES),
        *store.range(CLUSTERROLEBINDINGS),
        *store.range(ROLES),
        *store.range(ROLEBINDINGS),
    ]
    assert len(seeded) > 120
    assert {tree["metadata"]["resourceVersion"] for tree in seeded} == {"1"}
    assert len({tree["metadata"]["uid"] for tree in seeded}) == len(seeded)
    assert store.count(CLUSTERROLES, "") == store.count(CLUSTERROLEBINDINGS, "") + len(UNBOUND)
    assert store.revision < 10


UNBOUND = (
    "admin", "edit", "view", "system:aggregate-to-admin", "system:aggregate-to-edit", "system:aggregate-to-view",
    "system:heapster", "system:node-problem-detector", "system:node-bootstrapper", "system:auth-delegator",
    "system:kube-aggregator", "system:persistent-volume-provisioner", "system:kubelet-api-admin",
    "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
    "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
    "system:certificates.k8s.io:legacy-unknown-approver", "system:certificates.k8s.io:kubelet-serving-approver",
    "system:certificates.k8s.io:kube-apiserver-client-approver",
    "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver",
)  # fmt: skip


@pytest.mark.parametrize("gvr", [CLUSTERROLES, CLUSTERROLEBINDINGS, ROLES, ROLEBINDINGS], ids=lambda gvr: gvr.resource)
def test_what_is_there_from_the_start_is_valid(cluster: Cluster, gvr: Gvr):
    strategy = cluster.api.strategy(gvr)
    for tree in cluster.store.range(gvr):
        assert strategy.validate(tree) == []
        again = send(cluster, "update", gvr, tree["metadata"].get("namespace", ""), tree)
        assert (again.code, again.body["metadata"]["resourceVersion"]) == (200, "1"), tree["metadata"]["name"]


@pytest.mark.parametrize(
    ("name", "wanted", "allowed"),
    [
        ("view", GET, True),
        ("view", Attributes("get", SECRETS, "", "default", "x"), False),
        ("view", GET._replace(verb="delete"), False),
        ("edit", GET._replace(verb="delete"), True),
        ("edit", Attributes("get", SECRETS, "", "default", "x"), True),
        ("edit", Attributes("create", ROLES, "", "default"), False),
        ("admin", Attributes("create", ROLES, "", "default"), True),
        ("admin", Attributes("create", PODS, "exec", "default", "x"), True),
        ("cluster-admin", Attributes("delete", NODES, "", "", "n"), True),
    ],
)
def test_the_roles_for_people(cluster: Cluster, name: str, wanted: Attributes, allowed: bool):
    bind(cluster, "", "b", ("ClusterRole", name), subject("User", "ann"))
    assert cluster.api.authorizer.decide(ANN, wanted).allowed is allowed


def test_gathered_roles_are_what_their_controller_would_write(cluster: Cluster):
    before = {name: cluster.store.get(CLUSTERROLES, "", name) for name in ("admin", "edit", "view")}
    label = {"metadata": {"name": "x", "labels": {f"{GROUP}/aggregate-to-view": "true"}}, "rules": READ_PODS}
    send(cluster, "create", CLUSTERROLES, "", {"apiVersion": f"{GROUP}/v1", "kind": "ClusterRole", **label})
    cluster.advance(5000)
    after = cluster.store.get(CLUSTERROLES, "", "view")
    assert after is not None
    assert before["view"] is not None
    assert after["rules"] == [*before["view"]["rules"], *READ_PODS]
    admin = cluster.store.get(CLUSTERROLES, "", "admin")
    assert admin is not None
    assert READ_PODS[0] in admin["rules"]
    send(cluster, "delete", CLUSTERROLES, "", {"metadata": {"name": "x"}})
    cluster.advance(5000)
    for name, tree in before.items():
        now = cluster.store.get(CLUSTERROLES, "", name)
        assert now is not None
        assert tree is not None
        assert now["rules"] == tree["rules"], name


def test_rules_are_read_once_and_sorted():
    assert roles.read() is roles.read()
    for each in roles.read():
        for rule in each.rules:
            for field, values in rule.items():
                assert values == sorted(values), (each.name, field)


# ---------------------------------------------------------------------- granting
def test_nobody_grants_what_he_does_not_have(cluster: Cluster):
    bind(cluster, "default", "b", ("ClusterRole", "admin"), subject("User", "ann"))
    assert role(cluster, "default", "ok", READ_PODS, ANN).code == 201
    refused = role(cluster, "default", "no", [{"verbs": ["get"], "apiGroups": ["x"], "resources": ["y"]}], ANN)
    assert refused.code == 403
    assert refused.body["message"] == (
        f'roles.{GROUP} "no" is forbidden: user "ann" (groups=["dev" "system:authenticated"]) is attempting to grant '
        'RBAC permissions not currently held:\n{APIGroups:["x"], Resources:["y"], Verbs:["get"]}'
    )
    more = [*READ_PODS, {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
    assert role(cluster, "default", "ok", more, ANN, verb="update").code == 403
    assert role(cluster, "default", "ok", READ_PODS, BOB, verb="update").code == 200
    assert bind(cluster, "default", "c", ("ClusterRole", "view"), subject("User", "bob"), identity=ANN).code == 201
    assert bind(cluster, "default", "d", ("ClusterRole", "cluster-admin"), identity=ANN).code == 403
    missing = bind(cluster, "default", "d", ("ClusterRole", "nosuch"), identity=ANN)
    assert (missing.code, missing.body["message"]) == (404, f'clusterroles.{GROUP} "nosuch" not found')


@pytest.mark.parametrize("verb", ["bind", "escalate"])
def test_the_verbs_that_lift_the_limit(cluster: Cluster, verb: str):
    rule = {"verbs": [verb, "create"], "apiGroups": [GROUP], "resources": ["roles", "clusterroles"]}
    role(cluster, "", "strong", [rule])
    bind(cluster, "default", "b", ("ClusterRole", "strong"), subject("User", "ann"))
    everything = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
    codes = (
        role(cluster, "default", "r", everything, ANN).code,
        bind(cluster, "default", "c", ("ClusterRole", "cluster-admin"), subject("User", "ann"), identity=ANN).code,
    )
    assert codes == ((403, 201) if verb == "bind" else (201, 403))


def test_only_administrators_gather(cluster: Cluster):
    bind(cluster, "", "b", ("ClusterRole", "system:aggregate-to-view"), subject("User", "ann"))
    body = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "g"},
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]},
        "rules": [],
    }
    refused = send(cluster, "create", CLUSTERROLES, "", body, ANN)
    assert refused.code == 403
    assert refused.body["message"].endswith("must have cluster-admin privileges to use the aggregationRule")
    assert send(cluster, "create", CLUSTERROLES, "", body).code == 201


# ---------------------------------------------------------------------- nodes
NODE = Identity("system:node:n1", ("system:nodes", ALL))


@pytest.fixture
def scheduled(cluster: Cluster) -> Cluster:
    cluster.advance(1000)
    for name in ("n1", "n2"):
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
        assert send(cluster, "create", NODES, "", node).code == 201
        volumes = [{"name": "v", "secret": {"secretName": f"s-{name}"}}]
        container = {"name": "c", "image": "i", "envFrom": [{"configMapRef": {"name": f"c-{name}"}}]}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"p-{name}"},
            "spec": {"nodeName": name, "containers": [container], "volumes": volumes},
        }
        assert send(cluster, "create", PODS, "default", pod).code == 201
    return cluster


@pytest.mark.parametrize(
    ("wanted", "allowed", "reason"),
    [
        (Attributes("get", SECRETS, "", "default", "s-n1"), True, ""),
        (Attributes("get", SECRETS, "", "default", "s-n2"), False,
         "no relationship found between node 'n1' and this object"),
        (Attributes("list", SECRETS, "", "default"), False, "No Object name found"),
        (Attributes("delete", SECRETS, "", "default", "s-n1"), False, "can only read resources of this type"),
        (Attributes("get", CONFIGMAPS, "", "default", "c-n1"), True, ""),
        (Attributes("get", CONFIGMAPS, "", "default", "c-n2"), False,
         "no relationship found between node 'n1' and this object"),
        (Attributes("get", NODES, "", "", "n1"), True, ""),
        (Attributes("get", NODES, "", "", "n2"), False, "node 'n1' cannot read 'n2', only its own Node object"),
        (Attributes("list", NODES), False, "node 'n1' cannot read all nodes, only its own Node object"),
        (Attributes("patch", NODES, "status", "", "n1"), True, ""),
        (Attributes("list", PODS, "", "", "", "", {"spec.nodeName": "n1"}), True, ""),
        (Attributes("list", PODS), False, "can only list/watch pods with spec.nodeName field selector"),
        (Attributes("get", PODS, "", "default", "p-n2"), False,
         "no relationship found between node 'n1' and this object"),
        (Attributes("update", LEASES, "", "kube-node-lease", "n1"), True, ""),
        (Attributes("update", LEASES, "", "kube-node-lease", "n2"), False,
         "can only access node lease with the same name as the requesting node"),
        (Attributes("update", LEASES, "", "default", "n1"), False,
         'can only access leases in the "kube-node-lease" system namespace'),
        (Attributes("create", Gvr("", "v1", "serviceaccounts"), "token", "default", "default"), True, ""),
        (Attributes("create", Gvr("", "v1", "serviceaccounts"), "token", "kube-system", "default"), False,
         "no relationship found between node 'n1' and this object"),
        (Attributes("list", Gvr("", "v1", "services")), True, ""),
        (Attributes("get", Gvr("apps", "v1", "deployments"), "", "default", "x"), False, ""),
    ],
    ids=lambda value: "" if not isinstance(value, Attributes) else f"{value.verb} {value.gvr.resource} {value.name}",
)  # fmt: skip
def test_what_a_node_may(scheduled: Cluster, wanted: Attributes, allowed: bool, reason: str):
    decision = Authorizer(scheduled.store).decide(NODE, wanted)
    assert (decision.allowed, decision.reason) == (allowed, reason)
