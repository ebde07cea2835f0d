"""--post-renderer: runs a plugin of Helm over what a chart rendered."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.release.postrender import annotated, regrouped
from kubesim.helm.yaml.reader import read_exact
from kubetui.repositories.settings import homes

_TYPE: Final = "postrenderer/v1"


class Plugin(NamedTuple):
    """A plugin of Helm: its folder and the command that it runs."""

    name: str
    folder: Path
    command: tuple[str, ...]


def find(name: str) -> Plugin:
    """The post-renderer plugin of that name; ChartError with Helm's text when there is none."""
    folders = os.environ.get("HELM_PLUGINS") or os.path.join(homes()["HELM_DATA_HOME"], "plugins")
    for folder in folders.split(os.pathsep):
        for file in sorted(Path(folder).glob("*/plugin.yaml")):
            tree = read_exact(file.read_text(encoding="utf-8", errors="surrogateescape"))
            if isinstance(tree, dict) and tree.get("name") == name and tree.get("type") == _TYPE:
                return Plugin(name, file.parent, _command(tree, file.parent))
    reason = f"plugin: {{Name:{name} Type:{_TYPE}}} not found"
    raise ChartError(f'invalid argument "{name}" for "--post-renderer" flag: {reason}')


def _command(tree: Mapping[str, Any], folder: Path) -> tuple[str, ...]:
    """The first command for this system, with the plugin's folder in its place."""
    commands = (tree.get("runtimeConfig") or {}).get("platformCommand") or ()
    fitting = [one for one in commands if one.get("os", sys.platform) == sys.platform]
    if not fitting:
        raise ChartError(f'plugin "{tree.get("name")}" has no command for this system')
    words = [str(fitting[0].get("command", "")), *[str(word) for word in fitting[0].get("args") or ()]]
    return tuple(word.replace("${HELM_PLUGIN_DIR}", str(folder)) for word in words)


class PostRenderer:
    """Runs a plugin over rendered files."""

    def __init__(self, plugin: Plugin, arguments: Sequence[str]) -> None:
        self._plugin = plugin
        self._arguments = tuple(arguments)

    def render(self, files: Mapping[str, str]) -> Mapping[str, str]:
        """The files as the plugin changed them; ChartError with Helm's text when it fails."""
        plugin = self._plugin
        failed = f'error while running post render on files: failed to invoke post-renderer plugin "{plugin.name}"'
        environment = {**os.environ, "HELM_PLUGIN_NAME": plugin.name, "HELM_PLUGIN_DIR": str(plugin.folder)}
        text = annotated(files).encode("utf-8", "surrogateescape")
        try:
            done = subprocess.run(
                [*plugin.command, *self._arguments],
                input=text,
                capture_output=True,
                env=environment,
                check=False,
            )
        except OSError as error:
            raise ChartError(f"{failed}: {error}") from None
        if done.returncode:
            raise ChartError(f'{failed}: plugin "{plugin.name}" exited with error')
        if not done.stdout.strip():
            raise ChartError(
                f'error while running post render on files: post-renderer "{plugin.name}" produced empty output'
            )
        return regrouped(done.stdout.decode("utf-8", "surrogateescape"))
