"""Semantic versions and constraints on them, as the library Masterminds/semver reads them."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import ClassVar, Final, NamedTuple

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.signatures import STRING, Function, function, object_type
from kubesim.helm.template.values import GoObject, UInt64

_TAIL: Final = r"(?:-([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?(?:\+([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?"
_LONGEST_NUMBER: Final = 30
_VERSION: Final = re.compile(r"v?([0-9]+)(\.[0-9]+)?(\.[0-9]+)?" + _TAIL)
_PATTERN: Final = (
    r"v?([0-9|xX*]+)(\.[0-9|xX*]+)?(\.[0-9|xX*]+)?"
    r"(-(?:[0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?(?:\+(?:[0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?"
)
_LOOSE: Final = re.sub(r"\((?!\?)", "(?:", _PATTERN)
_OPS: Final = r"(?:!=|>=|=>|<=|=<|~>|=|>|<|~|\^|)"
_CONSTRAINT: Final = re.compile(rf"\s*({_OPS})\s*({_PATTERN})\s*")
_FIND: Final = re.compile(rf"{_OPS}\s*{_LOOSE}")
_VALID: Final = re.compile(rf"(?:\s*{_OPS}\s*{_LOOSE}\s*)(?:(?:\s+|,\s*){_OPS}\s*{_LOOSE}\s*)*")
_RANGE: Final = re.compile(rf"\s*({_LOOSE})\s+-\s+({_LOOSE})\s*")


class Version(GoObject):
    """A *semver.Version."""

    type_name = "*semver.Version"
    kind_name = "ptr"
    go_methods: ClassVar[dict[str, Function]] = {}

    def __init__(self, numbers: tuple[int, int, int], prerelease: str, metadata: str, original: str) -> None:
        self.numbers = numbers
        self.prerelease = prerelease
        self.metadata = metadata
        self.original = original

    def go_string(self) -> str:
        """MAJOR.MINOR.PATCH with prerelease and metadata, without a leading v."""
        text = ".".join(map(str, self.numbers))
        if self.prerelease:
            text += f"-{self.prerelease}"
        return f"{text}+{self.metadata}" if self.metadata else text

    def go_json(self) -> str:
        """As it is marshalled."""
        return self.go_string()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.key() == other.key()

    def __hash__(self) -> int:
        return hash(self.key())

    def key(self) -> tuple[tuple[int, int, int], str, str, str]:
        """All there is to compare for equality."""
        return self.numbers, self.prerelease, self.metadata, self.original


@lru_cache(maxsize=1024)
def parse_version(text: str) -> Version:
    """semver.NewVersion; GoError has its text."""
    match = _VERSION.fullmatch(text)
    if match is None or not text.isascii():
        raise GoError("invalid semantic version")
    # Nothing longer fits 64 bits.
    numbers = [int((match.group(at) or "0").lstrip(".")[:_LONGEST_NUMBER]) for at in (1, 2, 3)]
    for at, number in enumerate(numbers, start=1):
        if number >= 2**64:
            digits = quote((match.group(at) or "").lstrip("."))
            raise GoError(f"error parsing version segment: strconv.ParseUint: parsing {digits}: value out of range")
    prerelease, metadata = match.group(4) or "", match.group(5) or ""
    for part in prerelease.split("."):
        if part.isdigit() and len(part) > 1 and part[0] == "0":
            raise GoError("version segment starts with 0")
    return Version((numbers[0], numbers[1], numbers[2]), prerelease, metadata, text)


def compare(one: Version, two: Version) -> int:
    """-1, 0 or 1; metadata does not count."""
    if one.numbers != two.numbers:
        return -1 if one.numbers < two.numbers else 1
    if one.prerelease == two.prerelease:
        return 0
    if not one.prerelease or not two.prerelease:
        return -1 if one.prerelease else 1
    return _compare_prereleases(one.prerelease.split("."), two.prerelease.split("."))


def _compare_prereleases(one: list[str], two: list[str]) -> int:
    for left, right in zip(one, two, strict=False):
        if left == right:
            continue
        left_number, right_number = left.isdigit(), right.isdigit()
        if left_number and right_number:
            return -1 if (len(left), left) < (len(right), right) else 1
        if left_number != right_number:
            return -1 if left_number else 1
        return -1 if left < right else 1
    return 0 if len(one) == len(two) else -1 if len(one) < len(two) else 1


class Constraint(NamedTuple):
    """One comparison; ``open_minor`` and ``open_patch`` say where the version was cut short or had an x."""

    operator: str
    version: Version
    open: bool
    open_minor: bool
    open_patch: bool


def _is_open(part: str | None) -> bool:
    return part is None or part.lstrip(".") in {"x", "X", "*", ""}


def _parse_constraint(text: str) -> Constraint:
    match = _CONSTRAINT.fullmatch(text)
    if match is None:
        raise GoError(f"improper constraint: {text}")
    operator, written, major, minor, patch, tail = match.groups()
    is_open = open_minor = open_patch = False
    version = written
    if _is_open(major):
        version, is_open = f"0.0.0{tail or ''}", True
    elif _is_open(minor):
        version, is_open, open_minor = f"{major}.0.0{tail or ''}", True, True
    elif _is_open(patch):
        version, is_open, open_patch = f"{major}{minor}.0{tail or ''}", True, True
    try:
        return Constraint(operator, parse_version(version), is_open, open_minor, open_patch)
    except GoError:
        raise GoError("constraint parser error") from None


@lru_cache(maxsize=1024)
def parse_constraints(text: str) -> tuple[tuple[Constraint, ...], ...]:
    """semver.NewConstraint: alternatives of comparisons that all must hold; GoError has its text."""
    alternatives: list[tuple[Constraint, ...]] = []
    for part in _RANGE.sub(r">= \1, <= \2 ", text).split("||"):
        if _VALID.fullmatch(part) is None:
            raise GoError(f"improper constraint: {quote(part)}")
        alternatives.append(tuple(_parse_constraint(one) for one in _FIND.findall(part) or [part]))
    return tuple(alternatives)


def _not_equal(version: Version, constraint: Constraint) -> bool:
    wanted = constraint.version
    if not constraint.open:
        return compare(version, wanted) != 0
    if version.numbers[0] != wanted.numbers[0]:
        return True
    if version.numbers[1] != wanted.numbers[1] and not constraint.open_minor:
        return True
    if constraint.open_minor:
        return False
    if version.numbers[2] != wanted.numbers[2] and not constraint.open_patch:
        return True
    if constraint.open_patch:
        return version.prerelease != wanted.prerelease
    return compare(version, wanted) != 0


def _greater(version: Version, constraint: Constraint) -> bool:
    wanted = constraint.version
    if not constraint.open:
        return compare(version, wanted) > 0
    if version.numbers[0] != wanted.numbers[0]:
        return version.numbers[0] > wanted.numbers[0]
    if constraint.open_minor:
        return False
    if constraint.open_patch:
        return version.numbers[1] > wanted.numbers[1]
    return compare(version, wanted) > 0


def _less(version: Version, constraint: Constraint) -> bool:
    return compare(version, constraint.version) < 0


def _greater_or_equal(version: Version, constraint: Constraint) -> bool:
    return compare(version, constraint.version) >= 0


def _less_or_equal(version: Version, constraint: Constraint) -> bool:
    wanted = constraint.version
    if not constraint.open:
        return compare(version, wanted) <= 0
    if version.numbers[0] != wanted.numbers[0]:
        return version.numbers[0] < wanted.numbers[0]
    return version.numbers[1] <= wanted.numbers[1] or constraint.open_minor


def _tilde(version: Version, constraint: Constraint) -> bool:
    wanted = constraint.version
    if compare(version, wanted) < 0:
        return False
    if wanted.numbers == (0, 0, 0) and not constraint.open_minor and not constraint.open_patch:
        return True
    if version.numbers[0] != wanted.numbers[0]:
        return False
    return version.numbers[1] == wanted.numbers[1] or constraint.open_minor


def _tilde_or_equal(version: Version, constraint: Constraint) -> bool:
    return _tilde(version, constraint) if constraint.open else compare(version, constraint.version) == 0


def _caret(version: Version, constraint: Constraint) -> bool:
    major, minor, patch = constraint.version.numbers
    if compare(version, constraint.version) < 0:
        return False
    if major > 0 or constraint.open_minor:
        return version.numbers[0] == major
    if version.numbers[0] > 0:
        return False
    if minor > 0 or constraint.open_patch:
        return version.numbers[1] == minor
    if minor == 0 and version.numbers[1] > 0:
        return False
    return version.numbers[2] == patch if not constraint.open else True


_CHECKS: Final[dict[str, Callable[[Version, Constraint], bool]]] = {
    "": _tilde_or_equal,
    "=": _tilde_or_equal,
    "!=": _not_equal,
    ">": _greater,
    "<": _less,
    ">=": _greater_or_equal,
    "=>": _greater_or_equal,
    "<=": _less_or_equal,
    "=<": _less_or_equal,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}


def _holds(version: Version, constraint: Constraint) -> bool:
    # Prereleases only fit constraints that name one; "not equal" looks at that only when it is open.
    unwanted = bool(version.prerelease) and not constraint.version.prerelease
    if unwanted and (constraint.operator != "!=" or constraint.open):
        return False
    return _CHECKS[constraint.operator](version, constraint)


def satisfies(version: Version, constraints: tuple[tuple[Constraint, ...], ...]) -> bool:
    """Whether all comparisons of any alternative hold."""
    return any(all(_holds(version, constraint) for constraint in group) for group in constraints)


def semver_compare(constraint: str, version: str) -> bool:
    """Whether a version satisfies a constraint."""
    parsed = parse_constraints(constraint)
    return satisfies(parse_version(version), parsed)


def is_compatible_range(constraint: str, version: str) -> bool:
    """Whether a version satisfies a constraint; False when either cannot be read."""
    try:
        return semver_compare(constraint, version)
    except GoError:
        return False


def _bumped(version: Version, at: int) -> Version:
    major, minor, patch = version.numbers
    if at == 2 and version.prerelease:
        numbers = (major, minor, patch)
    else:
        numbers = ((major + 1, 0, 0), (major, minor + 1, 0), (major, minor, patch + 1))[at]
    prefix = "v" if version.original.startswith("v") else ""
    return Version(numbers, "", "", prefix + ".".join(map(str, numbers)))


VERSION: Final = object_type(Version, pointer=True)
Version.go_methods.update(
    {
        method.name: method
        for method in (
            function("String", Version.go_string),
            function("Original", lambda version: version.original),
            function("Major", lambda version: UInt64(version.numbers[0])),
            function("Minor", lambda version: UInt64(version.numbers[1])),
            function("Patch", lambda version: UInt64(version.numbers[2])),
            function("Prerelease", lambda version: version.prerelease),
            function("Metadata", lambda version: version.metadata),
            function("IncMajor", lambda version: _bumped(version, 0)),
            function("IncMinor", lambda version: _bumped(version, 1)),
            function("IncPatch", lambda version: _bumped(version, 2)),
            function("Compare", compare, VERSION),
            function("LessThan", lambda one, two: compare(one, two) < 0, VERSION),
            function("LessThanEqual", lambda one, two: compare(one, two) <= 0, VERSION),
            function("GreaterThan", lambda one, two: compare(one, two) > 0, VERSION),
            function("GreaterThanEqual", lambda one, two: compare(one, two) >= 0, VERSION),
            function("Equal", lambda one, two: compare(one, two) == 0, VERSION),
        )
    }
)

FUNCTIONS: tuple[Function, ...] = (
    function("semver", parse_version, STRING),
    function("semverCompare", semver_compare, STRING, STRING),
)
