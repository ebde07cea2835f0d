"""What of a cluster can be switched off: the controller manager, the scheduler, the door of the API server."""

from collections.abc import Sequence
from typing import Protocol

from kubesim.api.server import ApiServer
from kubesim.controllers.nodes import NodeLifecycleController
from kubesim.kubelet.fleet import Kubelets
from kubesim.machinery.controller import Controller
from kubesim.scheduler import Scheduler


class HasController(Protocol):
    """A loop of the controller manager."""

    controller: Controller


class Switches:
    """The switches of one cluster. # k8s: what a process that starts again reads anew is all still known here."""

    def __init__(
        self,
        loops: Sequence[HasController],
        nodes: NodeLifecycleController,
        scheduler: Scheduler,
        api: ApiServer,
        kubelets: Kubelets,
    ) -> None:
        self._loops = tuple(loops)
        self._nodes = nodes
        self._scheduler = scheduler
        self._api = api
        self._kubelets = kubelets
        self.serves = True
        """Whether the API server answers at all."""

    def run_manager(self, *, on: bool, restarted: bool) -> None:
        """Stop or continue the loops of the controller manager."""
        if restarted:
            self._nodes.restarted()
        for each in self._loops:
            each.controller.enabled = on
            if on:
                each.controller.resume()

    def run_scheduler(self, *, on: bool) -> None:
        """Stop or continue the scheduler."""
        self._scheduler.enabled = on
        if on:
            self._scheduler.resume()

    def set_door(self, outage: str, *, serves: bool) -> None:
        """Refuse writes, or take them again; kubelets go on with what they know meanwhile."""
        self.serves = serves
        writer = self._api.writer
        if writer.outage == outage:
            return
        was_open, writer.outage = not writer.outage, outage
        if was_open or not outage:
            self._kubelets.outages.reach(api_server=not outage)

    def crash(self, pod: str, *, on: bool) -> None:
        """Have the containers of a static pod end as soon as they start, or no more."""
        self._kubelets.outages.crash("kube-system", pod, on=on)
