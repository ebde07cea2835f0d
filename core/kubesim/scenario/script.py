"""The description of a scenario: a cluster and the steps of its story, checked field by field before anything runs."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from kubesim.scenario.documents import ManifestError, load_yaml, read_text

FIELDS = frozenset(("name", "cluster", "seed", "steps"))
SPAN_VERBS = ("wait", "within", "throughout")
TEXT_VERBS = ("delete", "restart", "cordon", "uncordon", "drain", "crash", "mend", "evict")
"""Their value is an object, as KIND/NAME or KIND/NAMESPACE/NAME, or a list of such."""
MAP_VERBS = ("scale", "image", "load")
"""Their value maps objects to a number, an image or a rate."""
VERBS = ("wait", "apply", "patch", "fault", "expect", *TEXT_VERBS, *MAP_VERBS)
_EXTRA = {"expect": ("within", "throughout"), "patch": ("with",), "fault": ("target",)}
_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


class Step(NamedTuple):
    """One step: ``verb`` and its ``value``; an expectation may come true ``within`` a time, or last ``throughout`` one.

    ``where`` names file, line and step in complaints; ``title`` is what a report calls it.
    """

    verb: str
    value: Any
    title: str
    where: str
    within: int = 0
    throughout: int = 0
    extra: Any = None


class Script(NamedTuple):
    """A scenario. ``cluster`` is a sample's name, a path, or the mapping of a cluster.yaml; "" for three nodes."""

    name: str
    cluster: Any
    seed: int | None
    steps: tuple[Step, ...]
    path: Path


def span(text: Any, where: str) -> int:
    """``90s``, ``1h30m`` or a number of seconds as milliseconds. Raises ManifestError."""
    typed = str(text).strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", typed):
        return round(float(typed) * 1000)
    parts = _PART.findall(typed)
    if not parts or "".join(number + unit for number, unit in parts) != typed:
        msg = f"{where}: {text!r} is no duration; write 90s, 10m or 1h30m"
        raise ManifestError(msg)
    return round(sum(float(number) * _UNITS[unit] for number, unit in parts))


def read(path: Path) -> Script:
    """Read a scenario. Raises ManifestError naming file, line and field."""
    text = read_text(path)
    return parse(load_yaml(text, str(path)), path, _lines(text))


def _lines(text: str) -> list[int]:
    """On which line each step stands."""
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.value == "steps" and isinstance(value, yaml.SequenceNode):
            return [step.start_mark.line + 1 for step in value.value]
    return []


def parse(tree: Any, path: Path, lines: list[int] | None = None) -> Script:
    """Check a scenario. Raises ManifestError."""
    if not isinstance(tree, dict):
        msg = f"{path}: must be a mapping with steps"
        raise ManifestError(msg)
    unknown = sorted(str(field) for field in tree if field not in FIELDS)
    if unknown:
        msg = f"{path}: {unknown[0]}: unknown field; known are {', '.join(sorted(FIELDS))}"
        raise ManifestError(msg)
    steps = tree.get("steps")
    if not isinstance(steps, list) or not steps:
        msg = f"{path}: steps: must be a list of steps"
        raise ManifestError(msg)
    cluster, seed = tree.get("cluster") or "", tree.get("seed")
    if not isinstance(cluster, str | dict):
        msg = f"{path}: cluster: must be a sample's name, a path, or the fields of a cluster.yaml"
        raise ManifestError(msg)
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
        msg = f"{path}: seed: must be a whole number, not {seed!r}"
        raise ManifestError(msg)
    found = []
    for number, step in enumerate(steps):
        line = f":{lines[number]}" if lines and number < len(lines) else ""
        found.append(_step(step, f"{path}{line}: steps[{number}]"))
    return Script(str(tree.get("name") or path.stem), cluster, seed, tuple(found), path)


def _step(step: Any, where: str) -> Step:
    if not isinstance(step, dict):
        msg = f"{where}: must be a mapping such as {{wait: 30s}}, not {step!r}"
        raise ManifestError(msg)
    verbs = [verb for verb in VERBS if verb in step]
    if len(verbs) != 1:
        msg = f"{where}: must have exactly one of {', '.join(VERBS)}"
        raise ManifestError(msg)
    verb, value = verbs[0], step[verbs[0]]
    allowed = {verb, "name", *_EXTRA.get(verb, ())}
    unknown = sorted(str(field) for field in step if field not in allowed)
    if unknown:
        msg = f"{where}.{unknown[0]}: unknown field; known beside {verb} are {', '.join(sorted(allowed - {verb}))}"
        raise ManifestError(msg)
    value = _value(verb, value, f"{where}.{verb}")
    times = {name: span(step[name], f"{where}.{name}") for name in ("within", "throughout") if name in step}
    if len(times) > 1:
        msg = f"{where}: within and throughout exclude each other"
        raise ManifestError(msg)
    extra = step.get("with") if verb == "patch" else step.get("target")
    if verb in {"patch", "fault"} and not extra:
        msg = f"{where}.{'with' if verb == 'patch' else 'target'}: must be set"
        raise ManifestError(msg)
    return Step(verb, value, str(step.get("name") or _title(verb, step[verb], step)), where, extra=extra, **times)


def _title(verb: str, value: Any, step: Any) -> str:
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    if isinstance(value, dict):
        text = ", ".join(f"{key} {one}" if not isinstance(one, dict | list) else str(key) for key, one in value.items())
    tail = "".join(f" {name} {step[name]}" for name in ("within", "throughout", "target") if name in step)
    return f"{verb} {text}{tail}"[:160]


def _value(verb: str, value: Any, where: str) -> Any:
    if verb == "wait":
        return span(value, where)
    if verb in MAP_VERBS:
        if not isinstance(value, dict) or not value:
            msg = f"{where}: must map objects to values, such as {{deployment/web: 3}}"
            raise ManifestError(msg)
        return {str(key): one for key, one in value.items()}
    if verb == "apply":
        if isinstance(value, dict):
            return value
        return _texts(value, where)
    if verb in {"patch", "fault"}:
        if not isinstance(value, str):
            msg = f"{where}: must be a text, not {value!r}"
            raise ManifestError(msg)
        return value
    return _texts(value, where)


def _texts(value: Any, where: str) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        msg = f"{where}: must be a text or a list of texts"
        raise ManifestError(msg)
    return [text.strip() for text in texts]
