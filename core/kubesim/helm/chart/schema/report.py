"""The tree of what does not fit a schema, and its text as Helm's JSON schema library prints it."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from kubesim.helm.template.numbers import format_float

_RAISED: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class Problem(NamedTuple):
    """Something that does not fit at a place of the document; ``group`` only holds its causes together."""

    path: str
    text: str
    causes: tuple["Problem", ...] = ()
    group: bool = False


class Number(float):
    """A number of a schema with the text it was written in."""

    text: str

    def __new__(cls, text: str) -> "Number":
        """The number that a text writes."""
        made = super().__new__(cls, text)
        made.text = text
        return made


def grouped(path: str, problems: list[Problem]) -> Problem | None:
    """One problem for several at one place."""
    if not problems:
        return None
    if len(problems) == 1:
        return problems[0]
    return Problem(path, "validation failed", tuple(problems), group=True)


def print_problems(problems: Iterable[Problem]) -> str:
    """The report of a whole document: one line for each problem, causes indented below."""
    lines: list[str] = []
    _print(problems, 0, lines)
    return "\n".join(lines)


def _print(problems: Iterable[Problem], indent: int, lines: list[str]) -> None:
    for problem in problems:
        lines.append(f"{'  ' * indent}- at {quoted(problem.path)}: {problem.text}")
        _print(problem.causes, indent + 1, lines)


def quoted(text: str) -> str:
    """Between single quotes."""
    from kubesim.helm.template.quoting import quote  # noqa: PLC0415 (only reports need it)

    inner = quote(text)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inner}'"


def listed(texts: Iterable[str]) -> str:
    """Quoted names, with commas."""
    return ", ".join(quoted(text) for text in texts)


def number(value: float) -> str:
    """A number in English: thousands apart, powers of ten raised."""
    text = format_float(float(value))
    mantissa, found, exponent = text.partition("e")
    if found:
        return f"{mantissa}×10{exponent.removeprefix('+').translate(_RAISED)}"
    whole, point, fraction = mantissa.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-')):,}{point}{fraction}"


def literal(value: Any) -> str | None:
    """A value of the schema as reports show it; None for lists and maps."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return value.text
    return quoted(value) if isinstance(value, str) else None
