"""Checkers compiled from types: is a tree clean, what is left of it when it is not, how does Go write it."""

from collections.abc import Mapping
from typing import Any, Protocol

from kubesim.api.schema import literals
from kubesim.api.schema.report import Place, Report
from kubesim.objects import quantities

_INT32 = range(-(2**31), 2**31)
_INT64 = range(-(2**63), 2**63)

DROPPED = object()
"""Stands for a value that is left out."""


class Node(Protocol):
    """Checks the values of one shape."""

    go: str
    """The Go type, for messages."""

    def clean(self, value: Any) -> bool:
        """Whether the value can stay as it is; the fast way."""
        ...

    def decode(self, value: Any, place: Place, report: Report) -> Any:
        """What is left of the value; errors and unknown fields go to the report."""
        ...

    def canonical(self, value: Any) -> Any:
        """The value as Go writes it; the same object when that changes nothing."""
        ...

    def zero(self) -> Any:
        """What Go writes when the value was never set."""
        ...


class Scalar:
    """A string, boolean or number."""

    def __init__(self, go: str, python: type, zero: Any, bounds: range | None = None) -> None:
        self.go = go
        self.python = python
        self._zero = zero
        self._bounds = bounds

    def clean(self, value: Any) -> bool:
        """See Node."""
        if value.__class__ is self.python:
            return self._bounds is None or value in self._bounds
        return self.python is float and value.__class__ is int

    def decode(self, value: Any, place: Place, report: Report) -> Any:
        """See Node."""
        if self.clean(value):
            return value
        if value is None:
            return self._zero
        if report.converter and self.python is int and isinstance(value, float) and value.is_integer():
            return int(value)
        report.wrong_scalar(value, self.go, place)
        return DROPPED

    def canonical(self, value: Any) -> Any:
        """See Node."""
        return value

    def zero(self) -> Any:
        """See Node."""
        return self._zero


class Bytes(Scalar):
    """Base64 text."""

    def __init__(self) -> None:
        super().__init__("[]uint8", str, None)

    def clean(self, value: Any) -> bool:
        """See Node."""
        return isinstance(value, str) and not literals.base64_error(value)

    def decode(self, value: Any, place: Place, report: Report) -> Any:
        """See Node."""
        if isinstance(value, str):
            error = literals.base64_error(value)
            if error:
                report.error(error)
            return value
        return "" if value is None else super().decode(value, place, report)


class Special:
    """A type with its own way to read JSON: its errors do not say where."""

    go = ""

    def clean(self, value: Any) -> bool:
        """See Node."""
        return value is not None and not self.error(value)

    def decode(self, value: Any, place: Place, report: Report) -> Any:
        """See Node."""
        del place
        if value is None:
            return self.zero()
        error = self.error(value)
        if error:
            report.error(error)
            return DROPPED
        return value

    def error(self, value: Any) -> str:
        """What is wrong with a value; "" when nothing."""
        raise NotImplementedError

    def canonical(self, value: Any) -> Any:
        """See Node."""
        return value

    def zero(self) -> Any:
        """See Node."""
        return None


class Quantity(Special):
    """An amount; text or number, written as text."""

    go = "resource.Quantity"

    def error(self, value: Any) -> str:
        """See Special."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return quantities.BAD_FORMAT
        try:
            quantities.check(value)
        except ValueError as error:
            return str(error)
        return ""

    def canonical(self, value: Any) -> Any:
        """See Node."""
        written = quantities.canonical(value)
        return value if written == value else written

    def zero(self) -> Any:
        """See Node."""
        return "0"


class Time(Special):
    """A time; ``micro`` ones have six decimals."""

    def __init__(self, *, micro: bool) -> None:
        self.micro = micro
        self.layout = literals.MICRO_LAYOUT if micro else literals.LAYOUT
        self.go = "v1.MicroTime" if micro else "v1.Time"

    def error(self, value: Any) -> str:
        """See Special."""
        if not isinstance(value, str):
            return Report.not_a(value, "string")
        return literals.time_error(value, self.layout)

    def canonical(self, value: Any) -> Any:
        """See Node."""
        if value is None:
            return value
        written = literals.canonical_micro_time(value) if self.micro else literals.canonical_time(value)
        return value if written == value else written


class IntOrString(Special):
    """An int32 or a text."""

    go = "intstr.IntOrString"

    def error(self, value: Any) -> str:
        """See Special."""
        if isinstance(value, str) or (value.__class__ is int and value in _INT32):
            return ""
        return Report.not_a(value, "int32")

    def zero(self) -> Any:
        """See Node."""
        return 0


class Opaque(Special):
    """Any JSON, kept as it is."""

    def clean(self, value: Any) -> bool:
        """See Node."""
        del value
        return True

    def error(self, value: Any) -> str:
        """See Special."""
        del value
        return ""


class ListNode:
    """A list of one shape."""

    def __init__(self, item: Node) -> None:
        self.item = item
        self.go = f"[]{item.go}"
        self._texts = type(item) is Scalar and item.python is str

    def clean(self, value: Any) -> bool:
        """See Node."""
        if not isinstance(value, list):
            return False
        if self._texts:
            return all(item.__class__ is str for item in value)
        clean = self.item.clean
        return all(map(clean, value))

    def decode(self, value: Any, place: Place, report: Report) -> Any:
        """See Node."""
        if not isinstance(value, list):
            if value is not None:
                report.wrong_list(value, self.go, place)
            return DROPPED
        decoded = [self.item.decode(item, place.item(number), report) for number, item in enumerate(value)]
        return [item for item in decoded if item is not DROPPED]

    def canonical(self, value: Any) -> Any:
        """See Node."""
        if not value:
            return value
        written = [self.item.canonical(item) for item in value]
        return value if all(map(_same, written, value)) else written

    def zero(self) -> Any:
        """See Node."""
        return None


def _same(left: Any, right: Any) -> bool:
    return left is right


class MapNode:
    """An object with free keys and values of one shape."""

    def __init__(self, item: Node) -> None:
        self.item = item
        # k8s: the one named map type
        self.go = "v1.ResourceList" if isinstance(item, Quantity) else f"map[string]{item.go}"

    def clean(self, value: Any) -> bool:
        """See Node."""
        if not isinstance(value, dict):
            return False
        clean = self.item.clean
        return all(map(clean, value.values()))

    def decode(self, value: Any, place: Place, report: Report) -> Any:
        """See Node."""
        if not isinstance(value, Mapping):
            if value is not None:
                report.wrong_map(value, self.go, place)
            return DROPPED
        decoded = {key: self.item.decode(item, place.key(key), report) for key, item in value.items()}
        return {key: item for key, item in decoded.items() if item is not DROPPED}

    def canonical(self, value: Any) -> Any:
        """See Node."""
        if not value:
            return value
        written = {key: self.item.canonical(item) for key, item in value.items()}
        return value if all(map(_same, written.values(), value.values())) else written

    def zero(self) -> Any:
        """See Node."""
        return None


class ObjectNode:
    """A struct. ``attach`` completes it, since types may contain themselves."""

    def __init__(self, go: str) -> None:
        self.go = go
        self._struct = go.rpartition(".")[2]
        self._nodes: dict[str, Node] = {}
        self._quick: dict[str, Any] = {}
        self._kept: frozenset[str] = frozenset()
        self._deep: dict[str, Node] = {}
        self._written: dict[str, bool] = {}
        self._nullable: frozenset[str] = frozenset()
        self._zero: dict[str, Any] | None = None

    def attach(self, nodes: dict[str, Node], kept: frozenset[str], written: dict[str, bool]) -> None:
        """Give it its fields, the names of those whose zero is kept, and those that Go always writes (null if true)."""
        self._nodes = nodes
        self._kept = kept
        self._written = written
        # Most zeros are known without a look into other structs, which may not be complete yet.
        self._nullable = frozenset(
            name
            for name, null in written.items()
            if null or isinstance(nodes[name], Time | ListNode | MapNode | Opaque)
        )
        quick = (str, bool)
        self._quick = {
            name: node.python if type(node) is Scalar and node.python in quick else node for name, node in nodes.items()
        }
        self._deep = {name: node for name, node in nodes.items() if not _is_plain(node)}

    def clean(self, value: Any) -> bool:
        """See Node."""
        if not isinstance(value, dict):
            return False
        quick, kept = self._quick, self._kept
        for name, item in value.items():
            check = quick.get(name)
            if not item and name not in kept:
                return False
            if check is item.__class__:
                continue
            if item is None and name in self._nullable:
                continue
            if check is None or check is str or check is bool or item is None or not check.clean(item):
                return False
        return True

    def decode(self, value: Any, place: Place, report: Report) -> Any:
        """See Node."""
        if not isinstance(value, Mapping):
            if value is None:
                return {}
            report.wrong_struct(value, self.go, place)
            return DROPPED
        if self.clean(value):
            return value
        result: dict[str, Any] = {}
        for name, item in value.items():
            node = self._nodes.get(name)
            if node is None:
                report.unknown(place, name)
            elif item is None:
                if name in self._nullable:
                    result[name] = None
            else:
                decoded = node.decode(item, place.field(self._struct, name), report)
                if decoded is not DROPPED and (decoded or name in self._kept):
                    result[name] = decoded
        return result

    def canonical(self, value: Any) -> Any:
        """See Node."""
        changed: dict[str, Any] = {}
        deep = self._deep
        for name, item in value.items():
            node = deep.get(name)
            if node is not None and item is not None:
                written = node.canonical(item)
                if written is not item:
                    changed[name] = written
        for name, null in self._written.items():
            if name not in value:
                changed[name] = None if null else self._nodes[name].zero()
        return {**value, **changed} if changed else value

    def zero(self) -> Any:
        """See Node."""
        if self._zero is None:
            self._zero = self.canonical({})
        return self._zero


def _is_plain(node: Node) -> bool:
    """Whether a value of this shape is always as Go writes it."""
    if isinstance(node, ListNode | MapNode):
        return _is_plain(node.item)
    return isinstance(node, Scalar | Opaque)


SCALARS: Mapping[str, Node] = {
    "s": Scalar("string", str, ""),
    "b": Scalar("bool", bool, False),
    "i": Scalar("int32", int, 0, _INT32),
    "l": Scalar("int64", int, 0, _INT64),
    "d": Scalar("float64", float, 0.0),
    "y": Bytes(),
    "q": Quantity(),
    "t": Time(micro=False),
    "u": Time(micro=True),
    "o": IntOrString(),
}
"""The checkers of the scalar shapes; see facts.py for the letters."""
