"""Families of metrics and the text form of them that Prometheus reads."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, str]
NONE: Labels = {}


class Sample(NamedTuple):
    """One number; ``suffix`` is what its name has beyond the family's (``_bucket``)."""

    labels: Labels
    value: float
    suffix: str = ""


class Family(NamedTuple):
    """A metric with its samples; ``kind`` is counter, gauge or histogram."""

    name: str
    kind: str
    help: str
    samples: tuple[Sample, ...]


def one(name: str, kind: str, text: str, value: float, labels: Labels = NONE) -> Family:
    """A family of a single sample."""
    return Family(name, kind, text, (Sample(labels, value),))


def render(families: Iterable[Family]) -> bytes:
    """The exposition of all families, sorted by name."""
    lines: list[str] = []
    for family in sorted(families, key=_name):
        lines.append(f"# HELP {family.name} {family.help}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        lines += [f"{family.name}{sample.suffix}{_labels(sample.labels)} {_number(sample.value)}"
                  for sample in family.samples]  # fmt: skip
    return "".join(f"{line}\n" for line in lines).encode()


def _name(family: Family) -> str:
    return family.name


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(labels.items()))
    return f"{{{inner}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
