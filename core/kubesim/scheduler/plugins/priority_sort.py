"""PrioritySort: the order of the active queue."""

from kubesim.scheduler.framework import Plugin


class PrioritySort(Plugin):
    """# k8s: plugins/queuesort."""

    name = "PrioritySort"

    def key(self, priority: int, queued_at: int, sequence: int) -> tuple[int, int, int]:
        """Pods with the least key go first: high priority, then early arrival (milliseconds), then order of arrival."""
        return -priority, queued_at, sequence
