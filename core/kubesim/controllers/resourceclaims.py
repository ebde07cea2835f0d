"""The resourceclaim controller: makes the claims of pods from templates, and takes claims back from pods that ended.

# k8s: pkg/controller/resourceclaim
"""

from collections.abc import Hashable
from typing import Any, cast

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.errors import ApiError, failure
from kubesim.objects.pods import FAILED, SUCCEEDED
from kubesim.objects.wire import EMPTY, PODS, Gvr, Tree

RESOURCECLAIMS = Gvr("resource.k8s.io", "v1", "resourceclaims")
TEMPLATES = Gvr("resource.k8s.io", "v1", "resourceclaimtemplates")
POD_CLAIM = "resource.kubernetes.io/pod-claim-name"
FINALIZER = "resource.kubernetes.io/delete-protection"
POD, CLAIM = "pod", "claim"
LONGEST = 57
"""How long the beginning of a generated name may be."""

Key = tuple[str, str, str]


class ResourceClaimController:
    """``controller`` is its driver; keys are (pod or claim, namespace, name)."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("resource-claim", loop, client, self)
        self._client = client
        self._hub = hub
        self._follows = False
        """Whether it hears of all changes of pods: from the first on that has claims."""
        hub.on(PODS, self._pod_came)
        hub.on(RESOURCECLAIMS, self._claim_changed)
        hub.on(TEMPLATES, self._template_changed)
        for each in client.list(PODS):
            self._pod_came(None, each, 0)
            self._pod_changed(None, each, 0)
        for each in client.list(RESOURCECLAIMS):
            self._claim_changed(None, each, 0)

    # ------------------------------------------------------------------ events
    def _pod_came(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del revision
        if old is not None or new is None or self._follows:
            return
        if "resourceClaims" in new["spec"]:
            self._follows = True
            # Those that are told of an event while it is told hear of it, too.
            self._hub.on(PODS, self._pod_changed)

    def _pod_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        pod = new if new is not None else old
        if pod is None or "resourceClaims" not in pod["spec"]:
            return
        place = refs.place(pod)
        if new is None or _is_done(new):
            for name in _claim_names(pod):
                self.controller.add((CLAIM, place[0], name), revision)
        else:
            self.controller.add((POD, *place), revision)

    def _claim_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        claim = new if new is not None else old
        if claim is None:
            return
        self.controller.add((CLAIM, *refs.place(claim)), revision)
        owner = refs.controller_of(claim)
        if new is None and owner is not None and owner["kind"] == "Pod":
            self.controller.add((POD, claim["metadata"]["namespace"], owner["name"]), revision)

    def _template_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if old is not None or new is None:
            return
        namespace, name = refs.place(new)
        for pod in self._client.list(PODS, namespace):
            used = pod["spec"].get("resourceClaims") or ()
            if any(entry.get("resourceClaimTemplateName") == name for entry in used):
                self.controller.add((POD, *refs.place(pod)), revision)

    def reconcile(self, key: Hashable) -> int | None:
        """Look after one pod or one claim."""
        sort, namespace, name = cast("Key", key)
        if sort == CLAIM:
            claim = self._client.get(RESOURCECLAIMS, namespace, name)
            if claim is not None:
                self._sync_claim(claim)
            return None
        pod = self._client.get(PODS, namespace, name)
        if pod is not None and not refs.is_deleting(pod) and not _is_done(pod):
            self._sync_pod(pod)
        return None

    # ------------------------------------------------------------------ pods
    def _sync_pod(self, pod: Tree) -> None:
        known = {e["name"]: e for e in (pod.get("status") or EMPTY).get("resourceClaimStatuses") or ()}
        made: dict[str, Tree] = {}
        for entry in pod["spec"]["resourceClaims"]:
            if not entry.get("resourceClaimTemplateName"):
                continue
            try:
                name = self._made(pod, entry, known.get(entry["name"]))
            except ApiError as error:
                text = f"PodResourceClaim {entry['name']}: {error}"
                self._client.event(pod, "Warning", "FailedResourceClaimCreation", text)
                raise
            if name:
                made[entry["name"]] = {"name": entry["name"], "resourceClaimName": name}
        if made:
            listed = {**known, **made}
            status = {
                **(pod.get("status") or EMPTY),
                "resourceClaimStatuses": [listed[name] for name in sorted(listed)],
            }
            pod = self._client.update_status(PODS, {**pod, "status": status})
        if pod["spec"].get("nodeName"):
            self._reserve(pod)

    def _made(self, pod: Tree, entry: Tree, known: Tree | None) -> str:
        """The name of a claim that was made now, or "" when it is there."""
        metadata = pod["metadata"]
        namespace = metadata["namespace"]
        if known is not None:
            name = known.get("resourceClaimName")
            claim = self._client.get(RESOURCECLAIMS, namespace, name) if name else None
            if not name or (claim is not None and _owns(pod, claim)):
                return ""
        for claim in self._client.list(RESOURCECLAIMS, namespace):
            if _owns(pod, claim) and refs.annotations(claim).get(POD_CLAIM) == entry["name"]:
                return str(claim["metadata"]["name"])
        template = self._template(namespace, entry["resourceClaimTemplateName"])
        given = template["spec"].get("metadata") or EMPTY
        body: dict[str, Any] = {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaim",
            "metadata": {
                "generateName": _beginning(metadata["name"], entry["name"]),
                "namespace": namespace,
                "annotations": {**(given.get("annotations") or EMPTY), POD_CLAIM: entry["name"]},
                "ownerReferences": [refs.owner_reference(pod)],
            },
            "spec": template["spec"]["spec"],
        }
        if given.get("labels"):
            body["metadata"]["labels"] = given["labels"]
        return str(self._client.create(RESOURCECLAIMS, namespace, body)["metadata"]["name"])

    def _template(self, namespace: str, name: str) -> Tree:
        found = self._client.get(TEMPLATES, namespace, name)
        if found is None:
            gone = f'resourceclaimtemplate.resource.k8s.io "{name}" not found'
            raise failure(404, "NotFound", f'resource claim template "{name}": {gone}')
        return found

    def _reserve(self, pod: Tree) -> None:
        """Somebody else than the scheduler gave the pod its node."""
        metadata = pod["metadata"]
        for name in _claim_names(pod):
            claim = self._client.get(RESOURCECLAIMS, metadata["namespace"], name)
            status = EMPTY if claim is None else claim.get("status") or EMPTY
            users = status.get("reservedFor") or []
            if claim is None or status.get("allocation") is None or any(e["uid"] == metadata["uid"] for e in users):
                continue
            consumer = {"resource": "pods", "name": metadata["name"], "uid": metadata["uid"]}
            self._client.update_status(
                RESOURCECLAIMS, {**claim, "status": {**status, "reservedFor": [*users, consumer]}}
            )

    # ------------------------------------------------------------------ claims
    def _sync_claim(self, claim: Tree) -> None:
        status = claim.get("status") or EMPTY
        users = status.get("reservedFor") or []
        valid = [entry for entry in users if self._is_valid(claim, entry)]
        finalizers = claim["metadata"].get("finalizers") or []
        if len(valid) < len(users):
            kept = {key: value for key, value in status.items() if key != "reservedFor"}
            if valid:
                kept["reservedFor"] = valid
            elif FINALIZER in finalizers:
                kept = {key: value for key, value in kept.items() if key not in {"allocation", "devices"}}
            claim = self._client.update_status(RESOURCECLAIMS, {**claim, "status": kept})
            status = claim.get("status") or EMPTY
        elif FINALIZER in finalizers and refs.is_deleting(claim) and not users and status.get("allocation"):
            kept = {key: value for key, value in status.items() if key != "allocation"}
            claim = self._client.update_status(RESOURCECLAIMS, {**claim, "status": kept})
            status = claim.get("status") or EMPTY
        if FINALIZER in finalizers and status.get("allocation") is None:
            metadata = {**claim["metadata"], "finalizers": [each for each in finalizers if each != FINALIZER]}
            claim = self._client.update(RESOURCECLAIMS, {**claim, "metadata": metadata})
        owner = refs.controller_of(claim)
        if not valid and owner is not None and owner["kind"] == "Pod" and POD_CLAIM in refs.annotations(claim):
            self._collect(claim, owner)

    def _is_valid(self, claim: Tree, entry: Tree) -> bool:
        pod = self._client.get(PODS, claim["metadata"]["namespace"], entry["name"])
        return pod is not None and pod["metadata"]["uid"] == entry["uid"] and not _is_done(pod)

    def _collect(self, claim: Tree, owner: Tree) -> None:
        """A claim that was made for a pod goes when the pod has ended, not only when it is deleted."""
        namespace, name = refs.place(claim)
        pod = self._client.get(PODS, namespace, owner["name"])
        if pod is not None and pod["metadata"]["uid"] == owner["uid"] and _is_done(pod) and not refs.is_deleting(claim):
            self._client.delete(RESOURCECLAIMS, namespace, name)


def _is_done(pod: Tree) -> bool:
    # k8s: isPodDone: a pod that is going away without ever having got a node is done, too.
    if (pod.get("status") or EMPTY).get("phase") in (SUCCEEDED, FAILED):
        return True
    return refs.is_deleting(pod) and not pod["spec"].get("nodeName")


def _owns(pod: Tree, claim: Tree) -> bool:
    owner = refs.controller_of(claim)
    return owner is not None and bool(owner["uid"] == pod["metadata"]["uid"])


def _claim_names(pod: Tree) -> list[str]:
    made = (pod.get("status") or EMPTY).get("resourceClaimStatuses") or ()
    names = [e["resourceClaimName"] for e in pod["spec"].get("resourceClaims") or () if e.get("resourceClaimName")]
    return names + [entry["resourceClaimName"] for entry in made if entry.get("resourceClaimName")]


def _beginning(pod: str, claim: str) -> str:
    whole = f"{pod}-{claim}-"
    if len(whole) <= LONGEST:
        return whole
    # Both parts are shortened alike, so that the end of the claim's name does not vanish behind a long pod name.
    return f"{pod[: len(pod) * LONGEST // len(whole)]}-{claim[: len(claim) * LONGEST // len(whole)]}"
