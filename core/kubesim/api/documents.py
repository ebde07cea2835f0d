"""Request bodies from bytes: JSON or YAML, with the complaints of the real server and the fields given twice."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
import yaml

from kubesim.api.golang import parse_json, repeated_fields

SUMMARY_LENGTH = 30
BODY_LIMIT = 3 * 1024 * 1024
"""The largest body in bytes. # k8s: MaxRequestBodyBytes"""


DEPTH_LIMIT = 200
"""How deep a document may be nested. # differs: Kubernetes allows 10,000 levels; no object has more than some dozens"""
VALUE_LIMIT = 200_000
"""How many values a YAML document may grow to by its aliases. # k8s: go-yaml allows some 400,000"""
TOO_DEEP = "exceeded max depth"
"""# k8s: encoding/json scanner.go."""
_LEVELS = 254
"""How deep the encoder goes."""


class Document(NamedTuple):
    """A decoded body; ``repeated`` lists fields that it gives twice; ``raw`` is what it was decoded from.

    ``keys`` are the paths of all its fields as they come, where some are repeated.
    """

    value: Any
    repeated: list[str]
    raw: bytes = b""
    keys: Sequence[str] = ()


try:
    from yaml import CSafeLoader as _BaseLoader
except ImportError:  # PyYAML without libyaml
    from yaml import SafeLoader as _BaseLoader  # type: ignore[assignment]


class _Loader(_BaseLoader):
    """YAML whose times stay strings, as JSON would have them."""


def _as_text(loader: Any, node: Any) -> Any:
    return loader.construct_scalar(node)


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _as_text)
_Loader.add_constructor("tag:yaml.org,2002:value", _as_text)


def read_json(data: bytes, *, repeated: bool) -> Document:
    """Decode JSON; with ``repeated`` also look for fields given twice. Raises ValueError with Go's text."""
    value = parse_json(data)
    if data.count(b"[") + data.count(b"{") > DEPTH_LIMIT:
        check_depth(value)
    again, keys = repeated_fields(data) if repeated else ([], [])
    return Document(value, again, data, keys)


def check_depth(value: Any) -> None:
    """Raise ValueError when a value is nested deeper than an object may be."""
    for _ in range(_LEVELS - DEPTH_LIMIT):
        value = (value,)
    try:
        orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError as error:
        if "ecursion" in str(error):
            raise ValueError(TOO_DEEP) from None


def read_yaml(data: bytes) -> Document:
    """Decode YAML. Raises ValueError."""
    try:
        _check_nesting(data)
        loader = _Loader(data)
        try:
            node = loader.get_single_node()
            if node is None:
                return Document(None, [], data)
            if b"*" in data and b"&" in data:
                _check_aliases(node)
            return Document(loader.construct_document(node), [], data)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        line = _line(error)
        problem = getattr(error, "problem", None) or "invalid document"
        msg = f"error converting YAML to JSON: yaml: {line}{problem}"
        raise ValueError(msg) from None
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        # Explicit tags make the constructors convert texts that are no numbers, times or bytes.
        msg = f"error converting YAML to JSON: {str(error) or type(error).__name__}"
        raise ValueError(msg) from None


_MAY_BE_DEEP = re.compile(rb"(?:[-?:][ \t]+){%d}|^ {%d}" % (DEPTH_LIMIT, DEPTH_LIMIT), re.MULTILINE)


def _check_nesting(data: bytes) -> None:
    # libyaml composes by recursion in C and would overflow the stack, so a suspicious text is measured first.
    if data.count(b"[") + data.count(b"{") <= DEPTH_LIMIT and not _MAY_BE_DEEP.search(data):
        return
    depth = 0
    for event in yaml.parse(data, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_LIMIT:
            msg = f"yaml: {TOO_DEEP} of {DEPTH_LIMIT}"
            raise ValueError(msg)


def _check_aliases(root: Any) -> None:
    """Refuse a document that contains itself, or grows beyond measure. # k8s: go-yaml decode.go has the texts."""
    sizes: dict[int, int] = {}
    active: set[int] = set()
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            active.discard(id(node))
            sizes[id(node)] = size = 1 + sum(sizes[id(child)] for child in _children(node))
            if size > VALUE_LIMIT:
                msg = "yaml: document contains excessive aliasing"
                raise ValueError(msg)
        elif id(node) in active:
            msg = "yaml: anchor value contains itself"
            raise ValueError(msg)
        elif id(node) not in sizes:
            active.add(id(node))
            stack.append((node, True))
            stack.extend((child, False) for child in _children(node))


def _children(node: Any) -> list[Any]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _line(error: yaml.YAMLError) -> str:
    """# k8s: go-yaml counts from zero, and says nothing of the first line; but a scanner's line from one."""
    marks = [getattr(error, name, None) for name in ("problem_mark", "context_mark")]
    lines = [mark.line for mark in marks if mark is not None]
    if lines and lines[0] and isinstance(error, yaml.scanner.ScannerError):
        lines[0] += 1
    number = next((line for line in lines if line), 0)
    return f"line {number}: " if number else ""


def summary(data: bytes) -> str:
    """The begin of a body as error messages show it. # k8s: apiserver/endpoints/handlers summarizeData."""
    if not data:
        return "<empty>"
    if data[:1] == b"{":
        text = data.decode("utf-8", "replace")
        return text if len(data) <= SUMMARY_LENGTH else data[:SUMMARY_LENGTH].decode("utf-8", "replace") + " ..."
    return data.hex() if len(data) <= SUMMARY_LENGTH else data[:SUMMARY_LENGTH].hex() + " ..."
