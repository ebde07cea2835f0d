"""The flags by which all commands about releases find their cluster, and how they count their arguments."""

import re
from typing import Final

from kubesim.helm.chart.errors import ChartError
from kubetui.cli.helm.flags import MANY, SWITCH, TEXT, Flag, Parsed

CLUSTER_FLAGS: Final = {
    "burst-limit": Flag(TEXT),
    "color": Flag(TEXT),
    "colour": Flag(TEXT),
    "kube-apiserver": Flag(TEXT),
    "kube-as-group": Flag(MANY),
    "kube-as-user": Flag(TEXT),
    "kube-ca-file": Flag(TEXT),
    "kube-context": Flag(TEXT),
    "kube-insecure-skip-tls-verify": Flag(SWITCH),
    "kube-tls-server-name": Flag(TEXT),
    "kube-token": Flag(TEXT),
    "kubeconfig": Flag(TEXT),
    "qps": Flag(TEXT),
}
"""How the cluster is found."""


def integer(parsed: Parsed, name: str, default: int) -> int:
    """A flag with a whole number; ChartError with Helm's text."""
    text = parsed.text(name)
    if not text:
        return default
    if re.fullmatch(r"[+-]?[0-9]+", text) is None:
        reason = f'strconv.ParseInt: parsing "{text}": invalid syntax'
        short = {"max": "-m, "}.get(name, "") if name == "max" else ""
        raise ChartError(f'invalid argument "{text}" for "{short}--{name}" flag: {reason}')
    return int(text)


def one_release(parsed: Parsed, command: str) -> str:
    """The only argument of a command; ChartError with Helm's text."""
    return exact(parsed, command, f"{command} RELEASE_NAME [flags]", 1)[0]


def exact(parsed: Parsed, command: str, usage: str, count: int) -> list[str]:
    """Exactly so many arguments; ChartError with Helm's text."""
    if len(parsed.words) != count:
        wanted = f"requires {count} argument{'' if count == 1 else 's'}" if count else "accepts no arguments"
        raise ChartError(f'"helm {command}" {wanted}\n\nUsage:  helm {usage}')
    return parsed.words


def at_least_one(parsed: Parsed, command: str, usage: str) -> list[str]:
    """One argument or more; ChartError with Helm's text."""
    if not parsed.words:
        raise ChartError(f'"helm {command}" requires at least 1 argument\n\nUsage:  helm {usage}')
    return parsed.words
