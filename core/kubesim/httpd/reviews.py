"""Questions about identities and rights that are asked by creating an object: who am I, may I, may somebody."""

from collections.abc import Mapping
from typing import Any

from kubesim.api.schema import Schema
from kubesim.httpd.answers import Answer
from kubesim.httpd.identities import Access, Attributes
from kubesim.objects.errors import Cause, bad_request, invalid
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


def is_review(request: Request) -> bool:
    """Whether the request creates one of these."""
    gvr = request.key.gvr
    return request.verb == "create" and (gvr.group, gvr.resource) in KINDS and not request.key.name


class Reviews:
    """Answers reviews. ``tokens`` are the bearer tokens that are known."""

    def __init__(self, schema: Schema, access: Access, tokens: Mapping[str, Identity]) -> None:
        self._schema = schema
        self._access = access
        self._tokens = tokens

    def answer(self, request: Request, body: Tree, stamp: str) -> Answer:
        """The object with its status. Raises ApiError."""
        gvr = request.key.gvr
        kind = KINDS[gvr.group, gvr.resource]
        if not isinstance(body, Mapping):
            raise bad_request(f"the object provided is unrecognized (must be of type {kind})")
        decoded = self._schema.decode((gvr.group, gvr.version, kind), body, "Ignore")
        if decoded.errors:
            raise bad_request(f'{kind} in version "{gvr.version}" cannot be handled as a {kind}: {decoded.errors[0]}')
        spec = decoded.tree.get("spec") or {}
        metadata: dict[str, Any] = {"creationTimestamp": stamp} if kind == "SelfSubjectReview" else {}
        if request.key.namespace:
            metadata = {"namespace": request.key.namespace, **metadata}
        head = {"kind": kind, "apiVersion": f"{gvr.group}/{gvr.version}", "metadata": metadata}
        if kind == "SelfSubjectReview":
            return Answer(201, {**head, "status": {"userInfo": _user_info(request.identity)}})
        if kind == "TokenReview":
            return Answer(201, {**head, "spec": spec, "status": self._token(spec)})
        if kind == "SelfSubjectRulesReview":
            return Answer(201, {**head, "spec": {}, "status": self._rules(request.identity, spec)})
        return Answer(201, {**head, "spec": spec, "status": self._decided(gvr, kind, request.identity, spec)})

    def _token(self, spec: Tree) -> dict[str, Any]:
        known = self._tokens.get(spec.get("token", ""))
        if known is None:
            return {"user": {}, "error": "invalid bearer token"}
        return {"authenticated": True, "user": _user_info(known)}

    def _rules(self, identity: Identity, spec: Tree) -> dict[str, Any]:
        if not spec.get("namespace"):
            raise bad_request("no namespace on request")
        everything = self._access.decide(identity, Attributes("*", Gvr("*", "*", "*"), namespace=spec["namespace"]))
        rules = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}] if everything.allowed else []
        others = [{"verbs": ["*"], "nonResourceURLs": ["*"]}] if everything.allowed else []
        return {"resourceRules": rules, "nonResourceRules": others, "incomplete": False}

    def _decided(self, gvr: Gvr, kind: str, caller: Identity, spec: Tree) -> dict[str, Any]:
        resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
        if (resource is None) == (path is None):
            cause = Cause("FieldValueInvalid", f"Invalid value: null: {_ONE_OF}", "spec.resourceAttributes")
            raise invalid(gvr.group, "", "", [cause])
        if kind == "SelfSubjectAccessReview":
            identity = caller
        else:
            if not spec.get("user") and not spec.get("groups"):
                text = "at least one of user or group must be specified"
                raise invalid(
                    gvr.group, "", "", [Cause("FieldValueInvalid", f'Invalid value: "": {text}', "spec.user")]
                )
            identity = Identity(spec.get("user", ""), tuple(spec.get("groups") or ()))
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


def _user_info(identity: Identity) -> dict[str, Any]:
    return {"username": identity.user, "groups": list(identity.groups)}
