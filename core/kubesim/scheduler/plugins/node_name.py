"""NodeName: a pod that names its node runs there or nowhere."""

from kubesim.scheduler.framework import ClusterEvent, Plugin
from kubesim.scheduler.podinfo import Incoming


class NodeName(Plugin):
    """A pod with ``spec.nodeName`` never comes to the queue, so nothing is left to filter. # k8s: plugins/nodename."""

    name = "NodeName"

    def hint(self, pod: Incoming, event: ClusterEvent) -> bool:
        """A new node."""
        del pod
        return event.resource == "Node" and event.old is None
