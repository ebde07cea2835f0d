"""The schemas that a schema can refer to: by JSON pointer, anchor and identifier, and the specifications' own."""

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.schema.report import Number

BASE: Final = "file:///values.schema.json"
_DRAFTS: Final = {
    "http://json-schema.org/draft-04/schema": 4,
    "http://json-schema.org/draft-06/schema": 6,
    "http://json-schema.org/draft-07/schema": 7,
    "https://json-schema.org/draft/2019-09/schema": 2019,
    "https://json-schema.org/draft/2020-12/schema": 2020,
    "http://json-schema.org/schema": 2020,
}
METASCHEMAS: Final = {
    4: "http://json-schema.org/draft-04/schema#",
    6: "http://json-schema.org/draft-06/schema#",
    7: "http://json-schema.org/draft-07/schema#",
    2019: "https://json-schema.org/draft/2019-09/schema",
    2020: "https://json-schema.org/draft/2020-12/schema",
}
_VALUES: Final = frozenset({"enum", "const", "default", "examples"})
"""Keywords whose contents are no schemas."""


class Place(NamedTuple):
    """A schema, the resource it belongs to, and that resource's draft."""

    schema: Any
    base: str
    draft: int


class Resources:
    """Everything that references can reach from one root schema."""

    def __init__(self, root: Any, base: str = BASE) -> None:
        self._roots: dict[str, Place] = {}
        self._anchors: dict[tuple[str, str], Place] = {}
        self.dynamic: dict[tuple[str, str], Place] = {}
        self._resolved: dict[tuple[str, str], Place] = {}
        self.root = self._add(root, base)

    def _add(self, root: Any, base: str) -> Place:
        draft = draft_of(root, base)
        place = Place(root, base, draft)
        self._roots[base] = place
        self._scan(root, base, draft)
        identifier = root.get("id" if draft == 4 else "$id") if isinstance(root, dict) else None
        if not isinstance(identifier, str):
            return place
        return self._roots.get(urldefrag(urljoin(base, identifier))[0], place)

    def _scan(self, schema: Any, base: str, draft: int) -> None:
        """Remember identifiers and anchors."""
        if isinstance(schema, list):
            for item in schema:
                self._scan(item, base, draft)
            return
        if not isinstance(schema, dict):
            return
        base = self._identified(schema, base, draft)
        for keyword in ("$anchor", "$dynamicAnchor"):
            if isinstance(schema.get(keyword), str):
                self._anchors[base, schema[keyword]] = Place(schema, base, draft)
        if isinstance(schema.get("$dynamicAnchor"), str):
            self.dynamic[base, schema["$dynamicAnchor"]] = Place(schema, base, draft)
        for keyword, inner in schema.items():
            if keyword not in _VALUES:
                self._scan(inner, base, draft)

    def _identified(self, schema: dict[str, Any], base: str, draft: int) -> str:
        """The resource that a schema belongs to, its own when it has an identifier."""
        identifier = schema.get("id" if draft == 4 else "$id")
        if not isinstance(identifier, str) or (draft < 2019 and "$ref" in schema):
            return base
        absolute, fragment = urldefrag(urljoin(base, identifier))
        if fragment and draft < 2019:
            self._anchors[base, fragment] = Place(schema, base, draft)
        elif absolute != base:
            self._roots[absolute] = Place(schema, absolute, draft)
            return absolute
        return base

    def resolve(self, reference: str, base: str) -> Place:
        """What a reference means within a resource; ChartError with the library's text when it leads nowhere."""
        known = self._resolved.get((reference, base))
        if known is None:
            known = self._resolved[reference, base] = self._found(reference, base)
        return known

    def _found(self, reference: str, base: str) -> Place:
        target, fragment = urldefrag(urljoin(base, reference))
        place = self._roots.get(target) or self._load(target)
        if not fragment:
            return place
        if fragment.startswith("/"):
            return self._pointed(place, fragment)
        found = self._anchors.get((target, unquote(fragment)))
        if found is None:
            raise ChartError(f'anchor in "{target}#{fragment}" not found')
        return found

    def _pointed(self, place: Place, fragment: str) -> Place:
        schema, base = place.schema, place.base
        for token in _tokens(fragment):
            if isinstance(schema, dict) and token in schema:
                schema = schema[token]
            elif isinstance(schema, list) and token.isdecimal() and int(token) < len(schema):
                schema = schema[int(token)]
            else:
                raise ChartError(f'json-pointer in "{place.base}#{fragment}" not found')
            identifier = schema.get("id" if place.draft == 4 else "$id") if isinstance(schema, dict) else None
            if isinstance(identifier, str):
                base = urldefrag(urljoin(base, identifier))[0]
        return Place(schema, base, place.draft)

    def _load(self, url: str) -> Place:
        contents = specification(url)
        if contents is None:
            kind = "HTTP request failed for" if url.startswith("http") else "open"
            raise ChartError(f'failing loading "{url}": {kind} {url}: no network')
        return self._add(contents, url)


def _tokens(fragment: str) -> Iterator[str]:
    for token in fragment[1:].split("/"):
        yield unquote(token).replace("~1", "/").replace("~0", "~")


def draft_of(schema: Any, base: str = BASE) -> int:
    """The draft that a root schema names, else the latest; ChartError for an unknown one."""
    named = schema.get("$schema") if isinstance(schema, dict) else None
    if not isinstance(named, str):
        return 2020
    url = urldefrag(named)[0]
    draft = _DRAFTS.get(url)
    if draft is None:
        if base.startswith("https://json-schema.org/draft/2019"):
            return 2019
        raise ChartError(f'failing loading "{url}": HTTP request failed for {url}: no network')
    return draft


def specification(url: str) -> Any:
    """A schema of the specifications themselves, None when the URL is none of theirs."""
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # noqa: PLC0415 (few charts need it)

    for name in (url, url + "#"):
        if name in REGISTRY:
            return parse_json(json.dumps(REGISTRY.contents(name)))
    return None


def parse_json(text: str) -> Any:
    """A JSON text whose numbers remember how they were written; ValueError when malformed."""
    return json.loads(text, parse_float=Number, parse_int=Number)
