"""NodePorts: two pods on one node may not use one host port."""

from kubesim.objects.wire import Tree
from kubesim.scheduler.framework import ClusterEvent, CycleState, Plugin, Status
from kubesim.scheduler.nodeinfo import ANY_ADDRESS, NodeInfo, Port
from kubesim.scheduler.podinfo import Incoming


class NodePorts(Plugin):
    """# k8s: plugins/nodeports."""

    name = "NodePorts"
    _rejected = Status(name, ("node(s) didn't have free ports for the requested pod ports",))

    def filter(self, state: CycleState, pod: Incoming, node: NodeInfo) -> Status | None:
        """An address of 0.0.0.0 clashes with every other on the same protocol and port."""
        del state
        ports = pod.info.ports
        if not ports or not node.ports:
            return None
        return self._rejected if any(_clash(wanted, used) for wanted in ports for used in node.ports) else None

    def hint(self, pod: Incoming, event: ClusterEvent) -> bool:
        """A new node, or the end of a pod that used one of the ports."""
        if event.resource == "Node":
            return event.old is None
        if event.resource != "AssignedPod" or "Delete" not in event.actions or event.old is None:
            return False
        return any(_clash(wanted, used) for wanted in pod.info.ports for used in _ports(event.old))


def _clash(one: Port, other: Port) -> bool:
    return one[1:] == other[1:] and (one[0] == other[0] or ANY_ADDRESS in {one[0], other[0]})


def _ports(pod: Tree) -> list[Port]:
    return [
        (port.get("hostIP") or ANY_ADDRESS, port.get("protocol") or "TCP", port["hostPort"])
        for container in pod["spec"].get("containers") or ()
        for port in container.get("ports") or ()
        if port.get("hostPort")
    ]
