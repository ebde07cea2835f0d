from typing import Any

import pytest

from kubesim.api import metadata
from kubesim.objects.errors import ApiError

SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters"
OWNER = {"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "u"}


def valid(**changes: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a", "namespace": "n", **changes}}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, []),
        ({"name": ""}, ["metadata.name"]),
        ({"name": "A"}, ["metadata.name"]),
        ({"name": "a.b-c.9"}, []),
        ({"generateName": "a-"}, []),
        ({"generateName": "A-"}, ["metadata.generateName"]),
        ({"namespace": ""}, ["metadata.namespace"]),
        ({"labels": {"a/b": "c", "x": ""}}, []),
        ({"labels": {"-a": "b", "c": "a b"}}, ["metadata.labels", "metadata.labels"]),
        ({"annotations": {"A": "anything at all"}}, []),
        ({"annotations": {"A b": ""}}, ["metadata.annotations"]),
        ({"annotations": {"a": "x" * 262144}}, ["metadata.annotations"]),
        ({"finalizers": ["a.b/c", "orphan"]}, []),
        ({"finalizers": ["plain"]}, ["metadata.finalizers[0]"]),
        ({"finalizers": ["orphan", "foregroundDeletion"]}, ["metadata.finalizers"]),
        ({"ownerReferences": [OWNER]}, []),
        ({"ownerReferences": [{**OWNER, "uid": ""}]}, ["metadata.ownerReferences.uid"]),
        ({"ownerReferences": [{**OWNER, "kind": "Event"}]}, ["metadata.ownerReferences"]),
        ({"ownerReferences": [{**OWNER, "controller": True}] * 2}, ["metadata.ownerReferences"]),
    ],
)
def test_rules_of_new_objects(changes: dict[str, Any], fields: list[str]) -> None:
    causes = metadata.validate(valid(**changes), "subdomain", namespaced=True)
    assert [cause.field for cause in causes] == fields


@pytest.mark.parametrize(
    ("name_format", "name", "problem"),
    [
        ("label", "a.b", "must not contain dots"),
        ("label", "A", "a lowercase RFC 1123 label must consist of lower case"),
        ("label", "a" * 64, "must be no more than 63 characters"),
        ("segment", "a/b", "may not contain '/'"),
        ("segment", "..", "may not be '..'"),
        ("segment", "system:A_b", ""),
        ("subdomain", "a" * 254, "must be no more than 253 characters"),
        ("subdomain", "a_b", SUBDOMAIN),
    ],
)
def test_formats_of_names(name_format: str, name: str, problem: str) -> None:
    errors = metadata.name_errors(name, name_format)
    assert [error.startswith(problem) for error in errors] == ([True] if problem else [])


def test_a_new_object_gets_what_the_server_sets_and_nothing_else() -> None:
    body = {"metadata": {"name": "x", "labels": {"a": "b"}, "uid": "mine", "generation": 9, "deletionTimestamp": "t"}}
    built = metadata.created(body, "x", "n", "uid", "now", has_generation=True)
    assert built == {
        "name": "x",
        "namespace": "n",
        "uid": "uid",
        "resourceVersion": "",
        "generation": 1,
        "creationTimestamp": "now",
        "labels": {"a": "b"},
    }


OLD = {
    "metadata": {
        "name": "a",
        "namespace": "n",
        "uid": "u",
        "resourceVersion": "5",
        "generation": 3,
        "creationTimestamp": "then",
        "labels": {"a": "b"},
    }
}


def test_an_update_keeps_what_only_the_server_sets() -> None:
    body = {"metadata": {"name": "a", "generation": 77, "creationTimestamp": "now", "annotations": {"c": "d"}}}
    built = metadata.merged(body, OLD)
    assert built == {
        "name": "a",
        "namespace": "n",
        "uid": "u",
        "resourceVersion": "5",
        "generation": 3,
        "creationTimestamp": "then",
        "annotations": {"c": "d"},
    }


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        ({}, {}, []),
        ({}, {"uid": "other"}, ["metadata.uid"]),
        ({}, {"deletionTimestamp": "t"}, ["metadata.deletionTimestamp"]),
        ({}, {"labels": {"-": ""}}, ["metadata.labels"]),
        ({"deletionTimestamp": "t"}, {"finalizers": ["a.b/c"]}, ["metadata.finalizers"]),
        ({"deletionTimestamp": "t", "finalizers": ["a.b/c"]}, {"finalizers": ["a.b/c"]}, []),
    ],
)
def test_rules_of_changes(before: dict[str, Any], after: dict[str, Any], fields: list[str]) -> None:
    old = {"metadata": {**OLD["metadata"], **before}}
    new = {"metadata": {**old["metadata"], **after}}
    assert [cause.field for cause in metadata.validate_update(new, old)] == fields


def test_new_finalizers_of_a_terminating_object_are_named() -> None:
    old = {"metadata": {**OLD["metadata"], "deletionTimestamp": "t"}}
    new = {"metadata": {**old["metadata"], "finalizers": ["b/c", "a/b"]}}
    assert metadata.validate_update(new, old)[0].message == (
        "Forbidden: no new finalizers can be added if the object is being deleted, "
        'found new finalizers []string{"a/b", "b/c"}'
    )


def test_owners_given_twice_are_dropped_with_a_warning() -> None:
    warnings: list[str] = []
    obj = metadata.drop_repeated_owners({"metadata": {"ownerReferences": [OWNER, OWNER]}}, warnings)
    assert obj["metadata"]["ownerReferences"] == [OWNER]
    assert warnings[0].endswith("duplicate UID(s) observed: u")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("b", "the name of the object (b) does not match the name on the URL (a)"),
        ("", "the name of the object (a based on URL) was undeterminable: name must be provided"),
    ],
)
def test_names_must_match_the_path(given: str, problem: str) -> None:
    with pytest.raises(ApiError) as caught:
        metadata.match_name({"metadata": {"name": given}}, "a")
    assert str(caught.value) == problem
