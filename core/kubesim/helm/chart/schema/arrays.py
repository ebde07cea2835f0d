"""The keywords of JSON schema that look into arrays."""

from typing import TYPE_CHECKING, Any

from kubesim.helm.chart.schema.report import Problem
from kubesim.helm.chart.schema.resources import Place

if TYPE_CHECKING:
    from kubesim.helm.chart.schema.validator import Seen, Validator

Items = list[Any]


def check(
    validator: "Validator", place: Place, value: Items, path: str, scopes: tuple[str, ...], seen: "Seen"
) -> list[Problem]:
    """What does not fit; every item that a keyword names counts as looked at."""
    schema = place.schema
    problems: list[Problem] = []
    count = len(value)
    if "minItems" in schema and count < schema["minItems"]:
        problems.append(Problem(path, f"minItems: got {count:,}, want {int(schema['minItems']):,}"))
    if "maxItems" in schema and count > schema["maxItems"]:
        problems.append(Problem(path, f"maxItems: got {count:,}, want {int(schema['maxItems']):,}"))
    if schema.get("uniqueItems") is True:
        twins = _twins(value)
        if twins is not None:
            problems.append(Problem(path, f"items at {twins[0]:,} and {twins[1]:,} are equal"))
    problems.extend(_items(validator, place, value, path, scopes, seen))
    if "contains" in schema and place.draft > 4:
        problems.extend(_contains(validator, place, value, path, scopes, seen))
    return problems


def _twins(value: Items) -> tuple[int, int] | None:
    from kubesim.helm.chart.schema.validator import equal  # noqa: PLC0415 (the two modules need each other)

    for later in range(1, len(value)):
        for earlier in range(later):
            if equal(value[earlier], value[later]):
                return earlier, later
    return None


def _items(
    validator: "Validator", place: Place, value: Items, path: str, scopes: tuple[str, ...], seen: "Seen"
) -> list[Problem]:
    schema = place.schema
    first: Items = schema.get("prefixItems", []) if place.draft >= 2020 else []
    rest = schema.get("items")
    if isinstance(rest, list):
        first, rest = rest, schema.get("additionalItems")
        if rest is False:
            seen.items.update(range(len(first)))
            extra = len(value) - len(first)
            problems = _checked(validator, place, value, path, scopes, list(first))
            if extra > 0:
                problems.append(Problem(path, f"last {extra:,} additionalItem(s) not allowed"))
            return problems
    schemas = list(first) + ([rest] * (len(value) - len(first)) if rest is not None else [])
    seen.items.update(range(min(len(first), len(value))))
    seen.all_items |= rest is not None
    return _checked(validator, place, value, path, scopes, schemas)


def _checked(
    validator: "Validator", place: Place, value: Items, path: str, scopes: tuple[str, ...], schemas: Items
) -> list[Problem]:
    found = [
        validator.inner(place, schema, item, f"{path}/{index}", scopes)[0]
        for index, (schema, item) in enumerate(zip(schemas, value, strict=False))
    ]
    return [problem for problem in found if problem is not None]


def _contains(
    validator: "Validator", place: Place, value: Items, path: str, scopes: tuple[str, ...], seen: "Seen"
) -> list[Problem]:
    schema = place.schema
    matched: list[int] = []
    causes: list[Problem] = []
    for index, item in enumerate(value):
        problem = validator.inner(place, schema["contains"], item, f"{path}/{index}", scopes)[0]
        if problem is None:
            matched.append(index)
            if place.draft >= 2020:
                seen.items.add(index)
        else:
            causes.append(problem)
    least = schema.get("minContains") if place.draft >= 2019 else None
    most = schema.get("maxContains") if place.draft >= 2019 else None
    at = " ".join(map(str, matched))
    problems: list[Problem] = []
    if least is None and not matched:
        problems.append(Problem(path, "no items match contains schema", tuple(causes)))
    elif least is not None and len(matched) < least:
        text = f"min {int(least):,} items required to match contains schema, but matched {len(matched):,} items"
        problems.append(Problem(path, f"{text} at {at}", tuple(causes)))
    if most is not None and len(matched) > most:
        text = f"max {int(most):,} items required to match contains schema, but matched {len(matched):,} items"
        problems.append(Problem(path, f"{text} at {at}"))
    return problems


def check_unevaluated(
    validator: "Validator", place: Place, value: Items, path: str, scopes: tuple[str, ...], seen: "Seen"
) -> list[Problem]:
    """``unevaluatedItems``: what no other keyword has looked at."""
    if "unevaluatedItems" not in place.schema or seen.all_items:
        return []
    problems: list[Problem] = []
    for index, item in enumerate(value):
        if index not in seen.items:
            inner = place.schema["unevaluatedItems"]
            problem = validator.inner(place, inner, item, f"{path}/{index}", scopes)[0]
            if problem is not None:
                problems.append(problem)
    seen.all_items = True
    return problems
