"""Certificates and the kubeconfig: an authority made on first start, a server's and a user's certificate."""

import ipaddress
import os
import secrets
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kubesim.objects.wire import ADMIN

LIFETIME = timedelta(days=3650)
ADMIN_GROUPS = tuple(group for group in ADMIN.groups if group != "system:authenticated")
SERVER_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
SERVICE_ADDRESS = "10.96.0.1"


class Pair(NamedTuple):
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key as PEM, not encrypted."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )


class Credentials:
    """What a server needs to be trusted and to trust. ``folder`` keeps the authority from one start to the next."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self.authority = _authority(folder)
        self.admin = _client(self.authority, ADMIN.user, ADMIN_GROUPS)
        server = _server(self.authority)
        self.authority_file = folder / "ca.crt"
        self.chain_file = folder / "server.pem"
        _write(self.chain_file, server.certificate_pem + server.key_pem)

    def kubeconfig(self, url: str, name: str) -> str:
        """A kubeconfig whose one user is the administrator."""
        return KUBECONFIG.format(
            name=name,
            url=url,
            authority=_base64(self.authority.certificate_pem),
            certificate=_base64(self.admin.certificate_pem),
            key=_base64(self.admin.key_pem),
            user=f"{ADMIN.user}@{name}",
        )


KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters:
- name: {name}
  cluster:
    server: {url}
    certificate-authority-data: {authority}
users:
- name: {user}
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
contexts:
- name: {name}
  context:
    cluster: {name}
    user: {user}
current-context: {name}
"""


def write_kubeconfig(path: Path, content: str) -> None:
    """Write a kubeconfig that only its owner can read. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, content.encode())


def state_folder() -> Path:
    """Where certificates and kubeconfigs are kept unless the caller says otherwise."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "kubetui"


def new_token() -> str:
    """A bearer token that nobody can guess."""
    return secrets.token_urlsafe(24)


# ---------------------------------------------------------------------- files
def _write(path: Path, content: bytes) -> None:
    """Replace a file in one step; it is never readable by others."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(path)


def _authority(folder: Path) -> Pair:
    certificate_file, key_file = folder / "ca.crt", folder / "ca.key"
    if certificate_file.exists() and key_file.exists():
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        if isinstance(key, ec.EllipticCurvePrivateKey) and certificate.not_valid_after_utc > _now() + timedelta(days=1):
            return Pair(certificate, key)
    made = _new_authority()
    _write(key_file, made.key_pem)
    _write(certificate_file, made.certificate_pem)
    return made


# ---------------------------------------------------------------------- certificates
def _now() -> datetime:
    return datetime.now(UTC)


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _draft(name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    # Clocks differ a little, and a cluster may be younger than its reader's clock.
    begin = _now() - timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _new_authority() -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"kubetui-ca-{secrets.token_hex(4)}")])
    draft = (
        _draft(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    return Pair(draft.sign(key, hashes.SHA256()), key)


def _signed(
    authority: Pair, name: x509.Name, usage: x509.ObjectIdentifier, alternatives: Sequence[x509.GeneralName] = ()
) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    draft = (
        _draft(name, issuer.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    if alternatives:
        draft = draft.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return Pair(draft.sign(authority.key, hashes.SHA256()), key)


def _server(authority: Pair) -> Pair:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
    addresses = [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", "::1", SERVICE_ADDRESS)]
    names = [x509.DNSName(text) for text in SERVER_NAMES]
    return _signed(authority, name, ExtendedKeyUsageOID.SERVER_AUTH, [*addresses, *names])


def _client(authority: Pair, user: str, groups: Sequence[str]) -> Pair:
    organizations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    name = x509.Name([*organizations, x509.NameAttribute(NameOID.COMMON_NAME, user)])
    return _signed(authority, name, ExtendedKeyUsageOID.CLIENT_AUTH)
