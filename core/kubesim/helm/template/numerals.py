"""Reads the number literals of templates into every Go type that can represent them."""

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.lexer import CHARACTER, COMPLEX, Token
from kubesim.helm.template.nodes import Number
from kubesim.helm.template.numbers import parse_float, parse_int, parse_uint
from kubesim.helm.template.quoting import quote, unquote_rune


def number_node(token: Token) -> Number:
    """The node of a number or character token; GoError when malformed."""
    node = Number(token.position, token.text)
    if token.kind == CHARACTER:
        node.integer = node.unsigned = unquote_rune(token.text)
        node.float = float(node.integer)
    elif token.kind == COMPLEX:
        node.complex = _complex(token.text)
        _simplify(node)
    elif not _read_imaginary(node):
        _read_integer(node)
        _read_float(node)
        if node.integer is None and node.unsigned is None and node.float is None:
            raise GoError(f"illegal number syntax: {quote(node.text)}")
    return node


def _complex(text: str) -> complex:
    middle = max(text.rfind("+", 1), text.rfind("-", 1))
    while text[middle - 1] in "eEpP" and middle > 1:
        middle = max(text.rfind("+", 1, middle), text.rfind("-", 1, middle))
    return complex(parse_float(text[:middle]), parse_float(text[middle:-1]))


def _read_imaginary(node: Number) -> bool:
    if not node.text.endswith("i"):
        return False
    try:
        node.complex = complex(0, parse_float(node.text[:-1]))
    except GoError:
        return False
    _simplify(node)
    return True


def _simplify(node: Number) -> None:
    number = node.complex
    if number is None or number.imag != 0:
        return
    node.float = number.real
    if node.float.is_integer():
        node.integer = int(node.float) if abs(node.float) < 2**63 else None
        node.unsigned = int(node.float) if 0 <= node.float < 2**64 else None


def _read_integer(node: Number) -> None:
    try:
        node.unsigned = parse_uint(node.text, 0)
    except GoError:
        node.unsigned = None
    try:
        node.integer = parse_int(node.text, 0)
    except GoError:
        return
    if node.integer == 0:
        node.unsigned = 0


def _read_float(node: Number) -> None:
    whole = node.integer if node.integer is not None else node.unsigned
    if whole is not None:
        node.float = float(whole)
        return
    try:
        node.float = parse_float(node.text)
    except GoError:
        return
    if not any(letter in node.text for letter in ".eEpP"):
        raise GoError(f"integer overflow: {quote(node.text)}")
    if node.float.is_integer():
        node.integer = int(node.float) if -(2**63) <= node.float < 2**63 else None
        node.unsigned = int(node.float) if 0 <= node.float < 2**64 else None


def ideal(node: Number) -> int | float | complex | None:
    """The value of a literal where no type is asked for; None when it overflows int."""
    if node.complex is not None:
        return node.complex
    text = node.text
    hexadecimal = text[:2] in {"0x", "0X"} and len(text) > 2 and not any(letter in text for letter in "pP")
    if node.float is not None and not hexadecimal and text[:1] != "'" and any(letter in text for letter in ".eEpP"):
        return node.float
    return node.integer
