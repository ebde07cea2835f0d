"""What an in-process cluster can say about causes: its journal, the scheduler's verdicts, and both told as a story."""

from collections.abc import Sequence
from typing import Any

from kubesim.objects.wire import PODS, Key
from kubetui.client.port import Decision, Explanation, JournalEntry, Statement, Verdict
from kubetui.model import hints


class LocalInsight:
    """The journal and the scheduler of the cluster in this process, in wire values."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster

    def journal(self, position: int, limit: int | None = None) -> tuple[Sequence[JournalEntry], int]:
        """The writes from a position on, the newest ``limit`` of them, and the position after them."""
        journal = self._cluster.journal
        end = len(journal)
        start = position if limit is None else max(position, end - limit)
        return [JournalEntry(*entry) for entry in journal.since(start)], end

    def chain(self, about: Key | int) -> Sequence[JournalEntry]:
        """The last write of an object, or of a revision, and what caused it; newest first."""
        revision = about if isinstance(about, int) else self._last_write(about)
        return [JournalEntry(*entry) for entry in self._cluster.journal.chain(revision)]

    def decision(self, key: Key) -> Decision | None:
        """The scheduler's last verdict on a pod."""
        scheduler = getattr(self._cluster, "scheduler", None)
        if key.gvr != PODS or scheduler is None:
            return None
        found = scheduler.explain(key.namespace, key.name)
        return None if found is None else _decision(found)

    def why(self, key: Key) -> Explanation:
        """The whole explanation of an object's state."""
        store = self._cluster.store
        tree = store.get(key.gvr, key.namespace, key.name)
        if tree is None:
            return Explanation(f"{key.gvr.resource} {key.name} is gone", chain=tuple(self.chain(key)))
        decision = self.decision(key)
        hint = hints.hint(key.gvr, tree, hints.Surroundings(decision=decision, now=self._cluster.loop.now))
        statements = tuple(Statement("observed", text, key) for text in hints.facts(key.gvr, tree))
        return Explanation(hint or "nothing wrong", statements, decision, tuple(self.chain(key)))

    def _last_write(self, key: Key) -> int:
        tree = self._cluster.store.get(key.gvr, key.namespace, key.name)
        if tree is not None:
            return int(tree["metadata"]["resourceVersion"])
        place = (key.gvr, key.namespace, key.name)
        for entry in reversed(self._cluster.journal.since(0)):
            if (entry.gvr, entry.namespace, entry.name) == place:
                return int(entry.revision)
        return 0


def _decision(found: Any) -> Decision:
    verdicts = tuple(
        Verdict(
            verdict.node,
            getattr(verdict, "plugin", ""),
            getattr(verdict, "message", ""),
            tuple(getattr(verdict, "scores", ()) or ()),
            getattr(verdict, "total", None),
        )
        for verdict in found.verdicts
    )
    return Decision(found.at, found.node or "", found.message, verdicts, getattr(found, "preemption", ""))
