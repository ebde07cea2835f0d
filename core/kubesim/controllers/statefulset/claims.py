"""The PersistentVolumeClaims of a StatefulSet: made with its pods, and owned as its retention policy says."""

from typing import Any

from kubesim.controllers.statefulset.identity import (
    claim_body,
    claim_name,
    claim_templates,
    ordinal_of,
    size_of,
    start_of,
)
from kubesim.machinery.client import Client
from kubesim.objects import refs
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import CLAIMS, EMPTY, Tree


class ClaimError(Exception):
    """Claims of a pod could not be made; says why."""


class Claims:
    """Makes claims and keeps their owner references."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def ensure(self, stateful_set: Tree, ordinal: int) -> None:
        """Make the claims that a pod lacks. Raises ClaimError. # k8s: createPersistentVolumeClaims."""
        wrong = []
        for template in claim_templates(stateful_set):
            known = self._get(stateful_set, template, ordinal)
            if known is None:
                wrong += self._create(stateful_set, template, ordinal)
            elif refs.is_deleting(known):
                wrong.append(f"pvc {known['metadata']['name']} is being deleted")
        if wrong:
            raise ClaimError(wrong[0] if len(wrong) == 1 else f"[{', '.join(wrong)}]")

    def _create(self, stateful_set: Tree, template: Tree, ordinal: int) -> list[str]:
        body = claim_body(stateful_set, template, ordinal)
        namespace, name = refs.place(body)
        owner = stateful_set["metadata"]["name"]
        pod = f"{owner}-{ordinal}"
        try:
            self._client.create(CLAIMS, namespace, body)
        except ApiError as error:
            text = f"Create Claim {name} for Pod {pod} in StatefulSet {owner} failed error: {error}"
            self._client.event(stateful_set, "Warning", "FailedCreate", text)
            return [f"failed to create PVC {name}: {error}"]
        text = f"Create Claim {name} Pod {pod} in StatefulSet {owner} success"
        self._client.event(stateful_set, "Normal", "SuccessfulCreate", text)
        return []

    def are_stale(self, stateful_set: Tree, ordinal: int) -> bool:
        """Whether a claim still belongs to an earlier pod of this name, and will go with it."""
        for template in claim_templates(stateful_set):
            known = self._get(stateful_set, template, ordinal)
            if known is None:
                continue
            for owner in known["metadata"].get("ownerReferences") or ():
                if owner["kind"] == "Pod" and owner["name"] == f"{stateful_set['metadata']['name']}-{ordinal}":
                    return True
        return False

    def keep_owners(self, stateful_set: Tree, pod: Tree) -> None:
        """Give the claims of a pod the owners that the retention policy asks for.

        # k8s: UpdatePodClaimForRetentionPolicy
        """
        ordinal = ordinal_of(pod["metadata"]["name"], stateful_set["metadata"]["name"])
        for template in claim_templates(stateful_set):
            claim = self._get(stateful_set, template, ordinal)
            if claim is None:
                continue
            known = claim["metadata"].get("ownerReferences") or []
            wanted = owners(stateful_set, pod, ordinal, known)
            if wanted != known:
                metadata = {name: value for name, value in claim["metadata"].items() if name != "ownerReferences"}
                if wanted:
                    metadata["ownerReferences"] = wanted
                self._client.update(CLAIMS, {**claim, "metadata": metadata})

    def _get(self, stateful_set: Tree, template: Tree, ordinal: int) -> Tree | None:
        name = claim_name(stateful_set, template, ordinal)
        return self._client.get(CLAIMS, stateful_set["metadata"]["namespace"], name)


def owners(stateful_set: Tree, pod: Tree, ordinal: int, known: list[Any]) -> list[Any]:
    """The owner references of a claim under the retention policy of its set."""
    policy: Tree = stateful_set["spec"].get("persistentVolumeClaimRetentionPolicy") or EMPTY
    start = start_of(stateful_set)
    is_scaled_down = not start <= ordinal < start + size_of(stateful_set)
    goes_with_pod = policy.get("whenScaled") == "Delete" and is_scaled_down
    goes_with_set = policy.get("whenDeleted") == "Delete" and not goes_with_pod
    ours = {refs.uid(stateful_set): goes_with_set, refs.uid(pod): goes_with_pod}
    found = [each for each in known if ours.get(each["uid"], True)]
    there = {each["uid"] for each in found}
    for owner, api_version, kind in ((stateful_set, "apps/v1", "StatefulSet"), (pod, "v1", "Pod")):
        if ours[refs.uid(owner)] and refs.uid(owner) not in there:
            found.append(refs.owner_reference(owner, api_version, kind))
    return known if found == known else found
