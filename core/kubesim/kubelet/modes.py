"""The permissions of mounted files: default modes, modes of items, and what a file system group adds."""

import json
from typing import Any

from kubesim.objects.wire import EMPTY, Tree

DEFAULT = 0o644
GROUP_READS = 0o440
"""# k8s: pkg/volume SetVolumeOwnership, read-only mask"""


def of_container(pod: Tree, container: Tree, mounted: list[str]) -> str:
    """As JSON: the mode by path of each of the ``mounted`` files, and the medium of its empty folders."""
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
    context: Tree = pod["spec"].get("securityContext") or EMPTY
    own: Tree = container.get("securityContext") or EMPTY
    group = context.get("fsGroup")
    found: dict[str, Any] = {
        "user": own.get("runAsUser", context.get("runAsUser", 0)),
        "group": own.get("runAsGroup", context.get("runAsGroup", group or 0)),
    }
    for mount in container.get("volumeMounts") or ():
        volume, root = volumes.get(mount["name"], EMPTY), mount["mountPath"].rstrip("/")
        if (volume.get("emptyDir") or EMPTY).get("medium") == "Memory":
            found[f"medium:{root}"] = "tmpfs"
        default, items = _modes(volume)
        for path in mounted:
            if path.startswith(f"{root}/"):
                mode = items.get(path[len(root) + 1 :], default)
                found[path] = mode | GROUP_READS if group is not None else mode
    return json.dumps(found)


def _modes(volume: Tree) -> tuple[int, dict[str, int]]:
    default, items = DEFAULT, {}
    sources: list[Tree] = [volume]
    if "projected" in volume:
        default = volume["projected"].get("defaultMode") or DEFAULT
        sources = list(volume["projected"].get("sources") or ())
    for source in sources:
        for kind in ("configMap", "secret", "downwardAPI"):
            listed = source.get(kind) or EMPTY
            default = listed.get("defaultMode") or default
            for item in listed.get("items") or ():
                if item.get("mode") is not None:
                    items[item["path"]] = item["mode"]
    return default, items
