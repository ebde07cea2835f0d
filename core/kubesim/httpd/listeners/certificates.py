"""The certificates of Ingresses: from their Secrets, chosen by the name that a client asks for, or a fake one."""

import base64
import binascii
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FAKE_NAME = "Kubernetes Ingress Controller Fake Certificate"
MAX_KEPT = 256


class Certificates:
    """TLS for one listener; ``controller`` is a kubesim.network.ingresses.IngressController, asked anew each time."""

    def __init__(self, controller: Any) -> None:
        self.controller = controller
        self._kept: dict[tuple[str, str], ssl.SSLContext] = {}
        self.default = _context(fake())
        self.default.sni_callback = self._choose

    def _choose(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int | None:
        del context
        connection.context = self.context(name or "")
        return None

    def context(self, host: str) -> ssl.SSLContext:
        """The certificate for a host; the fake one when no usable Secret names it."""
        found = self.controller().certificate(host)
        if found is None or found[1] is None:
            return self.default
        key = (found[0], str(found[1]["metadata"].get("resourceVersion")))
        known = self._kept.get(key)
        if known is None:
            known = _read(found[1]) or self.default
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[key] = known
        return known


def _read(secret: Any) -> ssl.SSLContext | None:
    data = secret.get("data") or {}
    try:
        pem = b"\n".join(base64.b64decode(data[name], validate=True) for name in ("tls.crt", "tls.key"))
        return _context(pem)
    except (KeyError, binascii.Error, ssl.SSLError, ValueError):
        # k8s: a Secret that cannot be used is as good as none
        return None


def _context(pem: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # Python reads certificates from files only. The folder is the owner's alone, and gone at once.
    with tempfile.TemporaryDirectory(prefix="kubetui-") as folder:
        path = Path(folder) / "pair.pem"
        path.touch(mode=0o600)
        path.write_bytes(pem)
        context.load_cert_chain(path)
    return context


def fake() -> bytes:
    """A self-signed certificate and its key as PEM. # k8s: ingress-nginx's default certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme Co"), x509.NameAttribute(NameOID.COMMON_NAME, FAKE_NAME)]
    )
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("ingress.local")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
