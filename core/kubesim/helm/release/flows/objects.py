"""The objects of a release: read from its manifest, applied, deleted, and waited for."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from kubesim.helm.manifest import RESOURCE_POLICY, UNINSTALL_ORDER, split
from kubesim.helm.release.flows.steps import POLL, Flow, FlowError, Setting, Wait, ask, ensure, message
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote
from kubesim.helm.yaml.reader import read_exact
from kubesim.objects.wire import APPLY_PATCH, Key

Tree = dict[str, Any]
MANAGED_BY: Final = "app.kubernetes.io/managed-by"
RELEASE_NAME: Final = "meta.helm.sh/release-name"
RELEASE_NAMESPACE: Final = "meta.helm.sh/release-namespace"
_APPLY: Final = {"fieldManager": "helm", "fieldValidation": "Strict", "force": "false"}
_FORCED: Final = {**_APPLY, "force": "true"}
_DELETE: Final = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
_DONE: Final = ("Complete", "Failed")


class Target(NamedTuple):
    """An object of a manifest and where it belongs."""

    key: Key
    tree: Tree

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.tree.get("kind", ""))

    def described(self) -> str:
        """``default/web apps/v1, Kind=Deployment``."""
        version = self.tree.get("apiVersion", "")
        shown = version if "/" in version else f"/{version}"
        return f"{self.key.namespace}/{self.key.name} {shown}, Kind={self.kind}"


def targets(setting: Setting, manifest: str, namespace: str) -> list[Target]:
    """The objects of a manifest in its order; FlowError for a kind the cluster does not serve."""
    found: list[Target] = []
    for document in split(manifest):
        try:
            tree = read_exact(document)
        except GoError as error:
            raise FlowError(f"unable to build kubernetes objects from release manifest: {error}") from None
        if not isinstance(tree, dict):
            continue
        items = tree.get("items")
        if not isinstance(items, list) or not str(tree.get("kind", "")).endswith("List"):
            items = [tree]
        found.extend([_target(setting, item, namespace) for item in items])
    return found


def _target(setting: Setting, tree: Tree, namespace: str) -> Target:
    version, kind = str(tree.get("apiVersion", "")), str(tree.get("kind", ""))
    metadata = tree.get("metadata") or {}
    resource = setting.resources.get((version, kind))
    name = str(metadata.get("name", ""))
    if resource is None:
        raise FlowError(
            "unable to build kubernetes objects from release manifest: resource mapping not found for name: "
            f'{quote(name)} namespace: {quote(str(metadata.get("namespace") or ""))} from "": no matches for kind '
            f"{quote(kind)} in version {quote(version)}\nensure CRDs are installed first"
        )
    place = str(metadata.get("namespace") or namespace) if resource.namespaced else ""
    if resource.namespaced:
        tree = {**tree, "metadata": {**metadata, "namespace": place}}
    return Target(Key(resource.gvr, place, name), tree)


def owned(target: Target, release: str, namespace: str) -> Target:
    """The object with the marks that say whose it is."""
    metadata = target.tree.get("metadata") or {}
    labels = {**(metadata.get("labels") or {}), MANAGED_BY: "Helm"}
    annotations = {**(metadata.get("annotations") or {}), RELEASE_NAME: release, RELEASE_NAMESPACE: namespace}
    marked = {**metadata, "labels": labels, "annotations": annotations}
    return Target(target.key, {**target.tree, "metadata": marked})


def ownership_problem(tree: Any, release: str, namespace: str) -> str:
    """Why an existing object is not the release's; empty when it is."""
    metadata = tree.get("metadata") or {}
    wanted = (
        ("label", metadata.get("labels") or {}, MANAGED_BY, "Helm"),
        ("annotation", metadata.get("annotations") or {}, RELEASE_NAME, release),
        ("annotation", metadata.get("annotations") or {}, RELEASE_NAMESPACE, namespace),
    )
    problems: list[str] = []
    for what, given, key, value in wanted:
        if key not in given:
            problems.append(f'{what} validation error: missing key "{key}": must be set to "{value}"')
        elif given[key] != value:
            problems.append(
                f'{what} validation error: key "{key}" must equal "{value}": current value is "{given[key]}"'
            )
    return "; ".join(problems)


def check_ownership(setting: Setting, found: Iterable[Target], release: str, namespace: str) -> Flow[None]:
    """Refuse to take over objects that are not the release's."""
    for target in found:
        response = yield from ask(setting, "get", target.key)
        if response.code == 404:
            continue
        problem = ownership_problem(ensure(response), release, namespace)
        if problem:
            where = f' in namespace "{target.key.namespace}"' if target.key.namespace else ' in namespace ""'
            raise FlowError(
                f'{target.kind} "{target.key.name}"{where} exists and cannot be imported into the current release: '
                f"invalid ownership metadata; {problem}"
            )


def apply(setting: Setting, target: Target, *, force: bool = False) -> Flow[Tree]:
    """Apply an object as Helm's; FlowError when the cluster refuses it or another manager owns its fields."""
    response = yield from ask(
        setting,
        "patch",
        target.key,
        body=target.tree,
        query=_FORCED if force else _APPLY,
        content_type=APPLY_PATCH,
    )
    if response.code == 409:
        raise FlowError(f"conflict occurred while applying object {target.described()}: {message(response)}")
    if response.code >= 400:
        raise FlowError(f"server-side apply failed for object {target.described()}: {message(response)}")
    tree: Tree = response.body
    return tree


def delete(setting: Setting, target: Target) -> Flow[bool]:
    """Delete an object in the background; False when it was not there."""
    response = yield from ask(setting, "delete", target.key, body=_DELETE)
    if response.code == 404:
        return False
    ensure(response)
    return True


def is_kept(target: Target) -> bool:
    """Whether the object's annotation says that it outlives the release."""
    annotations = (target.tree.get("metadata") or {}).get("annotations") or {}
    return str(annotations.get(RESOURCE_POLICY, "")).strip().lower() == "keep"


def in_uninstall_order(found: Iterable[Target]) -> list[Target]:
    """The objects in the order they are deleted."""
    ranks = {kind: rank for rank, kind in enumerate(UNINSTALL_ORDER)}
    return sorted(
        found, key=lambda target: (ranks.get(target.kind, len(ranks)), "" if target.kind in ranks else target.kind)
    )


def wait_until_gone(setting: Setting, target: Target, timeout: int) -> Flow[None]:
    """Wait until an object is no more; FlowError after ``timeout`` milliseconds."""
    end = setting.sources.now() + timeout
    while (yield from ask(setting, "get", target.key)).code != 404:
        if setting.sources.now() >= end:
            raise FlowError("context deadline exceeded")
        yield Wait(POLL, f"{target.kind} {target.key.name} to be deleted")


def wait_until_ready(setting: Setting, found: Iterable[Target], timeout: int, *, jobs: bool = False) -> Flow[None]:
    """Wait until all objects are ready; FlowError after ``timeout`` milliseconds or when a hook's work failed."""
    end = setting.sources.now() + timeout
    for target in found:
        while True:
            tree = ensure((yield from ask(setting, "get", target.key)))
            if is_ready(tree, jobs=jobs):
                break
            if setting.sources.now() >= end:
                raise FlowError(
                    f"resource {target.kind}/{target.key.namespace}/{target.key.name} not ready. status: "
                    f"InProgress{_progress(tree)}\ncontext deadline exceeded"
                )
            yield Wait(POLL, f"{target.kind} {target.key.name} to be ready")


def _progress(tree: Tree) -> str:
    """How far a Deployment is, in kstatus' words; the other kinds have none here."""
    if tree.get("kind") != "Deployment":
        return ""
    status, wanted = tree.get("status") or {}, (tree.get("spec") or {}).get("replicas", 1)
    for name, field in (("Replicas", "replicas"), ("Updated", "updatedReplicas"), ("Available", "availableReplicas")):
        if status.get(field, 0) < wanted:
            return f", message: {name}: {status.get(field, 0)}/{wanted}"
    return ""


def is_ready(tree: Tree, *, jobs: bool) -> bool:
    """Whether an object has reached what it was made for; FlowError when it has failed for good."""
    status = tree.get("status") or {}
    spec = tree.get("spec") or {}
    kind = tree.get("kind")
    if kind in {"Deployment", "StatefulSet"}:
        wanted = spec.get("replicas", 1)
        current = status.get("observedGeneration", 0) >= tree["metadata"].get("generation", 0)
        ready = status.get("availableReplicas" if kind == "Deployment" else "readyReplicas", 0)
        return bool(current and status.get("updatedReplicas", 0) >= wanted and ready >= wanted)
    if kind == "DaemonSet":
        current = status.get("observedGeneration", 0) >= tree["metadata"].get("generation", 0)
        wanted = status.get("desiredNumberScheduled", 0)
        return bool(current and status.get("numberReady", 0) >= wanted <= status.get("updatedNumberScheduled", 0))
    if kind == "PersistentVolumeClaim":
        return bool(status.get("phase") == "Bound")
    if kind == "Job":
        return not jobs or is_finished(tree)
    if kind == "Pod":
        return _condition(tree, "Ready") or status.get("phase") == "Succeeded"
    return kind != "CustomResourceDefinition" or _condition(tree, "Established")


def is_finished(tree: Tree) -> bool:
    """Whether a hook's Job or Pod has done its work, other kinds at once; FlowError when it failed."""
    kind = tree.get("kind")
    name = f"{kind}/{tree['metadata'].get('namespace', '')}/{tree['metadata'].get('name', '')}"
    status = tree.get("status") or {}
    if kind == "Job":
        if _condition(tree, "Failed"):
            wanted = (tree.get("spec") or {}).get("completions", 1)
            count = f"{status.get('failed', 0)}/{wanted}"
            raise FlowError(f"resource {name} not ready. status: Failed, message: Job Failed. failed: {count}")
        return _condition(tree, "Complete")
    if kind == "Pod":
        if status.get("phase") == "Failed":
            raise FlowError(f"resource {name} not ready. status: Failed")
        return bool(status.get("phase") == "Succeeded")
    return True


def _condition(tree: Tree, name: str) -> bool:
    conditions = (tree.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == name and one.get("status") == "True" for one in conditions)
