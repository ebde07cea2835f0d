"""Pods that write more than they may: to an emptyDir with a limit, in one container, or all in all.

# k8s: eviction_manager.go localStorageEviction
"""

from typing import TYPE_CHECKING

from kubesim.kubelet.eviction import usage
from kubesim.kubelet.eviction.acting import evict, is_critical
from kubesim.kubelet.plan import APP
from kubesim.kubelet.record import ACTIVE, Container
from kubesim.objects import quantities
from kubesim.objects.wire import EMPTY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubesim.kubelet.worker import PodWorker

STORAGE = "ephemeral-storage"


def evict_all(workers: "Iterable[PodWorker]", now: int) -> bool:
    """Evict every pod that has written more than it may; whether there was any."""
    found = False
    for worker in workers:
        if worker.stage != ACTIVE or worker.deleting or not worker.plan.limits_storage or is_critical(worker.pod):
            continue
        text = complaint(worker, now)
        if text:
            evict(worker, text, note=False)
            found = True
    return found


def complaint(worker: "PodWorker", now: int) -> str:
    """Which limit a pod has passed, "" for none."""
    written = usage.volumes(worker)
    for volume in worker.pod["spec"].get("volumes") or ():
        limit = (volume.get("emptyDir") or EMPTY).get("sizeLimit")
        if limit is not None and written.get(volume["name"], 0) > quantities.value(limit) > 0:
            return f'Usage of EmptyDir volume "{volume["name"]}" exceeds the limit "{quantities.canonical(limit)}". '
    limits = {each.plan.name: _limit(each) for each in worker.containers if each.plan.kind == APP}
    used = usage.disk(worker, now)
    given = [limit for limit in limits.values() if limit is not None]
    if not given:
        return ""
    total = given[0]
    for limit in given[1:]:
        total = quantities.add(total, limit)
    if sum(used.values()) + sum(written.values()) > quantities.value(total):
        return (
            f"Pod ephemeral local storage usage exceeds the total limit of containers {quantities.canonical(total)}. "
        )
    for name, limit in limits.items():
        if limit is not None and used.get(name, 0) > quantities.value(limit) > 0:
            return f'Container {name} exceeded its local ephemeral storage limit "{quantities.canonical(limit)}". '
    return ""


def _limit(container: Container) -> str | None:
    found: str | None = ((container.plan.tree.get("resources") or EMPTY).get("limits") or EMPTY).get(STORAGE)
    return found
