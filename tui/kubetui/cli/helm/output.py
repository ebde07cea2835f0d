"""Prints lists as Helm does: as a table, JSON or YAML; and reads the flags that say how."""

import re
import sys
from collections.abc import Sequence
from typing import Any, Final

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.repository.documents import struct_json
from kubesim.helm.yaml.writer import to_yaml
from kubetui.cli.helm.flags import TEXT, Flag, Parsed

FORMATS: Final = ("table", "json", "yaml")
OUTPUT_FLAGS: Final = {"output": Flag(TEXT, "o")}
_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def format_of(parsed: Parsed) -> str:
    """table, json or yaml; ChartError with Helm's text for anything else."""
    name = parsed.text("output", "table")
    if name not in FORMATS:
        raise ChartError(f'invalid argument "{name}" for "-o, --output" flag: invalid format type')
    return name


def duration_of(parsed: Parsed, name: str, default: float) -> float:
    """The seconds that a flag with a duration means; ChartError with Helm's text."""
    text = parsed.text(name)
    if not text:
        return default
    pieces = re.findall(r"([0-9]*\.?[0-9]+|[0-9]+\.)(ns|us|µs|ms|s|m|h)", text)
    if text == "0":
        return 0.0
    if not pieces or "".join([number + unit for number, unit in pieces]) != text.removeprefix("+"):
        missing = "missing unit in duration" if re.fullmatch(r"[0-9.]+", text) else "invalid duration"
        raise ChartError(f'invalid argument "{text}" for "--{name}" flag: time: {missing} "{text}"')
    return sum(float(number) * _UNITS[unit] for number, unit in pieces)


def count_of(parsed: Parsed, name: str, default: int) -> int:
    """A flag with a number that is not negative; ChartError with Helm's text."""
    text = parsed.text(name)
    if not text:
        return default
    if not text.isdigit():
        reason = f'strconv.ParseUint: parsing "{text}": invalid syntax'
        raise ChartError(f'invalid argument "{text}" for "--{name}" flag: {reason}')
    return int(text)


def print_documents(rows: Sequence[dict[str, Any]], form: str) -> None:
    """A list as JSON or YAML."""
    text = struct_json(list(rows)).decode("utf-8", "surrogateescape") + "\n" if form == "json" else to_yaml(list(rows))
    write(text)


def print_table(rows: Sequence[Sequence[str]], widest: int = 0) -> None:
    """Rows in columns; ``widest`` is how wide a column may become."""
    write("\n".join(table_lines(rows, widest)) + "\n")


def table_lines(rows: Sequence[Sequence[str]], widest: int = 0) -> list[str]:
    """The lines of a table: cells filled up with spaces, columns set apart by tabs."""
    shown = [[_cut(cell, widest) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*shown, strict=True)]
    return ["\t".join([cell.ljust(width) for cell, width in zip(row, widths, strict=True)]) for row in shown]


def _cut(cell: str, widest: int) -> str:
    if not widest or len(cell) <= widest:
        return cell
    return cell[: max(widest - 3, 1)] + "..."


def write(text: str) -> None:
    """Print text whose bytes may be no UTF-8."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()
