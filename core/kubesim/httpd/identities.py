"""Who calls: client certificates, bearer tokens, and whom the caller acts as."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from kubesim.api.access.attributes import (
    ANONYMOUS,
    AUTHENTICATED,
    MASTERS,
    UNAUTHENTICATED,
    Access,
    Attributes,
    Decision,
    account_groups,
    account_of,
    check,
    refusal,
)
from kubesim.httpd.accounts import Presented
from kubesim.httpd.tokens import TokenError
from kubesim.objects.errors import ApiError, failure
from kubesim.objects.tokens import ISSUER
from kubesim.objects.wire import Gvr, Identity

PUBLIC = ("/healthz", "/livez", "/readyz", "/version")
"""What may be asked without credentials, whatever the rules say: whether somebody is there."""
CREDENTIAL_ID = "authentication.kubernetes.io/credential-id"
_EXTRA = "impersonate-extra-"
_AUTHENTICATION = "authentication.k8s.io"

__all__ = (
    "ANONYMOUS", "AUTHENTICATED", "MASTERS", "PUBLIC", "Access", "Attributes", "Authenticator", "Decision", "check",
    "impersonated", "refusal", "unauthorized",
)  # fmt: skip


def unauthorized() -> ApiError:
    """401: the credentials are not valid."""
    return failure(401, "Unauthorized", "Unauthorized")


class Authenticator:
    """Knows the fixed bearer tokens, and by ``presented`` those of service accounts. TLS has checked certificates."""

    def __init__(
        self,
        tokens: Mapping[str, Identity],
        presented: Callable[[str], Presented] | None = None,
        *,
        anonymous: bool = True,
    ) -> None:
        self.tokens = dict(tokens)
        self.anonymous = anonymous
        """Whether callers without credentials are let in as system:anonymous."""
        self._presented = presented

    def identify(self, headers: Mapping[str, str], certificate: Any, path: str = "") -> Identity:
        """The caller as far as the credentials say. Raises Unauthorized."""
        if certificate:
            found = _of_certificate(certificate)
            if found is not None:
                return found
        scheme, _, token = headers.get("Authorization", "").strip().partition(" ")
        token = token.strip()
        if scheme.lower() == "bearer" and token:
            presented = self.of_token(token)
            if ISSUER not in presented.audiences:
                raise unauthorized()
            return presented.identity
        if not self.anonymous and not is_public(path):
            raise unauthorized()
        return ANONYMOUS

    def of_token(self, token: str) -> Presented:
        """Whose bearer token this is. Raises Unauthorized."""
        known = self.tokens.get(token)
        if known is not None:
            return Presented(known, (ISSUER,))
        try:
            if self._presented is None:
                raise unauthorized()
            return self._presented(token)
        except TokenError as error:
            raise unauthorized() from error


def is_public(path: str) -> bool:
    """Whether a path says no more than that somebody is there."""
    return any(path == each or path.startswith(each + "/") for each in PUBLIC)


def _of_certificate(certificate: Any) -> Identity | None:
    """CN is the user, every O a group. # k8s: apiserver/pkg/authentication/request/x509."""
    pairs = [pair for names in certificate.get("subject", ()) for pair in names]
    user = next((value for name, value in pairs if name == "commonName"), "")
    groups = tuple(value for name, value in pairs if name == "organizationName")
    raw = certificate.get("raw")
    extra = ((CREDENTIAL_ID, (f"X509SHA256={sha256(raw).hexdigest()}",)),) if raw else ()
    return Identity(user, (*groups, AUTHENTICATED), "", "", extra) if user else None


# ---------------------------------------------------------------------- acting as somebody else
def impersonated(access: Access, caller: Identity, headers: Mapping[str, str]) -> Identity:
    """Whom the caller acts as. Raises BadRequest, and Forbidden when the caller may not.

    # k8s: apiserver/pkg/endpoints/filters/impersonation
    # differs: the finer verbs of constrained impersonation ("impersonate:user-info" ...) are not known
    """
    user, uid = headers.get("Impersonate-User", ""), headers.get("Impersonate-Uid", "")
    groups, extra = _all(headers, "Impersonate-Group"), _extra(headers)
    if not user:
        if groups or uid or extra:
            raise _without_user(uid, groups, extra)
        return caller
    account = account_of(user)
    for wanted in _wanted(user, uid, groups, extra):
        check(access, caller, wanted)
    if not groups and account is not None:
        groups = account_groups(account[0])
    if user == ANONYMOUS.user:
        groups = groups if UNAUTHENTICATED in groups else (*groups, UNAUTHENTICATED)
    elif AUTHENTICATED not in groups and UNAUTHENTICATED not in groups:
        groups = (*groups, AUTHENTICATED)
    return Identity(user, groups, "", uid, tuple(sorted(extra.items())))


def _wanted(user: str, uid: str, groups: tuple[str, ...], extra: Mapping[str, tuple[str, ...]]) -> list[Attributes]:
    """What has to be allowed for it."""
    account = account_of(user)
    if account is not None:
        found = [_act("serviceaccounts", account[1], namespace=account[0])]
    else:
        found = [_act("users", user)]
    found += [_act("groups", group) for group in groups]
    for name, values in extra.items():
        found += [_act("userextras", value, _AUTHENTICATION, name) for value in values]
    return [*found, _act("uids", uid, _AUTHENTICATION)] if uid else found


def _act(resource: str, name: str, group: str = "", part: str = "", namespace: str = "") -> Attributes:
    return Attributes("impersonate", Gvr(group, "v1", resource), part, namespace, name)


def _all(headers: Mapping[str, str], name: str) -> tuple[str, ...]:
    getall = getattr(headers, "getall", None)
    if getall is not None:
        return tuple(getall(name, ()))
    found = headers.get(name)
    return (found,) if found else ()


def _extra(headers: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for header in headers:
        if header.lower().startswith(_EXTRA):
            name = unquote(header.lower().removeprefix(_EXTRA))
            found[name] = _all(headers, header)
    return found


def _without_user(uid: str, groups: tuple[str, ...], extra: Mapping[str, tuple[str, ...]]) -> ApiError:
    shown = ", ".join(f'"{group}"' for group in groups)
    listed = f"[]string{{{shown}}}" if groups else "[]string(nil)"
    items = ", ".join(f'"{name}":[]string{{{_go(values)}}}' for name, values in sorted(extra.items()))
    others = f"map[string][]string{{{items}}}" if extra else "map[string][]string(nil)"
    requested = f'&user.DefaultInfo{{Name:"", UID:"{uid}", Groups:{listed}, Extra:{others}}}'
    return failure(400, "BadRequest", f"requested {requested} without impersonating a user name")


def _go(values: tuple[str, ...]) -> str:
    return ", ".join(f'"{value}"' for value in values)
