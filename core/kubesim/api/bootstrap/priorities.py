"""The two PriorityClasses that every cluster begins with, as the API server makes them on its first start."""

from kubesim.objects.wire import Tree

GROUP = "scheduling.k8s.io"
_CLASSES = (
    (
        "system-cluster-critical",
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
    (
        "system-node-critical",
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
)


def objects() -> list[tuple[str, Tree]]:
    """The objects with the plural of their resource."""
    return [
        (
            "priorityclasses",
            {
                "kind": "PriorityClass",
                "apiVersion": f"{GROUP}/v1",
                "metadata": {"name": name, "generation": 1},
                "value": value,
                "description": description,
                "preemptionPolicy": "PreemptLowerPriority",
            },
        )
        for name, value, description in _CLASSES
    ]
