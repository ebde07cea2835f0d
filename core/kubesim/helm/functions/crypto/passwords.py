"""Passwords: bcrypt, htpasswd, derived passwords, and text enciphered with a password."""

import base64
import hashlib
import hmac
from typing import Any, Final

from kubesim.helm.functions.encoding import base64_bytes
from kubesim.helm.functions.random import SLOW, random_bytes
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.execute.context import Context
from kubesim.helm.template.signatures import STRING, UINT32, Function, function
from kubesim.helm.template.values import decode, encode

_BLOCK: Final = 16
_BCRYPT_LETTERS: Final = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_BASE64_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TO_BCRYPT: Final = str.maketrans(_BASE64_LETTERS, _BCRYPT_LETTERS)


def bcrypt_hash(render: Context, password: str) -> str:
    """The bcrypt hash at cost 10."""
    import bcrypt  # noqa: PLC0415 (few charts need it)

    render.budget.spend(SLOW)
    data = encode(password)
    if len(data) > 72:
        return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes"
    salt = base64.b64encode(random_bytes(render, 16)).decode("ascii")[:22].translate(_TO_BCRYPT)
    return bcrypt.hashpw(data, f"$2a$10${salt}".encode("ascii")).decode("ascii")


def htpasswd(render: Context, user: str, password: str) -> str:
    """A line for htpasswd files."""
    if ":" in user:
        return f"invalid username: {user}"
    return f"{user}:{bcrypt_hash(render, password)}"


_SEED: Final = b"com.lyndir.masterpassword"
_TEMPLATES: Final = {
    "maximum": "anoxxxxxxxxxxxxxxxxx axxxxxxxxxxxxxxxxxno",
    "long": "CvcvnoCvcvCvcv CvcvCvcvnoCvcv CvcvCvcvCvcvno CvccnoCvcvCvcv CvccCvcvnoCvcv CvccCvcvCvcvno CvcvnoCvccCvcv "
    "CvcvCvccnoCvcv CvcvCvccCvcvno CvcvnoCvcvCvcc CvcvCvcvnoCvcc CvcvCvcvCvccno CvccnoCvccCvcv CvccCvccnoCvcv "
    "CvccCvccCvcvno CvcvnoCvccCvcc CvcvCvccnoCvcc CvcvCvccCvccno CvccnoCvcvCvcc CvccCvcvnoCvcc CvccCvcvCvccno",
    "medium": "CvcnoCvc CvcCvcno",
    "short": "Cvcn",
    "basic": "aaanaaan aannaaan aaannaaa",
    "pin": "nnnn",
}
_CHARACTERS: Final = {
    "V": "AEIOU",
    "C": "BCDFGHJKLMNPQRSTVWXYZ",
    "v": "aeiou",
    "c": "bcdfghjklmnpqrstvwxyz",
    "A": "AEIOUBCDFGHJKLMNPQRSTVWXYZ",
    "a": "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
    "n": "0123456789",
    "o": "@&%?,=[]_:-+*$#!'^~;()/.",
    "x": "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
}


def derive_password(render: Context, counter: int, kind: str, password: str, user: str, site: str) -> str:
    """A password for a site out of a master password."""
    if kind not in _TEMPLATES:
        return f"cannot find password template {kind}"
    render.budget.spend(SLOW * 2)
    name = encode(user)
    salt = _SEED + len(name).to_bytes(4, "big") + name
    key = hashlib.scrypt(encode(password), salt=salt, n=32768, r=8, p=2, dklen=64, maxmem=128 * 1024 * 1024)
    place = encode(site)
    message = _SEED + len(place).to_bytes(4, "big") + place + int(counter).to_bytes(4, "big")
    seed = hmac.digest(key, message, "sha256")
    templates = _TEMPLATES[kind].split()
    template = templates[seed[0] % len(templates)]
    return "".join([_CHARACTERS[one][seed[at] % len(_CHARACTERS[one])] for at, one in enumerate(template, start=1)])


def _cipher(password: str, start: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415 (few charts need it)

    return Cipher(algorithms.AES(encode(password)[:32].ljust(32, b"\0")), modes.CBC(start))


def encrypt(render: Context, password: str, text: str) -> str:
    """A text enciphered with AES-256 in CBC mode, in base64."""
    if not text:
        return ""
    data = encode(text)
    padding = _BLOCK - len(data) % _BLOCK
    start = random_bytes(render, _BLOCK)
    encryptor = _cipher(password, start).encryptor()
    enciphered = encryptor.update(data + bytes([padding]) * padding) + encryptor.finalize()
    return base64.b64encode(start + enciphered).decode("ascii")


def decrypt(password: str, text: str) -> str:
    """What ``encryptAES`` enciphered."""
    if not text:
        return ""
    data = base64_bytes(text)
    if len(data) < _BLOCK:
        raise GoError(f"runtime error: slice bounds out of range [:{_BLOCK}] with capacity {len(data)}")
    start, data = data[:_BLOCK], data[_BLOCK:]
    if len(data) % _BLOCK:
        raise GoError("crypto/cipher: input not full blocks")
    if not data:
        raise GoError("runtime error: index out of range [-1]")
    decryptor = _cipher(password, start).decryptor()
    plain: bytes = decryptor.update(data) + decryptor.finalize()
    end = len(plain) - plain[-1]
    if end < 0:
        raise GoError(f"runtime error: slice bounds out of range [:{end}]")
    return decode(plain[:end])


FUNCTIONS: tuple[Function, ...] = (
    function("bcrypt", bcrypt_hash, STRING, context=True),
    function("htpasswd", htpasswd, STRING, STRING, context=True),
    function("derivePassword", derive_password, UINT32, STRING, STRING, STRING, STRING, context=True),
    function("encryptAES", encrypt, STRING, STRING, context=True),
    function("decryptAES", decrypt, STRING, STRING),
)
