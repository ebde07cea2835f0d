"""What decoding found: errors in the words of Go's two decoders, and unknown fields with their paths."""

from typing import Any, NamedTuple

from kubesim.objects.patches.printed import json_type

MAX_UNKNOWN = 100
"""# k8s: sigs.k8s.io/json strict errors"""

_KINDS = {"object": "map", "array": "slice", "null": "invalid"}


class Place(NamedTuple):
    """Where in a tree: for unknown fields with positions and keys, for type errors by struct and fields only."""

    path: str = ""
    struct: str = ""
    fields: str = ""

    def field(self, struct: str, name: str) -> "Place":
        """A field of the struct here."""
        path = f"{self.path}.{name}" if self.path else name
        return Place(path, struct, f"{self.fields}.{name}" if self.fields else name)

    def item(self, number: int) -> "Place":
        """An element of the list here."""
        return Place(f"{self.path}[{number}]", self.struct, self.fields)

    def key(self, key: str) -> "Place":
        """A value of the map here."""
        return Place(f"{self.path}.{key}", self.struct, self.fields)


class Report:
    """Collects errors. With ``converter`` they are worded as for an object that a patch was applied to in memory."""

    def __init__(self, *, converter: bool) -> None:
        self.converter = converter
        self.errors: list[str] = []
        self._unknown: dict[str, None] = {}

    @property
    def unknown_fields(self) -> list[str]:
        """``unknown field "spec.bogus"`` for each, in the order of the document."""
        return list(self._unknown)

    def unknown(self, place: Place, name: str) -> None:
        """Note a field that the type does not have."""
        if len(self._unknown) < MAX_UNKNOWN:
            self._unknown[f'unknown field "{place.path}.{name}"' if place.path else f'unknown field "{name}"'] = None

    def error(self, text: str) -> None:
        """Note an error as it is."""
        self.errors.append(text)

    @staticmethod
    def not_a(value: Any, go: str) -> str:
        """The error of a value that is read on its own."""
        return f"json: cannot unmarshal {_described(value, go)} into Go value of type {go}"

    def wrong_scalar(self, value: Any, go: str, place: Place) -> None:
        """Note a value where a string, boolean or number should be."""
        if not self.converter:
            self._unmarshal(value, go, place)
        elif go == "string" and value.__class__ is int:
            self.errors.append("cannot convert int64 to string")
        elif isinstance(value, float) and go in {"int32", "int64"}:
            self.errors.append(f"cannot convert float64 to {go}")
        else:
            self.errors.append(f"unrecognized type: {go}")

    def wrong_struct(self, value: Any, go: str, place: Place) -> None:
        """Note a value where an object of fixed fields should be."""
        self._convert(value, go, place, "cannot restore struct from: {}")

    def wrong_list(self, value: Any, go: str, place: Place) -> None:
        """Note a value where a list should be."""
        self._convert(value, go, place, "cannot restore slice from {}")

    def wrong_map(self, value: Any, go: str, place: Place) -> None:
        """Note a value where an object of free keys should be."""
        self._convert(value, go, place, "cannot restore map from {}")

    def _convert(self, value: Any, go: str, place: Place, text: str) -> None:
        if self.converter:
            word = json_type(value)
            kind = ("int64" if isinstance(value, int) else "float64") if word == "number" else _KINDS.get(word, word)
            self.errors.append(text.format(kind))
        else:
            self._unmarshal(value, go, place)

    def _unmarshal(self, value: Any, go: str, place: Place) -> None:
        into = f"struct field {place.struct}.{place.fields}" if place.struct else "value"
        self.errors.append(f"json: cannot unmarshal {_described(value, go)} into Go {into} of type {go}")


def _described(value: Any, go: str) -> str:
    word = json_type(value)
    if word == "number" and go in {"int32", "int64"}:
        return f"number {value!r}"
    return word
