"""The names by which a person calls resources (plural, singular, short, kind, with group), and completion of them."""

from collections.abc import Callable, Iterable, Sequence

from kubesim.objects.wire import Gvr
from kubetui.client.port import Resource

_PREFERRED_GROUPS = ("", "apps", "batch", "networking.k8s.io", "autoscaling", "policy", "rbac.authorization.k8s.io")


class Catalogue:
    """Finds resources by any of their names. Of several with one name the best known group and newest version wins."""

    def __init__(self, resources: Iterable[Resource], source: Callable[[], Iterable[Resource]] | None = None) -> None:
        self._source = source
        """Asked again when a name is not known: definitions bring new resources."""
        self._learn(resources)

    def _learn(self, resources: Iterable[Resource]) -> None:
        self.resources: list[Resource] = sorted(resources, key=_preference)
        self._by_name: dict[str, Resource] = {}
        self._by_gvr: dict[Gvr, Resource] = {}
        for resource in self.resources:
            self._by_gvr[resource.gvr] = resource
            for name in names(resource):
                self._by_name.setdefault(name, resource)

    def find(self, name: str) -> Resource | None:
        """The resource of this name, in any case."""
        low = name.lower()
        return self._by_name.get(low) or (self._by_name.get(low) if self._renewed() else None)

    def of(self, gvr: Gvr) -> Resource | None:
        """The resource of a Gvr."""
        return self._by_gvr.get(gvr) or (self._by_gvr.get(gvr) if self._renewed() else None)

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource that holds objects of a kind."""
        found = self._of_kind(api_version, kind)
        return self._of_kind(api_version, kind) if found is None and self._renewed() else found

    def _of_kind(self, api_version: str, kind: str) -> Resource | None:
        for resource in self.resources:
            if resource.kind == kind and resource.gvr.api_version == api_version:
                return resource
        return None

    def _renewed(self) -> bool:
        """Whether something else is served by now."""
        if self._source is None:
            return False
        current = sorted(self._source(), key=_preference)
        if current == self.resources:
            return False
        self._learn(current)
        return True

    def complete(self, start: str) -> list[str]:
        """Names that begin so: short ones first, then the plurals."""
        self._renewed()
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
