"""What a pod may write to the disk of its node, as far as its spec tells."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kubesim.objects.wire import EMPTY, Tree

if TYPE_CHECKING:
    from kubesim.kubelet.plan import ContainerPlan

FILLING = ("dd ", "fallocate", "truncate")
"""What the command of a container says that may write large files."""


def limited(spec: Tree, plans: "Iterable[ContainerPlan]") -> bool:
    """Whether there is a limit for what the pod writes."""
    if any((volume.get("emptyDir") or EMPTY).get("sizeLimit") for volume in spec.get("volumes") or ()):
        return True
    limits = ((plan.tree.get("resources") or EMPTY).get("limits") or EMPTY for plan in plans)
    return any("ephemeral-storage" in each for each in limits)


def fills(plans: "Iterable[ContainerPlan]") -> bool:
    """Whether the command of a container may write large files."""
    words = (word for plan in plans for word in (*plan.asked.command, *plan.asked.arguments))
    return any(mark in word for word in words for mark in FILLING)
