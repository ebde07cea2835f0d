"""What an in-process cluster can say about causes: its journal, the scheduler's verdicts, and both told as a story."""

from collections.abc import Mapping, Sequence
from typing import Any

from kubesim.objects import tree as trees
from kubesim.objects.times import parse_time
from kubesim.objects.wire import FAULTS, PODS, Gvr, Key, Tree
from kubetui.client.port import (
    Decision,
    Explanation,
    JournalEntry,
    Statement,
    Trace,
    TraceHop,
    Traffic,
    Verdict,
    Version,
)
from kubetui.model import hints
from kubetui.model.symptoms import symptom


class LocalInsight:
    """The journal and the scheduler of the cluster in this process, in wire values."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster

    def show(self, cluster: Any) -> None:
        """Speak of another time of the cluster."""
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

    def versions(self, keys: Sequence[Key]) -> Mapping[Key, Sequence[Version]]:
        """The versions of objects that are still kept; the first is the one that was there before all writes."""
        store, journal = self._cluster.store, self._cluster.journal
        wanted = frozenset(tuple(key) for key in keys)
        found: dict[Key, list[Version]] = {}
        for revision, gvr, namespace, name, old, new in store.since(store.oldest):
            if (gvr, namespace, name) not in wanted:
                continue
            versions = found.setdefault(Key(gvr, namespace, name), [])
            if not versions and old is not None:
                versions.append(_first(old))
            entry = journal.find(revision)
            at, actor, verb = (entry.at, entry.actor, entry.verb) if entry is not None else (0, "", "")
            versions.append(Version(revision, at, actor, verb, new))
        for key in keys:
            tree = store.get(*key)
            if key not in found and tree is not None:
                found[key] = [_first(tree)]
        return found

    def written(self, gvr: Gvr, namespace: str = "") -> Sequence[Key]:
        """The objects of a kind that are there, or were as far back as something is kept."""
        store = self._cluster.store
        found = {Key(gvr, space, name): None for space, name, _ in store.items(gvr, namespace)}
        for _, table, space, name, _, _ in store.since(store.oldest):
            if table == gvr and (not namespace or space == namespace):
                found[Key(gvr, space, name)] = None
        return list(found)

    def decision(self, key: Key) -> Decision | None:
        """The scheduler's last verdict on a pod."""
        scheduler = getattr(self._cluster, "scheduler", None)
        if key.gvr != PODS or scheduler is None:
            return None
        found = scheduler.explain(key.namespace, key.name)
        return None if found is None else _decision(found)

    def why(self, key: Key) -> Explanation:
        """The whole explanation of an object's state."""
        store, now = self._cluster.store, self._cluster.loop.now
        tree = store.get(key.gvr, key.namespace, key.name)
        if tree is None:
            return Explanation(f"{key.gvr.resource} {key.name} is gone", chain=tuple(self.chain(key)))
        decision = self.decision(key)
        faults = [fault for fault in store.range(FAULTS) if _concerns(fault, key, tree)]
        statements = [Statement("observed", text, key) for text in hints.facts(key.gvr, tree)]
        reason = hints.hint(key.gvr, tree, hints.Surroundings(now, decision=decision))
        if reason and not any(reason in statement.text for statement in statements):
            statements.insert(0, Statement("observed", reason, key))
        chain = list(self.chain(key))
        for fault in faults:
            broken = Key(FAULTS, "", fault["metadata"]["name"])
            told = trees.get(fault, "spec.type", "Fault")
            statements.append(Statement("observed", f"{told} of {_target(fault)} is in force", broken))
            chain.extend(self.chain(broken))
        return Explanation(symptom(key.gvr, tree, now), tuple(statements), decision, tuple(chain))

    def outages(self) -> Sequence[str]:
        """The components of the control plane that do not work at present."""
        plane = getattr(self._cluster, "control_plane", None)
        return () if plane is None else plane.down()

    def trace(self, source: str, target: str, namespace: str) -> Trace:
        """Follow a connection, as the network would carry it now."""
        from kubesim.network.trace import summary, trace  # noqa: PLC0415 - only the simulator knows the way

        cluster = self._cluster
        try:
            found = trace(cluster.network, cluster.ingresses, source, target, namespace or "default")
        except ValueError as error:
            return Trace(error=str(error))
        hops = tuple(TraceHop(hop.stage, hop.text, hop.ok) for hop in found.hops)
        return Trace(hops, summary(found), found.connected)

    def traffic(self) -> tuple[int, Mapping[tuple[str, str], Traffic]]:
        """What simulated requests met lately."""
        meter = getattr(self._cluster, "traffic", None)
        if meter is None:
            return 0, {}
        return meter.version, {
            place: Traffic(report.rate, report.errors, report.latency) for place, report in meter.reports.items()
        }

    def _last_write(self, key: Key) -> int:
        tree = self._cluster.store.get(key.gvr, key.namespace, key.name)
        if tree is not None:
            return int(tree["metadata"]["resourceVersion"])
        place = (key.gvr, key.namespace, key.name)
        for entry in reversed(self._cluster.journal.since(0)):
            if (entry.gvr, entry.namespace, entry.name) == place:
                return int(entry.revision)
        return 0


def _first(tree: Tree) -> Version:
    """A version whose write is no longer kept."""
    metadata = tree["metadata"]
    return Version(int(metadata.get("resourceVersion", 0)), parse_time(metadata["creationTimestamp"]), "", "", tree)


def _target(fault: Tree) -> str:
    return str(trees.get(fault, "spec.target.name", ""))


def _concerns(fault: Tree, key: Key, tree: Tree) -> bool:
    """Whether a fault breaks the object itself or the node it runs on."""
    return _target(fault) in {key.name, trees.get(tree, "spec.nodeName", "")}


def _decision(found: Any) -> Decision:
    preemption = found.preemption
    return Decision(
        int(found.at),
        str(found.node or ""),
        str(found.message),
        tuple(_verdict(verdict) for verdict in found.verdicts),
        "" if preemption is None else str(preemption.message),
    )


def _verdict(verdict: Any) -> Verdict:
    status = verdict.status
    if status is not None:
        return Verdict(verdict.node, status.plugin, "; ".join(status.reasons))
    scores = tuple((score.plugin, int(score.weighted)) for score in verdict.scores)
    return Verdict(verdict.node, "", "", scores, int(verdict.total))
