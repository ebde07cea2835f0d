"""Lifecycle hooks: a command in the container, an HTTP request, or a connection."""

from typing import TYPE_CHECKING

from kubesim.kubelet import disks, environment, modes, mounts, surroundings
from kubesim.kubelet.environment import MissingError
from kubesim.kubelet.plan import port_of
from kubesim.kubelet.runtime import Outcome
from kubesim.objects.connections import CONNECTED
from kubesim.objects.wire import Tree

if TYPE_CHECKING:
    from kubesim.kubelet.record import Container
    from kubesim.kubelet.simruntime.process import SimProcess
    from kubesim.kubelet.worker import PodWorker


def execute(worker: "PodWorker", container: "Container", process: "SimProcess", argv: tuple[str, ...]) -> Outcome:
    """Run the command of a hook in its container; what it writes stays there."""
    network, lookup, now = worker.agent.shared.runtime.network, worker.agent.lookup, worker.agent.loop.now
    world = None if network is None else network.world(worker.namespace, worker.name)
    host = surroundings.host(worker)
    try:
        values = environment.resolve(
            worker.pod, container.plan.tree, host, lookup, surroundings.services(worker)
        ).values
    except MissingError:
        values = {}
    if container.plan.has_files:
        mounted = mounts.files(worker.pod, container.plan.tree, host, lookup)
        process.files = disks.files(worker, container, {**surroundings.network_files(worker), **mounted})
    around = {"HOSTNAME": worker.name, **values, **modes.person_of(container.plan.user)}
    outcome = process.execute(argv, now, around, world)
    disks.change(worker, container, outcome.changes)
    return outcome


def told(worker: "PodWorker", container: "Container", hook: Tree, failure: str) -> str:
    """How the failure of a hook is told in the status of its container. # k8s: lifecycle/handlers.go Run."""
    where = f'for Container "{container.plan.name}" in Pod "{worker.name}_{worker.namespace}({worker.uid})"'
    if "exec" in hook:
        said = failure.partition(": ")[2].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        command = " ".join(hook["exec"].get("command") or ())
        return f'Exec lifecycle hook ([{command}]) {where} failed - error: {failure}, message: "{said}"'
    path = (hook.get("httpGet") or {}).get("path", "")
    return f"HTTP lifecycle hook ({path}) {where} failed - error: {failure}"


def call(worker: "PodWorker", container: "Container", hook: Tree) -> str:
    """Carry out an httpGet or tcpSocket hook; why it failed, or "". # k8s: lifecycle/handlers.go runHTTPHandler."""
    network = worker.agent.shared.runtime.network
    if network is None:
        return ""
    action = hook.get("httpGet") or hook.get("tcpSocket") or {}
    port = port_of(container.plan.tree, action.get("port", 80))
    host = str(action.get("host") or worker.ip)
    attempt = network.world(worker.namespace, worker.name).open(host, port)
    path = str(action.get("path") or "/")
    scheme = str(action.get("scheme") or "HTTP").lower()
    if attempt.outcome != CONNECTED:
        why = f"dial tcp {host}:{port}: connect: connection refused"
        return f'Get "{scheme}://{host}:{port}{path}": {why}' if "httpGet" in hook else why
    if "httpGet" in hook and attempt.wire is not None:
        headers = {"Host": f"{host}:{port}", "User-Agent": "kube-lifecycle/1.37", "Accept": "*/*"}
        headers |= {each["name"]: each.get("value", "") for each in action.get("httpHeaders") or ()}
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        attempt.wire.feed("\r\n".join([*lines, "Connection: close", "", ""]).encode())
    return ""
