"""The in-process client of components: reads shared trees, sends Requests, raises typed errors, records Events."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from kubesim.kernel.loop import Loop
from kubesim.machinery.recorder import Recorder
from kubesim.objects.wire import EMPTY, JSON, STRATEGIC_PATCH, Asked, Gvr, Identity, Key, Tree
from kubesim.store.index import Index
from kubesim.store.mvcc import Store


class Api(Protocol):
    """The waist as a component sees it: authenticated by construction, bodies already valid."""

    def perform(self, asked: Asked) -> Tree:
        """Carry out a request of a trusted component; returns the body of the answer. Raises ApiError."""


class Client:
    """What one component reads, writes and says.

    ``cause`` is the revision that the component is acting upon; drivers set it before each reconcile, and every
    Request carries it to the journal.
    """

    def __init__(self, api: Api, store: Store, loop: Loop, identity: Identity) -> None:
        self.identity = identity
        self.cause = 0
        self.note = ""
        self._api = api
        self._store = store
        self._loop = loop
        self.recorder = Recorder(self, loop)
        # These three are called so often that a call in between would show.
        self.get = store.get
        """The object as it is now, or None."""
        self.event = self.recorder.event
        """Record an Event about an object or a part of it; its kind is Normal or Warning. Never raises."""
        self.stamp = loop.stamp
        """The present as metav1.Time, one shared string per second."""

    # ------------------------------------------------------------------ reading: the store's own trees
    def list(self, gvr: Gvr, namespace: str = "") -> list[Tree]:
        """All objects of a kind (of a namespace) in key order. O(n log n): never on a status event."""
        return self._store.range(gvr, namespace)

    def index(self, gvr: Gvr, value: Callable[[Tree], str], part: str = "") -> Index:
        """An index on a table; ``value`` is a module-level function, "" means not in the index.

        With a ``part`` (a top-level field) the value depends on that field alone. Equal indexes are shared.
        """
        return self._store.add_index(gvr, Index(value, part))

    @property
    def revision(self) -> int:
        """The newest revision in the store."""
        return self._store.revision

    # ------------------------------------------------------------------ writing: one Request each
    def create(self, gvr: Gvr, namespace: str, body: Tree, subresource: str = "", name: str = "") -> Tree:
        """Create; ``name`` only for subresources (binding, eviction). Raises ApiError."""
        key = (gvr, namespace, name)
        return self._api.perform(
            ("create", key, subresource, body, EMPTY, self.identity, self.cause, self.note, JSON, JSON)
        )

    def update(self, gvr: Gvr, body: Tree, subresource: str = "") -> Tree:
        """Replace; fails with Conflict when ``metadata.resourceVersion`` is not the newest. Raises ApiError."""
        metadata = body["metadata"]
        key = (gvr, metadata.get("namespace", ""), metadata["name"])
        return self._send("update", key, subresource, body)

    def update_status(self, gvr: Gvr, body: Tree) -> Tree:
        """Replace the status. Raises ApiError."""
        metadata = body["metadata"]
        key = (gvr, metadata.get("namespace", ""), metadata["name"])
        return self._send("update", key, "status", body)

    def patch(self, key: Key, body: Any, content_type: str = STRATEGIC_PATCH, subresource: str = "") -> Tree:
        """Patch. Raises ApiError."""
        return self._send("patch", key, subresource, body, content_type=content_type)

    def delete(self, gvr: Gvr, namespace: str, name: str, options: Mapping[str, Any] | None = None) -> Tree:
        """Delete; ``options`` are DeleteOptions fields (gracePeriodSeconds, propagationPolicy, preconditions)."""
        return self._send("delete", (gvr, namespace, name), "", options)

    def _send(
        self, verb: str, key: tuple[Gvr, str, str], subresource: str, body: Any, content_type: str = JSON
    ) -> Tree:
        return self._api.perform(
            (verb, key, subresource, body, EMPTY, self.identity, self.cause, self.note, content_type, JSON)
        )

    # ------------------------------------------------------------------ time
    def now(self) -> int:
        """The present in milliseconds since 1970; pass it into pure functions."""
        return self._loop.now
