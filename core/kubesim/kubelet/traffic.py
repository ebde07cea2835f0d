"""Answers for the containers of a pod: connections, logs, commands and usage, with the kubelet's errors."""

from kubesim.kubelet import disks, environment, modes, mounts, probing, surroundings
from kubesim.kubelet.agent import Agent
from kubesim.kubelet.environment import MissingError
from kubesim.kubelet.plan import INIT
from kubesim.kubelet.record import RUNNING, Container
from kubesim.kubelet.runtime import Connection, LogLine, Outcome
from kubesim.kubelet.simruntime.agnhost.roles import PORTER
from kubesim.kubelet.worker import PodWorker
from kubesim.machinery.client import Client
from kubesim.objects.errors import bad_request, failure, not_found
from kubesim.objects.pods import phase
from kubesim.objects.wire import PODS

PROXY_ERROR = 500
OWN_USAGE = (60, 300 * 1024 * 1024)
"""What kubelet and container runtime use themselves: milli-cores and bytes."""


def known(client: Client, worker: PodWorker | None, namespace: str, name: str) -> PodWorker:
    """The pod on its node. Raises ApiError."""
    if worker is not None:
        if not worker.agent.running:
            raise _unreachable(worker)
        return worker
    pod = client.get(PODS, namespace, name)
    if pod is None:
        raise not_found(PODS, name)
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {name} does not have a host assigned")
    container = pod["spec"]["containers"][0]["name"]
    raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: ContainerCreating')


def _unreachable(worker: PodWorker) -> Exception:
    address = worker.agent.host_ip
    text = f'Get "https://{address}:10250/": dial tcp {address}:10250: connect: no route to host'
    return failure(PROXY_ERROR, "InternalError", f"Internal error occurred: error dialing backend: {text}")


def reachable(client: Client, worker: PodWorker | None, namespace: str, name: str) -> PodWorker:
    """The pod on its node, running. Raises ApiError with kubectl's text."""
    pod = client.get(PODS, namespace, name)
    if pod is None:
        raise not_found(PODS, name)
    if worker is not None and not worker.agent.running:
        raise _unreachable(worker)
    if worker is None or phase(pod) != "Running":
        text = f"unable to forward port because pod is not running. Current status={phase(pod) or 'Pending'}"
        raise bad_request(text)
    return worker


def connect(worker: PodWorker, port: int) -> Connection:
    """A connection to the container that listens on a port. Raises ApiError."""
    now = worker.agent.loop.now
    for container in worker.containers:
        process = container.process
        if process is not None and port in process.program.ports and process.is_serving(now):
            facts = surroundings.facts(worker, container)
            if disks.serves_mounts(container):
                process.files = _files(worker, container)
            return worker.agent.shared.runtime.open(process, facts, port, _referred(worker, container))
    text = (
        f"error forwarding port {port} to pod {worker.uid}, uid : failed to execute portforward in network namespace: "
        f"failed to connect to localhost:{port} inside namespace: "
        f"dial tcp4 127.0.0.1:{port}: connect: connection refused"
    )
    raise failure(PROXY_ERROR, "InternalError", text)


def _referred(worker: PodWorker, container: Container) -> dict[str, str]:
    process = container.process
    shows = process is not None and process.program.profile.protocol == PORTER
    if not container.plan.needs and not shows:
        return {}
    try:
        found = environment.resolve(worker.pod, container.plan.tree, surroundings.host(worker), worker.agent.lookup)
    except MissingError:
        return {}
    return dict(found.values) if shows else found.referred


def _container(worker: PodWorker, name: str) -> Container:
    names = [container.plan.name for container in worker.containers]
    if not name:
        apps = [container for container in worker.containers if container.plan.kind == "app"]
        wished = (worker.pod["metadata"].get("annotations") or {}).get("kubectl.kubernetes.io/default-container")
        if wished in names:
            return worker.containers[names.index(wished)]
        if len(apps) == 1 and len(names) == 1:
            return apps[0]
        app_names = " ".join(container.plan.name for container in apps)
        text = f"a container name must be specified for pod {worker.name}, choose one of: [{app_names}]"
        init = " ".join(container.plan.name for container in worker.containers[: worker.plan.init_count])
        if init:
            text += f" or one of the init containers: [{init}]"
        raise bad_request(text)
    if name not in names:
        raise bad_request(f"container {name} is not valid for pod {worker.name}")
    return worker.containers[names.index(name)]


def logs(worker: PodWorker, name: str, *, previous: bool, limit: int) -> list[LogLine]:
    """The log of a container. Raises ApiError."""
    container = _container(worker, name)
    now, past = worker.agent.loop.now, container.past
    process = container.process
    if previous:
        process = past.process if past is not None and container.state == RUNNING else None
        if past is not None and container.state != RUNNING:
            process = past.process if container.restarts else None
        if process is None:
            text = f'previous terminated container "{container.plan.name}" in pod "{worker.name}" not found'
            raise bad_request(text)
    elif process is None and past is not None:
        process = past.process
    if process is None:
        if past is not None:
            return []
        reason = container.reason or container.plan.creating["state"]["waiting"]["reason"]
        why = "trying and failing to pull image" if reason in {"ErrImagePull", "ImagePullBackOff"} else ""
        text = f'container "{container.plan.name}" in pod "{worker.name}" is waiting to start: {why or reason}'
        raise bad_request(text)
    return process.logs(now, limit, surroundings.facts(worker, container))


def execute(worker: PodWorker, name: str, argv: tuple[str, ...], stdin: bytes = b"") -> Outcome:
    """Run a command in a running container, with its environment and its files. Raises ApiError."""
    container = _container(worker, name)
    process = container.process
    if process is None:
        raise failure(PROXY_ERROR, "InternalError", f'container not found ("{container.plan.name}")')
    host, lookup = surroundings.host(worker), worker.agent.lookup
    try:
        found = environment.resolve(worker.pod, container.plan.tree, host, lookup, surroundings.services(worker)).values
    except MissingError:
        found = {}
    values = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME": worker.name, **found}
    values.setdefault("HOME", "/root")
    if stdin:
        # Where the commands of the simulated shell look for what is piped into them.
        values["\x00stdin"] = stdin.decode("utf-8", "surrogateescape")
    process.files = _files(worker, container)
    process.facts = surroundings.facts(worker, container)
    network = worker.agent.shared.runtime.network
    world = None if network is None else network.world(worker.namespace, worker.name)
    values |= modes.person_of(container.plan.user)
    values["\x00argv"] = " ".join(process.program.argv)
    values["\x00cwd"] = str(container.plan.tree.get("workingDir") or "/")
    outcome = process.execute(argv, worker.agent.loop.now, values, world)
    if outcome.changes and disks.change(worker, container, outcome.changes):
        probing.look_again(worker, container, worker.agent.loop.now)
    return outcome


def _files(worker: PodWorker, container: Container) -> dict[str, str]:
    """Everything that a container sees beside what its own run wrote."""
    tokens = worker.agent.shared.tokens
    token = mounts.no_token if tokens is None else tokens.content
    host, lookup = surroundings.host(worker), worker.agent.lookup
    mounted = mounts.files(worker.pod, container.plan.tree, host, lookup, token)
    return disks.files(worker, container, {**surroundings.network_files(worker), **mounted})


def container_usage(worker: PodWorker) -> dict[str, tuple[int, int]]:
    """Milli-cores and bytes by running container; no more than its limit."""
    now = worker.agent.loop.now
    found: dict[str, tuple[int, int]] = {}
    for container in worker.containers:
        if container.process is None or container.plan.kind == INIT:
            continue
        cpu, memory = container.process.usage(now)
        limit = container.plan.cpu_limit
        found[container.plan.name] = (min(cpu, limit) if limit else cpu, memory)
    return found


def node_usage(agent: Agent) -> tuple[int, int]:
    """Milli-cores and bytes of all pods of a node, and a little for its own programs."""
    found = [usage(worker) for worker in agent.workers.values()]
    cpu, memory = OWN_USAGE
    return cpu + sum(one[0] for one in found), memory + sum(one[1] for one in found)


def usage(worker: PodWorker) -> tuple[int, int]:
    """Milli-cores and bytes of all containers."""
    found = container_usage(worker).values()
    return sum(cpu for cpu, _ in found), sum(memory for _, memory in found)
