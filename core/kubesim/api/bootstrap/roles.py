"""The default roles and bindings of 1.37, read from the data file. # k8s: rbac/bootstrappolicy."""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from kubesim.api.access.attributes import Rule
from kubesim.objects.wire import Tree

DATA = Path(__file__).parents[2] / "data" / "roles.txt"
GROUP = "rbac.authorization.k8s.io"
LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
ANNOTATIONS = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
CONTROLLERS = "system:controller:"
_VERBS = {
    "read": ("get", "list", "watch"),
    "readupdate": ("get", "list", "patch", "update", "watch"),
    "write": ("create", "delete", "deletecollection", "patch", "update"),
    "readwrite": ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"),
}
_EVENTS: Rule = {
    "verbs": ["create", "patch", "update"],
    "apiGroups": ["", "events.k8s.io"],
    "resources": ["events"],
}


class Role(NamedTuple):
    """A default role. ``gathers`` is the label by which an aggregated role finds its rules."""

    namespace: str
    name: str
    labels: tuple[str, ...]
    gathers: str
    rules: tuple[Rule, ...]


class Binding(NamedTuple):
    """A default binding. Subjects are ("User" or "Group", name) or ("ServiceAccount", name in kube-system)."""

    namespace: str
    name: str
    role: str
    subjects: tuple[tuple[str, str], ...]


_KCM, _SCHEDULER = ("User", "system:kube-controller-manager"), ("User", "system:kube-scheduler")
_EVERYBODY, _NOBODY = ("Group", "system:authenticated"), ("Group", "system:unauthenticated")
_BOUND: tuple[Binding, ...] = (
    Binding("", "cluster-admin", "", (("Group", "system:masters"),)),
    Binding("", "system:monitoring", "", (("Group", "system:monitoring"),)),
    Binding("", "system:discovery", "", (_EVERYBODY,)),
    Binding("", "system:basic-user", "", (_EVERYBODY,)),
    Binding("", "system:public-info-viewer", "", (_EVERYBODY, _NOBODY)),
    Binding("", "system:node-proxier", "", (("User", "system:kube-proxy"),)),
    Binding("", "system:kube-controller-manager", "", (_KCM,)),
    Binding("", "system:kube-dns", "", (("ServiceAccount", "kube-dns"),)),
    Binding("", "system:kube-scheduler", "", (_SCHEDULER,)),
    Binding("", "system:volume-scheduler", "", (_SCHEDULER,)),
    Binding("", "system:node", "", ()),
    Binding("", "system:service-account-issuer-discovery", "", (("Group", "system:serviceaccounts"),)),
    Binding(
        "kube-system",
        "system::extension-apiserver-authentication-reader",
        "extension-apiserver-authentication-reader",
        (_KCM, _SCHEDULER),
    ),
    Binding(
        "kube-system",
        "system::leader-locking-kube-controller-manager",
        "",
        (_KCM, ("ServiceAccount", "kube-controller-manager")),
    ),
    Binding(
        "kube-system", "system::leader-locking-kube-scheduler", "", (_SCHEDULER, ("ServiceAccount", "kube-scheduler"))
    ),
    Binding("kube-system", f"{CONTROLLERS}bootstrap-signer", "", (("ServiceAccount", "bootstrap-signer"),)),
    Binding("kube-system", f"{CONTROLLERS}cloud-provider", "", (("ServiceAccount", "cloud-provider"),)),
    Binding("kube-system", f"{CONTROLLERS}token-cleaner", "", (("ServiceAccount", "token-cleaner"),)),
    Binding("kube-public", f"{CONTROLLERS}bootstrap-signer", "", (("ServiceAccount", "bootstrap-signer"),)),
)
"""The bindings that do not follow from the roles; a binding without a role has that of its own name."""


@cache
def read() -> tuple[Role, ...]:
    """The roles of the data file; the rules of aggregated ones are gathered already."""
    heads: list[tuple[str, list[str], list[Rule]]] = []
    for line in DATA.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split()
        if line[0] == " ":
            heads[-1][2].append(_rule(words))
        else:
            heads.append((words[0], words[1:], []))
    roles: dict[str, Role] = {}
    for place, words, rules in heads:
        namespace, slash, name = place.partition("/")
        gathers = words.pop() if len(words) > 1 and words[-2] == "aggregates" else ""
        labels = tuple(word for word in words if word != "aggregates")
        role = Role(namespace if slash else "", name if slash else place, labels, gathers, tuple(rules))
        roles[place] = role
    return tuple(_gathered(role, roles) for role in roles.values())


def _gathered(role: Role, roles: dict[str, Role]) -> Role:
    if not role.gathers:
        return role
    sources = [roles[name] for name in sorted(roles) if f"aggregate-to-{role.gathers}" in roles[name].labels]
    return role._replace(rules=unique(rule for source in sources for rule in _gathered(source, roles).rules))


def unique(rules: Any) -> tuple[Rule, ...]:
    """Rules in their order, each once. # k8s: clusterroleaggregation."""
    found: list[Rule] = []
    for rule in rules:
        if rule not in found:
            found.append(rule)
    return tuple(found)


def _rule(words: list[str]) -> Rule:
    if words == ["events"]:
        return _EVENTS
    verbs = list(_VERBS.get(words[0]) or sorted(words[0].split(",")))
    if words[1] == "urls":
        return {"verbs": verbs, "nonResourceURLs": sorted(words[2].split(","))}
    groups = sorted("" if group == "core" else group for group in words[1].split(","))
    rule: dict[str, Any] = {"verbs": verbs, "apiGroups": groups, "resources": sorted(words[2].split(","))}
    if len(words) > 3:
        rule["resourceNames"] = sorted(words[3].split(","))
    return rule


@cache
def objects() -> tuple[tuple[str, Tree], ...]:
    """Every role and binding, without uid and creation time, with the plural of its kind; in order of making."""
    made = [("roles" if role.namespace else "clusterroles", _role_object(role)) for role in read()]
    bindings = (*_BOUND, *_of_controllers())
    made += [
        ("rolebindings" if binding.namespace else "clusterrolebindings", _binding_object(binding))
        for binding in bindings
    ]
    return tuple(made)


def _of_controllers() -> list[Binding]:
    names = [role.name for role in read() if role.name.startswith(CONTROLLERS) and not role.namespace]
    return [Binding("", name, "", (("ServiceAccount", name.removeprefix(CONTROLLERS)),)) for name in names]


def _metadata(namespace: str, name: str, labels: dict[str, str]) -> dict[str, Any]:
    built: dict[str, Any] = {"name": name}
    if namespace:
        built["namespace"] = namespace
    return {**built, "labels": labels, "annotations": ANNOTATIONS}


def _role_object(role: Role) -> Tree:
    kind = "Role" if role.namespace else "ClusterRole"
    labels = {**LABELS, **{f"{GROUP}/{label}": "true" for label in role.labels}}
    head: dict[str, Any] = {"kind": kind, "apiVersion": f"{GROUP}/v1"}
    head["metadata"] = _metadata(role.namespace, role.name, labels)
    head["rules"] = list(role.rules)
    if role.gathers:
        selector = {"matchLabels": {f"{GROUP}/aggregate-to-{role.gathers}": "true"}}
        head["aggregationRule"] = {"clusterRoleSelectors": [selector]}
    return head


def _binding_object(binding: Binding) -> Tree:
    kind = "RoleBinding" if binding.namespace else "ClusterRoleBinding"
    head: dict[str, Any] = {"kind": kind, "apiVersion": f"{GROUP}/v1"}
    head["metadata"] = _metadata(binding.namespace, binding.name, LABELS)
    subjects = [_subject(kind, name) for kind, name in binding.subjects]
    if subjects:
        head["subjects"] = subjects
    role_kind = "Role" if binding.namespace else "ClusterRole"
    head["roleRef"] = {"apiGroup": GROUP, "kind": role_kind, "name": binding.role or binding.name}
    return head


def _subject(kind: str, name: str) -> dict[str, str]:
    if kind == "ServiceAccount":
        return {"kind": kind, "name": name, "namespace": "kube-system"}
    return {"kind": kind, "apiGroup": GROUP, "name": name}
