"""Roles and their bindings. # k8s: rbac/validation, rbac/v1/defaults.go."""

from typing import Any

from kubesim.kinds.fielderrors import invalid, not_supported, required
from kubesim.kinds.goshape import internal
from kubesim.kinds.plain import Plain, resource
from kubesim.kinds.printing import age
from kubesim.kinds.shapes import filled, filled_empty, inside, inside_each
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Tree

GROUP = "rbac.authorization.k8s.io"


class RoleStrategy(Plain):
    """Roles."""

    gvr = resource(GROUP, "v1", "roles")
    kind = "Role"
    has_generation = False
    name_format = "segment"
    allow_create_on_update = True

    def default(self, obj: Tree) -> Tree:
        """The rules are always served."""
        return obj if "rules" in obj else {**obj, "rules": None}

    def validate(self, obj: Tree) -> list[Cause]:
        """Every rule has verbs, and resources with groups or URLs."""
        found: list[Cause] = []
        for index, rule in enumerate(obj.get("rules") or ()):
            found += _rule(f"rules[{index}]", rule, namespaced=self.namespaced)
        return found


def _rule(at: str, rule: Tree, *, namespaced: bool) -> list[Cause]:
    found: list[Cause] = []
    if not rule.get("verbs"):
        found.append(required(f"{at}.verbs", "verbs must contain at least one value"))
    urls = rule.get("nonResourceURLs")
    if urls:
        if namespaced:
            why = "namespaced rules cannot apply to non-resource URLs"
            found.append(invalid(f"{at}.nonResourceURLs", urls, why))
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            why = "rules cannot apply to both regular resources and non-resource URLs"
            found.append(invalid(f"{at}.nonResourceURLs", urls, why))
        return found
    if not rule.get("apiGroups"):
        found.append(required(f"{at}.apiGroups", "resource rules must supply at least one api group"))
    if not rule.get("resources"):
        found.append(required(f"{at}.resources", "resource rules must supply at least one resource"))
    return found


class ClusterRoleStrategy(RoleStrategy):
    """ClusterRoles."""

    gvr = resource(GROUP, "v1", "clusterroles")
    kind = "ClusterRole"
    namespaced = False


class RoleBindingStrategy(Plain):
    """RoleBindings."""

    gvr = resource(GROUP, "v1", "rolebindings")
    kind = "RoleBinding"
    has_generation = False
    name_format = "segment"
    allow_create_on_update = True
    role_kinds: tuple[str, ...] = ("ClusterRole", "Role")

    def default(self, obj: Tree) -> Tree:
        """API groups of role and subjects."""
        obj = inside(filled(obj, roleRef={}), "roleRef", _default_role)
        return inside_each(obj, "subjects", _default_subject)

    def validate(self, obj: Tree) -> list[Cause]:
        """A role, and subjects that exist as kinds."""
        role = obj.get("roleRef") or EMPTY
        found: list[Cause] = []
        if role.get("apiGroup") != GROUP:
            found.append(not_supported("roleRef.apiGroup", role.get("apiGroup"), (GROUP,)))
        if role.get("kind") not in self.role_kinds:
            found.append(not_supported("roleRef.kind", role.get("kind") or "", self.role_kinds))
        if not role.get("name"):
            found.append(required("roleRef.name"))
        for index, subject in enumerate(obj.get("subjects") or ()):
            found += _subject(f"subjects[{index}]", subject, namespaced=self.namespaced)
        return found

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """The role stays."""
        del subresource
        found = self.validate(new)
        if new.get("roleRef") != old.get("roleRef"):
            found.append(invalid("roleRef", internal(new.get("roleRef"), "RoleRef"), "cannot change roleRef"))
        return found

    def row(self, obj: Tree, now: int) -> list[Any]:
        """The role and who gets it."""
        role = obj.get("roleRef") or EMPTY
        shown: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
        for subject in obj.get("subjects") or ():
            name = subject.get("name") or ""
            if subject.get("kind") == "ServiceAccount" and subject.get("namespace"):
                name = f"{subject['namespace']}/{name}"
            if subject.get("kind") in shown:
                shown[subject["kind"]].append(name)
        subjects = [", ".join(names) for names in shown.values()]
        return [obj["metadata"]["name"], f"{role.get('kind')}/{role.get('name')}", age(obj, now), *subjects]


def _default_role(role: Tree) -> Tree:
    return filled_empty(role, apiGroup=GROUP)


def _default_subject(subject: Tree) -> Tree:
    return subject if subject.get("kind") == "ServiceAccount" else filled_empty(subject, apiGroup=GROUP)


def _subject(at: str, subject: Tree, *, namespaced: bool) -> list[Cause]:
    found: list[Cause] = []
    kind, group = subject.get("kind") or "", subject.get("apiGroup") or ""
    if not subject.get("name"):
        found.append(required(f"{at}.name"))
    if kind == "ServiceAccount":
        if group:
            found.append(not_supported(f"{at}.apiGroup", group, ("",)))
        if not namespaced and not subject.get("namespace"):
            found.append(required(f"{at}.namespace"))
    elif kind in {"User", "Group"}:
        if group != GROUP:
            found.append(not_supported(f"{at}.apiGroup", group, (GROUP,)))
    else:
        found.append(not_supported(f"{at}.kind", kind, ("Group", "ServiceAccount", "User")))
    return found


class ClusterRoleBindingStrategy(RoleBindingStrategy):
    """ClusterRoleBindings."""

    gvr = resource(GROUP, "v1", "clusterrolebindings")
    kind = "ClusterRoleBinding"
    namespaced = False
    role_kinds = ("ClusterRole",)
