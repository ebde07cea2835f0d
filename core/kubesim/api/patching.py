"""PATCH: reads the stored object, applies the patch of its content type, and hands the result to the pipeline."""

from collections.abc import Mapping
from typing import Any

import orjson

from kubesim.api import metadata
from kubesim.api.call import Call
from kubesim.api.decoding import SCHEME, Decoder, Expected, type_problem, unhandled
from kubesim.api.documents import check_depth, read_json
from kubesim.api.failures import (
    forbidden_field,
    invalid_value,
    no_such_method,
    required,
    unsupported_patch,
    unsupported_strategic,
)
from kubesim.api.negotiation import media_type
from kubesim.api.options import META_GROUP
from kubesim.objects.errors import ApiError, bad_request, invalid
from kubesim.objects.patches import go_value, json_patch, merge_patch, strategic_patch
from kubesim.objects.wire import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Tree

PATCHES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)


class Patcher:
    """Applies patches to the external form of objects. # k8s: apiserver/pkg/endpoints/handlers/patch.go."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder

    def check_type(self, call: Call) -> str:
        """The kind of patch. Raises UnsupportedMediaType."""
        kind = media_type(call.request.content_type)
        if kind not in PATCHES:
            raise unsupported_patch()
        if kind == STRATEGIC_PATCH and call.strategy.custom and call.subresource != "scale":
            raise unsupported_strategic()
        _check_options(call, kind)
        return kind

    def patched(self, call: Call, old: Tree, wanted: Expected) -> Tree:
        """The object after the patch, decoded. Raises ApiError."""
        kind = self.check_type(call)
        patch, repeated = self._document(call, kind)
        new = self.applied(kind, old, patch, wanted)
        if isinstance(call.request.body, bytes):
            _check_depth(new)
        try:
            _check_kind(new, wanted)
            new = self._decoder.checked(call, new, wanted, repeated, converter=kind == STRATEGIC_PATCH)
        except _UnknownKind as unknown:
            raise unpatchable(_shown(self._marshalled(new, old, wanted)), str(unknown)) from None
        except ApiError as error:
            raise _undecodable(error, kind, patch, self._marshalled(new, old, wanted), wanted) from None
        metadata.match_name(new, call.name)
        metadata.match_namespace(new, call.namespace)
        return new

    def _marshalled(self, new: Tree, old: Tree, wanted: Expected) -> Tree:
        """A patched object as jsonpatch writes it: sorted where the patch went through, else in the order of Go."""
        found: Tree = _resorted(new, old, self._decoder.in_order(new, wanted))
        return found

    def applied(self, kind: str, old: Tree, patch: Any, wanted: Expected) -> Tree:
        """The object after the patch, not decoded. Raises ApiError."""
        if kind == STRATEGIC_PATCH:
            return strategic_patch(old, patch, self._decoder.merge_rules(wanted))
        result = merge_patch(old, patch) if kind == MERGE_PATCH else json_patch(old, patch)
        if not isinstance(result, Mapping):
            raise bad_request(f"error decoding patch: the result is not a {wanted.kind}")
        return result

    def _document(self, call: Call, kind: str) -> tuple[Any, list[str]]:
        body = call.request.body
        if not isinstance(body, bytes):
            return body, []
        try:
            document = read_json(body, repeated=kind != JSON_PATCH and call.options.field_validation != "Ignore")
        except ValueError as error:
            raise bad_request(f"error decoding patch: {error}") from None
        return document.value, document.repeated


def _check_depth(new: Tree) -> None:
    # Each patch could add to the depth that those before it made.
    try:
        check_depth(new)
    except ValueError as error:
        raise bad_request(f"error decoding patch: {error}") from None


def _check_options(call: Call, kind: str) -> None:
    """# k8s: ValidatePatchOptions."""
    if kind == APPLY_PATCH:
        cause = required("fieldManager", "is required for apply patch") if not call.options.field_manager else None
    else:
        given = "force" in call.request.query
        cause = forbidden_field("force", "may not be specified for non-apply patch") if given else None
    if cause:
        raise invalid(META_GROUP, "PatchOptions", "", [cause])


class _UnknownKind(Exception):
    """A patch made the object one of a kind that it cannot be."""


def _check_kind(new: Tree, wanted: Expected) -> None:
    problem = type_problem(new)
    if problem:
        raise _UnknownKind(f"couldn't get version/kind; json parse error: {problem}")
    kind = new.get("kind") or wanted.kind
    api_version = new.get("apiVersion") or wanted.api_version
    if (api_version, kind) == (wanted.api_version, wanted.kind):
        return
    raise _UnknownKind(f'no kind "{kind}" is registered for version "{api_version}" in {SCHEME}')


def _resorted(new: Any, old: Any, ordered: Any) -> Any:
    if new is old or not isinstance(new, Mapping) or not isinstance(old, Mapping):
        return ordered
    return {name: _resorted(new[name], old.get(name), ordered[name]) for name in sorted(new)}


def _shown(obj: Tree) -> str:
    return metadata.quoted(orjson.dumps(obj).decode())


def _undecodable(error: ApiError, kind: str, patch: Any, shown: Tree, wanted: Expected) -> ApiError:
    """A result of wrong types is a matter of the patch, not of the body. # k8s: applyPatchToObject."""
    message = str(error.status["message"])
    prefix = str(unhandled(wanted.kind, wanted.version, wanted.kind, "").status["message"])
    problem = message.removeprefix(prefix)
    if problem.startswith("strict decoding error"):
        return error
    if kind == STRATEGIC_PATCH:
        return unpatchable(metadata.quoted(go_value(patch)), problem)
    return unpatchable(_shown(shown), problem)


def unpatchable(shown: str, problem: str) -> ApiError:
    """422 about the field ``patch`` of no kind, as the real server says it."""
    status = invalid("", "", "", [invalid_value("patch", shown, problem)]).status
    return ApiError({**status, "details": {"causes": status["details"]["causes"]}})


def refuse(call: Call) -> None:
    """Raise MethodNotAllowed for a patch of a whole collection."""
    if not call.name:
        raise no_such_method()
