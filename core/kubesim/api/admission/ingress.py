"""DefaultIngressClass: Ingresses that name no class get the default. # k8s: plugin/pkg/admission/network."""

from kubesim.api.admission.plugin import CREATE, Attributes, Plugin
from kubesim.objects import refs
from kubesim.objects.wire import INGRESSCLASSES, INGRESSES, Gvr, Tree
from kubesim.store.mvcc import Store

DEFAULT = "ingressclass.kubernetes.io/is-default-class"
OLD_ANNOTATION = "kubernetes.io/ingress.class"


class DefaultIngressClass(Plugin):
    """Costs nothing but for new Ingresses."""

    watched = (INGRESSCLASSES,)

    def __init__(self, store: Store) -> None:
        self._store = store

    def concerns(self, operation: str, gvr: Gvr, subresource: str, namespace: str) -> bool:
        """New Ingresses, when there is a default class."""
        del namespace
        return operation == CREATE and gvr == INGRESSES and not subresource and bool(self._default())

    def mutate(self, asked: Attributes) -> Tree | None:
        """The Ingress with a class."""
        obj = asked.obj
        if obj is None or OLD_ANNOTATION in refs.annotations(obj):
            return obj
        spec = obj.get("spec") or {}
        if spec.get("ingressClassName") is not None:
            return obj
        return {**obj, "spec": {**spec, "ingressClassName": self._default()}}

    def _default(self) -> str:
        """The newest class that says it is the default; "" when none does."""
        found = [each for each in self._store.range(INGRESSCLASSES) if refs.annotations(each).get(DEFAULT) == "true"]
        newest = max((_born(each) for each in found), default="")
        names = sorted(each["metadata"]["name"] for each in found if _born(each) == newest)
        return str(names[0]) if names else ""


def _born(tree: Tree) -> str:
    return str(tree["metadata"].get("creationTimestamp") or "")
