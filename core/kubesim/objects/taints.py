"""Which taints a toleration covers."""

from kubesim.objects.wire import Tree


def covers(toleration: Tree, taint: Tree) -> bool:
    """Whether a toleration covers a taint. # k8s: core/v1 Toleration.ToleratesTaint."""
    effect, key = toleration.get("effect"), toleration.get("key")
    if effect and effect != taint.get("effect"):
        return False
    if key and key != taint.get("key"):
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return (toleration.get("value") or "") == (taint.get("value") or "")
