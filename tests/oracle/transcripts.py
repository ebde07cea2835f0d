"""Recorded API transcripts of a real control plane: reading, placeholders, normalising and comparing."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

RECORDINGS = Path(__file__).parent / "recordings"

UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
GO_TIME = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?( [+-]\d{4})?( UTC)?( m=[+-][\d.]+)?")
CLUSTER_IP = re.compile(r"\b10\.(9[6-9]|10\d|11[01])\.\d+\.\d+\b")
AGE = re.compile(r"^(\d+[smhdy])+$")
REVISION = re.compile(r"((?:resource ?version|ResourceVersion)[^0-9\n]{0,30}?)\d+( \(\d+\))?", re.IGNORECASE)
PLACEHOLDER = re.compile(r"\{\{(\d+):([^}]+)\}\}")
AGE_COLUMNS = {"Age", "Duration", "Last Schedule", "Last Seen", "First Seen", "Created At", "Since"}
ABSENT = "<absent>"

Step = dict[str, Any]
Names = dict[str, str]


class Difference(NamedTuple):
    """The first place where two answers differ."""

    path: str
    wanted: Any
    got: Any

    def __str__(self) -> str:
        return f"{self.path}: want {json.dumps(self.wanted)[:700]} got {json.dumps(self.got, default=str)[:700]}"


def cases(*files: str) -> dict[str, list[Step]]:
    """The steps of each case in the files."""
    found: dict[str, list[Step]] = {}
    for file in files:
        for line in (RECORDINGS / f"{file}.jsonl").read_text().splitlines():
            step = json.loads(line)
            found.setdefault(step["case"], []).append(step)
    return found


def lookup(value: Any, dotted: str) -> Any:
    """The value at a dotted path."""
    for part in dotted.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def filled(value: Any, answers: dict[int, Any], *, in_path: bool = False) -> Any:
    """``{{N:a.b.c}}`` replaced by that value of the answer to step N."""
    if isinstance(value, str):
        whole = PLACEHOLDER.fullmatch(value)
        if whole and not in_path:
            return lookup(answers[int(whole[1])], whole[2])
        return PLACEHOLDER.sub(lambda match: _text(lookup(answers[int(match[1])], match[2]), in_path), value)
    if isinstance(value, list):
        return [filled(item, answers) for item in value]
    if isinstance(value, dict):
        return {filled(key, answers): filled(item, answers) for key, item in value.items()}
    return value


def _text(value: Any, in_path: bool) -> str:
    return quote(str(value), safe="") if in_path else str(value)


def learn(value: Any, names: Names) -> None:
    """Remember generated names, so that both sides can call them the same."""
    if isinstance(value, list):
        for item in value:
            learn(item, names)
    elif isinstance(value, dict):
        base, name = value.get("generateName"), value.get("name")
        texts = isinstance(base, str) and isinstance(name, str)
        if texts and base and name.startswith(base) and len(name) == len(base) + 5:
            names[name] = base + "<rand>"
        for item in value.values():
            learn(item, names)


def normal_text(text: str, names: Names) -> str:
    """A text without what differs from run to run."""
    for name, placeholder in names.items():
        text = text.replace(name, placeholder)
    text = re.sub(r',?\{\\*"configMap\\*":\{\\*"name\\*":\\*"openshift-service-ca\.crt.*?\}\]\}\}', "", text)
    text = GO_TIME.sub("<time>", TIME.sub("<time>", UUID.sub("<uid>", text)))
    text = REVISION.sub(r"\1<rv>", CLUSTER_IP.sub("<clusterip>", text))
    text = re.sub(r"current: \d+", "current: <rv>", text)
    text = re.sub(r"\bkube-api-access-[a-z0-9]{5}\b", "kube-api-access-<rand>", text)
    text = re.sub(r":3[0-2]\d{3}/", ":<nodeport>/", text)
    text = re.sub(r"\bport (3[0-2]\d{3})\b", "port <nodeport>", text)
    # The fourth source of the token volume moves the lines of a shown difference.
    return re.sub(r"@@ -\d+(,\d+) \+\d+(,\d+) @@", r"@@ \1 \2 @@", text)


def _is_fork(value: Any) -> bool:
    # The recorded server adds a fourth source to the token volume.
    return isinstance(value, dict) and (value.get("configMap") or {}).get("name") == "openshift-service-ca.crt"


def normal(value: Any, names: Names) -> Any:
    """A value without what differs from run to run."""
    if isinstance(value, dict):
        if value.get("kind") == "Table" and isinstance(value.get("rows"), list):
            value = _without_ages(value)
        return {normal_text(key, names): _normal_field(key, item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [normal(item, names) for item in value if not (isinstance(item, dict) and _maybe_fork(item))]
    return normal_text(value, names) if isinstance(value, str) else value


def _maybe_fork(item: dict[str, Any]) -> bool:
    return isinstance(item.get("configMap"), dict) and _is_fork(item)


def _normal_field(key: str, value: Any, names: Names) -> Any:
    if key in {"resourceVersion", "uid", "continue", "token"} and isinstance(value, str) and value not in {"", "0"}:
        return f"<{key}>"
    if key in {"nodePort", "healthCheckNodePort"} and isinstance(value, int) and value:
        return "<port>"
    if key == "managedFields" and isinstance(value, list):
        # Their order is one of times first, and those are not the same.
        value = sorted(value, key=lambda entry: json.dumps(entry | {"time": "", "fieldsV1": {}}, sort_keys=True))
    return normal(value, names)


def _without_ages(table: dict[str, Any]) -> dict[str, Any]:
    columns = [column.get("name") for column in table.get("columnDefinitions") or []]

    def cell(position: int, value: Any) -> Any:
        aged = not columns or (position < len(columns) and columns[position] in AGE_COLUMNS)
        return "<age>" if aged and isinstance(value, str) and (AGE.match(value) or value == "<invalid>") else value

    def aged(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "cells": [cell(position, value) for position, value in enumerate(row["cells"] or [])]}

    return {**table, "rows": [aged(row) for row in table["rows"]]}


def difference(wanted: Any, got: Any, path: str = "$") -> Difference | None:
    """The first difference between two normal values."""
    numbers = isinstance(wanted, int | float) and isinstance(got, int | float)
    if isinstance(wanted, bool) != isinstance(got, bool) or (type(wanted) is not type(got) and not numbers):
        return Difference(path, wanted, got)
    if isinstance(wanted, dict):
        for key in sorted({*wanted, *got}):
            if key not in got or key not in wanted:
                return Difference(f"{path}.{key}", wanted.get(key, ABSENT), got.get(key, ABSENT))
            found = difference(wanted[key], got[key], f"{path}.{key}")
            if found:
                return found
        return None
    if isinstance(wanted, list):
        for position, (left, right) in enumerate(zip(wanted, got, strict=False)):
            found = difference(left, right, f"{path}[{position}]")
            if found:
                return found
        return None if len(wanted) == len(got) else Difference(f"{path}.length", len(wanted), len(got))
    return None if wanted == got else Difference(path, wanted, got)


def pruned(value: Any, ignored: list[re.Pattern[str]], path: str = "$") -> Any:
    """A value without the paths that match."""
    if isinstance(value, dict):
        return {
            key: pruned(item, ignored, f"{path}.{key}")
            for key, item in value.items()
            if not any(pattern.search(f"{path}.{key}") for pattern in ignored)
        }
    if isinstance(value, list):
        return [pruned(item, ignored, f"{path}[{position}]") for position, item in enumerate(value)]
    return value


def unordered(value: Any) -> Any:
    """A value with sorted lists and without its message: the recorded server walks a Go map there."""

    def sort(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: sort(inner) for key, inner in item.items()}
        if isinstance(item, list):
            return sorted((sort(inner) for inner in item), key=lambda inner: json.dumps(inner, sort_keys=True))
        return item

    result = sort(value)
    if isinstance(result, dict):
        result.pop("message", None)
    return result


def shape(value: Any) -> Any:
    """Keys and the names of types only."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def seen(step: Step, body: Any) -> Any:
    """The part of an answer that the step looks at."""
    if step.get("shape"):
        return shape(body)
    if step.get("keys"):
        return sorted(lookup(body, step["keys"]) if step["keys"] != "." else body)
    return body


def compare(step: Step, status: int, body: Any, warnings: list[str], names: tuple[Names, Names]) -> Difference | None:
    """The first difference between the recorded answer of a step and another one."""
    if status != step["status"]:
        return Difference("$status", step["status"], f"{status} {json.dumps(body, default=str)[:600]}")
    got = seen(step, body)
    wanted = step["response"]
    learn(wanted, names[0])
    learn(got, names[1])
    left, right = normal(wanted, names[0]), normal(got, names[1])
    if step.get("unordered"):
        left, right = unordered(left), unordered(right)
    ignored = [re.compile(pattern) for pattern in step.get("ignore", [])]
    found = difference(pruned(left, ignored), pruned(right, ignored))
    if found:
        return found
    wanted_warnings = [normal_text(text, names[0]) for text in step.get("warnings", [])]
    return difference(wanted_warnings, [normal_text(text, names[1]) for text in warnings], "$warnings")
