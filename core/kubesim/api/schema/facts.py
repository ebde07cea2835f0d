"""What the data file says: types and their fields, kinds, and the table of resources."""

import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from kubesim.objects.wire import Gvr

RELEASE = "1.37"
DATA = Path(__file__).parents[2] / "data" / f"schema-{RELEASE}.json.z"

Gvk = tuple[str, str, str]
"""Group, version, kind."""

STRING, BOOLEAN, INT32, INT64, DOUBLE, BYTES = "s", "b", "i", "l", "d", "y"
QUANTITY, TIME, MICRO_TIME, INT_OR_STRING = "q", "t", "u", "o"
LIST, MAP, OBJECT = "[", "{", "#"


class Field(NamedTuple):
    """One field of a type.

    ``shape`` is one letter for a scalar, ``#12`` for the type of that number, and a shape after ``[`` or ``{`` for a
    list or map of it. ``numbers`` are the protobuf field numbers from the outside in (two for a field of an embedded
    struct), empty when nothing is known about the Go field.
    """

    name: str
    shape: str
    pointer: bool
    omit_empty: bool
    omit_zero: bool
    required: bool
    numbers: tuple[int, ...]
    list_type: str
    """"" (atomic), atomic, set or map."""
    list_keys: tuple[str, ...]
    map_type: str
    """"" (granular), granular or atomic."""
    strategy: str
    """How strategic merge patch treats it: "", merge or replace."""
    retain_keys: bool
    merge_key: str


class Type(NamedTuple):
    """A Go struct. ``opaque`` ones hold any JSON."""

    number: int
    name: str
    """As OpenAPI names it: ``io.k8s.api.core.v1.PodSpec``."""
    fields: Mapping[str, Field]
    """In the order of Go, where that is known."""
    opaque: bool
    atomic: bool

    @property
    def struct(self) -> str:
        """The name of the struct: ``PodSpec``."""
        return self.name.rpartition(".")[2]

    @property
    def go(self) -> str:
        """The name as Go's reflection prints it: ``v1.PodSpec``."""
        return ".".join(self.name.rsplit(".", 2)[-2:])


class SubresourceFacts(NamedTuple):
    """A subresource, with the kind that it speaks."""

    name: str
    kind: Gvk
    verbs: tuple[str, ...]


class ResourceFacts(NamedTuple):
    """A resource as discovery tells of it."""

    gvr: Gvr
    kind: str
    singular: str
    namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...]
    categories: tuple[str, ...]
    subresources: tuple[SubresourceFacts, ...]

    @property
    def gvk(self) -> Gvk:
        """Group, version and kind of its objects."""
        return self.gvr.group, self.gvr.version, self.kind

    @property
    def stable(self) -> bool:
        """Whether the version is neither alpha nor beta; a cluster serves the stable ones unless told otherwise."""
        return "alpha" not in self.gvr.version and "beta" not in self.gvr.version


class Facts:
    """The content of the data file. Types are made when they are first asked for."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._rows: list[Any] = data["types"]
        self._types: dict[int, Type] = {}
        self.kinds: Mapping[Gvk, int] = {(group, version, kind): at for group, version, kind, at in data["kinds"]}
        self.resources: tuple[ResourceFacts, ...] = tuple(_resource(row) for row in data["resources"])

    def type(self, number: int) -> Type:
        """The type of a number."""
        found = self._types.get(number)
        if found is None:
            name, fields, *more = self._rows[number]
            extra = more[0] if more else {}
            made = {field: _field(field, *row) for field, row in fields.items()}
            found = Type(number, name, made, bool(extra.get("opaque")), extra.get("map") == "atomic")
            self._types[number] = found
        return found

    def target(self, shape: str) -> Type | None:
        """The type at the bottom of a shape, below lists and maps; None for scalars."""
        base = shape.lstrip(LIST + MAP)
        return self.type(int(base[1:])) if base[0] == OBJECT else None

    def names(self) -> Mapping[str, int]:
        """The number of every type by its OpenAPI name."""
        return {row[0]: number for number, row in enumerate(self._rows)}


def _field(name: str, shape: str, flags: str, numbers: list[int], rules: Mapping[str, Any] | None = None) -> Field:
    rules = rules or {}
    return Field(
        name,
        shape,
        "p" in flags,
        "o" in flags,
        "z" in flags,
        "r" in flags,
        tuple(numbers),
        rules.get("list", ""),
        tuple(rules.get("keys", ())),
        rules.get("map", ""),
        rules.get("strategy", ""),
        bool(rules.get("retain")),
        rules.get("key", ""),
    )


def _resource(row: list[Any]) -> ResourceFacts:
    group, version, resource, kind, singular, namespaced, verbs, short_names, categories, subresources = row
    return ResourceFacts(
        Gvr(group, version, resource),
        kind,
        singular,
        namespaced,
        tuple(verbs),
        tuple(short_names),
        tuple(categories),
        tuple(SubresourceFacts(name, (g, v, k), tuple(does)) for name, g, v, k, does in subresources),
    )


@cache
def load() -> Facts:
    """Read the data file, once a process."""
    return Facts(orjson.loads(zlib.decompress(DATA.read_bytes())))
