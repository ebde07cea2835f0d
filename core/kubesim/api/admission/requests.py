"""AdmissionRequests: what webhooks and policies are told of a request. # k8s: k8s.io/api/admission/v1."""

from typing import Any

from kubesim.api.admission.matching import Seen
from kubesim.api.admission.plugin import CONNECT, Attributes
from kubesim.api.scale import scale_of
from kubesim.api.scheme import Scheme
from kubesim.objects.wire import Gvr, Identity, Tree

_OPTIONS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}


def versioned(scheme: Scheme, asked: Attributes, tree: Tree | None, seen: Seen) -> Tree | None:
    """An object of the request as it is in the version that matched; a Scale for that subresource. Raises ApiError."""
    if tree is None:
        return None
    own = scheme.find(asked.gvr)
    if asked.subresource == "scale" and own is not None and tree.get("kind") != "Scale":
        return scale_of(tree, own.scale_paths)
    if seen.gvr == asked.gvr or asked.subresource not in {"", "status"}:
        return tree
    other = scheme.find(seen.gvr)
    if own is None or other is None:
        return tree
    stored = own.to_storage(tree) if own.storage is not None else tree
    return other.from_storage(stored) if other.storage is not None else stored


def request_of(
    asked: Attributes, seen: Seen, obj: Tree | None, old: Tree | None, *, uid: str = "", objects: bool = True
) -> dict[str, Any]:
    """The ``request`` of an AdmissionReview; without ``objects`` as expressions see it."""
    sent = asked.request
    shown: dict[str, Any] = {
        "uid": uid,
        "kind": _kind(seen.gvr, seen.kind, obj, asked.subresource),
        "resource": _resource(seen.gvr),
    }
    if asked.subresource:
        shown["subResource"] = asked.subresource
    shown["requestKind"] = _kind(asked.gvr, asked.kind, obj, asked.subresource)
    shown["requestResource"] = _resource(asked.gvr)
    if asked.subresource:
        shown["requestSubResource"] = asked.subresource
    if asked.name:
        shown["name"] = asked.name
    if asked.namespace:
        shown["namespace"] = asked.namespace
    elif asked.gvr == ("", "v1", "namespaces") and asked.name:
        # k8s: a Namespace is taken to lie in itself.
        shown["namespace"] = asked.name
    shown["operation"] = asked.operation
    shown["userInfo"] = user_info(sent.identity)
    if objects:
        shown["object"] = obj
        shown["oldObject"] = old
    shown["dryRun"] = asked.dry_run
    shown["options"] = _options(asked)
    return shown


def user_info(identity: Identity) -> dict[str, Any]:
    """Who sent the request, as authentication.k8s.io/v1 UserInfo."""
    found: dict[str, Any] = {"username": identity.user}
    if identity.uid:
        found["uid"] = identity.uid
    if identity.groups:
        found["groups"] = list(identity.groups)
    if identity.extra:
        found["extra"] = {name: list(values) for name, values in identity.extra}
    return found


def _kind(gvr: Gvr, kind: str, obj: Tree | None, subresource: str) -> dict[str, str]:
    if subresource and subresource != "status" and obj is not None and obj.get("kind"):
        group, _, version = str(obj.get("apiVersion") or "v1").rpartition("/")
        return {"group": group, "version": version, "kind": str(obj["kind"])}
    return {"group": gvr.group, "version": gvr.version, "kind": kind}


def _resource(gvr: Gvr) -> dict[str, str]:
    return {"group": gvr.group, "version": gvr.version, "resource": gvr.resource}


def _options(asked: Attributes) -> dict[str, Any] | None:
    if asked.operation == CONNECT:
        return None
    query = asked.request.query
    kind = "DeleteOptions" if asked.operation == "DELETE" else _OPTIONS.get(asked.request.verb, "UpdateOptions")
    options: dict[str, Any] = {"kind": kind, "apiVersion": "meta.k8s.io/v1"}
    if asked.dry_run:
        options["dryRun"] = ["All"]
    for name in ("fieldManager", "fieldValidation"):
        if query.get(name) and kind != "DeleteOptions":
            options[name] = query[name]
    if query.get("force") == "true" and kind == "PatchOptions":
        options["force"] = True
    body = asked.request.body
    if kind == "DeleteOptions" and isinstance(body, dict):
        options.update({name: body[name] for name in ("gracePeriodSeconds", "propagationPolicy") if name in body})
    return options
