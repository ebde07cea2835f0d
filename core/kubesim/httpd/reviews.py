"""Questions about identities and rights that are asked by creating an object: who am I, may I, may somebody."""

from collections.abc import Mapping
from typing import Any, Protocol

from kubesim.api.schema import Schema
from kubesim.httpd.answers import Answer
from kubesim.httpd.identities import Access, Attributes, Authenticator
from kubesim.objects.errors import ApiError, Cause, bad_request, invalid
from kubesim.objects.tokens import ISSUER
from kubesim.objects.wire import EMPTY, Gvr, Identity, Request, Tree

AUTHENTICATION, AUTHORIZATION = "authentication.k8s.io", "authorization.k8s.io"
KINDS: Mapping[tuple[str, str], str] = {
    (AUTHENTICATION, "selfsubjectreviews"): "SelfSubjectReview",
    (AUTHENTICATION, "tokenreviews"): "TokenReview",
    (AUTHORIZATION, "localsubjectaccessreviews"): "LocalSubjectAccessReview",
    (AUTHORIZATION, "selfsubjectaccessreviews"): "SelfSubjectAccessReview",
    (AUTHORIZATION, "selfsubjectrulesreviews"): "SelfSubjectRulesReview",
    (AUTHORIZATION, "subjectaccessreviews"): "SubjectAccessReview",
}
_ONE_OF = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
_SOMEBODY = "at least one of user or group must be specified"


def is_review(request: Request) -> bool:
    """Whether the request creates one of these."""
    gvr = request.key.gvr
    return request.verb == "create" and (gvr.group, gvr.resource) in KINDS and not request.key.name


class Owners(Protocol):
    """Finds the managedFields of an object that is not kept."""

    def owned(self, request: Request, body: Tree) -> list[Tree]:
        """See ApiServer."""


class Reviews:
    """Answers reviews."""

    def __init__(self, schema: Schema, access: Access, authenticator: Authenticator) -> None:
        self._schema = schema
        self._access = access
        self._authenticator = authenticator

    def answer(self, request: Request, body: Tree, stamp: str, owners: Owners | None = None) -> Answer:
        """The object with its status. Raises ApiError."""
        gvr = request.key.gvr
        kind = KINDS[gvr.group, gvr.resource]
        if not isinstance(body, Mapping):
            raise bad_request(f"the object provided is unrecognized (must be of type {kind})")
        decoded = self._schema.decode((gvr.group, gvr.version, kind), body, "Ignore")
        if decoded.errors:
            raise bad_request(f'{kind} in version "{gvr.version}" cannot be handled as a {kind}: {decoded.errors[0]}')
        spec = decoded.tree.get("spec") or {}
        head: dict[str, Any] = {"kind": kind, "apiVersion": f"{gvr.group}/{gvr.version}"}
        if kind == "SelfSubjectReview":
            status: Tree = {"userInfo": user_info(request.identity)}
            return Answer(201, {**head, "metadata": {"creationTimestamp": stamp}, "status": status})
        if kind == "SelfSubjectRulesReview":
            return Answer(201, {**head, "metadata": {}, "spec": {}, "status": self._rules(request.identity, spec)})
        status = self._token(spec) if kind == "TokenReview" else self._decided(request, kind, spec)
        metadata: dict[str, Any] = {"namespace": request.key.namespace} if request.key.namespace else {}
        managers = [] if owners is None else owners.owned(request, {**head, "metadata": metadata, "spec": spec})
        if managers:
            metadata["managedFields"] = managers
        return Answer(201, {**head, "metadata": metadata, "spec": spec, "status": status})

    def _token(self, spec: Tree) -> dict[str, Any]:
        token = spec.get("token") or ""
        if not token:
            raise bad_request("token is required for TokenReview in authentication")
        try:
            presented = self._authenticator.of_token(token)
        except ApiError as error:
            # k8s: the union of authenticators tells what each of them said
            why = str(error.__cause__) if error.__cause__ is not None else ""
            return {"user": {}, "error": f"[invalid bearer token, {why}]" if why else "invalid bearer token"}
        wanted = list(spec.get("audiences") or ()) or [ISSUER]
        shared = [each for each in wanted if each in presented.audiences]
        if not shared:
            given = " ".join(presented.audiences)
            text = f'token audiences ["{given}"] is invalid for the target audiences {wanted}'.replace("'", '"')
            return {"user": {}, "error": f"[invalid bearer token, {text}]"}
        return {"authenticated": True, "user": user_info(presented.identity), "audiences": shared}

    def _rules(self, identity: Identity, spec: Tree) -> dict[str, Any]:
        namespace = spec.get("namespace")
        if not namespace:
            raise bad_request("no namespace on request")
        found = self._access.rules(identity, namespace)
        status: dict[str, Any] = {
            "resourceRules": [_ordered(rule, "apiGroups", "resources", "resourceNames") for rule in found.resources],
            "nonResourceRules": [_ordered(rule, "nonResourceURLs") for rule in found.paths],
            "incomplete": bool(found.error),
        }
        return {**status, "evaluationError": found.error} if found.error else status

    def _decided(self, request: Request, kind: str, spec: Tree) -> dict[str, Any]:
        group = request.key.gvr.group
        resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
        if (resource is None) == (path is None):
            shown = "null" if resource is None else "{}"
            field = "spec.resourceAttributes" if resource is None else "spec.nonResourceAttributes"
            text = _ONE_OF if resource is None else "cannot be specified in combination with resourceAttributes"
            raise invalid(group, "", "", [Cause("FieldValueInvalid", f"Invalid value: {shown}: {text}", field)])
        identity = request.identity if kind == "SelfSubjectAccessReview" else _subject(group, spec)
        if kind == "LocalSubjectAccessReview":
            _check_local(request.key.namespace, group, resource)
        if resource is not None:
            wanted = Attributes(
                resource.get("verb", ""),
                Gvr(resource.get("group", ""), resource.get("version", ""), resource.get("resource", "")),
                resource.get("subresource", ""),
                resource.get("namespace", ""),
                resource.get("name", ""),
            )
        else:
            wanted = Attributes((path or EMPTY).get("verb", ""), path=(path or EMPTY).get("path", ""))
        decision = self._access.decide(identity, wanted)
        return {"allowed": decision.allowed, **({"reason": decision.reason} if decision.reason else {})}


def _subject(group: str, spec: Tree) -> Identity:
    if not spec.get("user") and not spec.get("groups"):
        raise invalid(group, "", "", [Cause("FieldValueInvalid", f'Invalid value: "": {_SOMEBODY}', "spec.user")])
    extra = tuple((name, tuple(values or ())) for name, values in sorted((spec.get("extra") or EMPTY).items()))
    return Identity(spec.get("user", ""), tuple(spec.get("groups") or ()), "", spec.get("uid", ""), extra)


def _check_local(namespace: str, group: str, resource: Tree | None) -> None:
    if resource is None:
        text = "Invalid value: {}: disallowed on this kind of request"
        raise invalid(group, "", "", [Cause("FieldValueInvalid", text, "spec.nonResourceAttributes")])
    if (resource.get("namespace") or "") != namespace:
        raise bad_request(f"spec.resourceAttributes.namespace must match namespace: {namespace}")


def _ordered(rule: Tree, *fields: str) -> dict[str, Any]:
    """A rule with its fields in the order of the answer."""
    return {name: list(rule[name]) for name in ("verbs", *fields) if rule.get(name)}


def user_info(identity: Identity) -> dict[str, Any]:
    """An identity as authentication/v1 UserInfo."""
    info: dict[str, Any] = {"username": identity.user}
    if identity.uid:
        info["uid"] = identity.uid
    info["groups"] = list(identity.groups)
    if identity.extra:
        info["extra"] = {name: list(values) for name, values in identity.extra}
    return info
