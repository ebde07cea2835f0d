"""The query parameters of a request: parsed and checked as ListOptions, CreateOptions, DeleteOptions and the like."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from kubesim.api.failures import forbidden_field, not_supported, too_long
from kubesim.objects.errors import ApiError, Cause, bad_request, invalid
from kubesim.objects.selectors import FieldSelector, Selector, parse_fields, parse_labels

_INTEGER = re.compile(r"[+-]?[0-9]+")
_FIELD_VALIDATION = ("", "Ignore", "Strict", "Warn")
META_GROUP = "meta.k8s.io"
SELECTED = 25
"""How many conditions a selector may have."""
VALUES_EACH = 20
"""How many values count as another condition."""


class ListOptions(NamedTuple):
    """What a list or watch asks for. ``limit`` 0 is unlimited; ``initial_events`` is None when it is not given."""

    labels: Selector | None
    fields: FieldSelector | None
    limit: int
    token: str
    revision: str
    match: str
    bookmarks: bool
    initial_events: bool | None
    include_object: str


class WriteOptions(NamedTuple):
    """What a write asks for beside its body."""

    dry_run: bool
    field_validation: str
    field_manager: str
    force: bool


class DeleteOptions(NamedTuple):
    """How to delete. ``grace_seconds`` and ``propagation`` are None when they are not given."""

    dry_run: bool
    grace_seconds: int | None
    propagation: str | None
    uid: str | None
    revision: str | None


NO_DELETE_OPTIONS = DeleteOptions(False, None, None, None, None)


def truth(text: str) -> bool:
    """A boolean parameter; whatever is not "false" or "0" is true, as the real conversion has it."""
    return text.lower() not in {"false", "0"}


def integer(text: str) -> int:
    """An integer parameter. Raises BadRequest with Go's text."""
    if not _INTEGER.fullmatch(text):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if len(text) > _DIGITS or not -_INT64 <= int(text) < _INT64:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)


_INT64 = 1 << 63
_DIGITS = 1_000
"""From how many digits on a text is out of range for certain."""


def list_options(query: Mapping[str, str], *, watch: bool) -> ListOptions:
    """Parse and check the parameters of a list or a watch. Raises ApiError."""
    limit = integer(query["limit"]) if query.get("limit") else 0
    if query.get("timeoutSeconds"):
        integer(query["timeoutSeconds"])
    for name in ("labelSelector", "fieldSelector"):
        # Parsing takes its time, too.
        if query.get(name, "").count(",") > SELECTED * (VALUES_EACH + 1):
            raise _too_long()
    try:
        labels = parse_labels(query["labelSelector"]) if query.get("labelSelector") else None
        fields = parse_fields(query["fieldSelector"]) if query.get("fieldSelector") else None
    except ValueError as error:
        raise bad_request(str(error)) from None
    _check_length(labels, fields)
    initial = query.get("sendInitialEvents")
    options = ListOptions(
        labels,
        fields,
        max(limit, 0),
        query.get("continue", ""),
        query.get("resourceVersion", ""),
        query.get("resourceVersionMatch", ""),
        truth(query.get("allowWatchBookmarks", "false")),
        None if initial is None else truth(initial),
        query.get("includeObject", ""),
    )
    causes = _watch_causes(options) if watch else _list_causes(options)
    if causes:
        raise invalid(META_GROUP, "ListOptions", "", causes)
    return options


def _check_length(labels: Selector | None, fields: FieldSelector | None) -> None:
    """Refuse selectors that would take too long over thousands of objects.

    # differs: a selector is as long as a URL there; here everybody waits while objects are selected
    """
    terms = sum(1 + len(term.values) // VALUES_EACH for term in labels.requirements) if labels is not None else 0
    if terms > SELECTED or (fields is not None and len(fields.terms) > SELECTED):
        raise _too_long()


def _too_long() -> ApiError:
    return bad_request(f"unable to parse requirement: more than {SELECTED} requirements")


def _list_causes(options: ListOptions) -> list[Cause]:
    """# k8s: apimachinery/apis/meta/internalversion/validation."""
    field = "resourceVersionMatch"
    causes = []
    if options.match:
        if not options.revision:
            causes.append(forbidden_field(field, f"{field} is forbidden unless resourceVersion is provided"))
        if options.token:
            causes.append(forbidden_field(field, f"{field} is forbidden when continue is provided"))
        if options.match not in {"Exact", "NotOlderThan"}:
            causes.append(not_supported(field, f'"{options.match}"', ("Exact", "NotOlderThan", "")))
        if options.match == "Exact" and options.revision == "0":
            causes.append(forbidden_field(field, f'{field} "exact" is forbidden for resourceVersion "0"'))
    if options.initial_events is not None:
        causes.append(forbidden_field("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return causes


def _watch_causes(options: ListOptions) -> list[Cause]:
    field = "resourceVersionMatch"
    causes = []
    if options.initial_events is not None and options.match != "NotOlderThan":
        causes.append(forbidden_field(field, f"sendInitialEvents requires setting {field} to NotOlderThan"))
    if options.match:
        if options.initial_events is None:
            text = f"{field} is forbidden for watch unless sendInitialEvents is provided"
            causes.append(forbidden_field(field, text))
        if options.match != "NotOlderThan":
            causes.append(not_supported(field, f'"{options.match}"', ("NotOlderThan",)))
        if options.token:
            causes.append(forbidden_field(field, f"{field} is forbidden when continue is provided"))
    return causes


_WRITE_KINDS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}


def write_options(query: Mapping[str, str], verb: str) -> WriteOptions:
    """Parse and check the parameters of a create, update or patch. Raises Invalid."""
    kind = _WRITE_KINDS.get(verb, "CreateOptions")
    dry_run = query.get("dryRun", "")
    manager = query.get("fieldManager", "")
    validation = query.get("fieldValidation", "")
    causes = _dry_run_causes([dry_run] if dry_run else [])
    if len(manager.encode()) > 128:
        causes.append(too_long("fieldManager", 128))
    if validation not in _FIELD_VALIDATION:
        causes.append(not_supported("fieldValidation", f'"{validation}"', _FIELD_VALIDATION))
    if causes:
        raise invalid(META_GROUP, kind, "", causes)
    # k8s: fieldValidation defaults to Warn.
    return WriteOptions(bool(dry_run), validation or "Warn", manager, truth(query.get("force", "false")))


def _dry_run_causes(values: list[Any]) -> list[Cause]:
    if not values or values == ["All"]:
        return []
    shown = "[" + ",".join(f'"{value}"' for value in values) + "]"
    return [not_supported("dryRun", shown, ("All",))]


def delete_options(query: Mapping[str, str], body: Any) -> DeleteOptions:
    """The options of a deletion: the body's when there is one, else the query's. Raises ApiError."""
    if not isinstance(body, Mapping) or not body:
        body = _from_query(query)
    dry_run = body.get("dryRun") or []
    causes = _dry_run_causes(list(dry_run))
    propagation = body.get("propagationPolicy")
    orphan = body.get("orphanDependents")
    if propagation is not None and orphan is not None:
        text = "orphanDependents and deletionPropagation cannot be both set"
        causes.append(Cause("FieldValueInvalid", f'Invalid value: "{propagation}": {text}', "propagationPolicy"))
    if propagation not in {None, "Foreground", "Background", "Orphan"}:
        supported = ("Background", "Foreground", "Orphan")
        causes.append(not_supported("propagationPolicy", f'"{propagation}"', supported))
    if causes:
        raise invalid(META_GROUP, "DeleteOptions", "", causes)
    if orphan is not None:
        propagation = "Orphan" if orphan else "Background"
    preconditions = body.get("preconditions") or {}
    grace = body.get("gracePeriodSeconds")
    # k8s: a negative period counts as one second.
    grace = 1 if isinstance(grace, int) and grace < 0 else grace
    return DeleteOptions(
        bool(dry_run), grace, propagation, preconditions.get("uid"), preconditions.get("resourceVersion")
    )


def _from_query(query: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if query.get("dryRun"):
        found["dryRun"] = [query["dryRun"]]
    if query.get("gracePeriodSeconds"):
        found["gracePeriodSeconds"] = integer(query["gracePeriodSeconds"])
    if query.get("propagationPolicy"):
        found["propagationPolicy"] = query["propagationPolicy"]
    if query.get("orphanDependents"):
        found["orphanDependents"] = truth(query["orphanDependents"])
    return found


def revision_of(text: str, error: Any) -> int:
    """A resourceVersion as a number, 0 for none; ``error`` makes the ApiError from what is wrong."""
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS:
        problem: ApiError = error(text)
        raise problem
    return int(text)
