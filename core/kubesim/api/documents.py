"""Request bodies from bytes: JSON or YAML, with the complaints of the real server and the fields given twice."""

from typing import Any, NamedTuple

import yaml

from kubesim.api.golang import parse_json, repeated_fields

SUMMARY_LENGTH = 30
BODY_LIMIT = 3 * 1024 * 1024
"""The largest body in bytes. # k8s: MaxRequestBodyBytes"""


class Document(NamedTuple):
    """A decoded body; ``repeated`` lists fields that it gives twice; ``raw`` is what it was decoded from."""

    value: Any
    repeated: list[str]
    raw: bytes = b""


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
    return Document(value, repeated_fields(data) if repeated else [], data)


def read_yaml(data: bytes) -> Document:
    """Decode YAML. Raises ValueError."""
    try:
        # The loader is derived from the safe one.
        return Document(yaml.load(data, _Loader), [], data)
    except yaml.YAMLError as error:
        line = _line(error)
        problem = getattr(error, "problem", None) or "invalid document"
        msg = f"error converting YAML to JSON: yaml: {line}{problem}"
        raise ValueError(msg) from None


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
