"""Placement: the best node for one sort of pod, without looking at every node again for each pod."""

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.scheduler.cache import Cache
from kubesim.scheduler.counters import Counter, Matcher
from kubesim.scheduler.diagnosis import Diagnosis, sort_of
from kubesim.scheduler.framework import MAX_NODE_SCORE, Status
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.nominator import Nominator
from kubesim.scheduler.placement.attraction import AffinityTally
from kubesim.scheduler.placement.buckets import Buckets, groups_of
from kubesim.scheduler.placement.parts import Bucket, Group, Host, Place
from kubesim.scheduler.placement.places import Places
from kubesim.scheduler.placement.spread import SPREAD_WEIGHT, SpreadTally
from kubesim.scheduler.plugins.inter_pod_affinity import InterPodAffinity, normalize_affinity
from kubesim.scheduler.plugins.node_ports import NodePorts
from kubesim.scheduler.plugins.node_resources import balanced_allocation, fit_status, least_allocated
from kubesim.scheduler.plugins.pod_topology_spread import normalize_spread
from kubesim.scheduler.podinfo import Incoming, PodInfo

AFFINITY_WEIGHT = InterPodAffinity.weight
NO_ROOM = -1


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
        self._buckets = Buckets()
        self._position = 0
        self._weighed: list[Group] = []
        """The groups that weights were last computed for."""
        self._weighed_revision = 0
        """Of the inventory, then."""
        self._simple = False
        """Whether buckets differ in nothing but the group and one number of pods, and none can fail."""
        self._diagnosis: tuple[int, Diagnosis] | None = None
        self._rebuild()

    # ------------------------------------------------------------------ counters
    def _acquire(self, matcher: Matcher) -> Counter:
        counter = self._cache.counters.acquire(matcher, self._cache.settled())
        self._acquired.append(counter)
        return counter

    def _make_spread(self) -> SpreadTally:
        pod = self.pod
        counters: list[Counter] = []
        slots: list[int] = []
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
        self._buckets = Buckets()
        self._weighed = []
        plain = not pod.hard and (self._spread is None or self._spread.is_plain)
        self._simple = plain and self._affinity is None
        self._position = cache.log_start + len(cache.log)
        self._buckets.grow(len(cache.nodes))
        for index in range(len(cache.nodes)):
            self._refresh(index)

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
        self._buckets.grow(len(cache.nodes))
        info = self.pod.info
        if self._simple and not (self._nominator or info.ports or info.others):
            self._follow(dirty)
            return
        for index in dirty:
            self._refresh(index)
        if self._affinity is not None and not self._places.knows(self._affinity.keys):
            self._rebuild()

    def _follow(self, dirty: Sequence[int]) -> None:
        # The same as _refresh, for changes that leave a node feasible and in its group: nearly all of them.
        buckets, nodes, revisions = self._buckets, self._cache.nodes, self._places.revisions
        where, scores = buckets.where, buckets.scores
        info, spread = self.pod.info, self._spread
        by_node = spread.counters[0].by_node if spread is not None else None
        for index in dirty:
            node, bucket = nodes[index], where[index]
            if node is None or bucket is None or revisions[index] != node.revision:
                self._refresh(index)
                continue
            score = node.score if node.scored_for is info else score_on(info, node)
            if score == NO_ROOM:
                self._refresh(index)
            elif spread is not None and by_node is not None and by_node.get(index, 0) != bucket.count:
                place = self._places.get(index)
                if place is not None:
                    buckets.put(index, bucket.group, spread.recount(index, place), score)
            elif score != scores[index]:
                buckets.rescore(bucket, index, score)

    def _refresh(self, index: int) -> None:
        node = self._cache.nodes[index]
        place = self._places.get(index)
        if node is None or place is None or self._places.revisions[index] != node.revision:
            if place is not None:
                self._leave(index, place)
            if node is None:
                self._buckets.drop(index)
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
            self._buckets.put(index, place.group, host, allocation_score(self.pod.info, node))
        else:
            self._buckets.fail(index, status)

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

    # ------------------------------------------------------------------ deciding
    def choose(self) -> Choice | None:
        """The best node for the next pod of this sort, or None when it fits nowhere."""
        self.catch_up()
        known = self._buckets
        if not known.fitting:
            return None
        if self._simple:
            buckets, groups = known.listed()
            self._weigh(groups)
            if self._spread is None:
                for bucket in buckets:
                    bucket.bonus = bucket.group.base
            else:
                self._spread.plain_bonus(buckets, groups, known.fitting)
            feasible = known.fitting
        else:
            buckets = self._feasible()
            if not buckets:
                return None
            self._bonus(buckets)
            feasible = sum([bucket.size for bucket in buckets])
        total, index = known.pick(buckets)
        node = self._cache.nodes[index]
        if node is None:
            msg = "a node that has gone is still indexed"
            raise RuntimeError(msg)
        return tuple.__new__(Choice, (node, total, feasible))

    def _feasible(self) -> list[Bucket]:
        spread, affinity = self._spread, self._affinity
        judged = affinity is not None and affinity.judges
        if not judged and (spread is None or not spread.hard):
            return self._buckets.listed()[0]
        least = spread.minima() if spread is not None else ()
        return [bucket for bucket in self._buckets.by_key.values() if self._verdict(bucket, least) is None]

    def _verdict(self, bucket: Bucket, least: Sequence[int]) -> Status | None:
        if self._spread is not None and self._spread.hard:
            status = self._spread.verdict(bucket, least)
            if status is not None:
                return status
        return self._affinity.verdict(bucket) if self._affinity is not None else None

    def _weigh(self, groups: list[Group]) -> None:
        revision = self._cache.inventory.revision
        if self._weighed is not groups or self._weighed_revision != revision:
            same = self._weighed == groups and self._weighed_revision == revision
            self._weighed, self._weighed_revision = groups, revision
            if same:
                return
            self._places.weigh(groups)
            if self._spread is not None:
                self._spread.weigh(groups)

    def _bonus(self, buckets: Sequence[Bucket]) -> None:
        # What every plugin but the two by which buckets are sorted gives to each bucket.
        groups = groups_of(buckets)
        self._weigh(groups)
        for bucket in buckets:
            bucket.bonus = bucket.group.base
        if self._spread is not None and self._spread.soft:
            raw = self._spread.raw(buckets, groups)
            for bucket, score in zip(buckets, normalize_spread(raw), strict=True):
                bucket.bonus += SPREAD_WEIGHT * score
        if self._affinity is not None:
            drawn = normalize_affinity([self._affinity.raw(bucket) for bucket in buckets])
            for bucket, score in zip(buckets, drawn, strict=True):
                bucket.bonus += AFFINITY_WEIGHT * score

    # ------------------------------------------------------------------ explaining
    def diagnose(self) -> Diagnosis:
        """Why no node is feasible, as the full cycle would say it; one object until something changes."""
        self.catch_up()
        if self._diagnosis is not None and self._diagnosis[0] == self._position:
            return self._diagnosis[1]
        known = self._buckets
        statuses = dict(known.failures)
        counts = dict(known.counts)
        least = self._spread.minima() if self._spread is not None else ()
        verdicts = {key: self._verdict(bucket, least) for key, bucket in known.by_key.items()}
        for index, bucket in enumerate(known.where if known.fitting else ()):
            status = verdicts[bucket.key] if bucket is not None else None
            if status is not None:
                statuses[index] = status
                sort = sort_of(status)
                counts[sort] = counts.get(sort, 0) + 1
        diagnosis = Diagnosis(self._cache.node_count, counts, statuses)
        self._diagnosis = (self._position, diagnosis)
        return diagnosis


def score_on(info: PodInfo, node: NodeInfo) -> int:
    """The score of a node by its allocation, or NO_ROOM; kept for other sorts of pods with the same needs."""
    if (
        len(node.pods) >= node.max_pods
        or info.cpu > node.cpu - node.cpu_used
        or info.memory > node.memory - node.memory_used
    ):
        score = NO_ROOM
    else:
        score = allocation_score(info, node)
    node.scored_for, node.score = info, score
    return score


def allocation_score(info: PodInfo, node: NodeInfo) -> int:
    """LeastAllocated and BalancedAllocation in one go: this runs for every change of every node."""
    cpu, memory = node.cpu, node.memory
    if not cpu or not memory:
        return least_allocated(info, node) + (0 if info.best_effort else balanced_allocation(info, node))
    free_cpu = cpu - node.cpu_scored - info.scored_cpu
    free_memory = memory - node.memory_scored - info.scored_memory
    least = (free_cpu * MAX_NODE_SCORE // cpu if free_cpu > 0 else 0) + (
        free_memory * MAX_NODE_SCORE // memory if free_memory > 0 else 0
    )
    if not info.cpu and not info.memory:
        return least // 2
    share = (node.cpu_used + info.cpu) / cpu
    other = (node.memory_used + info.memory) / memory
    uneven = abs(((share if share < 1.0 else 1.0) - (other if other < 1.0 else 1.0)) / 2)
    return least // 2 + int((1 - uneven) * MAX_NODE_SCORE)
