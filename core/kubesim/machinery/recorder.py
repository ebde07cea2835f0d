"""The event recorder: writes Events and folds repetitions, as client-go's correlator does."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kubesim.kernel.loop import Loop
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import EVENTS, Tree

if TYPE_CHECKING:
    from kubesim.machinery.client import Client

SIMILAR_LIMIT = 10
SIMILAR_WINDOW_MS = 600_000
SPAM_BURST = 25
SPAM_REFILL_MS = 300_000
CACHE_SIZE = 4096
COMBINED = "(combined from similar events): "
"""# k8s: client-go/tools/record/events_cache.go"""


@lru_cache(maxsize=CACHE_SIZE)
def _joined(group: str, message: str) -> str:
    """The text that tells an Event from others about one object; most objects share it, so it is one string."""
    return group + message


class _Subject:
    """What has been said about one object: the spam filter's tokens, similar messages by group, Events by text."""

    __slots__ = ("known", "similar", "spent_at", "tokens")

    def __init__(self, now: int) -> None:
        self.tokens = float(SPAM_BURST)
        self.spent_at = now
        self.similar: dict[str, tuple[int, tuple[str, ...]]] = {}
        """When a message of a group was last said, and the first different ones."""
        self.known: dict[str, str] = {}
        """The names of the Events."""

    def allow(self, now: int) -> bool:
        """Take a token, if there is one."""
        if now != self.spent_at:
            self.tokens = min(float(SPAM_BURST), self.tokens + (now - self.spent_at) / SPAM_REFILL_MS)
            self.spent_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def is_one_of_many(self, group: str, message: str, now: int) -> bool:
        """Whether too many different messages of one group have come, so that they become one Event."""
        found = self.similar.get(group)
        if found is None or now - found[0] > SIMILAR_WINDOW_MS:
            self.similar[group] = (now, (message,))
            return False
        messages = found[1]
        if message in messages:
            self.similar[group] = (now, messages)
            return False
        if len(messages) < SIMILAR_LIMIT - 1:
            self.similar[group] = (now, (*messages, message))
            return False
        self.similar[group] = (now, messages)
        return True


class Recorder:
    """Records Events for one component.

    With ``modern`` it follows the events.k8s.io recorder of the scheduler: series instead of counts, no spam filter.
    # differs: of the subjects the latest 4,096 to 8,192 are remembered, instead of 4,096 in each of three caches.
    """

    def __init__(self, client: "Client", loop: Loop) -> None:
        self.modern = False
        self.component = client.identity.agent
        """The event source; the agent unless Kubernetes names it otherwise."""
        self.host = ""
        """The node name, for kubelets."""
        self.dropped = 0
        """How many Events the server refused."""
        self._client = client
        self._loop = loop
        self._serial = 0
        self._young: dict[str, _Subject] = {}
        self._old: dict[str, _Subject] = {}
        self._reference: tuple[Tree | None, str, Tree] = (None, "", {})
        self._shape: dict[str, Any] = {}

    def event(self, about: Tree, kind: str, reason: str, message: str, field_path: str = "") -> None:
        """Record one occurrence, of the part of the object that ``field_path`` names.

        Never raises; what the server refuses is dropped and counted.
        """
        now = self._loop.now
        uid = about["metadata"].get("uid", "")
        subject = self._young.get(uid)
        if subject is None:
            subject = self._young[uid] = self._renewed(uid, now)
        group = field_path + reason if field_path else reason
        if self.modern:
            key = group + message
        else:
            key = _joined(group, message)
            if subject.is_one_of_many(group, message, now):
                message, key = COMBINED + message, group
            if not subject.allow(now):
                return
        known = subject.known
        name = known.get(key)
        if name is None or not self._repeat(about, name, message):
            known[key] = self._create(about, kind, reason, message, field_path)

    def _renewed(self, uid: str, now: int) -> _Subject:
        if len(self._young) >= CACHE_SIZE:
            self._old, self._young = self._young, {}
        return self._old.pop(uid, None) or _Subject(now)

    def _repeat(self, about: Tree, name: str, message: str) -> bool:
        old = self._client.get(EVENTS, about["metadata"].get("namespace") or "default", name)
        if old is None:
            return False
        change: dict[str, Any]
        if self.modern:
            count = (old.get("series") or {}).get("count", 1) + 1
            change = {"series": {"count": count, "lastObservedTime": self._loop.micro_stamp()}}
        else:
            change = {"count": old.get("count", 1) + 1, "lastTimestamp": self._loop.stamp(), "message": message}
        try:
            self._client.update(EVENTS, {**old, **change})
        except ApiError:
            self.dropped += 1
        return True

    def _create(self, about: Tree, kind: str, reason: str, message: str, field_path: str) -> str:
        metadata = about["metadata"]
        namespace = metadata.get("namespace") or "default"
        loop = self._loop
        self._serial += 1
        name = "%s.%x" % (metadata["name"], loop.now * 1_000_000 + self._serial % 1_000_000)  # noqa: UP031 - faster
        known, path, reference = self._reference
        # One reference object is shared by the events that follow each other about one object.
        if known is not about or path != field_path:
            reference = _refer(about, field_path)
            self._reference = (about, field_path, reference)
        # The server takes this tree over: it must be new, its metadata too.
        event = (self._shape or self._make_shape()).copy()
        event["metadata"] = {"name": name, "namespace": namespace}
        event["involvedObject"] = reference
        event["reason"] = reason
        event["message"] = message
        event["type"] = kind
        if self.modern:
            event["eventTime"] = loop.micro_stamp()
            event["action"] = "Binding" if reason == "Scheduled" else "Scheduling"
        else:
            event["firstTimestamp"] = event["lastTimestamp"] = loop.stamp()
        try:
            self._client.create(EVENTS, namespace, event)
        except ApiError:
            # k8s: a recorder drops what the server refuses (a namespace that is going away).
            self.dropped += 1
        return name

    def _make_shape(self) -> dict[str, Any]:
        agent = self.component
        self._shape = {"kind": "Event", "apiVersion": "v1", "metadata": {}, "involvedObject": {}}
        self._shape.update(reason="", message="", source={}, firstTimestamp=None, lastTimestamp=None)
        if self.modern:
            reporter = {"reportingComponent": agent, "reportingInstance": f"{agent}-{self.host or 'cp-1'}"}
            self._shape.update(type="", eventTime=None, action="", **reporter)
        else:
            self._shape["source"] = {"component": agent, "host": self.host} if self.host else {"component": agent}
            self._shape.update(count=1, type="", eventTime=None, reportingComponent=agent, reportingInstance=self.host)
        return self._shape


def _refer(about: Tree, field_path: str) -> Tree:
    metadata = about["metadata"]
    reference = {"kind": about.get("kind", "")}
    if "namespace" in metadata:
        reference["namespace"] = metadata["namespace"]
    reference["name"] = metadata["name"]
    reference["uid"] = metadata.get("uid", "")
    reference["apiVersion"] = about.get("apiVersion", "v1")
    reference["resourceVersion"] = metadata.get("resourceVersion", "")
    if field_path:
        reference["fieldPath"] = field_path
    return reference
