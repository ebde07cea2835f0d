"""Objects as JSON bytes: each is encoded once while it stays the same, and long lists are made in pieces."""

from collections.abc import Iterator
from typing import Any

import orjson

from kubesim.objects.wire import Tree, WatchEvent

CACHE_BYTES = 48 * 1024 * 1024
PIECE = 200
"""How many items of a list are encoded at a time."""
LONG = 400
"""From how many items on a list counts as long."""


class Encoder:
    """Encodes objects, and remembers those that have a uid and a resourceVersion."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self._limit = limit
        self._size = 0
        self._known: dict[tuple[str, str, str], bytes] = {}

    def clear(self) -> None:
        """Forget everything: another cluster is served from now on."""
        self._known.clear()
        self._size = 0

    def object(self, tree: Tree) -> bytes:
        """The JSON of an object of any kind."""
        metadata = tree.get("metadata")
        uid = metadata.get("uid") if isinstance(metadata, dict) else None
        if not uid or not isinstance(metadata, dict):
            return orjson.dumps(tree)
        # One object can be seen in several versions, and in lists without its version.
        key = (uid, metadata.get("resourceVersion", ""), tree.get("apiVersion", ""))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = orjson.dumps(tree)
            self._size += len(found)
            while self._size > self._limit:
                oldest = next(iter(self._known))
                self._size -= len(self._known.pop(oldest))
        return found

    def event(self, event: WatchEvent) -> bytes:
        """One line of a watch."""
        shown = event.object
        plain = event.type in {"ADDED", "MODIFIED"} and shown.get("kind") not in {"Table", "PartialObjectMetadata"}
        encoded = self.object(shown) if plain else orjson.dumps(shown)
        return b'{"type":"' + event.type.encode() + b'","object":' + encoded + b"}\n"

    def pieces(self, tree: Tree) -> Iterator[bytes]:
        """A list or table in pieces of moderate size; anything else in one piece."""
        field = long_field(tree)
        if not field:
            yield orjson.dumps(tree) + b"\n"
            return
        items = tree[field]
        head = orjson.dumps({name: value for name, value in tree.items() if name != field})
        # Table rows show ages, which change: only plain items are worth remembering.
        encode = self.object if field == "items" and tree.get("kind") != "PartialObjectMetadataList" else orjson.dumps
        opening = head[:-1] + b',"' + field.encode() + b'":['
        for start in range(0, len(items), PIECE):
            chunk = b",".join([encode(item) for item in items[start : start + PIECE]])
            yield opening + chunk
            opening = b","
        yield b"]}\n"


def long_field(tree: Any) -> str:
    """``items`` or ``rows`` when that is a long list, else ""."""
    if isinstance(tree, dict):
        for field in ("items", "rows"):
            if isinstance(tree.get(field), list) and len(tree[field]) > LONG:
                return field
    return ""
