"""ImageLocality: prefers nodes that hold the pod's images already."""

from collections.abc import Sequence

from kubesim.scheduler.framework import MAX_NODE_SCORE, CycleState, Plugin, Snapshot
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.podinfo import Incoming

MIB = 1024 * 1024
LEAST = 23 * MIB
MOST_PER_CONTAINER = 1000 * MIB


def locality_score(total: int, containers: int) -> int:
    """0 below 23 MiB, 100 from 1000 MiB a container on. # k8s: imagelocality calculatePriority."""
    most = MOST_PER_CONTAINER * containers
    total = min(max(total, LEAST), most)
    return MAX_NODE_SCORE * (total - LEAST) // (most - LEAST)


def scaled_size(size: int, holders: int, nodes: int) -> int:
    """The size of an image, scaled by the share of the nodes that hold it. # k8s: scaledImageScore."""
    return int(size * (holders / nodes))


class ImageLocality(Plugin):
    """# k8s: plugins/imagelocality."""

    name = "ImageLocality"
    weight = 1

    def pre_score(self, state: CycleState, pod: Incoming, nodes: Sequence[NodeInfo], snapshot: Snapshot) -> bool:
        """Looks up how widely each image is spread."""
        del nodes
        state[self.name] = (snapshot.node_count, {image: snapshot.image_nodes(image) for image in pod.info.images})
        return bool(pod.info.images)

    def score(self, state: CycleState, pod: Incoming, node: NodeInfo) -> int:
        """The sizes of the images that the node holds."""
        count, holders = state[self.name]
        sizes = node.images
        total = sum(scaled_size(sizes[i], holders[i], count) for i in pod.info.images if i in sizes)
        return locality_score(total, pod.info.image_containers)
