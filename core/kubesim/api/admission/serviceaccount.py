"""The ServiceAccount plugin: gives pods an account, the token volume and the account's pull secrets."""

from hashlib import sha256
from typing import Any

import orjson

from kubesim.kernel.chance import ALPHABET
from kubesim.objects.errors import forbidden
from kubesim.objects.wire import PODS, SERVICEACCOUNTS, Tree
from kubesim.store.mvcc import Store

TOKEN_VOLUME = "kube-api-access"
MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
MIRROR = "kubernetes.io/config.mirror"

_SOURCES: list[Any] = [
    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    {
        "downwardAPI": {
            "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
        }
    },
]


def suffix_of(template: Tree, namespace: str) -> str:
    """The end of the volume's name that all pods of a template get; it follows from the template's content."""
    digest = sha256(orjson.dumps((namespace, template), option=orjson.OPT_SORT_KEYS)).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:5])


def admit(spec: Tree, namespace: str, shown: str, store: Store, suffix: str) -> Tree:
    """The pod spec with its account. Raises Forbidden.

    ``shown`` is how the pod is called in a refusal, ``suffix`` the end of the token volume's name.

    # k8s: plugin/pkg/admission/serviceaccount
    """
    name = spec.get("serviceAccountName") or "default"
    account = store.get(SERVICEACCOUNTS, namespace, name)
    if account is None:
        text = f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
        raise forbidden(PODS, shown, text)
    changed = {**spec, "serviceAccountName": name, "serviceAccount": name}
    if _automounts(spec, account):
        changed.update(_mounted(spec, suffix))
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        changed["imagePullSecrets"] = account["imagePullSecrets"]
    return changed


def _automounts(spec: Tree, account: Tree) -> bool:
    wish = spec.get("automountServiceAccountToken")
    if wish is None:
        wish = account.get("automountServiceAccountToken")
    return wish is not False


def _mounted(spec: Tree, suffix: str) -> dict[str, Any]:
    volumes = spec.get("volumes") or []
    prefix = TOKEN_VOLUME + "-"
    known = next((name for volume in volumes if (name := volume.get("name", "")).startswith(prefix)), "")
    name = known or prefix + suffix
    mount = {"name": name, "readOnly": True, "mountPath": MOUNT_PATH}
    changed: dict[str, Any] = {}
    needed = False
    for field in ("initContainers", "containers"):
        containers = spec.get(field)
        if not containers:
            continue
        changed[field] = [_with_mount(container, mount) for container in containers]
        needed = needed or any(new is not old for new, old in zip(changed[field], containers, strict=True))
    if needed and not known:
        volume = {"name": name, "projected": {"sources": _SOURCES, "defaultMode": 420}}
        changed["volumes"] = [*volumes, volume]
    return changed


def _with_mount(container: Tree, mount: Tree) -> Tree:
    mounts = container.get("volumeMounts") or []
    if any(known.get("mountPath") == MOUNT_PATH for known in mounts):
        return container
    return {**container, "volumeMounts": [*mounts, mount]}
