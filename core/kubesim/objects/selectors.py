"""Label selectors and field selectors: parse with the API server's errors, match, and print."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from kubesim.objects.labelsyntax import key_errors, value_errors
from kubesim.objects.wire import EMPTY, Tree

IN, NOT_IN, EXISTS, NOT_EXISTS = "in", "notin", "exists", "!"
EQUALS, DOUBLE_EQUALS, NOT_EQUALS, GREATER, LESS = "=", "==", "!=", "gt", "lt"

_SIGNS = {IN: " in ", NOT_IN: " notin ", GREATER: ">", LESS: "<"}
_FROM_API = {"In": IN, "NotIn": NOT_IN, "Exists": EXISTS, "DoesNotExist": NOT_EXISTS}
_FROM_NODE = {**_FROM_API, "Gt": GREATER, "Lt": LESS}
_INTEGER = re.compile(r"[+-]?[0-9]+")


class Requirement(NamedTuple):
    """One condition on a label; ``values`` is sorted."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet it. An absent label meets ``!=``, ``notin`` and ``!``."""
        operator = self.operator
        found = labels.get(self.key)
        if operator in {IN, EQUALS, DOUBLE_EQUALS}:
            return found is not None and found in self.values
        if operator in {NOT_IN, NOT_EQUALS}:
            return found is None or found not in self.values
        if operator == EXISTS:
            return found is not None
        if operator == NOT_EXISTS:
            return found is None
        return found is not None and _ordered(found, operator, self.values)

    def __str__(self) -> str:
        if self.operator == NOT_EXISTS:
            return "!" + self.key
        if self.operator == EXISTS:
            return self.key
        values = ",".join(self.values)
        if self.operator in {IN, NOT_IN}:
            values = f"({values})"
        return self.key + _SIGNS.get(self.operator, self.operator) + values


def _ordered(found: str, operator: str, values: tuple[str, ...]) -> bool:
    if len(values) != 1 or not (_INTEGER.fullmatch(found) and _INTEGER.fullmatch(values[0])):
        return False
    return int(found) > int(values[0]) if operator == GREATER else int(found) < int(values[0])


class Selector:
    """All requirements must be met. ``exact`` holds the label values asked for when that is all it asks for."""

    __slots__ = ("_nothing", "exact", "requirements")

    def __init__(self, requirements: tuple[Requirement, ...], *, nothing: bool = False) -> None:
        self.requirements = requirements
        self._nothing = nothing
        plain = not nothing and all(r.operator in {EQUALS, DOUBLE_EQUALS} for r in requirements)
        exact = {r.key: r.values[0] for r in requirements} if plain else None
        self.exact: dict[str, str] | None = exact if exact is not None and len(exact) == len(requirements) else None

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Whether an object with these labels is selected."""
        if self._nothing:
            return False
        if labels is None:
            labels = EMPTY
        if self.exact is not None:
            # Most selectors are of this kind and are asked for every Pod; a loop is twice as fast as a generator.
            for key, value in self.exact.items():  # noqa: SIM110
                if labels.get(key) != value:
                    return False
            return True
        return all(requirement.matches(labels) for requirement in self.requirements)

    @property
    def matches_nothing(self) -> bool:
        """Whether it selects nothing, whatever the labels."""
        return self._nothing

    @property
    def matches_everything(self) -> bool:
        """Whether it is empty and selects everything."""
        return not self._nothing and not self.requirements

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))

    def __repr__(self) -> str:
        return f"Selector({'<nothing>' if self._nothing else str(self)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Selector):
            return NotImplemented
        return (self._nothing, self.requirements) == (other._nothing, other.requirements)

    def __hash__(self) -> int:
        return hash((self._nothing, self.requirements))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.requirements, self._nothing)


def _rebuild(requirements: tuple[Requirement, ...], nothing: bool) -> Selector:
    return Selector(requirements, nothing=nothing)


EVERYTHING = Selector(())
"""Selects all objects."""
NOTHING = Selector((), nothing=True)
"""Selects no object."""


def from_map(labels: Mapping[str, str] | None) -> Selector:
    """Select the objects that carry all these labels; none asked for selects everything."""
    if not labels:
        return EVERYTHING
    return Selector(tuple(Requirement(key, EQUALS, (labels[key],)) for key in sorted(labels)))


def from_label_selector(tree: Tree | None) -> Selector:
    """A ``metav1.LabelSelector``; None selects nothing, ``{}`` everything. ValueError on an unknown operator.

    # k8s: apimachinery/apis/meta/v1 LabelSelectorAsSelector
    """
    if tree is None:
        return NOTHING
    found = [Requirement(key, EQUALS, (value,)) for key, value in (tree.get("matchLabels") or {}).items()]
    found += [_from_expression(item, _FROM_API) for item in tree.get("matchExpressions") or ()]
    return Selector(tuple(sorted(found, key=_key))) if found else EVERYTHING


def from_node_expressions(expressions: list[Any] | None) -> Selector:
    """Node selector expressions, which know ``Gt`` and ``Lt`` too; an empty list selects nothing."""
    if not expressions:
        return NOTHING
    return Selector(tuple(sorted((_from_expression(item, _FROM_NODE) for item in expressions), key=_key)))


def _key(requirement: Requirement) -> str:
    return requirement.key


def _from_expression(expression: Tree, operators: Mapping[str, str]) -> Requirement:
    operator = operators.get(expression["operator"])
    if operator is None:
        msg = f'"{expression["operator"]}" is not a valid label selector operator'
        raise ValueError(msg)
    return Requirement(expression["key"], operator, tuple(sorted(set(expression.get("values") or ()))))


def format_label_selector(tree: Tree | None) -> str:
    """Print a LabelSelector as kubectl and server-side tables do: ``<none>`` when empty, ``<error>`` when invalid."""
    try:
        return str(from_label_selector(tree)) or "<none>"
    except ValueError:
        return "<error>"


# ---------------------------------------------------------------------- the text syntax of labels
_TOKEN = re.compile(r"[ \t\r\n]*(?:(==|!=|=|!|\(|\)|,|>|<)|([^=!(),><\s]+))")
_OPERATORS = {
    "in": IN,
    "notin": NOT_IN,
    "=": EQUALS,
    "==": DOUBLE_EQUALS,
    "!=": NOT_EQUALS,
    ">": GREATER,
    "<": LESS,
}
_EXPECTED_OPERATORS = "in, notin, =, ==, !=, gt, lt"


class _Parser:
    """A recursive descent over the tokens of a label selector. # k8s: apimachinery/pkg/labels Parser."""

    def __init__(self, text: str) -> None:
        self.tokens = [(match[1] or match[2], match[1] is None) for match in _TOKEN.finditer(text)]
        self.position = 0

    def peek(self) -> tuple[str, bool]:
        """The next token and whether it is an identifier; ("", False) at the end."""
        return self.tokens[self.position] if self.position < len(self.tokens) else ("", False)

    def take(self) -> tuple[str, bool]:
        """The next token, consumed."""
        token = self.peek()
        self.position += 1
        return token

    def parse(self) -> list[Requirement]:
        """All requirements in the order of their keys."""
        found: list[Requirement] = []
        while True:
            text, word = self.peek()
            if not text:
                break
            if not word and text != "!":
                msg = f"found '{text}', expected: !, identifier, or 'end of string'"
                raise ValueError(msg)
            try:
                found.append(self.requirement())
            except ValueError as error:
                msg = f"unable to parse requirement: {error}"
                raise ValueError(msg) from None
            self.separator()
        return sorted(found, key=_key)

    def separator(self) -> None:
        """The end, or a comma and the begin of another requirement."""
        text, word = self.take()
        if not text:
            return
        if word or text != ",":
            msg = f"found '{text}', expected: ',' or 'end of string'"
            raise ValueError(msg)
        text, word = self.peek()
        if not word and text != "!":
            msg = f"found '{text}', expected: identifier after ','"
            raise ValueError(msg)

    def requirement(self) -> Requirement:
        """One requirement."""
        key, word = self.take()
        negated = not word and key == "!"
        if negated:
            key, word = self.take()
        if not word:
            msg = f"found '{key}', expected: identifier"
            raise ValueError(msg)
        errors = key_errors(key)
        if errors:
            msg = f'<nil>: Invalid value: "{key}": {"; ".join(errors)}'
            raise ValueError(msg)
        if self.peek()[0] in {"", ","} or negated:
            return Requirement(key, NOT_EXISTS if negated else EXISTS)
        text, _ = self.take()
        operator = _OPERATORS.get(text)
        if operator is None:
            msg = f"found '{text}', expected: {_EXPECTED_OPERATORS}"
            raise ValueError(msg)
        values = self.listed() if operator in {IN, NOT_IN} else [self.single()]
        return _checked(Requirement(key, operator, tuple(sorted(set(values)))))

    def single(self) -> str:
        """The value after a sign; it may be missing."""
        if self.peek()[0] in {"", ","}:
            return ""
        text, word = self.take()
        if not word:
            msg = f"found '{text}', expected: identifier"
            raise ValueError(msg)
        return text

    def listed(self) -> list[str]:
        """The values between parentheses; missing ones count as empty text."""
        text, _ = self.take()
        if text != "(":
            msg = f"found '{text}' expected: '('"
            raise ValueError(msg)
        text, word = self.peek()
        if text == ")":
            self.take()
            return [""]
        if not word and text != ",":
            msg = f"found '{text}', expected: ',', ')' or identifier"
            raise ValueError(msg)
        values: list[str] = []
        while self.another(values):
            pass
        self.take()
        return values

    def another(self, values: list[str]) -> bool:
        """Take one value or comma of a list; False when the list ends after it."""
        text, word = self.take()
        following = self.peek()[0]
        if word:
            values.append(text)
            if following not in {",", ")"}:
                msg = f"found '{following}', expected: ',' or ')'"
                raise ValueError(msg)
        elif text == ",":
            if not values or following in {",", ")"}:
                values.append("")
        else:
            msg = f"found '{text}', expected: ',', or identifier"
            raise ValueError(msg)
        return following != ")"


def _checked(requirement: Requirement) -> Requirement:
    errors = []
    if requirement.operator in {GREATER, LESS} and not _INTEGER.fullmatch(requirement.values[0]):
        text = "for 'Gt', 'Lt' operators, the value must be an integer"
        errors.append(f'values[0]: Invalid value: "{requirement.values[0]}": {text}')
    for position, value in enumerate(requirement.values):
        wrong = value_errors(value)
        if wrong:
            place = f"values[{position}][{requirement.key}]"
            errors.append(f'{place}: Invalid value: "{value}": {"; ".join(wrong)}')
    if errors:
        raise ValueError(errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]")
    return requirement


@lru_cache(maxsize=512)
def parse_labels(text: str) -> Selector:
    """Parse ``a=b,c!=d,e in (f,g),!h``. ValueError with the API server's text."""
    found = tuple(_Parser(text).parse())
    return Selector(found) if found else EVERYTHING


# ---------------------------------------------------------------------- fields
class FieldTerm(NamedTuple):
    """``field=value``, or with ``negated`` ``field!=value``."""

    field: str
    value: str
    negated: bool = False

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")
        return f"{self.field}{'!=' if self.negated else '='}{escaped}"


class FieldSelector:
    """All terms must be met; an absent field counts as empty text."""

    __slots__ = ("terms",)

    def __init__(self, terms: tuple[FieldTerm, ...]) -> None:
        self.terms = terms

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Whether an object with these selectable fields is selected."""
        return all((fields.get(term.field, "") == term.value) != term.negated for term in self.terms)

    def exact(self, field: str) -> str | None:
        """The value asked for of a field, or None when any will do."""
        for term in self.terms:
            if term.field == field and not term.negated:
                return term.value
        return None

    def __str__(self) -> str:
        return ",".join(map(str, self.terms))


_ESCAPED = re.compile(r"(?:[^\\,]|\\.|\\$)+")
_SIGN = re.compile(r"!=|==|=")


@lru_cache(maxsize=512)
def parse_fields(text: str) -> FieldSelector:
    """Parse ``metadata.name=a,status.phase!=Running``. ValueError with the API server's text."""
    terms = []
    for part in sorted(_ESCAPED.findall(text)):
        sign = _SIGN.search(part)
        if sign is None:
            msg = f"invalid selector: '{text}'; can't understand '{part}'"
            raise ValueError(msg)
        terms.append(FieldTerm(part[: sign.start()], _unescape(part[sign.end() :]), sign[0] == "!="))
    return FieldSelector(tuple(terms))


def _unescape(value: str) -> str:
    if "\\" not in value and "=" not in value:
        return value
    letters: list[str] = []
    escaping = False
    for letter in value:
        if escaping:
            if letter not in "\\,=":
                msg = f"invalid field selector: invalid escape sequence: \\{letter}"
                raise ValueError(msg)
            letters.append(letter)
            escaping = False
        elif letter == "\\":
            escaping = True
        elif letter in ",=":
            msg = f"invalid field selector: unescaped character in value: {letter}"
            raise ValueError(msg)
        else:
            letters.append(letter)
    if escaping:
        msg = "invalid field selector: invalid escape sequence: \\"
        raise ValueError(msg)
    return "".join(letters)
