"""JSON Web Tokens of service accounts: the signing key, signing, and checking what others present.

# differs: kubeadm's keys are RSA and tokens RS256; this key is made in a moment, P-256 and ES256
"""

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

ALGORITHM = "ES256"
LARGEST = 64 * 1024
_NUMBER = 32
_REMEMBERED = 1024


class TokenError(ValueError):
    """A token that this key did not sign, or that is no token at all."""


class Keyring:
    """One signing key."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        public = key.public_key()
        self._public = public
        data = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.key_id = _text(sha256(data).digest())
        self._known: OrderedDict[bytes, Mapping[str, Any]] = OrderedDict()
        """Claims by digest of the token, of those whose signature was checked lately."""

    @classmethod
    def kept(cls, folder: Path) -> Self:
        """The key of a folder, made when it is missing. Raises OSError."""
        return cls(_kept(folder / "sa.key"))

    @classmethod
    def passing(cls) -> Self:
        """A key of nobody, for a server that has not started."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token. Equal claims give equal tokens."""
        head = _text(json.dumps({"alg": ALGORITHM, "kid": self.key_id}, separators=(",", ":")).encode())
        body = _text(json.dumps(claims, separators=(",", ":")).encode())
        text = f"{head}.{body}"
        method = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(self._key.sign(text.encode(), method))
        return f"{text}.{_text(r.to_bytes(_NUMBER, 'big') + s.to_bytes(_NUMBER, 'big'))}"

    def verify(self, token: str) -> Mapping[str, Any]:
        """The claims of a token whose signature is right; when it is valid is not looked at. Raises TokenError."""
        digest = sha256(token.encode("utf-8", "surrogateescape")).digest()
        known = self._known.get(digest)
        if known is None:
            known = self._checked(token)
            self._known[digest] = known
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return known

    def _checked(self, token: str) -> Mapping[str, Any]:
        parts = token.split(".")
        if len(parts) != 3 or len(token) > LARGEST:
            msg = "no JSON Web Token"
            raise TokenError(msg)
        head, claims = _object(parts[0]), _object(parts[1])
        signature = _bytes(parts[2])
        # The algorithm is this key's or none: a token does not choose how it is checked.
        if head.get("alg") != ALGORITHM or len(signature) != 2 * _NUMBER:
            msg = "unexpected signature algorithm"
            raise TokenError(msg)
        r, s = (int.from_bytes(half, "big") for half in (signature[:_NUMBER], signature[_NUMBER:]))
        try:
            self._public.verify(
                encode_dss_signature(r, s), f"{parts[0]}.{parts[1]}".encode(), ec.ECDSA(hashes.SHA256())
            )
        except InvalidSignature:
            msg = "invalid signature"
            raise TokenError(msg) from None
        return claims

    def key_set(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set."""
        numbers = self._public.public_numbers()
        key = {
            "use": "sig",
            "kty": "EC",
            "kid": self.key_id,
            "crv": "P-256",
            "alg": ALGORITHM,
            "x": _text(numbers.x.to_bytes(_NUMBER, "big")),
            "y": _text(numbers.y.to_bytes(_NUMBER, "big")),
        }
        return {"keys": [key]}


def unverified(token: str) -> Mapping[str, Any]:
    """The claims of anything that looks like a token. Raises TokenError."""
    parts = token.split(".")
    if len(parts) != 3:
        msg = "no JSON Web Token"
        raise TokenError(msg)
    return _object(parts[1])


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (BadBase64, ValueError):
        msg = "illegal base64 data"
        raise TokenError(msg) from None
    # One text for one token: what decodes the same but is written otherwise is another token.
    if _text(data) != text:
        msg = "illegal base64 data"
        raise TokenError(msg)
    return data


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(_bytes(text))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        msg = "no JSON object"
        raise TokenError(msg)
    return found


def _kept(path: Path) -> ec.EllipticCurvePrivateKey:
    if path.exists():
        found = serialization.load_pem_private_key(path.read_bytes(), None)
        if isinstance(found, ec.EllipticCurvePrivateKey) and isinstance(found.curve, ec.SECP256R1):
            return found
    made = ec.generate_private_key(ec.SECP256R1())
    data = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    draft.replace(path)
    return made
