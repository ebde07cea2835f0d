"""The rules for spec.resourceClaims and who uses them. # k8s: core/validation validatePodResourceClaims."""

from kubesim.kinds.fielderrors import all_invalid, duplicate, invalid, not_found, required
from kubesim.kinds.formats import label, subdomain
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Tree

SOURCES = ("resourceClaimName", "resourceClaimTemplateName")
TOO_MANY = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
TOO_FEW = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"


def validate_claims(field: str, spec: Tree) -> list[Cause]:
    """The claims of a pod, and that containers name them."""
    listed = spec.get("resourceClaims") or ()
    containers = [(name, each) for name in ("containers", "initContainers") for each in enumerate(spec.get(name) or ())]
    found: list[Cause] = []
    names: dict[str, None] = {}
    for index, claim in enumerate(listed):
        found += _claim(f"{field}.resourceClaims[{index}]", claim, names)
    for name, (index, container) in containers:
        used = (container.get("resources") or EMPTY).get("claims")
        if used:
            found += _used(f"{field}.{name}[{index}].resources.claims", used, names)
    return found


def _claim(field: str, claim: Tree, names: dict[str, None]) -> list[Cause]:
    name = claim.get("name") or ""
    found: list[Cause] = []
    if name in names:
        found.append(duplicate(f"{field}.name", name))
    names[name] = None
    if not name:
        found.append(required(f"{field}.name"))
    else:
        found += all_invalid(f"{field}.name", name, label(name))
    given = [source for source in SOURCES if claim.get(source)]
    if len(given) != 1:
        found.append(invalid(field, claim, TOO_MANY if given else TOO_FEW))
    for source in given:
        found += all_invalid(f"{field}.{source}", claim[source], subdomain(claim[source]))
    return found


def _used(field: str, claims: list[Tree], names: dict[str, None]) -> list[Cause]:
    found: list[Cause] = []
    seen: dict[tuple[str, str], None] = {}
    for index, claim in enumerate(claims):
        name, request = claim.get("name") or "", claim.get("request") or ""
        if not name:
            found.append(required(f"{field}[{index}]"))
            continue
        if (name, request) in seen:
            found.append(duplicate(f"{field}[{index}]", f"{name}/{request}" if request else name))
        seen[name, request] = None
        if name not in names:
            known = f": {', '.join(sorted(names))}" if names else " which is empty"
            cause = not_found(f"{field}[{index}]", name)
            text = f"{cause.message}: must be one of the names in pod.spec.resourceClaims{known}"
            found.append(Cause(cause.reason, text, cause.field))
    return found
