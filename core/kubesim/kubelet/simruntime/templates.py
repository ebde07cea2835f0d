"""Fills in the texts of the catalogue (pages, log lines): who answers, what was asked, and the time."""

import re
from collections.abc import Mapping

from kubesim.kubelet.profile import Profile, Route
from kubesim.kubelet.runtime import Facts
from kubesim.kubelet.simruntime.program import Program
from kubesim.kubelet.simruntime.timeline import format_date

_FIELD = re.compile(r"\{([a-z_]+)\}")
_TIMES = {
    "clf": "%d/%b/%Y:%H:%M:%S +0000",
    "slash": "%Y/%m/%d %H:%M:%S",
    "redis": "%d %b %Y %H:%M:%S",
    "pg": "%Y-%m-%d %H:%M:%S",
    "epoch": "%s",
}


def values_of(facts: Facts | None, program: Program) -> dict[str, str]:
    """The values that do not depend on a request."""
    values = {
        "ports": ", ".join(map(str, program.ports)) or "no port",
        "text": next(
            (word.split("=", 1)[1] for word in program.argv if word.lstrip("-").startswith("text=")), "hello-world"
        ),
    }
    if facts is not None:
        values |= {
            "pod": facts.pod,
            "namespace": facts.namespace,
            "node": facts.node,
            "ip": facts.ip,
            "image": facts.image,
            "container": facts.container,
        }
    return values


def fill(text: str, values: Mapping[str, str], now: int) -> str:
    """Replace ``{name}`` for every known name; anything else in braces stays."""
    if "{" not in text:
        return text
    return "".join(_pieces(text, values, now))


def _pieces(text: str, values: Mapping[str, str], now: int) -> list[str]:
    pieces = _FIELD.split(text)
    for position in range(1, len(pieces), 2):
        name = pieces[position]
        if name in values:
            pieces[position] = values[name]
        elif name in _TIMES:
            pieces[position] = format_date(_TIMES[name], now)
        elif name == "iso":
            pieces[position] = f"{format_date('%Y-%m-%dT%H:%M:%S', now)}.{now % 1000:03d}Z"
        else:
            pieces[position] = f"{{{name}}}"
    return pieces


def route_of(profile: Profile, path: str, method: str = "GET") -> Route | None:
    """The route that answers a path; None when the page that describes the pod does."""
    otherwise: Route | None = None
    for route in profile.routes:
        if route.methods and method not in route.methods and not (method == "HEAD" and "GET" in route.methods):
            continue
        if route.path == path:
            return route
        if not route.path and otherwise is None:
            otherwise = route
    if otherwise is None and not profile.page:
        return Route(status=404, body="404 page not found\n")
    return otherwise


def status_of(profile: Profile, path: str) -> int:
    """The status that a GET of a path gives when the program is well."""
    route = route_of(profile, path)
    return 200 if route is None else route.status
