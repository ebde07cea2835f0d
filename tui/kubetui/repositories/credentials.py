"""The logins at registries, in the JSON file that Helm and Docker share."""

import base64
import binascii
import json
import os
from pathlib import Path
from typing import Any

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.repository.registry.exchange import NOBODY, Credentials
from kubetui.repositories.files import reason, write_whole


def stored(host: str, config: str) -> Credentials:
    """The login at a registry: from Helm's file, else from Docker's."""
    # differs: Docker's credential helpers are not run
    docker = os.environ.get("DOCKER_CONFIG") or os.path.join(os.path.expanduser("~"), ".docker")
    for path in (Path(config), Path(docker, "config.json")):
        auths = _read(path).get("auths")
        found = auths.get(host) if isinstance(auths, dict) else None
        if isinstance(found, dict):
            return _decoded(found)
    return NOBODY


def _decoded(tree: dict[str, Any]) -> Credentials:
    try:
        text = base64.b64decode(str(tree.get("auth") or ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return NOBODY
    name, _, password = text.partition(":")
    token = str(tree.get("identitytoken") or "")
    return Credentials(name, password.rstrip("\x00"), token)


def _read(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ChartError(f"open {path}: {reason(error)}") from None
    try:
        tree = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        raise ChartError(f"failed to decode config file at {path}: invalid config format") from None
    return tree if isinstance(tree, dict) else {}


def save(host: str, credentials: Credentials, config: str) -> None:
    """Remember a login; only its owner may read the file."""
    pair = f"{credentials.username}:{credentials.password}".encode()
    _change(host, {"auth": base64.b64encode(pair).decode("ascii")}, config)


def forget(host: str, config: str) -> None:
    """Remove a login."""
    _change(host, None, config)


def _change(host: str, entry: dict[str, str] | None, config: str) -> None:
    path = Path(config)
    tree = _read(path)
    auths = dict(tree.get("auths") or {})
    if entry is None:
        if auths.pop(host, None) is None:
            return
    else:
        auths[host] = entry
    text = json.dumps({**tree, "auths": {name: auths[name] for name in sorted(auths)}}, indent="\t")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ChartError(f"mkdir {path.parent}: {reason(error)}") from None
    write_whole(path, text.encode(), 0o600)
