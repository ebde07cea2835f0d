"""Quantities and semantic versions. # k8s: apiserver/pkg/cel/library/{quantity,semverlib}.go."""

import re
from typing import Any

from kubesim.api.cel.library.dispatch import by_type
from kubesim.api.cel.operators import Function
from kubesim.api.cel.values import EvaluationError, is_number
from kubesim.objects import quantities

NANO = 1_000_000_000


class Quantity:
    """A resource quantity, in billionths."""

    cel_type = "kubernetes.Quantity"

    def __init__(self, nanos: int, text: str = "") -> None:
        self.nanos = nanos
        self.text = text or quantities.write(nanos)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.nanos == other.nanos

    def __hash__(self) -> int:
        return hash(self.nanos)


def quantity(text: str) -> Quantity:
    """A quantity out of a text."""
    try:
        return Quantity(quantities.nano(text), text)
    except ValueError:
        rule = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        raise EvaluationError(rule) from None


def is_quantity(text: str) -> bool:
    """Whether a text is a quantity."""
    try:
        quantities.check(text)
    except ValueError:
        return False
    return True


def as_integer(value: Quantity) -> int:
    """The whole number that a quantity is. Raises EvaluationError when it is none."""
    if value.nanos % NANO:
        raise EvaluationError("cannot convert value to integer")
    return value.nanos // NANO


def _amount(other: Any) -> int:
    return other * NANO if is_number(other) else int(other.nanos)


_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z.-]+))?"
)


class Semver:
    """A semantic version."""

    cel_type = "kubernetes.Semver"

    def __init__(self, text: str, numbers: tuple[int, int, int], release: str) -> None:
        self.text = text
        self.numbers = numbers
        self.key = (numbers, not release, [_identifier(part) for part in release.split(".")] if release else [])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Semver) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.numbers)


def _identifier(part: str) -> tuple[bool, int, str]:
    return (False, int(part), "") if part.isdigit() else (True, 0, part)


def _semver(text: str, *normalize: bool) -> Semver | None:
    if normalize and normalize[0]:
        text = _normal(text)
    found = _SEMVER.fullmatch(text)
    if found is None:
        return None
    return Semver(text, (int(found[1]), int(found[2]), int(found[3])), found[4] or "")


def _normal(text: str) -> str:
    core, mark, rest = re.match(r"([^-+]*)([-+]?)(.*)", text.removeprefix("v")).groups()  # type: ignore[union-attr]
    parts = [part.lstrip("0") or "0" if part.isdigit() else part for part in core.split(".")]
    return ".".join([*parts, "0", "0"][: max(3, len(parts))]) + mark + rest


def semver(text: str, *normalize: bool) -> Semver:
    """A version out of a text."""
    found = _semver(text, *normalize)
    if found is None:
        raise EvaluationError(f'semver parse error during conversion from string: invalid version "{text}"')
    return found


def is_semver(text: str, *normalize: bool) -> bool:
    """Whether a text is a version."""
    return _semver(text, *normalize) is not None


def _key(value: Any) -> Any:
    return value.nanos if isinstance(value, Quantity) else value.key


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1."""
    a, b = _key(left), _key(right)
    return int(a > b) - int(a < b)


FUNCTIONS: dict[str, Function] = {
    "quantity": quantity, "isQuantity": is_quantity, "asInteger": as_integer,
    "sign": lambda value: (value.nanos > 0) - (value.nanos < 0),
    "isInteger": lambda value: value.nanos % NANO == 0,
    "asApproximateFloat": lambda value: value.nanos / NANO,
    "isGreaterThan": lambda left, right: compare(left, right) > 0,
    "isLessThan": lambda left, right: compare(left, right) < 0,
    "compareTo": compare,
    "add": by_type({Quantity: lambda left, right: Quantity(left.nanos + _amount(right))}),
    "sub": by_type({Quantity: lambda left, right: Quantity(left.nanos - _amount(right))}),
    "semver": semver, "isSemver": is_semver,
    "major": lambda value: value.numbers[0], "minor": lambda value: value.numbers[1],
    "patch": lambda value: value.numbers[2],
}  # fmt: skip
