"""Who the pods of a StatefulSet are: names, ordinals, labels, volumes, and the bodies they are created with."""

from typing import Any

from kubesim.objects import history, pods, refs
from kubesim.objects.wire import EMPTY, Tree

POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"
NO_ORDINAL = -1


def ordinal_of(name: str, set_name: str) -> int:
    """The ordinal in the name of a pod, ``NO_ORDINAL`` when it is no pod of this set."""
    parent, _, number = name.rpartition("-")
    return int(number) if parent == set_name and number.isdigit() else NO_ORDINAL


def start_of(stateful_set: Tree) -> int:
    """The first ordinal."""
    first: int = (stateful_set["spec"].get("ordinals") or EMPTY).get("start") or 0
    return first


def size_of(stateful_set: Tree) -> int:
    """How many pods are wished for."""
    found: int = stateful_set["spec"].get("replicas", 1)
    return found


def revision_of(pod: Tree) -> str:
    """The name of the revision that a pod was made from, "" when it does not tell."""
    return str(refs.labels(pod).get(history.REVISION_LABEL, ""))


def is_available(pod: Tree, min_ready_seconds: int, now: int) -> bool:
    """Whether it has been running and ready for long enough."""
    return pods.phase(pod) == pods.RUNNING and pods.is_available(pod, min_ready_seconds, now)


def claim_name(stateful_set: Tree, template: Tree, ordinal: int) -> str:
    """The name of the PersistentVolumeClaim of a pod."""
    return f"{template['metadata']['name']}-{stateful_set['metadata']['name']}-{ordinal}"


def claim_templates(stateful_set: Tree) -> list[Tree]:
    """``spec.volumeClaimTemplates``."""
    return list(stateful_set["spec"].get("volumeClaimTemplates") or ())


def claim_body(stateful_set: Tree, template: Tree, ordinal: int) -> dict[str, Any]:
    """The body of a claim."""
    given = template["metadata"]
    selected = stateful_set["spec"]["selector"].get("matchLabels") or EMPTY
    metadata: dict[str, Any] = {
        **{field: given[field] for field in ("annotations", "finalizers") if given.get(field)},
        "name": claim_name(stateful_set, template, ordinal),
        "namespace": stateful_set["metadata"]["namespace"],
        "labels": {**(given.get("labels") or EMPTY), **selected},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": template["spec"]}


def volumes_of(stateful_set: Tree, spec: Tree, ordinal: int) -> list[Tree]:
    """The volumes of a pod: its claims, then those of its spec that no claim replaces."""
    templates = claim_templates(stateful_set)
    names = [template["metadata"]["name"] for template in templates]
    claims = [
        {
            "name": template["metadata"]["name"],
            "persistentVolumeClaim": {"claimName": claim_name(stateful_set, template, ordinal)},
        }
        for template in templates
    ]
    return [*claims, *(each for each in spec.get("volumes") or () if each["name"] not in names)]


def pod_body(stateful_set: Tree, template: Tree, revision: str, ordinal: int) -> dict[str, Any]:
    """The body of a pod."""
    name = f"{stateful_set['metadata']['name']}-{ordinal}"
    given: Tree = template.get("metadata") or EMPTY
    metadata: dict[str, Any] = {"name": name, "generateName": f"{stateful_set['metadata']['name']}-"}
    metadata["labels"] = {
        **(given.get("labels") or EMPTY),
        POD_INDEX: str(ordinal),
        history.REVISION_LABEL: revision,
        POD_NAME: name,
    }
    for field in ("annotations", "finalizers"):
        if given.get(field):
            metadata[field] = given[field]
    metadata["ownerReferences"] = [refs.owner_reference(stateful_set, "apps/v1", "StatefulSet")]
    spec: dict[str, Any] = {**template["spec"], "hostname": name}
    if stateful_set["spec"].get("serviceName"):
        spec["subdomain"] = stateful_set["spec"]["serviceName"]
    volumes = volumes_of(stateful_set, spec, ordinal)
    if volumes:
        spec["volumes"] = volumes
    return {"metadata": metadata, "spec": spec}


def corrected(stateful_set: Tree, pod: Tree) -> Tree:
    """The pod with the labels and the volumes it must have; the same object when it has them."""
    name = pod["metadata"]["name"]
    ordinal = ordinal_of(name, stateful_set["metadata"]["name"])
    labels = refs.labels(pod)
    if labels.get(POD_NAME) != name or not labels.get(POD_INDEX):
        wanted = {**labels, POD_NAME: name, POD_INDEX: str(ordinal)}
        pod = {**pod, "metadata": {**pod["metadata"], "labels": wanted}}
    known = {each["name"]: each for each in pod["spec"].get("volumes") or ()}
    for template in claim_templates(stateful_set):
        volume = known.get(template["metadata"]["name"]) or EMPTY
        claimed = (volume.get("persistentVolumeClaim") or EMPTY).get("claimName")
        if claimed != claim_name(stateful_set, template, ordinal):
            return {**pod, "spec": {**pod["spec"], "volumes": volumes_of(stateful_set, pod["spec"], ordinal)}}
    return pod
