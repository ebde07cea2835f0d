"""Random text from the render's source of chance."""

import base64
from typing import Final

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.execute.context import Context
from kubesim.helm.template.signatures import INT, STRING, Function, function

_DIGITS: Final = "0123456789"
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ASCII: Final = "".join(map(chr, range(32, 127)))


SLOW = 50_000
"""Steps that a function costs whose work takes about 0.1 s."""


def random_bytes(render: Context, count: int) -> bytes:
    """Some random bytes."""
    return render.sources.random.getrandbits(8 * count).to_bytes(count, "big") if count else b""


def _drawn(render: Context, alphabet: str, count: int) -> str:
    if count < 0:
        return ""
    render.budget.reserve(count)
    render.budget.spend(count >> 3)
    draw, size = render.sources.random.random, len(alphabet)
    return "".join([alphabet[int(draw() * size)] for _ in range(count)])


def alphanumeric(render: Context, count: int) -> str:
    """Random letters and digits."""
    return _drawn(render, _LETTERS + _DIGITS, count)


def alphabetic(render: Context, count: int) -> str:
    """Random letters."""
    return _drawn(render, _LETTERS, count)


def numeric(render: Context, count: int) -> str:
    """Random digits."""
    return _drawn(render, _DIGITS, count)


def printable(render: Context, count: int) -> str:
    """Random printable ASCII characters."""
    return _drawn(render, _ASCII, count)


def encoded_bytes(render: Context, count: int) -> str:
    """Random bytes in base64."""
    if count < 0:
        raise GoError("runtime error: makeslice: len out of range")
    render.budget.reserve(count * 2)
    return base64.b64encode(random_bytes(render, count)).decode("ascii")


def shuffle(render: Context, text: str) -> str:
    """The characters of a text in random order."""
    letters = list(text)
    for last in range(len(letters) - 1, 0, -1):
        other = render.sources.random.randrange(0, last + 1)
        letters[last], letters[other] = letters[other], letters[last]
    return "".join(letters)


def uuid(render: Context) -> str:
    """A version 4 UUID."""
    digits = f"{render.sources.random.getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


FUNCTIONS: tuple[Function, ...] = (
    function("randAlphaNum", alphanumeric, INT, context=True),
    function("randAlpha", alphabetic, INT, context=True),
    function("randNumeric", numeric, INT, context=True),
    function("randAscii", printable, INT, context=True),
    function("randBytes", encoded_bytes, INT, context=True),
    function("shuffle", shuffle, STRING, context=True),
    function("uuidv4", uuid, context=True),
)
