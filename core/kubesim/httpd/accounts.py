"""Service accounts at the door: who a token belongs to, and the ``token`` subresource that makes new ones.

# k8s: pkg/serviceaccount/claims.go, jwt.go, pkg/registry/core/serviceaccount/storage/token.go
"""

import uuid
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from kubesim.api.access.attributes import account_groups
from kubesim.httpd.tokens import Keyring, TokenError
from kubesim.objects import refs
from kubesim.objects.errors import ApiError, Cause, bad_request, conflict, invalid, not_found
from kubesim.objects.times import format_time
from kubesim.objects.tokens import ISSUER, LEGACY, LEGACY_ISSUER, PRIVATE, bound_claims, subject
from kubesim.objects.wire import EMPTY, NODES, PODS, SECRETS, SERVICEACCOUNTS, Gvr, Identity, Tree

LEEWAY_SECONDS = 60
"""How far clocks may be apart. # k8s: jwt.DefaultLeeway"""
DEFAULT_SECONDS, LEAST_SECONDS, MOST_SECONDS = 3600, 600, 1 << 32
EXTRA = "authentication.kubernetes.io/"
_BOUND: Mapping[str, Gvr] = {"Pod": PODS, "Node": NODES, "Secret": SECRETS}


class Presented(NamedTuple):
    """A token that is good: whose it is, and for whom it was made."""

    identity: Identity
    audiences: tuple[str, ...]


class ServiceAccounts:
    """Checks and makes the tokens of the cluster that ``cluster`` gives at that moment."""

    def __init__(self, keyring: Keyring, cluster: Callable[[], Any]) -> None:
        self._keyring = keyring
        self._cluster = cluster

    def _get(self, gvr: Gvr, namespace: str, name: str) -> Tree | None:
        found: Tree | None = self._cluster().store.get(gvr, namespace, name)
        return found

    # ------------------------------------------------------------------ presented tokens
    def identify(self, token: str) -> Presented:
        """Whose token this is. Raises TokenError, with the reason, for one that is not valid (any more)."""
        claims = self._keyring.verify(token)
        if claims.get("iss") == LEGACY_ISSUER:
            return self._legacy(claims, token)
        if claims.get("iss") != ISSUER:
            msg = "unknown issuer"
            raise TokenError(msg)
        return self._current(claims)

    def _current(self, claims: Mapping[str, Any]) -> Presented:
        now = self._cluster().loop.now // 1000
        if not _number(claims.get("exp")) or now > claims["exp"] + LEEWAY_SECONDS:
            msg = "service account token has expired"
            raise TokenError(msg)
        if _number(claims.get("nbf")) and now < claims["nbf"] - LEEWAY_SECONDS:
            msg = "service account token is not valid yet"
            raise TokenError(msg)
        private = claims.get(PRIVATE)
        if not isinstance(private, dict) or not isinstance(private.get("serviceaccount"), dict):
            msg = "service account claims are missing"
            raise TokenError(msg)
        namespace = str(private.get("namespace"))
        account = private["serviceaccount"]
        self._owner(namespace, str(account.get("name")), str(account.get("uid")), claims)
        extra = {f"{EXTRA}credential-id": (f"JTI={claims['jti']}",)} if claims.get("jti") else {}
        for kind, gvr in (("pod", PODS), ("node", NODES), ("secret", SECRETS)):
            bound = private.get(kind)
            if isinstance(bound, dict):
                self._bound(kind, gvr, namespace, bound, is_pod=bool(private.get("pod")))
                if kind != "secret":
                    extra[f"{EXTRA}{kind}-name"] = (str(bound.get("name")),)
                    extra[f"{EXTRA}{kind}-uid"] = (str(bound.get("uid")),)
        identity = _identity(namespace, str(account.get("name")), str(account.get("uid")), extra)
        return Presented(identity, tuple(claims.get("aud") or ()))

    def _owner(self, namespace: str, name: str, uid: str, claims: Mapping[str, Any]) -> Tree:
        if claims.get("sub") != subject(namespace, name):
            msg = "sub claim is inconsistent"
            raise TokenError(msg)
        account = self._get(SERVICEACCOUNTS, namespace, name)
        if account is None:
            msg = f"service account {namespace}/{name} is not found"
            raise TokenError(msg)
        if refs.is_deleting(account) or refs.uid(account) != uid:
            msg = "service account token has been invalidated"
            raise TokenError(msg)
        return account

    def _bound(self, kind: str, gvr: Gvr, namespace: str, bound: Mapping[str, Any], *, is_pod: bool) -> None:
        if kind == "node" and is_pod:
            return  # k8s: beside a pod the node is only told, not checked
        found = self._get(gvr, "" if gvr == NODES else namespace, str(bound.get("name")))
        if found is None or refs.uid(found) != bound.get("uid"):
            msg = f"service account token has been invalidated: the {kind} it is bound to is gone"
            raise TokenError(msg)

    def _legacy(self, claims: Mapping[str, Any], token: str) -> Presented:
        namespace, name = str(claims.get(f"{LEGACY}namespace")), str(claims.get(f"{LEGACY}service-account.name"))
        self._owner(namespace, name, str(claims.get(f"{LEGACY}service-account.uid")), claims)
        secret = self._get(SECRETS, namespace, str(claims.get(f"{LEGACY}secret.name")))
        held = (
            b"" if secret is None or refs.is_deleting(secret) else _decoded((secret.get("data") or EMPTY).get("token"))
        )
        if held != token.encode("utf-8", "replace"):
            msg = "service account token has been invalidated"
            raise TokenError(msg)
        uid = str(claims.get(f"{LEGACY}service-account.uid"))
        return Presented(_identity(namespace, name, uid, {}), (ISSUER,))

    # ------------------------------------------------------------------ the token subresource
    def request(self, namespace: str, name: str, body: Tree) -> dict[str, Any]:
        """The answer to the creation of a TokenRequest with this decoded body. Raises ApiError."""
        account = self._get(SERVICEACCOUNTS, namespace, name)
        if account is None:
            raise not_found(SERVICEACCOUNTS, name)
        metadata, spec = body.get("metadata") or EMPTY, body.get("spec") or EMPTY
        _check_place(metadata, namespace, name)
        seconds = spec.get("expirationSeconds")
        seconds = DEFAULT_SECONDS if seconds is None else int(seconds)
        _check_seconds(seconds)
        audiences = list(spec.get("audiences") or ()) or [ISSUER]
        reference = spec.get("boundObjectRef")
        bound = self._bound_objects(namespace, name, reference) if reference else []
        now = self._cluster().loop.now // 1000
        claims = bound_claims(account, audiences, now, seconds, str(uuid.uuid4()), bound)
        answered: dict[str, Any] = {"audiences": audiences, "expirationSeconds": seconds}
        answered["boundObjectRef"] = reference or None
        stamp = format_time(now * 1000)
        return {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": name, "namespace": namespace, "creationTimestamp": stamp},
            "spec": answered,
            "status": {"token": self._keyring.sign(claims), "expirationTimestamp": format_time((now + seconds) * 1000)},
        }

    def _bound_objects(self, namespace: str, name: str, reference: Tree) -> list[tuple[str, Tree]]:
        api_version, kind = reference.get("apiVersion") or "", reference.get("kind") or ""
        gvr = _BOUND.get(kind) if api_version == "v1" else None
        if gvr is None:
            group, _, version = api_version.rpartition("/")
            raise bad_request(f"cannot bind token to object of type {group}/{version}, Kind={kind}")
        wanted = reference.get("name") or ""
        found = self._get(gvr, "" if gvr == NODES else namespace, wanted)
        if found is None:
            raise not_found(gvr, wanted)
        if gvr == PODS and (found["spec"].get("serviceAccountName") or "") != name:
            text = f'cannot bind token for serviceaccount "{name}" to pod running with different serviceaccount name.'
            raise bad_request(text)
        uid = reference.get("uid")
        if uid and uid != refs.uid(found):
            text = (
                f"the UID in the bound object reference ({uid}) does not match the UID in record. "
                "The object might have been deleted and then recreated"
            )
            raise conflict(Gvr("", "v1", kind), wanted, text)
        bound = [(kind.lower(), found)]
        node = self._get(NODES, "", found["spec"].get("nodeName") or "") if gvr == PODS else None
        return bound if node is None else [*bound, ("node", node)]


def _identity(namespace: str, name: str, uid: str, extra: Mapping[str, tuple[str, ...]]) -> Identity:
    return Identity(subject(namespace, name), account_groups(namespace), "", uid, tuple(sorted(extra.items())))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _decoded(text: Any) -> bytes:
    try:
        return b64decode(text or "")
    except ValueError:
        return b""


def _check_place(metadata: Tree, namespace: str, name: str) -> None:
    for field, given, wanted in (
        ("name", metadata.get("name"), name),
        ("namespace", metadata.get("namespace"), namespace),
    ):
        if given and given != wanted:
            what = "service account name" if field == "name" else "service account namespace"
            raise _refused(f"metadata.{field}", f'Invalid value: "{given}": must match the {what} if specified', name)


def _check_seconds(seconds: int) -> None:
    if seconds < LEAST_SECONDS:
        text = f"Invalid value: {seconds}: may not specify a duration less than 10 minutes"
    elif seconds > MOST_SECONDS:
        text = f"Invalid value: {seconds}: may not specify a duration larger than 2^32 seconds"
    else:
        return
    raise _refused("spec.expirationSeconds", text)


def _refused(field: str, message: str, name: str = "") -> ApiError:
    return invalid("authentication.k8s.io", "TokenRequest", name, [Cause("FieldValueInvalid", message, field)])
