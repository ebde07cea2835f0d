"""Which NoExecute taints a pod tolerates, and for how long."""

from collections.abc import Sequence

from kubesim.objects.taints import covers
from kubesim.objects.wire import Tree

FOREVER = -1


def patience(taints: Sequence[Tree], tolerations: Sequence[Tree]) -> int | None:
    """For how many seconds a pod may stay under taints, ``FOREVER``, or None when it does not tolerate one of them."""
    used = []
    for taint in taints:
        covering = next((each for each in tolerations if covers(each, taint)), None)
        if covering is None:
            return None
        used.append(covering)
    seconds = [max(0, each["tolerationSeconds"]) for each in used if each.get("tolerationSeconds") is not None]
    return min(seconds) if seconds else FOREVER
