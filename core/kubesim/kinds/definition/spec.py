"""The spec of a definition: group, scope, versions, and what is said once for all versions or for each."""

from collections.abc import Mapping
from typing import Any

from kubesim.kinds.definition import parts
from kubesim.kinds.definition.names import all_names, label_text, required_names
from kubesim.kinds.definition.rules import rule_causes
from kubesim.kinds.definition.schemas import schema_causes
from kubesim.kinds.definition.structural import structural_causes
from kubesim.kinds.fielderrors import invalid, one_of, required
from kubesim.objects.errors import Cause
from kubesim.objects.labelsyntax import subdomain_errors
from kubesim.objects.wire import EMPTY, Tree


def spec_causes(spec: Tree, old: Tree | None) -> list[Cause]:
    """Every broken rule; ``old`` is the spec before a change. # k8s: validateCustomResourceDefinitionSpec."""
    causes = _group_causes(spec.get("group") or "")
    causes += one_of("spec.scope", spec.get("scope"), ("Cluster", "Namespaced"))
    versions: list[Tree] = spec.get("versions") or []
    causes += _version_causes(versions)
    if spec.get("preserveUnknownFields"):
        text = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        causes.append(invalid("spec.preserveUnknownFields", True, text))
    causes += required_names(spec.get("names") or EMPTY)
    causes += all_names(spec.get("names") or EMPTY, "spec.names")
    alike = {field: all(version.get(field) == versions[0].get(field) for version in versions) for field in _CONTENT}
    known = {before.get("name"): _schema(before) for before in reversed((old or EMPTY).get("versions") or ())}
    for number, version in enumerate(versions):
        # What was let pass once stays so.
        causes += _content_causes(alike, number, version, known.get(version.get("name")))
    return causes + parts.conversion_causes(spec.get("conversion") or EMPTY)


def _group_causes(group: str) -> list[Cause]:
    if not group:
        return [required("spec.group")]
    errors = subdomain_errors(group)
    if errors:
        return [invalid("spec.group", group, ",".join(errors))]
    return [] if "." in group else [invalid("spec.group", group, "should be a domain with at least one dot")]


def _version_causes(versions: list[Tree]) -> list[Cause]:
    causes = []
    names = [version.get("name") or "" for version in versions]
    for number, version in enumerate(versions):
        place = f"spec.versions[{number}]"
        text = label_text(names[number])
        if text:
            causes.append(invalid(f"{place}.name", names[number], text))
        warning = version.get("deprecationWarning")
        if warning is not None and not version.get("deprecated"):
            text = "can only be set for deprecated versions"
            causes.append(invalid(f"{place}.deprecationWarning", warning, text))
        if _schema(version) is None:
            causes.append(required(f"{place}.schema.openAPIV3Schema", "schemas are required"))
    if len(dict.fromkeys(names)) < len(names):
        causes.append(invalid("spec.versions", versions, "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        causes.append(invalid("spec.versions", versions, "must have exactly one version marked as storage version"))
    return causes


def _schema(version: Tree) -> Any:
    return (version.get("schema") or EMPTY).get("openAPIV3Schema")


_CONTENT = ("schema", "subresources", "selectableFields", "additionalPrinterColumns")


def _content_causes(alike: Mapping[str, bool], number: int, version: Tree, known: Any) -> list[Cause]:
    """The rules of one version; what all versions say alike is told of once, where the old API had it."""
    place = f"spec.versions[{number}]"
    causes: list[Cause] = []
    first = number == 0

    def at(field: str, one: str) -> str | None:
        if not alike[field]:
            return f"{place}.{field}"
        return f"spec.{one}" if first else None

    path = at("schema", "validation")
    schema = _schema(version)
    if path is not None and schema is not None and schema != known:
        causes += _schema_causes(schema, f"{path}.openAPIV3Schema", version)
    path = at("subresources", "subresources")
    if path is not None:
        causes += parts.scale_causes(version.get("subresources") or EMPTY, path)
    path = at("selectableFields", "selectableFields")
    if path is not None:
        causes += parts.selectable_causes(version.get("selectableFields") or [], schema or EMPTY, path)
    path = at("additionalPrinterColumns", "additionalPrinterColumns")
    if path is not None:
        causes += parts.column_causes(version.get("additionalPrinterColumns") or [], path)
    return causes


def _schema_causes(schema: Tree, path: str, version: Tree) -> list[Cause]:
    del version
    causes = schema_causes(schema, path)
    found = structural_causes(schema, path)
    if not causes and not found:
        return rule_causes(schema, path)
    return found + causes
