"""Who calls, and what they may do: certificates, bearer tokens, impersonation, and the place of access control."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from kubesim.objects.errors import ApiError, failure, forbidden
from kubesim.objects.wire import Gvr, Identity

AUTHENTICATED = "system:authenticated"
ANONYMOUS = Identity("system:anonymous", ("system:unauthenticated",))
MASTERS = "system:masters"
PUBLIC = ("/healthz", "/livez", "/readyz", "/version")
"""What everyone may read. # k8s: ClusterRole system:public-info-viewer"""
_SERVICE_ACCOUNT = "system:serviceaccount:"


def unauthorized() -> ApiError:
    """401: the credentials are not valid."""
    return failure(401, "Unauthorized", "Unauthorized")


class Attributes(NamedTuple):
    """What somebody wants to do: with a resource, or when ``path`` is set with a path outside the API."""

    verb: str
    gvr: Gvr = Gvr("", "", "")
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


class Decision(NamedTuple):
    """Whether it is allowed, and why."""

    allowed: bool
    reason: str = ""


class Access(Protocol):
    """Decides who may do what. Rules of roles and bindings are one of these."""

    def decide(self, identity: Identity, wanted: Attributes) -> Decision:
        """Whether this identity may do that."""


class AnyoneKnown:
    """Whoever is authenticated may do everything, strangers may read what is public.

    # differs: roles and bindings are kept but do not restrict anyone yet.
    """

    def decide(self, identity: Identity, wanted: Attributes) -> Decision:
        """See Access."""
        if AUTHENTICATED in identity.groups:
            return Decision(True)
        public = wanted.verb == "get" and any(
            wanted.path == path or wanted.path.startswith(path + "/") for path in PUBLIC
        )
        return Decision(public)


def check(access: Access, identity: Identity, wanted: Attributes) -> None:
    """Raise Forbidden, with the real text, when it is not allowed."""
    decision = access.decide(identity, wanted)
    if decision.allowed:
        return
    who = f'User "{identity.user}" cannot {wanted.verb}'
    tail = f": {decision.reason}" if decision.reason else ""
    if wanted.path:
        raise failure(403, "Forbidden", f'forbidden: {who} path "{wanted.path}"{tail}', {})
    gvr = wanted.gvr
    resource = f"{gvr.resource}/{wanted.subresource}" if wanted.subresource else gvr.resource
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    raise forbidden(gvr, wanted.name, f'{who} resource "{resource}" in API group "{gvr.group}" {where}{tail}')


class Authenticator:
    """Knows the bearer tokens. Certificates are checked by TLS already."""

    def __init__(self, tokens: Mapping[str, Identity]) -> None:
        self.tokens = dict(tokens)

    def identify(self, headers: Mapping[str, str], certificate: Any) -> Identity:
        """The caller, impersonation included; ANONYMOUS without credentials. Raises Unauthorized or BadRequest."""
        return impersonated(self._caller(headers, certificate), headers)

    def _caller(self, headers: Mapping[str, str], certificate: Any) -> Identity:
        if certificate:
            found = _of_certificate(certificate)
            if found is not None:
                return found
        scheme, _, token = headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return ANONYMOUS
        known = self.tokens.get(token.strip())
        if known is None:
            raise unauthorized()
        return known


def _of_certificate(certificate: Any) -> Identity | None:
    """CN is the user, every O a group. # k8s: apiserver/pkg/authentication/request/x509."""
    pairs = [pair for names in certificate.get("subject", ()) for pair in names]
    user = next((value for name, value in pairs if name == "commonName"), "")
    groups = tuple(value for name, value in pairs if name == "organizationName")
    return Identity(user, (*groups, AUTHENTICATED)) if user else None


def impersonated(caller: Identity, headers: Mapping[str, str]) -> Identity:
    """Whom the caller wants to act as. # k8s: apiserver/pkg/endpoints/filters/impersonation.go."""
    user = headers.get("Impersonate-User", "")
    getall = getattr(headers, "getall", None)
    groups = (
        tuple(getall("Impersonate-Group", ())) if getall else tuple(filter(None, [headers.get("Impersonate-Group")]))
    )
    if not user:
        if groups or headers.get("Impersonate-Uid"):
            shown = ", ".join(f'"{group}"' for group in groups)
            listed = f"[]string{{{shown}}}" if groups else "[]string(nil)"
            requested = (
                f'&user.DefaultInfo{{Name:"", UID:"{headers.get("Impersonate-Uid", "")}", Groups:{listed}, '
                "Extra:map[string][]string(nil)}"
            )
            raise failure(400, "BadRequest", f"requested {requested} without impersonating a user name")
        return caller
    if not groups and user.startswith(_SERVICE_ACCOUNT):
        namespace = user.removeprefix(_SERVICE_ACCOUNT).partition(":")[0]
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    if user == ANONYMOUS.user:
        return ANONYMOUS
    return Identity(user, groups if AUTHENTICATED in groups else (*groups, AUTHENTICATED))
