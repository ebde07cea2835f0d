"""The claims of service account tokens, bound and legacy ones. # k8s: pkg/serviceaccount/claims.go, legacy.go."""

from collections.abc import Sequence
from typing import Any

from kubesim.objects import refs
from kubesim.objects.wire import Tree

ISSUER = "https://kubernetes.default.svc.cluster.local"
"""Who signs, and the audience of the server itself."""
LEGACY_ISSUER = "kubernetes/serviceaccount"
LEGACY = "kubernetes.io/serviceaccount/"
PRIVATE = "kubernetes.io"
WARN_ONLY_SECONDS = 3607
"""Tokens of pods for so long really live for a year: their holders are only warned. # k8s: extended expiration."""
EXTENDED_SECONDS = 365 * 24 * 3600


def legacy_claims(account: Tree, secret_name: str) -> dict[str, Any]:
    """What the token of a Secret says; it never expires."""
    namespace, name = refs.place(account)
    return {
        "iss": LEGACY_ISSUER,
        f"{LEGACY}namespace": namespace,
        f"{LEGACY}secret.name": secret_name,
        f"{LEGACY}service-account.name": name,
        f"{LEGACY}service-account.uid": refs.uid(account),
        "sub": subject(namespace, name),
    }


def bound_claims(
    account: Tree,
    audiences: Sequence[str],
    issued: int,
    seconds: int,
    identifier: str,
    bound: Sequence[tuple[str, Tree]] = (),
) -> dict[str, Any]:
    """What a token says that is valid from ``issued`` (seconds since 1970) on.

    ``bound`` are the objects that must live as long as the token: ("pod", ...), ("node", ...) or ("secret", ...).
    """
    namespace, name = refs.place(account)
    private: dict[str, Any] = {kind: _reference(tree) for kind, tree in bound}
    private["namespace"] = namespace
    private["serviceaccount"] = _reference(account)
    expires = issued + seconds
    if "pod" in private and seconds == WARN_ONLY_SECONDS and list(audiences) == [ISSUER]:
        private["warnafter"] = expires
        expires = issued + EXTENDED_SECONDS
    return {
        "aud": list(audiences),
        "exp": expires,
        "iat": issued,
        "iss": ISSUER,
        "jti": identifier,
        PRIVATE: dict(sorted(private.items())),
        "nbf": issued,
        "sub": subject(namespace, name),
    }


def subject(namespace: str, name: str) -> str:
    """The user name of a service account."""
    return f"system:serviceaccount:{namespace}:{name}"


def _reference(tree: Tree) -> dict[str, str]:
    return {"name": tree["metadata"]["name"], "uid": refs.uid(tree)}
