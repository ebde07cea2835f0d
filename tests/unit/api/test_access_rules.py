"""Policy rules: what they allow, which cover which, and how a refusal prints them."""

from typing import Any

import pytest

from kubesim.api.access import rules
from kubesim.api.access.attributes import Attributes
from kubesim.objects.wire import DEPLOYMENTS, PODS


def rule(verbs: str, groups: str, resources: str, names: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {
        "verbs": verbs.split(),
        "apiGroups": [group.strip("-") for group in groups.split()],
        "resources": resources.split(),
    }
    return {**found, "resourceNames": names.split()} if names else found


def urls(verbs: str, paths: str) -> dict[str, Any]:
    return {"verbs": verbs.split(), "nonResourceURLs": paths.split()}


POD = Attributes("get", PODS, "", "default", "x")
CORE = "-"


@pytest.mark.parametrize(
    ("given", "wanted", "allowed"),
    [
        (rule("get", CORE, "pods"), POD, True),
        (rule("*", "*", "*"), POD, True),
        (rule("list", CORE, "pods"), POD, False),
        (rule("get", "apps", "pods"), POD, False),
        (rule("get", CORE, "services"), POD, False),
        (rule("get", CORE, "pods", "x y"), POD, True),
        (rule("get", CORE, "pods", "y"), POD, False),
        (rule("list", CORE, "pods", "x"), POD._replace(verb="list", name=""), False),
        (rule("get", CORE, "pods"), POD._replace(subresource="log"), False),
        (rule("get", CORE, "pods/log"), POD._replace(subresource="log"), True),
        (rule("get", CORE, "pods/log"), POD, False),
        (rule("get", "*", "*/scale"), Attributes("get", DEPLOYMENTS, "scale", "a", "b"), True),
        (rule("get", "*", "*/scale"), Attributes("get", DEPLOYMENTS, "status", "a", "b"), False),
        (rule("get", "*", "*"), Attributes("get", DEPLOYMENTS, "scale", "a", "b"), True),
        (urls("get", "/healthz"), Attributes("get", path="/healthz"), True),
        (urls("get", "/healthz"), Attributes("get", path="/healthz/etcd"), False),
        (urls("get", "/healthz/*"), Attributes("get", path="/healthz/etcd"), True),
        (urls("get", "/api*"), Attributes("get", path="/apis"), True),
        (urls("get", "*"), Attributes("get", path="/metrics"), True),
        (urls("get", "*"), Attributes("post", path="/metrics"), False),
        (urls("*", "*"), POD, False),
        (rule("*", "*", "*"), Attributes("get", path="/metrics"), False),
        ({}, POD, False),
    ],
    ids=["same", "all", "verb", "group", "resource", "name", "other name", "names and no name",
         "subresource needs its own", "subresource", "resource is more", "any scale", "not any status",
         "star and subresource", "path", "longer path", "path and star",
         "star within", "any path", "verb of a path", "paths are no resources",
         "resources are no paths", "nothing"],
)  # fmt: skip
def test_what_a_rule_allows(given: dict[str, Any], wanted: Attributes, allowed: bool):
    assert rules.allows(given, wanted) is allowed


@pytest.mark.parametrize(
    ("owned", "wanted", "lacking"),
    [
        ([rule("get list", CORE, "pods")], [rule("get", CORE, "pods")], []),
        ([rule("get", CORE, "pods"), rule("list", CORE, "pods")], [rule("get list", CORE, "pods")], []),
        ([rule("get", CORE, "pods")], [rule("get list", CORE, "pods")], [rule("list", CORE, "pods")]),
        ([rule("*", "*", "*")], [rule("*", "*", "*")], []),
        ([rule("get", "*", "*")], [rule("*", CORE, "pods")], [rule("*", CORE, "pods")]),
        ([rule("get", "*", "*/scale")], [rule("get", "apps", "deployments/scale")], []),
        ([rule("get", "*", "deployments")], [rule("get", "apps", "deployments/scale")],
         [rule("get", "apps", "deployments/scale")]),
        ([rule("get", CORE, "pods", "a")], [rule("get", CORE, "pods", "a b")], [rule("get", CORE, "pods", "b")]),
        ([rule("get", CORE, "pods", "a")], [rule("get", CORE, "pods")], [rule("get", CORE, "pods")]),
        ([rule("get", CORE, "pods")], [rule("get", CORE, "pods", "a")], []),
        ([urls("get", "/api/*")], [urls("get", "/api/v1"), urls("get", "/x")], [urls("get", "/x")]),
        ([urls("get", "/api/*")], [urls("get", "/api/*")], []),
        ([rule("*", "*", "*")], [urls("get", "/x")], [urls("get", "/x")]),
    ],
    ids=["part", "together", "verb", "all", "star asks for all", "any scale", "no subresource", "names",
         "a name is not all", "all have the name", "paths", "same path", "resources give no paths"],
)  # fmt: skip
def test_what_is_missing(owned: list[Any], wanted: list[Any], lacking: list[Any]):
    assert rules.missing(owned, wanted) == lacking


def test_missing_rules_are_told_together():
    parts = rules.missing([], [rule("get list", CORE, "pods secrets"), urls("get", "/x"), rule("get", CORE, "a", "n")])
    assert [rules.printed(each) for each in rules.compact(parts)] == [
        '{NonResourceURLs:["/x"], Verbs:["get"]}',
        '{APIGroups:[""], Resources:["a"], ResourceNames:["n"], Verbs:["get"]}',
        '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}',
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
    ]
