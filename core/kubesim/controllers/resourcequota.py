"""The resource quota controller: counts what namespaces use, and counts again when something is given back."""

from collections.abc import Hashable, Iterable
from typing import cast

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import pods, quota, refs
from kubesim.objects.errors import ApiError
from kubesim.objects.quota import QUOTAS, Usage
from kubesim.objects.wire import EMPTY, Gvr, Tree

RESYNC_MS = 300_000


class ResourceQuotaController:
    """Keeps the status of ResourceQuotas. ``controller`` is its driver; keys are (namespace, name).

    It follows the tables that some quota counts, and none before there is a quota.
    # k8s: pkg/controller/resourcequota
    """

    def __init__(self, loop: Loop, hub: Hub, client: Client, resources: Iterable[Gvr]) -> None:
        self.controller = Controller("resourcequota", loop, client, self)
        self._client = client
        self._hub = hub
        self._resources = tuple(resources)
        self._followed: dict[Gvr, None] = {}
        hub.on(QUOTAS, self._quota_changed)
        for each in client.list(QUOTAS):
            self._quota_changed(None, each, 0)

    def _quota_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is None:
            return
        if old is None or old["spec"] != new["spec"] or not (new.get("status") or EMPTY).get("hard"):
            self.controller.add(refs.place(new), revision)

    def _object_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        """Count again what an object that is gone, or has ended or changed its needs, was charged to."""
        if old is None or (new is not None and not _gives_back(old, new)):
            return
        namespace = refs.place(old)[0]
        if namespace:
            for each in self._client.list(QUOTAS, namespace):
                self.controller.add(refs.place(each), revision)

    def _follow(self, gvr: Gvr) -> None:
        if gvr not in self._followed:
            self._followed[gvr] = None
            self._hub.on(gvr, self._object_changed)

    def reconcile(self, key: Hashable) -> int | None:
        """Bring the status of one quota up to date."""
        found = self._client.get(QUOTAS, *cast("tuple[str, str]", key))
        if found is None:
            return None
        hard = (found.get("spec") or EMPTY).get("hard") or {}
        status = found.get("status") or EMPTY
        used = self._used(found, hard)
        if status.get("hard") != hard or status.get("used") != used:
            try:
                self._client.update_status(QUOTAS, {**found, "status": {"hard": hard, "used": used}})
            except ApiError as error:
                if error.reason != "NotFound":
                    raise
        return RESYNC_MS

    def _used(self, found: Tree, hard: Tree) -> Usage:
        namespace, now = refs.place(found)[0], self._client.now()
        judged = {**found, "status": {"hard": hard}}
        used: Usage = {}
        for gvr in self._resources:
            names = quota.counted(hard, gvr)
            if not names:
                continue
            self._follow(gvr)
            total: Usage = dict.fromkeys(names, "0")
            for obj in self._client.list(gvr, namespace):
                if quota.covers(judged, gvr, obj):
                    total = quota.total(total, quota.usage(gvr, obj, now))
            used.update((name, total[name]) for name in names)
        return {name: used[name] for name in sorted(used)}


def _gives_back(old: Tree, new: Tree) -> bool:
    """Whether a change may lower what an object is charged. # k8s: DefaultUpdateFilter."""
    if old["kind"] == "Pod":
        return pods.is_terminal(new) and not pods.is_terminal(old)
    return old["kind"] in {"Service", "PersistentVolumeClaim"} and old.get("spec") != new.get("spec")
