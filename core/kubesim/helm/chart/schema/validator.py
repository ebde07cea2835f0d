"""Checks a document against a JSON schema (drafts 4 to 2020-12), in the order and with the texts of Helm's library."""

from functools import lru_cache
from typing import Any, Final

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.schema import arrays, objects
from kubesim.helm.chart.schema.formats import format_problem, pattern
from kubesim.helm.chart.schema.report import Problem, grouped, literal, number, print_problems, quoted
from kubesim.helm.chart.schema.resources import BASE, METASCHEMAS, Place, Resources, parse_json, specification
from kubesim.helm.template.execute.budget import deep_calls

Check = tuple[Problem | None, "Seen"]


class Seen:
    """Which properties and items of one value a schema has looked at."""

    __slots__ = ("all_items", "items", "properties")

    def __init__(self) -> None:
        self.properties: set[str] = set()
        self.items: set[int] = set()
        self.all_items = False

    def add(self, other: "Seen") -> None:
        """Take over what another schema has looked at."""
        self.properties |= other.properties
        self.items |= other.items
        self.all_items |= other.all_items


def validate_document(schema_text: str, values: Any) -> str:
    """What is wrong with the values, with a line break at the end; empty when nothing is. GoError for a bad schema."""
    resources, fault = _prepared(schema_text)
    if fault:
        return fault
    found = Validator(resources).check_document(values)
    return print_problems(found) + "\n" if found else ""


@lru_cache(maxsize=64)
def _prepared(schema_text: str) -> tuple[Resources, str]:
    """A schema ready for checks, and what is wrong with itself; GoError when it is no JSON."""
    if not schema_text.strip():
        raise ChartError("EOF")
    try:
        schema = parse_json(schema_text)
    except ValueError:
        from kubesim.helm.yaml.gojson import from_json  # noqa: PLC0415 (only bad schemas need it)

        from_json(schema_text)
        raise ChartError("invalid JSON") from None
    resources = Resources(schema)
    problem = _against_metaschema(schema, resources.root.draft)
    if problem:
        url = METASCHEMAS[resources.root.draft].rstrip("#") + "#"
        return resources, (
            f"\"{BASE}#\" is not valid against metaschema: jsonschema validation failed with '{url}'\n"
            f"{print_problems(problem)}"
        )
    return resources, ""


def _against_metaschema(schema: Any, draft: int) -> tuple[Problem, ...]:
    return Validator(_metaschema(draft), formats=True).check_document(schema)


@lru_cache(maxsize=8)
def _metaschema(draft: int) -> Resources:
    url = METASCHEMAS[draft]
    return Resources(specification(url), url.rstrip("#"))


class Validator:
    """Checks values against the schemas of some resources."""

    def __init__(self, resources: Resources, formats: bool = False) -> None:
        self.resources = resources
        self.formats = formats
        self.depth = 0

    def check_document(self, value: Any) -> tuple[Problem, ...]:
        """What does not fit the root schema."""
        with deep_calls():
            problem = self.check(self.resources.root, value, "", ())[0]
        if problem is None:
            return ()
        return problem.causes if problem.group else (problem,)

    def check(self, place: Place, value: Any, path: str, scopes: tuple[str, ...]) -> Check:
        """What does not fit, and what was looked at; ``scopes`` are the resources on the way here."""
        schema = place.schema
        seen = Seen()
        if schema is True or (isinstance(schema, dict) and not schema):
            return None, seen
        if schema is False:
            return Problem(path, "false schema"), seen
        self.depth += 1
        if self.depth > 400:
            raise ChartError("validating schema: infinite loop")
        if not scopes or scopes[-1] != place.base:
            scopes = (*scopes, place.base)
        try:
            early = self._early(place, value, path)
            if early is not None:
                return early, seen
            problems = self._all(place, value, path, scopes, seen)
        finally:
            self.depth -= 1
        return grouped(path, problems), seen

    def inner(self, place: Place, schema: Any, value: Any, path: str, scopes: tuple[str, ...]) -> Check:
        """Check against a schema within another."""
        return self.check(Place(schema, _base(place, schema), place.draft), value, path, scopes)

    def _early(self, place: Place, value: Any, path: str) -> Problem | None:
        """The keywords that end the check when they fail."""
        schema = place.schema
        if place.draft < 2019 and "$ref" in schema:
            return None
        wanted = schema.get("type")
        if wanted is not None:
            names = [wanted] if isinstance(wanted, str) else wanted
            kind = kind_of(value)
            if kind not in names and not ("integer" in names and _is_whole(value)):
                order = ["null", "boolean", "number", "integer", "string", "array", "object"]
                want = " or ".join([name for name in order if name in names])
                return Problem(path, f"got {kind}, want {want}")
        if "const" in schema and not equal(value, schema["const"]):
            shown = literal(schema["const"])
            return Problem(path, "'const' failed" if shown is None else f"value must be {shown}")
        if "enum" in schema and not any(equal(value, each) for each in schema["enum"]):
            return Problem(path, _enum_text(schema["enum"]))
        if isinstance(schema.get("format"), str) and (self.formats or place.draft < 2019):
            problem = format_problem(schema["format"], value)
            if problem is not None:
                return Problem(path, f"{quoted(value)} is not valid {schema['format']}: {problem}")
        return None

    def _all(self, place: Place, value: Any, path: str, scopes: tuple[str, ...], seen: Seen) -> list[Problem]:
        schema = place.schema
        problems: list[Problem] = []
        if "$ref" in schema:
            found = self._reference(place, schema["$ref"], value, path, scopes, seen)
            if place.draft < 2019:
                return [] if found is None else [found]
            _append(problems, found)
        if isinstance(value, dict):
            problems.extend(objects.check(self, place, value, path, scopes, seen))
        elif isinstance(value, list):
            problems.extend(arrays.check(self, place, value, path, scopes, seen))
        elif isinstance(value, str):
            problems.extend(_check_string(schema, value, path))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            problems.extend(_check_number(schema, value, path))
        self._dynamic(place, value, path, scopes, seen, problems)
        problems.extend(self._combined(place, value, path, scopes, seen))
        if not problems and isinstance(value, dict):
            problems.extend(objects.check_unevaluated(self, place, value, path, scopes, seen))
        elif not problems and isinstance(value, list):
            problems.extend(arrays.check_unevaluated(self, place, value, path, scopes, seen))
        return problems

    def _reference(
        self, place: Place, reference: str, value: Any, path: str, scopes: tuple[str, ...], seen: Seen
    ) -> Problem | None:
        return self._enter(self.resources.resolve(reference, place.base), value, path, scopes, seen)

    def _enter(self, target: Place, value: Any, path: str, scopes: tuple[str, ...], seen: Seen) -> Problem | None:
        problem, inner = self.check(target, value, path, scopes)
        seen.add(inner)
        # What a reference gathers is told at the place of the reference.
        return problem._replace(path=path, group=False) if problem is not None and problem.group else problem

    def _dynamic(
        self, place: Place, value: Any, path: str, scopes: tuple[str, ...], seen: Seen, problems: list[Problem]
    ) -> None:
        schema = place.schema
        if "$dynamicRef" in schema:
            target = self.resources.resolve(schema["$dynamicRef"], place.base)
            anchor = schema["$dynamicRef"].rpartition("#")[2]
            if (target.base, anchor) in self.resources.dynamic:
                outer = (self.resources.dynamic.get((scope, anchor)) for scope in scopes)
                target = next((found for found in outer if found is not None), target)
            _append(problems, self._enter(target, value, path, scopes, seen))
        if "$recursiveRef" in schema:
            target = self.resources.resolve("#", place.base)
            if isinstance(target.schema, dict) and target.schema.get("$recursiveAnchor") is True:
                target = self.resources.resolve("#", scopes[0])
            _append(problems, self._enter(target, value, path, scopes, seen))

    def _combined(self, place: Place, value: Any, path: str, scopes: tuple[str, ...], seen: Seen) -> list[Problem]:
        schema = place.schema
        problems: list[Problem] = []
        if "not" in schema and self.inner(place, schema["not"], value, path, scopes)[0] is None:
            problems.append(Problem(path, "'not' failed"))
        if schema.get("allOf"):
            failed, _ = self._each(place, schema["allOf"], value, path, scopes, seen)
            if failed:
                problems.append(Problem(path, "'allOf' failed", tuple(failed)))
        if schema.get("anyOf"):
            failed, passed = self._each(place, schema["anyOf"], value, path, scopes, seen)
            if not passed:
                problems.append(Problem(path, "'anyOf' failed", tuple(failed)))
        if schema.get("oneOf"):
            failed, passed = self._each(place, schema["oneOf"], value, path, scopes, seen)
            if not passed:
                problems.append(Problem(path, "'oneOf' failed, none matched", tuple(failed)))
            elif len(passed) > 1:
                problems.append(Problem(path, f"'oneOf' failed, subschemas {passed[0]}, {passed[1]} matched"))
        self._conditional(place, value, path, scopes, seen, problems)
        return problems

    def _each(
        self, place: Place, schemas: list[Any], value: Any, path: str, scopes: tuple[str, ...], seen: Seen
    ) -> tuple[list[Problem], list[int]]:
        failed: list[Problem] = []
        passed: list[int] = []
        for index, schema in enumerate(schemas):
            problem, inner = self.inner(place, schema, value, path, scopes)
            if problem is None:
                passed.append(index)
                seen.add(inner)
            else:
                failed.append(problem)
        return failed, passed

    def _conditional(
        self, place: Place, value: Any, path: str, scopes: tuple[str, ...], seen: Seen, problems: list[Problem]
    ) -> None:
        schema = place.schema
        if "if" not in schema or place.draft < 7:
            return
        problem, inner = self.inner(place, schema["if"], value, path, scopes)
        if problem is None:
            seen.add(inner)
        branch = "then" if problem is None else "else"
        if branch in schema:
            problem, inner = self.inner(place, schema[branch], value, path, scopes)
            seen.add(inner)
            _append(problems, problem)


def _append(problems: list[Problem], problem: Problem | None) -> None:
    if problem is not None:
        problems.append(problem)


def _base(place: Place, schema: Any) -> str:
    from urllib.parse import urldefrag, urljoin  # noqa: PLC0415 (only nested identifiers need it)

    identifier = schema.get("id" if place.draft == 4 else "$id") if isinstance(schema, dict) else None
    if not isinstance(identifier, str) or identifier.startswith("#"):
        return place.base
    return urldefrag(urljoin(place.base, identifier))[0]


def kind_of(value: Any) -> str:
    """JSON's name for the type of a value."""
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return "null"


_KINDS: Final = ((bool, "boolean"), (str, "string"), (dict, "object"), (list, "array"), ((int, float), "number"))


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()


def equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same; true is not 1."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(equal(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(equal, one, other))
    return kind_of(one) == kind_of(other) and bool(one == other)


def _enum_text(values: list[Any]) -> str:
    shown = [literal(value) for value in values]
    if None in shown:
        return "'enum' failed"
    texts = ", ".join(map(str, shown))
    return f"value must be {texts}" if len(shown) == 1 else f"value must be one of {texts}"


def _check_string(schema: dict[str, Any], value: str, path: str) -> list[Problem]:
    problems: list[Problem] = []
    length = len(value)
    if "minLength" in schema and length < schema["minLength"]:
        problems.append(Problem(path, f"minLength: got {length:,}, want {int(schema['minLength']):,}"))
    if "maxLength" in schema and length > schema["maxLength"]:
        problems.append(Problem(path, f"maxLength: got {length:,}, want {int(schema['maxLength']):,}"))
    if isinstance(schema.get("pattern"), str) and not pattern(schema["pattern"]).search(value):
        problems.append(Problem(path, f"{quoted(value)} does not match pattern {quoted(schema['pattern'])}"))
    return problems


def _check_number(schema: dict[str, Any], value: float, path: str) -> list[Problem]:
    problems: list[Problem] = []
    exclusive = {name: schema.get(name) for name in ("exclusiveMinimum", "exclusiveMaximum")}
    limits = {name: schema.get(name) for name in ("minimum", "maximum")}
    for limit, strict in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        # Draft 4 has a flag where later drafts have a number.
        if exclusive[strict] is True:
            exclusive[strict] = limits[limit]
            limits[limit] = None
    for name, limit_, fails in (
        ("minimum", limits["minimum"], _below),
        ("maximum", limits["maximum"], _above),
        ("exclusiveMinimum", exclusive["exclusiveMinimum"], _not_above),
        ("exclusiveMaximum", exclusive["exclusiveMaximum"], _not_below),
        ("multipleOf", schema.get("multipleOf"), _no_multiple),
    ):
        if isinstance(limit_, float) and fails(value, limit_):
            problems.append(Problem(path, f"{name}: got {number(value)}, want {number(limit_)}"))
    return problems


def _below(value: float, limit: float) -> bool:
    return value < limit


def _above(value: float, limit: float) -> bool:
    return value > limit


def _not_above(value: float, limit: float) -> bool:
    return value <= limit


def _not_below(value: float, limit: float) -> bool:
    return value >= limit


def _no_multiple(value: float, step: float) -> bool:
    from fractions import Fraction  # noqa: PLC0415 (only multipleOf needs it)

    return (Fraction(repr(float(value))) / Fraction(repr(float(step)))).denominator != 1
