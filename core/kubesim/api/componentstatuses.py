"""ComponentStatuses: objects that nobody stores; each read asks how the parts of the control plane are.

# k8s: pkg/registry/core/componentstatus
"""

from collections.abc import Callable
from typing import Any

from kubesim.api.failures import plain
from kubesim.api.lists import selects
from kubesim.api.options import ListOptions
from kubesim.api.strategy import Strategy
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import Tree, core

COMPONENTSTATUSES = core("componentstatuses")
_PORTS = {"controller-manager": 10257, "scheduler": 10259}
_PROCESSES = {"controller-manager": "kube-controller-manager", "scheduler": "kube-scheduler", "etcd-0": "etcd"}
NO_STORE = "context deadline exceeded"


def _all_well() -> list[str]:
    return []


class ComponentStatuses:
    """Answers reads. ``down`` lists the processes of which nothing works, by their names ("kube-scheduler", "etcd")."""

    def __init__(self) -> None:
        self.down: Callable[[], list[str]] = _all_well

    def get(self, name: str) -> Tree:
        """One component. Raises ApiError."""
        if name not in _PROCESSES:
            raise unknown(name)
        return _status(name, _PROCESSES[name] in self.down())

    def list(self, strategy: Strategy, options: ListOptions) -> list[Tree]:
        """The components that the selectors of a list choose."""
        down = self.down()
        found = [_status(name, process in down) for name, process in _PROCESSES.items()]
        return [tree for tree in found if selects(strategy, options, tree)]


def unknown(name: str) -> ApiError:
    """The real server has no NotFound for them."""
    return plain(f"Component not found: {name}")


def _status(name: str, is_down: bool) -> Tree:
    condition: dict[str, Any] = {"type": "Healthy", "status": "True", "message": "ok"}
    if is_down:
        # k8s: a failed request is what the probe found out; a failed call of etcd is an error.
        port = _PORTS.get(name)
        where = f"127.0.0.1:{port}"
        told = {"message": f'Get "https://{where}/healthz": dial tcp {where}: connect: connection refused'}
        condition = {"type": "Healthy", "status": "False", **(told if port is not None else {"error": NO_STORE})}
    return {
        "kind": "ComponentStatus",
        "apiVersion": "v1",
        "metadata": {"name": name},
        "conditions": [condition],
    }
