"""Status failures that are not about one kind: routing, media types, query parameters, revisions, internal errors."""

from kubesim.objects.errors import ApiError, Cause, failure

ACCEPTED = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
"""The media types that the server names in its refusals."""


def no_such_resource() -> ApiError:
    """404: nothing is served under this path."""
    return failure(404, "NotFound", "the server could not find the requested resource", {})


def no_such_method() -> ApiError:
    """405: the path exists, the verb does not."""
    return failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def method_refused(message: str) -> ApiError:
    """405: the verb is not possible now, and why."""
    return failure(405, "MethodNotAllowed", message, {})


def not_acceptable(message: str = "") -> ApiError:
    """406: none of the representations asked for exists."""
    if message:
        return failure(406, "NotAcceptable", message)
    return failure(406, "NotAcceptable", f"only the following media types are accepted: {ACCEPTED}")


def no_representation() -> ApiError:
    """406: the Accept header names no media type that is known at all."""
    text = f"406: Not Acceptable\n\nAvailable representations: {ACCEPTED}"
    return failure(406, "NotAcceptable", text, {})


def unsupported_body() -> ApiError:
    """415: the body of a write is in an unknown format."""
    text = f"the body of the request was in an unknown format - accepted media types include: {ACCEPTED}"
    return failure(415, "UnsupportedMediaType", text)


def unsupported_patch() -> ApiError:
    """415: the content type of a patch names no kind of patch."""
    return failure(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})


def unsupported_strategic() -> ApiError:
    """415: a custom kind has no Go struct that could say how to merge."""
    accepted = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
    text = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    return failure(415, "UnsupportedMediaType", text)


def unprocessable_patch() -> ApiError:
    """422: an operation of a JSON patch failed."""
    return failure(422, "Invalid", "the server rejected our request due to an error in our request", {})


def internal(message: str) -> ApiError:
    """500 with the details that errors.NewInternalError gives."""
    return failure(500, "InternalError", f"Internal error occurred: {message}", {"causes": [{"message": message}]})


def plain(message: str) -> ApiError:
    """500 for an error of the storage that carries no status of its own."""
    return failure(500, "", message)


def bad_revision(text: str) -> str:
    """What is wrong with a resourceVersion that is no number."""
    problem = "value out of range" if text.isascii() and text.isdigit() else "invalid syntax"
    return f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": {problem}'


def too_large_revision(asked: int, current: int) -> ApiError:
    """504: the revision asked for has not happened yet."""
    details = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    return failure(504, "Timeout", f"Timeout: Too large resource version: {asked}, current: {current}", details)


def too_old_watch(asked: int, oldest: int) -> ApiError:
    """410: a watch from a revision that is compacted."""
    return failure(410, "Expired", f"too old resource version: {asked} ({oldest})")


def too_old_list() -> ApiError:
    """410: an exact list at a revision that is compacted."""
    return failure(410, "Expired", "The resourceVersion for the provided list is too old.")


def too_old_continue(token: str) -> ApiError:
    """410: a list can only be continued inconsistently, with the token that comes along."""
    text = (
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
        "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
        "modified, or deleted between the time the first chunk was returned and now may show up in the list."
    )
    error = failure(410, "Expired", text)
    return ApiError({**error.status, "metadata": {"continue": token}})


def required(field: str, message: str = "") -> Cause:
    """A field error: the field has to be given."""
    return Cause("FieldValueRequired", f"Required value: {message}" if message else "Required value", field)


def invalid_value(field: str, shown: str, message: str) -> Cause:
    """A field error; ``shown`` is the value as the message prints it, quotes included."""
    return Cause("FieldValueInvalid", f"Invalid value: {shown}: {message}", field)


def forbidden_field(field: str, message: str) -> Cause:
    """A field error: the field may not be given here."""
    return Cause("FieldValueForbidden", f"Forbidden: {message}", field)


def not_supported(field: str, shown: str, supported: tuple[str, ...]) -> Cause:
    """A field error: the value is none of those that exist."""
    values = ", ".join(f'"{value}"' for value in supported)
    return Cause("FieldValueNotSupported", f"Unsupported value: {shown}: supported values: {values}", field)


def too_long(field: str, limit: int) -> Cause:
    """A field error: the text has too many bytes."""
    return Cause("FieldValueTooLong", f"Too long: may not be more than {limit} bytes", field)
