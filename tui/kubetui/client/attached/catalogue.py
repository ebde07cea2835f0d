"""What a cluster behind HTTP serves, from its discovery: every resource with names, verbs and subresources."""

from collections.abc import Iterator
from typing import Any, Final

from kubesim.objects.wire import Gvr
from kubetui.client.port import Resource

AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
PATHS: Final = ("/api", "/apis")


def resources(answers: list[Any]) -> list[Resource]:
    """The resources in the answers of ``PATHS``; of each group the preferred version, which comes first."""
    found: dict[tuple[str, str], Resource] = {}
    for answer in answers:
        for group in answer.get("items") or ():
            for resource in _of_group(group):
                found.setdefault((resource.gvr.group, resource.gvr.resource), resource)
    return list(found.values())


def _of_group(group: Any) -> Iterator[Resource]:
    name = str((group.get("metadata") or {}).get("name", ""))
    for version in group.get("versions") or ():
        for each in version.get("resources") or ():
            yield Resource(
                Gvr(name, str(version["version"]), str(each["resource"])),
                str((each.get("responseKind") or {}).get("kind", "")),
                each.get("scope") == "Namespaced",
                str(each.get("singularResource", "")),
                tuple(each.get("shortNames") or ()),
                tuple(each.get("categories") or ()),
                tuple(each.get("verbs") or ()),
                tuple(str(inner["subresource"]) for inner in each.get("subresources") or ()),
            )
