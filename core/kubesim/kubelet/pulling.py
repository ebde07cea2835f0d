"""Who may have an image: the pull secrets of a pod, what the registry says to them, and who else has pulled it.

# k8s: kubelet_pods.go getPullSecretsForPod, images/pullmanager (KubeletEnsureSecretPulledImages)
"""

from typing import TYPE_CHECKING

from kubesim.kubelet import registries
from kubesim.kubelet.registries import Login
from kubesim.objects.wire import SECRETS

if TYPE_CHECKING:
    from kubesim.kubelet.record import Container
    from kubesim.kubelet.worker import PodWorker

NEVER = (
    'Container image "{image}" is present with pull policy of Never but does not have the proper credentials '
    "to access the image"
)

_TOLD = {
    "RegistryUnavailable": "the registry is unavailable",
    "SignatureValidationFailed": "the signature validation failed",
}
"""What a runtime may begin its errors with, and what is told of them."""


def logins(worker: "PodWorker", container: "Container") -> list[Login]:
    """The logins that a pod has for a container's image."""
    reference = container.plan.reference
    if reference is None or not worker.plan.pull_secrets:
        return []
    lookup = worker.agent.lookup
    secrets = (lookup(SECRETS, worker.namespace, name) for name in worker.plan.pull_secrets)
    return registries.keyring([each for each in secrets if each is not None], reference)


def warn(worker: "PodWorker") -> None:
    """Tell of pull secrets that are not there."""
    lookup = worker.agent.lookup
    missing = [name for name in worker.plan.pull_secrets if lookup(SECRETS, worker.namespace, name) is None]
    if missing:
        text = f"Unable to retrieve some image pull secrets ({', '.join(missing)})"
        worker.event(
            "Warning",
            "FailedToRetrieveImagePullSecret",
            f"{text}; attempting to pull the image may not succeed.",
        )


def refusal(worker: "PodWorker", container: "Container") -> str:
    """Why the registry does not give an image to a pod, "" when it does."""
    reference, known = container.plan.reference, worker.agent.shared.catalogue.registries
    if reference is None or not known:
        return ""
    return known.refusal(reference, logins(worker, container))


def verdict(image: str, error: str) -> tuple[str, str]:
    """Reason and message of a pull that failed. # k8s: image_manager.go evalCRIPullErr."""
    for reason, words in _TOLD.items():
        if error.startswith(reason):
            rest = error.removeprefix(reason).lstrip(": ")
            return reason, f"image pull failed for {image} because {words}{': ' if rest else ''}{rest}"
    return "ErrImagePull", error


def note(worker: "PodWorker", container: "Container") -> None:
    """An image has been pulled: remember with which login."""
    reference, known = container.plan.reference, worker.agent.shared.catalogue.registries
    if reference is None or not known:
        return
    wanted = known.logins(reference)
    if wanted:
        used = [login for login in logins(worker, container) if login in wanted]
        pulled = worker.agent.images.pulled_by
        pulled[reference.full] = tuple(dict.fromkeys((*pulled.get(reference.full, ()), *used)))


def may_use(worker: "PodWorker", container: "Container") -> bool:
    """Whether a pod may use an image that is present without asking its registry again."""
    reference = container.plan.reference
    pulled = worker.agent.images.pulled_by
    if reference is None or not pulled:
        return True
    entitled = pulled.get(reference.full)
    return entitled is None or any(login in entitled for login in logins(worker, container))
