"""Faults: what can be broken, as objects to create, and whom it would hit; pure."""

from kubesim.faults.blast import Hit, blast_radius
from kubesim.faults.builders import (
    crash_component,
    crash_node,
    kill_containers,
    partition,
    shut_down,
    stop_kubelet,
    take_pids,
)

__all__ = [
    "Hit", "blast_radius", "crash_component", "crash_node", "kill_containers", "partition", "shut_down",
    "stop_kubelet", "take_pids",
]  # fmt: skip
