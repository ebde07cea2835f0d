"""ConfigMaps, Secrets and ServiceAccounts. # k8s: core/validation ValidateConfigMap, ValidateSecret."""

import json
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Mapping
from typing import Any

from kubesim.api.strategy import Context
from kubesim.kinds.fielderrors import all_invalid, forbidden, invalid, required, too_long, unchanged
from kubesim.kinds.formats import config_key
from kubesim.kinds.plain import Plain
from kubesim.kinds.shapes import drop, filled_empty
from kubesim.objects.errors import Cause
from kubesim.objects.wire import CONFIGMAPS, EMPTY, SECRETS, SERVICEACCOUNTS, Tree

LARGEST = 1024 * 1024
IMMUTABLE = "field is immutable when `immutable` is set"
REDACTED = "<secret contents redacted>"
ACCOUNT_NAME = "kubernetes.io/service-account.name"


def _frozen(new: Tree, old: Tree, *parts: str) -> list[Cause]:
    if not old.get("immutable"):
        return []
    found: list[Cause] = []
    if not new.get("immutable"):
        found.append(forbidden("immutable", IMMUTABLE))
    return found + [forbidden(name, IMMUTABLE) for name in parts if (new.get(name) or {}) != (old.get(name) or {})]


class ConfigMapStrategy(Plain):
    """ConfigMaps."""

    gvr = CONFIGMAPS
    kind = "ConfigMap"
    short_names = ("cm",)
    has_generation = False

    def validate(self, obj: Tree) -> list[Cause]:
        """Keys and size."""
        found: list[Cause] = []
        data, binary = obj.get("data") or EMPTY, obj.get("binaryData") or EMPTY
        size = 0
        for key, value in data.items():
            found += all_invalid(f"data[{key}]", key, config_key(key))
            if key in binary:
                found.append(invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
            size += len(value.encode())
        for key, value in binary.items():
            found += all_invalid(f"binaryData[{key}]", key, config_key(key))
            size += _decoded_size(value)
        # k8s: an error about the whole object has no path.
        return [*found, too_long("", LARGEST)] if size > LARGEST else found

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """Nothing changes once it is immutable."""
        del subresource
        return _frozen(new, old, "data", "binaryData") + self.validate(new)

    def cells(self, obj: Tree) -> list[Any]:
        """How many keys."""
        return [len(obj.get("data") or ()) + len(obj.get("binaryData") or ())]


def _decoded_size(text: str) -> int:
    return len(text) * 3 // 4 - text.count("=", -2)


class SecretStrategy(Plain):
    """Secrets."""

    gvr = SECRETS
    kind = "Secret"
    has_generation = False

    def default(self, obj: Tree) -> Tree:
        """Opaque; ``stringData`` is written into ``data``."""
        plain = obj.get("stringData")
        if plain is not None:
            data = dict(obj.get("data") or {})
            data.update({key: b64encode(value.encode()).decode() for key, value in plain.items()})
            obj = drop(obj, "stringData")
            obj = {**obj, "data": dict(sorted(data.items()))} if data else obj
        return filled_empty(obj, type="Opaque")

    def prepare_update(self, new: Tree, old: Tree, context: Context, subresource: str = "") -> Tree:
        """The type stays when none is written."""
        del context, subresource
        return new if new.get("type") else {**new, "type": old.get("type")}

    def validate(self, obj: Tree) -> list[Cause]:
        """Keys, size, and what the type asks for."""
        data = obj.get("data") or EMPTY
        found: list[Cause] = []
        size = 0
        for key, value in data.items():
            found += all_invalid(f"data[{key}]", key, config_key(key))
            size += _decoded_size(value or "")
        if size > LARGEST:
            found.append(too_long("data", LARGEST))
        return found + _typed(obj, data)

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """The type stays; nothing changes once it is immutable."""
        del subresource
        return unchanged("type", new.get("type"), old.get("type")) + _frozen(new, old, "data") + self.validate(new)

    def warnings(self, new: Tree, old: Tree | None) -> list[str]:
        """A certificate that is none."""
        del old
        if new.get("type") != "kubernetes.io/tls":
            return []
        certificate = (new.get("data") or EMPTY).get("tls.crt") or ""
        # differs: the key pair itself is not checked.
        if b"-----BEGIN CERTIFICATE-----" in _decoded(certificate):
            return []
        return ["tls: failed to find any PEM data in certificate input"]

    def fields(self, obj: Tree) -> Mapping[str, str]:
        """By type."""
        return {"type": obj.get("type") or ""}

    def cells(self, obj: Tree) -> list[Any]:
        """The type and how many keys."""
        return [obj.get("type") or "", len(obj.get("data") or ())]


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text)
    except BadBase64:
        return b""


def _typed(secret: Tree, data: Tree) -> list[Cause]:
    kind = secret.get("type")
    if kind == "kubernetes.io/service-account-token":
        name = (secret["metadata"].get("annotations") or EMPTY).get(ACCOUNT_NAME)
        return [] if name else [required(f"metadata.annotations[{ACCOUNT_NAME}]")]
    if kind == "kubernetes.io/tls":
        return [required(f"data[{key}]") for key in ("tls.crt", "tls.key") if key not in data]
    if kind == "kubernetes.io/ssh-auth":
        return [] if data.get("ssh-privatekey") else [required("data[ssh-privatekey]")]
    if kind == "kubernetes.io/basic-auth":
        if "username" in data or "password" in data:
            return []
        return [required("data[username]"), required("data[password]")]
    if kind in {"kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson"}:
        return _docker(".dockercfg" if kind.endswith("cfg") else ".dockerconfigjson", data)
    return []


def _docker(key: str, data: Tree) -> list[Cause]:
    if key not in data:
        return [required(f"data[{key}]")]
    text = _decoded(data[key]).decode(errors="replace")
    try:
        json.loads(text)
    except ValueError:
        return [invalid(f"data[{key}]", REDACTED, _json_error(text))]
    return []


def _json_error(text: str) -> str:
    stripped = text.strip()
    if not stripped:
        return "unexpected end of JSON input"
    return f"invalid character '{stripped[0]}' looking for beginning of value"


class ServiceAccountStrategy(Plain):
    """ServiceAccounts."""

    gvr = SERVICEACCOUNTS
    kind = "ServiceAccount"
    short_names = ("sa",)
    subresources = ("token",)
    has_generation = False

    def cells(self, obj: Tree) -> list[Any]:
        """How many secrets."""
        return [len(obj.get("secrets") or ())]
