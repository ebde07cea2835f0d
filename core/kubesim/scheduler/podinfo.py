"""A pod as the scheduler reads it: requests, ports, tolerations, affinity, spread constraints; parsed once a spec."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from kubesim.objects.pods import requests
from kubesim.objects.selectors import IN, NOTHING, Requirement, Selector, from_label_selector
from kubesim.objects.volumes import claim_names
from kubesim.objects.wire import EMPTY, Tree
from kubesim.scheduler.affinity import AffinityTerms, NodeRequirement, parse_affinity
from kubesim.scheduler.devices.claims import PodClaim

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"

DEFAULT_MILLI_CPU = 100
DEFAULT_MEMORY = 200 * 1024 * 1024
"""What a container that asks for nothing counts as in scores. # k8s: schedutil.DefaultMilliCPURequest."""

_RELEVANT = (
    "affinity",
    "nodeSelector",
    "tolerations",
    "topologySpreadConstraints",
    "priority",
    "preemptionPolicy",
    "overhead",
    "resources",
)
DISKS = ("gcePersistentDisk", "awsElasticBlockStore", "rbd", "iscsi")
"""The sources of volumes that a machine can have attached once, or several times for reading only."""
_MEMO_SIZE = 4096


class Constraint(NamedTuple):
    """One topology spread constraint. # k8s: podtopologyspread topologySpreadConstraint."""

    max_skew: int
    key: str
    selector: Selector
    min_domains: int = 1
    honor_affinity: bool = True
    honor_taints: bool = False


class PodInfo:
    """What is read from a namespace and a spec; shared by all pods that are alike in it."""

    def __init__(self, serial: int, namespace: str, spec: Tree) -> None:
        self.serial = serial
        """A number that no other PodInfo of this scheduler has."""
        self.namespace = namespace
        self.priority: int = spec.get("priority") or 0
        self.preempts = spec.get("preemptionPolicy") != "Never"
        asked = requests({"spec": spec})
        self.cpu = asked.get("cpu", 0)
        self.memory = asked.get("memory", 0)
        self.others = tuple(
            (name, amount) for name, amount in sorted(asked.items()) if name not in {"cpu", "memory", "pods"} and amount
        )
        counted = requests({"spec": _with_defaults(spec)})
        self.scored_cpu = counted.get("cpu", 0)
        self.scored_memory = counted.get("memory", 0)
        self.tolerations: tuple[Tree, ...] = tuple(spec.get("tolerations") or ())
        affinity = spec.get("affinity") or EMPTY
        self.node_requirement = NodeRequirement.parse(spec.get("nodeSelector"), affinity.get("nodeAffinity"))
        self.node_names = self.node_requirement.node_names()
        self.terms: AffinityTerms | None = parse_affinity(affinity, namespace)
        self.ports = _host_ports(spec)
        self.images = tuple(image_name(c.get("image", "")) for c in _image_containers(spec))
        self.image_containers = len(self.images)
        self.uses_claims = _uses_claims(spec)
        """Whether it uses PersistentVolumeClaims; which ones is not shared by pods that are alike."""
        self.disks = _disks(spec)
        """The volumes that cannot be on one node twice, or can only be read there."""
        self.uses_devices = bool(spec.get("resourceClaims"))
        """Whether it uses ResourceClaims; which ones is not shared either."""
        self.spread = tuple(spec.get("topologySpreadConstraints") or ())

    @property
    def best_effort(self) -> bool:
        """Whether it asks for neither cpu nor memory."""
        return not (self.cpu or self.memory)


class Incoming(NamedTuple):
    """The pod that is to be scheduled, as plugins see it."""

    info: PodInfo
    labels: Mapping[str, str]
    hard: tuple[Constraint, ...] = ()
    """DoNotSchedule constraints."""
    soft: tuple[Constraint, ...] = ()
    """ScheduleAnyway constraints; those on the host name first."""
    system_defaulted: bool = False
    uid: str = ""
    nominated: str = ""
    claims: tuple[str, ...] = ()
    """The claims it uses, those of its ephemeral volumes among them."""
    ephemeral: tuple[str, ...] = ()
    """Those of its claims that are made for its ephemeral volumes."""
    devices: tuple[PodClaim, ...] = ()
    """The ResourceClaims it uses."""
    name: str = ""
    """The name of the pod, where it uses claims of either sort."""


class PodParser:
    """Makes PodInfos, one for all pods whose relevant parts are equal."""

    def __init__(self) -> None:
        self._serial = 0
        self._by_spec: dict[int, tuple[Tree, PodInfo]] = {}
        self._by_text: dict[bytes, PodInfo] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Addresses mean nothing in another process.
        return {**self.__dict__, "_by_spec": {}}

    def parse(self, pod: Tree) -> PodInfo:
        """The PodInfo of a pod; the memo is by identity of the spec first, by content second."""
        spec = pod["spec"]
        found = self._by_spec.get(id(spec))
        namespace = pod["metadata"].get("namespace", "")
        if found is not None and found[0] is spec and found[1].namespace == namespace:
            return found[1]
        text = _signature(namespace, spec)
        info = self._by_text.get(text)
        if info is None:
            if len(self._by_text) >= _MEMO_SIZE:
                self._by_text.clear()
            self._serial += 1
            info = self._by_text[text] = PodInfo(self._serial, namespace, spec)
        if len(self._by_spec) >= _MEMO_SIZE:
            self._by_spec.clear()
        self._by_spec[id(spec)] = (spec, info)
        return info


def _signature(namespace: str, spec: Tree) -> bytes:
    # k8s: SignPod; the parts that decide where a pod may run and how nodes score for it.
    containers = [_container_signature(c) for c in spec.get("containers") or ()]
    first = [_container_signature(c) for c in spec.get("initContainers") or ()]
    parts = [spec.get(name) for name in _RELEVANT]
    images = [volume["image"] for volume in spec.get("volumes") or () if "image" in volume]
    uses = _uses_claims(spec), bool(spec.get("resourceClaims")), _disks(spec)
    return orjson.dumps((namespace, containers, first, parts, images, uses), option=orjson.OPT_SORT_KEYS)


def _container_signature(container: Tree) -> tuple[Any, ...]:
    ports = [p for p in container.get("ports") or () if p.get("hostPort")]
    return container.get("image"), container.get("resources"), ports, container.get("restartPolicy")


def _with_defaults(spec: Tree) -> Tree:
    filled = {**spec, "containers": [_fill(c) for c in spec.get("containers") or ()]}
    if spec.get("initContainers"):
        filled["initContainers"] = [_fill(c) for c in spec["initContainers"]]
    return filled


def _fill(container: Tree) -> Tree:
    resources = container.get("resources") or EMPTY
    asked = resources.get("requests") or EMPTY
    if "cpu" in asked and "memory" in asked:
        return container
    full = {"cpu": f"{DEFAULT_MILLI_CPU}m", "memory": str(DEFAULT_MEMORY), **asked}
    return {**container, "resources": {**resources, "requests": full}}


def _host_ports(spec: Tree) -> tuple[tuple[str, str, int], ...]:
    return tuple(
        (port.get("hostIP") or "0.0.0.0", port.get("protocol") or "TCP", port["hostPort"])
        for container in [*(spec.get("containers") or ()), *_sidecars(spec)]
        for port in container.get("ports") or ()
        if port.get("hostPort")
    )


def _sidecars(spec: Tree) -> list[Tree]:
    return [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]


def _image_containers(spec: Tree) -> list[Tree]:
    volumes = [{"image": v["image"].get("reference", "")} for v in spec.get("volumes") or () if "image" in v]
    return [*(spec.get("initContainers") or ()), *(spec.get("containers") or ()), *volumes]


def _uses_claims(spec: Tree) -> bool:
    return any("persistentVolumeClaim" in each or "ephemeral" in each for each in spec.get("volumes") or ())


def _disks(spec: Tree) -> tuple[Tree, ...]:
    return tuple(each for each in spec.get("volumes") or () if any(source in each for source in DISKS))


def claims_of(pod: Tree) -> tuple[str, ...]:
    """The claims that a pod uses, those of its ephemeral volumes among them."""
    return tuple(claim_names(pod["spec"], pod["metadata"]["name"]))


def ephemeral_of(pod: Tree) -> tuple[str, ...]:
    """The claims that are made for the ephemeral volumes of a pod."""
    volumes = pod["spec"].get("volumes") or ()
    return tuple(f"{pod['metadata']['name']}-{each['name']}" for each in volumes if "ephemeral" in each)


def image_name(image: str) -> str:
    """The name with its tag. # k8s: imagelocality normalizedImageName."""
    return image if image.rfind(":") > image.rfind("/") else image + ":latest"


# ---------------------------------------------------------------------- spread constraints
def spread_constraints(
    listed: Iterable[Tree], labels: Mapping[str, str]
) -> tuple[tuple[Constraint, ...], tuple[Constraint, ...]]:
    """The DoNotSchedule and the ScheduleAnyway constraints of a pod with these labels."""
    hard: list[Constraint] = []
    soft: list[Constraint] = []
    for tree in listed:
        (hard if tree.get("whenUnsatisfiable") == "DoNotSchedule" else soft).append(_constraint(tree, labels))
    return tuple(hard), tuple(sorted(soft, key=_not_hostname))


def default_constraints(selector: Selector) -> tuple[Constraint, ...]:
    """The system's own constraints for pods that have none. # k8s: systemDefaultConstraints."""
    if selector.matches_everything:
        return ()
    return Constraint(3, HOSTNAME, selector), Constraint(5, ZONE, selector)


def _not_hostname(constraint: Constraint) -> bool:
    return constraint.key != HOSTNAME


def _constraint(tree: Tree, labels: Mapping[str, str]) -> Constraint:
    selector = from_label_selector(tree.get("labelSelector"))
    extra = tuple(Requirement(key, IN, (labels[key],)) for key in tree.get("matchLabelKeys") or () if key in labels)
    if extra and selector != NOTHING:
        missing = tuple(r for r in extra if not _asks(selector, r))
        selector = Selector((*selector.requirements, *missing)) if missing else selector
    return Constraint(
        tree["maxSkew"],
        tree["topologyKey"],
        selector,
        tree.get("minDomains") or 1,
        tree.get("nodeAffinityPolicy", "Honor") == "Honor",
        tree.get("nodeTaintsPolicy", "Ignore") == "Honor",
    )


def _asks(selector: Selector, wanted: Requirement) -> bool:
    # k8s: the API server has usually merged matchLabelKeys into the selector already.
    return any(r.key == wanted.key and r.values == wanted.values for r in selector.requirements)
