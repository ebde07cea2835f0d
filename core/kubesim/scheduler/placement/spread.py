"""Running counts for topology spread constraints: matching pods per domain, and the verdict and score of a bucket."""

from collections.abc import Sequence

from kubesim.scheduler.counters import Counter
from kubesim.scheduler.framework import MAX_NODE_SCORE, Status
from kubesim.scheduler.placement.parts import Bucket, Group, Place
from kubesim.scheduler.plugins.pod_topology_spread import (
    MISMATCH,
    MISSING_LABEL,
    NO_DOMAIN,
    PodTopologySpread,
    normalizing_weight,
)
from kubesim.scheduler.podinfo import HOSTNAME, Constraint, Incoming

SPREAD_WEIGHT = PodTopologySpread.weight


class Domains:
    """One constraint's domains: matching pods by topology value, and how many nodes each domain has.

    For the host name every node is a domain, so only the number of nodes with each count is kept (``levels``).
    """

    def __init__(self, constraint: Constraint, slot: int, is_self: bool) -> None:
        self.constraint = constraint
        self.slot = slot
        self.own = 1 if is_self else 0
        self.by_host = constraint.key == HOSTNAME
        self.totals: dict[str, int] = {}
        self.nodes: dict[str, int] = {}
        self.levels: dict[int, int] = {}

    def enter(self, value: str, sign: int) -> None:
        """A node without matching pods joins its domain (1) or leaves it (-1)."""
        if self.by_host:
            _add(self.levels, 0, sign)
            return
        number = self.nodes.get(value, 0) + sign
        if number:
            self.nodes[value] = number
            self.totals.setdefault(value, 0)
        else:
            del self.nodes[value]
            del self.totals[value]

    def shift(self, value: str, before: int, after: int) -> None:
        """A node of the domain hosts another number of matching pods."""
        if self.by_host:
            _add(self.levels, before, -1)
            _add(self.levels, after, 1)
        else:
            self.totals[value] += after - before

    def least(self) -> int:
        """The global minimum that the skew is measured from."""
        if self.by_host:
            known, least = sum(self.levels.values()), min(self.levels, default=NO_DOMAIN)
        else:
            known, least = len(self.totals), min(self.totals.values(), default=NO_DOMAIN)
        return 0 if known < self.constraint.min_domains else least


def _add(counts: dict[int, int], key: int, number: int) -> None:
    total = counts.get(key, 0) + number
    if total:
        counts[key] = total
    else:
        del counts[key]


class SpreadTally:
    """The domains of all constraints of a sort of pod. ``host`` parts start with one number for each counter."""

    def __init__(self, pod: Incoming, counters: Sequence[Counter], slots: Sequence[int]) -> None:
        self.counters = tuple(counters)
        every = [
            Domains(constraint, slot, constraint.selector.matches(pod.labels))
            for constraint, slot in zip((*pod.hard, *pod.soft), slots, strict=True)
        ]
        self.hard = every[: len(pod.hard)]
        self.soft = every[len(pod.hard) :]
        self._every = every
        self._seen: list[dict[int, int]] = [{} for _ in counters]
        self._by_host = tuple(slot for slot in range(len(counters)) if any(d.by_host and d.slot == slot for d in every))
        self._hosted = [d for d in self.soft if d.by_host]
        self._zoned = [d for d in self.soft if not d.by_host]
        # Domains of ScheduleAnyway constraints on the host name are counted per node, so nothing is to be followed.
        self._followed = [(at, d) for at, d in enumerate(every) if not d.by_host or at < len(self.hard)]
        self._plain = pod.system_defaulted and len(self.counters) == len(self._hosted) == len(self._zoned) == 1
        self._zone_weights: list[float] = []

    def enter(self, index: int, place: Place, sign: int) -> None:
        """A node comes (1), or goes or is about to change its place (-1)."""
        if sign < 0:
            self._recount(index, place, empty=True)
        for at, domains in self._followed:
            if place.counted[at]:
                domains.enter(_value(place.group, domains), sign)

    def recount(self, index: int, place: Place) -> tuple[int, ...]:
        """Follow the counters of a node; returns the numbers that make its bucket."""
        if self._plain:
            seen = self._seen[0]
            after, before = self.counters[0].by_node.get(index, 0), seen.get(index, 0)
            if after != before:
                seen[index] = after
                if place.counted[1]:
                    zoned = self._zoned[0]
                    zoned.totals[place.group.values.get(zoned.constraint.key, "")] += after - before
            return (after,)
        return self._recount(index, place, empty=False)

    def _recount(self, index: int, place: Place, *, empty: bool) -> tuple[int, ...]:
        found = []
        for slot, counter in enumerate(self.counters):
            after = 0 if empty else counter.by_node.get(index, 0)
            seen = self._seen[slot]
            before = seen.get(index, 0)
            if after != before:
                seen[index] = after
                for at, domains in self._followed:
                    if domains.slot == slot and place.counted[at]:
                        domains.shift(_value(place.group, domains), before, after)
            found.append(after)
        return tuple(found) if len(self._by_host) == len(found) else tuple(found[slot] for slot in self._by_host)

    # ------------------------------------------------------------------ deciding
    def verdict(self, bucket: Bucket, least: Sequence[int]) -> Status | None:
        """Whether the DoNotSchedule constraints allow the nodes of a bucket; ``least`` as ``minima`` gives them."""
        group = bucket.group
        for domains, minimum in zip(self.hard, least, strict=True):
            if domains.by_host:
                if not group.hosted:
                    return MISSING_LABEL
                # k8s: pods are not counted on nodes that lack the key of another constraint.
                count = bucket.host[self._by_host.index(domains.slot)] if group.complete else 0
            else:
                value = group.values.get(domains.constraint.key)
                if value is None:
                    return MISSING_LABEL
                count = domains.totals.get(value, 0)
            if count + domains.own - minimum > domains.constraint.max_skew:
                return MISMATCH
        return None

    def minima(self) -> list[int]:
        """The global minimum of each DoNotSchedule constraint."""
        return [domains.least() for domains in self.hard]

    def weigh(self, groups: Sequence[Group]) -> None:
        """Set the weights by the number of domains among the groups that have feasible nodes."""
        scored = [group for group in groups if group.covers]
        self._zone_weights = [
            normalizing_weight(len({group.values.get(domains.constraint.key, "") for group in scored}))
            for domains in self._zoned
        ]

    def raw(self, buckets: Sequence[Bucket], groups: Sequence[Group]) -> list[int | None]:
        """The raw scores of buckets; None outside the topology."""
        for group in groups:
            part = 0.0
            for domains, weight in zip(self._zoned, self._zone_weights, strict=True):
                constraint = domains.constraint
                value = group.values.get(constraint.key)
                if value is not None:
                    part += domains.totals.get(value, 0) * weight + (constraint.max_skew - 1)
            group.part = part
        if not self._hosted:
            return [int(b.group.part + 0.5) if b.group.covers else None for b in buckets]
        weight = normalizing_weight(sum(b.size for b in buckets if b.group.covers))
        return [self._raw(bucket, weight) for bucket in buckets]

    @property
    def is_plain(self) -> bool:
        """Whether the constraints are the system's own: one counter, the host name and one more topology."""
        return self._plain

    def plain_bonus(self, buckets: Sequence[Bucket], groups: Sequence[Group], feasible: int) -> None:
        """Set ``bonus`` of the buckets to the base of the group plus the weighted score, for the system's constraints.

        The same as ``raw`` and ``normalize_spread``, for ``feasible`` nodes that are all in the topology.
        """
        zoned, weight = self._zoned[0], self._zone_weights[0]
        totals, skew, key = zoned.totals, zoned.constraint.max_skew - 1, zoned.constraint.key
        for group in groups:
            value = group.values.get(key)
            group.part = totals.get(value, 0) * weight + skew if value is not None else 0.0
        weight = normalizing_weight(feasible)
        skew = self._hosted[0].constraint.max_skew - 1
        most, least = 0, NO_DOMAIN
        for bucket in buckets:
            group = bucket.group
            raw = int(bucket.count * weight + skew + group.part + 0.5) if group.hosted else int(group.part + 0.5)
            bucket.raw = raw
            if raw > most:  # noqa: PLR1730 - max() takes thrice as long
                most = raw
            if raw < least:  # noqa: PLR1730
                least = raw
        if not most:
            for bucket in buckets:
                bucket.bonus = bucket.group.base + SPREAD_WEIGHT * MAX_NODE_SCORE
            return
        top = most + least
        for bucket in buckets:
            bucket.bonus = bucket.group.base + SPREAD_WEIGHT * (MAX_NODE_SCORE * (top - bucket.raw) // most)

    def _raw(self, bucket: Bucket, host_weight: float) -> int | None:
        # The order of additions is that of the plugin: sums of floating point numbers depend on it.
        group = bucket.group
        if not group.covers:
            return None
        total = 0.0
        if group.hosted:
            for domains in self._hosted:
                count = bucket.host[self._by_host.index(domains.slot)]
                total += count * host_weight + (domains.constraint.max_skew - 1)
        for domains, weight in zip(self._zoned, self._zone_weights, strict=True):
            value = group.values.get(domains.constraint.key)
            if value is not None:
                total += domains.totals.get(value, 0) * weight + (domains.constraint.max_skew - 1)
        return int(total + 0.5)


def _value(group: Group, domains: Domains) -> str:
    return "" if domains.by_host else group.values.get(domains.constraint.key, "")
