"""What a strict reader of YAML refuses in an index: keys given twice, and fields that Helm's structs do not have."""

from typing import Any, Final

import yaml

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.template.quoting import quote

_METADATA: Final = (
    "name", "home", "sources", "version", "description", "keywords", "maintainers", "icon", "apiVersion", "condition",
    "tags", "appVersion", "deprecated", "annotations", "kubeVersion", "dependencies", "type",
)  # fmt: skip
_FIELDS: Final = {
    "index": ("serverInfo", "apiVersion", "generated", "entries", "publicKeys", "annotations"),
    "version": (
        *_METADATA, "urls", "created", "removed", "digest", "checksum", "engine", "tillerVersion", "url",
    ),
    "maintainers": ("name", "email", "url"),
    "dependencies": (
        "name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias",
    ),
}  # fmt: skip
_KNOWN: Final = {place: frozenset(name.lower() for name in names) for place, names in _FIELDS.items()}
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check_fields(tree: Any, place: str) -> None:
    """Refuse a field that the struct does not have; ChartError with Go's text."""
    known = _KNOWN[place]
    for key in sorted(tree):
        name = key.lower()
        if name not in known:
            raise ChartError(f"error unmarshaling JSON: while decoding JSON: json: unknown field {quote(key)}")
        if place == "version" and name in _KNOWN and isinstance(tree[key], list):
            for item in tree[key]:
                if isinstance(item, dict):
                    check_fields(item, name)


def check_keys(text: str) -> None:
    """Refuse a key that a mapping has twice; ChartError with go-yaml's text. It takes time linear in the text."""
    repeated: list[str] = []
    # Of every open collection: the keys so far (None for a list) and whether a key comes next.
    open_: list[tuple[list[str] | None, set[str], bool]] = []
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            open_.append(([] if isinstance(event, yaml.MappingStartEvent) else None, set(), True))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            open_.pop()
            _turn(open_)
        elif isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            if open_ and open_[-1][0] is not None and open_[-1][2] and isinstance(event, yaml.ScalarEvent):
                seen = open_[-1][1]
                if event.value in seen:
                    mark = event.start_mark
                    line = 0 if mark is None else mark.line + 1
                    repeated.append(f"  line {line}: key {quote(event.value)} already set in map")
                seen.add(event.value)
            _turn(open_)
    if repeated:
        raise ChartError("error converting YAML to JSON: yaml: unmarshal errors:\n" + "\n".join(repeated))


def _turn(open_: list[Any]) -> None:
    """After a key comes a value, after a value a key."""
    if open_:
        keys, seen, is_key = open_[-1]
        open_[-1] = (keys, seen, not is_key)
