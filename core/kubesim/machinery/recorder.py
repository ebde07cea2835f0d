"""The event recorder: writes Events and folds repetitions, as client-go's correlator does."""

from typing import TYPE_CHECKING, Any

from kubesim.kernel.loop import Loop
from kubesim.objects.errors import ApiError
from kubesim.objects.units import fnv32a
from kubesim.objects.wire import EMPTY, EVENTS, Tree

if TYPE_CHECKING:
    from kubesim.machinery.client import Client

SIMILAR_LIMIT = 10
SIMILAR_WINDOW_MS = 600_000
SPAM_BURST = 25
SPAM_REFILL_MS = 300_000
CACHE_SIZE = 4096
CONFLICT = 409
COMBINED = "(combined from similar events): "
"""# k8s: client-go/tools/record/events_cache.go"""


class _Group:
    """What has been said for one reason about one part of an object, once it was more than one thing or said twice."""

    __slots__ = ("at", "messages", "names")

    def __init__(self, at: int, message: str, name: str) -> None:
        self.at = at
        """When something was last said."""
        self.messages: tuple[str, ...] = (message,)
        """The first different messages."""
        self.names = {message: name}
        """The names of the Events; the one for many messages is under ``COMBINED``."""

    def is_one_of_many(self, message: str, now: int) -> bool:
        """Whether too many different messages have come, so that they become one Event."""
        if now - self.at > SIMILAR_WINDOW_MS:
            self.messages = (message,)
        elif message not in self.messages:
            if len(self.messages) >= SIMILAR_LIMIT - 1:
                self.at = now
                return True
            self.messages = (*self.messages, message)
        self.at = now
        return False


class _Subject:
    """What has been said about one object: the tokens of the spam filter, and by part and reason what was said when."""

    __slots__ = ("said", "spent_at", "tokens")

    def __init__(self, now: int) -> None:
        self.tokens = float(SPAM_BURST)
        self.spent_at = now
        self.said: dict[str, tuple[int, str, str] | _Group] = {}
        """While it was one thing only: the time, the message and the name of the Event."""

    def allow(self, now: int) -> bool:
        """Take a token, if there is one."""
        tokens = self.tokens
        if now != self.spent_at:
            tokens = min(float(SPAM_BURST), tokens + (now - self.spent_at) / SPAM_REFILL_MS)
            self.spent_at = now
        self.tokens = tokens - 1 if tokens >= 1 else tokens
        return tokens >= 1


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
        self._source: dict[str, str] = {}

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
        said = subject.said
        known = said.get(group)
        if known is None:
            name = self._create(about, kind, reason, message, field_path) if self.modern or subject.allow(now) else ""
            said[group] = (now, message, name)
            return
        if isinstance(known, tuple):
            known = said[group] = _Group(*known)
        key = message
        if not self.modern:
            if known.is_one_of_many(message, now):
                message, key = COMBINED + message, COMBINED
            if not subject.allow(now):
                return
        name = known.names.get(key, "")
        if not name or not self._repeat(about, name, message):
            known.names[key] = self._create(about, kind, reason, message, field_path)

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
        place = {"name": name, "namespace": namespace}
        if self.modern:
            event = self._modern(place, reference, kind, reason, message)
        else:
            stamp = loop.stamp()
            event = {
                "kind": "Event",
                "apiVersion": "v1",
                "metadata": place,
                "involvedObject": reference,
                "reason": reason,
                "message": message,
                "source": self._source or self._make_source(),
                "firstTimestamp": stamp,
                "lastTimestamp": stamp,
                "count": 1,
                "type": kind,
                "eventTime": None,
                "reportingComponent": self.component,
                "reportingInstance": self.host,
            }
        try:
            self._client.create(EVENTS, namespace, event)
        except ApiError as error:
            if error.code == CONFLICT:
                return self._renamed(namespace, event)
            # k8s: a recorder drops what the server refuses (a namespace that is going away).
            self.dropped += 1
        return name

    def _renamed(self, namespace: str, event: dict[str, Any]) -> str:
        """Create an Event whose name another component has just used for a namesake of the object."""
        name = f"{event['metadata']['name']}{fnv32a(self.component.encode()):08x}"
        try:
            self._client.create(EVENTS, namespace, {**event, "metadata": {"name": name, "namespace": namespace}})
        except ApiError:
            self.dropped += 1
        return name

    def _make_source(self) -> dict[str, str]:
        self._source = {"component": self.component, "host": self.host} if self.host else {"component": self.component}
        return self._source

    def _modern(self, place: Tree, reference: Tree, kind: str, reason: str, message: str) -> dict[str, Any]:
        return {
            "kind": "Event",
            "apiVersion": "v1",
            "metadata": place,
            "involvedObject": reference,
            "reason": reason,
            "message": message,
            "source": EMPTY,
            "firstTimestamp": None,
            "lastTimestamp": None,
            "type": kind,
            "eventTime": self._loop.micro_stamp(),
            "action": "Binding" if reason == "Scheduled" else "Scheduling",
            "reportingComponent": self.component,
            "reportingInstance": f"{self.component}-{self.host or 'cp-1'}",
        }


def _refer(about: Tree, field_path: str) -> Tree:
    metadata = about["metadata"]
    reference = {
        "kind": about.get("kind", ""),
        "namespace": metadata.get("namespace"),
        "name": metadata["name"],
        "uid": metadata.get("uid", ""),
        "apiVersion": about.get("apiVersion", "v1"),
        "resourceVersion": metadata.get("resourceVersion", ""),
    }
    if reference["namespace"] is None:
        del reference["namespace"]
    if field_path:
        reference["fieldPath"] = field_path
    return reference
