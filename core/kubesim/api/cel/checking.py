"""Parsing and checking by the library: an expression and its variables to a tree, or the texts of what is wrong."""

import re
from collections.abc import Mapping
from functools import lru_cache

from cel_expr_python import cel

from kubesim.api.cel.declarations import signatures
from kubesim.api.cel.syntax import Checked, read

EXTENSIONS = ("optional", "two-var-comprehensions", "sets", "bindings")
_TAIL = re.compile(r" \[INVALID_ARGUMENT\]$")
_UNDECLARED = re.compile(r"ERROR: <input>:1:(\d+): undeclared reference to '([\w.]+)' \(in container ''\)")
Variables = tuple[tuple[str, str], ...]
"""Names and types: dyn, int, list<string>, ..."""


class CompileError(Exception):
    """An expression that is none; the text has lines such as ``ERROR: <input>:1:5: undefined field 'x'``."""


class Compiled(tuple[Checked, str]):
    """The tree, and the type of the result in lower case."""

    __slots__ = ()


def _text(variables: Variables) -> str:
    # Functions of the standard library that are joined by others have to be declared as a whole.
    lines = [
        "stdlib:",
        "  exclude_functions:",
        "  - name: string",
        "extensions:",
        *(f"- name: {name}" for name in EXTENSIONS),
        "functions:",
    ]
    grouped: dict[str, list[tuple[str, str]]] = {}
    for name, signature, result in signatures():
        grouped.setdefault(name, []).append((signature, result))
    for name, overloads in grouped.items():
        lines += [f"- name: {name}", "  overloads:"]
        for number, (signature, result) in enumerate(overloads):
            called = name.replace(".", "_")
            lines += [f"  - id: k8s_{called}_{number}", _parameters(name, signature), f'    return: "{result}"']
    lines.append("variables:")
    lines += [f'- name: "{name}"\n  type: "{kind}"' for name, kind in variables]
    return "\n".join(lines)


def _parameters(name: str, signature: str) -> str:
    """The signature; that of a function with a dot in its name has to be spelt out, for it looks like a method."""
    if "." not in name:
        return f'    signature: "{signature}"'
    given = signature.removeprefix(name)[1:-1]
    return f"    args: [{', '.join(f'{{type_name: {kind}}}' for kind in given.split(',') if kind)}]"


@lru_cache(maxsize=64)
def _environment(variables: Variables) -> cel.Env:
    return cel.NewEnv(config=cel.NewEnvConfigFromYaml(_text(variables)))


def located(text: str, offset: int, expression: str) -> str:
    """An error as cel-go prints it: the line of the expression, and a mark under the place."""
    before = expression[:offset]
    line, column = before.count("\n"), len(before) - (before.rfind("\n") + 1)
    snippet = expression.split("\n")[line]
    return f"ERROR: <input>:{line + 1}:{column + 1}: {text}\n | {snippet}\n | {'.' * column}^"


def _at_first_name(text: str, expression: str) -> str:
    """An unknown name with dots is told of as cel-go does: by its first part, where that is."""
    found = _UNDECLARED.match(text)
    if found is None or "\n" in expression:
        return text
    first, _, rest = found[2].partition(".")
    offset = int(found[1]) - 1 - len(found[2].rpartition(".")[0])
    said = f"undeclared reference to '{first}' (in container '')"
    return located(said, max(offset, 0), expression) if rest else text


@lru_cache(maxsize=4096)
def _compiled(expression: str, variables: Variables) -> tuple[Checked, str] | str:
    try:
        found = _environment(variables).compile(expression)
    except RuntimeError as error:
        text = _TAIL.sub("", str(error)).removeprefix("INVALID_ARGUMENT: ")
        return _at_first_name(text, expression)
    return read(found.serialize()), found.return_type().name().lower()


def check(expression: str, variables: Mapping[str, str]) -> tuple[Checked, str]:
    """The tree of an expression and the type of its result. Raises CompileError."""
    found = _compiled(expression, tuple(sorted(variables.items())))
    if isinstance(found, str):
        raise CompileError(found)
    return found
