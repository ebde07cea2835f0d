"""One line of the cluster's story: an Event or a write, put into words only when somebody looks at it."""

from collections.abc import Mapping
from typing import NamedTuple

from kubesim.objects.times import parse_time
from kubesim.objects.wire import ADMIN, Gvr, Key, Tree
from kubetui.client.port import JournalEntry
from kubetui.model import health, references

_QUIET = frozenset({"leases", "events"})


class Line(NamedTuple):
    """One line. ``level`` is the verbosity from which on it is shown; ``source`` is what it is made from."""

    serial: int
    revision: int
    at: int
    level: int
    mine: bool
    source: JournalEntry | Tree

    @property
    def entry(self) -> JournalEntry | None:
        """The write, when it is one."""
        return self.source if isinstance(self.source, JournalEntry) else None

    @property
    def event(self) -> Tree:
        """The Event, or nothing."""
        return {} if isinstance(self.source, JournalEntry) else self.source

    @property
    def sign(self) -> str:
        """N and W for Events by type, ~ for writes, ! for what broke."""
        if self.entry is not None:
            return "!" if self.entry.gvr.resource == "faults" else "~"
        return "W" if self.event.get("type") == "Warning" else "N"

    @property
    def tone(self) -> str:
        """How the line stands out."""
        if self.sign == "W":
            return health.PENDING
        if self.sign == "!":
            return health.ERROR
        return health.OK if self.sign == "N" else health.NEW if self.mine else health.DONE

    @property
    def who(self) -> str:
        """Which component acted."""
        return short_actor(self.entry.actor if self.entry is not None else _source(self.event))

    @property
    def what(self) -> str:
        """What it did or said."""
        return entry_text(self.entry) if self.entry is not None else _event_text(self.event)

    @property
    def about(self) -> Key | None:
        """The object that it is about."""
        return self.entry.key if self.entry is not None else references.about(self.event)


def of_event(tree: Tree, revision: int, times: Mapping[int, int]) -> Line:
    """The line of an Event; ``times`` knows to the millisecond when revisions were written."""
    return Line(0, revision, times.get(revision) or _event_time(tree), 1, mine=False, source=tree)


def of_entry(entry: JournalEntry) -> Line:
    """The line of a write."""
    mine = is_person(entry)
    level = 3 if entry.gvr.resource in _QUIET and not mine else 2
    return Line(0, entry.revision, entry.at, level, mine, entry)


def is_person(entry: JournalEntry) -> bool:
    """Whether a write was made by somebody, not by a component of the cluster."""
    return entry.actor == ADMIN.agent or (entry.cause == 0 and entry.actor in {"kubectl", "helm"})


def short_actor(actor: str) -> str:
    """A component's name without the part that says that it is one."""
    short = actor.removesuffix("-controller").removeprefix("kube-").removeprefix("default-") or "-"
    return _ACTORS.get(short, short)


_ACTORS = {
    "clusterrole-aggregation": "clusterroles", "endpoint-slice-mirroring": "slice-mirroring",
    "horizontal-pod-autoscaler": "hpa", "persistentvolume": "pv-binder", "pod-garbage-collector": "pod-gc",
    "root-ca-certificate-publisher": "root-ca", "ttl-after-finished": "job-ttl",
}  # fmt: skip
"""Names that would leave no room for what was done."""

_VERBS = {"create": "create", "update": "update", "patch": "patch", "delete": "delete"}


def entry_text(entry: JournalEntry) -> str:
    """What a write did, in a few words."""
    what = f"{short_resource(entry.gvr)}/{entry.name}" + (f" {entry.subresource}" if entry.subresource else "")
    note = f" {entry.note}" if entry.note else ""
    return f"{_VERBS.get(entry.verb, entry.verb)} {what}{note}"


_SHORT = {
    "pods": "pod", "nodes": "node", "services": "svc", "deployments": "deploy", "replicasets": "rs", "endpoints": "ep",
    "statefulsets": "sts", "daemonsets": "ds", "endpointslices": "eps", "namespaces": "ns", "configmaps": "cm",
    "serviceaccounts": "sa", "persistentvolumeclaims": "pvc", "persistentvolumes": "pv", "jobs": "job",
    "cronjobs": "cj", "horizontalpodautoscalers": "hpa", "poddisruptionbudgets": "pdb", "secrets": "secret",
    "leases": "lease", "faults": "fault", "ingresses": "ing",
}  # fmt: skip


def short_resource(gvr: Gvr) -> str:
    """The short name that kubectl knows a resource by, or the resource itself."""
    return _SHORT.get(gvr.resource, gvr.resource)


def _source(tree: Tree) -> str:
    return str((tree.get("source") or {}).get("component") or tree.get("reportingComponent") or "")


def _event_time(tree: Tree) -> int:
    stamp = tree.get("lastTimestamp") or tree.get("eventTime") or tree["metadata"].get("creationTimestamp")
    return parse_time(stamp) if stamp else 0


def _event_text(tree: Tree) -> str:
    name = (tree.get("involvedObject") or tree.get("regarding") or {}).get("name", "")
    count = (tree.get("series") or {}).get("count") or tree.get("count") or 1
    again = f" (x{count})" if count > 1 else ""
    message = str(tree.get("message") or tree.get("note") or "").replace("\n", " ")
    return f"{tree.get('reason', '')} {name}{again} {message}".rstrip()
