"""What somebody wants to do and whether they may: the question and the answer of every authorizer."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from kubesim.objects.errors import ApiError, failure, forbidden
from kubesim.objects.wire import EMPTY, Gvr, Identity

AUTHENTICATED, UNAUTHENTICATED = "system:authenticated", "system:unauthenticated"
MASTERS = "system:masters"
NODES_GROUP = "system:nodes"
ANONYMOUS = Identity("system:anonymous", (UNAUTHENTICATED,))
ACCOUNT_PREFIX = "system:serviceaccount:"
ACCOUNTS_GROUP = "system:serviceaccounts"

Rule = Mapping[str, Any]
"""A PolicyRule."""


class Attributes(NamedTuple):
    """What somebody wants to do: with a resource, or when ``path`` is set with a path outside the API."""

    verb: str
    gvr: Gvr = Gvr("", "", "")
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    fields: Mapping[str, str] = EMPTY
    """Fields that a list or watch selects by equality."""


class Decision(NamedTuple):
    """Whether it is allowed, and why."""

    allowed: bool
    reason: str = ""


class Rules(NamedTuple):
    """What an identity may do in a namespace, as far as that can be told; ``error`` says what is missing."""

    resources: tuple[Rule, ...] = ()
    paths: tuple[Rule, ...] = ()
    error: str = ""


class Access(Protocol):
    """Decides who may do what."""

    def decide(self, identity: Identity, wanted: Attributes) -> Decision:
        """Whether this identity may do that."""

    def rules(self, identity: Identity, namespace: str) -> Rules:
        """What this identity may do in a namespace."""


def refusal(identity: Identity, wanted: Attributes, reason: str = "") -> ApiError:
    """403 with the real text. # k8s: apiserver/pkg/endpoints/handlers/responsewriters/errors.go."""
    who = f'User "{identity.user}" cannot {wanted.verb}'
    tail = f": {reason}" if reason else ""
    if wanted.path:
        return failure(403, "Forbidden", f'forbidden: {who} path "{wanted.path}"{tail}', {})
    gvr = wanted.gvr
    resource = f"{gvr.resource}/{wanted.subresource}" if wanted.subresource else gvr.resource
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    return forbidden(gvr, wanted.name, f'{who} resource "{resource}" in API group "{gvr.group}" {where}{tail}')


def check(access: Access, identity: Identity, wanted: Attributes) -> Decision:
    """The decision when it is allowed. Raises Forbidden."""
    decision = access.decide(identity, wanted)
    if not decision.allowed:
        raise refusal(identity, wanted, decision.reason)
    return decision


def account_groups(namespace: str) -> tuple[str, ...]:
    """The groups of a service account."""
    return (ACCOUNTS_GROUP, f"{ACCOUNTS_GROUP}:{namespace}", AUTHENTICATED)


def account_of(user: str) -> tuple[str, str] | None:
    """The namespace and name of the service account that a user name means, None for other users."""
    if not user.startswith(ACCOUNT_PREFIX):
        return None
    namespace, _, name = user.removeprefix(ACCOUNT_PREFIX).partition(":")
    return (namespace, name) if namespace and name and ":" not in name else None
