"""The keywords of JSON schema that look into objects."""

from typing import TYPE_CHECKING, Any

from kubesim.helm.chart.schema.formats import pattern
from kubesim.helm.chart.schema.report import Problem, listed, quoted
from kubesim.helm.chart.schema.resources import Place

if TYPE_CHECKING:
    from kubesim.helm.chart.schema.validator import Seen, Validator

Tree = dict[str, Any]


def pointer(path: str, token: str) -> str:
    """The JSON pointer of something within a value."""
    return f"{path}/{token.replace('~', '~0').replace('/', '~1')}"


def check(
    validator: "Validator", place: Place, value: Tree, path: str, scopes: tuple[str, ...], seen: "Seen"
) -> list[Problem]:
    """What does not fit; every property that a keyword names counts as looked at."""
    schema = place.schema
    problems: list[Problem] = []
    count = len(value)
    if "minProperties" in schema and count < schema["minProperties"]:
        problems.append(Problem(path, f"minProperties: got {count:,}, want {int(schema['minProperties']):,}"))
    if "maxProperties" in schema and count > schema["maxProperties"]:
        problems.append(Problem(path, f"maxProperties: got {count:,}, want {int(schema['maxProperties']):,}"))
    if isinstance(schema.get("required"), list):
        missing = [name for name in schema["required"] if name not in value]
        if missing:
            problems.append(Problem(path, _missing(missing)))
    problems.extend(_dependencies(validator, place, value, path, scopes, seen))
    problems.extend(_properties(validator, place, value, path, scopes, seen))
    if "propertyNames" in schema:
        for name in sorted(value):
            problem = validator.inner(place, schema["propertyNames"], name, "", scopes)[0]
            if problem is not None:
                problems.append(Problem(path, f"invalid propertyName {quoted(name)}", (problem,)))
    problems.extend(_dependent(validator, place, value, path, scopes, seen))
    return problems


def _missing(names: list[str]) -> str:
    return f"missing property {quoted(names[0])}" if len(names) == 1 else f"missing properties {listed(names)}"


def _properties(
    validator: "Validator", place: Place, value: Tree, path: str, scopes: tuple[str, ...], seen: "Seen"
) -> list[Problem]:
    schema = place.schema
    properties = schema.get("properties") or {}
    patterns = [(pattern(text), inner) for text, inner in (schema.get("patternProperties") or {}).items()]
    additional = schema.get("additionalProperties")
    problems: list[Problem] = []
    refused: list[str] = []
    # Helm's library takes the properties in random order; this is one of them.
    for name in sorted(value):
        applying = [properties[name]] if name in properties else []
        applying += [inner for matcher, inner in patterns if matcher.search(name)]
        if not applying and additional is not None:
            if additional is False:
                refused.append(name)
                continue
            applying = [additional]
        for inner in applying:
            seen.properties.add(name)
            problem = validator.inner(place, inner, value[name], pointer(path, name), scopes)[0]
            if problem is not None:
                problems.append(problem)
    if refused:
        problems.append(Problem(path, f"additional properties {listed(refused)} not allowed"))
    return problems


def _dependencies(
    validator: "Validator", place: Place, value: Tree, path: str, scopes: tuple[str, ...], seen: "Seen"
) -> list[Problem]:
    """``dependencies`` of the drafts up to 7."""
    problems: list[Problem] = []
    if place.draft > 2019:
        return problems
    for name, wanted in (place.schema.get("dependencies") or {}).items():
        if name not in value:
            continue
        if isinstance(wanted, list | str):
            problem = _required(wanted if isinstance(wanted, list) else [wanted], name, value, path)
        else:
            problem, inner = validator.inner(place, wanted, value, path, scopes)
            seen.add(inner)
        if problem is not None:
            problems.append(problem)
    return problems


def _required(wanted: list[str], name: str, value: Tree, path: str) -> Problem | None:
    missing = [each for each in wanted if each not in value]
    return Problem(path, f"properties {listed(missing)} required, if {quoted(name)} exists") if missing else None


def _dependent(
    validator: "Validator", place: Place, value: Tree, path: str, scopes: tuple[str, ...], seen: "Seen"
) -> list[Problem]:
    schema = place.schema
    problems: list[Problem] = []
    if place.draft < 2019:
        return problems
    for name, schema_ in (schema.get("dependentSchemas") or {}).items():
        if name in value:
            problem, inner = validator.inner(place, schema_, value, path, scopes)
            seen.add(inner)
            if problem is not None:
                problems.append(problem)
    for name, wanted in (schema.get("dependentRequired") or {}).items():
        missing = _required(wanted, name, value, path) if name in value else None
        if missing is not None:
            problems.append(missing)
    return problems


def check_unevaluated(
    validator: "Validator", place: Place, value: Tree, path: str, scopes: tuple[str, ...], seen: "Seen"
) -> list[Problem]:
    """``unevaluatedProperties``: what no other keyword has looked at."""
    if "unevaluatedProperties" not in place.schema:
        return []
    problems: list[Problem] = []
    for name in sorted(value):
        if name not in seen.properties:
            inner = place.schema["unevaluatedProperties"]
            problem = validator.inner(place, inner, value[name], pointer(path, name), scopes)[0]
            if problem is not None:
                problems.append(problem)
            seen.properties.add(name)
    return problems
