"""What changes between two manifests: each object created, removed, changed or left alone, and in which fields."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from kubesim.helm.manifest import split
from kubesim.helm.yaml.reader import read_exact
from kubetui.model import editing
from kubetui.model.editing import DiffLine
from kubetui.model.helm.masking import mask

Tree = dict[str, Any]
SHORT: Final = {
    "ConfigMap": "cm", "CronJob": "cj", "CustomResourceDefinition": "crd", "DaemonSet": "ds", "Deployment": "deploy",
    "HorizontalPodAutoscaler": "hpa", "Ingress": "ing", "Namespace": "ns", "NetworkPolicy": "netpol",
    "PersistentVolume": "pv", "PersistentVolumeClaim": "pvc", "PodDisruptionBudget": "pdb", "ReplicaSet": "rs",
    "Service": "svc", "ServiceAccount": "sa", "StatefulSet": "sts", "StorageClass": "sc",
}  # fmt: skip
"""kubectl's short names of kinds."""

Identity = tuple[str, str, str]
"""Kind, namespace and name."""

CREATED: Final = "+"
REMOVED: Final = "-"
CHANGED: Final = "~"
SAME: Final = "="
_ORDER: Final = (CHANGED, CREATED, REMOVED, SAME)


class Change(NamedTuple):
    """What becomes of one object: its sign, and the difference of its documents; ``what`` says it in a few words."""

    sign: str
    kind: str
    namespace: str
    name: str
    what: str
    lines: tuple[DiffLine, ...] = ()

    @property
    def short(self) -> str:
        """The object in as few letters as kubectl has for it: ``deploy/web``."""
        return f"{SHORT.get(self.kind, self.kind.lower())}/{self.name}"


def objects_of(manifest: str) -> list[Tree]:
    """The objects of a manifest in its order; lists are taken apart. TemplateError when it cannot be read."""
    return [tree for tree, _ in _documents(manifest)]


def _documents(manifest: str) -> Iterator[tuple[Tree, str]]:
    for document in split(manifest):
        tree = read_exact(document)
        if not isinstance(tree, dict):
            continue
        items = tree.get("items")
        if isinstance(items, list) and str(tree.get("kind", "")).endswith("List"):
            for item in items:
                yield item, document
        else:
            yield tree, document


def _by_identity(manifest: str) -> dict[Identity, tuple[Tree, str]]:
    found: dict[Identity, tuple[Tree, str]] = {}
    for tree, document in _documents(manifest):
        metadata = tree.get("metadata") or {}
        identity = (str(tree.get("kind", "")), str(metadata.get("namespace") or ""), str(metadata.get("name", "")))
        found[identity] = (tree, document)
    return found


def changes(old: str, new: str) -> list[Change]:
    """What a release's objects go through from one manifest to another: changed ones first. May raise TemplateError."""
    before, after = _by_identity(old), _by_identity(new)
    found = [_change(identity, before.get(identity), after.get(identity)) for identity in {**after, **before}]
    return [change for sign in _ORDER for change in found if change.sign == sign]


def _change(identity: Identity, old: tuple[Tree, str] | None, new: tuple[Tree, str] | None) -> Change:
    kind, namespace, name = identity
    if old is None or new is None:
        sign, what = (CREATED, "created") if old is None else (REMOVED, "removed")
        lines = editing.diff(mask(old[1]) if old else "", mask(new[1]) if new else "")
        return Change(sign, kind, namespace, name, what, tuple(lines))
    if old[0] == new[0]:
        return Change(SAME, kind, namespace, name, "no change")
    fields = list(changed_fields(old[0], new[0]))
    return Change(CHANGED, kind, namespace, name, _summary(fields), tuple(editing.diff(mask(old[1]), mask(new[1]))))


def _summary(fields: list[tuple[str, ...]]) -> str:
    restarts = any("template" in path for path in fields)
    first = fields[0] if fields else ()
    word = "template" if restarts else ".".join(first[-2:] if len(first) > 2 else first[-1:])
    return f"{word} ({len(fields)})"


def changed_fields(old: Any, new: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of the leaves in which two trees differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            if key not in old or key not in new or old[key] != new[key]:
                yield from changed_fields(old.get(key), new.get(key), (*above, str(key)))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            if one != other:
                yield from changed_fields(one, other, (*above, str(number)))
    else:
        yield above
