"""What every description begins with: names, labels, annotations; and times, ages and selectors."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from kubesim.objects import refs, times, tree
from kubesim.objects.wire import Tree
from kubetui.model.describe.layout import NONE, Sheet

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
LONGEST_ANNOTATION = 140

ZERO_TIME = "Mon, 01 Jan 0001 00:00:00 +0000"
UNKNOWN = "<unknown>"


def heading(sheet: Sheet, obj: Tree, *, namespace: bool = True) -> None:
    """Name, namespace, labels, annotations."""
    metadata = obj["metadata"]
    sheet.pair(0, "Name", metadata.get("name", ""))
    if namespace:
        sheet.pair(0, "Namespace", metadata.get("namespace", ""))
    labels(sheet, "Labels", metadata.get("labels"))
    annotations(sheet, "Annotations", metadata.get("annotations"))


def listing(sheet: Sheet, title: str, values: Iterable[str], indent: str = "") -> None:
    """A title and one value a line in the next column; ``<none>`` without values."""
    found = list(values)
    sheet.write(f"{indent}{title}:\t")
    if not found:
        sheet.write(f"{NONE}\n")
        return
    sheet.write(f"\n{indent}\t".join(value for value in found) + "\n")


def labels(sheet: Sheet, title: str, values: Mapping[str, str] | None, indent: str = "") -> None:
    """Labels in the order of their keys."""
    known = values or {}
    listing(sheet, title, [f"{key}={known[key]}" for key in sorted(known)], indent)


def annotations(sheet: Sheet, title: str, values: Mapping[str, str] | None) -> None:
    """Annotations in the order of their keys; long ones on lines of their own, the applied configuration left out."""
    known = values or {}
    keys = sorted(key for key in known if key != LAST_APPLIED)
    sheet.write(f"{title}:\t")
    if not keys:
        sheet.write(f"{NONE}\n")
        return
    for position, key in enumerate(keys):
        if position:
            sheet.write("\t")
        value = known[key].removesuffix("\n")
        if _size(value) + _size(key) + 2 <= LONGEST_ANNOTATION and "\n" not in value:
            sheet.write(f"{key}: {value}\n")
            continue
        sheet.write(f"{key}:\n")
        for part in value.split("\n"):
            sheet.write(f"\t  {_shorten(part, LONGEST_ANNOTATION - 2)}\n")


def _size(text: str) -> int:
    return len(text.encode())


def _shorten(text: str, limit: int) -> str:
    if _size(text) <= limit:
        return text
    return text.encode()[:limit].decode(errors="replace") + "..."


def controller(sheet: Sheet, obj: Tree) -> None:
    """The controlling owner, when there is one."""
    owner = refs.controller_of(obj)
    if owner is not None:
        sheet.pair(0, "Controlled By", f"{owner['kind']}/{owner['name']}")


def date(text: str | None) -> str:
    """An RFC 3339 time as RFC 1123 with a numeric zone; the zero time when missing."""
    # differs: kubectl prints the zone of its own machine, a simulated cluster lives in UTC.
    if not text:
        return ZERO_TIME
    moment = datetime.fromtimestamp(times.parse_time(text) // 1000, UTC)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day}, {moment.day:02d} {months[moment.month - 1]} {moment.year:04d} {moment:%H:%M:%S} +0000"


def age(text: str | None, now: int) -> str:
    """The time since an RFC 3339 time, as kubectl writes durations."""
    return times.human_duration(now - times.parse_time(text)) if text else UNKNOWN


def flat(values: Mapping[str, Any] | None) -> str:
    """Labels as one line ``a=b,c=d``, ``<none>`` without any."""
    known = values or {}
    return ",".join(f"{key}={known[key]}" for key in sorted(known)) or NONE


def selector(labelled: Tree | None) -> str:
    """A LabelSelector as one line, requirements in the order of their keys; "" when it selects everything."""
    if labelled is None:
        return ""
    wanted = [(key, f"{key}={value}") for key, value in (labelled.get("matchLabels") or {}).items()]
    wanted.extend((each["key"], _requirement(each)) for each in labelled.get("matchExpressions") or ())
    return ",".join(text for _, text in sorted(wanted, key=_first))


def _first(pair: tuple[str, str]) -> str:
    return pair[0]


def _requirement(expression: Tree) -> str:
    key, operator = expression["key"], expression["operator"]
    if operator == "Exists":
        return str(key)
    if operator == "DoesNotExist":
        return f"!{key}"
    values = ",".join(sorted(expression.get("values") or ()))
    return f"{key} {'in' if operator == 'In' else 'notin'} ({values})"


def format_selector(labelled: Tree | None) -> str:
    """A LabelSelector as one line, ``<none>`` when it is missing or empty."""
    return selector(labelled) or NONE


def quoted(text: str) -> str:
    """A string as Go's ``%q`` prints it."""
    return json.dumps(text, ensure_ascii=False)


def field(obj: Tree, path: str | tuple[str, ...], default: Any = "") -> Any:
    """A value of the object by its path."""
    return tree.get(obj, path, default)
