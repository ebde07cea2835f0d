"""Counts the requests that one server answers: by what was asked, the code, and how long it took."""

import time
from bisect import bisect_left
from typing import NamedTuple, Self

from kubesim.httpd.identities import Attributes
from kubesim.httpd.scraping.families import Family, Sample

BOUNDS = (
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0,
    45.0, 60.0,
)  # fmt: skip
"""Seconds. # k8s: apiserver/pkg/endpoints/metrics requestLatencies"""
LONG_VERBS = frozenset({"WATCH", "CONNECT"})
_STREAMS = frozenset({"attach", "exec", "portforward", "proxy"})
_VERBS = {
    "get": "GET", "list": "LIST", "watch": "WATCH", "create": "POST", "update": "PUT", "patch": "PATCH",
    "delete": "DELETE", "deletecollection": "DELETE",
}  # fmt: skip
_READING = frozenset({"GET", "LIST", "HEAD"})


class Asked(NamedTuple):
    """What requests are counted by. # k8s: apiserver/pkg/endpoints/metrics."""

    verb: str
    group: str
    version: str
    resource: str
    subresource: str
    scope: str

    def labels(self) -> dict[str, str]:
        """As Prometheus shows them."""
        return {**self._asdict(), "component": "apiserver"}


def asked_of(wanted: Attributes) -> Asked:
    """The labels of what somebody wants."""
    if wanted.path:
        return Asked(wanted.verb.upper(), "", "", "", wanted.path if wanted.path == "/metrics" else "", "")
    verb = "CONNECT" if wanted.subresource in _STREAMS else _VERBS.get(wanted.verb, wanted.verb.upper())
    if wanted.subresource == "log":
        verb = "CONNECT"
    scope = "cluster"
    if wanted.name:
        scope = "resource"
    elif wanted.namespace:
        scope = "namespace"
    gvr = wanted.gvr
    return Asked(verb, gvr.group, gvr.version, gvr.resource, wanted.subresource, scope)


MOST = 5_000
"""How many kinds of requests are told apart: clients may ask for any name."""
OTHERS = Asked("OTHER", "", "", "", "", "")


class _Durations:
    """One histogram."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.total = 0.0


class RequestCounts:
    """The numbers of one server."""

    def __init__(self) -> None:
        self._answered: dict[tuple[Asked, int], int] = {}
        self._durations: dict[Asked, _Durations] = {}
        self._under_way: dict[Asked, int] = {}

    def begin(self, wanted: Attributes) -> Asked:
        """A request is under way. Hand the result to ``end``."""
        asked = asked_of(wanted)
        if asked not in self._durations and len(self._durations) >= MOST:
            asked = OTHERS
        self._under_way[asked] = self._under_way.get(asked, 0) + 1
        return asked

    def end(self, asked: Asked, code: int, seconds: float) -> None:
        """It has been answered."""
        left = self._under_way[asked] - 1
        if left:
            self._under_way[asked] = left
        else:
            del self._under_way[asked]
        key = asked, code
        self._answered[key] = self._answered.get(key, 0) + 1
        durations = self._durations.get(asked)
        if durations is None:
            durations = self._durations[asked] = _Durations()
        durations.buckets[bisect_left(BOUNDS, seconds)] += 1
        durations.total += seconds

    def total(self) -> int:
        """How many requests have been answered."""
        return sum(self._answered.values())

    # ------------------------------------------------------------------ showing
    def families(self) -> list[Family]:
        """What there is to tell."""
        answered = tuple(
            Sample({**asked.labels(), "code": str(code), "dry_run": ""}, count)
            for (asked, code), count in sorted(self._answered.items())
        )
        durations: list[Sample] = []
        for asked, found in sorted(self._durations.items(), key=_first):
            durations += _histogram({**asked.labels(), "dry_run": ""}, found)
        long = tuple(
            Sample(asked.labels(), count) for asked, count in sorted(self._under_way.items())
            if asked.verb in LONG_VERBS
        )  # fmt: skip
        return [
            Family("apiserver_request_total", "counter",
                   "[STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, "
                   "resource, scope, component, and HTTP response code.", answered),
            Family("apiserver_request_duration_seconds", "histogram",
                   "[STABLE] Response latency distribution in seconds for each verb, dry run value, group, version, "
                   "resource, subresource, scope and component.", tuple(durations)),
            Family("apiserver_longrunning_requests", "gauge",
                   "[STABLE] Gauge of all active long-running apiserver requests broken out by verb, group, version, "
                   "resource, scope and component. Not all requests are tracked this way.", long),
            Family("apiserver_current_inflight_requests", "gauge",
                   "[STABLE] Maximal number of currently used inflight request limit of this apiserver per request "
                   "kind in last second.", self._short()),
        ]  # fmt: skip

    def _short(self) -> tuple[Sample, ...]:
        counts = {"mutating": 0, "readOnly": 0}
        for asked, count in self._under_way.items():
            if asked.verb not in LONG_VERBS:
                counts["readOnly" if asked.verb in _READING else "mutating"] += count
        return tuple(Sample({"request_kind": kind}, count) for kind, count in counts.items())


class Counting:
    """Within, one request is under way, from when it is known what it wants."""

    def __init__(self, counts: RequestCounts) -> None:
        self._counts = counts
        self._began = time.monotonic()
        self._asked: Asked | None = None
        self.code = 200
        """What is answered."""

    def of(self, wanted: Attributes) -> None:
        """This is what it wants."""
        self._asked = self._counts.begin(wanted)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._asked is not None:
            self._counts.end(self._asked, self.code, time.monotonic() - self._began)


def _first(item: tuple[Asked, _Durations]) -> Asked:
    return item[0]


def _histogram(labels: dict[str, str], found: _Durations) -> list[Sample]:
    samples: list[Sample] = []
    count = 0
    for bound, number in zip((*map(str, BOUNDS), "+Inf"), found.buckets, strict=True):
        count += number
        samples.append(Sample({**labels, "le": bound.removesuffix(".0")}, count, "_bucket"))
    samples.append(Sample(labels, found.total, "_sum"))
    samples.append(Sample(labels, count, "_count"))
    return samples
