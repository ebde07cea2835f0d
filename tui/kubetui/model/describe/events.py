"""The Events table at the foot of a description."""

from collections.abc import Sequence

from kubesim.objects.wire import Tree
from kubetui.model.describe.layout import NONE, Sheet
from kubetui.model.describe.metadata import age, field


def events(sheet: Sheet, found: Sequence[Tree] | None, now: int) -> None:
    """The events of the object, the one seen last at the bottom; nothing when they could not be read."""
    if found is None:
        return
    if not found:
        sheet.pair(0, "Events", NONE)
        return
    sheet.line(0, "Events:")
    sheet.row(1, "Type", "Reason", "Age", "From", "Message")
    sheet.row(1, "----", "------", "----", "----", "-------")
    for event in sorted(found, key=last_seen):
        sheet.row(
            1, event.get("type", ""), event.get("reason", ""), interval(event, now), source(event), message(event)
        )


def last_seen(event: Tree) -> str:
    """The key that kubectl sorts events by."""
    return str(event.get("lastTimestamp") or "")


def interval(event: Tree, now: int) -> str:
    """How long ago, and how often over how long: ``5s (x4 over 65s)``."""
    first = age(event.get("eventTime") or event.get("firstTimestamp"), now)
    series = event.get("series")
    if series:
        return f"{age(series.get('lastObservedTime'), now)} (x{series.get('count', 0)} over {first})"
    count = event.get("count") or 0
    if count > 1:
        return f"{age(event.get('lastTimestamp'), now)} (x{count} over {first})"
    return first


def source(event: Tree) -> str:
    """The component that reported it."""
    return str(field(event, "source.component") or event.get("reportingComponent") or "")


def message(event: Tree) -> str:
    """The message, with the field of the object that it is about."""
    text = str(event.get("message") or "").strip()
    path = field(event, "involvedObject.fieldPath")
    return f"{path}: {text}" if path else text
