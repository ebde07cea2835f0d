"""Volumes as files: what ConfigMap, Secret, downward API and projected volumes show, and what they need."""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from kubesim.kubelet import environment
from kubesim.kubelet.environment import Host, Lookup
from kubesim.objects.wire import CONFIGMAPS, EMPTY, SECRETS, Gvr, Tree

ROOT_CA = "kube-root-ca.crt"
Token = Callable[[Tree, Tree], str]
"""The token that a ``serviceAccountToken`` source of a pod shows."""


class VolumeNeed(NamedTuple):
    """An object that a volume is made from."""

    volume: str
    gvr: Gvr
    name: str
    keys: tuple[str, ...]
    optional: bool


def needs(volumes: Iterable[Tree]) -> tuple[VolumeNeed, ...]:
    """What the volumes of a pod are made from.

    # differs: kube-root-ca.crt is not waited for
    """
    found: list[VolumeNeed] = []
    for volume in volumes:
        for source in _sources(volume):
            for kind, gvr in (("configMap", CONFIGMAPS), ("secret", SECRETS)):
                if kind not in source:
                    continue
                reference = source[kind]
                name = reference.get("name") or reference.get("secretName") or ""
                keys = tuple(item["key"] for item in reference.get("items") or ())
                if name != ROOT_CA:
                    found.append(VolumeNeed(volume["name"], gvr, name, keys, bool(reference.get("optional"))))
    return tuple(found)


def _sources(volume: Tree) -> list[Tree]:
    if "projected" in volume:
        return list(volume["projected"].get("sources") or ())
    return [volume]


def check(wanted: Iterable[VolumeNeed], namespace: str, lookup: Lookup) -> str:
    """The text of the FailedMount event for the first volume that cannot be made, or ""."""
    for need in wanted:
        if need.optional:
            continue
        kind = need.gvr.resource[:-1]
        found = lookup(need.gvr, namespace, need.name)
        if found is None:
            return f'MountVolume.SetUp failed for volume "{need.volume}" : {kind} "{need.name}" not found'
        present = {**(found.get("data") or EMPTY), **(found.get("binaryData") or EMPTY)}
        for key in need.keys:
            if key not in present:
                word = "config" if need.gvr == CONFIGMAPS else "secret"
                why = (
                    f"{kind} references non-existent {word} key: {key}"
                    if word == "config"
                    else f"references non-existent secret key: {key}"
                )
                return f'MountVolume.SetUp failed for volume "{need.volume}" : {why}'
    return ""


def failing(wanted: Iterable[VolumeNeed], namespace: str, lookup: Lookup) -> list[str]:
    """The names of the volumes that cannot be made."""
    return list(dict.fromkeys(need.volume for need in wanted if check((need,), namespace, lookup)))


def no_token(pod: Tree, source: Tree) -> str:
    """What stands in a token's place for programs that never look at it."""
    del source
    return f"simulated-token.{pod['metadata'].get('namespace', '')}.{pod['spec'].get('serviceAccountName', 'default')}"


def files(pod: Tree, container: Tree, host: Host, lookup: Lookup, token: Token = no_token) -> dict[str, str]:
    """The files (path to content) that the mounts of a container show."""
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
    found: dict[str, str] = {}
    for mount in container.get("volumeMounts") or ():
        volume = volumes.get(mount["name"])
        if volume is None:
            continue
        inside = _content(volume, pod, container, host, lookup, token)
        root, below = mount["mountPath"].rstrip("/"), mount.get("subPath", "")
        if below:
            found |= _below(inside, root, below)
        else:
            found |= {f"{root}/{path}": text for path, text in inside.items()}
    return found


def _below(inside: Mapping[str, str], root: str, below: str) -> dict[str, str]:
    if below in inside:
        return {root: inside[below]}
    return {f"{root}/{path[len(below) + 1 :]}": text for path, text in inside.items() if path.startswith(f"{below}/")}


def _content(volume: Tree, pod: Tree, container: Tree, host: Host, lookup: Lookup, token: Token) -> dict[str, str]:
    found: dict[str, str] = {}
    namespace = pod["metadata"].get("namespace", "")
    for source in _sources(volume):
        if "configMap" in source or "secret" in source:
            found |= _keys(source, namespace, lookup)
        elif "downwardAPI" in source:
            for item in source["downwardAPI"].get("items") or ():
                if "fieldRef" in item:
                    text = environment.field(pod, str(item["fieldRef"].get("fieldPath", "")), host)
                else:
                    text = environment.resource(pod, container, item["resourceFieldRef"], host)
                found[item["path"]] = text
        elif "serviceAccountToken" in source:
            path = source["serviceAccountToken"].get("path", "token")
            found[path] = token(pod, source["serviceAccountToken"])
    return found


def _keys(source: Tree, namespace: str, lookup: Lookup) -> dict[str, str]:
    gvr = CONFIGMAPS if "configMap" in source else SECRETS
    reference = source["configMap" if gvr == CONFIGMAPS else "secret"]
    name = reference.get("name") or reference.get("secretName") or ""
    tree = lookup(gvr, namespace, name)
    if tree is None:
        return {}
    data = environment.data_of(tree, gvr)
    for key, text in (tree.get("binaryData") or EMPTY).items():
        try:
            data[key] = base64.b64decode(text).decode("utf-8", "surrogateescape")
        except binascii.Error:
            data[key] = text
    items = reference.get("items")
    if not items:
        return data
    return {item["path"]: data[item["key"]] for item in items if item["key"] in data}
