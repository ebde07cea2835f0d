"""Objects to YAML text for an editor and back, with errors that name the line and the column."""

import base64
import binascii
import re
from collections.abc import Hashable
from typing import Any, NamedTuple

import yaml

from kubesim.objects import tree
from kubesim.objects.wire import Tree
from kubetui.model import yaml_text

MASK = "********"
"""What stands for the value of a secret that is not revealed."""


class Presentation(NamedTuple):
    """What to show of an object: ``reveal`` decodes a Secret's data, ``managed_fields`` keeps the field managers."""

    reveal: bool = False
    managed_fields: bool = False


class EditError(ValueError):
    """Text that is not an object; line and column count from 1, 0 when there is no place to point at."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(f"line {line}, column {column}: {message}" if line else message)
        self.message = message
        self.line = line
        self.column = column


def present(obj: Tree, how: Presentation | None = None) -> Tree:
    """The object as it is shown: without managed fields, a Secret's data masked, or decoded into ``stringData``."""
    wanted = how or Presentation()
    shown = obj if wanted.managed_fields else tree.without(obj, "metadata.managedFields")
    data = shown.get("data")
    if shown.get("kind") != "Secret" or not data:
        return shown
    if not wanted.reveal:
        return {**shown, "data": dict.fromkeys(data, MASK)}
    plain = {key: _decoded(value) for key, value in data.items()}
    kept = {key: value for key, value in data.items() if plain[key] is None}
    revealed = {key: value for key, value in shown.items() if key != "data"} | ({"data": kept} if kept else {})
    return {**revealed, "stringData": {key: value for key, value in plain.items() if value is not None}}


def _decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def editable(obj: Tree, *, reveal: bool = False) -> str:
    """The text to edit."""
    return yaml_text.dump(present(obj, Presentation(reveal=reveal)))


def restore(edited: Tree, original: Tree) -> Tree:
    """The edited object with what ``present`` hid put back: managed fields, masked and decoded secret values."""
    whole = dict(edited)
    managed = tree.get(original, "metadata.managedFields")
    if managed is not None and tree.get(edited, "metadata.managedFields") is None:
        whole = dict(tree.evolve(whole, "metadata.managedFields", managed))
    if original.get("kind") != "Secret":
        return whole
    before = original.get("data") or {}
    data = {
        key: before.get(key, value) if value == MASK else value for key, value in (edited.get("data") or {}).items()
    }
    for key, value in (edited.get("stringData") or {}).items():
        data[key] = base64.b64encode(str(value).encode()).decode()
    whole.pop("stringData", None)
    if data or "data" in original:
        whole["data"] = data
    return whole


# ---------------------------------------------------------------------- reading
_Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc, valid-type]
    """JSON's types only: no dates, and no key twice in one object."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        self.flatten_mapping(node)
        found: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                key = key_node.value if isinstance(key_node, yaml.ScalarNode) else str(key)
            if key in found:
                raise yaml.constructor.ConstructorError(
                    None, None, f'key "{key}" already set in map', key_node.start_mark
                )
            found[key] = self.construct_object(value_node, deep=True)
        return found


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in _Base.yaml_implicit_resolvers.items()
}
# JSON's numbers may have an exponent without a point, YAML 1.1's may not.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def parse_all(text: str) -> list[Tree]:
    """Every object of a text of one or more documents; lists are taken apart. Raises EditError."""
    try:
        documents = list(yaml.load_all(text, Loader=_Loader))
    except yaml.YAMLError as error:
        raise _pointed(error) from None
    found: list[Tree] = []
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict):
            msg = f"an object is expected, not {_type_name(document)}"
            raise EditError(msg, 1, 1)
        if str(document.get("kind", "")).endswith("List") and isinstance(document.get("items"), list):
            found.extend(document["items"])
        else:
            found.append(document)
    return found


def parse(text: str) -> Tree:
    """The one object of a text. Raises EditError."""
    found = parse_all(text)
    if len(found) != 1:
        raise EditError("the text is empty" if not found else "one object is expected", 1 if found else 0, 1)
    for field in ("apiVersion", "kind", "metadata"):
        if not found[0].get(field):
            msg = f"{field} is missing"
            raise EditError(msg, 1, 1)
    return found[0]


def _type_name(value: Any) -> str:
    return {list: "a list", str: "a text", bool: "true or false"}.get(type(value), "a number")


def _pointed(error: yaml.YAMLError) -> EditError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or error)
    if mark is None:
        return EditError(problem)
    return EditError(problem, mark.line + 1, mark.column + 1)


# ---------------------------------------------------------------------- places
_STEP = re.compile(r"\[([^\]]*)\]|([^.\[]+)")


def locate(text: str, field: str) -> tuple[int, int]:
    """The line and column (from 1) of a field path such as ``spec.containers[0].image``, or of its nearest parent.

    (0, 0) when the text cannot be read.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError:
        return 0, 0
    place = (1, 1)
    for found in _STEP.finditer(field):
        step = found[1] if found[1] is not None else found[2]
        below = _below(node, step)
        if below is None:
            break
        mark, node = below
        place = (mark.line + 1, mark.column + 1)
    return place


def _below(node: Any, step: str) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark, value
    if isinstance(node, yaml.SequenceNode) and step.isdecimal() and int(step) < len(node.value):
        item = node.value[int(step)]
        return item.start_mark, item
    return None
