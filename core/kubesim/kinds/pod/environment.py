"""The rules that environment variables of a container must keep. # k8s: core/validation ValidateEnv."""

import re
from typing import Any

from kubesim.kinds.fielderrors import all_invalid, invalid, not_supported, required
from kubesim.kinds.formats import config_key, qualified, subdomain, variable
from kubesim.objects.errors import Cause
from kubesim.objects.wire import Tree

_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_CONVERTIBLE = (
    "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName",
    "spec.restartPolicy", "spec.serviceAccountName", "spec.schedulerName", "status.phase", "status.hostIP",
    "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
_FIELDS = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP",
    "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
_RESOURCES = (
    "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage",
    "requests.memory",
)  # fmt: skip
_SUBSCRIPT = re.compile(r"(.*)\['(.*)'\]")


def validate_env(field: str, variables: list[Any] | None) -> list[Cause]:
    """The variables of a container."""
    found: list[Cause] = []
    for index, given in enumerate(variables or ()):
        at = f"{field}[{index}]"
        name = given.get("name") or ""
        found += all_invalid(f"{at}.name", name, variable(name)) if name else [required(f"{at}.name")]
        source = given.get("valueFrom")
        if source is not None:
            found += _value_from(f"{at}.valueFrom", source, given.get("value") or "")
    return found


def _value_from(at: str, source: Tree, value: str) -> list[Cause]:
    found: list[Cause] = []
    given = [name for name in _SOURCES if source.get(name) is not None]
    for name in given:
        if name == "fieldRef":
            found += _field_reference(f"{at}.fieldRef", source[name])
        elif name == "resourceFieldRef":
            found += _resource_reference(f"{at}.resourceFieldRef", source[name])
        elif name != "fileKeyRef":
            found += _key_reference(f"{at}.{name}", source[name])
    if not given:
        why = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        found.append(invalid(at, "", why))
    elif value:
        found.append(invalid(at, "", "may not be specified when `value` is not empty"))
    elif len(given) > 1:
        found.append(invalid(at, "", "may not have more than one field specified at a time"))
    return found


def _field_reference(at: str, reference: Tree) -> list[Cause]:
    path = reference.get("fieldPath") or ""
    if not path:
        return [required(f"{at}.fieldPath")]
    subscript = _SUBSCRIPT.fullmatch(path)
    if subscript is not None:
        if subscript[1] not in {"metadata.annotations", "metadata.labels"}:
            why = f"error converting fieldPath: field label does not support subscript: {path}"
            return [invalid(f"{at}.fieldPath", path, why)]
        return qualified(at, subscript[2].lower() if subscript[1] == "metadata.annotations" else subscript[2])
    if path not in _CONVERTIBLE:
        return [invalid(f"{at}.fieldPath", path, f"error converting fieldPath: field label not supported: {path}")]
    return [] if path in _FIELDS else [not_supported(f"{at}.fieldPath", path, _FIELDS)]


def _resource_reference(at: str, reference: Tree) -> list[Cause]:
    name = reference.get("resource") or ""
    if not name:
        return [required(f"{at}.resource")]
    if name in _RESOURCES or name.startswith(("limits.hugepages-", "requests.hugepages-")):
        return []
    return [not_supported(f"{at}.resource", name, _RESOURCES)]


def _key_reference(at: str, reference: Tree) -> list[Cause]:
    name, key = reference.get("name") or "", reference.get("key") or ""
    found = all_invalid(f"{at}.name", name, subdomain(name))
    return found + (all_invalid(f"{at}.key", key, config_key(key)) if key else [required(f"{at}.key")])


def validate_env_from(field: str, sources: list[Any] | None) -> list[Cause]:
    """The ConfigMaps and Secrets whose keys all become variables."""
    found: list[Cause] = []
    for index, source in enumerate(sources or ()):
        at = f"{field}[{index}]"
        if source.get("prefix"):
            found += all_invalid(f"{at}.prefix", source["prefix"], variable(source["prefix"]))
        given = [name for name in ("configMapRef", "secretRef") if source.get(name) is not None]
        for name in given:
            target = source[name].get("name") or ""
            where = f"{at}.{name}.name"
            found += all_invalid(where, target, subdomain(target)) if target else [required(where)]
        if not given:
            found.append(invalid(field, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(given) > 1:
            found.append(invalid(field, "", "may not have more than one field specified at a time"))
    return found
