"""Formats single numbers and strings for one verb: signs, widths, precisions and padding as Go's fmt does."""

from dataclasses import dataclass

from kubesim.helm.template.numbers import format_float
from kubesim.helm.template.quoting import can_backquote, quote, quote_ascii, quote_rune
from kubesim.helm.template.values import encode


@dataclass(slots=True)
class Flags:
    """What stands between the percent sign and the verb. ``width`` and ``precision`` are None when absent."""

    width: int | None = None
    precision: int | None = None
    plus: bool = False
    minus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    plus_v: bool = False
    sharp_v: bool = False


def padding(flags: Flags, count: int) -> str:
    """The padding that fills ``count`` columns; zeros go to the left only."""
    return ("0" if flags.zero and not flags.minus else " ") * count


def pad(flags: Flags, text: str) -> str:
    """The text padded to the width."""
    if flags.width is None or flags.width <= len(text):
        return text
    fill = padding(flags, flags.width - len(text))
    return text + fill if flags.minus else fill + text


def _pad_with_spaces(flags: Flags, text: str) -> str:
    zero, flags.zero = flags.zero, False
    padded = pad(flags, text)
    flags.zero = zero
    return padded


def format_bool(value: bool, verb: str, flags: Flags) -> str | None:
    """A bool, or None for a bad verb."""
    return pad(flags, "true" if value else "false") if verb in "tv" else None


def format_string(value: str, verb: str, flags: Flags) -> str | None:
    """A string, or None for a bad verb."""
    if verb == "s" or (verb == "v" and not flags.sharp_v):
        return pad(flags, _cut(flags, value))
    if verb in "qv":
        return _quoted(value, flags)
    if verb in "xX":
        return format_bytes(encode(value), verb, flags)
    return None


def _cut(flags: Flags, value: str) -> str:
    return value if flags.precision is None else value[: flags.precision]


def _quoted(value: str, flags: Flags) -> str:
    value = _cut(flags, value)
    if flags.sharp and can_backquote(value):
        return pad(flags, f"`{value}`")
    return pad(flags, quote_ascii(value) if flags.plus else quote(value))


def format_bytes(data: bytes, verb: str, flags: Flags) -> str:
    """Bytes as hexadecimal digits."""
    if flags.precision is not None:
        data = data[: flags.precision]
    if not data:
        return padding(flags, flags.width or 0)
    prefix = "0x" if flags.sharp else ""
    text = " ".join([f"{prefix}{byte:02x}" for byte in data]) if flags.space else prefix + data.hex()
    return pad(flags, text.upper() if verb == "X" else text)


_BASES = {"v": "d", "d": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_PREFIXES = {"b": "0b", "o": "0", "O": "0", "x": "0x", "X": "0X"}


def format_integer(value: int, verb: str, flags: Flags, *, signed: bool = True) -> str | None:
    """An integer, or None for a bad verb."""
    if verb in _BASES:
        if verb == "v" and flags.sharp_v and not signed:
            return pad(flags, f"{value:#x}")
        return _integer(value, verb, flags)
    if verb == "c":
        return pad(flags, _rune(value))
    if verb == "q":
        return pad(flags, quote_rune(value, ascii_only=flags.plus))
    return _unicode(value, flags) if verb == "U" else None


def _rune(value: int) -> str:
    return chr(value) if 0 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF else "\ufffd"


def _integer(value: int, verb: str, flags: Flags) -> str:
    sign = "-" if value < 0 else "+" if flags.plus else " " if flags.space else ""
    minimum = 0
    if flags.precision is not None:
        minimum = flags.precision
        if minimum == 0 and value == 0:
            return " " * (flags.width or 0)
    elif flags.zero and not flags.minus and flags.width is not None:
        minimum = flags.width - len(sign)
    digits = format(abs(value), _BASES[verb]).rjust(minimum, "0")
    if flags.sharp:
        prefix = _PREFIXES.get(verb, "")
        digits = digits if verb in "oO" and digits[0] == "0" else prefix + digits
    if verb == "O":
        digits = f"0o{digits}"
    return _pad_with_spaces(flags, sign + digits)


def _unicode(value: int, flags: Flags) -> str:
    code = value & 0xFFFFFFFFFFFFFFFF
    text = f"U+{code:X}".replace("U+", "U+" + "0" * max(0, max(4, flags.precision or 0) - len(f"{code:X}")))
    if flags.sharp and code <= 0x10FFFF and chr(code).isprintable():
        text += f" '{chr(code)}'"
    return _pad_with_spaces(flags, text)


def format_floating(value: float, verb: str, flags: Flags) -> str | None:
    """A float, or None for a bad verb."""
    if verb == "v":
        return _floating(value, "g", flags, -1)
    if verb in "bgGxX":
        return _floating(value, verb, flags, -1)
    if verb in "feEF":
        return _floating(value, "f" if verb == "F" else verb, flags, 6)
    return None


def _floating(value: float, verb: str, flags: Flags, precision: int) -> str:
    if flags.precision is not None:
        precision = flags.precision
    text = format_float(value, verb, precision)
    if text[0] not in "+-":
        text = f"+{text}"
    if flags.space and text[0] == "+" and not flags.plus:
        text = f" {text[1:]}"
    if text[1] in "IN":
        bare = text[1] == "N" and not flags.space and not flags.plus
        return _pad_with_spaces(flags, text[1:] if bare else text if flags.plus or text[0] != "+" else text[1:])
    if flags.sharp and verb != "b":
        text = _with_point(text, verb, precision)
    if not flags.plus and text[0] == "+":
        return pad(flags, text[1:])
    if flags.zero and not flags.minus and flags.width is not None and flags.width > len(text):
        return text[0] + "0" * (flags.width - len(text)) + text[1:]
    return pad(flags, text)


def _with_point(text: str, verb: str, precision: int) -> str:
    """What the sharp flag does: a decimal point always, and for %g its trailing zeros."""
    digits = (6 if precision == -1 else precision) if verb in "gGx" else 0
    marks = "pP" if verb in "xX" else "eE"
    cut = next((index for index, letter in enumerate(text) if letter in marks), len(text))
    text, tail = text[:cut], text[cut:]
    significant = text[1:].replace(".", "").lstrip("0")
    digits -= len(significant)
    if "." not in text:
        if text[1:] == "0":
            digits -= 1
        text += "."
    return text + "0" * max(0, digits) + tail


def format_complex(value: complex, verb: str, flags: Flags) -> str | None:
    """A complex number, or None for a bad verb."""
    real = format_floating(value.real, verb, flags)
    if real is None:
        return None
    plus, flags.plus = flags.plus, True
    imaginary = format_floating(value.imag, verb, flags)
    flags.plus = plus
    return f"({real}{imaginary}i)"
