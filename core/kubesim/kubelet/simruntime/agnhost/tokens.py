"""agnhost as a client of the API server: it checks its own token by OpenID discovery, or asks for health for ever.

# k8s: test/images/agnhost/{openidmetadata,inclusterclient}
"""

import base64
import binascii
from hashlib import sha256
from typing import Any

import orjson

from kubesim.kubelet.simruntime.interpreter import Interpreter
from kubesim.kubelet.simruntime.timeline import DATE_MARK
from kubesim.objects.connections import CONNECTED
from kubesim.objects.tokens import ISSUER

HOST, PORT = "kubernetes.default.svc", 443
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
ALGORITHMS = frozenset({"RS256", "ES256"})
GO_LOG = f"{DATE_MARK}%Y/%m/%d %H:%M:%S{DATE_MARK}"
"""How Go's log package begins a line."""
POLLS = 1_000
"""How many questions of inclusterclient are worked out; it ends after them."""


def option(argv: list[str], name: str, otherwise: str = "") -> str:
    """The value of a flag, behind ``=`` or as the next word."""
    for position, word in enumerate(argv):
        flag, mark, value = word.lstrip("-").partition("=")
        if word.startswith("-") and flag == name:
            return value if mark else argv[position + 1] if position + 1 < len(argv) else ""
    return otherwise


def discover(machine: Interpreter, argv: list[str]) -> int:
    """``test-service-account-issuer-discovery --token-path FILE --audience WHO``.

    # differs: who signed the token is not looked at, since only the server that is asked knows its keys
    """
    path = option(argv, "token-path")
    raw = machine.files.get(path)
    if raw is None:
        return _fatal(machine, f"open {path}: no such file or directory")
    _log(machine, "OK: Got token")
    _log(machine, "validating with in-cluster discovery")
    missing = next((name for name in ("token", "ca.crt") if f"{ACCOUNT}/{name}" not in machine.files), "")
    if missing:
        return _fatal(machine, f"open {ACCOUNT}/{missing}: no such file or directory")
    parts = [_part(piece) for piece in raw.split(".")[:2]]
    if raw.count(".") != 2 or None in parts:
        return _fatal(machine, "go-jose/go-jose: compact JWS format must have three parts")
    head, claims = parts[0] or {}, parts[1] or {}
    issuer = str(claims.get("iss", ""))
    _log(machine, f"OK: got issuer {issuer}")
    problem = _problem(machine, head, claims, option(argv, "audience"))
    if problem:
        _log(machine, f"failed to validate with in-cluster discovery: {problem}")
        _log(machine, "falling back to validating with external discovery")
        return _fatal(machine, problem)
    _log(machine, f"OK: Constructed OIDC provider for issuer {issuer}")
    _log(machine, "OK: Validated signature on JWT")
    _log(machine, "OK: Got valid claims from token!")
    return 0


def _problem(machine: Interpreter, head: dict[str, Any], claims: dict[str, Any], audience: str) -> str:
    """Why the verifier refuses a token, "" when it does not. # k8s: go-oidc/v3 NewProvider, Verify."""
    tried = machine.connect(HOST, PORT)
    if tried.outcome != CONNECTED:
        return f'Get "{claims.get("iss", "")}/.well-known/openid-configuration": dial tcp: connect: connection refused'
    if claims.get("iss") != ISSUER:
        expected = f'expected "{claims.get("iss")}" got "{ISSUER}"'
        return f"oidc: issuer did not match the issuer returned by provider, {expected}"
    if head.get("alg") not in ALGORITHMS:
        return f"oidc: id token signed with unsupported algorithm, expected [ES256 RS256] got {head.get('alg')!r}"
    audiences = claims.get("aud") or []
    if audience not in audiences:
        return f'oidc: expected audience "{audience}" got {orjson.dumps(audiences).decode()}'
    return ""


def _part(text: str) -> dict[str, Any] | None:
    try:
        found = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        return None
    return found if isinstance(found, dict) else None


def _log(machine: Interpreter, text: str) -> None:
    machine.complain(f"{GO_LOG} {text}\n")


def _fatal(machine: Interpreter, text: str) -> int:
    _log(machine, text)
    return 1


def poll(machine: Interpreter, argv: list[str]) -> int:
    """``inclusterclient --poll-interval N``: which token it has, once an interval."""
    interval = option(argv, "poll-interval", "30")
    seconds = int(interval) if interval.isdigit() and int(interval) else 30
    machine.complain("started\n")
    token = machine.files.get(f"{ACCOUNT}/token")
    if token is None:
        machine.complain(f"err: open {ACCOUNT}/token: no such file or directory\n")
        return 1
    digest = base64.urlsafe_b64encode(sha256(f"salt|Bearer {token}".encode()).digest()).decode().rstrip("=")
    for _ in range(POLLS):
        machine.at_ms += seconds * 1000
        machine.complain("calling /healthz\n")
        machine.complain(f"authz_header={digest}\n")
    return 0
