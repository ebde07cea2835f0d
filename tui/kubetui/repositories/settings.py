"""Where Helm keeps its files: the folders and files that its environment variables and flags name."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

VARIABLES: Final = {
    "repository-config": "HELM_REPOSITORY_CONFIG",
    "repository-cache": "HELM_REPOSITORY_CACHE",
    "registry-config": "HELM_REGISTRY_CONFIG",
    "content-cache": "HELM_CONTENT_CACHE",
}
"""The flags for the files, and the variables that mean the same."""


class Settings(NamedTuple):
    """The paths, as strings because Helm prints them as they were given."""

    repository_config: str
    repository_cache: str
    registry_config: str
    content_cache: str

    def index_file(self, name: str) -> Path:
        """Where the index of a repository is cached."""
        return Path(self.repository_cache, f"{name}-index.yaml")

    def charts_file(self, name: str) -> Path:
        """Where the names of a repository's charts are cached, for the completion of commands."""
        return Path(self.repository_cache, f"{name}-charts.txt")


def homes() -> dict[str, str]:
    """HELM_CACHE_HOME, HELM_CONFIG_HOME and HELM_DATA_HOME, from the environment or by the XDG rules."""
    home = os.path.expanduser("~")
    defaults = {
        "CACHE": os.environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache"),
        "CONFIG": os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"),
        "DATA": os.environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share"),
    }
    return {
        f"HELM_{kind}_HOME": os.environ.get(f"HELM_{kind}_HOME") or os.path.join(folder, "helm")
        for kind, folder in defaults.items()
    }


def from_environment(flags: Mapping[str, str] | None = None) -> Settings:
    """The paths: flags win over variables, variables over the usual places."""
    folders = homes()
    defaults = {
        "repository-config": os.path.join(folders["HELM_CONFIG_HOME"], "repositories.yaml"),
        "repository-cache": os.path.join(folders["HELM_CACHE_HOME"], "repository"),
        "registry-config": os.path.join(folders["HELM_CONFIG_HOME"], "registry", "config.json"),
        "content-cache": os.path.join(folders["HELM_CACHE_HOME"], "content"),
    }
    given = flags or {}
    return Settings(*[given.get(flag) or os.environ.get(VARIABLES[flag]) or defaults[flag] for flag in VARIABLES])
