"""Signs for the cluster that is served: tokens of pods and Secrets, and the certificates that were approved.

# k8s: pkg/controller/certificates/signer, authority/policies.go
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kubesim.api.access.requests import (
    SIGNER_CLIENT,
    SIGNER_KUBELET_CLIENT,
    SIGNER_KUBELET_SERVING,
    organizations_of,
    parsed,
)
from kubesim.httpd.credentials import Pair
from kubesim.httpd.tokens import Keyring, TokenError
from kubesim.machinery.authority import SigningError

YEAR = timedelta(days=365)
BACKDATE = timedelta(minutes=5)
_NODES = "system:nodes"
_NODE = "system:node:"
_KEY_USAGES = {
    "digital signature": "digital_signature",
    "signing": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "data encipherment": "data_encipherment",
    "key agreement": "key_agreement",
    "cert sign": "key_cert_sign",
    "crl sign": "crl_sign",
}
_EXTENDED = {
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "client auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "server auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "code signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp signing": ExtendedKeyUsageOID.OCSP_SIGNING,
}
_BOTH = frozenset(("digital signature", "key encipherment"))


class ServedAuthority:
    """The authority of a cluster while it is served. See kubesim.machinery.authority.Authority."""

    def __init__(self, pair: Pair, keyring: Keyring) -> None:
        self._pair = pair
        self._keyring = keyring

    @property
    def root(self) -> str:
        """See Authority."""
        return self._pair.certificate_pem.decode()

    def token(self, claims: Mapping[str, Any]) -> str:
        """See Authority."""
        return self._keyring.sign(claims)

    def holds(self, token: str) -> bool:
        """See Authority."""
        try:
            self._keyring.verify(token)
        except TokenError:
            return False
        return True

    def certificate(self, spec: Mapping[str, Any]) -> str:
        """See Authority. The certificate in base64, as the status of a request holds it.

        # differs: it is valid in real time, by which TLS judges, and not in the cluster's
        """
        try:
            request = parsed(spec.get("request") or "")
        except ValueError as error:
            raise SigningError(str(error)) from None
        usages = frozenset(spec.get("usages") or ())
        check = _CHECKS.get(spec.get("signerName") or "")
        if check is not None:
            check(request, spec.get("request") or "", usages)
        seconds = spec.get("expirationSeconds")
        life = timedelta(seconds=int(seconds)) if seconds else YEAR
        return b64encode(self._signed(request, usages, life)).decode()

    def _signed(self, request: x509.CertificateSigningRequest, usages: frozenset[str], life: timedelta) -> bytes:
        issuer = self._pair
        now = datetime.now(UTC)
        public = request.public_key()
        draft = (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(issuer.certificate.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATE)
            .not_valid_after(min(now + life, issuer.certificate.not_valid_after_utc))
            .add_extension(_key_usage(usages), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
        )
        extended = [_EXTENDED[usage] for usage in sorted(usages) if usage in _EXTENDED]
        if extended:
            draft = draft.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
        names = _alternatives(request)
        if names is not None:
            draft = draft.add_extension(names, critical=False)
        return draft.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _key_usage(usages: frozenset[str]) -> x509.KeyUsage:
    wanted = {_KEY_USAGES[usage] for usage in usages if usage in _KEY_USAGES}
    flags = {name: name in wanted for name in _KEY_USAGES.values()}
    # "any" and extended usages alone still need a key usage that TLS accepts.
    if not wanted:
        flags["digital_signature"] = True
    return x509.KeyUsage(**flags, encipher_only=False, decipher_only=False)


def _alternatives(request: x509.CertificateSigningRequest) -> x509.SubjectAlternativeName | None:
    try:
        return request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


# ---------------------------------------------------------------------- what each signer accepts
_Check = Callable[[x509.CertificateSigningRequest, str, frozenset[str]], None]


def _refuse(text: str) -> None:
    raise SigningError(text)


def _common_name(request: x509.CertificateSigningRequest) -> str:
    names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _client(request: x509.CertificateSigningRequest, encoded: str, usages: frozenset[str]) -> None:
    del request, encoded
    if "client auth" not in usages or usages - _BOTH - {"client auth"}:
        _refuse("usages did not match: expected client auth, with digital signature and key encipherment at most")


def _kubelet(request: x509.CertificateSigningRequest, encoded: str) -> None:
    if organizations_of(encoded) != (_NODES,):
        _refuse(f"subject organization is not {_NODES}")
    if not _common_name(request).startswith(_NODE):
        _refuse(f"subject common name does not begin with {_NODE}")


def _kubelet_client(request: x509.CertificateSigningRequest, encoded: str, usages: frozenset[str]) -> None:
    _kubelet(request, encoded)
    names = _alternatives(request)
    for kind, text in ((x509.DNSName, "DNS"), (x509.RFC822Name, "Email"), (x509.IPAddress, "IP")):
        if names is not None and names.get_values_for_type(kind):
            _refuse(f"{text} subjectAltNames are not allowed")
    if "client auth" not in usages or "digital signature" not in usages or usages - _BOTH - {"client auth"}:
        _refuse("usages did not match [digital signature client auth]")


def _kubelet_serving(request: x509.CertificateSigningRequest, encoded: str, usages: frozenset[str]) -> None:
    _kubelet(request, encoded)
    names = _alternatives(request)
    if names is None or not (names.get_values_for_type(x509.DNSName) or names.get_values_for_type(x509.IPAddress)):
        _refuse("DNS or IP subjectAltName is required")
    elif names.get_values_for_type(x509.RFC822Name):
        _refuse("Email subjectAltNames are not allowed")
    elif names.get_values_for_type(x509.UniformResourceIdentifier):
        _refuse("URI subjectAltNames are not allowed")
    if "server auth" not in usages or "digital signature" not in usages or usages - _BOTH - {"server auth"}:
        _refuse("usages did not match [digital signature server auth]")


_CHECKS: dict[str, _Check] = {
    SIGNER_CLIENT: _client,
    SIGNER_KUBELET_CLIENT: _kubelet_client,
    SIGNER_KUBELET_SERVING: _kubelet_serving,
}
