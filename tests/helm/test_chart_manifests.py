"""Manifests: how a rendered file is split, which documents are hooks, and the order of kinds."""

import pytest

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.manifest import (
    INSTALL_ORDER,
    UNINSTALL_ORDER,
    Hook,
    hooks_for,
    manifest_text,
    sort_manifests,
    split,
    template_text,
)


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("a: 1\n\n\n---\n\n\nb: 2\n\n", ["a: 1\n\n\n", "b: 2\n\n"]),
        ("---\n---\na: 1\n---", ["a: 1\n"]),
        ("---apiVersion: v1\n---   kind: x", ["apiVersion: v1\n", "kind: x"]),
        ("x: |\n  a\n  ---\n  b", ["x: |\n  a\n  ---\n  b"]),
        ("# c\n--- # d\na: 1", ["# c\n", "# d\na: 1"]),
        ("a: 1\r\n---\r\nb: 1", ["a: 1\r\n", "b: 1"]),
        ("a: 1\n----\nb: 2", ["a: 1\n", "-\nb: 2"]),
        (" \n---\n", []),
    ],
)
def test_splitting(text: str, documents: list[str]):
    assert split(text) == documents


def test_kinds_in_order_of_installation_and_unknown_ones_by_name():
    files = {
        "t/b.yaml": "kind: Zed\n---\nkind: Deployment\n---\nkind: Abc",
        "t/a.yaml": "kind: Service\n---\nkind: Namespace",
        "t/_p.tpl": "kind: Never", "t/c.yaml": "kind: Service\nmetadata: {name: c}",
    }  # fmt: skip
    found = sort_manifests(files).manifests
    assert [(one.kind, one.path, one.name) for one in found] == [
        ("Namespace", "t/a.yaml", ""), ("Service", "t/a.yaml", ""), ("Service", "t/c.yaml", "c"),
        ("Deployment", "t/b.yaml", ""), ("Abc", "t/b.yaml", ""), ("Zed", "t/b.yaml", ""),
    ]  # fmt: skip
    assert [one.kind for one in sort_manifests(files, UNINSTALL_ORDER).manifests] == [
        "Service", "Service", "Deployment", "Namespace", "Abc", "Zed",
    ]  # fmt: skip


def test_the_orders_name_the_same_kinds():
    assert sorted(INSTALL_ORDER) == sorted(UNINSTALL_ORDER)
    assert len(INSTALL_ORDER) == 38


HOOK = """kind: Job
metadata:
  name: j
  annotations:
    helm.sh/hook: Pre-Install, test-success
    helm.sh/hook-weight: "-5"
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
"""


def test_hooks_are_set_apart():
    found = sort_manifests({"t/h.yaml": HOOK, "t/x.yaml": HOOK.replace("Pre-Install", "bogus")})
    assert found.manifests == []
    assert found.skipped == ["bogus, test-success"]
    assert found.hooks == [
        Hook("j", "Job", "t/h.yaml", HOOK, ("pre-install", "test"), -5, ("before-hook-creation", "hook-succeeded"))
    ]


def test_hooks_run_by_weight_and_name():
    hooks = [Hook(name, "Job", "", "", ("pre-install",), weight) for name, weight in (("b", 1), ("a", 1), ("c", 0))]
    assert [hook.name for hook in hooks_for(hooks, "pre-install")] == ["c", "a", "b"]
    assert hooks_for(hooks, "test") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b: c", "error converting YAML to JSON: yaml: mapping values are not allowed in this context"),
        ("- a", "json: cannot unmarshal array into Go value of type util.SimpleHead"),
        ("kind: [1]", "json: cannot unmarshal array into Go struct field .kind of type string"),
        (
            "metadata: x",
            "json: cannot unmarshal string into Go struct field .metadata of type "
            'struct { Name string "json:\\"name\\""; '
            'Annotations map[string]string "json:\\"annotations\\"" }',
        ),
        (
            "metadata: {annotations: {a~b.io/c: [1]}}",
            "json: cannot unmarshal array into Go struct field .metadata.annotations.a~0b.io~1c of type string",
        ),
        (
            "metadata: {annotations: {a: [1]}}",
            "json: cannot unmarshal array into Go struct field .metadata.annotations.a of type string",
        ),
    ],
)
def test_documents_that_are_no_objects(text: str, message: str):
    with pytest.raises(ChartError) as error:
        sort_manifests({"t/x.yaml": text})
    assert str(error.value).startswith("YAML parse error on t/x.yaml: ")
    assert str(error.value).endswith(message)


def test_what_a_release_stores_and_what_is_printed():
    found = sort_manifests({"t/a.yaml": "kind: Pod\n", "t/h.yaml": HOOK})
    assert manifest_text(found.manifests) == "---\n# Source: t/a.yaml\nkind: Pod\n\n"
    printed = "---\n# Source: t/a.yaml\nkind: Pod\n"
    assert template_text(found, hooks=False) == printed
    assert template_text(found) == f"{printed}---\n# Source: t/h.yaml\n{HOOK}\n"
    assert template_text(found, tests=False) == printed
