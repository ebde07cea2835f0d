"""Base64, base32 and checksums."""

import base64
import hashlib
import zlib

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.signatures import STRING, Function, function
from kubesim.helm.template.values import decode, encode

_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_BASE32 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_PADDED = {2: 4, 4: 3, 5: 2, 7: 1}


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
    letters = data.rstrip(b"=")
    wrong = next((at for at, byte in enumerate(letters) if byte not in _BASE32), None)
    filled, padding = len(letters) % 8, len(data) - len(letters)
    if wrong is None and (padding != (-filled % 8) or (filled and filled not in _PADDED.keys() | {2, 4, 5, 7})):
        wrong = len(data)
    if wrong is not None:
        return str(_corrupt("base32", wrong))
    return decode(base64.b32decode(data))


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
