"""Objects as JSON bytes: each is encoded once while it stays the same, and long lists are made in pieces."""

from collections.abc import Collection, Iterator
from typing import Any

import orjson

from kubesim.objects.wire import Tree, WatchEvent

CACHE_BYTES = 48 * 1024 * 1024
PIECE = 200
"""How many items of a list are encoded at a time."""
LONG = 400
"""From how many items on a list counts as long."""

_FORMS = frozenset({"Table", "PartialObjectMetadata", "PartialObjectMetadataList"})
"""Other ways to show objects, which are made anew each time."""


class Encoder:
    """Encodes objects, and remembers those that have a uid and a resourceVersion."""

    def __init__(self, limit: int = CACHE_BYTES, versions: Collection[str] | None = None) -> None:
        self._limit = limit
        self._versions = versions
        """The built-in groups and versions; objects of others look different when their definition changes."""
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
        version = tree.get("apiVersion", "")
        custom = version and self._versions is not None and version not in self._versions
        if not uid or not isinstance(metadata, dict) or custom:
            return orjson.dumps(tree)
        # One object can be seen in several versions, and in lists without its version.
        key = (uid, metadata.get("resourceVersion", ""), version)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = orjson.dumps(tree)
            self._size += len(found)
            while self._size > self._limit:
                oldest = next(iter(self._known))
                self._size -= len(self._known.pop(oldest))
        return found

    def short(self, tree: dict[str, Any]) -> bytes:
        """An answer of moderate size: an object, or a list of some."""
        if tree.get("kind") in _FORMS:
            return orjson.dumps(tree) + b"\n"
        items = tree.get("items")
        if not isinstance(items, list) or "metadata" not in tree:
            return self.object(tree) + b"\n"
        head = orjson.dumps({name: value for name, value in tree.items() if name != "items"})
        return head[:-1] + b',"items":[' + b",".join([self.object(item) for item in items]) + b"]}\n"

    def event(self, event: WatchEvent) -> bytes:
        """One line of a watch."""
        shown = event.object
        plain = event.type in {"ADDED", "MODIFIED"} and shown.get("kind") not in _FORMS
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
