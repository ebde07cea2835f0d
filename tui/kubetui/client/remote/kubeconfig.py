"""Reads kubeconfig files: which server, with what credentials, in which namespace.

# k8s: client-go's clientcmd: KUBECONFIG lists, the first file that says something wins, flags win over all
"""

import os
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from kubesim.helm.template.errors import GoError
from kubesim.helm.yaml.reader import read_exact

Tree = dict[str, Any]
DEFAULT_SERVER: Final = "http://localhost:8080"
_SECTIONS: Final = (("clusters", "cluster"), ("users", "user"), ("contexts", "context"))


class ConfigError(Exception):
    """No server can be found with these files and flags; the text is client-go's."""


class Overrides(NamedTuple):
    """What flags and HELM_KUBE* variables say instead of the files; empty texts say nothing."""

    kubeconfig: str = ""
    context: str = ""
    server: str = ""
    token: str = ""
    user: str = ""
    groups: tuple[str, ...] = ()
    ca_file: str = ""
    server_name: str = ""
    insecure: bool = False


class Access(NamedTuple):
    """How to reach a cluster; certificates and keys are PEM texts."""

    server: str = DEFAULT_SERVER
    namespace: str = "default"
    context: str = ""
    authority: str = ""
    insecure: bool = False
    server_name: str = ""
    certificate: str = ""
    key: str = ""
    token: str = ""
    username: str = ""
    password: str = ""
    user: str = ""
    groups: tuple[str, ...] = ()
    proxy: str = ""


class _Merged(NamedTuple):
    """What all files say together: entries by section and name, with relative paths made absolute."""

    current: str
    sections: Mapping[str, Mapping[str, Tree]]


def load(overrides: Overrides | None = None, environment: Mapping[str, str] | None = None) -> Access:
    """How to reach the cluster that files, flags and environment mean. Raises ConfigError."""
    overrides = overrides or Overrides()
    environment = os.environ if environment is None else environment
    merged = _merged(_files(overrides, environment), explicit=bool(overrides.kubeconfig))
    name = overrides.context or merged.current
    context: Tree = {}
    if name:
        found = merged.sections["contexts"].get(name)
        if found is None and (overrides.context or not overrides.server):
            raise ConfigError(f'context "{name}" does not exist')
        context = found or {}
    cluster = _named(merged, "clusters", "cluster", str(context.get("cluster") or ""), name)
    user = _named(merged, "users", "auth info", str(context.get("user") or ""), name)
    return _access(overrides, context, cluster, user, name)


def contexts(overrides: Overrides | None = None, environment: Mapping[str, str] | None = None) -> list[str]:
    """The names of all contexts, sorted. Raises ConfigError."""
    overrides = overrides or Overrides()
    environment = os.environ if environment is None else environment
    merged = _merged(_files(overrides, environment), explicit=bool(overrides.kubeconfig))
    return sorted(merged.sections["contexts"])


def _files(overrides: Overrides, environment: Mapping[str, str]) -> list[Path]:
    if overrides.kubeconfig:
        return [Path(overrides.kubeconfig)]
    listed = [Path(one) for one in environment.get("KUBECONFIG", "").split(os.pathsep) if one]
    home = environment.get("HOME", "")
    return listed or ([Path(home) / ".kube" / "config"] if home else [])


def _merged(files: list[Path], *, explicit: bool) -> _Merged:
    current = ""
    sections: dict[str, dict[str, Tree]] = {section: {} for section, _ in _SECTIONS}
    for file in files:
        tree = _read(file, explicit=explicit)
        current = current or str(tree.get("current-context") or "")
        for section, inner in _SECTIONS:
            for entry in tree.get(section) or ():
                if isinstance(entry, dict) and isinstance(entry.get(inner), dict):
                    sections[section].setdefault(str(entry.get("name")), _resolved(entry[inner], file.parent))
    return _Merged(current, sections)


def _read(file: Path, *, explicit: bool) -> Tree:
    try:
        tree = read_exact(file.read_text(encoding="utf-8", errors="surrogateescape"))
    except FileNotFoundError:
        if explicit:
            raise ConfigError(f"stat {file}: no such file or directory") from None
        return {}
    except OSError as error:
        text = f"open {file}: {(error.strerror or str(error)).lower()}"
        raise ConfigError(f'error loading config file "{file}": {text}') from None
    except GoError as error:
        text = str(error).removeprefix("error converting YAML to JSON: ")
        raise ConfigError(f'error loading config file "{file}": {text}') from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f'error loading config file "{file}": it is no kubeconfig')
    return tree


_PATHS: Final = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


def _resolved(entry: Tree, folder: Path) -> Tree:
    """An entry whose relative paths start at the folder of its file."""
    paths = {key: str(folder.absolute() / entry[key]) for key in _PATHS if entry.get(key)}
    return {**entry, **paths}


def _named(merged: _Merged, section: str, what: str, name: str, context: str) -> Tree:
    if not name:
        return {}
    found = merged.sections[section].get(name)
    if found is None:
        text = f'{what} "{name}" does not exist'
        raise ConfigError(f'invalid configuration: context was specified with name "{context}" but {text}')
    return found


def _access(overrides: Overrides, context: Tree, cluster: Tree, user: Tree, name: str) -> Access:
    _check_user(user, str(context.get("user") or ""))
    cluster_name = str(context.get("cluster") or "")
    insecure = overrides.insecure or bool(cluster.get("insecure-skip-tls-verify"))
    authority = ""
    if overrides.ca_file:
        authority = _file(overrides.ca_file, "certificate-authority", cluster_name)
    elif not insecure:
        authority = _text(cluster, "certificate-authority", cluster_name)
    token = overrides.token or str(user.get("token") or "")
    if not token and user.get("tokenFile"):
        token = _file(str(user["tokenFile"]), "tokenFile", cluster_name).strip()
    who = str(context.get("user") or "")
    groups = overrides.groups or tuple(str(group) for group in user.get("as-groups") or ())
    return Access(
        server=_with_scheme(overrides.server or str(cluster.get("server") or "") or DEFAULT_SERVER),
        namespace=str(context.get("namespace") or "default"),
        context=name,
        authority=authority,
        insecure=insecure and not overrides.ca_file,
        server_name=overrides.server_name or str(cluster.get("tls-server-name") or ""),
        certificate=_text(user, "client-certificate", who),
        key=_text(user, "client-key", who),
        token=token,
        username=str(user.get("username") or ""),
        password=str(user.get("password") or ""),
        user=overrides.user or str(user.get("as") or ""),
        groups=groups,
        proxy=str(cluster.get("proxy-url") or ""),
    )


def _with_scheme(server: str) -> str:
    return server.rstrip("/") if "://" in server else f"http://{server.rstrip('/')}"


def _check_user(user: Tree, name: str) -> None:
    if isinstance(user.get("exec"), dict):
        # differs: nobody else's programs are run to get credentials
        command = user["exec"].get("command", "")
        raise ConfigError(
            f'user "{name}" gets its credentials from the program "{command}" (exec), which is not supported; '
            "give a token with --kube-token, or use a kubeconfig with a certificate or a token"
        )
    if isinstance(user.get("auth-provider"), dict):
        raise ConfigError(f'no Auth Provider found for name "{user["auth-provider"].get("name", "")}"')


def _text(entry: Tree, field: str, owner: str) -> str:
    """A PEM text that an entry holds itself (``-data``) or names the file of."""
    data = entry.get(f"{field}-data")
    if data:
        try:
            return b64decode(str(data), validate=False).decode("ascii", "replace")
        except (Base64Error, ValueError):
            raise ConfigError(f"illegal base64 data in {field}-data of {owner}") from None
    path = str(entry.get(field) or "")
    return _file(path, field, owner) if path else ""


def _file(path: str, field: str, owner: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(
            f"invalid configuration: unable to read {field} {path} for {owner} due to open {path}: {reason}"
        ) from None
