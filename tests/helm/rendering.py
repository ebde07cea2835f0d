"""Renders template texts for the tests: with Helm's functions, a fixed clock and a seeded source of chance."""

import json
import math
from pathlib import Path
from random import Random
from typing import Any

from kubesim.helm.functions import LIBRARY
from kubesim.helm.template.errors import TemplateError
from kubesim.helm.template.execute.budget import Budget
from kubesim.helm.template.execute.context import Context, Sources
from kubesim.helm.template.quoting import quote

CASES = Path(__file__).parent / "cases"
NOW = 1_700_000_000_123
NOTES = "t/templates/NOTES.txt"


def context(*, seed: int = 1, **options: Any) -> Context:
    return Context(LIBRARY, Sources(lambda: NOW, Random(seed)), **options)


def render(text: str, data: Any = None, *, name: str = "t", **options: Any) -> str:
    """The output of a text as Helm gives it: missing values print nothing."""
    made = context(**options)
    made.add(name, text)
    return made.execute(name, {} if data is None else data).replace("<no value>", "")


def failure(text: str, data: Any = None, *, name: str = "t", **options: Any) -> str:
    """The error's text."""
    try:
        output = render(text, data, name=name, **options)
    except TemplateError as error:
        return str(error)
    raise AssertionError(f"no error but {output!r}")


def literal(value: Any) -> str:
    """A JSON value as an expression of the template language."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, float):
        text = repr(value)
        return text if math.isfinite(value) and ("." in text or "e" in text) else f"{text}.0"
    if isinstance(value, list):
        return f"(list {' '.join(map(literal, value))})".replace("(list )", "(list)")
    if isinstance(value, dict):
        inner = " ".join(f"{quote(key)} {literal(one)}" for key, one in value.items())
        return f"(dict {inner})" if inner else "(dict)"
    return str(value)


def through_tpl(case: dict[str, Any]) -> str:
    return f"{{{{ tpl {quote(case['template'])} {literal(case['values'])} }}}}"


def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    return found


def case_id(case: dict[str, Any]) -> str:
    return f"{case['test']}:{case['template']}:{json.dumps(case['values'])}"[:90]


def small_budget() -> Budget:
    return Budget(steps=20_000, characters=100_000)
