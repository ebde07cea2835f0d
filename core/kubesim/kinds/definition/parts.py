"""The smaller parts of a definition: scale paths, printer columns, selectable fields, conversion."""

from typing import Any

from kubesim.api.custom import jsonpath
from kubesim.kinds.fielderrors import duplicate, forbidden, invalid, not_supported, required, too_many
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Tree

_TYPES = ("boolean", "date", "integer", "number", "string")
_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "name", "password")
_SELECTABLE = 8


def scale_causes(subresources: Tree, path: str) -> list[Cause]:
    """Where the replicas are. # k8s: ValidateCustomResourceDefinitionSubresources."""
    scale = subresources.get("scale")
    if scale is None:
        return []
    causes = []
    for field, root, needed in (
        ("specReplicasPath", ".spec", True),
        ("statusReplicasPath", ".status", True),
        ("labelSelectorPath", ".status", False),
    ):
        value, place = scale.get(field) or "", f"{path}.scale.{field}"
        roots = (".spec", ".status") if field == "labelSelectorPath" else (root,)
        if not value:
            causes += [required(place)] if needed else []
        elif not value.startswith("."):
            causes.append(invalid(place, value, "must be a simple json path starting with ."))
        elif not value.startswith(tuple(f"{each}." for each in roots)):
            words = (
                "should be a json path under either .status or .spec"
                if len(roots) > 1
                else (f"should be a json path under {root}")
            )
            causes.append(invalid(place, value, words))
    return causes


def column_causes(columns: list[Tree], path: str) -> list[Cause]:
    """What is printed. # k8s: ValidateCustomResourceColumnDefinition."""
    causes = []
    for number, column in enumerate(columns):
        place = f"{path}[{number}]"
        if not column.get("name"):
            causes.append(required(f"{place}.name"))
        kind = column.get("type") or ""
        if not kind:
            causes.append(required(f"{place}.type", f"must be one of {','.join(_TYPES)}"))
        elif kind not in _TYPES:
            causes.append(invalid(f"{place}.type", kind, f"must be one of {','.join(_TYPES)}"))
        form = column.get("format") or ""
        if form and form not in _FORMATS:
            causes.append(invalid(f"{place}.format", form, f"must be one of {','.join(_FORMATS)}"))
        causes += _path_causes(column.get("jsonPath") or "", f"{place}.jsonPath")
    return causes


def _path_causes(text: str, place: str) -> list[Cause]:
    if not text:
        return [required(place)]
    if not text.startswith("."):
        return [invalid(place, text, "must be a simple json path starting with .")]
    try:
        jsonpath.parse(text)
    except ValueError as error:
        return [invalid(place, text, str(error))]
    return []


def selectable_causes(fields: list[Tree], schema: Tree, path: str) -> list[Cause]:
    """Which fields can be selected by. # k8s: ValidateCustomResourceSelectableFields."""
    if len(fields) > _SELECTABLE:
        return [too_many(path, len(fields), _SELECTABLE)]
    causes = []
    seen: list[str] = []
    for number, field in enumerate(fields):
        text, place = field.get("jsonPath") or "", f"{path}[{number}].jsonPath"
        if not text:
            causes.append(required(place))
            continue
        if text in seen:
            causes.append(duplicate(place, text))
        seen.append(text)
        problem = _selectable_problem(text, schema)
        if problem:
            causes.append(invalid(place, text, problem))
    return causes


def _selectable_problem(text: str, schema: Tree) -> str:
    names = jsonpath.fields(text)
    if not text.startswith(".") or names is None:
        return "is an invalid path: only simple paths of fields can be selected by"
    if names[0] == "metadata":
        return "must not point to fields in metadata"
    found: Any = schema
    for name in names:
        found = (found.get("properties") or EMPTY).get(name)
        if found is None:
            return f'is an invalid path: does not refer to a valid field: "{name}"'
    if found.get("type") not in {"string", "boolean", "integer"}:
        kind = found.get("type") or ""
        return f'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed. Got "{kind}"'  # noqa: E501
    return ""


def conversion_causes(conversion: Tree) -> list[Cause]:
    """How versions become one another. # k8s: validateCustomResourceConversion."""
    path = "spec.conversion"
    strategy = conversion.get("strategy") or ""
    webhook = conversion.get("webhook")
    if not strategy:
        return [required(f"{path}.strategy")]
    if strategy not in {"None", "Webhook"}:
        return [not_supported(f"{path}.strategy", strategy, ("None", "Webhook"))]
    if strategy == "None":
        if webhook is None:
            return []
        return [forbidden(f"{path}.webhook", "should not be set when strategy is not set to Webhook")]
    if webhook is None or webhook.get("clientConfig") is None:
        return [required(f"{path}.webhookClientConfig", "required when strategy is set to Webhook")]
    return _client_causes(webhook["clientConfig"], f"{path}.webhookClientConfig") + _review_causes(webhook, path)


def _client_causes(client: Tree, path: str) -> list[Cause]:
    service = client.get("service")
    url: str = client.get("url") or ""
    if bool(url) == (service is not None):
        return [required(path, "exactly one of url or service is required")]
    if service is not None:
        return [required(f"{path}.service.{field}") for field in ("name", "namespace") if not service.get(field)]
    if not url.startswith("https://"):
        scheme = url.partition("://")[0] if "://" in url else ""
        text = "'https' is the only allowed URL scheme; desired format: https://host[/path]"
        return [invalid(f"{path}.url", scheme, text)]
    return []


def _review_causes(webhook: Tree, path: str) -> list[Cause]:
    versions = webhook.get("conversionReviewVersions") or []
    place = f"{path}.conversionReviewVersions"
    if not versions:
        return [required(place, "must specify at least one conversion review version")]
    if not any(version in {"v1", "v1beta1"} for version in versions):
        return [invalid(place, versions, "must include at least one of v1, v1beta1")]
    return []
