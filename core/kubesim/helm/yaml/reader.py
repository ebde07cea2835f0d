"""Reads YAML as Helm does: go-yaml version 2, then through JSON, so that every number is a float64."""

import base64
import binascii
import math
import re
import struct
from typing import Any, Final

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.numbers import format_float, shortest_digits
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.values import decode
from kubesim.helm.yaml.nodes import Alias, ListNode, MapNode, Merge, Tagged, YamlError, read_node
from kubesim.helm.yaml.resolve import BINARY, TIMESTAMP, tagged

_ESCAPED: Final = re.compile("[\udc80-\udcff]")
_MAX_DEPTH: Final = 10_000
_MAP_TYPE: Final = "map[string]interface {}"
_LIST_TYPE: Final = "[]interface {}"


def read(text: str) -> Any:
    """sigs.k8s.io/yaml Unmarshal into an empty interface: dict, list, str, float, bool or None; GoError otherwise."""
    return _Json(text, exact=False).value


def read_exact(text: str) -> Any:
    """The same, but integers stay int, for targets whose fields are strings or integers."""
    return _Json(text, exact=True).value


def read_map(text: str) -> dict[str, Any]:
    """Unmarshal into a map: an empty text or null leaves it empty; GoError with Go's text for anything else."""
    value = read(text)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise GoError(_cannot(value, _MAP_TYPE))
    return value


def read_list(text: str) -> list[Any]:
    """Unmarshal into a list, as read_map."""
    value = read(text)
    if value is None:
        return []
    if not isinstance(value, list):
        raise GoError(_cannot(value, _LIST_TYPE))
    return value


def json_kind(value: Any) -> str:
    """What encoding/json calls a value in its errors."""
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    if isinstance(value, bool):
        return "bool"
    return "string" if isinstance(value, str) else "number"


def _cannot(value: Any, target: str) -> str:
    return (
        "error unmarshaling JSON: while decoding JSON: "
        f"json: cannot unmarshal {json_kind(value)} into Go value of type {target}"
    )


def allowed_alias_ratio(decoded: int) -> float:
    """How much of a document may come out of aliases."""
    # k8s: sigs.k8s.io/yaml decode; it stops documents that grow exponentially
    if decoded <= 400_000:
        return 0.99
    if decoded >= 4_000_000:
        return 0.10
    return 0.99 - 0.89 * ((decoded - 400_000) / 3_600_000)


class _Json:
    """One text on its way to a JSON value. Errors keep Go's order: syntax, decoding, keys, numbers."""

    def __init__(self, text: str, exact: bool) -> None:
        self.exact = exact
        self.depth = 0
        self.decoded = 0
        self.aliased = 0
        self.open: list[Alias] = []
        self.bad_key = ""
        self.bad_number = ""
        try:
            self.value = self._decode(read_node(text))
        except RecursionError:
            raise GoError(f"error converting YAML to JSON: yaml: exceeded max depth of {_MAX_DEPTH}") from None
        except GoError as error:
            raise GoError(f"error converting YAML to JSON: {error}") from None
        problem = self.bad_key or self.bad_number
        if problem:
            raise GoError(f"error converting YAML to JSON: {problem}")

    def _decode(self, node: Any) -> Any:
        kind = type(node)
        self._count()
        if kind is str or node is None or kind is bool:
            return node
        if kind is int:
            return node if self.exact else float(node)
        if kind is float:
            return self._number(node)
        if kind is MapNode or kind is ListNode:
            return self._collection(node)
        if kind is Alias:
            return self._alias(node)
        return self._special(node)

    def _collection(self, node: MapNode | ListNode) -> Any:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise YamlError(f"yaml: exceeded max depth of {_MAX_DEPTH}")
        value: Any
        if isinstance(node, MapNode):
            value = {}
            self._mapping(node, value)
        else:
            value = [self._decode(entry) for entry in node.entries]
        self.depth -= 1
        return value

    def _count(self) -> None:
        self.decoded += 1
        if not self.open:
            return
        self.aliased += 1
        many = self.aliased > 100 and self.decoded > 1000
        if many and self.aliased / self.decoded > allowed_alias_ratio(self.decoded):
            raise YamlError("yaml: document contains excessive aliasing")

    def _number(self, number: float) -> float:
        if not math.isfinite(number) and not self.bad_number:
            self.bad_number = f"json: unsupported value: {format_float(number)}"
        return number

    def _special(self, node: Any) -> Any:
        if type(node) is Merge:
            return node.text
        tag, value = tagged(node.tag, node.text)
        if tag == BINARY:
            try:
                data = base64.b64decode(node.text.replace("\n", "").replace("\r", ""), validate=True)
            except binascii.Error:
                raise YamlError("yaml: !!binary value contains invalid base64 data") from None
            return _ESCAPED.sub("\ufffd", decode(data))
        if tag == TIMESTAMP:
            return node.text
        if isinstance(value, float):
            return self._number(value)
        return float(value) if type(value) is int and not self.exact else value

    def _alias(self, node: Alias) -> Any:
        if any(other.target is node.target for other in self.open if isinstance(node.target, MapNode | ListNode)):
            raise YamlError(f"yaml: anchor '{node.name}' value contains itself")
        self.open.append(node)
        try:
            return self._decode(node.target)
        finally:
            self.open.pop()

    def _mapping(self, node: MapNode, into: dict[str, Any]) -> None:
        entries = node.entries
        for place in range(0, len(entries), 2):
            key = entries[place]
            if type(key) is str:
                self._count()
                into[key] = self._decode(entries[place + 1])
            elif type(key) is Merge:
                self._merge(entries[place + 1], into)
            else:
                self._keyed(key, entries[place + 1], into)

    def _keyed(self, key: Any, value: Any, into: dict[str, Any]) -> None:
        found = self._key(key)
        decoded = self._decode(value)
        if type(found) is bool:
            into["true" if found else "false"] = decoded
        elif type(found) is str:
            into[found] = decoded
        elif type(found) is int and found < 1 << 63:
            into[str(found)] = decoded
        elif type(found) is float:
            into[_float_key(found)] = decoded
        elif not self.bad_key:
            shown = "%!s(<nil>)" if found is None else "uint64"
            self.bad_key = (
                f"unsupported map key of type: {shown}, key: {_go_syntax(found)}, value: {_go_syntax(decoded)}"
            )

    def _key(self, key: Any) -> Any:
        """A key as go-yaml holds it, integers as integers."""
        target = key.target if type(key) is Alias else key
        if type(target) is int or type(target) is float:
            self._count()
            return target
        if type(target) is Tagged:
            self._count()
            tag, value = tagged(target.tag, target.text)
            return value if tag not in {BINARY, TIMESTAMP} else self._decode(key)
        found = self._decode(key)
        if isinstance(found, dict | list):
            raise YamlError(f"yaml: invalid map key: {_go_syntax(found)}")
        return found

    def _merge(self, node: Any, into: dict[str, Any]) -> None:
        target = node.target if type(node) is Alias else node
        if type(target) is MapNode:
            self._merge_map(node, into)
        elif type(target) is ListNode and type(node) is ListNode:
            for entry in reversed(node.entries):
                if type(entry.target if type(entry) is Alias else entry) is not MapNode:
                    raise YamlError("yaml: map merge requires map or sequence of maps as the value")
                self._merge_map(entry, into)
        else:
            raise YamlError("yaml: map merge requires map or sequence of maps as the value")

    def _merge_map(self, node: Any, into: dict[str, Any]) -> None:
        value = self._decode(node)
        if isinstance(value, dict):
            into.update(value)


def _float_key(number: float) -> str:
    """A float key's text: %g of a float32."""
    if math.isnan(number):
        return ".nan"
    try:
        narrow = struct.unpack("f", struct.pack("f", number))[0]
    except OverflowError:
        narrow = math.copysign(math.inf, number)
    if math.isinf(narrow):
        return ".inf" if narrow > 0 else "-.inf"
    for digits in range(1, 10):
        candidate = float(f"{narrow:.{digits - 1}e}")
        if struct.pack("f", candidate) == struct.pack("f", narrow):
            return format_float(candidate) if shortest_digits(abs(candidate))[0] else "0"
    return format_float(narrow)


def _go_syntax(value: Any) -> str:
    """%#v of a decoded value as go-yaml holds it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, dict):
        inner = ", ".join(f"{quote(key)}:{_inner_syntax(value[key])}" for key in sorted(value))
        return f"map[interface {{}}]interface {{}}{{{inner}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(_inner_syntax, value))}}}"
    if isinstance(value, int):
        return hex(value) if value >= 1 << 63 else str(value)
    return format_float(value)


def _inner_syntax(value: Any) -> str:
    return "interface {}(nil)" if value is None else _go_syntax(value)
