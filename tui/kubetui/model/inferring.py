"""Why an object of a real cluster is as it is, as far as the object itself and its Events tell."""

from collections.abc import Sequence

from kubesim.objects.times import human_duration, parse_time
from kubesim.objects.wire import Key, Tree
from kubetui.client.port import Explanation, Statement
from kubetui.model import hints
from kubetui.model.symptoms import symptom

EVENTS = 6
"""How many of the warnings are told."""


def explain(key: Key, obj: Tree, events: Sequence[Tree], now: int) -> Explanation:
    """What is known is observed; what it means is inferred from it."""
    facts = hints.facts(key.gvr, obj)
    statements = [Statement("observed", text, key) for text in facts]
    reason = hints.hint(key.gvr, obj, hints.Surroundings(now))
    if reason and not any(reason in text for text in facts):
        statements.insert(0, Statement("inferred", reason, key))
    warnings = sorted((each for each in events if each.get("type") == "Warning"), key=_stamp, reverse=True)
    statements += [Statement("observed", _told(each, now), key) for each in warnings[:EVENTS]]
    return Explanation(symptom(key.gvr, obj, now), tuple(statements))


def _stamp(event: Tree) -> str:
    series = event.get("series") or {}
    return str(series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime") or "")


def _told(event: Tree, now: int) -> str:
    stamp = _stamp(event)
    ago = f" {human_duration(max(now - parse_time(stamp), 0))} ago" if stamp else ""
    message = str(event.get("message") or event.get("note") or "").strip()
    return f"{event.get('reason', '')}{ago}: {message}"
