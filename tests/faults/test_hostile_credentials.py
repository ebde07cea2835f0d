"""Tokens and certificates that were made up, changed, stolen or have expired: 401, or no connection at all."""

import base64
import datetime
import json
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from faults.hostile import Reply, Target

PODS = "/api/v1/namespaces/default/pods"
REFUSED = {400, 401}
"""Who is not known, and what is no text at all."""
REQUEST = b'{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":600}}'


def asked(target: Target, *authorization: str) -> Reply:
    """What a caller without a certificate is told."""
    lines = "".join(f"Authorization: {value}\r\n" for value in authorization)
    request = f"GET {PODS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n"
    return target.raw(request.encode("latin-1"), anonymous=True, quiet=2.0)


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.fixture
def token(target: Target) -> str:
    """A token that is good."""
    reply = target.send("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", REQUEST)
    assert reply.code == 201
    found: str = json.loads(reply.data.partition(b"\r\n\r\n")[2])["status"]["token"]
    assert asked(target, f"Bearer {found}").code == 403
    return found


def test_a_token_that_was_changed(target: Target, token: str, caplog: pytest.LogCaptureFixture):
    head, claims, signature = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=="))
    admin = encoded({**told, "sub": "system:serviceaccount:kube-system:generic-garbage-collector"})
    flipped = signature[:-3] + ("A" if signature[-3] != "A" else "B") + signature[-2:]
    forged = {
        "signature": f"{head}.{claims}.{flipped}",
        "claims": f"{head}.{admin}.{signature}",
        "none": f"{encoded({'alg': 'none'})}.{admin}.",
        "none-signed": f"{encoded({'alg': 'none'})}.{admin}.{signature}",
        "other-algorithm": f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{claims}.{signature}",
        "list-head": f"{encoded([1])}.{claims}.{signature}",
        "two-parts": f"{head}.{claims}",
        "four-parts": f"{token}.x",
        "dots": "." * 10_000,
        "long": "a" * 500_000,
        "noise": "\xff\xfe\x80",
        "no-base64": "!.!.!",
        "deep": f"{head}.{base64.urlsafe_b64encode(b'[' * 50_000).decode()}.{signature}",
    }
    assert {
        name: code for name, value in forged.items() if (code := asked(target, f"Bearer {value}").code) not in REFUSED
    } == {}
    said = caplog.text
    assert token not in said
    assert flipped not in said


SCHEMES = [
    "",
    "Bearer",
    "Bearer ",
    "Basic YWRtaW46aHVudGVyMg==",
    "Negotiate abc",
    "bearer hunter2",
    "\xff",
    "Bearer a b c",
]


@pytest.mark.parametrize("value", SCHEMES, ids=[repr(value) for value in SCHEMES])
def test_other_schemes(target: Target, value: str):
    assert asked(target, value).code in REFUSED


def test_two_tokens_at_once(target: Target, token: str):
    assert asked(target, "Bearer nonsense", f"Bearer {token}").code in {400, 401}


def test_a_token_that_has_expired(target: Target):
    """In a copy of the cluster whose time goes on."""
    other = target.cluster.fork()
    other._speed = 0
    try:
        attack = Target(other, target.certificate.parent)
        reply = attack.send("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", REQUEST)
        found = json.loads(reply.data.partition(b"\r\n\r\n")[2])["status"]["token"]
        assert asked(attack, f"Bearer {found}").code == 403
        other.clock.advance(700)
        assert asked(attack, f"Bearer {found}").code == 401
        attack.heart.stop()
    finally:
        other.stop()


def test_nobody(target: Target):
    for path in (PODS, "/api/v1/secrets", "/openapi/v2", "/apis", "/metrics", "/logs", "/none"):
        assert (
            target.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode(), anonymous=True).code
            == 401
        ), path


def certificate(target: Target, name: str, *, days: int, authority: str = "evil") -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:masters"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, authority)]))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - datetime.timedelta(days=30))
        .not_valid_after(now + datetime.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (target.certificate.parent / "evil.pem").write_bytes(made.public_bytes(pem) + private)


@pytest.mark.parametrize(
    ("authority", "days"), [("evil", 30), ("kubernetes", 30), ("kubernetes", -1)], ids=["other", "same-name", "expired"]
)
def test_certificates_of_others(target: Target, authority: str, days: int):
    certificate(target, "kubernetes-admin", days=days, authority=authority)
    code = 0
    try:
        with target.connect(target.certificate.parent / "evil.pem") as tls:
            tls.sendall(f"GET {PODS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            code = int(tls.recv(4096)[9:12] or b"0")
    except (ssl.SSLError, ConnectionError):
        code = 401
    assert code in {0, 401}
