"""The objects of a release: read from its manifest, marked as its own, told from those of others."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from kubesim.helm.manifest import RESOURCE_POLICY, UNINSTALL_ORDER, split
from kubesim.helm.release.flows.steps import Flow, FlowError, Setting, ask, message
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote
from kubesim.helm.yaml.gojson import json_kind, to_json
from kubesim.helm.yaml.reader import read_exact
from kubesim.objects.wire import Key, Response

Tree = dict[str, Any]
MANAGED_BY: Final = "app.kubernetes.io/managed-by"
RELEASE_NAME: Final = "meta.helm.sh/release-name"
RELEASE_NAMESPACE: Final = "meta.helm.sh/release-namespace"


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
    """The objects of a manifest in its order; FlowError for what is no object, or of a kind that is not served."""
    found: list[Target] = []
    for document in split(manifest):
        try:
            tree = read_exact(document)
        except GoError as error:
            raise FlowError(str(error)) from None
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
    _check_head(tree, metadata)
    resource = setting.resources.get((version, kind))
    name = str(metadata.get("name", ""))
    if resource is None:
        raise FlowError(
            f"resource mapping not found for name: {quote(name)} namespace: "
            f'{quote(str(metadata.get("namespace") or ""))} from "": no matches for kind '
            f"{quote(kind)} in version {quote(version)}\nensure CRDs are installed first"
        )
    place = str(metadata.get("namespace") or namespace) if resource.namespaced else ""
    if resource.namespaced:
        tree = {**tree, "metadata": {**metadata, "namespace": place}}
    return Target(Key(resource.gvr, place, name), tree)


def _check_head(tree: Tree, metadata: Tree) -> None:
    if not tree.get("kind"):
        raise FlowError(f"unable to decode \"\": Object 'Kind' is missing in '{to_json(tree)}'")
    texts = [("name", metadata.get("name")), ("namespace", metadata.get("namespace"))]
    for field in ("labels", "annotations"):
        given = metadata.get(field)
        texts += [(field, value) for value in given.values()] if isinstance(given, dict) else []
    for field, value in texts:
        if value is not None and not isinstance(value, str):
            raise FlowError(
                f'unable to decode "": json: cannot unmarshal {json_kind(value)} into Go struct field '
                f"ObjectMeta.metadata.{field} of type string"
            )


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


def check_ownership(setting: Setting, found: Iterable[Target], release: str, namespace: str) -> Flow[list[Target]]:
    """Refuse to take over objects that are not the release's; those that exist already."""
    there: list[Target] = []
    for target in found:
        response = yield from ask(setting, "get", target.key)
        if response.code == 404:
            continue
        tree = _existing(response, target)
        problem = ownership_problem(tree, release, namespace)
        if problem:
            raise FlowError(
                f'{target.kind} "{target.key.name}" in namespace "{target.key.namespace}" exists and cannot be '
                f"imported into the current release: invalid ownership metadata; {problem}"
            )
        there.append(Target(target.key, tree))
    return there


def existing(setting: Setting, found: Iterable[Target]) -> Flow[list[Target]]:
    """Those of the objects that exist already, whoever made them."""
    there: list[Target] = []
    for target in found:
        response = yield from ask(setting, "get", target.key)
        if response.code != 404:
            there.append(Target(target.key, _existing(response, target)))
    return there


def _existing(response: Response, target: Target) -> Tree:
    if response.code >= 400:
        raise FlowError(f"could not get information about the resource {target.described()}: {message(response)}")
    tree: Tree = response.body
    return tree


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
