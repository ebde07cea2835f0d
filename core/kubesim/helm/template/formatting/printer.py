"""Formats values of every type for one verb, and prints argument lists as Go's Sprint and Sprintln do."""

from typing import Any

from kubesim.helm.template.formatting.verbs import (
    Flags,
    format_bool,
    format_bytes,
    format_complex,
    format_floating,
    format_integer,
    format_string,
    pad,
)
from kubesim.helm.template.numbers import format_float
from kubesim.helm.template.values import (
    INVALID,
    GoObject,
    Integer,
    decode,
    is_nil,
    kind,
    sorted_items,
    type_name,
)
from kubesim.helm.template.weight import weigh


def text(value: Any) -> str:
    """What printing a value gives (%v)."""
    if isinstance(value, str):
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    if type(value) is float:
        return format_float(value)
    if value is INVALID:
        return "<no value>"
    return Printer(Flags()).argument(value, "v")


def sprint(*arguments: Any) -> str:
    """fmt.Sprint: spaces between arguments of which neither is a string."""
    parts: list[str] = []
    after_string = True
    for argument in arguments:
        is_string = isinstance(argument, str)
        if not is_string and not after_string:
            parts.append(" ")
        parts.append("<nil>" if argument is None else text(argument))
        after_string = is_string
    return "".join(parts)


def sprintln(*arguments: Any) -> str:
    """fmt.Sprintln: spaces between all arguments and a newline."""
    return " ".join(["<nil>" if argument is None else text(argument) for argument in arguments]) + "\n"


class Printer:
    """Formats arguments under one set of flags."""

    def __init__(self, flags: Flags) -> None:
        self.flags = flags

    def argument(self, value: Any, verb: str) -> str:
        """One argument."""
        if value is None or value is INVALID:
            return pad(self.flags, "<nil>") if verb in "Tv" else self.bad(value, verb)
        if verb == "T":
            return format_string(type_name(value), "s", self.flags) or ""
        if verb == "p":
            return self.pointer(value, verb)
        weigh(value)
        return self.value(value, verb, 0)

    def pointer(self, value: Any, verb: str) -> str:
        """%p: only maps, slices and pointers have one."""
        return self.bad(value, verb) if kind(value) not in {"map", "slice", "ptr"} else pad(self.flags, "0xc000010000")

    def bad(self, value: Any, verb: str) -> str:
        """What a verb that does not fit prints."""
        if value is None or value is INVALID:
            return f"%!{verb}(<nil>)"
        return f"%!{verb}({type_name(value)}={self.value(value, 'v', 0)})"

    def value(self, value: Any, verb: str, depth: int) -> str:
        """A value of any type inside ``depth`` others."""
        basic = self.basic(value, verb)
        if basic is not None:
            return basic
        if isinstance(value, dict):
            return self.mapping(value, verb, depth)
        if isinstance(value, list):
            return self.sequence(value, verb, depth)
        if isinstance(value, bytes):
            return self.octets(value, verb, depth)
        if isinstance(value, GoObject):
            return self.struct(value, verb, depth)
        return self.bad(value, verb)

    def basic(self, value: Any, verb: str) -> str | None:
        """Strings, numbers and what says itself how it prints; None for the rest and for bad verbs."""
        flags = self.flags
        if isinstance(value, str):
            return format_string(value, verb, flags)
        if isinstance(value, bool):
            return format_bool(value, verb, flags)
        stringer = None if getattr(value, "by_pointer", False) else getattr(value, "go_string", None)
        if stringer is not None and not flags.sharp_v and verb in "vsxXq":
            return format_string(stringer(), verb, flags)
        if isinstance(value, int):
            return format_integer(value, verb, flags, signed=not isinstance(value, Integer) or value.signed)
        if isinstance(value, float):
            return format_floating(value, verb, flags)
        if isinstance(value, complex):
            return format_complex(value, verb, flags)
        return None

    def element(self, value: Any, verb: str, depth: int) -> str:
        """An element that is an interface: nil has no type."""
        if value is None:
            return "interface {}(nil)" if self.flags.sharp_v else "<nil>"
        return self.value(value, verb, depth + 1)

    def mapping(self, value: dict[str, Any], verb: str, depth: int) -> str:
        """A map, sorted by key."""
        sharp = self.flags.sharp_v
        if sharp and is_nil(value):
            return f"{type_name(value)}(nil)"
        pairs = [
            f"{self.value(key, verb, depth + 1)}:{self.element(one, verb, depth)}" for key, one in sorted_items(value)
        ]
        return f"{type_name(value)}{{{', '.join(pairs)}}}" if sharp else f"map[{' '.join(pairs)}]"

    def sequence(self, value: list[Any], verb: str, depth: int) -> str:
        """A slice."""
        sharp = self.flags.sharp_v
        if sharp and is_nil(value):
            return f"{type_name(value)}(nil)"
        items = [self.element(one, verb, depth) for one in value]
        return f"{type_name(value)}{{{', '.join(items)}}}" if sharp else f"[{' '.join(items)}]"

    def octets(self, value: bytes, verb: str, depth: int) -> str:
        """A []byte."""
        if verb in "sq":
            return format_string(decode(value), verb, self.flags) or ""
        if verb in "xX":
            return format_bytes(value, verb, self.flags)
        if self.flags.sharp_v:
            return f"[]byte{{{', '.join([hex(one) for one in value])}}}"
        return f"[{' '.join([self.value(one, verb, depth + 1) for one in value])}]"

    def struct(self, value: GoObject, verb: str, depth: int) -> str:
        """A struct, or a pointer to one."""
        pointer = value.kind_name == "ptr"
        if pointer and depth > 0:
            return "0xc000010000"
        flags = self.flags
        named = flags.sharp_v or flags.plus_v
        fields = [
            (f"{name}:" if named else "") + self.element(getattr(value, attribute), verb, depth)
            for name, attribute in (value.printed_fields or value.go_fields).items()
        ]
        body = ", ".join(fields) if flags.sharp_v else " ".join(fields)
        prefix = value.type_name.lstrip("*") if flags.sharp_v else ""
        return f"{'&' if pointer else ''}{prefix}{{{body}}}"
