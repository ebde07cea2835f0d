"""Server-side printing: the columns of every kind, and the cells that many kinds share. # k8s: pkg/printers."""

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

from kubesim.api.strategy import Column
from kubesim.objects.times import human_duration, parse_time
from kubesim.objects.wire import EMPTY, Gvr, Tree

NONE, UNKNOWN, UNSET = "<none>", "<unknown>", "<unset>"


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    known: dict[str, Any] = json.loads(files(__package__).joinpath("columns.json").read_text(encoding="utf-8"))
    return known


@lru_cache(maxsize=256)
def columns(gvr: Gvr) -> tuple[Column, ...]:
    """The columns of a resource; Name and Created At for those that Kubernetes has no printer for."""
    table = _table()
    rows = table.get(gvr.qualified) or table[""]
    return tuple(
        Column(name, type_, format_, table[text] if text in {"@name", "@age"} else text, priority)
        for name, type_, format_, priority, text in rows
    )


def since(stamp: str | None, now: int) -> str:
    """How long ago a time was, as kubectl prints it."""
    return human_duration(now - parse_time(stamp)) if stamp else UNKNOWN


def age(obj: Tree, now: int) -> str:
    """The Age cell."""
    return since(obj["metadata"].get("creationTimestamp"), now)


def containers_and_images(template: Tree | None) -> tuple[str, str]:
    """The Containers and the Images cell of a pod template."""
    containers = ((template or EMPTY).get("spec") or EMPTY).get("containers") or ()
    names = ",".join(container.get("name") or "" for container in containers)
    return names, ",".join(container.get("image") or "" for container in containers)


def format_labels(labels: Tree | None) -> str:
    """Labels as ``a=b,c=d`` in the order of their keys."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) if labels else NONE


def first_few(items: list[str], count: int, limit: int = 3) -> str:
    """At most three items, and how many more there are."""
    text = ",".join(items[:limit])
    if count > limit:
        return f"{text} + {count - limit} more..."
    return text
