"""Base64, base32 and checksums."""

import base64
import hashlib
import zlib

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.signatures import STRING, Function, function
from kubesim.helm.template.values import decode, encode

_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_BASE32 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_EQUALS = ord("=")


def base64_encode(text: str) -> str:
    """Base64 of the bytes."""
    return base64.b64encode(encode(text)).decode("ascii")


def base64_bytes(text: str) -> bytes:
    """The bytes of base64; line breaks are skipped. GoError has Go's text."""
    data = encode(text)
    letters: list[int] = []
    at = 0
    while at < len(data):
        byte = data[at]
        at += 1
        if byte in b"\r\n":
            continue
        if byte in _BASE64:
            letters.append(byte)
            continue
        _check_padding(data, at - 1, len(letters) % 4)
        break
    if len(letters) % 4 and at >= len(data) and (not data or data.rstrip(b"\r\n")[-1:] != b"="):
        raise _corrupt("base64", _end(data, letters))
    return base64.b64decode(bytes(letters) + b"=" * (-len(letters) % 4))


def _end(data: bytes, letters: list[int]) -> int:
    # Go names the byte where the incomplete quantum began.
    return len(data) - len(letters) % 4


def _check_padding(data: bytes, at: int, filled: int) -> None:
    """What may follow the letters: the padding that completes the quantum, and line breaks."""
    if data[at] != ord("=") or filled < 2:
        raise _corrupt("base64", at)
    behind = at + 1
    if filled == 2:
        while behind < len(data) and data[behind] in b"\r\n":
            behind += 1
        if behind == len(data):
            raise _corrupt("base64", len(data))
        if data[behind] != ord("="):
            raise _corrupt("base64", behind)
        behind += 1
    while behind < len(data) and data[behind] in b"\r\n":
        behind += 1
    if behind < len(data):
        raise _corrupt("base64", behind)


def _corrupt(encoding: str, at: int) -> GoError:
    return GoError(f"illegal {encoding} data at input byte {at}")


def base64_decode(text: str) -> str:
    """What base64 encodes, or the error's text."""
    try:
        return decode(base64_bytes(text))
    except GoError as error:
        return str(error)


def base32_encode(text: str) -> str:
    """Base32 of the bytes."""
    return base64.b32encode(encode(text)).decode("ascii")


def base32_decode(text: str) -> str:
    """What base32 encodes, or the error's text."""
    data = encode(text).replace(b"\r", b"").replace(b"\n", b"")
    wrong = _wrong_base32(data)
    return decode(base64.b32decode(data)) if wrong is None else str(_corrupt("base32", wrong))


def _wrong_base32(data: bytes) -> int | None:
    """The byte that Go names when it refuses the data."""
    size = len(data)
    for start in range(0, size, 8):
        for filled in range(8):
            at = start + filled
            if at >= size:
                return start
            if data[at] == _EQUALS and filled >= 2 and size - at <= 8:
                return _wrong_padding(data, at, filled)
            if data[at] not in _BASE32:
                return at
    return None


def _wrong_padding(data: bytes, at: int, filled: int) -> int | None:
    left = len(data) - at - 1
    if left + filled < 7:
        return len(data)
    for more in range(7 - filled):
        if data[at + 1 + more] != _EQUALS:
            return at + more
    return at if filled in {1, 3, 6} or left + filled > 7 else None


def sha1sum(text: str) -> str:
    """SHA-1 in hexadecimal."""
    return hashlib.sha1(encode(text), usedforsecurity=False).hexdigest()


def sha256sum(text: str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(encode(text)).hexdigest()


def sha512sum(text: str) -> str:
    """SHA-512 in hexadecimal."""
    return hashlib.sha512(encode(text)).hexdigest()


def adler32sum(text: str) -> str:
    """Adler-32 in decimal."""
    return str(zlib.adler32(encode(text)))


FUNCTIONS: tuple[Function, ...] = (
    function("b64enc", base64_encode, STRING),
    function("b64dec", base64_decode, STRING),
    function("b32enc", base32_encode, STRING),
    function("b32dec", base32_decode, STRING),
    function("sha1sum", sha1sum, STRING),
    function("sha256sum", sha256sum, STRING),
    function("sha512sum", sha512sum, STRING),
    function("adler32sum", adler32sum, STRING),
)
