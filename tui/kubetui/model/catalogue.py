"""The names by which a person calls resources (plural, singular, short, kind, with group), and completion of them."""

from collections.abc import Iterable, Sequence

from kubesim.objects.wire import Gvr
from kubetui.client.port import Resource

_PREFERRED_GROUPS = ("", "apps", "batch", "networking.k8s.io", "autoscaling", "policy", "rbac.authorization.k8s.io")


class Catalogue:
    """Finds resources by any of their names. Of several with one name the best known group and newest version wins."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources: list[Resource] = sorted(resources, key=_preference)
        self._by_name: dict[str, Resource] = {}
        self._by_gvr: dict[Gvr, Resource] = {}
        for resource in self.resources:
            self._by_gvr[resource.gvr] = resource
            for name in names(resource):
                self._by_name.setdefault(name, resource)

    def find(self, name: str) -> Resource | None:
        """The resource of this name, in any case."""
        return self._by_name.get(name.lower())

    def of(self, gvr: Gvr) -> Resource | None:
        """The resource of a Gvr."""
        return self._by_gvr.get(gvr)

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource that holds objects of a kind."""
        for resource in self.resources:
            if resource.kind == kind and resource.gvr.api_version == api_version:
                return resource
        return None

    def complete(self, start: str) -> list[str]:
        """Names that begin so: short ones first, then the plurals."""
        low = start.lower()
        shorts = [short for resource in self.resources for short in resource.short_names if short.startswith(low)]
        plurals = [r.gvr.resource for r in self.resources if r.gvr.resource.startswith(low)]
        return list(dict.fromkeys([*shorts, *plurals]))


def names(resource: Resource) -> Sequence[str]:
    """All names of a resource, lower case."""
    plural = resource.gvr.resource
    singular = resource.singular or resource.kind.lower()
    found = [plural, singular, resource.kind.lower(), *resource.short_names]
    if resource.gvr.group:
        found.extend([f"{plural}.{resource.gvr.group}", f"{plural}.{resource.gvr.version}.{resource.gvr.group}"])
    return found


def _preference(resource: Resource) -> tuple[int, str, tuple[int, str], str]:
    group = resource.gvr.group
    known = _PREFERRED_GROUPS.index(group) if group in _PREFERRED_GROUPS else len(_PREFERRED_GROUPS)
    version = resource.gvr.version
    stability = 2 if "alpha" in version else 1 if "beta" in version else 0
    newest_first = "".join(chr(0x10FFFF - ord(letter)) if letter.isdigit() else letter for letter in version)
    return known, group, (stability, newest_first), resource.gvr.resource
