"""The body of an apply: YAML, of which JSON is a part, and what is given twice in it."""

from collections.abc import Mapping
from typing import Any

import yaml

from kubesim.api.call import Call
from kubesim.api.documents import Document, read_json, read_yaml
from kubesim.api.golang import repeated_fields
from kubesim.objects.errors import bad_request
from kubesim.objects.wire import Tree

Problems = list[str]


def configuration(call: Call) -> tuple[Tree, Problems]:
    """The configuration, and the complaints about keys that are given twice. Raises BadRequest."""
    value = body = call.request.body
    repeated: Problems = []
    if isinstance(body, bytes):
        value, repeated = _document(body, repeated=call.options.field_validation != "Ignore")
    if value is None:
        value = {}
    if not isinstance(value, Mapping):
        text = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal"
        raise bad_request(f"error decoding YAML: {text} {_word(value)} into Go value of type map[string]interface {{}}")
    return value, repeated


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, list):
        return "array"
    return "string" if isinstance(value, str) else "number"


def _document(body: bytes, *, repeated: bool) -> tuple[Any, Problems]:
    try:
        document = _json(body)
        if document is not None:
            repeated = repeated and bool(repeated_fields(body)[0])
        else:
            document = read_yaml(body)
    except ValueError as error:
        raise bad_request(f"error decoding YAML: {error}") from None
    return document.value, _repeated(body) if repeated else []


def _json(body: bytes) -> Document | None:
    """The document when it is JSON: that is much faster than to read it as YAML."""
    if not body.lstrip().startswith(b"{"):
        return None
    try:
        return read_json(body, repeated=False)
    except ValueError:
        return None


def _repeated(body: bytes) -> Problems:
    """``line 4: key "x" already set in map`` for each key that is given twice. # k8s: sigs.k8s.io/yaml."""
    root = yaml.compose(body, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    found: Problems = []
    _search(root, found)
    return found


def _search(node: Any, found: Problems) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _search(item, found)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        name = str(key.value)
        if name in seen:
            found.append(f'line {key.start_mark.line + 1}: key "{name}" already set in map')
        seen.add(name)
        _search(value, found)
