"""What a person does to a cluster, as generators that do no input or output themselves.

A flow yields Requests (it is sent Responses), waits and lines of progress; it returns what was done and how to undo it.
"""

from kubetui.model.flows.driver import drive
from kubetui.model.flows.faults import (
    FAULT_TYPES,
    FaultType,
    blast_radius,
    crash_node,
    fault_body,
    fault_name,
    inject,
    kill_containers,
    mend,
    mend_all,
    restore_node,
)
from kubetui.model.flows.nodes import DrainOptions, cordon, drain, evict, uncordon
from kubetui.model.flows.objects import apply_edited, apply_manifests, check_edited, create, delete, kill
from kubetui.model.flows.steps import Done, Flow, Progress, Step, Undo, Wait, undo_flow
from kubetui.model.flows.traffic import load
from kubetui.model.flows.workloads import restart, rollback, scale, set_image, suspend, trigger

__all__ = [
    "FAULT_TYPES", "Done", "DrainOptions", "FaultType", "Flow", "Progress", "Step", "Undo", "Wait", "apply_edited",
    "apply_manifests", "blast_radius", "check_edited", "cordon", "crash_node", "create", "delete", "drain", "drive",
    "evict", "fault_body", "fault_name", "inject", "kill", "kill_containers", "load", "mend", "mend_all", "restart",
    "restore_node", "rollback", "scale", "set_image", "suspend", "trigger", "uncordon", "undo_flow",
]  # fmt: skip
