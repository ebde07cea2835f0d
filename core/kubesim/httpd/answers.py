"""Answers before they go on the wire: JSON or YAML bytes, Warning headers, failures as Status objects."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
import yaml
from aiohttp import web

from kubesim.objects.errors import ApiError
from kubesim.objects.wire import EMPTY, JSON

YAML = "application/yaml"
TEXT = "text/plain; charset=utf-8"
_NO_HEADER = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")
"""What no header may hold: control characters and halves of letters."""
_WARNING_LIMIT = 256
_WARNINGS_LIMIT = 4096


class Answer(NamedTuple):
    """A complete answer. ``body`` is bytes, or a JSON value that is encoded as ``content_type`` says."""

    code: int
    body: Any
    content_type: str = JSON
    headers: Mapping[str, str] = EMPTY
    warnings: tuple[str, ...] = ()


NOT_FOUND = Answer(404, b"404 page not found\n", TEXT)
"""What a path outside the API gets."""


def text(content: str, code: int = 200) -> Answer:
    """A plain text."""
    return Answer(code, content.encode(), TEXT)


def refused(error: ApiError) -> Answer:
    """A failure as the Status that tells of it."""
    headers: Mapping[str, str] = EMPTY
    seconds = (error.status.get("details") or {}).get("retryAfterSeconds")
    if seconds and error.code in {429, 503, 504}:
        headers = {"Retry-After": str(seconds)}
    return Answer(error.code, error.status, headers=headers)


_PRETTY_CLIENTS = ("curl", "Wget", "Mozilla/5.0")
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})


def is_pretty(request: web.BaseRequest) -> bool:
    """Whether JSON is to be indented. # k8s: apiserver responsewriters isPrettyPrint, WriteRawJSON."""
    wish = request.query.get("pretty", "") if "pretty" in request.query_string else ""
    if wish:
        return wish in _TRUE
    raw = request.path.rstrip("/") in {"", "/version"}
    return raw or request.headers.get("User-Agent", "").startswith(_PRETTY_CLIENTS)


def indented(body: Any) -> bytes:
    """A JSON value, or one that is encoded, with its structure shown."""
    value = body if isinstance(body, bytes) else orjson.dumps(body)
    return orjson.dumps(orjson.loads(value), option=orjson.OPT_INDENT_2)


def warning_headers(warnings: Sequence[str]) -> list[str]:
    """The values of the Warning headers. # k8s: apiserver/pkg/endpoints/filters/warning.go."""
    texts = list(dict.fromkeys(" ".join(item.split()) for item in warnings))
    # k8s: NewWarningHeader refuses control characters, and such a warning is left out.
    texts = [item for item in texts if not _NO_HEADER.search(item)]
    if sum(map(len, texts)) > _WARNINGS_LIMIT:
        texts = [item[:_WARNING_LIMIT] for item in texts]
    return ['299 - "' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in texts]


# ---------------------------------------------------------------------- YAML as Go writes it
try:
    from yaml import CSafeDumper as _BaseDumper
except ImportError:  # PyYAML without libyaml
    from yaml import SafeDumper as _BaseDumper  # type: ignore[assignment]


class _Dumper(_BaseDumper):
    """YAML with double quotes around texts that would read as something else, and without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Shared trees are written out each time."""
        del data
        return True


def _represent_text(dumper: Any, value: str) -> Any:
    if "\n" in value:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|")
    plain = dumper.resolve(yaml.ScalarNode, value, (True, False)) == "tag:yaml.org,2002:str"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if plain else '"')


_Dumper.add_representer(str, _represent_text)


YAML_ITEMS = 4
"""How many items of a list are written at a time: each takes about a millisecond."""


def yaml_pieces(tree: Mapping[str, Any], field: str) -> Iterator[bytes]:
    """A list as YAML, of whose many ``field`` some are written at a time; the bytes are those of ``encode``."""
    for name in sorted(tree):
        if name != field:
            yield encode({name: tree[name]}, YAML)
            continue
        yield f"{name}:\n".encode()
        items = tree[name]
        for start in range(0, len(items), YAML_ITEMS):
            yield encode(items[start : start + YAML_ITEMS], YAML)


def encode(value: Any, content_type: str = JSON) -> bytes:
    """A JSON value as bytes."""
    if isinstance(value, bytes):
        return value
    if content_type == YAML:
        # Frozen and shared trees become plain ones on the way.
        return bytes(yaml.dump(orjson.loads(orjson.dumps(value)), Dumper=_Dumper, width=1 << 30, encoding="utf-8"))
    return orjson.dumps(value) + b"\n"
