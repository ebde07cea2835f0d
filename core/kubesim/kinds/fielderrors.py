"""Field errors with the reasons and the wording of Kubernetes' validation. # k8s: util/validation/field."""

import json
from collections.abc import Iterable
from typing import Any

from kubesim.objects.errors import Cause

NOT_NEGATIVE = "must be greater than or equal to 0"
IMMUTABLE = "field is immutable"


def show(value: Any) -> str:
    """A value as error texts show it: strings quoted, all else as compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _body(head: str, detail: str) -> str:
    return f"{head}: {detail}" if detail else head


def invalid(field: str, value: Any, detail: str) -> Cause:
    """The value breaks a rule."""
    return Cause("FieldValueInvalid", _body(f"Invalid value: {show(value)}", detail), field)


def all_invalid(field: str, value: Any, details: Iterable[str]) -> list[Cause]:
    """One Invalid for each broken rule."""
    return [invalid(field, value, detail) for detail in details]


def required(field: str, detail: str = "") -> Cause:
    """The value is missing."""
    return Cause("FieldValueRequired", _body("Required value", detail), field)


def forbidden(field: str, detail: str) -> Cause:
    """The field may not be set, or not be changed."""
    return Cause("FieldValueForbidden", _body("Forbidden", detail), field)


def duplicate(field: str, value: Any) -> Cause:
    """The value occurs twice where it must be unique."""
    return Cause("FieldValueDuplicate", f"Duplicate value: {show(value)}", field)


def not_found(field: str, value: Any) -> Cause:
    """The value names something that is not there."""
    return Cause("FieldValueNotFound", f"Not found: {show(value)}", field)


def not_supported(field: str, value: Any, supported: Iterable[str]) -> Cause:
    """The value is none of the allowed ones, which are listed in the given order."""
    choices = ", ".join(show(choice) for choice in supported)
    return Cause("FieldValueNotSupported", f"Unsupported value: {show(value)}: supported values: {choices}", field)


def too_long(field: str, limit: int) -> Cause:
    """The value has more bytes than allowed."""
    return Cause("FieldValueTooLong", f"Too long: may not be more than {limit} bytes", field)


def too_many(field: str, actual: int, limit: int) -> Cause:
    """The list has more items than allowed."""
    return Cause("FieldValueTooMany", f"Too many: {actual}: must have at most {limit} items", field)


def not_negative(field: str, value: Any) -> list[Cause]:
    """Broken when a number is below zero; a missing number is zero."""
    return [invalid(field, value, NOT_NEGATIVE)] if value is not None and value < 0 else []


def one_of(field: str, value: str | None, supported: tuple[str, ...]) -> list[Cause]:
    """Required when empty, unsupported when none of the given."""
    if not value:
        return [required(field)]
    return [] if value in supported else [not_supported(field, value, supported)]


def unchanged(field: str, new: Any, old: Any) -> list[Cause]:
    """Broken when a value differs from the one before."""
    return [] if new == old else [invalid(field, new, IMMUTABLE)]
