"""The event recorder: writes Events and folds repetitions, as client-go's correlator does."""

from typing import TYPE_CHECKING, Any, NamedTuple

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
"""# k8s: client-go/tools/record/events_cache.go"""


class _Similar(NamedTuple):
    messages: dict[str, None]
    last: int


class _Bucket(NamedTuple):
    tokens: float
    last: int


class Recorder:
    """Records Events for one component.

    With ``modern`` it follows the events.k8s.io recorder of the scheduler: series instead of counts, no spam filter.
    """

    def __init__(self, client: "Client", loop: Loop) -> None:
        self.modern = False
        self._client = client
        self._loop = loop
        self._serial = 0
        self._similar: dict[tuple[str, str, str, str], _Similar] = {}
        self._known: dict[tuple[str, str, str, str], tuple[str, str]] = {}
        self._buckets: dict[str, _Bucket] = {}
        self._references: tuple[Tree | None, Tree] = (None, {})
        self.host = ""
        """The node name, for kubelets."""

    def event(self, about: Tree, kind: str, reason: str, message: str) -> None:
        """Record one occurrence. Events about things that no longer exist are recorded all the same."""
        uid = about["metadata"].get("uid", "")
        if not self.modern:
            message = self._aggregate(uid, kind, reason, message)
        known = self._known.get((uid, kind, reason, message))
        if known is not None and self._repeat(known):
            return
        if not self.modern and not self._allow(uid):
            return
        self._create(about, kind, reason, message)

    def _aggregate(self, uid: str, kind: str, reason: str, message: str) -> str:
        now = self._loop.now
        key = (uid, kind, reason, "")
        found = self._similar.get(key)
        if found is None or now - found.last > SIMILAR_WINDOW_MS:
            _bound(self._similar)
            self._similar[key] = _Similar({message: None}, now)
            return message
        messages = found.messages
        if len(messages) < SIMILAR_LIMIT:
            messages[message] = None
        self._similar[key] = _Similar(messages, now)
        if len(messages) >= SIMILAR_LIMIT:
            return "(combined from similar events): " + message if message not in messages else message
        return message

    def _allow(self, uid: str) -> bool:
        now = self._loop.now
        bucket = self._buckets.get(uid)
        if bucket is None:
            _bound(self._buckets)
            tokens = float(SPAM_BURST)
        else:
            tokens = min(float(SPAM_BURST), bucket.tokens + (now - bucket.last) / SPAM_REFILL_MS)
        allowed = tokens >= 1
        self._buckets[uid] = _Bucket(tokens - 1 if allowed else tokens, now)
        return allowed

    def _repeat(self, place: tuple[str, str]) -> bool:
        old = self._client.get(EVENTS, *place)
        if old is None:
            return False
        if not self._allow(old["involvedObject"].get("uid", "")) and not self.modern:
            return True
        if self.modern:
            count = old.get("series", {}).get("count", 1) + 1
            change: dict[str, Any] = {"series": {"count": count, "lastObservedTime": self._loop.micro_stamp()}}
        else:
            change = {"count": old.get("count", 1) + 1, "lastTimestamp": self._loop.stamp()}
        self._write({**old, **change}, create=False)
        return True

    def _create(self, about: Tree, kind: str, reason: str, message: str) -> None:
        metadata = about["metadata"]
        namespace = metadata.get("namespace") or "default"
        self._serial += 1
        name = f"{metadata['name']}.{self._loop.now * 1_000_000 + self._serial % 1_000_000:x}"
        uid = metadata.get("uid", "")
        _bound(self._known)
        self._known[uid, kind, reason, message] = (namespace, name)
        stamp = self._loop.stamp()
        event: dict[str, Any] = {
            "kind": "Event",
            "apiVersion": "v1",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": self._reference(about),
            "reason": reason,
            "message": message,
            "type": kind,
        }
        agent = self._client.identity.agent
        if self.modern:
            event["source"] = {}
            event["firstTimestamp"] = event["lastTimestamp"] = None
            event["eventTime"] = self._loop.micro_stamp()
            event["action"] = "Binding" if reason == "Scheduled" else "Scheduling"
            event["reportingComponent"] = agent
            event["reportingInstance"] = f"{agent}-{self.host or 'cp-1'}"
        else:
            event["source"] = {"component": agent, "host": self.host} if self.host else {"component": agent}
            event["firstTimestamp"] = event["lastTimestamp"] = stamp
            event["count"] = 1
            event["eventTime"] = None
            event["reportingComponent"] = agent
            event["reportingInstance"] = self.host
        self._write(event, create=True)

    def _reference(self, about: Tree) -> Tree:
        # One reference object is shared by the events that follow each other about one object.
        if self._references[0] is about:
            return self._references[1]
        metadata = about["metadata"]
        reference = {
            "kind": about.get("kind", ""),
            "namespace": metadata.get("namespace", ""),
            "name": metadata["name"],
            "uid": metadata.get("uid", ""),
            "apiVersion": about.get("apiVersion", "v1"),
            "resourceVersion": metadata.get("resourceVersion", ""),
        }
        if not reference["namespace"]:
            del reference["namespace"]
        if "fieldPath" in about:
            reference["fieldPath"] = about["fieldPath"]
        self._references = (about, reference)
        return reference

    def _write(self, event: Tree, *, create: bool) -> None:
        try:
            if create:
                self._client.create(EVENTS, event["metadata"]["namespace"], event)
            else:
                self._client.update(EVENTS, event)
        except ApiError:
            # k8s: a recorder drops what the server refuses (a namespace that is going away).
            self.dropped = getattr(self, "dropped", 0) + 1


def _bound(cache: dict[Any, Any]) -> None:
    if len(cache) >= CACHE_SIZE:
        del cache[next(iter(cache))]
