"""Certificates: authorities, and certificates that they or the certificates themselves sign."""

import hashlib
import ipaddress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from kubesim.helm.functions.crypto.keys import pem_block, read_key, rsa_key, write_key
from kubesim.helm.functions.encoding import base64_bytes
from kubesim.helm.functions.random import random_bytes
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.execute.context import Context
from kubesim.helm.template.formatting import text as printed
from kubesim.helm.template.signatures import INT, LIST, STRING, Function, function, object_type
from kubesim.helm.template.values import GoObject, decode

if TYPE_CHECKING:
    from cryptography import x509

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Certificate(GoObject):
    """A certificate and its key, both as PEM."""

    type_name = "sprig.certificate"
    kind_name = "struct"
    go_fields: ClassVar[dict[str, str]] = {"Cert": "cert", "Key": "key"}

    def __init__(self, cert: str, key: str) -> None:
        self.cert = cert
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and (self.cert, self.key) == (other.cert, other.key)

    def __hash__(self) -> int:
        return hash((self.cert, self.key))


CERTIFICATE = object_type(Certificate)
_MODULUS = 2048


def _addresses(values: list[Any]) -> list[Any]:
    from cryptography import x509  # noqa: PLC0415 (few charts need it)

    names: list[Any] = []
    for value in values:
        if not isinstance(value, str):
            raise GoError(f"error parsing ip: {printed(value)} is not a string")
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(value)))
        except ValueError:
            raise GoError(f"error parsing ip: {value}") from None
    return names


def _domains(values: list[Any]) -> list[Any]:
    from cryptography import x509  # noqa: PLC0415 (few charts need it)

    names: list[Any] = []
    for value in values:
        if not isinstance(value, str):
            raise GoError(f"error processing alternate dns name: {printed(value)} is not a string")
        try:
            names.append(x509.DNSName(value))
        except ValueError:
            raise GoError(
                f"error creating certificate: x509: {printed(value)} cannot be encoded as an IA5String"
            ) from None
    return names


class _Request:
    """What a certificate is to say."""

    def __init__(self, render: Context, name: str, addresses: list[Any], domains: list[Any], days: int) -> None:
        # Go checks the addresses before the names.
        ips = _addresses(addresses)
        self.alternatives = [*_domains(domains), *ips]
        self.name = name
        self.serial = 1 + int.from_bytes(random_bytes(render, 16), "big") % (2**127)
        now = _EPOCH + timedelta(seconds=render.sources.now() // 1000)
        self.begin = now
        try:
            self.end = now + timedelta(days=days)
        except OverflowError:
            raise GoError("error creating certificate: x509: cannot represent time as GeneralizedTime") from None
        self.authority = False


def _sign(request: _Request, key: Any, issuer: "x509.Certificate | None", issuer_key: Any) -> Certificate:
    """The certificate of a key, signed by an issuer, or by itself."""
    from cryptography import x509  # noqa: PLC0415 (few charts need it)
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 (as above)
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519  # noqa: PLC0415 (as above)

    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, request.name)] if request.name else [])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(request.serial)
        .not_valid_before(request.begin)
        .not_valid_after(request.end)
    )
    for extension, critical in _extensions(request, key, issuer):
        builder = builder.add_extension(extension, critical)
    elliptic = isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    algorithm = None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    try:
        made = builder.sign(issuer_key, algorithm, ecdsa_deterministic=True if elliptic else None)
    except (ValueError, TypeError) as error:
        raise GoError(f"error creating certificate: x509: {error}") from None
    return Certificate(made.public_bytes(serialization.Encoding.PEM).decode("ascii"), write_key(key))


def _extensions(request: _Request, key: Any, issuer: "x509.Certificate | None") -> list[tuple[Any, bool]]:
    from cryptography import x509  # noqa: PLC0415 (few charts need it)
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415 (as above)

    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=request.authority,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    extensions: list[tuple[Any, bool]] = [
        (usage, True),
        (x509.ExtendedKeyUsage(purposes), False),
        (x509.BasicConstraints(request.authority, None), True),
    ]
    if request.authority:
        extensions.append((x509.SubjectKeyIdentifier(_key_identifier(key)), False))
    if issuer is not None:
        authority = _identifier_of(issuer)
        if authority:
            extensions.append((x509.AuthorityKeyIdentifier(authority, None, None), False))
    if request.alternatives:
        extensions.append((x509.SubjectAlternativeName(request.alternatives), not request.name))
    return extensions


def _key_identifier(key: Any) -> bytes:
    # k8s: go crypto/x509: the first 160 bits of the SHA-256 of the public key's bits
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 (few charts need it)
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415 (as above)

    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        bits = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        bits = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    else:
        bits = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(bits).digest()[:20]


def _identifier_of(issuer: "x509.Certificate") -> bytes:
    from cryptography import x509  # noqa: PLC0415 (few charts need it)

    try:
        found: bytes = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return b""
    return found


def _authority(render: Context, name: str, days: int, key: Any) -> Certificate:
    request = _Request(render, name, [], [], days)
    request.authority = True
    return _sign(request, key, None, key)


def _given(text: str) -> Any:
    try:
        return read_key(text)
    except GoError as error:
        raise GoError(f"parsing private key: {error}") from None


def authority(render: Context, name: str, days: int) -> Certificate:
    """A certificate authority."""
    return _authority(render, name, days, rsa_key(render, _MODULUS))


def authority_with_key(render: Context, name: str, days: int, key: str) -> Certificate:
    """A certificate authority with a given key."""
    return _authority(render, name, days, _given(key))


def _self_signed(
    render: Context, name: str, addresses: list[Any], domains: list[Any], days: int, key: Any
) -> Certificate:
    return _sign(_Request(render, name, addresses, domains, days), key, None, key)


def self_signed(render: Context, name: str, addresses: list[Any], domains: list[Any], days: int) -> Certificate:
    """A certificate that signs itself."""
    return _self_signed(render, name, addresses, domains, days, rsa_key(render, _MODULUS))


def self_signed_with_key(
    render: Context, name: str, addresses: list[Any], domains: list[Any], days: int, key: str
) -> Certificate:
    """A certificate that signs itself, with a given key."""
    return _self_signed(render, name, addresses, domains, days, _given(key))


def _signed(
    render: Context, name: str, addresses: list[Any], domains: list[Any], days: int, ca: Certificate, key: Any
) -> Certificate:
    issuer = _read_certificate(ca.cert, "decodedSignerCert.Bytes")
    try:
        issuer_key = read_key(ca.key)
    except GoError as error:
        raise GoError(f"error parsing private key: {error}") from None
    return _sign(_Request(render, name, addresses, domains, days), key, issuer, issuer_key)


def _read_certificate(text: str, variable: str) -> "x509.Certificate":
    from cryptography import x509  # noqa: PLC0415 (few charts need it)

    block = pem_block(text)
    if block is None:
        raise GoError("unable to decode certificate")
    try:
        return x509.load_der_x509_certificate(block[1])
    except ValueError:
        raise GoError(f"error parsing certificate: {variable}: x509: malformed certificate") from None


def signed(
    render: Context, name: str, addresses: list[Any], domains: list[Any], days: int, ca: Certificate
) -> Certificate:
    """A certificate that an authority signs."""
    return _signed(render, name, addresses, domains, days, ca, rsa_key(render, _MODULUS))


def signed_with_key(
    render: Context, name: str, addresses: list[Any], domains: list[Any], days: int, ca: Certificate, key: str
) -> Certificate:
    """A certificate that an authority signs, with a given key."""
    return _signed(render, name, addresses, domains, days, ca, _given(key))


def custom(cert: str, key: str) -> Certificate:
    """A certificate and key out of base64."""
    try:
        cert_text = decode(base64_bytes(cert))
    except GoError:
        raise GoError("unable to decode base64 certificate") from None
    try:
        key_text = decode(base64_bytes(key))
    except GoError:
        raise GoError("unable to decode base64 private key") from None
    _read_certificate(cert_text, "decodedCert.Bytes")
    try:
        read_key(key_text)
    except GoError as error:
        raise GoError(f"error parsing private key: {error}") from None
    return Certificate(cert_text, key_text)


_NAMED = (STRING, LIST, LIST, INT)

FUNCTIONS: tuple[Function, ...] = (
    function("genCA", authority, STRING, INT, context=True),
    function("genCAWithKey", authority_with_key, STRING, INT, STRING, context=True),
    function("genSelfSignedCert", self_signed, *_NAMED, context=True),
    function("genSelfSignedCertWithKey", self_signed_with_key, *_NAMED, STRING, context=True),
    function("genSignedCert", signed, *_NAMED, CERTIFICATE, context=True),
    function("genSignedCertWithKey", signed_with_key, *_NAMED, CERTIFICATE, STRING, context=True),
    function("buildCustomCert", custom, STRING, STRING),
)
