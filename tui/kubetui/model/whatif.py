"""What came of a cluster in a stretch of time: the counts by which two futures are compared, and their rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from kubesim.objects import pods as readers
from kubesim.objects import tree as trees
from kubesim.objects.wire import ENDPOINTSLICES, EVENTS, NODES, PODS, SERVICES, Gvr, Tree

_SERVICE_LABEL = "kubernetes.io/service-name"

Place = tuple[str, str]


class Shelf(Protocol):
    """Where objects are read."""

    def range(self, gvr: Gvr, namespace: str = "") -> Sequence[Tree]:
        """All objects of a kind."""


class Sample(NamedTuple):
    """A cluster at one instant."""

    pods: int
    ready: int
    restarts: int
    pending: Mapping[Place, str]
    """Pods that no node takes, with the scheduler's words."""
    down: frozenset[Place]
    """Services that have a selector and no ready endpoint."""
    nodes: int
    nodes_ready: int


class Outcome(NamedTuple):
    """What came of one future. Times in milliseconds."""

    start: Sample
    end: Sample
    downtime: Mapping[Place, int]
    most_pending: int
    least_ready: int
    warnings: Mapping[str, int]
    """How often each reason was warned of."""
    created: int
    deleted: int


class Row(NamedTuple):
    """One line of a comparison; ``better`` is 1 when the second future is better, -1 when worse, 0 when equal."""

    title: str
    first: str
    second: str
    better: int = 0


def sample(shelf: Shelf) -> Sample:
    """Look at a cluster now."""
    pods = [pod for pod in shelf.range(PODS) if trees.get(pod, "status.phase", "") not in {"Succeeded", "Failed"}]
    restarts = 0
    pending: dict[Place, str] = {}
    ready = 0
    for pod in pods:
        ready += readers.is_ready(pod)
        statuses = trees.get(pod, "status.containerStatuses", ()) or ()
        restarts += sum(int(each.get("restartCount", 0)) for each in statuses)
        if not trees.get(pod, "spec.nodeName", ""):
            pending[place(pod)] = _unschedulable(pod)
    nodes = shelf.range(NODES)
    return Sample(
        len(pods), ready, restarts, pending, _down(shelf), len(nodes), sum(_condition(node, "Ready") for node in nodes)
    )


def place(obj: Tree) -> Place:
    """Namespace and name."""
    return (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def _unschedulable(pod: Tree) -> str:
    for condition in trees.get(pod, "status.conditions", ()) or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return str(condition.get("message", ""))
    return ""


def _condition(obj: Tree, kind: str) -> bool:
    conditions = trees.get(obj, "status.conditions", ()) or ()
    return any(each.get("type") == kind and each.get("status") == "True" for each in conditions)


def _down(shelf: Shelf) -> frozenset[Place]:
    served = set()
    for part in shelf.range(ENDPOINTSLICES):
        service = (part["metadata"].get("labels") or {}).get(_SERVICE_LABEL)
        if service and any(trees.get(each, "conditions.ready", False) for each in part.get("endpoints") or ()):
            served.add((part["metadata"].get("namespace", ""), service))
    selecting = (place(each) for each in shelf.range(SERVICES) if trees.get(each, "spec.selector", None))
    return frozenset(each for each in selecting if each not in served)


class Observer:
    """Looks at a cluster again and again, and sums up at the end."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._start = self._last = sample(shelf)
        self._downtime: dict[Place, int] = {}
        self._most_pending = len(self._start.pending)
        self._least_ready = self._start.ready
        self._before = _warnings(shelf)
        self._uids = self._known = self._all_uids()

    def _all_uids(self) -> frozenset[str]:
        return frozenset(str(pod["metadata"].get("uid", "")) for pod in self._shelf.range(PODS))

    def look(self, passed: int) -> None:
        """So much time has passed since the last look."""
        for service in self._last.down:
            self._downtime[service] = self._downtime.get(service, 0) + passed
        self._last = now = sample(self._shelf)
        self._most_pending = max(self._most_pending, len(now.pending))
        self._least_ready = min(self._least_ready, now.ready)
        self._known |= self._all_uids()

    def outcome(self) -> Outcome:
        """What came of it."""
        after = _warnings(self._shelf)
        warned = {reason: count - self._before.get(reason, 0) for reason, count in sorted(after.items())}
        left = self._all_uids()
        return Outcome(
            self._start,
            self._last,
            dict(sorted(self._downtime.items())),
            self._most_pending,
            self._least_ready,
            {reason: count for reason, count in warned.items() if count > 0},
            len(self._known - self._uids),
            len(self._known - left),
        )


def _warnings(shelf: Shelf) -> dict[str, int]:
    found: dict[str, int] = {}
    for event in shelf.range(EVENTS):
        if event.get("type") == "Warning":
            count = int((event.get("series") or {}).get("count") or event.get("count") or 1)
            reason = str(event.get("reason", ""))
            found[reason] = found.get(reason, 0) + count
    return found


# ---------------------------------------------------------------------- the comparison
def rows(first: Outcome, second: Outcome) -> list[Row]:
    """Two futures side by side."""
    found = [
        _row("pods ready", _ready(first), _ready(second), _sign(second.end.ready, first.end.ready)),
        _row(
            "  at worst", f"{first.least_ready}", f"{second.least_ready}", _sign(second.least_ready, first.least_ready)
        ),
        _row(
            "unschedulable", _pending(first), _pending(second), _sign(len(first.end.pending), len(second.end.pending))
        ),
        _row("restarts", f"+{_restarts(first)}", f"+{_restarts(second)}", _sign(_restarts(first), _restarts(second))),
        _row("pods made, ended", _churn(first), _churn(second), 0),
        _row("nodes ready", _nodes(first), _nodes(second), _sign(second.end.nodes_ready, first.end.nodes_ready)),
        _row(
            "downtime of services",
            seconds(sum(first.downtime.values())),
            seconds(sum(second.downtime.values())),
            _sign(sum(first.downtime.values()), sum(second.downtime.values())),
        ),
    ]
    found += _pairs(
        {f"  {namespace}/{name}": spent for (namespace, name), spent in first.downtime.items()},
        {f"  {namespace}/{name}": spent for (namespace, name), spent in second.downtime.items()},
        seconds,
    )
    one, two = sum(first.warnings.values()), sum(second.warnings.values())
    found.append(_row("warnings", str(one), str(two), _sign(one, two)))
    found += _pairs(
        {f"  {reason}": count for reason, count in first.warnings.items()},
        {f"  {reason}": count for reason, count in second.warnings.items()},
        str,
    )
    return found


def _row(title: str, first: str, second: str, better: int) -> Row:
    return Row(title, first, second, better)


def _pairs(first: Mapping[str, int], second: Mapping[str, int], text: "type[str] | object") -> list[Row]:
    found = []
    for title in sorted({*first, *second}):
        one, two = first.get(title, 0), second.get(title, 0)
        found.append(Row(title, text(one), text(two), _sign(one, two)))  # type: ignore[operator]
    return found


def _sign(good: int, bad: int) -> int:
    return (good > bad) - (good < bad)


def _ready(outcome: Outcome) -> str:
    return f"{outcome.end.ready}/{outcome.end.pods}"


def _pending(outcome: Outcome) -> str:
    most = f" (at most {outcome.most_pending})" if outcome.most_pending > len(outcome.end.pending) else ""
    return f"{len(outcome.end.pending)}{most}"


def _restarts(outcome: Outcome) -> int:
    return max(outcome.end.restarts - outcome.start.restarts, 0)


def _churn(outcome: Outcome) -> str:
    return f"{outcome.created}, {outcome.deleted}"


def _nodes(outcome: Outcome) -> str:
    return f"{outcome.end.nodes_ready}/{outcome.end.nodes}"


def seconds(spent: int) -> str:
    """A span as the comparison shows it: ``0``, ``4.5s``, ``3m20s``."""
    if spent < 60_000:
        return f"{spent / 1000:g}s" if spent else "0"
    minutes, rest = divmod(spent // 1000, 60)
    return f"{minutes}m{rest:02d}s"


def reasons(pending: Mapping[Place, str], shown: int = 3) -> list[str]:
    """Why pods are pending, the most frequent words first, with how many say so."""
    counts: dict[str, int] = {}
    for words in pending.values():
        counts[words] = counts.get(words, 0) + 1
    ranked = sorted(counts.items(), key=_frequency)
    return [f"{count} × {words}" if words else f"{count} × not looked at yet" for words, count in ranked[:shown]]


def _frequency(item: tuple[str, int]) -> tuple[int, str]:
    return (-item[1], item[0])


def placed(before: Iterable[Tree], after: Iterable[Tree]) -> dict[str, int]:
    """On which nodes pods came up that were not there before: node to number."""
    known = {str(pod["metadata"].get("uid", "")) for pod in before}
    found: dict[str, int] = {}
    for pod in after:
        node = str(trees.get(pod, "spec.nodeName", "") or "")
        if node and str(pod["metadata"].get("uid", "")) not in known:
            found[node] = found.get(node, 0) + 1
    return dict(sorted(found.items()))
