"""The simple JSONPaths of definitions: printer columns, replicas, selectable fields. # k8s: client-go/util/jsonpath."""

import re
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

_STEP = re.compile(
    r"""\.(?P<field>(?:\\.|[^.\[\]\\])+)            # .name
      | \[\s*'(?P<quoted>(?:\\.|[^'])*)'\s*\]       # ['name']
      | \[\s*(?P<index>-?\d+)\s*\]                  # [3]
      | \[\s*(?P<all>\*)\s*\]                       # [*]
      | \[\?\(\s*@(?P<filter>[^=!<>]+?)\s*(?P<operator>==|!=)\s*(?P<wanted>"[^"]*"|'[^']*'|[\w.+-]+)\s*\)\]
    """,
    re.VERBOSE,
)


class Step(NamedTuple):
    """One step: ``kind`` is field, index, all or filter."""

    kind: str
    name: str = ""
    position: int = 0
    inner: "tuple[Step, ...]" = ()
    operator: str = ""
    wanted: Any = None


Path = tuple[Step, ...]


@lru_cache(maxsize=1024)
def parse(text: str) -> Path:
    """The steps of a path such as ``.spec.replicas``. Raises ValueError."""
    inner = text.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    steps: list[Step] = []
    position = 0
    while position < len(inner):
        found = _STEP.match(inner, position)
        if found is None:
            msg = f"invalid JSONPath {text!r} at {inner[position:]!r}"
            raise ValueError(msg)
        position = found.end()
        steps.append(_step(found))
    if not steps:
        msg = f"empty JSONPath {text!r}"
        raise ValueError(msg)
    return tuple(steps)


def _step(found: re.Match[str]) -> Step:
    if found["index"] is not None:
        return Step("index", position=int(found["index"]))
    if found["all"] or found["field"] == "*":
        return Step("all")
    if found["filter"] is not None:
        return Step("filter", "", 0, parse(found["filter"]), found["operator"], _literal(found["wanted"]))
    name = found["field"] if found["field"] is not None else found["quoted"]
    return Step("field", re.sub(r"\\(.)", r"\1", name))


def _literal(text: str) -> Any:
    if text[0] in "\"'":
        return text[1:-1]
    if text in {"true", "false"}:
        return text == "true"
    try:
        return orjson.loads(text)
    except ValueError:
        return text


def find(path: Path, tree: Any) -> list[Any]:
    """Every value that the path leads to."""
    values = [tree]
    for step in path:
        values = [below for value in values for below in _below(step, value)]
    return values


def _below(step: Step, value: Any) -> list[Any]:
    if step.kind == "field":
        return [value[step.name]] if isinstance(value, dict) and step.name in value else []
    if step.kind == "all":
        return list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []
    if not isinstance(value, list):
        return []
    if step.kind == "index":
        return [value[step.position]] if -len(value) <= step.position < len(value) else []
    return [item for item in value if _passes(step, item)]


def _passes(step: Step, item: Any) -> bool:
    found = find(step.inner, item)
    return bool(found) and (found[0] == step.wanted) == (step.operator == "==")


def fields(text: str) -> tuple[str, ...] | None:
    """The names of a path of nothing but fields; None for any other path."""
    try:
        steps = parse(text)
    except ValueError:
        return None
    return tuple(step.name for step in steps) if all(step.kind == "field" for step in steps) else None


def value_at(names: tuple[str, ...], tree: Any) -> Any:
    """The value that a path of fields leads to, or None."""
    for name in names:
        if not isinstance(tree, dict):
            return None
        tree = tree.get(name)
    return tree


def with_value(names: tuple[str, ...], tree: Any, value: Any) -> dict[str, Any]:
    """The tree with the value at the end of a path of fields."""
    below = tree if isinstance(tree, dict) else {}
    head, rest = names[0], names[1:]
    return {**below, head: with_value(rest, below.get(head), value) if rest else value}


def printed(value: Any) -> str:
    """A value as a printer column of type string shows it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "<nil>"
    if isinstance(value, dict | list):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return repr(value) if isinstance(value, int) else f"{value:g}"
