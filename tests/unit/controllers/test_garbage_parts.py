"""Verdicts of the garbage collector, and what is left in a namespace."""

from typing import Any

import pytest

from kubesim.controllers import serviceaccounts
from kubesim.controllers.garbage import plan
from kubesim.controllers.garbage.graph import Graph, Node
from kubesim.controllers.garbage.plan import Verdict
from kubesim.controllers.namespaces import content
from kubesim.controllers.podgc import evicted_first
from kubesim.objects.wire import CONFIGMAPS, DEPLOYMENTS, PODS, REPLICASETS


def owned(*uids: str, finalizers: Any = (), block: bool = True) -> Any:
    references = [
        {"apiVersion": "v1", "kind": "X", "name": uid, "uid": uid, "blockOwnerDeletion": block} for uid in uids
    ]
    return {"metadata": {"name": "o", "uid": "me", "ownerReferences": references, "finalizers": list(finalizers)}}


LIVING: Any = {"metadata": {"name": "l"}}
WAITING: Any = {"metadata": {"name": "w", "deletionTimestamp": "t", "finalizers": [plan.FOREGROUND]}}
DELETING: Any = {"metadata": {"name": "d", "deletionTimestamp": "t", "finalizers": ["x"]}}


@pytest.mark.parametrize(
    ("obj", "owners", "dependents", "circular", "expected"),
    [
        pytest.param({"metadata": {}}, [], False, False, Verdict("keep"), id="no-owner"),
        pytest.param(owned("a"), [LIVING], False, False, Verdict("keep"), id="living"),
        pytest.param(owned("a"), [DELETING], False, False, Verdict("keep"), id="deleting-owner-is-still-there"),
        pytest.param(owned("a"), [None], False, False, Verdict("delete", "Background"), id="absent"),
        pytest.param(owned("a", "b"), [None, LIVING], False, False, Verdict("trim", uids=("a",)), id="one-absent"),
        pytest.param(owned("a", "b"), [WAITING, LIVING], True, False, Verdict("trim", uids=("a",)), id="one-waiting"),
        pytest.param(owned("a"), [WAITING], True, False, Verdict("delete", "Foreground"), id="foreground"),
        pytest.param(owned("a"), [WAITING], False, False, Verdict("delete", "Background"), id="foreground-leaf"),
        pytest.param(owned("a"), [WAITING], True, True, Verdict("unblock", "Foreground"), id="circle"),
        pytest.param(
            owned("a", finalizers=[plan.ORPHAN]), [None], False, False, Verdict("delete", "Orphan"), id="orphaning"
        ),
        pytest.param(
            owned("a", finalizers=[plan.FOREGROUND]),
            [None],
            False,
            False,
            Verdict("delete", "Foreground"),
            id="own-policy",
        ),
    ],
)
def test_judge(obj: Any, owners: Any, expected: Verdict, *, dependents: bool, circular: bool) -> None:
    assert plan.judge(obj, owners, has_dependents=dependents, circular=circular) == expected


def test_references_and_finalizers_go_without_a_trace() -> None:
    obj = owned("a", finalizers=[plan.ORPHAN])
    assert "ownerReferences" not in plan.without_owners(obj, ["a"])["metadata"]
    assert plan.without_owners(obj, ["b"]) is obj
    assert "finalizers" not in plan.without_finalizer(obj, plan.ORPHAN)["metadata"]
    assert not plan.blocks(plan.unblocked(obj), "a")
    assert plan.blocks(obj, "a")


def test_graph_follows_changes() -> None:
    graph = Graph()
    node, other = Node(PODS, "d", "p"), Node(PODS, "d", "q")
    graph.change(node, (), [{"uid": "a"}, {"uid": "b"}])
    graph.change(other, (), [{"uid": "a"}])
    graph.change(node, [{"uid": "a"}, {"uid": "b"}], [{"uid": "b"}])
    assert (list(graph.dependents("a")), list(graph.dependents("b"))) == ([other], [node])
    graph.change(node, [{"uid": "b"}], ())
    assert not graph.dependents("b")


def test_graph_knows_kinds_by_group() -> None:
    graph = Graph()
    graph.learn(DEPLOYMENTS, "Deployment")
    graph.learn(PODS, "Pod")
    assert graph.resource({"apiVersion": "apps/v1beta1", "kind": "Deployment"}) == DEPLOYMENTS
    assert graph.resource({"apiVersion": "v1", "kind": "Pod"}) == PODS
    assert graph.resource({"apiVersion": "v1", "kind": "Deployment"}) is None


def left(kind: Any, count: int, **metadata: Any) -> dict[Any, list[Any]]:
    return {kind: [{"metadata": metadata, "spec": {"terminationGracePeriodSeconds": 30}} for _ in range(count)]}


def test_conditions_of_an_empty_namespace() -> None:
    found = content.conditions([], content.Remaining({}), "t")
    assert [(each["type"], each["status"], each["reason"]) for each in found] == [
        ("NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered"),
        ("NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions"),
        ("NamespaceDeletionContentFailure", "False", "ContentDeleted"),
        ("NamespaceContentRemaining", "False", "ContentRemoved"),
        ("NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers"),
    ]
    assert content.conditions(found, content.Remaining({}), "later") == found


def test_conditions_name_what_is_left() -> None:
    remaining = content.Remaining({**left(PODS, 2), **left(REPLICASETS, 1, finalizers=["b/x", "a/x"])})
    found = content.conditions([], remaining, "t")
    assert found[3]["message"] == (
        "Some resources are remaining: pods. has 2 resource instances, replicasets.apps has 1 resource instances"
    )
    assert found[4]["message"] == (
        "Some content in the namespace has finalizers remaining: "
        "a/x in 1 resource instances, b/x in 1 resource instances"
    )


@pytest.mark.parametrize(
    ("objects", "elapsed", "expected"),
    [
        pytest.param({}, 0, 0, id="empty"),
        pytest.param(left(PODS, 1), 5, 30, id="grace"),
        pytest.param(left(PODS, 1), 30, 0, id="grace-over"),
        pytest.param(left(CONFIGMAPS, 1, finalizers=["x"]), 5, 15, id="finalizers"),
        pytest.param(left(CONFIGMAPS, 1), 5, 0, id="unexplained"),
    ],
)
def test_estimate(objects: Any, elapsed: float, expected: int) -> None:
    assert content.estimate(content.Remaining(objects), elapsed) == expected


def test_evicted_pods_go_first() -> None:
    young = {"metadata": {"name": "a", "creationTimestamp": "2026"}, "status": {"reason": "Evicted"}}
    old = {"metadata": {"name": "b", "creationTimestamp": "2024"}, "status": {}}
    older = {"metadata": {"name": "c", "creationTimestamp": "2023"}, "status": {}}
    assert sorted([old, older, young], key=evicted_first) == [young, older, old]


def test_token_names_its_account() -> None:
    account = {"metadata": {"namespace": "d", "name": "robot", "uid": "u"}}
    first = serviceaccounts.token_of(account, {"metadata": {"name": "one"}})
    assert first.startswith("eyJ")
    assert first.count(".") == 2
    assert first != serviceaccounts.token_of(account, {"metadata": {"name": "two"}})
