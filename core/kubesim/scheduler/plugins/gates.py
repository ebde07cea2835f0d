"""SchedulingGates: a pod with gates does not enter the queue."""

from kubesim.objects.wire import Tree
from kubesim.scheduler.framework import Plugin


class SchedulingGates(Plugin):
    """# k8s: plugins/schedulinggates."""

    name = "SchedulingGates"

    def pre_enqueue(self, pod: Tree) -> str:
        """Why the pod may not be queued, "" when it may."""
        gates = pod["spec"].get("schedulingGates")
        if not gates:
            return ""
        return f"waiting for scheduling gates: [{' '.join(gate['name'] for gate in gates)}]"
