"""The objects of the start as a store begins with them: they belong to its first revision, nobody is told of them."""

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import Any

from kubesim.api.bootstrap import apiservices, flows, priorities, roles
from kubesim.objects.wire import Gvr, Tree
from kubesim.store.mvcc import First

FIRST = "1"
"""The revision that the objects carry."""


def seeds(stamp: str) -> Iterator[First]:
    """The first objects of a store. ``stamp`` is when the cluster began.

    Each object is as if it had been there before the first write: no revision is spent on it, no draw of chance, and
    no entry of the journal, so that a history reads the same with and without them.
    """
    for gvr, namespace, name, uid, tree in _templates():
        yield gvr, namespace, name, _made(tree, uid, stamp)


@cache
def _templates() -> tuple[tuple[Gvr, str, str, str, Tree], ...]:
    found: list[tuple[Gvr, str, str, str, Tree]] = []
    everything = [(Gvr(roles.GROUP, "v1", plural), tree) for plural, tree in roles.objects()]
    everything += [(Gvr(flows.GROUP, "v1", plural), tree) for plural, tree in flows.objects()]
    everything += [(Gvr(priorities.GROUP, "v1", plural), tree) for plural, tree in priorities.objects()]
    everything += [(Gvr(apiservices.GROUP, "v1", plural), tree) for plural, tree in apiservices.objects()]
    for gvr, tree in everything:
        metadata = tree["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        found.append((gvr, namespace, name, _uid(f"{gvr.resource}/{namespace}/{name}"), tree))
    return tuple(found)


def _uid(text: str) -> str:
    """A uid that follows from a name: it must be the same whenever the cluster begins anew."""
    digest = sha256(text.encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def _made(tree: Tree, uid: str, stamp: str) -> dict[str, Any]:
    metadata = dict(tree["metadata"])
    head = {"name": metadata.pop("name")}
    if "namespace" in metadata:
        head["namespace"] = metadata.pop("namespace")
    generation = {"generation": 1} if "spec" in tree and tree["kind"] != "APIService" else {}
    built = {**head, "uid": uid, "resourceVersion": FIRST, **generation, "creationTimestamp": stamp, **metadata}
    made: dict[str, Any] = {**tree, "metadata": built}
    conditions = (tree.get("status") or {}).get("conditions")
    if conditions:
        made["status"] = {"conditions": [{**entry, "lastTransitionTime": stamp} for entry in conditions]}
    return made
