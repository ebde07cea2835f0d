"""Running counts for pod affinity: the domains that host pods that terms are about; verdict and score of a bucket."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kubesim.scheduler.affinity import AffinityTerms
from kubesim.scheduler.counters import Counter
from kubesim.scheduler.framework import Status
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.placement.parts import Bucket, Group, Place
from kubesim.scheduler.plugins.inter_pod_affinity import NOT_FAR, NOT_NEAR, UNWELCOME, matches_all
from kubesim.scheduler.podinfo import HOSTNAME, Incoming

Pair = tuple[str, str]


class _Match(NamedTuple):
    """What the terms of a running pod mean for this sort of pod."""

    repels: tuple[str, ...]
    draws: tuple[tuple[str, int], ...]


class _Hosts(NamedTuple):
    """What one node hosts."""

    near: int
    far: tuple[int, ...]
    preferred: tuple[int, ...]
    existing: tuple[tuple[_Match, int], ...]


_EMPTY = _Hosts(0, (), (), ())


class AffinityTally:
    """Pod affinity of one sort of pod, both ways.

    The host part of a bucket ends in four numbers: whether the node hosts what required terms on the host name want,
    whether it hosts what anti-affinity on the host name shuns, whether a pod on it shuns this sort, and what
    preferred terms on the host name add to the score.
    """

    def __init__(self, pod: Incoming, around: Mapping[str, str], counters: Sequence[Counter]) -> None:
        self._pod = pod
        self._around = around
        terms = pod.info.terms
        self._required = terms.required if terms is not None else ()
        self._anti = terms.anti if terms is not None else ()
        self._preferred = terms.preferred if terms is not None else ()
        self._counters = tuple(counters)
        self._is_self = matches_all(self._required, pod.info.namespace, pod.labels, around)
        self._matches: dict[AffinityTerms, _Match | None] = {}
        self._seen: dict[int, _Hosts] = {}
        self._near: dict[Pair, int] = {}
        self._near_hosts = 0
        self._far: dict[Pair, int] = {}
        self._unwelcome: dict[Pair, int] = {}
        self._draws: dict[str, dict[str, int]] = {}
        self.keys: dict[str, None] = {}
        """The topology keys of running pods' terms that match."""

    @property
    def judges(self) -> bool:
        """Whether a bucket can fail."""
        return bool(self._required or self._anti or self._unwelcome or self._repelled)

    @property
    def _repelled(self) -> bool:
        return any(match is not None and match.repels for match in self._matches.values())

    # ------------------------------------------------------------------ following
    def recount(self, index: int, node: NodeInfo, place: Place) -> tuple[int, int, int, int]:
        """Follow what a node hosts; returns the four numbers of its bucket."""
        counts = [counter.by_node.get(index, 0) for counter in self._counters]
        first = 1 if self._required else 0
        middle = first + len(self._anti)
        existing = []
        for terms, number in node.affinity.items():
            match = self._match(terms)
            if match is not None:
                existing.append((match, number))
        hosts = _Hosts(counts[0] if first else 0, tuple(counts[first:middle]), tuple(counts[middle:]), tuple(existing))
        before = self._seen.get(index, _EMPTY)
        if hosts != before:
            self._apply(place.group, before, -1)
            self._apply(place.group, hosts, 1)
            self._seen[index] = hosts
        return self._host_part(place.group, hosts)

    def keys_of(self, terms: AffinityTerms) -> list[str]:
        """The topology keys by which terms of a running pod concern this sort of pod."""
        match = self._match(terms)
        return [] if match is None else [*match.repels, *(key for key, _ in match.draws)]

    def leave(self, index: int, place: Place) -> None:
        """A node goes, or is about to change its place."""
        before = self._seen.pop(index, None)
        if before is not None:
            self._apply(place.group, before, -1)

    def _match(self, terms: AffinityTerms) -> _Match | None:
        if terms in self._matches:
            return self._matches[terms]
        namespace, labels, around = self._pod.info.namespace, self._pod.labels, self._around
        repels = tuple(t.key for t in terms.anti if t.pods.matches(namespace, labels, around))
        draws = tuple((t.key, t.weight) for t in terms.attract if t.pods.matches(namespace, labels, around))
        match = _Match(repels, draws) if repels or draws else None
        for key in (*repels, *(key for key, _ in draws)):
            self.keys[key] = None
        self._matches[terms] = match
        return match

    def _apply(self, group: Group, hosts: _Hosts, sign: int) -> None:
        if hosts.near:
            for term in self._required:
                if term.key == HOSTNAME:
                    self._near_hosts += sign * hosts.near if group.hosted else 0
                else:
                    _add(self._near, group, term.key, sign * hosts.near)
        for term, number in zip(self._anti, hosts.far, strict=False):
            _add(self._far, group, term.key, sign * number)
        for term, number in zip(self._preferred, hosts.preferred, strict=False):
            if number:
                self._draw(group, term.key, sign * term.weight * number)
        for match, number in hosts.existing:
            for key in match.repels:
                _add(self._unwelcome, group, key, sign * number)
            for key, weight in match.draws:
                self._draw(group, key, sign * weight * number)

    def _draw(self, group: Group, key: str, amount: int) -> None:
        value = group.values.get(key)
        if value is not None:
            values = self._draws.setdefault(key, {})
            values[value] = values.get(value, 0) + amount

    def _host_part(self, group: Group, hosts: _Hosts) -> tuple[int, int, int, int]:
        if not group.hosted:
            return 0, 0, 0, 0
        near = 1 if hosts.near else 0
        far = 1 if any(n for t, n in zip(self._anti, hosts.far, strict=False) if t.key == HOSTNAME) else 0
        shunned, drawn = 0, 0
        for term, number in zip(self._preferred, hosts.preferred, strict=False):
            if term.key == HOSTNAME:
                drawn += term.weight * number
        for match, number in hosts.existing:
            if HOSTNAME in match.repels:
                shunned = 1
            drawn += sum(weight * number for key, weight in match.draws if key == HOSTNAME)
        return near, far, shunned, drawn

    # ------------------------------------------------------------------ deciding
    def verdict(self, bucket: Bucket) -> Status | None:
        """Whether the terms allow the nodes of a bucket."""
        group = bucket.group
        near, far, shunned, _ = bucket.host[-4:]
        if self._required and not self._is_near(group, near):
            return NOT_NEAR
        if far or any(
            self._far.get((t.key, group.values.get(t.key, "")), 0) for t in self._anti if t.key in group.values
        ):
            return NOT_FAR
        if shunned:
            return UNWELCOME
        if self._unwelcome and any(group.values.get(key) == value for key, value in self._unwelcome):
            return UNWELCOME
        return None

    def _is_near(self, group: Group, near_host: int) -> bool:
        near = True
        for term in self._required:
            if term.key == HOSTNAME:
                if not group.hosted:
                    return False
                near = near and near_host > 0
            else:
                value = group.values.get(term.key)
                if value is None:
                    return False
                near = near and self._near.get((term.key, value), 0) > 0
        if near or self._near or self._near_hosts:
            return near
        return self._is_self

    def raw(self, bucket: Bucket) -> int:
        """The raw score of a bucket."""
        values = bucket.group.values
        total = bucket.host[-1]
        for key, totals in self._draws.items():
            value = values.get(key)
            if value is not None:
                total += totals.get(value, 0)
        return total


def _add(counts: dict[Pair, int], group: Group, key: str, number: int) -> None:
    value = group.values.get(key)
    if value is None or not number:
        return
    pair = (key, value)
    total = counts.get(pair, 0) + number
    if total:
        counts[pair] = total
    else:
        del counts[pair]
