"""The strategy of CustomResourceDefinitions. # k8s: apiextensions-apiserver/pkg/registry/customresourcedefinition."""

from typing import Any

from kubesim.api.strategy import Context
from kubesim.kinds.definition.names import all_names
from kubesim.kinds.definition.spec import spec_causes
from kubesim.kinds.fielderrors import invalid, required, unchanged
from kubesim.kinds.plain import Plain, resource
from kubesim.kinds.shapes import filled, filled_empty, inside
from kubesim.objects.errors import Cause
from kubesim.objects.refs import annotations
from kubesim.objects.wire import EMPTY, Tree

GROUP = "apiextensions.k8s.io"
APPROVAL = "api-approved.kubernetes.io"
_STALE = (
    "missing from spec.versions; {0} was previously a storage version, and must remain in spec.versions until a "
    "storage migration ensures no data remains persisted in {0} and removes {0} from status.storedVersions"
)


class DefinitionStrategy(Plain):
    """CustomResourceDefinitions."""

    gvr = resource(GROUP, "v1", "customresourcedefinitions")
    kind = "CustomResourceDefinition"
    namespaced = False
    short_names = ("crd", "crds")
    categories = ("api-extensions",)
    subresources = ("status",)
    initial_status: Tree | None = EMPTY

    def default(self, obj: Tree) -> Tree:
        """Names that follow from the kind, and no conversion. # k8s: apiextensions/v1/defaults.go."""
        return inside(filled(obj, spec={}), "spec", _default_spec)

    def prepare_create(self, obj: Tree, context: Context) -> Tree:
        """Nothing is accepted yet; the storage version is the first stored one."""
        del context
        stored = [version.get("name") for version in _versions(obj) if version.get("storage")]
        names = {"plural": "", "kind": ""}
        return {**obj, "status": {"conditions": None, "acceptedNames": names, "storedVersions": stored}}

    def prepare_update(self, new: Tree, old: Tree, context: Context, subresource: str = "") -> Tree:
        """A new storage version joins the stored ones."""
        new = super().prepare_update(new, old, context, subresource)
        if subresource:
            return new
        status: Tree = new.get("status") or EMPTY
        stored = status.get("storedVersions") or []
        added = [v.get("name") for v in _versions(new) if v.get("storage") and v.get("name") not in stored]
        if not added:
            return new
        return {**new, "status": {**status, "storedVersions": [*stored, *added]}}

    def validate(self, obj: Tree) -> list[Cause]:
        """Every rule that a new definition breaks."""
        spec = obj.get("spec") or EMPTY
        wanted = f"{(spec.get('names') or EMPTY).get('plural') or ''}.{spec.get('group') or ''}"
        name = obj["metadata"].get("name") or ""
        causes = [] if name == wanted else [invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')]
        causes += spec_causes(spec, None)
        return causes + _approval_causes(obj)

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """Every rule that a changed definition breaks; of a status only its own."""
        status = new.get("status") or EMPTY
        causes = all_names(status.get("acceptedNames") or EMPTY, "status.acceptedNames")
        if subresource == "status":
            return causes
        spec, before = new.get("spec") or EMPTY, old.get("spec") or EMPTY
        causes += [] if spec is before else spec_causes(spec, before)
        causes += self._frozen(spec, before, established=_is_established(old))
        names = [version.get("name") for version in _versions(new)]
        causes += [
            invalid(f"status.storedVersions[{number}]", name, _STALE.format(name))
            for number, name in enumerate(status.get("storedVersions") or ())
            if name not in names
        ]
        return causes

    def _frozen(self, spec: Tree, before: Tree, *, established: bool) -> list[Cause]:
        """What can never change, or not any more."""
        causes: list[Cause] = []
        names, known = spec.get("names") or EMPTY, before.get("names") or EMPTY
        if established:
            causes += unchanged("spec.scope", spec.get("scope"), before.get("scope"))
            causes += unchanged("spec.names.kind", names.get("kind"), known.get("kind"))
        causes += unchanged("spec.group", spec.get("group"), before.get("group"))
        return causes + unchanged("spec.names.plural", names.get("plural"), known.get("plural"))

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Name and the time of its making."""
        del now
        return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp")]


def _default_spec(spec: Tree) -> Tree:
    return inside(filled(spec, names={}, conversion={"strategy": "None"}), "names", _default_names)


def _default_names(names: Tree) -> Tree:
    kind = names.get("kind")
    return filled_empty(names, singular=kind.lower(), listKind=f"{kind}List") if kind else names


def _versions(obj: Tree) -> list[Tree]:
    found: list[Tree] = (obj.get("spec") or EMPTY).get("versions") or []
    return found


def _is_established(obj: Tree) -> bool:
    conditions = (obj.get("status") or EMPTY).get("conditions") or ()
    return any(entry.get("type") == "Established" and entry.get("status") == "True" for entry in conditions)


def _approval_causes(obj: Tree) -> list[Cause]:
    """Groups of Kubernetes' own need somebody's approval. # k8s: validateAPIApproval."""
    group = (obj.get("spec") or EMPTY).get("group") or ""
    if not (group in {"k8s.io", "kubernetes.io"} or group.endswith((".k8s.io", ".kubernetes.io"))):
        return []
    field = f"metadata.annotations[{APPROVAL}]"
    more = "see https://github.com/kubernetes/enhancements/pull/1111"
    value = annotations(obj).get(APPROVAL) or ""
    if not value:
        return [required(field, f'protected groups must have approval annotation "{APPROVAL}", {more}')]
    if value.startswith(("https://", "http://", "unapproved")):
        return []
    text = (
        f'protected groups must have approval annotation "{APPROVAL}" with either a URL or a reason starting with '
        f'"unapproved", {more}'
    )
    return [invalid(field, value, text)]
