"""Which ResourceClaims a pod uses. # k8s: dynamic-resource-allocation/resourceclaim."""

from typing import NamedTuple

from kubesim.objects import refs
from kubesim.objects.wire import EMPTY, Tree

MOST_CONSUMERS = 256
"""# k8s: resource.ResourceClaimReservedForMaxSize."""


class PodClaim(NamedTuple):
    """One entry of ``spec.resourceClaims``. ``claim`` is its ResourceClaim: None before it is made, "" when none is."""

    name: str
    claim: str | None
    made_for_pod: bool


def pod_claims(pod: Tree) -> tuple[PodClaim, ...]:
    """The claims of a pod."""
    made = {
        entry["name"]: entry.get("resourceClaimName") or ""
        for entry in (pod.get("status") or EMPTY).get("resourceClaimStatuses") or ()
    }
    found = []
    for entry in pod["spec"].get("resourceClaims") or ():
        name = entry["name"]
        if entry.get("resourceClaimName"):
            found.append(PodClaim(name, entry["resourceClaimName"], made_for_pod=False))
        else:
            found.append(PodClaim(name, made.get(name), made_for_pod=True))
    return tuple(found)


def stranger(pod_uid: str, pod_name: str, claim: Tree) -> str:
    """Why a claim that should have been made for a pod was not, or ""."""
    owner = refs.controller_of(claim)
    if owner is not None and owner["uid"] == pod_uid:
        return ""
    namespace, name = refs.place(claim)
    return f"ResourceClaim {namespace}/{name} was not created for pod {namespace}/{pod_name} (pod is not owner)"


def is_reserved_for(claim: Tree, uid: str) -> bool:
    """Whether a pod may use a claim already."""
    return any(entry["uid"] == uid for entry in (claim.get("status") or EMPTY).get("reservedFor") or ())


def can_be_reserved(claim: Tree) -> bool:
    """Whether one more pod may use a claim."""
    return len((claim.get("status") or EMPTY).get("reservedFor") or ()) < MOST_CONSUMERS


def allocation_of(claim: Tree) -> Tree | None:
    """What a claim has got."""
    found: Tree | None = (claim.get("status") or EMPTY).get("allocation")
    return found
