"""The live Placements, one for each sort of pod that was scheduled lately."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kubesim.objects.refs import labels as labels_of
from kubesim.objects.selectors import Selector
from kubesim.objects.wire import Tree
from kubesim.scheduler.cache import Cache
from kubesim.scheduler.devices.claims import pod_claims
from kubesim.scheduler.nominator import Nominator
from kubesim.scheduler.placement.index import Placement
from kubesim.scheduler.podinfo import (
    Incoming,
    PodInfo,
    PodParser,
    claims_of,
    default_constraints,
    ephemeral_of,
    spread_constraints,
)
from kubesim.scheduler.selectors import DefaultSelectors

LEAST_LIVE = 32
NODES_IN_ALL = 320_000
_MEMO_SIZE = 1024

_Key = tuple[int, tuple[tuple[str, str], ...], Selector | None]


class _Known(NamedTuple):
    """The parts of a pod that a Placement was found for; holding them keeps their addresses from being used again."""

    spec: Tree
    labels: Any
    owners: Any
    selectors_revision: int
    placement: Placement


class Placements:
    """Finds the Placement of a pod; keeps as many as are worth their memory, the latest used.

    # differs: kube-scheduler samples nodes in large clusters; here all nodes are always considered
    """

    def __init__(self, cache: Cache, nominator: Nominator, parser: PodParser, selectors: DefaultSelectors) -> None:
        self._cache = cache
        self._nominator = nominator
        self._parser = parser
        self._selectors = selectors
        self._live: dict[_Key, Placement] = {}
        self._known: dict[tuple[int, int, int], _Known] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Addresses mean nothing in another process.
        return {**self.__dict__, "_known": {}}

    def of(self, pod: Tree) -> Placement:
        """The Placement for a pod."""
        metadata, spec = pod["metadata"], pod["spec"]
        labels, owners = metadata.get("labels"), metadata.get("ownerReferences")
        address = (id(spec), id(labels), id(owners))
        known = self._known.get(address)
        if (
            known is not None
            and known.spec is spec
            and known.labels is labels
            and known.owners is owners
            and known.selectors_revision == self._selectors.revision
            and known.placement.terms_revision == self._cache.terms_revision
            and known.placement.live
        ):
            return known.placement
        placement = self._find(pod)
        if len(self._known) >= _MEMO_SIZE:
            self._known.clear()
        self._known[address] = _Known(spec, labels, owners, self._selectors.revision, placement)
        return placement

    def incoming(self, pod: Tree) -> Incoming:
        """The pod as plugins see it."""
        info = self._parser.parse(pod)
        incoming = _incoming(info, labels_of(pod), None if info.spread else self._selectors.of(pod))
        uid: str = pod["metadata"]["uid"]
        found = incoming._replace(uid=uid, nominated=self._nominator.node_of(uid))
        if info.uses_claims or info.uses_devices:
            claims = claims_of(pod) if info.uses_claims else ()
            ephemeral, devices = ephemeral_of(pod), pod_claims(pod)
            found = found._replace(claims=claims, ephemeral=ephemeral, devices=devices, name=pod["metadata"]["name"])
        return found

    def _find(self, pod: Tree) -> Placement:
        info = self._parser.parse(pod)
        labels = labels_of(pod)
        selector = None if info.spread else self._selectors.of(pod)
        seen = self._seen_labels(info, labels)
        key = (info.serial, tuple(seen.items()), selector)
        placement = self._live.pop(key, None)
        if placement is None:
            self._make_room()
            placement = Placement(_incoming(info, seen, selector), self._cache, self._nominator)
        placement.terms_revision = self._cache.terms_revision
        self._live[key] = placement
        return placement

    def _seen_labels(self, info: PodInfo, labels: Mapping[str, str]) -> dict[str, str]:
        # Pods of a StatefulSet differ in labels that nothing looks at; they share a Placement all the same.
        keys = dict(self._cache.term_keys)
        for constraint in info.spread:
            selector = constraint.get("labelSelector") or {}
            keys.update(dict.fromkeys(selector.get("matchLabels") or ()))
            keys.update(dict.fromkeys(item["key"] for item in selector.get("matchExpressions") or ()))
            keys.update(dict.fromkeys(constraint.get("matchLabelKeys") or ()))
        if info.terms is not None:
            keys.update(dict.fromkeys(info.terms.selectors))
        return {key: labels[key] for key in sorted(keys) if key in labels}

    def _make_room(self) -> None:
        most = max(LEAST_LIVE, NODES_IN_ALL // max(1, self._cache.node_count))
        while len(self._live) >= most:
            oldest = next(iter(self._live))
            self._live.pop(oldest).close()

    def clear(self) -> None:
        """Forget all Placements."""
        for placement in self._live.values():
            placement.close()
        self._live.clear()
        self._known.clear()


def _incoming(info: PodInfo, labels: Mapping[str, str], selector: Selector | None) -> Incoming:
    if selector is not None:
        return Incoming(info, labels, (), default_constraints(selector), system_defaulted=True)
    hard, soft = spread_constraints(info.spread, labels)
    return Incoming(info, labels, hard, soft)
