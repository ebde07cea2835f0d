"""Events: one storage, served as core/v1 and as events.k8s.io/v1. # k8s: registry/core/event, events/v1 conversion."""

from collections.abc import Mapping
from typing import Any

from kubesim.kinds.fielderrors import forbidden, invalid, required, too_long
from kubesim.kinds.plain import Plain, resource
from kubesim.kinds.printing import UNKNOWN, since
from kubesim.kinds.shapes import drop, filled
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, EVENTS, Tree

_RENAMED = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
"""Fields of events.k8s.io/v1 and their names in core/v1."""

_BACK = {core: new for new, core in _RENAMED.items()}
_TIMES = ("firstTimestamp", "lastTimestamp", "eventTime")


class EventStrategy(Plain):
    """Events of core/v1, as which all Events are stored."""

    gvr = EVENTS
    kind = "Event"
    short_names = ("ev",)
    has_generation = False
    allow_create_on_update = True

    def default(self, obj: Tree) -> Tree:
        """What is always served, set or not."""
        obj = filled(obj, involvedObject={}, source={}, reportingComponent="", reportingInstance="")
        missing: dict[str, Any] = {name: None for name in _TIMES if name not in obj}
        return {**obj, **missing} if missing else obj

    def validate(self, obj: Tree) -> list[Cause]:
        """The namespace is that of the object it is about."""
        about = (obj.get("involvedObject") or EMPTY).get("namespace") or ""
        namespace = obj["metadata"].get("namespace") or ""
        # k8s: events about objects without a namespace live in "default".
        if namespace in {about, ""} or (not about and namespace in {"default", "kube-system"}):
            return []
        why = "does not match event.namespace"
        return [invalid("involvedObject.namespace", about, why)]

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """As a new one."""
        del old, subresource
        return self.validate(new)

    def fields(self, obj: Tree) -> Mapping[str, str]:
        """What an Event can be selected by."""
        about, source = obj.get("involvedObject") or EMPTY, obj.get("source") or EMPTY
        names = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
        found = {f"involvedObject.{name}": about.get(name) or "" for name in names}
        reporter = obj.get("reportingComponent") or ""
        return {
            **found,
            "reason": obj.get("reason") or "",
            "reportingComponent": reporter,
            "source": source.get("component") or reporter,
            "type": obj.get("type") or "",
        }

    def row(self, obj: Tree, now: int) -> list[Any]:
        """When, what, about what."""
        return event_row(obj, now)


def event_row(obj: Tree, now: int) -> list[Any]:
    """The cells of an Event of core/v1. # k8s: printEvent."""
    first = since(obj.get("firstTimestamp") or obj.get("eventTime"), now)
    last = since(obj["lastTimestamp"], now) if obj.get("lastTimestamp") else first
    count, series = obj.get("count") or 0, obj.get("series")
    if series is not None:
        last, count = since(series.get("lastObservedTime"), now), series.get("count") or 0
    about, source = obj.get("involvedObject") or EMPTY, obj.get("source") or EMPTY
    component = source.get("component") or obj.get("reportingComponent") or ""
    instance = source.get("host") or obj.get("reportingInstance") or ""
    kind = (about.get("kind") or "").lower()
    return [
        last or UNKNOWN,
        obj.get("type") or "",
        obj.get("reason") or "",
        f"{kind}/{about['name']}" if about.get("name") else kind,
        about.get("fieldPath") or "",
        f"{component}, {instance}" if instance else component,
        (obj.get("message") or "").strip(),
        first,
        count or 1,
        obj["metadata"]["name"],
    ]


class NewEventStrategy(Plain):
    """Events of events.k8s.io/v1."""

    gvr = resource("events.k8s.io", "v1", "events")
    kind = "Event"
    short_names = ("ev",)
    has_generation = False
    allow_create_on_update = True
    storage = EVENTS

    def to_storage(self, obj: Tree) -> Tree:
        """As an Event of core/v1."""
        return {_RENAMED.get(name, name): value for name, value in obj.items()} | {"apiVersion": "v1"}

    def from_storage(self, obj: Tree) -> Tree:
        """From an Event of core/v1."""
        shown = {_BACK.get(name, name): value for name, value in obj.items()} | {"apiVersion": "events.k8s.io/v1"}
        # k8s: the reporter is always served in core/v1 only.
        unset = [name for name in ("reportingController", "reportingInstance") if not shown.get(name)]
        return drop(shown, *unset)

    def default(self, obj: Tree) -> Tree:
        """What is always served, set or not."""
        obj = filled(obj, regarding={}, deprecatedSource={})
        names = ("deprecatedFirstTimestamp", "deprecatedLastTimestamp", "eventTime")
        missing: dict[str, Any] = {name: None for name in names if name not in obj}
        return {**obj, **missing} if missing else obj

    def validate(self, obj: Tree) -> list[Cause]:
        """The stricter rules of the new API. # k8s: core/validation ValidateEventCreate."""
        found: list[Cause] = []
        if not obj.get("eventTime"):
            found.append(required("eventTime"))
        for field, limit in (("reportingController", 0), ("reportingInstance", 128), ("action", 128), ("reason", 128)):
            value = obj.get(field) or ""
            if not value:
                found.append(required(field))
            elif limit and len(value) > limit:
                found.append(invalid(field, "", f"can have at most {limit} characters"))
        if len(obj.get("note") or "") > 1024:
            found.append(too_long("note", 1024))
        for field in ("deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedCount"):
            found += [invalid(field, "", "needs to be unset")] if obj.get(field) else []
        if obj.get("type") not in {"Normal", "Warning"}:
            found.append(invalid("type", "", "has invalid value: " + (obj.get("type") or "")))
        about = (obj.get("regarding") or EMPTY).get("namespace") or ""
        if (obj["metadata"].get("namespace") or "") not in {about, "", "default"}:
            found.append(invalid("involvedObject.namespace", about, "does not match event.namespace"))
        return [*found, *_series(obj)]

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """Only the series may change."""
        # k8s: core/validation/events.go ValidateEventUpdate, which names the fields as core does.
        del subresource
        found = _series(new) if new.get("series") != old.get("series") else []
        names = (
            "regarding", "reason", "note", "type", "eventTime", "action", "related", "reportingController",
            "reportingInstance",
        )  # fmt: skip
        for name in names:
            value = new.get(name)
            if value == old.get(name):
                continue
            shown = {"regarding": "involvedObject", "note": "message"}.get(name, name)
            whole = value is None or isinstance(value, str)
            found.append(
                # differs: of whole objects it is not shown what they are now
                invalid(shown, value or "", "field is immutable") if whole else forbidden(shown, "field is immutable")
            )
        return found

    def fields(self, obj: Tree) -> Mapping[str, str]:
        """What an Event can be selected by."""
        # Lists and watches ask about the stored form.
        about = obj.get("regarding") or obj.get("involvedObject") or EMPTY
        names = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
        found = {f"regarding.{name}": about.get(name) or "" for name in names}
        reporter = obj.get("reportingController") or obj.get("reportingComponent") or ""
        found |= {"reason": obj.get("reason") or "", "type": obj.get("type") or ""}
        return {**found, "reportingController": reporter}

    def row(self, obj: Tree, now: int) -> list[Any]:
        """As the Event of core/v1 prints."""
        return event_row(self.to_storage(obj), now)


def _series(obj: Tree) -> list[Cause]:
    """What is wrong with the series of an Event, in the names of core. # k8s: validateV1EventSeries."""
    series = obj.get("series")
    if series is None:
        return []
    found = [invalid("series.count", "", "should be at least 2")] if (series.get("count") or 0) < 2 else []
    return found if series.get("lastObservedTime") else [*found, required("series.lastObservedTime", "")]
