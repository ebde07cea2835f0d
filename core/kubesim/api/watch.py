"""Watches: cursors over the store's log, with events as a client's selectors and representation want them."""

from collections.abc import Callable, Iterator
from typing import Any

from kubesim.api import tables
from kubesim.api.failures import bad_revision, plain, too_old_watch
from kubesim.api.lists import selects
from kubesim.api.negotiation import Representation
from kubesim.api.options import ListOptions, revision_of
from kubesim.api.scheme import table_of
from kubesim.api.strategy import Strategy
from kubesim.api.webhooks import OUTSIDE, Answer, Awaited, OutsideCall
from kubesim.kernel.loop import Loop
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import Gvr, Tree, WatchEvent
from kubesim.store.mvcc import CompactedError, Store

BOOKMARK_PERIOD_MS = 60_000
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


class Cursor:
    """A watch that is pulled. It stays usable until ``closed``, which a too old revision makes true.

    # k8s: apiserver/pkg/storage/cacher
    """

    def __init__(
        self,
        store: Store,
        loop: Loop,
        strategy: Strategy,
        namespace: str,
        options: ListOptions,
        form: Representation,
        simulated: Callable[[OutsideCall], Answer | None] | None = None,
    ) -> None:
        self.closed = False
        self._simulated = simulated
        self._store = store
        self._loop = loop
        self._strategy = strategy
        self._table = table_of(strategy)
        self._namespace = namespace
        self._options = options
        self._form = form
        self._headed = True
        self._plain = options.labels is None and options.fields is None
        self._next_bookmark = loop.now + BOOKMARK_PERIOD_MS
        asked = revision_of(options.revision, _bad_revision)
        initial = options.initial_events
        if initial is None:
            initial = asked == 0
        elif not initial and asked == 0:
            asked = store.revision
        self.revision = store.revision if initial else asked
        """The newest revision that the client has been told of."""
        self._backlog: list[WatchEvent] = self._asking(self._initial) if initial else []

    @property
    def kind(self) -> tuple[Gvr, str] | None:
        """Watches of one kind that stand at one revision are told the same next; None when nobody else is told so."""
        own = self.closed or self._backlog or not self._plain or self._form.form
        return None if own or self._strategy.storage is not None else (self._table, self._namespace)

    def skip_to(self, revision: int) -> None:
        """The client was told of everything up to a revision by what another watch of its kind was told."""
        self.revision = revision

    # ------------------------------------------------------------------ pulling
    def poll(self, limit: int | None = None) -> list[WatchEvent]:
        """The events since the last poll, at most ``limit`` of them. The last one before the end may be an ERROR."""
        if self.closed:
            return []
        if self._strategy.storage is None:
            return self._polled(limit)
        return self._asking(lambda: self._polled(limit))

    def _asking(self, find: Callable[[], list[WatchEvent]]) -> list[WatchEvent]:
        # Another version of a custom object may have to be asked of a webhook in a pod of this cluster.
        before, OUTSIDE.simulated = OUTSIDE.simulated, self._simulated
        try:
            return find()
        finally:
            OUTSIDE.simulated = before

    def _polled(self, limit: int | None) -> list[WatchEvent]:
        if self._backlog:
            taken = self._backlog if limit is None else self._backlog[:limit]
            self._backlog = [] if limit is None else self._backlog[limit:]
            if limit is not None and len(taken) >= limit:
                return taken
            return taken + self._follow(None if limit is None else limit - len(taken))
        return self._follow(limit)

    def _follow(self, limit: int | None) -> list[WatchEvent]:
        store = self._store
        if self.revision >= store.revision:
            return self._bookmarks()
        try:
            changes = store.since(self.revision)
        except CompactedError:
            self.closed = True
            status = too_old_watch(self.revision, store.oldest).status
            return [WatchEvent("ERROR", status, self.revision)]
        found: list[WatchEvent] = []
        table, namespace = self._table, self._namespace
        for revision, gvr, space, _, old, new in changes:
            if limit is not None and len(found) >= limit:
                return found
            if gvr != table or (namespace and space != namespace):
                self.revision = revision
                continue
            try:
                event = self._event(old, new, revision)
            except Awaited:
                # A webhook has to be asked: this change is told of the next time.
                if found:
                    return found
                raise
            self.revision = revision
            if event is not None:
                found.append(event)
        return found or self._bookmarks()

    def __iter__(self) -> Iterator[WatchEvent]:
        return iter(self.poll())

    # ------------------------------------------------------------------ events
    def _event(self, old: Tree | None, new: Tree | None, revision: int) -> WatchEvent | None:
        was = old is not None and self._wants(old)
        wanted = new is not None and self._wants(new)
        if wanted:
            return self._made("MODIFIED" if was else "ADDED", new, revision)
        if was and old is not None:
            # k8s: an object that leaves a selection is shown as it was, with the revision of the change.
            last = {**old, "metadata": {**old["metadata"], "resourceVersion": str(revision)}}
            return self._made("DELETED", last, revision)
        return None

    def _wants(self, obj: Tree) -> bool:
        return self._plain or selects(self._strategy, self._options, obj)

    def _made(self, kind: str, obj: Any, revision: int) -> WatchEvent:
        strategy = self._strategy
        if strategy.storage is not None:
            obj = strategy.from_storage(obj)
        return WatchEvent(kind, self._shown(obj), revision)

    def _shown(self, obj: Tree) -> Tree:
        form = self._form
        if not form.form:
            return obj
        if form.form != "Table":
            return tables.partial(obj, form.version)
        metadata = {"resourceVersion": obj["metadata"]["resourceVersion"]}
        headed, self._headed = self._headed, False
        include = self._options.include_object
        return tables.table(self._strategy, [obj], metadata, self._loop.now, include, form.version, headed=headed)

    def _initial(self) -> list[WatchEvent]:
        events = []
        if self._strategy.custom:
            self._strategy.many_from_storage(self._store.range(self._table, self._namespace))
        for _, _, obj in self._store.items(self._table, self._namespace):
            if self._wants(obj):
                events.append(self._made("ADDED", obj, int(obj["metadata"]["resourceVersion"])))
        if self._options.initial_events and self._options.bookmarks:
            events.append(self._bookmark({INITIAL_EVENTS_END: "true"}))
        return events

    def _bookmarks(self) -> list[WatchEvent]:
        if not self._options.bookmarks or self._loop.now < self._next_bookmark:
            return []
        self._next_bookmark = self._loop.now + BOOKMARK_PERIOD_MS
        return [self._bookmark({})]

    def _bookmark(self, annotations: dict[str, str]) -> WatchEvent:
        metadata: dict[str, Any] = {"resourceVersion": str(self.revision)}
        if annotations:
            metadata["annotations"] = annotations
        strategy = self._strategy
        blank = {"kind": strategy.kind, "apiVersion": strategy.gvr.api_version, "metadata": metadata}
        if self._form.form != "Table":
            return WatchEvent("BOOKMARK", self._shown(blank), self.revision)
        return WatchEvent("BOOKMARK", self._blank_table(blank), self.revision)

    def _blank_table(self, blank: Tree) -> Tree:
        # A bookmark has no cells that the kind's printer could make.
        shown = tables.table(self._strategy, [], {"resourceVersion": str(self.revision)}, 0, headed=self._headed)
        self._headed = False
        try:
            cells = self._strategy.row({**blank, "metadata": {"name": ""}, "spec": {}, "status": {}}, self._loop.now)
        except (KeyError, TypeError, ValueError):
            # Not every printer can do with so little; nobody looks at these cells.
            cells = [_blank_cell(column.name, column.type) for column in self._strategy.columns]
        return {**shown, "rows": [{"cells": cells, "object": tables.partial(blank, self._form.version)}]}


def _blank_cell(name: str, kind: str) -> Any:
    if name == "Age":
        return "<unknown>"
    return 0 if kind in {"integer", "number"} else ""


def _bad_revision(text: str) -> ApiError:
    return plain(bad_revision(text))
