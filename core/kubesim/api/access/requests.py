"""PEM certificate requests: are they well-formed, and for whom are they. Pure; loads cryptography when first asked."""

import re
from base64 import b64decode
from binascii import Error as BadBase64
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import CertificateSigningRequest

SIGNER_CLIENT = "kubernetes.io/kube-apiserver-client"
SIGNER_KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet"
SIGNER_KUBELET_SERVING = "kubernetes.io/kubelet-serving"
SIGNER_LEGACY = "kubernetes.io/legacy-unknown"
_TYPE = "PEM block type must be CERTIFICATE REQUEST"
_LARGEST = 1024 * 1024
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")


@lru_cache(maxsize=64)
def parsed(encoded: str) -> "CertificateSigningRequest":
    """The request in ``spec.request`` (PEM in base64). Raises ValueError saying what is wrong."""
    from cryptography import x509  # noqa: PLC0415 (only certificate requests need it)
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415 (only certificate requests need it)

    if len(encoded) > _LARGEST:
        raise ValueError(_TYPE)
    try:
        data = b64decode(encoded)
    except BadBase64:
        raise ValueError(_TYPE) from None
    if b"-----BEGIN CERTIFICATE REQUEST-----" not in data:
        raise ValueError(_TYPE)
    try:
        request = x509.load_pem_x509_csr(data)
        valid = request.is_signature_valid
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        msg = "asn1: structure error: the request cannot be read"
        raise ValueError(msg) from None
    if not valid:
        msg = "x509: signature of the request does not match"
        raise ValueError(msg)
    return request


def certificate_problems(encoded: str) -> list[str]:
    """What is wrong with the certificates (PEM in base64) that a signer hands in."""
    try:
        text = b64decode(encoded).decode("latin-1")
    except BadBase64:
        text = ""
    kinds = _BLOCK.findall(text)
    wrong = [kind for kind in kinds if kind != "CERTIFICATE"]
    if wrong:
        return [f'only CERTIFICATE PEM blocks are allowed, found "{wrong[0]}"']
    return [] if kinds else ["must contain at least one CERTIFICATE PEM block"]


def organizations_of(encoded: str) -> tuple[str, ...]:
    """The organizations that a request names; none when it is malformed."""
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 (only certificate requests need it)

    try:
        subject = parsed(encoded).subject
    except ValueError:
        return ()
    return tuple(str(each.value) for each in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))
