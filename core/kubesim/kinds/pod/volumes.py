"""Volumes of a pod: their defaults and the rules they must keep."""

from collections.abc import Callable
from typing import Any

from kubesim.kinds.fielderrors import all_invalid, duplicate, forbidden, invalid, not_supported, required
from kubesim.kinds.formats import config_key, label, subdomain
from kubesim.kinds.shapes import filled, filled_empty, inside, inside_each
from kubesim.objects.errors import Cause
from kubesim.objects.quantities import compare
from kubesim.objects.wire import Tree

FILE_MODE = 0o644
SOURCES = [
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "flocker",
    "downwardAPI",
    "fc",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "scaleIO",
    "storageos",
    "projected",
    "csi",
    "ephemeral",
    "image",
    "flexVolume",
]
"""Every kind of volume, in the order in which validation looks at them."""

_HOST_PATHS = (
    "", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice",
)  # fmt: skip


def image_pull_policy(image: str) -> str:
    """Always for the tag ``latest`` and for no tag, else IfNotPresent."""
    if "@" in image:
        return "IfNotPresent"
    tag = image.rpartition("/")[2].partition(":")[2]
    return "IfNotPresent" if tag and tag != "latest" else "Always"


# ---------------------------------------------------------------------- defaults
def default_volume(volume: Tree) -> Tree:
    """A volume with its defaults; one without a source is an emptyDir."""
    for name, step in _DEFAULTS.items():
        if volume.get(name) is not None:
            return inside(volume, name, step)
    if not any(volume.get(name) is not None for name in SOURCES):
        return {**volume, "emptyDir": {}}
    return volume


def _moded(source: Tree) -> Tree:
    return filled(source, defaultMode=FILE_MODE)


def _downward(source: Tree) -> Tree:
    return _moded(inside_each(source, "items", _downward_item))


def _downward_item(item: Tree) -> Tree:
    item = inside(item, "fieldRef", _field_reference)
    return inside(item, "resourceFieldRef", _resource_reference)


def _field_reference(reference: Tree) -> Tree:
    return filled_empty(reference, apiVersion="v1")


def _resource_reference(reference: Tree) -> Tree:
    return filled(reference, divisor="0")


def _projected(source: Tree) -> Tree:
    return _moded(inside_each(source, "sources", _projection))


def _projection(projection: Tree) -> Tree:
    projection = inside(projection, "serviceAccountToken", _token)
    return inside(projection, "downwardAPI", _downward_items)


def _token(token: Tree) -> Tree:
    return filled(token, expirationSeconds=3600)


def _downward_items(source: Tree) -> Tree:
    return inside_each(source, "items", _downward_item)


def _host_path(source: Tree) -> Tree:
    return filled(source, type="")


def _iscsi(source: Tree) -> Tree:
    return filled_empty(source, iscsiInterface="default")


def _rbd(source: Tree) -> Tree:
    return filled_empty(source, pool="rbd", user="admin", keyring="/etc/ceph/keyring")


def _azure_disk(source: Tree) -> Tree:
    return filled(source, cachingMode="ReadWrite", kind="Shared", fsType="ext4", readOnly=False)


def _scale_io(source: Tree) -> Tree:
    return filled_empty(source, storageMode="ThinProvisioned", fsType="xfs")


def _ephemeral(source: Tree) -> Tree:
    return inside(source, "volumeClaimTemplate", _claim_template)


def _claim_template(template: Tree) -> Tree:
    return inside(filled(template, metadata={}), "spec", default_claim_spec)


def default_claim_spec(spec: Tree) -> Tree:
    """The spec of a PersistentVolumeClaim with its defaults."""
    return filled(spec, resources={}, volumeMode="Filesystem")


def _image(source: Tree) -> Tree:
    return filled_empty(source, pullPolicy=image_pull_policy(source.get("reference") or ""))


_DEFAULTS: dict[str, Callable[[Tree], Tree]] = {
    "projected": _projected,
    "configMap": _moded,
    "secret": _moded,
    "downwardAPI": _downward,
    "hostPath": _host_path,
    "ephemeral": _ephemeral,
    "image": _image,
    "iscsi": _iscsi,
    "rbd": _rbd,
    "azureDisk": _azure_disk,
    "scaleIO": _scale_io,
}


# ---------------------------------------------------------------------- validation
def validate_volumes(field: str, volumes: list[Any] | None) -> list[Cause]:
    """Names, uniqueness and sources of the volumes of a pod."""
    found: list[Cause] = []
    names: dict[str, None] = {}
    for index, volume in enumerate(volumes or ()):
        at = f"{field}[{index}]"
        name = volume.get("name") or ""
        wrong = _sources(at, volume)
        if not name:
            wrong.append(required(f"{at}.name"))
        else:
            wrong += all_invalid(f"{at}.name", name, label(name))
        if name in names:
            wrong.append(duplicate(f"{at}.name", name))
        if not wrong:
            names[name] = None
        found += wrong
    return found


def _sources(at: str, volume: Tree) -> list[Cause]:
    found: list[Cause] = []
    count = 0
    for name in SOURCES:
        source = volume.get(name)
        if source is None:
            continue
        if count:
            found.append(forbidden(f"{at}.{name}", "may not specify more than 1 volume type"))
            continue
        count = 1
        check = _CHECKS.get(name)
        if check is not None:
            found += check(f"{at}.{name}", source)
    return found if count else [*found, required(at, "must specify a volume type")]


def _check_empty_dir(at: str, source: Tree) -> list[Cause]:
    limit = source.get("sizeLimit")
    if limit is not None and compare(limit, 0) < 0:
        return [forbidden(f"{at}.sizeLimit", "SizeLimit field must be a valid resource quantity")]
    return []


def _check_host_path(at: str, source: Tree) -> list[Cause]:
    path = source.get("path")
    if not path:
        return [required(f"{at}.path")]
    found = _no_backsteps(f"{at}.path", path)
    kind = source.get("type")
    if kind is not None and kind not in _HOST_PATHS:
        found.append(not_supported(f"{at}.type", kind, sorted(_HOST_PATHS)))
    return found


def _no_backsteps(at: str, path: str) -> list[Cause]:
    return [invalid(at, path, "must not contain '..'")] if ".." in path.split("/") else []


def local_path(at: str, path: str) -> list[Cause]:
    """A relative path that stays inside."""
    return [invalid(at, path, "must be a relative path")] if path.startswith("/") else _no_backsteps(at, path)


def _local_non_reserved(at: str, path: str) -> list[Cause]:
    found = local_path(at, path)
    if path.startswith(".."):
        found.append(invalid(at, path, "must not start with '..'"))
    return found


def _mode(at: str, mode: int | None) -> list[Cause]:
    if mode is not None and not 0 <= mode <= 0o777:
        return [invalid(at, mode, "must be a number between 0 and 0777 (octal), both inclusive")]
    return []


def _items(at: str, items: list[Any] | None) -> list[Cause]:
    found: list[Cause] = []
    for index, item in enumerate(items or ()):
        here = f"{at}.items[{index}]"
        if not item.get("key"):
            found.append(required(f"{here}.key"))
        else:
            found += all_invalid(f"{here}.key", item["key"], config_key(item["key"]))
        if not item.get("path"):
            found.append(required(f"{here}.path"))
        else:
            found += _local_non_reserved(f"{here}.path", item["path"])
        found += _mode(f"{here}.mode", item.get("mode"))
    return found


def _check_secret(at: str, source: Tree) -> list[Cause]:
    found = [] if source.get("secretName") else [required(f"{at}.secretName")]
    return found + _mode(f"{at}.defaultMode", source.get("defaultMode")) + _items(at, source.get("items"))


def _check_config_map(at: str, source: Tree) -> list[Cause]:
    found = [] if source.get("name") else [required(f"{at}.name")]
    return found + _mode(f"{at}.defaultMode", source.get("defaultMode")) + _items(at, source.get("items"))


def _check_claim(at: str, source: Tree) -> list[Cause]:
    return [] if source.get("claimName") else [required(f"{at}.claimName")]


def _check_nfs(at: str, source: Tree) -> list[Cause]:
    found = [] if source.get("server") else [required(f"{at}.server")]
    path = source.get("path")
    if not path:
        found.append(required(f"{at}.path"))
    elif not path.startswith("/"):
        found.append(invalid(f"{at}.path", path, "must be an absolute path"))
    return found


def _check_csi(at: str, source: Tree) -> list[Cause]:
    driver = source.get("driver")
    if not driver:
        return [required(f"{at}.driver")]
    return all_invalid(f"{at}.driver", driver, subdomain(driver.lower()))


def _check_downward(at: str, source: Tree) -> list[Cause]:
    found = _mode(f"{at}.defaultMode", source.get("defaultMode"))
    for index, item in enumerate(source.get("items") or ()):
        # k8s: the items' errors carry the path of the volume, without "items".
        if not item.get("path"):
            found.append(required(f"{at}.path"))
        else:
            found += _local_non_reserved(f"{at}.path", item["path"])
        if item.get("fieldRef") is None and item.get("resourceFieldRef") is None:
            found.append(required(f"{at}.fieldRef", "one of fieldRef and resourceFieldRef is required"))
        found += _mode(f"{at}.items[{index}].mode", item.get("mode"))
    return found


_PROJECTIONS = ("secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate")


def _check_projected(at: str, source: Tree) -> list[Cause]:
    found = _mode(f"{at}.defaultMode", source.get("defaultMode"))
    for index, projection in enumerate(source.get("sources") or ()):
        here = f"{at}.sources[{index}]"
        given = [name for name in _PROJECTIONS if projection.get(name) is not None]
        found += [forbidden(f"{here}.{name}", "may not specify more than 1 volume type") for name in given[1:]]
        if not given:
            found.append(required(here, "must specify a volume type"))
        else:
            found += _projection_checked(here, given[0], projection[given[0]])
    return found


def _projection_checked(here: str, name: str, part: Tree) -> list[Cause]:
    if name in {"secret", "configMap"}:
        found = [] if part.get("name") else [required(f"{here}.{name}.name")]
        return found + _items(f"{here}.{name}", part.get("items"))
    if name == "serviceAccountToken":
        found = []
        seconds = part.get("expirationSeconds") or 0
        if seconds < 600:
            why = "may not specify a duration less than 10 minutes"
            found.append(invalid(f"{here}.{name}.expirationSeconds", seconds, why))
        if not part.get("path"):
            found.append(required(f"{here}.{name}.path"))
        return found
    return []


def _check_ephemeral(at: str, source: Tree) -> list[Cause]:
    return [] if source.get("volumeClaimTemplate") else [required(f"{at}.volumeClaimTemplate")]


def _check_image(at: str, source: Tree) -> list[Cause]:
    return [] if source.get("reference") else [required(f"{at}.reference")]


_CHECKS: dict[str, Callable[[str, Tree], list[Cause]]] = {
    "emptyDir": _check_empty_dir,
    "hostPath": _check_host_path,
    "secret": _check_secret,
    "configMap": _check_config_map,
    "persistentVolumeClaim": _check_claim,
    "nfs": _check_nfs,
    "csi": _check_csi,
    "downwardAPI": _check_downward,
    "projected": _check_projected,
    "ephemeral": _check_ephemeral,
    "image": _check_image,
}
