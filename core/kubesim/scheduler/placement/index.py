"""Placement: the best node for one sort of pod, without looking at every node again for each pod."""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from kubesim.scheduler.cache import Cache
from kubesim.scheduler.counters import Counter, Matcher
from kubesim.scheduler.diagnosis import Diagnosis, Sort, sort_of
from kubesim.scheduler.framework import MAX_NODE_SCORE, Status
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.nominator import Nominator
from kubesim.scheduler.placement.attraction import AffinityTally
from kubesim.scheduler.placement.parts import Bucket, Group, Host, Place
from kubesim.scheduler.placement.places import Places
from kubesim.scheduler.placement.spread import SpreadTally
from kubesim.scheduler.plugins.inter_pod_affinity import normalize_affinity
from kubesim.scheduler.plugins.node_ports import NodePorts
from kubesim.scheduler.plugins.node_resources import balanced_allocation, fit_status, least_allocated
from kubesim.scheduler.podinfo import Incoming

SPREAD_WEIGHT = 2
AFFINITY_WEIGHT = 2


class Choice(NamedTuple):
    """The best node, its total score, and how many nodes were feasible."""

    node: NodeInfo
    score: int
    feasible: int


class Placement:
    """Answers ``choose`` and ``diagnose`` as the full cycle over all nodes would."""

    def __init__(self, pod: Incoming, cache: Cache, nominator: Nominator) -> None:
        self.pod = pod
        self.live = True
        self.terms_revision = cache.terms_revision
        """Of the cache, when it was last found that running pods' terms look at no more labels than ``pod`` has."""
        self._cache = cache
        self._nominator = nominator
        self._ports = NodePorts()
        self._acquired: list[Counter] = []
        self._places = Places(pod, cache)
        self._spread: SpreadTally | None = None
        self._affinity: AffinityTally | None = None
        self._where: list[Bucket | None] = []
        self._scores: list[int] = []
        self._failures: dict[int, Status] = {}
        self._counts: dict[Sort, int] = {}
        self._buckets: dict[tuple[int, Host], Bucket] = {}
        self._position = 0
        self._weighed: tuple[int, ...] | None = None
        self._groups: list[Group] = []
        self._rebuild()

    # ------------------------------------------------------------------ counters
    def _acquire(self, matcher: Matcher) -> Counter:
        counter = self._cache.counters.acquire(matcher, self._cache.settled())
        self._acquired.append(counter)
        return counter

    def _make_spread(self) -> SpreadTally:
        pod, counters, slots = self.pod, [], []
        found: dict[Matcher, int] = {}
        for constraint in (*pod.hard, *pod.soft):
            matcher = Matcher(namespace=pod.info.namespace, selector=constraint.selector)
            if matcher not in found:
                found[matcher] = len(counters)
                counters.append(self._acquire(matcher))
            slots.append(found[matcher])
        return SpreadTally(pod, counters, slots)

    def _make_affinity(self) -> AffinityTally:
        terms = self.pod.info.terms
        counters = []
        if terms is not None:
            if terms.required:
                counters.append(self._acquire(Matcher(tuple(term.pods for term in terms.required))))
            counters += [self._acquire(Matcher((term.pods,))) for term in (*terms.anti, *terms.preferred)]
        around = self._cache.namespace_labels(self.pod.info.namespace)
        return AffinityTally(self.pod, around, counters)

    def close(self) -> None:
        """Give the counters back; it is not used again."""
        self.live = False
        self._release()

    def _release(self) -> None:
        for counter in self._acquired:
            self._cache.counters.release(counter)
        self._acquired.clear()

    # ------------------------------------------------------------------ following the cluster
    def _rebuild(self) -> None:
        self._release()
        cache, pod = self._cache, self.pod
        self._spread = self._make_spread() if pod.hard or pod.soft else None
        self._affinity = self._make_affinity() if pod.info.terms is not None or cache.has_affinity else None
        if self._affinity is not None:
            for node in cache.nodes_with_affinity():
                for terms in node.affinity:
                    self._places.add_keys(self._affinity.keys_of(terms))
        self._places.clear()
        self._where, self._scores = [], []
        self._failures, self._counts, self._buckets = {}, {}, {}
        self._weighed = None
        self._position = cache.log_start + len(cache.log)
        self._grow()
        for index in range(len(cache.nodes)):
            self._refresh(index)

    def _grow(self) -> None:
        missing = len(self._cache.nodes) - len(self._where)
        if missing > 0:
            self._where += [None] * missing
            self._scores += [0] * missing

    def catch_up(self) -> None:
        """Look again at the nodes that something has happened to."""
        cache = self._cache
        end = cache.log_start + len(cache.log)
        if self._position == end:
            return
        behind = self._position - cache.log_start
        if behind < 0 or (self._affinity is None and cache.has_affinity):
            self._rebuild()
            return
        dirty = cache.log[behind:]
        self._position = end
        if len(dirty) > 1:
            dirty = list(dict.fromkeys(dirty))
        self._grow()
        for index in dirty:
            self._refresh(index)
        if self._affinity is not None and not self._places.knows(self._affinity.keys):
            self._rebuild()

    def _refresh(self, index: int) -> None:
        node = self._cache.nodes[index]
        place = self._places.get(index)
        if node is None or place is None or self._places.revisions[index] != node.revision:
            if place is not None:
                self._leave(index, place)
            if node is None:
                self._drop(index)
                self._places.forget(index)
                return
            place = self._places.find(node)
            if self._spread is not None:
                self._spread.enter(index, place, 1)
        host: Host = ()
        if self._spread is not None:
            host = self._spread.recount(index, place)
        if self._affinity is not None:
            host += self._affinity.recount(index, node, place)
        status = place.failure or self._misfit(node)
        if status is None:
            self._put(index, place.group, host, self._score(node))
        else:
            self._drop(index)
            self._failures[index] = status
            sort = sort_of(status)
            self._counts[sort] = self._counts.get(sort, 0) + 1

    def _leave(self, index: int, place: Place) -> None:
        if self._spread is not None:
            self._spread.enter(index, place, -1)
        if self._affinity is not None:
            self._affinity.leave(index, place)

    def _misfit(self, node: NodeInfo) -> Status | None:
        info = self.pod.info
        if self._nominator:
            rivals = self._nominator.rivals(node.name, info.priority, "")
            if rivals:
                node = node.copy()
                for record in rivals:
                    node.add(record)
        if info.ports:
            status = self._ports.filter({}, self.pod, node)
            if status is not None:
                return status
        if (
            len(node.pods) < node.max_pods
            and info.cpu <= node.cpu - node.cpu_used
            and info.memory <= node.memory - node.memory_used
            and not info.others
        ):
            return None
        return fit_status(info, node)

    def _score(self, node: NodeInfo) -> int:
        info = self.pod.info
        cpu, memory = node.cpu, node.memory
        if not cpu or not memory:
            return least_allocated(info, node) + (0 if info.best_effort else balanced_allocation(info, node))
        # The same as least_allocated and balanced_allocation, in one go: this runs for every change of every node.
        free_cpu = cpu - node.cpu_scored - info.scored_cpu
        free_memory = memory - node.memory_scored - info.scored_memory
        least = (free_cpu * MAX_NODE_SCORE // cpu if free_cpu > 0 else 0) + (
            free_memory * MAX_NODE_SCORE // memory if free_memory > 0 else 0
        )
        if info.best_effort:
            return least // 2
        share = (node.cpu_used + info.cpu) / cpu
        other = (node.memory_used + info.memory) / memory
        uneven = abs(((share if share < 1.0 else 1.0) - (other if other < 1.0 else 1.0)) / 2)
        return least // 2 + int((1 - uneven) * MAX_NODE_SCORE)

    # ------------------------------------------------------------------ buckets
    def _put(self, index: int, group: Group, host: Host, score: int) -> None:
        old = self._where[index]
        key = (group.serial, host)
        if old is not None and old.key == key:
            if self._scores[index] != score:
                self._scores[index] = score
                self._push(old, index, score)
            return
        self._drop(index)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(key, group, host)
        bucket.size += 1
        self._where[index] = bucket
        self._scores[index] = score
        self._push(bucket, index, score)

    def _push(self, bucket: Bucket, index: int, score: int) -> None:
        heap = bucket.heap
        heappush(heap, (-score, index))
        if len(heap) > 4 * bucket.size + 64:
            where, scores = self._where, self._scores
            bucket.heap = [e for e in dict.fromkeys(heap) if where[e[1]] is bucket and scores[e[1]] == -e[0]]
            heapify(bucket.heap)

    def _drop(self, index: int) -> None:
        bucket = self._where[index]
        if bucket is not None:
            self._where[index] = None
            bucket.size -= 1
            if not bucket.size:
                del self._buckets[bucket.key]
            return
        status = self._failures.pop(index, None)
        if status is not None:
            sort = sort_of(status)
            self._counts[sort] -= 1
            if not self._counts[sort]:
                del self._counts[sort]

    # ------------------------------------------------------------------ deciding
    def choose(self) -> Choice | None:
        """The best node for the next pod of this sort, or None when it fits nowhere."""
        self.catch_up()
        buckets = self._feasible()
        if not buckets:
            return None
        bonus = self._bonus(buckets)
        where, scores = self._where, self._scores
        best_total, best_index, feasible = -1, -1, 0
        for bucket, extra in zip(buckets, bonus, strict=True):
            feasible += bucket.size
            heap = bucket.heap
            top, index = heap[0]
            while where[index] is not bucket or scores[index] != -top:
                heappop(heap)
                top, index = heap[0]
            total = extra - top
            if total > best_total or (total == best_total and index < best_index):
                best_total, best_index = total, index
        node = self._cache.nodes[best_index]
        if node is None:
            msg = "a node that has gone is still indexed"
            raise RuntimeError(msg)
        return Choice(node, best_total, feasible)

    def _feasible(self) -> list[Bucket]:
        spread, affinity = self._spread, self._affinity
        judged = affinity is not None and affinity.judges
        if not judged and (spread is None or not spread.hard):
            return list(self._buckets.values())
        least = spread.minima() if spread is not None else ()
        return [bucket for bucket in self._buckets.values() if self._verdict(bucket, least) is None]

    def _verdict(self, bucket: Bucket, least: Sequence[int]) -> Status | None:
        if self._spread is not None and self._spread.hard:
            status = self._spread.verdict(bucket, least)
            if status is not None:
                return status
        return self._affinity.verdict(bucket) if self._affinity is not None else None

    def _bonus(self, buckets: Sequence[Bucket]) -> list[int]:
        # What every plugin but the two by which buckets are sorted gives to each bucket.
        groups = list({bucket.key[0]: bucket.group for bucket in buckets}.values())
        signature = (self._places.image_revision(), *(group.serial for group in groups))
        if signature != self._weighed:
            self._weighed = signature
            self._places.weigh(groups)
            if self._spread is not None:
                self._spread.weigh(groups)
        bonus = [bucket.group.base for bucket in buckets]
        if self._spread is not None and self._spread.soft:
            raw = self._spread.raw(buckets, groups)
            most = max(raw)
            least = min((score for score in raw if score >= 0), default=0)
            if most > 0:
                top = most + least
                bonus = [
                    extra + SPREAD_WEIGHT * (MAX_NODE_SCORE * (top - score) // most) if score >= 0 else extra
                    for extra, score in zip(bonus, raw, strict=True)
                ]
            else:
                full = SPREAD_WEIGHT * MAX_NODE_SCORE
                bonus = [extra + full if score >= 0 else extra for extra, score in zip(bonus, raw, strict=True)]
        if self._affinity is not None:
            drawn = normalize_affinity([self._affinity.raw(bucket) for bucket in buckets])
            bonus = [extra + AFFINITY_WEIGHT * score for extra, score in zip(bonus, drawn, strict=True)]
        return bonus

    # ------------------------------------------------------------------ explaining
    def diagnose(self) -> Diagnosis:
        """Why no node is feasible, as the full cycle would say it."""
        self.catch_up()
        statuses = dict(self._failures)
        counts = dict(self._counts)
        least = self._spread.minima() if self._spread is not None else ()
        verdicts = {key: self._verdict(bucket, least) for key, bucket in self._buckets.items()}
        for index, bucket in enumerate(self._where):
            status = verdicts[bucket.key] if bucket is not None else None
            if status is not None:
                statuses[index] = status
                sort = sort_of(status)
                counts[sort] = counts.get(sort, 0) + 1
        return Diagnosis(self._cache.node_count, counts, statuses)
