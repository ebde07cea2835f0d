"""Volumes of CSI drivers on a node: they are waited for before they are mounted, and shown while they are in use.

# k8s: pkg/kubelet/volumemanager
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kubesim.objects import attachments
from kubesim.objects.attachments import ATTACHMENTS, CSIDRIVERS, CSINODES
from kubesim.objects.errors import ApiError
from kubesim.objects.volumes import claim_names
from kubesim.objects.wire import CLAIMS, EMPTY, NODES, VOLUMES, Tree

if TYPE_CHECKING:
    from kubesim.kubelet.agent import Agent
    from kubesim.kubelet.worker import PodWorker

POLL_MS = 1_000
TIMEOUT_MS = 123_000
"""# k8s: podAttachAndMountTimeout"""


def volumes_of(worker: "PodWorker") -> list[tuple[str, Tree]]:
    """The volumes of CSI drivers that a pod's claims are bound to, with their names in the pod."""
    found: list[tuple[str, Tree]] = []
    for volume in worker.pod["spec"].get("volumes") or ():
        for claim in claim_names({"volumes": [volume]}, worker.name):
            tree = worker.agent.lookup(CLAIMS, worker.namespace, claim)
            name = tree["spec"].get("volumeName") if tree is not None else ""
            bound = worker.agent.lookup(VOLUMES, "", name) if name else None
            if bound is not None and attachments.driver_of(bound):
                found.append((volume["name"], bound))
    return found


def wait(worker: "PodWorker", now: int) -> bool:
    """Whether a volume of the pod is not on the node yet."""
    agent = worker.agent
    every = volumes_of(worker)
    missing = [name for name, volume in every if not _is_there(agent, volume)]
    if not missing:
        if every:
            _mount(worker, [volume for _, volume in every])
        return False
    if not worker.mount_wait:
        worker.mount_wait = now
    elif now - worker.mount_wait >= TIMEOUT_MS:
        worker.mount_wait = now
        tell_of_timeout(worker, missing, missing)
    worker.sandbox_at = now + POLL_MS
    return True


def tell_of_timeout(worker: "PodWorker", unmounted: Sequence[str], unattached: Sequence[str] = ()) -> None:
    """Volumes that a pod has waited for in vain. # k8s: volumemanager WaitForAttachAndMount."""
    listed, apart = " ".join(unmounted), " ".join(unattached)
    text = (
        f"Unable to attach or mount volumes: unmounted volumes=[{listed}], unattached volumes=[{apart}], "
        "failed to process volumes=[]: context deadline exceeded"
    )
    worker.event("Warning", "FailedMount", text)


def _is_there(agent: "Agent", volume: Tree) -> bool:
    if not attachments.needs_attaching(agent.lookup(CSIDRIVERS, "", attachments.driver_of(volume))):
        return True
    name = attachments.attachment_name(volume, agent.name)
    return attachments.is_attached(agent.lookup(ATTACHMENTS, "", name))


def _mount(worker: "PodWorker", volumes: list[Tree]) -> None:
    agent = worker.agent
    worker.mount_wait = 0
    for volume in volumes:
        agent.mounted.setdefault(attachments.unique_name(volume), {})[worker.uid] = None
        _register(agent, attachments.driver_of(volume))
    show(agent)


def release(worker: "PodWorker") -> None:
    """A pod has let its volumes go."""
    agent = worker.agent
    gone = [name for name, users in agent.mounted.items() if users.pop(worker.uid, 0) is None and not users]
    for name in gone:
        del agent.mounted[name]
    if gone:
        show(agent)


def show(agent: "Agent") -> None:
    """Keep ``status.volumesInUse`` of the node."""
    tree = agent.lookup(NODES, "", agent.name)
    if tree is None or not agent.online:
        return
    status = {field: value for field, value in (tree.get("status") or EMPTY).items() if field != "volumesInUse"}
    if agent.mounted:
        status["volumesInUse"] = sorted(agent.mounted)
    if status != tree.get("status"):
        try:
            agent.client.update_status(NODES, {**tree, "status": status})
        except ApiError as error:
            agent.last_error = str(error)


def _register(agent: "Agent", driver: str) -> None:
    """Write down in the node's CSINode that it has a driver.

    # differs: Kubernetes makes an empty CSINode when the kubelet starts; here it comes with the first volume
    """
    known = agent.lookup(CSINODES, "", agent.name)
    drivers = list(known["spec"].get("drivers") or ()) if known is not None else []
    if any(each["name"] == driver for each in drivers):
        return
    drivers.append({"name": driver, "nodeID": agent.name, "topologyKeys": None})
    try:
        if known is not None:
            agent.client.update(CSINODES, {**known, "spec": {**known["spec"], "drivers": drivers}})
            return
        node = agent.lookup(NODES, "", agent.name)
        uid = node["metadata"].get("uid", "") if node is not None else ""
        owner = {"apiVersion": "v1", "kind": "Node", "name": agent.name, "uid": uid}
        metadata = {"name": agent.name, "ownerReferences": [owner]}
        body = {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "CSINode",
            "metadata": metadata,
            "spec": {"drivers": drivers},
        }
        agent.client.create(CSINODES, "", body)
    except ApiError as error:
        agent.last_error = str(error)
