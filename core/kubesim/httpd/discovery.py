"""Discovery documents: what the server serves, in the aggregated form and in the older lists."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from kubesim.api.custom.versions import rank
from kubesim.api.schema import Gvk, Schema
from kubesim.api.strategy import Strategy
from kubesim.objects.wire import Gvr

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""The media type of the aggregated documents."""
_NOT_STORED = frozenset({"Binding", "ComponentStatus"})
_LAST = 1_000


class Part(NamedTuple):
    """A subresource with the kind that it speaks; group and version "" when they are those of the resource."""

    name: str
    kind: Gvk
    verbs: tuple[str, ...]


class Entry(NamedTuple):
    """One resource as discovery tells of it."""

    gvr: Gvr
    kind: str
    singular: str
    namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...]
    categories: tuple[str, ...]
    parts: tuple[Part, ...]
    stored: Gvr | None
    """Where the objects are kept; None when nothing is kept."""
    fingerprint: str = ""
    """Of the schema of a custom resource, "" for any other."""


class Discovery:
    """The documents for one set of resources. Make a new one when what is served changes."""

    def __init__(self, schema: Schema, strategies: Iterable[Strategy], others: Sequence[Entry] = ()) -> None:
        known = {facts.gvr: facts for facts in schema.resources()}
        ranks: dict[str, int] = {}
        for facts in schema.resources():
            ranks.setdefault(facts.gvr.group, len(ranks))
        self._ranks = ranks
        found: list[Entry] = []
        self.custom: dict[Gvr, Strategy] = {}
        """The rules of the custom resources."""
        for strategy in strategies:
            if strategy.custom:
                self.custom[strategy.gvr] = strategy
                found.append(_custom_entry(strategy))
                continue
            own = known.get(strategy.gvr)
            parts = tuple(Part(*part) for part in own.subresources) if own is not None else _own_parts(strategy)
            found.append(_entry(strategy, tuple(part for part in parts if part.name in strategy.subresources)))
        found.extend(others)
        self.entries = sorted(found, key=self._rank)
        """Every resource in the order of discovery."""
        self._versions: dict[str, dict[str, list[Entry]]] = {}
        for entry in self.entries:
            self._versions.setdefault(entry.gvr.group, {}).setdefault(entry.gvr.version, []).append(entry)
        self.etag = sha256(repr(self.entries).encode()).hexdigest().upper()
        """Changes whenever the documents do."""

    def _rank(self, entry: Entry) -> tuple[int, str, tuple[int, int, int, int, str], str]:
        gvr = entry.gvr
        place = self._ranks.get(gvr.group, _LAST)
        return place, gvr.group, rank(gvr.version), gvr.resource

    # ------------------------------------------------------------------ what there is
    def groups(self) -> list[str]:
        """The named groups in order."""
        return [group for group in self._versions if group]

    def versions(self, group: str) -> list[str]:
        """The versions of a group, the preferred one first."""
        return list(self._versions.get(group, ()))

    def resources(self, group: str, version: str) -> list[Entry]:
        """The resources of a version, in order of their names."""
        return self._versions.get(group, {}).get(version, [])

    def is_custom(self, group: str) -> bool:
        """Whether a group has custom resources."""
        return any(gvr.group == group for gvr in self.custom)

    # ------------------------------------------------------------------ aggregated
    def aggregated(self, *, core: bool) -> dict[str, Any]:
        """The APIGroupDiscoveryList of the core group or of all the others."""
        groups = [""] if core else self.groups()
        return {
            "kind": "APIGroupDiscoveryList",
            "apiVersion": "apidiscovery.k8s.io/v2",
            "metadata": {},
            "items": [
                {
                    "metadata": {"name": group} if group else {},
                    "versions": [
                        {
                            "version": version,
                            "resources": [_aggregated(entry) for entry in entries],
                            "freshness": "Current",
                        }
                        for version, entries in self._versions.get(group, {}).items()
                    ],
                }
                for group in groups
            ],
        }

    # ------------------------------------------------------------------ the older lists
    def core_versions(self, address: str) -> dict[str, Any]:
        """The APIVersions document of ``/api``."""
        return {
            "kind": "APIVersions",
            "versions": self.versions(""),
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
        }

    def group_list(self) -> dict[str, Any]:
        """The APIGroupList of ``/apis``."""
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [self._group(name) for name in self.groups()]}

    def group(self, name: str) -> dict[str, Any] | None:
        """The APIGroup of ``/apis/NAME``, or None."""
        return {"kind": "APIGroup", "apiVersion": "v1", **self._group(name)} if name in self._versions else None

    def _group(self, name: str) -> dict[str, Any]:
        versions = [{"groupVersion": f"{name}/{item}", "version": item} for item in self.versions(name)]
        return {"name": name, "versions": versions, "preferredVersion": versions[0]}

    def resource_list(self, group: str, version: str) -> dict[str, Any] | None:
        """The APIResourceList of a version, or None."""
        entries = self.resources(group, version)
        if not entries:
            return None
        head: dict[str, Any] = {"kind": "APIResourceList"}
        if group:
            head["apiVersion"] = "v1"
        listed = [item for entry in entries for item in _listed(entry)]
        return {**head, "groupVersion": f"{group}/{version}" if group else version, "resources": listed}


def _entry(strategy: Strategy, parts: tuple[Part, ...]) -> Entry:
    kept = "list" in strategy.verbs and strategy.kind not in _NOT_STORED
    return Entry(
        strategy.gvr,
        strategy.kind,
        strategy.singular or strategy.kind.lower(),
        strategy.namespaced,
        tuple(sorted(strategy.verbs)),
        strategy.short_names,
        strategy.categories,
        parts,
        (strategy.storage or strategy.gvr) if kept else None,
    )


def _custom_entry(strategy: Strategy) -> Entry:
    """# k8s: apiextensions-apiserver/pkg/apiserver/customresource_discovery_controller.go."""
    gvr = strategy.gvr
    own: Gvk = (gvr.group, gvr.version, strategy.kind)
    kinds = {"status": own, "scale": ("autoscaling", "v1", "Scale")}
    parts = tuple(Part(name, kinds[name], ("get", "patch", "update")) for name in strategy.subresources)
    stored = Gvr(gvr.group, getattr(strategy, "storage_version", gvr.version), gvr.resource)
    content = orjson.dumps(getattr(strategy, "openapi", {}))
    return Entry(
        gvr,
        strategy.kind,
        strategy.singular,
        strategy.namespaced,
        ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"),
        strategy.short_names,
        strategy.categories,
        parts,
        stored,
        sha256(content).hexdigest(),
    )


def _own_parts(strategy: Strategy) -> tuple[Part, ...]:
    gvr = strategy.gvr
    scale: Gvk = ("autoscaling", "v1", "Scale")
    own: Gvk = (gvr.group, gvr.version, strategy.kind)
    verbs = ("get", "patch", "update")
    return tuple(Part(name, scale if name == "scale" else own, verbs) for name in sorted(strategy.subresources))


def _aggregated(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = {
        "resource": entry.gvr.resource,
        "responseKind": {
            "group": entry.gvr.group if entry.fingerprint else "",
            "version": entry.gvr.version if entry.fingerprint else "",
            "kind": entry.kind,
        },
        "scope": "Namespaced" if entry.namespaced else "Cluster",
        "singularResource": entry.singular,
        "verbs": list(entry.verbs),
    }
    if entry.short_names:
        found["shortNames"] = list(entry.short_names)
    if entry.categories:
        found["categories"] = list(entry.categories)
    if entry.parts:
        found["subresources"] = [
            {
                "subresource": part.name,
                "responseKind": _response_kind(entry, part),
                "verbs": list(part.verbs),
            }
            for part in entry.parts
        ]
    return found


def _response_kind(entry: Entry, part: Part) -> dict[str, str]:
    group, version, kind = part.kind
    foreign = (group, version) != entry.gvr[:2] or bool(entry.fingerprint)
    return {"group": group if foreign else "", "version": version if foreign else "", "kind": kind}


def _listed(entry: Entry) -> Iterable[dict[str, Any]]:
    found: dict[str, Any] = {
        "name": entry.gvr.resource,
        "singularName": entry.singular,
        "namespaced": entry.namespaced,
        "kind": entry.kind,
        "verbs": list(entry.verbs),
    }
    if entry.short_names:
        found["shortNames"] = list(entry.short_names)
    if entry.categories:
        found["categories"] = list(entry.categories)
    if entry.stored is not None:
        found["storageVersionHash"] = storage_hash(entry.stored, entry.kind)
    yield found
    for part in entry.parts:
        group, version, kind = part.kind
        item: dict[str, Any] = {
            "name": f"{entry.gvr.resource}/{part.name}",
            "singularName": "",
            "namespaced": entry.namespaced,
        }
        if (group, version) != entry.gvr[:2]:
            item.update(group=group, version=version)
        yield {**item, "kind": kind, "verbs": list(part.verbs)}


def storage_hash(stored: Gvr, kind: str) -> str:
    """Tells clients when the stored version of a resource changes. # k8s: apiserver/pkg/endpoints/discovery."""
    # k8s: CustomResourceDefinitions are still kept in their first version.
    version = "v1beta1" if kind == "CustomResourceDefinition" else stored.version
    text = f"{stored.group}/{version}/{kind}"
    return b64encode(sha256(text.encode()).digest()[:8]).decode()
