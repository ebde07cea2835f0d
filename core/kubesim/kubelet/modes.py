"""The permissions and owners of mounted files: default modes, modes of items, and what a file system group adds."""

from collections.abc import Iterable, Mapping
from typing import Any

from kubesim.kubelet.simruntime.attributes import MEDIUM, READ_ONLY, SET_GROUP, STICKY, Attributes, Person, key
from kubesim.kubelet.simruntime.kernel_commands import NET_ADMIN, NO_NEW_PRIVILEGES
from kubesim.kubelet.simruntime.machine import USER
from kubesim.objects.wire import EMPTY, Tree

DEFAULT = 0o644
GROUP_READS, GROUP_WRITES, FOLDERS = 0o440, 0o660, 0o110
"""# k8s: pkg/volume SetVolumeOwnership: masks of read-only and other volumes, and of folders"""
_SHOWN = ("configMap", "secret", "downwardAPI", "projected")
_MEMORY = ("secret", "downwardAPI", "projected")
"""These are kept in memory. # k8s: wrappedVolumeSpec of the plugins."""
_OWNED = ("emptyDir", "persistentVolumeClaim", "ephemeral")
"""The volumes that can be written and that a file system group owns."""


def person_of(user: Mapping[str, Any]) -> dict[str, str]:
    """The variable that tells a program whom it runs as; none for root. ``user`` is its security context."""
    groups = [*(user.get("supplementalGroups") or ())]
    if user.get("fsGroup") is not None:
        groups.append(user["fsGroup"])
    found = Person(user.get("runAsUser") or 0, user.get("runAsGroup") or 0, tuple(sorted(set(groups))))
    own = {USER: found.text} if found != Person() else {}
    added = (user.get("capabilities") or EMPTY).get("add") or ()
    if user.get("privileged") or "NET_ADMIN" in added or "ALL" in added:
        own[NET_ADMIN] = "1"
    if user.get("allowPrivilegeEscalation") is False:
        own[NO_NEW_PRIVILEGES] = "1"
    return own


def of_container(pod: Tree, container: Tree, mounted: Iterable[str]) -> dict[str, str]:
    """The attributes of the folders that a container mounts and of the ``mounted`` files, as they are kept."""
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
    group = (pod["spec"].get("securityContext") or EMPTY).get("fsGroup")
    names = tuple(mounted)
    found: dict[str, str] = {}
    for mount in container.get("volumeMounts") or ():
        volume, root = volumes.get(mount["name"], EMPTY), mount["mountPath"].rstrip("/")
        memory = (volume.get("emptyDir") or EMPTY).get("medium") == "Memory" or any(kind in volume for kind in _MEMORY)
        if memory:
            found[f"{MEDIUM}{root}"] = "tmpfs"
        folder = _folder(volume, group, memory=memory)
        if root not in names and folder != Attributes(0o755):
            found[key(root)] = folder.text
        if any(kind in volume for kind in _SHOWN):
            found |= _files(pod, volume, mount, names, group)
    fixed = _fixed(container, volumes)
    if fixed:
        found[READ_ONLY] = fixed
    return found


def _fixed(container: Tree, volumes: Mapping[str, Tree]) -> str:
    """Which folders of a container cannot be written, as it is kept; "" when all can."""
    lines = ["ro /"] if (container.get("securityContext") or EMPTY).get("readOnlyRootFilesystem") else []
    for mount in container.get("volumeMounts") or ():
        fixed = mount.get("readOnly") or any(kind in volumes.get(mount["name"], EMPTY) for kind in _SHOWN)
        lines.append(f"{'ro' if fixed else 'rw'} {mount['mountPath'].rstrip('/') or '/'}")
    if lines and container.get("terminationMessagePath"):
        lines.append(f"rw {container['terminationMessagePath']}")
    return "\n".join(lines) if any(line.startswith("ro") for line in lines) else ""


def _folder(volume: Tree, group: int | None, *, memory: bool) -> Attributes:
    """The folder at the top of a volume. # k8s: emptydir setupDir; a new tmpfs is sticky."""
    mode = 0o755 if not any(kind in volume for kind in ("emptyDir", *_SHOWN)) else 0o777
    if memory:
        mode |= STICKY
    if group is None or "hostPath" in volume:
        return Attributes(mode)
    return Attributes(mode | GROUP_WRITES | FOLDERS | SET_GROUP, 0, group)


def _files(pod: Tree, volume: Tree, mount: Tree, names: Iterable[str], group: int | None) -> dict[str, str]:
    default, items = _modes(volume)
    owner = _owner(pod) if "projected" in volume else None
    tokens = _tokens(volume) if owner is not None or group is not None else frozenset()
    root, below = mount["mountPath"].rstrip("/"), str(mount.get("subPath") or "").strip("/")
    found: dict[str, str] = {}
    for path in names:
        if path != root and not path.startswith(f"{root}/"):
            continue
        inside = "/".join(part for part in (below, path[len(root) + 1 :]) if part)
        mode = 0o600 if inside in tokens else items.get(inside, default)
        made = Attributes(mode, owner or 0 if inside in tokens or owner is not None else 0)
        if group is not None:
            made = Attributes(mode | GROUP_READS, made.user, group)
        if made != Attributes(DEFAULT):
            found[key(path)] = made.text
    return found


def _owner(pod: Tree) -> int | None:
    """The user that all containers run as, when there is one. # k8s: pkg/volume/util FsUserFrom."""
    spec = pod["spec"]
    common = (spec.get("securityContext") or EMPTY).get("runAsUser")
    users = {
        (each.get("securityContext") or EMPTY).get("runAsUser", common)
        for each in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    }
    return users.pop() if len(users) == 1 else None


def _tokens(volume: Tree) -> frozenset[str]:
    sources = (volume.get("projected") or EMPTY).get("sources") or ()
    return frozenset(
        str(each["serviceAccountToken"].get("path", "token")) for each in sources if "serviceAccountToken" in each
    )


def _modes(volume: Tree) -> tuple[int, dict[str, int]]:
    default, items = DEFAULT, {}
    sources: list[Tree] = [volume]
    if "projected" in volume:
        default = volume["projected"].get("defaultMode", DEFAULT)
        sources = list(volume["projected"].get("sources") or ())
    for source in sources:
        for kind in ("configMap", "secret", "downwardAPI"):
            listed = source.get(kind) or EMPTY
            default = listed.get("defaultMode", default)
            for item in listed.get("items") or ():
                if item.get("mode") is not None:
                    items[item["path"]] = item["mode"]
    return default, items
