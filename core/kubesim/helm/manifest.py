"""Manifests out of rendered templates: split into documents, hooks set apart, sorted by kind."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from kubesim.helm.chart.chart import File
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.numbers import format_float, parse_int
from kubesim.helm.template.values import decode
from kubesim.helm.yaml.reader import json_kind, read_exact

# k8s: Helm's InstallOrder
INSTALL_ORDER: Final = (
    "PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy",
    "PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass", "PersistentVolume",
    "PersistentVolumeClaim", "CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding",
    "ClusterRoleBindingList", "Role", "RoleList", "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod",
    "ReplicationController", "ReplicaSet", "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob",
    "IngressClass", "Ingress", "APIService", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
)  # fmt: skip
# k8s: Helm's UninstallOrder; not the other one reversed, Services go early
UNINSTALL_ORDER: Final = (
    "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService", "Ingress", "IngressClass",
    "Service", "CronJob", "Job", "StatefulSet", "HorizontalPodAutoscaler", "Deployment", "ReplicaSet",
    "ReplicationController", "Pod", "DaemonSet", "RoleBindingList", "RoleBinding", "RoleList", "Role",
    "ClusterRoleBindingList", "ClusterRoleBinding", "ClusterRoleList", "ClusterRole", "CustomResourceDefinition",
    "PersistentVolumeClaim", "PersistentVolume", "StorageClass", "ConfigMap", "SecretList", "Secret",
    "ServiceAccount", "PodDisruptionBudget", "PodSecurityPolicy", "LimitRange", "ResourceQuota", "NetworkPolicy",
    "Namespace", "PriorityClass",
)  # fmt: skip

HOOK: Final = "helm.sh/hook"
HOOK_WEIGHT: Final = "helm.sh/hook-weight"
HOOK_DELETE_POLICY: Final = "helm.sh/hook-delete-policy"
HOOK_OUTPUT_LOG_POLICY: Final = "helm.sh/hook-output-log-policy"
RESOURCE_POLICY: Final = "helm.sh/resource-policy"

_EVENTS: Final = {
    event: event
    for event in (
        "pre-install", "post-install", "pre-delete", "post-delete", "pre-upgrade", "post-upgrade", "pre-rollback",
        "post-rollback", "test",
    )
} | {"test-success": "test"}  # fmt: skip
_SEPARATOR: Final = re.compile(r"^---[ \t]*", re.MULTILINE)
_METADATA_TYPE: Final = (
    'struct { Name string "json:\\"name\\""; Annotations map[string]string "json:\\"annotations\\"" }'
)


class Manifest(NamedTuple):
    """One document; ``path`` is the template it came from."""

    path: str
    content: str
    api_version: str = ""
    kind: str = ""
    name: str = ""
    annotations: Mapping[str, str] = {}


class Hook(NamedTuple):
    """A document that is applied at certain events instead of with the rest."""

    name: str
    kind: str
    path: str
    manifest: str
    events: tuple[str, ...]
    weight: int = 0
    delete_policies: tuple[str, ...] = ()
    output_log_policies: tuple[str, ...] = ()


class Sorted(NamedTuple):
    """Hooks and everything else, each in the order of their kinds; ``skipped`` tells of unknown hooks."""

    hooks: list[Hook]
    manifests: list[Manifest]
    skipped: list[str]


def split(text: str) -> list[str]:
    """The documents of a rendered file. Three hyphens divide them even when text follows on the line."""
    documents = [document.lstrip() for document in _SEPARATOR.split(text.lstrip())]
    return [document for document in documents if document]


def read_head(content: str, path: str) -> Manifest:
    """A document with what its head says; ChartError with Helm's text when it is not an object."""
    try:
        return _head(read_exact(content), content, path)
    except GoError as error:
        raise ChartError(f"YAML parse error on {path}: {error}") from None


def _head(value: Any, content: str, path: str) -> Manifest:
    if value is None:
        return Manifest(path, content)
    if not isinstance(value, dict):
        raise _mismatch(value, "Go value of type util.SimpleHead")
    fields = {name.lower(): value[name] for name in sorted(value)}
    fields.update({name: value[name] for name in ("kind", "metadata") if name in value})
    api_version = value.get("apiVersion", fields.get("apiversion"))
    metadata = fields.get("metadata")
    if metadata is None:
        metadata = {}
    elif not isinstance(metadata, dict):
        raise _mismatch(metadata, f"Go struct field .metadata of type {_METADATA_TYPE}")
    annotations = metadata.get("annotations")
    if annotations is not None and not isinstance(annotations, dict):
        raise _mismatch(annotations, "Go struct field .metadata.annotations of type map[string]string")
    return Manifest(
        path,
        content,
        _text(api_version, ".apiVersion"),
        _text(fields.get("kind"), ".kind"),
        _text(metadata.get("name"), ".metadata.name"),
        {key: _text(text, f".metadata.annotations.{_token(key)}") for key, text in (annotations or {}).items()},
    )


def _token(key: str) -> str:
    """A key as a part of a JSON pointer, as Go's errors have it."""
    return key.replace("~", "~0").replace("/", "~1")


def _mismatch(value: Any, target: str) -> GoError:
    return GoError(
        f"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {json_kind(value)} into {target}"
    )


def _text(value: Any, field: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return format_float(value) if isinstance(value, float) else str(value)
    raise _mismatch(value, f"Go struct field {field} of type string")


def sort_manifests(files: Mapping[str, str], order: Sequence[str] = INSTALL_ORDER) -> Sorted:
    """The documents of rendered files; ChartError with Helm's text for one that cannot be read."""
    hooks: list[Hook] = []
    manifests: list[Manifest] = []
    skipped: list[str] = []
    for path in sorted(files):
        if path.rpartition("/")[2].startswith("_"):
            continue
        for content in split(files[path]):
            head = read_head(content, path)
            if HOOK not in head.annotations:
                manifests.append(head)
                continue
            hook = _hook(head)
            if hook is None:
                skipped.append(head.annotations[HOOK])
            else:
                hooks.append(hook)
    ranks = {kind: rank for rank, kind in enumerate(order)}

    return Sorted(
        sorted(hooks, key=lambda hook: _rank(hook.kind, ranks)),
        sorted(manifests, key=lambda manifest: _rank(manifest.kind, ranks)),
        skipped,
    )


def _rank(kind: str, ranks: Mapping[str, int]) -> tuple[int, str]:
    """Known kinds in their order, then the others by name."""
    return (ranks[kind], "") if kind in ranks else (len(ranks), kind)


def _hook(head: Manifest) -> Hook | None:
    """The hook that a document is; None when it names an event Helm does not know."""
    named = [event.strip().lower() for event in head.annotations[HOOK].split(",")]
    if any(event not in _EVENTS for event in named):
        return None
    try:
        weight = parse_int(head.annotations.get(HOOK_WEIGHT, "0"))
    except GoError:
        weight = 0
    return Hook(
        head.name,
        head.kind,
        head.path,
        head.content,
        tuple(_EVENTS[event] for event in named),
        weight,
        _listed(head, HOOK_DELETE_POLICY),
        _listed(head, HOOK_OUTPUT_LOG_POLICY),
    )


def _listed(head: Manifest, annotation: str) -> tuple[str, ...]:
    if annotation not in head.annotations:
        return ()
    return tuple(value.strip().lower() for value in head.annotations[annotation].split(","))


def hooks_for(hooks: Iterable[Hook], event: str) -> list[Hook]:
    """The hooks of one event in the order they run: by weight, then by name, then as sorted."""
    return sorted([hook for hook in hooks if event in hook.events], key=lambda hook: (hook.weight, hook.name))


def manifest_text(manifests: Iterable[Manifest], crds: Iterable[File] = ()) -> str:
    """A release's manifest: every document under the name of its template, CRDs first."""
    parts = [f"---\n# Source: {file.name}\n{decode(file.data)}\n" for file in crds]
    parts += [f"---\n# Source: {manifest.path}\n{manifest.content}\n" for manifest in manifests]
    return "".join(parts)


def template_text(sorted_: Sorted, crds: Iterable[File] = (), *, hooks: bool = True, tests: bool = True) -> str:
    """What ``helm template`` prints."""
    parts = [manifest_text(sorted_.manifests, crds).strip(), "\n"]
    shown = [hook for hook in sorted_.hooks if tests or "test" not in hook.events] if hooks else []
    parts += [f"---\n# Source: {hook.path}\n{hook.manifest}\n" for hook in shown]
    return "".join(parts)
