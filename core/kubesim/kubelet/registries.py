"""Registries that ask for a login: which there are, and which of a pod's pull secrets open them; pure.

# k8s: pkg/credentialprovider
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from kubesim.kubelet.entry import CatalogueError, items, mapping
from kubesim.kubelet.images import Reference
from kubesim.objects.wire import Tree

CONFIG_TYPES = {
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
    "kubernetes.io/dockercfg": ".dockercfg",
}
"""The key of the credentials in a Secret, by its type."""
HUB = "docker.io"
_HUB_NAMES = frozenset({"index.docker.io", "registry-1.docker.io", HUB})
NO_LOGIN = (
    'failed to pull and unpack image "{image}": failed to resolve reference "{image}": pull access denied, repository '
    "does not exist or may require authorization: authorization failed: no basic auth credentials"
)
WRONG_LOGIN = (
    'failed to pull and unpack image "{image}": failed to resolve reference "{image}": unexpected status from HEAD '
    "request to https://{host}/v2/{path}/manifests/{tag}: 401 Unauthorized"
)
"""# k8s: containerd's texts, as a kubelet passes them on"""


class Login(NamedTuple):
    """A name and its password."""

    username: str
    password: str

    def __repr__(self) -> str:
        """Without the password."""
        return f"Login({self.username!r})"


class Registries:
    """The registries of a cluster's world that ask for a login, by host or by host and path."""

    def __init__(self, logins: Mapping[str, tuple[Login, ...]]) -> None:
        self._logins = dict(logins)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._logins)

    def logins(self, reference: Reference) -> tuple[Login, ...]:
        """Who may pull an image; () when everybody may."""
        best = max((name for name in self._logins if _covers(name, reference.repository)), key=len, default="")
        return self._logins.get(best, ())

    def refusal(self, reference: Reference, given: Iterable[Login]) -> str:
        """Why an image is not given to those who have these logins, "" when it is."""
        wanted = self.logins(reference)
        tried = list(given)
        if not wanted or any(each in wanted for each in tried):
            return ""
        host, _, path = reference.repository.partition("/")
        text = WRONG_LOGIN if tried else NO_LOGIN
        return text.format(image=reference.full, host=host, path=path, tag=reference.tag or reference.digest)


def _covers(name: str, repository: str) -> bool:
    return repository == name or repository.startswith(f"{name}/")


OPEN = Registries({})
"""Nobody asks for a login."""


def parse(tree: Any, path: str = "registries") -> Registries:
    """From ``host: {username, password}``, or a list of such. Raises CatalogueError naming the field."""
    found: dict[str, tuple[Login, ...]] = {}
    for name, entry in mapping(tree, path).items():
        where = f"{path}.{name}"
        listed = entry if isinstance(entry, list) else [entry]
        if not listed:
            raise CatalogueError(f"{where}: expected at least one login")
        found[str(name).rstrip("/")] = tuple(_login(each, where) for each in items(listed, where))
    return Registries(found)


def _login(tree: Any, path: str) -> Login:
    fields = mapping(tree, path)
    unknown = sorted(str(field) for field in fields if field not in Login._fields)
    if unknown:
        raise CatalogueError(f"{path}.{unknown[0]}: unknown field; known are password, username")
    for field in Login._fields:
        if not isinstance(fields.get(field), str) or not fields[field]:
            # What it is instead may be a secret.
            raise CatalogueError(f"{path}.{field}: expected a text")
    return Login(fields["username"], fields["password"])


# ---------------------------------------------------------------------- secrets
def keyring(secrets: Iterable[Tree], reference: Reference) -> list[Login]:
    """The logins in Secrets that are meant for an image's registry, the closest first."""
    found: list[tuple[int, Login]] = []
    for secret in secrets:
        for server, login in _entries(secret):
            if _is_meant(server, reference.repository):
                found.append((-len(server), login))
    found.sort(key=_closest)
    return list(dict.fromkeys(login for _, login in found))


def _closest(found: tuple[int, Login]) -> int:
    return found[0]


def _entries(secret: Tree) -> list[tuple[str, Login]]:
    key = CONFIG_TYPES.get(str(secret.get("type") or ""), "")
    try:
        tree = json.loads(base64.b64decode((secret.get("data") or {}).get(key) or ""))
        entries = tree["auths"] if key == ".dockerconfigjson" else tree
        return [(_server(name), _read(entry)) for name, entry in entries.items()]
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        # k8s: a Secret that cannot be read is as good as none
        return []


def _read(entry: Mapping[str, Any]) -> Login:
    if entry.get("username"):
        return Login(str(entry["username"]), str(entry.get("password") or ""))
    username, _, password = base64.b64decode(entry.get("auth") or "").decode().partition(":")
    return Login(username, password)


def _server(name: str) -> str:
    """``https://index.docker.io/v1/`` is docker.io. # k8s: credentialprovider ParseSchemelessURL, DockerKeyring.Add."""
    text = name.split("://", 1)[-1].rstrip("/")
    for version in ("/v1", "/v2"):
        text = text.removesuffix(version)
    host, slash, path = text.partition("/")
    return f"{HUB if host in _HUB_NAMES else host}{slash}{path}"


def _is_meant(server: str, repository: str) -> bool:
    """Whether a credential's server covers a repository; each part of the host may have wildcards."""
    host, _, path = server.partition("/")
    own, _, rest = repository.partition("/")
    parts, others = host.split("."), own.split(".")
    if len(parts) != len(others) or not all(map(fnmatchcase, others, parts)):
        return False
    return not path or rest.startswith(path)
