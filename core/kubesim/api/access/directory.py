"""Who is bound to which rules: the bindings by subject, kept up to date with the store.

# k8s: pkg/registry/rbac/validation/rule.go
"""

from collections.abc import Iterator
from typing import NamedTuple

from kubesim.api.access.attributes import ACCOUNT_PREFIX, Rule
from kubesim.objects.wire import EMPTY, Gvr, Identity, Tree
from kubesim.store.mvcc import Fields, Store

GROUP = "rbac.authorization.k8s.io"
ROLES, CLUSTERROLES = Gvr(GROUP, "v1", "roles"), Gvr(GROUP, "v1", "clusterroles")
ROLEBINDINGS, CLUSTERROLEBINDINGS = Gvr(GROUP, "v1", "rolebindings"), Gvr(GROUP, "v1", "clusterrolebindings")

Subject = tuple[str, str]
"""("user" or "group", its name)."""
_Bindings = dict[tuple[str, str], tuple[Tree, Tree]]
"""A binding and its subject that matched, by the binding's namespace and name."""


class Grant(NamedTuple):
    """A binding that concerns somebody, and the rules it gives. ``rules`` is None when there is no such role."""

    binding: Tree
    subject: Tree
    rules: tuple[Rule, ...] | None


class Directory:
    """Answers which bindings concern an identity. It reads the store when it is first asked, and follows it then."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._following = False
        self._bound: dict[Subject, dict[str, _Bindings]] = {}
        """By subject, then by namespace ("" for ClusterRoleBindings)."""

    # ------------------------------------------------------------------ following the store
    def _follow(self) -> None:
        self._following = True
        for gvr in (CLUSTERROLEBINDINGS, ROLEBINDINGS):
            for namespace, name, tree in self._store.items(gvr):
                self._add(namespace, name, tree)
            self._store.subscribe(self._changed, gvr)

    def _changed(self, change: Fields) -> None:
        _, _, namespace, name, old, new = change
        if old is not None:
            for subject in _subjects(old, namespace):
                spaces = self._bound.get(subject[0])
                if spaces is not None and namespace in spaces:
                    spaces[namespace].pop((namespace, name), None)
        if new is not None:
            self._add(namespace, name, new)

    def _add(self, namespace: str, name: str, binding: Tree) -> None:
        for subject, given in _subjects(binding, namespace):
            known = self._bound.setdefault(subject, {}).setdefault(namespace, {})
            known.setdefault((namespace, name), (binding, given))

    # ------------------------------------------------------------------ asking
    def grants(self, identity: Identity, namespace: str) -> Iterator[Grant]:
        """What concerns an identity: ClusterRoleBindings first, then the RoleBindings of the namespace, by name."""
        if not self._following:
            self._follow()
        subjects: list[Subject] = [("user", identity.user), *(("group", name) for name in identity.groups)]
        for space in ("", namespace) if namespace else ("",):
            found: _Bindings = {}
            for subject in subjects:
                held: _Bindings = self._bound.get(subject, EMPTY).get(space, {})
                for key, pair in held.items():
                    known = found.get(key)
                    found[key] = pair if known is None else _first(pair, known)
            for _, (binding, given) in sorted(found.items(), key=_key):
                yield Grant(binding, given, self.rules_of(binding.get("roleRef") or EMPTY, space))

    def rules_of(self, reference: Tree, namespace: str) -> tuple[Rule, ...] | None:
        """The rules of the role that a reference names, None when there is no such role."""
        name = reference.get("name") or ""
        if reference.get("kind") == "Role":
            role = self._store.get(ROLES, namespace, name)
        else:
            role = self._store.get(CLUSTERROLES, "", name)
        return None if role is None else tuple(role.get("rules") or ())


def _key(item: tuple[tuple[str, str], tuple[Tree, Tree]]) -> tuple[str, str]:
    return item[0]


def _first(one: tuple[Tree, Tree], other: tuple[Tree, Tree]) -> tuple[Tree, Tree]:
    """The pair whose subject stands first in the binding."""
    for subject in one[0].get("subjects") or ():
        if subject is one[1]:
            return one
        if subject is other[1]:
            return other
    return one


def _subjects(binding: Tree, namespace: str) -> list[tuple[Subject, Tree]]:
    found: list[tuple[Subject, Tree]] = []
    for subject in binding.get("subjects") or ():
        kind, name = subject.get("kind"), subject.get("name") or ""
        if kind == "User":
            found.append((("user", name), subject))
        elif kind == "Group":
            found.append((("group", name), subject))
        elif kind == "ServiceAccount":
            space = subject.get("namespace") or namespace
            if space:
                found.append((("user", f"{ACCOUNT_PREFIX}{space}:{name}"), subject))
    return found
