"""JSON patch (RFC 6902) with the tolerances of the library that the API server uses."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from kubesim.objects.errors import ApiError, bad_request, failure
from kubesim.objects.patches.printed import json_type
from kubesim.objects.tree import equal

MAX_OPERATIONS = 10_000
"""# k8s: apiserver/pkg/endpoints/handlers/patch.go maxJSONPatchOperations"""
MAX_COPIED = 3 * 1024 * 1024
"""How many bytes of JSON all copies of one patch may add up to. # k8s: jsonpatch AccumulatedCopySizeLimit."""

_DIGITS = 18
"""The longest number that can be a position."""


class _Unapplicable(Exception):
    """An operation does not fit the document."""


def rejected() -> ApiError:
    """422: an operation failed, of which the server says no more."""
    return failure(422, "Invalid", "the server rejected our request due to an error in our request", {})


def json_patch(doc: Any, ops: Any) -> Any:
    """Apply a list of operations. Raises ApiError: 400 for what is no patch, 413 for too long a one, else 422."""
    _check_shape(ops)
    if len(ops) > MAX_OPERATIONS:
        text = f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(ops)}"
        raise failure(413, "RequestEntityTooLarge", f"Request entity is too large: {text}", {})
    copied = 0
    own = _Own()
    for op in ops:
        apply = _OPERATIONS.get(op.get("op", ""))
        try:
            if apply is None or "path" not in op:
                raise _Unapplicable
            if op["op"] == "copy":
                copied += _size(_find(doc, _source(op)))
                if copied > MAX_COPIED:
                    raise _Unapplicable
            doc = apply(doc, op, own)
        except _Unapplicable:
            raise rejected() from None
    return doc


def _check_shape(ops: Any) -> None:
    if not isinstance(ops, list):
        raise _undecodable(ops, "Go value of type []handlers.jsonPatchOp")
    for op in ops:
        if not isinstance(op, Mapping):
            raise _undecodable(op, "Go value of type handlers.jsonPatchOp")
        for field in ("op", "from", "path"):
            value = op.get(field)
            if value is not None and not isinstance(value, str):
                raise _undecodable(value, f"Go struct field jsonPatchOp.{field} of type string")


def _undecodable(value: Any, wanted: str) -> ApiError:
    return bad_request(f"error decoding patch: json: cannot unmarshal {json_type(value)} into {wanted}")


def _size(value: Any) -> int:
    try:
        return len(orjson.dumps(value))
    except orjson.JSONEncodeError:
        # Copies into one another have made it deeper than any document may be.
        raise _Unapplicable from None


# ---------------------------------------------------------------------- pointers
def _steps(pointer: str) -> list[str]:
    if pointer == "":
        return []
    if not pointer.startswith("/"):
        raise _Unapplicable
    steps = pointer[1:].split("/")
    return [step.replace("~1", "/").replace("~0", "~") for step in steps] if "~" in pointer else steps


def _index(step: str, size: int) -> int:
    # k8s: negative positions count from the end.
    digits = step.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _DIGITS:
        raise _Unapplicable
    position = int(step)
    if position < 0:
        position += size
    if not 0 <= position < size:
        raise _Unapplicable
    return position


def _find(doc: Any, steps: list[str]) -> Any:
    """The value at a pointer; None for an absent field, error for an absent way to it."""
    for number, step in enumerate(steps):
        if isinstance(doc, Mapping):
            if step not in doc and number < len(steps) - 1:
                raise _Unapplicable
            doc = doc.get(step)
        elif isinstance(doc, list):
            doc = doc[_index(step, len(doc))]
        else:
            raise _Unapplicable
    return doc


class _Own:
    """The containers that this patch has made, which it may change in place; all others are copied first."""

    def __init__(self) -> None:
        self._made: dict[int, Any] = {}

    def of(self, container: Any) -> Any:
        """The container itself, or a copy when it belongs to someone else."""
        if id(container) in self._made:
            return container
        if not isinstance(container, Mapping | list):
            raise _Unapplicable
        copy = dict(container) if isinstance(container, Mapping) else list(container)
        self._made[id(copy)] = copy
        return copy

    def share(self) -> None:
        """Something is at two places from now on."""
        self._made.clear()


_Change = Callable[[Any, str, Any], None]


def _change(doc: Any, steps: list[str], value: Any, change: _Change, own: _Own) -> Any:
    """A document whose container at the end of the steps is changed; all beside the way is shared."""
    step = steps[0]
    mine = own.of(doc)
    if len(steps) == 1:
        change(mine, step, value)
    elif isinstance(mine, list):
        position = _index(step, len(mine))
        mine[position] = _change(mine[position], steps[1:], value, change, own)
    elif step in mine:
        mine[step] = _change(mine[step], steps[1:], value, change, own)
    else:
        raise _Unapplicable
    return mine


def _added(container: Any, step: str, value: Any) -> None:
    if isinstance(container, dict):
        container[step] = value
    else:
        container.insert(len(container) if step == "-" else _index(step, len(container) + 1), value)


def _replaced(container: Any, step: str, value: Any) -> None:
    # k8s: replacing a field that is not there adds it.
    container[step if isinstance(container, dict) else _index(step, len(container))] = value


def _removed(container: Any, step: str, _value: Any) -> None:
    if isinstance(container, dict) and step not in container:
        raise _Unapplicable
    del container[step if isinstance(container, dict) else _index(step, len(container))]


# ---------------------------------------------------------------------- operations
def _add(doc: Any, op: Mapping[str, Any], own: _Own) -> Any:
    steps = _steps(op["path"])
    if not steps:
        raise _Unapplicable
    return _change(doc, steps, op.get("value"), _added, own)


def _replace(doc: Any, op: Mapping[str, Any], own: _Own) -> Any:
    steps = _steps(op["path"])
    if not steps:
        if not isinstance(op.get("value"), Mapping | list):
            raise _Unapplicable
        return op["value"]
    return _change(doc, steps, op.get("value"), _replaced, own)


def _remove(doc: Any, op: Mapping[str, Any], own: _Own) -> Any:
    steps = _steps(op["path"])
    if not steps:
        raise _Unapplicable
    return _change(doc, steps, None, _removed, own)


def _move(doc: Any, op: Mapping[str, Any], own: _Own) -> Any:
    source = _source(op)
    value = _find(doc, source)
    doc = _change(doc, source, None, _removed, own)
    return _add(doc, {"path": op["path"], "value": value}, own)


def _copy(doc: Any, op: Mapping[str, Any], own: _Own) -> Any:
    value = _find(doc, _source(op))
    own.share()
    return _add(doc, {"path": op["path"], "value": value}, own)


def _source(op: Mapping[str, Any]) -> list[str]:
    steps = _steps(op["from"]) if "from" in op else []
    if not steps:
        raise _Unapplicable
    return steps


def _test(doc: Any, op: Mapping[str, Any], _own: _Own) -> Any:
    if not equal(_find(doc, _steps(op["path"])), op.get("value")):
        raise _Unapplicable
    return doc


_OPERATIONS: Mapping[str, Callable[[Any, Mapping[str, Any], _Own], Any]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
