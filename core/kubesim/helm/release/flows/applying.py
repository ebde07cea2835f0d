"""Brings objects into the cluster: server-side apply, client-side apply, replacement, deletion."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from kubesim.helm.release.flows.merging import three_way, two_way
from kubesim.helm.release.flows.objects import Target, is_kept
from kubesim.helm.release.flows.steps import Flow, FlowError, Setting, ask, ensure, log, message
from kubesim.objects.wire import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Response

Tree = dict[str, Any]
MANAGER: Final = "helm"
_STRICT: Final = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
_ATTEMPTS: Final = 5
"""How often a write is tried that another one overtakes."""


class Way(NamedTuple):
    """How objects are changed; ``migrate`` hands the fields of client-side apply over to server-side apply."""

    server_side: bool = True
    force_conflicts: bool = False
    force_replace: bool = False
    migrate: bool = False


def check_way(way: Way, what: str) -> None:
    """FlowError for a combination that Helm refuses; ``what`` is create or update."""
    if way.force_conflicts and not way.server_side:
        raise FlowError(f"invalid client {what} option(s): forceConflicts enabled when serverSideApply disabled")
    if what == "update" and way.force_replace:
        other = "force conflicts" if way.force_conflicts else "server-side apply" if way.server_side else ""
        if other:
            raise FlowError(f"invalid operation: cannot use {other} and force replace together")


def create_all(setting: Setting, found: Sequence[Target], way: Way) -> Flow[None]:
    """Create objects; one that fails does not keep the others from being made. FlowError with all failures."""
    log(setting, "creating resource(s)", resources=len(found))
    check_way(way, "create")
    _tell_creation(setting, way)
    failures: list[str] = []
    for target in found:
        try:
            yield from create(setting, target, way)
        except FlowError as error:
            failures.append(str(error))
    if failures:
        raise FlowError("\n".join(failures))


def _tell_creation(setting: Setting, way: Way) -> None:
    if way.server_side:
        text = "using server-side apply for resource creation"
        log(setting, text, forceConflicts=way.force_conflicts, dryRun=False, fieldValidationDirective="Strict")
    else:
        log(setting, "using client-side apply for resource creation")


def create(setting: Setting, target: Target, way: Way) -> Flow[Tree]:
    """Create an object; FlowError when the cluster refuses it."""
    if way.server_side:
        try:
            tree = yield from apply(setting, target, force=way.force_conflicts)
        except FlowError as error:
            log(setting, "Error creating resource via patch", **_described(target), error=error)
            raise
        log(setting, "Created resource via patch", **_described(target))
        return tree
    key = target.key._replace(name="")
    created: Tree = ensure((yield from ask(setting, "create", key, body=target.tree, query={"fieldManager": MANAGER})))
    return created


def _described(target: Target) -> Mapping[str, Any]:
    return {"namespace": target.key.namespace, "name": target.key.name, "gvk": target.described().partition(" ")[2]}


def apply(setting: Setting, target: Target, *, force: bool = False) -> Flow[Tree]:
    """Server-side apply; FlowError when the cluster refuses it or another manager owns its fields."""
    response = yield from ask(
        setting,
        "patch",
        target.key,
        body=target.tree,
        query={**_STRICT, "force": "true" if force else "false"},
        content_type=APPLY_PATCH,
    )
    if response.code == 409:
        raise FlowError(f"conflict occurred while applying object {target.described()}: {message(response)}")
    if response.code >= 400:
        raise FlowError(f"server-side apply failed for object {target.described()}: {message(response)}")
    tree: Tree = response.body
    return tree


def update_all(
    setting: Setting, old: Sequence[Target], new: Sequence[Target], way: Way, created: list[Target]
) -> Flow[None]:
    """Create, change and delete objects so that the new ones are there and the old ones not; FlowError with failures.

    What was created is added to ``created``, also when something fails.
    """
    check_way(way, "update")
    _tell_creation(setting, way)
    _tell_update(setting, way)
    log(setting, "checking resources for changes", resources=len(new))
    before = {target.key: target for target in old}
    failures: list[str] = []
    for target in new:
        response = yield from ask(setting, "get", target.key)
        if response.code == 404:
            created.append(target)
            yield from _created(setting, target, way)
            continue
        if response.code >= 400:
            raise FlowError(f"could not get information about the resource: {message(response)}")
        if target.key not in before:
            text = "resource exists on cluster but not in original release, using cluster state as baseline"
            log(setting, text, "WARN", namespace=target.key.namespace, name=target.key.name, kind=target.kind)
        original = before.get(target.key, Target(target.key, response.body))
        try:
            yield from _update(setting, original, target, response.body, way)
        except FlowError as error:
            failures.append(str(error))
    if failures:
        raise FlowError(" && ".join(failures))
    keys = [target.key for target in new]
    for target in old:
        if target.key not in keys:
            yield from _delete_superfluous(setting, target, failures)
    if failures:
        raise FlowError(" && ".join(failures))


def _tell_update(setting: Setting, way: Way) -> None:
    if way.force_replace:
        log(setting, "using resource replace update strategy", fieldValidationDirective="Strict")
    elif way.server_side:
        log(
            setting,
            "using server-side apply for resource update",
            forceConflicts=way.force_conflicts,
            dryRun=False,
            fieldValidationDirective="Strict",
            upgradeClientSideFieldManager=way.migrate,
        )
    else:
        log(setting, "using client-side apply for resource update", threeWayMergeForUnstructured=False)


def _created(setting: Setting, target: Target, way: Way) -> Flow[None]:
    try:
        yield from create(setting, target, way)
    except FlowError as error:
        raise FlowError(f"failed to create resource: {error}") from None
    place = {"namespace": target.key.namespace, "name": target.key.name}
    log(setting, "created a new resource", **place, kind=target.kind)


def _update(setting: Setting, old: Target, new: Target, live: Tree, way: Way) -> Flow[None]:
    if way.force_replace:
        yield from _overwrite(setting, new, live)
    elif way.server_side:
        if way.migrate and (yield from _migrate(setting, new)):
            text = "Upgraded object client-side field management with server-side apply field management"
            log(setting, text, **_described(new))
        try:
            yield from apply(setting, new, force=way.force_conflicts)
        except FlowError as error:
            log(setting, "Error patching resource", **_described(new), error=error)
            raise
        log(setting, "Patched resource", **_described(new))
    else:
        yield from _patch(setting, old, new, live)


def _overwrite(setting: Setting, target: Target, live: Tree) -> Flow[None]:
    metadata = {**target.tree["metadata"], "resourceVersion": live["metadata"].get("resourceVersion", "")}
    body = {**target.tree, "metadata": metadata}
    response = yield from ask(setting, "update", target.key, body=body, query=_STRICT)
    if response.code >= 400:
        raise FlowError(f"failed to replace object: {message(response)}")


def _patch(setting: Setting, old: Target, new: Target, live: Tree) -> Flow[None]:
    builtin = not new.key.gvr.group or "." not in new.key.gvr.group or new.key.gvr.group.endswith(".k8s.io")
    patch = three_way(old.tree, new.tree, live) if builtin else two_way(old.tree, new.tree)
    if not patch:
        log(setting, "no changes detected", kind=new.kind, name=new.key.name)
        return
    log(setting, "patching resource", kind=new.kind, name=new.key.name, namespace=new.key.namespace)
    kind = STRATEGIC_PATCH if builtin else MERGE_PATCH
    response = yield from ask(setting, "patch", new.key, body=patch, query={"fieldManager": MANAGER}, content_type=kind)
    if response.code >= 400:
        raise FlowError(f'cannot patch "{new.key.name}" with kind {new.kind}: {message(response)}')


def _migrate(setting: Setting, target: Target) -> Flow[bool]:
    """Hand over what Helm owns through client-side apply; whether there was something."""
    response = Response(404, None)
    for _ in range(_ATTEMPTS):
        response = yield from ask(setting, "get", target.key)
        if response.code >= 400:
            raise FlowError(f"failed to get object {target.described()}: {message(response)}")
        metadata = response.body["metadata"]
        managers = handed_over(metadata.get("managedFields") or ())
        if managers is None:
            return False
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": managers},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata.get("resourceVersion", "")},
        ]
        response = yield from ask(setting, "patch", target.key, body=patch, query=_STRICT, content_type=JSON_PATCH)
        if response.code != 409:
            break
    if response.code >= 400:
        text = f"failed to patch object to upgrade CSA field manager {target.described()}"
        raise FlowError(f"{text}: {message(response)}")
    return True


def handed_over(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]] | None:
    """ManagedFields with Helm's updates turned into its apply; None when there are none.

    # k8s: client-go's csaupgrade.UpgradeManagedFields
    """

    def is_own(entry: Mapping[str, Any], operation: str) -> bool:
        return entry.get("manager") == MANAGER and entry.get("operation") == operation and not entry.get("subresource")

    own = [entry for entry in entries if is_own(entry, "Update")]
    if not own:
        return None
    applied = next((entry for entry in entries if is_own(entry, "Apply")), None)
    first = applied if applied is not None else own[0]
    fields: Tree = dict(first.get("fieldsV1") or {})
    for entry in own:
        if entry.get("apiVersion") == first.get("apiVersion"):
            fields = _union(fields, entry.get("fieldsV1") or {})
    joined = {**first, "operation": "Apply", "fieldsV1": fields}
    return [joined if entry is first else entry for entry in entries if entry is first or not is_own(entry, "Update")]


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> Tree:
    joined = dict(one)
    for field, inner in other.items():
        joined[field] = _union(joined.get(field) or {}, inner or {})
    return joined


def _delete_superfluous(setting: Setting, target: Target, failures: list[str]) -> Flow[None]:
    place = {"namespace": target.key.namespace, "name": target.key.name, "kind": target.kind}
    log(setting, "deleting resource", **place)
    response = yield from ask(setting, "get", target.key)
    if response.code >= 400:
        log(setting, "unable to get object", **place, error=message(response))
        return
    if is_kept(Target(target.key, response.body)):
        text = "skipping delete due to annotation"
        log(setting, text, **place, annotation="helm.sh/resource-policy", value="keep")
        return
    try:
        yield from delete(setting, target)
    except FlowError as error:
        failures.append(f"failed to delete resource {target.key.name}: {error}")


def delete(setting: Setting, target: Target, propagation: str = "Background") -> Flow[bool]:
    """Delete an object; False when it was not there."""
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
    response = yield from ask(setting, "delete", target.key, body=body)
    if response.code == 404:
        return False
    ensure(response)
    return True
