"""``kubetui helm version``: the version of Helm that is stood in for."""

from typing import Final

from kubesim.helm.capabilities import HelmVersion
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.engine import standard_library
from kubesim.helm.template.execute.context import Context
from kubetui.cli.helm.flags import SWITCH, TEXT, Flag, Parsed
from kubetui.cli.helm.inputs import sources

USAGE: Final = "version [flags]"
FLAGS: Final = {"short": Flag(SWITCH), "template": Flag(TEXT)}


def run(parsed: Parsed) -> int:
    """Print the version."""
    if parsed.words:
        raise ChartError(f'"helm version" accepts no arguments\n\nUsage:  helm {USAGE}')
    build = HelmVersion()
    if parsed.text("template"):
        context = Context(standard_library(), sources())
        context.add("_", parsed.text("template"))
        print(context.execute("_", build), end="")
    elif parsed.on("short"):
        print(f"{build.version}+g{build.git_commit[:7]}")
    else:
        named = {
            "Version": build.version,
            "GitCommit": build.git_commit,
            "GitTreeState": build.git_tree_state,
            "GoVersion": build.go_version,
            "KubeClientVersion": build.kube_client_version,
        }
        print("version.BuildInfo{" + ", ".join([f'{name}:"{value}"' for name, value in named.items()]) + "}")
    return 0
