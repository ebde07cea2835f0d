"""Private keys: made from the render's source of chance, written and read as PEM."""

import base64
import re
from typing import Any, Final

from kubesim.helm.functions.crypto.primes import PUBLIC_EXPONENT, dsa_parameters, rsa_primes
from kubesim.helm.functions.random import SLOW, random_bytes
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.execute.context import Context
from kubesim.helm.template.signatures import STRING, Function, function

_PEM: Final = re.compile(
    r"-----BEGIN ([^-\n]*)-----\s*?\n((?:[^\n]*: [^\n]*\n)*\s*)([A-Za-z0-9+/=\s]*?)-----END \1-----"
)


def pem(kind: str, data: bytes) -> str:
    """A PEM block."""
    text = base64.b64encode(data).decode("ascii")
    lines = "".join([f"{text[at : at + 64]}\n" for at in range(0, len(text), 64)])
    return f"-----BEGIN {kind}-----\n{lines}-----END {kind}-----\n"


def pem_block(text: str) -> tuple[str, bytes] | None:
    """The kind and bytes of the first PEM block in a text."""
    match = _PEM.search(text)
    if match is None:
        return None
    try:
        return match.group(1), base64.b64decode("".join(match.group(3).split()), validate=True)
    except ValueError:
        return None


def rsa_key(render: Context, bits: int) -> Any:
    """A new RSA key."""
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 (few charts need it)

    render.budget.spend(SLOW * (bits // 2048 + 1))
    one, two = rsa_primes(random_bytes(render, 32), bits)
    private = pow(PUBLIC_EXPONENT, -1, (one - 1) * (two - 1))
    numbers = rsa.RSAPrivateNumbers(
        one,
        two,
        private,
        rsa.rsa_crt_dmp1(private, one),
        rsa.rsa_crt_dmq1(private, two),
        rsa.rsa_crt_iqmp(one, two),
        rsa.RSAPublicNumbers(PUBLIC_EXPONENT, one * two),
    )
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def _dsa_key(render: Context) -> Any:
    from cryptography.hazmat.primitives.asymmetric import dsa  # noqa: PLC0415 (few charts need it)

    render.budget.spend(SLOW * 4)
    p, q, g = dsa_parameters(random_bytes(render, 32))
    private = 1 + int.from_bytes(random_bytes(render, 40), "big") % (q - 1)
    public = dsa.DSAPublicNumbers(pow(g, private, p), dsa.DSAParameterNumbers(p, q, g))
    return dsa.DSAPrivateNumbers(private, public).private_key()


def _ecdsa_key(render: Context) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 (few charts need it)

    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    return ec.derive_private_key(1 + int.from_bytes(random_bytes(render, 40), "big") % (order - 1), ec.SECP256R1())


def _ed25519_key(render: Context) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 (few charts need it)

    return ed25519.Ed25519PrivateKey.from_private_bytes(random_bytes(render, 32))


def write_key(key: Any) -> str:
    """A private key as PEM, in the format Go takes for its kind."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 (few charts need it)
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 (as above)

    modern = isinstance(key, ed25519.Ed25519PrivateKey)
    kind = serialization.PrivateFormat.PKCS8 if modern else serialization.PrivateFormat.TraditionalOpenSSL
    data: bytes = key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())
    return data.decode("ascii")


def generate(render: Context, kind: str) -> str:
    """A new private key: rsa, dsa, ecdsa or ed25519."""
    match kind:
        case "" | "rsa":
            return write_key(rsa_key(render, 4096))
        case "dsa":
            return write_key(_dsa_key(render))
        case "ecdsa":
            return write_key(_ecdsa_key(render))
        case "ed25519":
            return write_key(_ed25519_key(render))
    return f"Unknown type {kind}"


_READABLE: Final = {"PRIVATE KEY": "PKCS#8", "RSA PRIVATE KEY": "RSA", "EC PRIVATE KEY": "EC", "DSA PRIVATE KEY": "DSA"}


def read_key(text: str) -> Any:
    """The private key of a PEM text; GoError when there is none."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 (few charts need it)

    block = pem_block(text)
    if block is None:
        raise GoError("no PEM data in input")
    kind, data = block
    if kind not in _READABLE:
        if kind.endswith(" PRIVATE KEY"):
            raise GoError(f"invalid private key type {kind}")
        raise GoError(f"no private key data in PEM block of type {kind}")
    try:
        return serialization.load_pem_private_key(pem(kind, data).encode("ascii"), None)
    except (ValueError, TypeError) as error:
        if kind == "PRIVATE KEY":
            raise GoError(f"decoding PEM as PKCS#8: {error}") from None
        raise GoError(f"parsing {_READABLE[kind]} private key from PEM: {error}") from None


FUNCTIONS: tuple[Function, ...] = (function("genPrivateKey", generate, STRING, context=True),)
