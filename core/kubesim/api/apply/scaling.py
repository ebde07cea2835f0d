"""Owners of replicas, as the scale subresource sees them and as the scaled object does.

# k8s: apimachinery/pkg/util/managedfields/scalehandler.go
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kubesim.api.apply.entries import UPDATE, Managed, Manager, Owned, encode, stored
from kubesim.api.apply.fieldsets import difference, has, of_path

SCALE_VERSION = "autoscaling/v1"
PATH = ("f:spec", "f:replicas")
"""Where the replicas are, in the Scale and in the kinds that have one."""

Entries = Sequence[Mapping[str, Any]]


def of_scale(entries: Entries) -> list[Mapping[str, Any]]:
    """The managedFields of the Scale: those who own the replicas."""
    managed: Managed = {}
    for manager, owned in stored(entries).items():
        if has(owned.fields, PATH):
            managed[_in(manager, SCALE_VERSION)] = Owned(of_path(PATH), SCALE_VERSION, owned.time)
    return encode(managed)


def of_object(entries: Entries, scale_entries: Entries, version: str) -> list[Mapping[str, Any]]:
    """The managedFields of the object, after those of its Scale changed."""
    scale = stored(scale_entries)
    found: list[tuple[Manager, Owned]] = []
    for manager, owned in stored(entries).items():
        if not has(owned.fields, PATH):
            found.append((manager, owned))
        elif manager in scale:
            found.append((manager, owned))
            del scale[manager]
        else:
            rest = difference(owned.fields, of_path(PATH))
            if rest is not None:
                found.append((manager, owned._replace(fields=rest)))
    times = {manager: owned.time for manager, owned in stored(entries).items()}
    for manager, owned in scale.items():
        if has(owned.fields, PATH):
            # k8s: the time is looked up under the name in the Scale, so that updaters lose it.
            found.append((_in(manager, version), Owned(of_path(PATH), version, times.get(manager, ""))))
    merged: Managed = {}
    for manager, owned in found:
        merged[manager] = owned
    return encode(merged, entries)


def _in(manager: Manager, version: str) -> Manager:
    return manager._replace(version=version) if manager.operation == UPDATE else manager
