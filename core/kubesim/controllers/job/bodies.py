"""The bodies that a Job creates its pods with."""

from typing import Any

from kubesim.controllers.job import indexes, policies
from kubesim.controllers.job.sync import FINALIZER, Sync
from kubesim.objects import refs
from kubesim.objects.wire import EMPTY, Tree

INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
PREFIX_LENGTH = 58
"""What generateName keeps of a name. # k8s: names.MaxGeneratedNameLength"""


def pod_body(job: Tree) -> dict[str, Any]:
    """The body of all pods of a Job without indexes."""
    template = job["spec"]["template"]
    given: Tree = template.get("metadata") or EMPTY
    metadata: dict[str, Any] = {"generateName": f"{job['metadata']['name']}-"}
    for field in ("labels", "annotations"):
        if given.get(field):
            metadata[field] = given[field]
    finalizers = given.get("finalizers") or ()
    metadata["finalizers"] = [*finalizers, *(() if FINALIZER in finalizers else (FINALIZER,))]
    metadata["ownerReferences"] = [refs.owner_reference(job, "batch/v1", "Job")]
    return {"metadata": metadata, "spec": template["spec"]}


def indexed_body(sync: Sync, index: int) -> dict[str, Any]:
    """The body of the pod of one index."""
    body = pod_body(sync.job)
    name, text = sync.job["metadata"]["name"], str(index)
    tail = f"-{index}-"
    annotations = {**body["metadata"].get("annotations", EMPTY), indexes.INDEX: text}
    if sync.limit_per_index is not None:
        annotations |= _failure_counts(sync, index)
    metadata = {
        **body["metadata"],
        "generateName": name[: PREFIX_LENGTH - len(tail)] + tail,
        "labels": {**body["metadata"].get("labels", EMPTY), indexes.INDEX: text},
        "annotations": annotations,
    }
    return {"metadata": metadata, "spec": _indexed_spec(body["spec"], f"{name}-{index}")}


def _failure_counts(sync: Sync, index: int) -> dict[str, str]:
    replaced = sync.delayed.get(index)
    counted = ignored = 0
    if replaced is not None:
        counts = policies.judge(sync.policy, replaced).counts
        counted = indexes.failures_of(replaced) + counts
        ignored = indexes.ignored_failures_of(replaced) + (not counts)
    found = {indexes.FAILURES: str(counted)}
    return {**found, indexes.IGNORED_FAILURES: str(ignored)} if ignored else found


def _indexed_spec(spec: Tree, hostname: str) -> dict[str, Any]:
    found = {**spec, "hostname": hostname, "containers": [_with_index(each) for each in spec["containers"]]}
    if spec.get("initContainers"):
        found["initContainers"] = [_with_index(each) for each in spec["initContainers"]]
    return found


def _with_index(container: Tree) -> Tree:
    variables = container.get("env") or ()
    if any(each["name"] == INDEX_VARIABLE for each in variables):
        return container
    source = {"fieldRef": {"fieldPath": f"metadata.labels['{indexes.INDEX}']"}}
    return {**container, "env": [*variables, {"name": INDEX_VARIABLE, "valueFrom": source}]}
