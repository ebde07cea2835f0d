"""What can be wrong with the configuration of a container when it is made: its user, and the folders it mounts."""

import copy
from typing import TYPE_CHECKING

from kubesim.kubelet import disks, environment, surroundings
from kubesim.kubelet.environment import MissingError
from kubesim.objects.wire import PODS

if TYPE_CHECKING:
    from kubesim.kubelet.plan import ContainerPlan
    from kubesim.kubelet.record import Container
    from kubesim.kubelet.worker import PodWorker

_ROOT = "docker.io/library/"
"""Official images start as root, but for these."""
_NOT_ROOT = ("elasticsearch", "kibana", "logstash", "solr", "jenkins", "flink", "memcached")


def complaint(worker: "PodWorker", container: "Container") -> str:
    """Why a container cannot be made as it is configured, or ""."""
    found = _user(worker, container.plan) or _folders(worker, container)
    if not found:
        _make_folders(worker, container)
    return found


def _make_folders(worker: "PodWorker", container: "Container") -> None:
    """Folders of volumes that are mounted are made when they are not there. # k8s: subpath SafeMakeDir."""
    held = worker.agent.shared.disks
    for place in disks.places(worker, container.plan.tree):
        known = held.read(place.disk)
        if place.below and place.below not in known and place.below.rstrip("/") not in known:
            held.write(place.disk, place.below, "", worker.agent.loop.now)


def _user(worker: "PodWorker", plan: "ContainerPlan") -> str:
    # k8s: kuberuntime verifyRunAsNonRoot
    if not plan.user.get("runAsNonRoot"):
        return ""
    user = plan.user.get("runAsUser")
    where = f'(pod: "{worker.name}_{worker.namespace}({worker.uid})", container: {plan.name})'
    if user is not None:
        return f"container's runAsUser breaks non-root policy {where}" if user == 0 else ""
    repository = plan.reference.repository if plan.reference is not None else ""
    name = repository.removeprefix(_ROOT)
    if name != repository and name not in _NOT_ROOT:
        return f"container has runAsNonRoot and image will run as root {where}"
    return ""


def _folders(worker: "PodWorker", container: "Container") -> str:
    """Work out ``subPathExpr``. # k8s: kubelet_pods.go makeMounts."""
    plan = container.plan
    listed = plan.tree.get("volumeMounts") or ()
    if not any(mount.get("subPathExpr") for mount in listed):
        return ""
    agent = worker.agent
    current = agent.client.get(PODS, worker.namespace, worker.name)
    if current is not None and current["metadata"].get("uid") == worker.uid:
        # What the folders are called after may have changed since.
        worker.pod = current
    host = surroundings.host(worker)
    try:
        found = environment.resolve(worker.pod, plan.tree, host, agent.lookup, surroundings.services(worker)).values
    except MissingError as error:
        return str(error)
    made = []
    for mount in listed:
        wanted = mount.get("subPathExpr")
        if wanted:
            path = environment.expand(wanted, found)
            if path.startswith("/"):
                return f"error SubPath `{path}` must not be an absolute path"
            if ".." in path.split("/"):
                return f"unable to provision SubPath `{path}`: must not contain '..'"
            made.append({**mount, "subPath": path})
        else:
            made.append(mount)
    container.plan = copy.copy(plan)
    container.plan.tree = {**plan.tree, "volumeMounts": made}
    return ""
