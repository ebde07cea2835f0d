"""Policy rules: what one allows, whether some cover others, and how they are printed. Pure.

# k8s: pkg/apis/rbac/v1/evaluation_helpers.go, component-helpers/auth/rbac/validation
"""

from collections.abc import Iterable, Sequence

from kubesim.api.access.attributes import Attributes, Rule

ALL = "*"
_NONE: Sequence[str] = ()
_PRINTED = (
    ("apiGroups", "APIGroups"),
    ("resources", "Resources"),
    ("nonResourceURLs", "NonResourceURLs"),
    ("resourceNames", "ResourceNames"),
    ("verbs", "Verbs"),
)


def allows(rule: Rule, wanted: Attributes) -> bool:
    """Whether a rule allows this."""
    verbs = rule.get("verbs") or _NONE
    if wanted.verb not in verbs and ALL not in verbs:
        return False
    if wanted.path:
        return any(_url_matches(url, wanted.path) for url in rule.get("nonResourceURLs") or _NONE)
    groups = rule.get("apiGroups") or _NONE
    if wanted.gvr.group not in groups and ALL not in groups:
        return False
    names = rule.get("resourceNames")
    if names and wanted.name not in names:
        return False
    return _resource_matches(rule.get("resources") or _NONE, wanted.gvr.resource, wanted.subresource)


def _resource_matches(resources: Sequence[str], resource: str, part: str) -> bool:
    if ALL in resources:
        return True
    if not part:
        return resource in resources
    return f"{resource}/{part}" in resources or f"*/{part}" in resources


def _url_matches(url: str, path: str) -> bool:
    return url in {ALL, path} or (url.endswith("*") and path.startswith(url.rstrip("*")))


# ---------------------------------------------------------------------- covering
def missing(owned: Sequence[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """The parts of the wanted rules that no owned rule covers, each with one verb."""
    return [part for rule in wanted for part in _broken_down(rule) if not any(_covers(own, part) for own in owned)]


def _broken_down(rule: Rule) -> list[Rule]:
    found: list[Rule] = []
    verbs = rule.get("verbs") or _NONE
    for group in rule.get("apiGroups") or _NONE:
        for resource in rule.get("resources") or _NONE:
            for verb in verbs:
                part = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                names = rule.get("resourceNames")
                found += [{**part, "resourceNames": [name]} for name in names] if names else [part]
    urls = rule.get("nonResourceURLs") or _NONE
    return found + [{"nonResourceURLs": [url], "verbs": [verb]} for url in urls for verb in verbs]


def _covers(owner: Rule, part: Rule) -> bool:
    if not _has_all(owner, part, "verbs"):
        return False
    urls = part.get("nonResourceURLs")
    if urls:
        return all(any(_url_covers(own, url) for own in owner.get("nonResourceURLs") or _NONE) for url in urls)
    if not _has_all(owner, part, "apiGroups") or not _covers_resources(owner, part):
        return False
    own_names, names = owner.get("resourceNames"), part.get("resourceNames") or _NONE
    return not own_names or (bool(names) and all(name in own_names for name in names))


def _has_all(owner: Rule, part: Rule, field: str) -> bool:
    own = owner.get(field) or _NONE
    return ALL in own or all(value in own for value in part.get(field) or _NONE)


def _covers_resources(owner: Rule, part: Rule) -> bool:
    own = owner.get("resources") or _NONE
    if ALL in own:
        return True
    for resource in part.get("resources") or _NONE:
        _, slash, sub = resource.partition("/")
        if resource not in own and not (slash and f"*/{sub}" in own):
            return False
    return True


def _url_covers(own: str, url: str) -> bool:
    return own == url or (own.endswith("*") and url.startswith(own.rstrip("*")))


# ---------------------------------------------------------------------- printing
def compact(rules: Iterable[Rule]) -> list[Rule]:
    """One rule for all verbs of one resource. # k8s: CompactRules."""
    found: list[Rule] = []
    simple: dict[tuple[str, str], list[str]] = {}
    for rule in rules:
        groups, resources = rule.get("apiGroups") or _NONE, rule.get("resources") or _NONE
        if rule.get("resourceNames") or rule.get("nonResourceURLs") or len(groups) != 1 or len(resources) != 1:
            found.append(rule)
        else:
            simple.setdefault((groups[0], resources[0]), []).extend(rule.get("verbs") or _NONE)
    found += [
        {"apiGroups": [group], "resources": [resource], "verbs": verbs} for (group, resource), verbs in simple.items()
    ]
    return found


def printed(rule: Rule) -> str:
    """A rule in a refusal."""
    return "{" + ", ".join(f"{name}:{quoted(rule[field])}" for field, name in _PRINTED if rule.get(field)) + "}"


def quoted(texts: Iterable[str]) -> str:
    """Texts as Go prints a slice of them with %q."""
    return "[" + " ".join('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts) + "]"
