"""The controllers of CertificateSigningRequests: one has approved requests signed, the other clears away old ones.

# differs: nobody approves the requests of kubelets by himself; the simulated ones need no certificates
"""

from collections.abc import Hashable
from typing import cast

from kubesim.kernel.loop import Loop
from kubesim.machinery.authority import Seal, SigningError
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.errors import ApiError
from kubesim.objects.times import parse_time
from kubesim.objects.wire import EMPTY, Gvr, Tree

CERTIFICATES = Gvr("certificates.k8s.io", "v1", "certificatesigningrequests")
SIGNERS = (
    "kubernetes.io/kube-apiserver-client",
    "kubernetes.io/kube-apiserver-client-kubelet",
    "kubernetes.io/kubelet-serving",
    "kubernetes.io/legacy-unknown",
)
HOUR_MS = 3_600_000
POLL_MS = HOUR_MS
DECIDED_MS = HOUR_MS
PENDING_MS = 24 * HOUR_MS


class CertificateSigningController:
    """Has approved requests of the built-in signers signed. Keys are ("", name).

    # k8s: pkg/controller/certificates/signer
    """

    def __init__(self, loop: Loop, hub: Hub, client: Client, seal: Seal) -> None:
        self.controller = Controller("certificate-signing", loop, client, self)
        self._client = client
        self._seal = seal
        hub.on(CERTIFICATES, self._changed)
        seal.on_install(self._installed)

    def _changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del old
        if new is not None:
            self.controller.add(refs.place(new), revision)

    def _installed(self) -> None:
        for request in self._client.list(CERTIFICATES):
            self._changed(None, request, 0)

    def reconcile(self, key: Hashable) -> int | None:
        """Sign one request, or note why it cannot be."""
        request = self._client.get(CERTIFICATES, *cast("tuple[str, str]", key))
        authority = self._seal.authority
        if request is None or authority is None or not _waits(request):
            return None
        status = request.get("status") or EMPTY
        try:
            certificate = authority.certificate(request["spec"])
        except SigningError as error:
            failed = {
                "type": "Failed",
                "status": "True",
                "reason": "SignerValidationFailure",
                "message": str(error),
                "lastUpdateTime": self._client.stamp(),
                "lastTransitionTime": self._client.stamp(),
            }
            conditions = [*(status.get("conditions") or ()), failed]
            self._client.update_status(CERTIFICATES, {**request, "status": {**status, "conditions": conditions}})
            return None
        self._client.update_status(CERTIFICATES, {**request, "status": {**status, "certificate": certificate}})
        return None


def _waits(request: Tree) -> bool:
    """Whether a request is approved, of a signer that is built in, and neither signed nor failed."""
    status = request.get("status") or EMPTY
    if status.get("certificate") or refs.condition(request, "Failed") is not None:
        return False
    if (request.get("spec") or EMPTY).get("signerName") not in SIGNERS:
        return False
    return refs.condition(request, "Approved") is not None and refs.condition(request, "Denied") is None


class CertificateCleaner:
    """Deletes requests an hour after they were decided, pending ones after a day. Keys are ("", name).

    # k8s: pkg/controller/certificates/cleaner
    """

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("csrcleaner", loop, client, self)
        self._client = client
        hub.on(CERTIFICATES, self._changed)

    def _changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del old, revision
        if new is not None:
            self.controller.add_after(refs.place(new), POLL_MS)

    def reconcile(self, key: Hashable) -> int | None:
        """Delete the request when it is too old; looks again in an hour."""
        request = self._client.get(CERTIFICATES, *cast("tuple[str, str]", key))
        if request is None:
            return None
        if self._client.now() < _until(request):
            return POLL_MS
        try:
            self._client.delete(CERTIFICATES, "", request["metadata"]["name"])
        except ApiError as error:
            if error.reason != "NotFound":
                raise
        return None


def _until(request: Tree) -> int:
    """How long a request is kept, in ms since 1970."""
    for type_ in ("Approved", "Denied", "Failed"):
        found = refs.condition(request, type_)
        if found is not None and (found.get("lastUpdateTime") or found.get("lastTransitionTime")):
            return parse_time(found.get("lastUpdateTime") or found["lastTransitionTime"]) + DECIDED_MS
    return parse_time(request["metadata"]["creationTimestamp"]) + PENDING_MS
