"""What becomes of a release's pods, services and budgets while a change rolls out: a story and its outcome."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from kubesim.objects import refs
from kubesim.objects import tree as trees
from kubesim.objects.wire import (
    BUDGETS,
    DAEMONSETS,
    DEPLOYMENTS,
    ENDPOINTSLICES,
    JOBS,
    PODS,
    REPLICASETS,
    SERVICES,
    STATEFULSETS,
    Key,
    Tree,
)
from kubetui.model.helm import readiness
from kubetui.model.helm.manifests import SHORT
from kubetui.model.helm.members import Member, selects
from kubetui.model.helm.watches import Happening

WORKLOADS: Final = (DEPLOYMENTS, STATEFULSETS, DAEMONSETS, JOBS)
WATCHED: Final = (*WORKLOADS, REPLICASETS, PODS, ENDPOINTSLICES, BUDGETS)
KEEP: Final = 500
"""Lines of a story that are kept; the rest is counted."""
_SERVICE_LABEL: Final = "kubernetes.io/service-name"


class Line(NamedTuple):
    """One thing that happened, ``at`` milliseconds after the start; the tone is text, good, warn, bad or faint."""

    at: int
    text: str
    tone: str = "text"


class Outage(NamedTuple):
    """A service of the release: for how many milliseconds nobody answered, and whether nobody does now."""

    service: str
    milliseconds: int
    lasting: bool = False


class Outcome(NamedTuple):
    """How it ends. ``word`` is ROLLS OUT, STALLS or FAILS; times in milliseconds after the start."""

    word: str
    took: int
    reasons: tuple[str, ...] = ()
    created: int = 0
    replaced: int = 0
    restarts: int = 0
    hits: tuple[str, ...] = ()
    outages: tuple[Outage, ...] = ()


class _Pod(NamedTuple):
    """What was last said about a pod."""

    word: str
    restarts: int
    original: bool
    gone: bool = False


class Story:
    """Fed with what happens; writes lines and keeps the sums. Pure: it reads no clock and asks nobody."""

    def __init__(self, members: Iterable[Member], start: int) -> None:
        self.lines: list[Line] = []
        self.dropped = 0
        self.hits: dict[str, None] = {}
        self._members = {member.key: member for member in members}
        self._start = start
        self._begun = False
        self._workloads: dict[Key, Tree] = {}
        self._pods: dict[str, _Pod] = {}
        self._objects: dict[str, Tree] = {}
        self._sets: dict[str, None] = {}
        self._slices: dict[Key, int] = {}
        self._services: dict[Key, Key] = {}
        self._down: dict[Key, int] = {}
        self._outages: dict[Key, int] = {}
        self._budgets: dict[Key, bool] = {}

    # ------------------------------------------------------------------ taking in
    def begin(self, found: Iterable[Happening]) -> None:
        """What there is before anything changes."""
        for happening in sorted(found, key=_pods_last):
            self.take(happening)
        self._begun = True

    def take(self, happening: Happening) -> None:
        """One write."""
        gvr = happening.key.gvr
        if gvr in WORKLOADS:
            self._workload(happening)
        elif gvr == REPLICASETS:
            self._replica_set(happening)
        elif gvr == PODS:
            self._pod(happening)
        elif gvr == ENDPOINTSLICES:
            self._slice(happening)
        elif gvr == BUDGETS:
            self._budget(happening)

    def say(self, at: int, text: str, tone: str = "text") -> None:
        """Add a line; nothing is said about what was there at the start."""
        if not self._begun:
            return
        if len(self.lines) >= KEEP:
            self.dropped += 1
        else:
            self.lines.append(Line(max(at - self._start, 0), text, tone))

    def _workload(self, happening: Happening) -> None:
        key = happening.key
        if key not in self._members:
            return
        old, kind = self._workloads.get(key), self._members[key].kind
        name = f"{SHORT.get(kind, kind.lower())}/{key.name}"
        if happening.type == "DELETED":
            self._workloads.pop(key, None)
            self.say(happening.at, f"{name} removed", "warn")
            return
        self._workloads[key] = happening.object
        if old is None:
            self.say(happening.at, f"{name} created")
            return
        before, after = (readiness.state_of(each) for each in (old, happening.object))
        if after.word not in {before.word, readiness.PROGRESSING}:
            tone = {readiness.READY: "good", readiness.FAILED: "bad"}.get(after.word, "text")
            self.say(happening.at, f"{name} {after.word}" + (f": {after.reason}" if after.reason else ""), tone)

    def _replica_set(self, happening: Happening) -> None:
        owner = refs.controller_of(happening.object)
        if owner is None or Key(DEPLOYMENTS, happening.key.namespace, owner["name"]) not in self._members:
            return
        if happening.key.name not in self._sets and happening.type != "DELETED":
            self._sets[happening.key.name] = None
            self.say(happening.at, f"rs/{happening.key.name} created")

    def _pod(self, happening: Happening) -> None:
        pod = happening.object
        uid = str(pod["metadata"].get("uid", ""))
        known = self._pods.get(uid)
        if known is None and not any(selects(obj, pod) for obj in self._workloads.values()):
            return
        if happening.type == "DELETED":
            if known is not None:
                self._pods[uid] = known._replace(gone=True)
                self._objects.pop(uid, None)
            return
        self._objects[uid] = pod
        word, tone = _word(pod)
        restarts = sum(each.get("restartCount", 0) for each in trees.get(pod, "status.containerStatuses", None) or ())
        original = known.original if known is not None else not self._begun
        self._pods[uid] = _Pod(word, restarts, original)
        if word and (known is None or known.word != word):
            self.say(happening.at, f"{self._named(pod)} {word}", tone)

    def _named(self, pod: Tree) -> str:
        """A pod by its workload and the end of its own name: what is between says nothing to a person."""
        name = str(pod["metadata"]["name"])
        owner = next((obj["metadata"]["name"] for obj in self._workloads.values() if selects(obj, pod)), "")
        head, _, end = name.rpartition("-")
        return f"{owner}…{end}" if owner and head.startswith(f"{owner}-") else name

    def _slice(self, happening: Happening) -> None:
        key = happening.key
        service = str((happening.object["metadata"].get("labels") or {}).get(_SERVICE_LABEL, ""))
        owner = Key(SERVICES, key.namespace, service)
        if owner not in self._members:
            return
        before = self._ready(owner)
        self._services[key] = owner
        if happening.type == "DELETED":
            self._slices.pop(key, None)
        else:
            endpoints = happening.object.get("endpoints") or ()
            self._slices[key] = sum(1 for each in endpoints if (each.get("conditions") or {}).get("ready", True))
        after = self._ready(owner)
        if before and not after:
            self._down[owner] = happening.at
            self.say(happening.at, f"svc/{service} has no ready endpoint", "bad")
        elif after and not before:
            since = self._down.pop(owner, None)
            if since is not None:
                self._outages[owner] = self._outages.get(owner, 0) + happening.at - since
            self.say(happening.at, f"svc/{service} answers", "good")

    def _ready(self, service: Key) -> int:
        return sum(count for key, count in self._slices.items() if self._services.get(key) == service)

    def _budget(self, happening: Happening) -> None:
        status = happening.object.get("status") or {}
        healthy, wanted = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
        low = bool(status.get("expectedPods", 0)) and healthy < wanted and happening.type != "DELETED"
        was, self._budgets[happening.key] = self._budgets.get(happening.key, False), low
        if low and not was and self._begun:
            text = f"pdb/{happening.key.name} {healthy} of {wanted} healthy"
            self.hits[text] = None
            self.say(happening.at, text, "warn")

    # ------------------------------------------------------------------ how it stands
    @property
    def resting(self) -> bool:
        """Whether no pod is on its way out."""
        return not any(pod["metadata"].get("deletionTimestamp") for pod in self._objects.values())

    def pods_of(self, obj: Tree) -> list[Tree]:
        """The pods that a workload looks after."""
        return [pod for pod in self._objects.values() if selects(obj, pod)]

    def outcome(self, word: str, took: int, reasons: Sequence[str], now: int) -> Outcome:
        """The sums, at the end."""
        pods = self._pods.values()
        outages = tuple(
            Outage(
                key.name,
                self._outages.get(key, 0) + (now - self._down[key] if key in self._down else 0),
                key in self._down,
            )
            for key in sorted({**self._outages, **self._down})
        )
        return Outcome(
            word,
            took,
            tuple(reasons),
            created=sum(1 for pod in pods if not pod.original),
            replaced=sum(1 for pod in pods if pod.original and pod.gone),
            restarts=sum(pod.restarts for pod in pods if not pod.original),
            hits=tuple(self.hits),
            outages=outages,
        )


def _pods_last(happening: Happening) -> bool:
    return happening.key.gvr == PODS


def _word(pod: Tree) -> tuple[str, str]:
    """What is said about a pod, and its tone; nothing before it has a node or cannot have one."""
    if pod["metadata"].get("deletionTimestamp"):
        return "stops", "faint"
    trouble = readiness.pod_trouble(pod).partition(" ")[2]
    if trouble:
        return trouble, "warn" if trouble.startswith("Pending") else "bad"
    ready = readiness.condition(pod, "Ready")
    if ready is not None and ready.get("status") == "True":
        return "ready", "good"
    if trees.get(pod, "status.phase", "") == "Succeeded":
        return "completed", "good"
    node = trees.get(pod, "spec.nodeName", "")
    return (f"→ {node}", "text") if node else ("", "text")
