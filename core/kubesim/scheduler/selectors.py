"""Which pods belong together by default: the selectors of the Services, ReplicaSets and StatefulSets of a pod."""

from collections.abc import Mapping

from kubesim.machinery.client import Client
from kubesim.objects.refs import controller_of
from kubesim.objects.refs import labels as labels_of
from kubesim.objects.selectors import EVERYTHING, Requirement, Selector, from_label_selector, from_map
from kubesim.objects.wire import EMPTY, REPLICASETS, Gvr, Tree, core

REPLICATIONCONTROLLERS = core("replicationcontrollers")
STATEFULSETS = Gvr("apps", "v1", "statefulsets")

_OWNERS = {"ReplicaSet": REPLICASETS, "StatefulSet": STATEFULSETS, "ReplicationController": REPLICATIONCONTROLLERS}
_MEMO_SIZE = 4096


class DefaultSelectors:
    """Derives the selector of the system's own spread constraints. # k8s: plugins/helper DefaultSelector."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._services: dict[str, dict[str, Mapping[str, str]]] = {}
        self._memo: dict[tuple[str, str, tuple[tuple[str, str], ...]], Selector] = {}
        self.revision = 0
        """Counts the changes of Services that may change a selector."""

    def service_changed(self, old: Tree | None, new: Tree | None) -> None:
        """Follow a Service."""
        before, after = _selector(old), _selector(new)
        if before == after:
            return
        tree = old if new is None else new
        if tree is None:
            return
        services = self._services.setdefault(tree["metadata"]["namespace"], {})
        name = tree["metadata"]["name"]
        if after is None:
            services.pop(name, None)
        else:
            services[name] = after
        self.revision += 1
        self._memo.clear()

    def of(self, pod: Tree) -> Selector:
        """The selector; it is empty when nothing selects the pod."""
        metadata = pod["metadata"]
        owner = controller_of(pod)
        labels = labels_of(pod)
        key = (metadata.get("namespace", ""), "" if owner is None else owner["uid"], tuple(labels.items()))
        found = self._memo.get(key)
        if found is None:
            if len(self._memo) >= _MEMO_SIZE:
                self._memo.clear()
            found = self._memo[key] = self._derive(key[0], owner, labels)
        return found

    def _derive(self, namespace: str, owner: Tree | None, labels: Mapping[str, str]) -> Selector:
        merged: dict[str, str] = {}
        services = self._services.get(namespace, EMPTY)
        for name in sorted(services):
            if all(labels.get(key) == value for key, value in services[name].items()):
                merged.update(services[name])
        requirements = from_map(merged).requirements
        gvr = _OWNERS.get(owner["kind"]) if owner is not None else None
        if owner is None or gvr is None or owner["apiVersion"] != gvr.api_version:
            return Selector(requirements) if requirements else EVERYTHING
        found = self._client.get(gvr, namespace, owner["name"])
        if found is not None:
            requirements = (*requirements, *_requirements(found, owner["kind"]))
        return Selector(tuple(dict.fromkeys(requirements))) if requirements else EVERYTHING


def _requirements(owner: Tree, kind: str) -> tuple[Requirement, ...]:
    selector = owner["spec"].get("selector")
    parsed = from_map(selector) if kind == "ReplicationController" else from_label_selector(selector)
    return parsed.requirements


def _selector(service: Tree | None) -> Mapping[str, str] | None:
    return None if service is None else (service.get("spec") or EMPTY).get("selector")
