"""What the kubelets of one cluster share: plans, runtime, chance, and who waits for which ConfigMap or Secret."""

from typing import TYPE_CHECKING

from kubesim.kernel.chance import Stream
from kubesim.kernel.loop import Loop
from kubesim.kubelet.catalogue import Catalogue
from kubesim.kubelet.conditions import ConditionBook
from kubesim.kubelet.disks import Disks
from kubesim.kubelet.plan import Plans
from kubesim.kubelet.simruntime.containers import SimRuntime
from kubesim.objects.wire import Gvr

if TYPE_CHECKING:
    from kubesim.kubelet.credentials import AccountTokens
    from kubesim.kubelet.worker import PodWorker

ID_BYTES = 32
IDS_AT_ONCE = 64


class Waiting:
    """Pods that wait for an object to appear or to change."""

    def __init__(self) -> None:
        self._workers: dict[tuple[Gvr, str, str], dict[str, PodWorker]] = {}

    def add(self, worker: "PodWorker") -> None:
        """Poke a pod when one of the objects that it is made from changes."""
        for gvr, name in worker.plan.objects:
            self._workers.setdefault((gvr, worker.namespace, name), {})[worker.uid] = worker

    def forget(self, worker: "PodWorker") -> None:
        """A pod is gone."""
        for gvr, name in worker.plan.objects:
            key = (gvr, worker.namespace, name)
            held = self._workers.get(key)
            if held is not None and held.pop(worker.uid, None) is not None and not held:
                del self._workers[key]

    def changed(self, gvr: Gvr, namespace: str, name: str) -> "list[PodWorker]":
        """Those who waited for an object; they are forgotten."""
        found = self._workers.pop((gvr, namespace, name), None)
        return list(found.values()) if found is not None else []


class Shared:
    """One for all agents."""

    def __init__(self, loop: Loop, catalogue: Catalogue, runtime: SimRuntime, identifiers: Stream) -> None:
        self.loop = loop
        self.catalogue = catalogue
        self.plans = Plans(catalogue)
        self.conditions = ConditionBook()
        self.runtime = runtime
        self._identifiers = identifiers
        self._container_ids: list[str] = []
        self.waiting = Waiting()
        self.refreshing = Waiting()
        """Pods whose files change with an object."""
        self.disks = Disks()
        self.tokens: AccountTokens | None = None
        """Makes the tokens that pods find in their volumes."""
        self.broken: dict[tuple[str, str], None] = {}
        """Pods whose containers end as soon as they start."""
        self.queued = 0
        """How many pods have news that is not worked on yet."""

    def container_id(self) -> str:
        """A new container ID."""
        if not self._container_ids:
            # Drawn and formatted many at a time: that is ten times as fast.
            drawn = self._identifiers.getrandbits(8 * ID_BYTES * IDS_AT_ONCE).to_bytes(ID_BYTES * IDS_AT_ONCE, "big")
            self._container_ids = [f"containerd://{text}" for text in drawn.hex("-", ID_BYTES).split("-")]
        return self._container_ids.pop()
