"""attachdetach: brings the volumes of CSI drivers to the nodes of the pods that use them, and takes them away again.

# k8s: pkg/controller/volume/attachdetach, external-attacher
"""

from collections.abc import Hashable
from typing import cast

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import attachments, pods, refs
from kubesim.objects.attachments import ATTACHMENTS, CSIDRIVERS
from kubesim.objects.errors import ApiError
from kubesim.objects.volumes import claim_names
from kubesim.objects.wire import CLAIMS, EMPTY, NODES, PODS, VOLUMES, Tree

ATTACH_MS = DETACH_MS = 1_000
"""How long a driver takes. # differs: every driver has an attacher, which never fails"""
FORCE_MS = 360_000
"""# k8s: maxWaitForUnmountDuration"""
RETRY_MS = 5_000
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
Place = tuple[str, str]


class AttachDetachController:
    """``controller`` is its driver; keys are names of PersistentVolumes."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("attachdetach-controller", loop, client, self)
        self._client = client
        self._hub = hub
        self._is_listening = False
        self._users: dict[Place, dict[Place, None]] = {}
        """The pods of a claim, by their places."""
        self._nodes: dict[str, dict[str, str]] = {}
        """The attachment of a volume, by its node."""
        self._due: dict[str, int] = {}
        """When a driver has finished with an attachment."""
        self._idle: dict[str, int] = {}
        """Since when an attachment is not wanted any more."""
        self._told: dict[str, None] = {}
        """The pods that were told that a volume is elsewhere, by uid."""
        hub.on(VOLUMES, self._volume_changed)
        hub.on(ATTACHMENTS, self._attachment_changed)
        for each in client.list(ATTACHMENTS):
            self._attachment_changed(None, each, 0)
        for each in client.list(VOLUMES):
            self._volume_changed(None, each, 0)

    # ------------------------------------------------------------------ handlers
    def _volume_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        either = new or old
        if either is None or not attachments.driver_of(either):
            return
        if not self._is_listening:
            self._is_listening = True
            self._hub.on(PODS, self._pod_changed)
            self._hub.on(NODES, self._node_changed)
            for pod in self._client.list(PODS):
                self._pod_changed(None, pod, revision)
        self.controller.add(either["metadata"]["name"], revision)

    def _attachment_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        either = new or old
        if either is None:
            return
        spec, name = either["spec"], either["metadata"]["name"]
        if not attachments.is_own_name(name):
            return  # k8s: attachments that others make are not in the actual state of the world
        volume = (spec.get("source") or EMPTY).get("persistentVolumeName") or ""
        if new is not None:
            self._nodes.setdefault(volume, {})[spec["nodeName"]] = name
        else:
            self._nodes.get(volume, {}).pop(spec["nodeName"], None)
            self._due.pop(name, None)
            self._idle.pop(name, None)
        self.controller.add(volume, revision)

    def _pod_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        either = new or old
        if either is None or not either["spec"].get("nodeName"):
            return
        if old is not None and new is not None and old["spec"] is new["spec"] and not _ends(old, new):
            return
        for name in claim_names(either["spec"], either["metadata"]["name"]):
            claim = (either["metadata"]["namespace"], name)
            if new is not None:
                self._users.setdefault(claim, {})[refs.place(new)] = None
            else:
                self._users.get(claim, {}).pop(refs.place(either), None)
                self._told.pop(refs.uid(either), None)
            self._add(claim, revision)

    def _add(self, claim: Place, revision: int) -> None:
        tree = self._client.get(CLAIMS, *claim)
        volume = tree["spec"].get("volumeName") if tree is not None else ""
        if volume:
            self.controller.add(volume, revision)

    def _node_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if old is not None and new is not None and _in_use(old) == _in_use(new) and old["spec"] is new["spec"]:
            return
        either = new or old
        name = either["metadata"]["name"] if either is not None else ""
        for volume, nodes in self._nodes.items():
            if name in nodes:
                self.controller.add(volume, revision)

    # ------------------------------------------------------------------ one sync
    def reconcile(self, key: Hashable) -> int | None:
        """Attach and detach one volume; returns when to go on."""
        name = cast("str", key)
        volume = self._client.get(VOLUMES, "", name)
        if volume is None:
            self._detach_all(name)
            return None
        if not attachments.needs_attaching(self._client.get(CSIDRIVERS, "", attachments.driver_of(volume))):
            return None
        wanted = self._wanted(volume)
        waits = [self._detach(volume, node) for node in list(self._nodes.get(name, {})) if node not in wanted]
        waits += [self._attach(volume, node, users) for node, users in wanted.items()]
        due = [wait for wait in waits if wait]
        return min(due) if due else None

    def _wanted(self, volume: Tree) -> dict[str, list[Tree]]:
        """The pods that use a volume, by node."""
        reference = volume["spec"].get("claimRef") or EMPTY
        found: dict[str, list[Tree]] = {}
        for place in self._users.get((reference.get("namespace", ""), reference.get("name", "")), {}):
            pod = self._client.get(PODS, *place)
            if pod is not None and not pods.is_terminal(pod):
                found.setdefault(pods.node_name(pod), []).append(pod)
        return found

    def _attach(self, volume: Tree, node: str, users: list[Tree]) -> int | None:
        name = volume["metadata"]["name"]
        known = self._client.get(ATTACHMENTS, "", attachments.attachment_name(volume, node))
        if known is None:
            others = [other for other in self._nodes.get(name, {}) if other != node]
            if others and not attachments.is_shared(volume):
                self._refuse(volume, users, others)
                return RETRY_MS
            known = self._client.create(ATTACHMENTS, "", attachments.attachment(volume, node))
            self._nodes.setdefault(name, {})[node] = known["metadata"]["name"]
            self._due[known["metadata"]["name"]] = self._client.now() + ATTACH_MS
            return ATTACH_MS
        self._idle.pop(known["metadata"]["name"], None)
        if attachments.is_attached(known) or refs.is_deleting(known):
            return None
        rest = self._due.get(known["metadata"]["name"], 0) - self._client.now()
        if rest > 0:
            return rest
        self._due.pop(known["metadata"]["name"], None)
        self._client.update_status(ATTACHMENTS, {**known, "status": {"attached": True}})
        self._show(node)
        for pod in users:
            self._told.pop(refs.uid(pod), None)
            text = f'AttachVolume.Attach succeeded for volume "{name}" '
            self._client.event(pod, "Normal", "SuccessfulAttachVolume", text)
        return None

    def _refuse(self, volume: Tree, users: list[Tree], nodes: list[str]) -> None:
        """Tell the pods once that the volume is on another node. # k8s: reportMultiAttachError."""
        others = [pod for node, found in self._wanted(volume).items() if node in nodes for pod in found]
        for pod in users:
            if refs.uid(pod) in self._told:
                continue
            self._told[refs.uid(pod)] = None
            near = [other["metadata"]["name"] for other in others]
            why = (
                f"Volume is already used by pod(s) {', '.join(near)}"
                if near
                else "Volume is already exclusively attached to one node and can't be attached to another"
            )
            text = f'Multi-Attach error for volume "{volume["metadata"]["name"]}" {why}'
            self._client.event(pod, "Warning", "FailedAttachVolume", text)

    # ------------------------------------------------------------------ detaching
    def _detach(self, volume: Tree, node: str) -> int | None:
        """Take a volume from a node that has let it go, or that is not expected to."""
        name = attachments.attachment_name(volume, node)
        now = self._client.now()
        since = self._idle.setdefault(name, now)
        tree = self._client.get(NODES, "", node)
        if tree is not None and attachments.unique_name(volume) in _in_use(tree):
            # k8s: a healthy node is waited for; a dead one for six minutes, and not at all once it is out of service
            taints = tree["spec"].get("taints") or ()
            if not any(taint["key"] == OUT_OF_SERVICE for taint in taints):
                if _is_ready(tree):
                    return RETRY_MS
                if now - since < FORCE_MS:
                    return FORCE_MS - (now - since)
        if now - since < DETACH_MS:
            return DETACH_MS - (now - since)
        self._remove(name)
        self._nodes.get(volume["metadata"]["name"], {}).pop(node, None)
        self._show(node)
        self.controller.add(volume["metadata"]["name"], self._client.revision)
        return None

    def _detach_all(self, volume: str) -> None:
        for node, name in list(self._nodes.pop(volume, {}).items()):
            self._remove(name)
            self._show(node)

    def _remove(self, name: str) -> None:
        known = self._client.get(ATTACHMENTS, "", name)
        if known is None:
            return
        try:
            if not refs.is_deleting(known):
                self._client.delete(ATTACHMENTS, "", name)
            known = self._client.get(ATTACHMENTS, "", name)
            if known is not None:
                metadata = {field: value for field, value in known["metadata"].items() if field != "finalizers"}
                self._client.update(ATTACHMENTS, {**known, "metadata": metadata})
        except ApiError as error:
            if error.reason != "NotFound":
                raise

    def _show(self, node: str) -> None:
        """Keep ``status.volumesAttached`` of a node. # k8s: statusupdater/node_status_updater.go."""
        tree = self._client.get(NODES, "", node)
        if tree is None:
            return
        found = []
        for name in [volume for volume, nodes in self._nodes.items() if node in nodes]:
            volume = self._client.get(VOLUMES, "", name)
            if volume is not None and attachments.is_attached(
                self._client.get(ATTACHMENTS, "", self._nodes[name][node])
            ):
                found.append({"devicePath": "", "name": attachments.unique_name(volume)})
        status = {field: value for field, value in (tree.get("status") or EMPTY).items() if field != "volumesAttached"}
        if found:
            status["volumesAttached"] = found
        if status != tree.get("status"):
            self._client.update_status(NODES, {**tree, "status": status})


def _in_use(node: Tree) -> list[str]:
    return (node.get("status") or EMPTY).get("volumesInUse") or []


def _is_ready(node: Tree) -> bool:
    listed = (node.get("status") or EMPTY).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in listed)


def _ends(old: Tree, new: Tree) -> bool:
    return pods.is_terminal(new) and not pods.is_terminal(old)
