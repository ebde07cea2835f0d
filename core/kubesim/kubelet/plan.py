"""Everything about a pod that follows from its spec alone, worked out once for all pods of one template."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kubesim.kubelet import disks, environment, images, mounts, sysctls, writing
from kubesim.kubelet.catalogue import Catalogue
from kubesim.kubelet.images import ImageNameError, Reference
from kubesim.kubelet.profile import Profile
from kubesim.kubelet.simruntime.machine import Surroundings
from kubesim.kubelet.simruntime.program import Program, asked_by, build
from kubesim.objects import pods, quantities
from kubesim.objects.volumes import claim_names
from kubesim.objects.wire import EMPTY, Gvr, Tree

INIT, SIDECAR, APP, EPHEMERAL = "init", "sidecar", "app", "ephemeral"
STARTUP, LIVENESS, READINESS = "Startup", "Liveness", "Readiness"
MEMO_SIZE = 4096
UNKNOWN_PEAK = 1 << 50

# A command that mentions one of these behaves differently from pod to pod.
_PARTICULAR = (
    "$", "`", "env", "hostname", "cat", "ls", "-f ", "-e ", "-d ", "-s ", "uname", "grep", "head", "tail", "source",
    "mounttest", "nslookup", "dig", "getent", "host", "nc ", "wget", "curl", "pg_isready", "redis-cli", "mysqladmin",
    "mongosh", "sh /", "/bin/sh /", "test-service-account-issuer-discovery", "inclusterclient",
    "porter", "sysctl", "ip ", "ifconfig",
)  # fmt: skip

# What it mounts matters to a command that mentions one of these.
_READERS = ("hexdump", "stat", "find", "wc ", "sort", "sed ", "cut ", "cp ", "mv ", "base64", "chmod", "chown", "[")

# Files belong to the user and the groups of who writes them.
_OWNERS = ("runAsUser", "runAsGroup", "fsGroup", "supplementalGroups", "readOnlyRootFilesystem")
_OWNED = ("id", "whoami", ">", "touch", "mkdir", "tee", "cp ", "mv ", "stat", "chmod", "chown", "[", "test ")


class ProbePlan(NamedTuple):
    """One probe of a container; ``kind`` is httpGet, tcpSocket, exec or grpc, times are milliseconds."""

    which: str
    kind: str
    action: Tree
    port: int
    delay_ms: int
    period_ms: int
    success: int
    failure: int
    grace_ms: int | None
    timeout_ms: int = 1_000


ANY = "0.0.0.0"
"""Stands for every address of a node."""


class HostPort(NamedTuple):
    """A port of a node, on one of its addresses or on all, that leads to a port of a container."""

    address: str
    protocol: str
    port: int
    container_port: int

    def clashes(self, other: "HostPort") -> bool:
        """Whether both cannot be on one node."""
        if (self.protocol, self.port) != (other.protocol, other.port):
            return False
        return self.address == other.address or ANY in {self.address, other.address}


class ContainerPlan:
    """One container of a spec."""

    __slots__ = (
        "asked", "cpu_limit", "creating", "field_path", "has_files", "image", "image_error", "is_particular", "kind",
        "memory_limit", "name", "needs", "policy", "post_start", "pre_stop", "present_text", "probes", "profile",
        "program", "reference", "restart", "rules", "running", "started_parts", "termination_logs",
        "termination_path", "tree", "user", "waiting_parts",
    )  # fmt: skip

    def __init__(
        self, tree: Tree, kind: str, catalogue: Catalogue, waiting: str, *, one_shot: bool, context: Tree = EMPTY
    ) -> None:
        self.tree = tree
        self.kind = kind
        self.name: str = tree["name"]
        self.image: str = tree.get("image", "")
        self.image_error = ""
        self.reference: Reference | None = None
        try:
            self.reference = images.parse(self.image)
        except ImageNameError as error:
            self.image_error = f'Failed to apply default image tag "{self.image}": {error}'
        self.present_text = f'Container image "{self.image}" already present on machine and can be accessed by the pod'
        self.profile = catalogue.profile(self.reference) if self.reference else Profile("invalid")
        self.policy: str = tree.get("imagePullPolicy", "IfNotPresent")
        places = {APP: "containers", EPHEMERAL: "ephemeralContainers"}
        self.field_path = f"spec.{places.get(kind, 'initContainers')}{{{self.name}}}"
        self.needs = environment.needs(tree)
        resources: Tree = tree.get("resources") or EMPTY
        limit = (resources.get("limits") or EMPTY).get("memory")
        self.memory_limit = quantities.value(limit) if limit is not None else 0
        cpu = (resources.get("limits") or EMPTY).get("cpu")
        self.cpu_limit = quantities.milli(cpu) if cpu is not None else 0
        self.restart: str | None = tree.get("restartPolicy") if kind != SIDECAR else "Always"
        self.rules: tuple[Tree, ...] = tuple(tree.get("restartPolicyRules") or ())
        self.termination_path: str = tree.get("terminationMessagePath") or "/dev/termination-log"
        self.termination_logs = tree.get("terminationMessagePolicy") == "FallbackToLogsOnError"
        lifecycle: Tree = tree.get("lifecycle") or EMPTY
        self.pre_stop: Tree | None = lifecycle.get("preStop")
        self.post_start: Tree | None = lifecycle.get("postStart")
        self.has_files = bool(tree.get("volumeMounts"))
        self.user: Mapping[str, Any] = {**context, **(tree.get("securityContext") or EMPTY)}
        """The security context of the pod and its own."""
        self.is_particular = bool(self.user.get("runAsNonRoot")) or _mounts_folders(tree)
        """Whether its configuration has to be looked at before it is made."""
        self.probes = _probes(tree) if kind in {APP, SIDECAR} else ()
        self.asked = asked_by(tree, self.memory_limit, one_shot=one_shot)
        self.program = self._common_program()
        self.waiting_parts, self.started_parts = self._parts(tree, resources)
        self.creating: Tree = {
            **self.waiting_parts,
            "lastState": {},
            "ready": False,
            "restartCount": 0,
            "started": False,
            "state": {"waiting": {"reason": waiting}},
        }
        self.running: Tree = {
            **self.started_parts,
            "containerID": "",
            "lastState": {},
            "ready": True,
            "restartCount": 0,
            "started": True,
            "state": {},
        }
        """The status of its first run, but for ``containerID`` and ``state``."""

    @property
    def starts_at_once(self) -> bool:
        """Whether it runs for ever as soon as its image is there, and nothing else has to be looked at."""
        program = self.program
        if self.kind != APP or self.reference is None or self.policy == "Always" or program is None:
            return False
        if self.is_particular:
            return False
        waits = program.timeline.waits_for or program.ends_ms is not None or program.start_error
        return not (waits or self.needs or self.probes or self.post_start)

    def _common_program(self) -> Program | None:
        """The program when it is the same in every pod."""
        text = " ".join((*self.asked.command, *self.asked.arguments))
        if any(name in self.user for name in _OWNERS) and any(mark in text for mark in _OWNED):
            return None
        if self.profile.only_shell and self.profile.arguments not in {(), ("sh",)}:
            return None
        if self.asked.stdin or (self.has_files and any(mark in text for mark in _READERS)):
            return None
        if any(mark in text for mark in _PARTICULAR) or (self.profile.needs is not None and not self.asked.command):
            return None
        return build(self.profile, self.asked, Surroundings(EMPTY, EMPTY))

    def _parts(self, tree: Tree, resources: Tree) -> tuple[dict[str, Any], dict[str, Any]]:
        """The parts of a container status that never change: before and after the container was made."""
        common: dict[str, Any] = {"name": self.name}
        allocated = resources.get("requests")
        if allocated:
            common["allocatedResources"] = allocated
        listed = [_mount(mount) for mount in tree.get("volumeMounts") or ()]
        if listed:
            common["volumeMounts"] = listed
        waiting = {**common, "image": self.image, "imageID": ""}
        if self.reference is None:
            return waiting, waiting
        started = {**common, "image": self.reference.full, "imageID": self.reference.identifier, "resources": resources,
                   "user": _user(self.user)}  # fmt: skip
        return waiting, started


def _mounts_folders(tree: Tree) -> bool:
    """Whether a container mounts folders of volumes."""
    return any(each.get("subPathExpr") or each.get("subPath") for each in tree.get("volumeMounts") or ())


def _mount(mount: Tree) -> dict[str, Any]:
    found: dict[str, Any] = {"mountPath": mount["mountPath"], "name": mount["name"]}
    if mount.get("readOnly"):
        found["readOnly"] = True
        found["recursiveReadOnly"] = mount.get("recursiveReadOnly") or "Disabled"
    return found


def _probes(tree: Tree) -> tuple[ProbePlan, ...]:
    found = []
    for which in (STARTUP, LIVENESS, READINESS):
        probe = tree.get(f"{which.lower()}Probe")
        if not probe:
            continue
        kind = next((name for name in ("exec", "httpGet", "tcpSocket", "grpc") if name in probe), "")
        if not kind:
            continue
        action = probe[kind] or EMPTY
        grace = probe.get("terminationGracePeriodSeconds")
        found.append(
            ProbePlan(
                which,
                kind,
                action,
                port_of(tree, action.get("port", 0)),
                1000 * (probe.get("initialDelaySeconds") or 0),
                1000 * (probe.get("periodSeconds") or 10),
                probe.get("successThreshold") or 1,
                probe.get("failureThreshold") or 3,
                None if grace is None else grace * 1000,
                1000 * (probe.get("timeoutSeconds") or 1),
            )
        )
    return tuple(found)


def port_of(tree: Tree, port: int | str) -> int:
    """A port by number or by name; 0 when there is none of that name."""
    if isinstance(port, int):
        return port
    if port.isdigit():
        return int(port)
    return next((int(listed["containerPort"]) for listed in tree.get("ports") or () if listed.get("name") == port), 0)


class PodPlan:
    """A pod's spec, worked out."""

    __slots__ = (
        "app_count", "arrival", "containers", "creating", "creating_init", "gates", "grace_ms", "has_claims",
        "host_network", "host_ports", "init_count", "is_ordinary", "is_watched", "limits_storage", "objects",
        "peak_memory", "pull_secrets", "qos", "refreshes", "requests", "restart_policy", "sysctls", "volume_needs",
        "writes",
    )  # fmt: skip

    def __init__(self, pod: Tree, catalogue: Catalogue) -> None:
        spec = pod["spec"]
        self.restart_policy: str = spec.get("restartPolicy", "Always")
        init: list[Tree] = spec.get("initContainers") or []
        waiting = "PodInitializing" if init else "ContainerCreating"
        ends = self.restart_policy != "Always"
        made = [
            ContainerPlan(
                tree,
                kind := SIDECAR if pods.is_sidecar(tree) else INIT,
                catalogue,
                waiting,
                one_shot=kind == INIT,
                context=spec.get("securityContext") or EMPTY,
            )
            for tree in init
        ]
        self.init_count = len(made)
        made += [
            ContainerPlan(tree, APP, catalogue, waiting, one_shot=ends, context=spec.get("securityContext") or EMPTY)
            for tree in spec.get("containers") or ()
        ]
        self.app_count = len(made) - self.init_count
        made += [
            ContainerPlan(tree, EPHEMERAL, catalogue, "ContainerCreating", one_shot=False)
            for tree in spec.get("ephemeralContainers") or ()
        ]
        self.containers = made
        self.creating_init = [plan.creating for plan in made[: self.init_count]]
        self.creating = [plan.creating for plan in made[self.init_count : self.init_count + self.app_count]]
        self.volume_needs = mounts.needs(spec.get("volumes") or ())
        self.refreshes = bool(self.volume_needs) or any(map(_shows_pod, spec.get("volumes") or ()))
        """Whether files of its volumes can change while it runs."""
        self.writes = disks.writable(spec.get("volumes") or ())
        """Whether it has volumes that can be written."""
        self.has_claims = bool(claim_names(spec, ""))
        self.grace_ms = 1000 * spec.get("terminationGracePeriodSeconds", 30)
        named = [(need.gvr, need.name) for plan in made for need in plan.needs]
        wanted = [*((need.gvr, need.name) for need in self.volume_needs), *named]
        self.objects: tuple[tuple[Gvr, str], ...] = tuple(dict.fromkeys(wanted))
        """The ConfigMaps and Secrets that the pod is made from."""
        self.host_network = bool(spec.get("hostNetwork"))
        self.host_ports: tuple[HostPort, ...] = tuple(
            HostPort(port.get("hostIP") or ANY, port.get("protocol", "TCP"), port["hostPort"], port["containerPort"])
            for plan in made
            for port in plan.tree.get("ports") or ()
            if port.get("hostPort")
        )
        self.sysctls = sysctls.wanted(spec)
        self.gates: tuple[str, ...] = tuple(gate["conditionType"] for gate in spec.get("readinessGates") or ())
        self.requests: Mapping[str, int] = pods.requests(pod)
        self.qos = pods.qos_class(pod)
        self.peak_memory = sum(map(_peak, made))
        """The bytes that it can use at most."""
        # Whether it is evicted when it has written too much.
        self.limits_storage = writing.limited(spec, made)
        self.is_watched = self.limits_storage or writing.fills(made)
        # The names of the Secrets that open registries.
        self.pull_secrets = tuple(each.get("name", "") for each in spec.get("imagePullSecrets") or ())
        others = (self.has_claims, self.volume_needs, self.gates, self.host_network, self.pull_secrets,
                  spec.get("runtimeClassName"))  # fmt: skip
        self.is_ordinary = len(made) == 1 and made[0].starts_at_once and not any(others)
        """Whether its pods take the short way, see ``ordinary``."""
        self.arrival: Arrival | None = None
        """What the pod that came last was first reported with."""


def _peak(plan: ContainerPlan) -> int:
    """The bytes that a container can use at most, as far as its image tells."""
    profile = plan.program.profile if plan.program is not None else plan.profile
    most = max(profile.memory.amounts)
    if plan.program is None and profile.memory_flag:
        most = UNKNOWN_PEAK
    return min(most, plan.memory_limit) if plan.memory_limit else most


def _shows_pod(volume: Tree) -> bool:
    """Whether a volume shows labels and annotations."""
    sources = (volume.get("projected") or EMPTY).get("sources") or (volume,)
    items = [item for source in sources for item in (source.get("downwardAPI") or EMPTY).get("items") or ()]
    paths = [str((item.get("fieldRef") or EMPTY).get("fieldPath", "")) for item in items]
    return any(path.startswith(("metadata.labels", "metadata.annotations")) for path in paths)


def _user(context: Mapping[str, Any]) -> dict[str, Any]:
    """Whom a container runs as, for its status."""
    user, group = context.get("runAsUser", 0), context.get("runAsGroup", 0)
    groups = {group, *(context.get("supplementalGroups") or ())}
    if context.get("fsGroup") is not None:
        groups.add(context["fsGroup"])
    return {"linux": {"gid": group, "supplementalGroups": sorted(groups), "uid": user}}


class Arrival(NamedTuple):
    """The first status of a pod, for others that arrive alike in the same second."""

    scheduled: Tree
    """The condition that was found."""
    stamp: str
    generation: int
    qos: str | None
    own: tuple[Tree, ...]
    """The kubelet's conditions."""
    status: dict[str, Any]


class Plans:
    """The plans of the templates seen last, by identity of their parts."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._memo: dict[int, tuple[tuple[Any, ...], PodPlan, Tree]] = {}

    def of(self, pod: Tree) -> PodPlan:
        """The plan of a pod, shared with the pods that share its containers."""
        spec = pod["spec"]
        containers = spec["containers"]
        found = self._memo.get(id(containers))
        if found is not None and (found[2] is spec or found[0] == _parts(spec)):
            return found[1]
        if len(self._memo) >= MEMO_SIZE:
            self._memo.clear()
        plan = PodPlan(pod, self._catalogue)
        self._memo[id(containers)] = (_parts(spec), plan, spec)
        return plan

    def __getstate__(self) -> dict[str, Any]:
        # Addresses mean nothing in another process.
        return {"_catalogue": self._catalogue, "_memo": {}}


def _parts(spec: Tree) -> tuple[Any, ...]:
    return tuple(map(spec.get, _FIELDS))


_FIELDS = (
    "containers",
    "initContainers",
    "ephemeralContainers",
    "volumes",
    "terminationGracePeriodSeconds",
    "restartPolicy",
    "hostNetwork",
    "securityContext",
    "readinessGates",
    "overhead",
    "resources",
    "imagePullSecrets",
    "runtimeClassName",
)
"""What a plan is made from."""
