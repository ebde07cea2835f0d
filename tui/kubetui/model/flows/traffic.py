"""Flows of simulated traffic: put requests on a Service, change how many, take them away."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kubesim.objects.wire import LOADS, MERGE_PATCH, Key, Request
from kubetui.model.clock import parse_span
from kubetui.model.flows.steps import BACKGROUND, Done, Flow, Undo, is_failure, refused

USAGE = "load [SERVICE] RPS, ramp FROM TO TIME, sine MIN MAX TIME, or off"
OFF = frozenset({"off", "0", "none", "stop"})


class Traffic(NamedTuple):
    """What a person typed: a Service ("" for the highlighted one), and the spec of the Load; None ends it."""

    namespace: str
    service: str
    spec: dict[str, Any] | None


def parse(text: str, namespace: str = "") -> Traffic:
    """``[svc/][NAMESPACE/]NAME 200``, ``NAME ramp 10 200 5m``, ``NAME sine 10 200 10m``, ``off``. Raises ValueError."""
    words = text.split()
    service = ""
    if words and not _is_amount(words[0]):
        service = words.pop(0)
        kind, slash, rest = service.partition("/")
        service = rest if slash and kind in {"svc", "service", "services"} else service
        if "/" in service:
            namespace, _, service = service.partition("/")
    if not words:
        raise ValueError(USAGE)
    return Traffic(namespace, service, _spec(words))


def _is_amount(word: str) -> bool:
    return word in {*OFF, "ramp", "sine"} or word.replace(".", "", 1).isdigit()


def _spec(words: list[str]) -> dict[str, Any] | None:
    first = words[0].lower()
    if first in OFF and len(words) == 1:
        return None
    if first in {"ramp", "sine"} and len(words) == 4:
        low, high = _rate(words[1]), _rate(words[2])
        seconds = parse_span(words[3]) // 1000
        if first == "ramp":
            return {"curve": {"type": "Ramp", "from": low, "to": high, "durationSeconds": seconds}}
        return {"curve": {"type": "Sine", "min": low, "max": high, "periodSeconds": seconds}}
    if len(words) == 1:
        return {"requestsPerSecond": _rate(words[0])}
    raise ValueError(USAGE)


def _rate(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        raise ValueError(USAGE) from None
    if not 0 <= found <= 1_000_000:
        raise ValueError(USAGE)
    return int(found) if found == int(found) else found


def requests(wanted: Traffic, *, known: bool) -> list[Request]:
    """The requests by which a Service has this traffic, whatever it has now; ``known`` says whether it has any."""
    key = Key(LOADS, wanted.namespace, wanted.service)
    found = [Request("delete", key, "", BACKGROUND)] if known else []
    if wanted.spec is not None:
        body = _body(wanted, {"service": wanted.service, **wanted.spec})
        found.append(Request("create", key._replace(name=""), "", body))
    return found


def load(wanted: Traffic) -> Flow:
    """Put traffic on a Service, or take it away. One Load a Service, under its name, beside those that others made.

    Its requests cost what those of another Load of that Service cost.
    """
    key = Key(LOADS, wanted.namespace, wanted.service)
    found = yield Request("list", key._replace(name=""))
    if is_failure(found):
        return refused(found)
    loads = [tree for tree in found.body.get("items", ()) if tree["spec"].get("service") == wanted.service]
    known = next((tree for tree in loads if tree["metadata"]["name"] == wanted.service), None)
    cost = next((tree["spec"]["cost"] for tree in loads if tree["spec"].get("cost")), None)
    place = f"{wanted.namespace}/{wanted.service}"
    if wanted.spec is None:
        if known is None:
            return Done(f"there is no load on {place}")
        response = yield Request("delete", key, "", BACKGROUND, note=f"end the load on {wanted.service}")
        if is_failure(response):
            return refused(response)
        again = Request("create", key._replace(name=""), "", _body(wanted, known["spec"]), note="undo: end the load")
        return Done(f"load on {place} ended", Undo(f"end the load on {place}", (again,)))
    spec = {"service": wanted.service, **wanted.spec}
    what = f"{_told(wanted.spec)} on {place}"
    if known is None:
        spec |= {"cost": cost} if cost is not None else {}
        response = yield Request("create", key._replace(name=""), "", _body(wanted, spec), note=what)
        undo = Request("delete", key, "", BACKGROUND, note=f"undo: {what}")
    else:
        gone = {name: None for name in known["spec"] if name not in spec and name in {"curve", "requestsPerSecond"}}
        response = yield Request("patch", key, "", {"spec": {**spec, **gone}}, content_type=MERGE_PATCH, note=what)
        lost = {name: None for name in spec if name not in known["spec"]}
        old = {"spec": {**known["spec"], **lost}}
        undo = Request("patch", key, "", old, content_type=MERGE_PATCH, note=f"undo: {what}")
    if is_failure(response):
        return refused(response)
    return Done(what, Undo(what, (undo,)))


def _body(wanted: Traffic, spec: Any) -> dict[str, Any]:
    metadata = {"name": wanted.service, "namespace": wanted.namespace}
    return {"apiVersion": LOADS.api_version, "kind": "Load", "metadata": metadata, "spec": dict(spec)}


def typed(load: Mapping[str, Any] | None) -> str:
    """What one would type to get a Load; "" when there is none."""
    spec = load["spec"] if load is not None else {}
    curve = spec.get("curve")
    if curve is None:
        return f"{spec['requestsPerSecond']:g}" if "requestsPerSecond" in spec else ""
    if curve["type"] == "Ramp":
        return f"ramp {curve['from']:g} {curve['to']:g} {curve['durationSeconds']}s"
    return f"sine {curve['min']:g} {curve['max']:g} {curve['periodSeconds']}s" if curve["type"] == "Sine" else ""


def _told(spec: dict[str, Any]) -> str:
    curve = spec.get("curve")
    if curve is None:
        return f"{spec['requestsPerSecond']:g} requests/s"
    if curve["type"] == "Ramp":
        return f"{curve['from']:g} to {curve['to']:g} requests/s in {curve['durationSeconds']}s"
    return f"{curve['min']:g} to {curve['max']:g} requests/s every {curve['periodSeconds']}s"
