"""Status failures, with the codes, reasons and texts that kube-apiserver answers with."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from kubesim.objects.wire import EMPTY, Gvr, Response, Tree


class Cause(NamedTuple):
    """One field error of an Invalid status. ``reason`` is FieldValueInvalid, FieldValueRequired, ..."""

    reason: str
    message: str
    field: str


class ApiError(Exception):
    """A request that failed; carries the ``Status`` object that a client is sent."""

    def __init__(self, status: Tree) -> None:
        super().__init__(status["message"])
        self.status = status

    def __reduce__(self) -> tuple[type["ApiError"], tuple[Tree]]:
        return ApiError, (self.status,)

    @property
    def code(self) -> int:
        """The HTTP status code."""
        return int(self.status["code"])

    @property
    def reason(self) -> str:
        """The machine-readable reason: NotFound, AlreadyExists, Conflict, Invalid, ..."""
        return str(self.status.get("reason", ""))

    def response(self, warnings: tuple[str, ...] = ()) -> Response:
        """The response that carries this status."""
        return Response(self.code, self.status, warnings)


def failure(code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> ApiError:
    """Build an error from its parts; ``details`` is left out when empty, as the real server does."""
    status: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
    }
    if reason:
        status["reason"] = reason
    if details is not None:
        status["details"] = details
    status["code"] = code
    return ApiError(status)


def _details(gvr: Gvr, name: str) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if gvr.group:
        details["group"] = gvr.group
    details["kind"] = gvr.resource
    return details


def not_found(gvr: Gvr, name: str) -> ApiError:
    """404 NotFound."""
    return failure(404, "NotFound", f'{gvr.qualified} "{name}" not found', _details(gvr, name))


def already_exists(gvr: Gvr, name: str) -> ApiError:
    """409 AlreadyExists."""
    return failure(409, "AlreadyExists", f'{gvr.qualified} "{name}" already exists', _details(gvr, name))


def conflict(gvr: Gvr, name: str, message: str = "") -> ApiError:
    """409 Conflict; without a message the text of a lost compare-and-put."""
    why = message or "the object has been modified; please apply your changes to the latest version and try again"
    return failure(
        409, "Conflict", f'Operation cannot be fulfilled on {gvr.qualified} "{name}": {why}', _details(gvr, name)
    )


def forbidden(gvr: Gvr, name: str, message: str) -> ApiError:
    """403 Forbidden."""
    what = f'{gvr.qualified} "{name}" is forbidden' if name else f"{gvr.qualified} is forbidden"
    return failure(403, "Forbidden", f"{what}: {message}", _details(gvr, name))


def bad_request(message: str) -> ApiError:
    """400 BadRequest."""
    return failure(400, "BadRequest", message)


def method_not_allowed(gvr: Gvr) -> ApiError:
    """405 MethodNotAllowed."""
    return failure(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource", _details(gvr, "")
    )


def gone(message: str) -> ApiError:
    """410 Expired: the revision asked for is compacted."""
    return failure(410, "Expired", message)


def invalid(group: str, kind: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """422 Invalid: the message lists every cause, as errors.NewInvalid does."""
    texts = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    text = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    qualified = f"{kind}.{group}" if group else kind
    details: dict[str, Any] = {"name": name} if name else {}
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    details["causes"] = [{"reason": c.reason, "message": c.message, "field": c.field} for c in causes]
    return failure(422, "Invalid", f'{qualified} "{name}" is invalid: {text}', details)


def is_namespace_terminating(error: ApiError) -> bool:
    """Whether a creation failed because the namespace is going away: nobody needs to hear of that."""
    causes = (error.status.get("details") or EMPTY).get("causes") or ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)
