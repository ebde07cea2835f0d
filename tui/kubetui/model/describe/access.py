"""Roles and who has them, as kubectl describes them."""

from collections.abc import Iterator

from kubesim.objects.wire import Tree
from kubetui.model.describe.layout import Sheet
from kubetui.model.describe.metadata import annotations, labels


def _heading(obj: Tree) -> Sheet:
    sheet, metadata = Sheet(), obj["metadata"]
    sheet.pair(0, "Name", metadata["name"])
    labels(sheet, "Labels", metadata.get("labels"))
    annotations(sheet, "Annotations", metadata.get("annotations"))
    return sheet


def describe_role(obj: Tree) -> str:
    """A Role or a ClusterRole: one line a resource."""
    sheet = _heading(obj)
    sheet.line(0, "PolicyRule:")
    sheet.row(1, "Resources", "Non-Resource URLs", "Resource Names", "Verbs")
    sheet.row(1, "---------", "-----------------", "--------------", "-----")
    merged: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for rule in obj.get("rules") or ():
        for resource, urls, names in _broken(rule):
            verbs = merged.setdefault((resource, urls, names), [])
            verbs.extend(rule.get("verbs") or ())
    for (resource, urls, names), verbs in sorted(merged.items(), key=_order):
        sheet.row(1, resource, list(urls), list(names), verbs)
    return sheet.text()


def _broken(rule: Tree) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """A rule as rules of one resource each. # k8s: component-helpers/auth/rbac/validation BreakdownRule."""
    names = tuple(rule.get("resourceNames") or ())
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            base, slash, part = resource.partition("/")
            qualified = f"{base}.{group}{slash}{part}" if group else resource
            if names:
                yield from ((qualified, (), (name,)) for name in names)
            else:
                yield qualified, (), ()
    for url in rule.get("nonResourceURLs") or ():
        yield "", (url,), ()


def _order(item: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]]) -> tuple[bool, str]:
    # kubectl sorts by the text of the whole rule, in which verbs come first and groups before resources.
    (resource, urls, names), verbs = item
    qualified, slash, part = resource.partition("/")
    base, _, group = qualified.partition(".")
    name = f"{base}{slash}{part}"
    text = (
        f"Verbs:{_texts(verbs)} APIGroups:{_texts([group]) if not urls else ''} Resources:{_texts([name])}"
        f" ResourceNames:{_texts(list(names))} NonResourceURLs:{_texts(list(urls))}"
    )
    return (False, text)


def _texts(values: list[str]) -> str:
    return "[" + ",".join(values) + "]"


def describe_binding(obj: Tree) -> str:
    """A RoleBinding or a ClusterRoleBinding."""
    sheet, role = _heading(obj), obj.get("roleRef") or {}
    sheet.line(0, "Role:")
    sheet.pair(1, "Kind", role.get("kind", ""))
    sheet.pair(1, "Name", role.get("name", ""))
    sheet.line(0, "Subjects:")
    sheet.row(1, "Kind", "Name", "Namespace")
    sheet.row(1, "----", "----", "---------")
    for subject in obj.get("subjects") or ():
        sheet.row(1, subject.get("kind", ""), subject.get("name", ""), subject.get("namespace", ""))
    return sheet.text()
