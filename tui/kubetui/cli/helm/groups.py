"""Commands that only hold others: helm repo, helm search, helm registry, helm dependency; they list what they hold."""

from typing import Final

from kubetui.cli.helm.flags import Parsed

GROUPS: Final = {
    "repo": {
        "add": "add a chart repository",
        "index": "generate an index file given a directory containing packaged charts",
        "list": "list chart repositories",
        "remove": "remove one or more chart repositories",
        "update": "update information of available charts locally from chart repositories",
    },
    "search": {
        "hub": "search for charts in the Artifact Hub or your own hub instance",
        "repo": "search repositories for a keyword in charts",
    },
    "get": {
        "all": "download all information for a named release",
        "hooks": "download all hooks for a named release",
        "manifest": "download the manifest for a named release",
        "metadata": "This command fetches metadata for a given release",
        "notes": "download the notes for a named release",
        "values": "download the values file for a named release",
    },
    "registry": {"login": "login to a registry", "logout": "logout from a registry"},
    "dependency": {
        "build": "rebuild the charts/ directory based on the Chart.lock file",
        "list": "list the dependencies for the given chart",
        "update": "update charts/ based on the contents of Chart.yaml",
    },
}
ALIASES: Final = {
    "dep": "dependency",
    "dependencies": "dependency",
    "fetch": "pull",
    "del": "uninstall",
    "delete": "uninstall",
    "hist": "history",
    "ls": "list",
    "un": "uninstall",
    "repo ls": "repo list",
    "repo rm": "repo remove",
    "repo up": "repo update",
    "dependency ls": "dependency list",
    "dependency up": "dependency update",
}


def full_words(words: list[str]) -> list[str]:
    """The command line with its command as one word, and no aliases: ``dep up x`` is ``dependency update``, ``x``."""
    first = ALIASES.get(words[0], words[0])
    if first in GROUPS and len(words) > 1 and not words[1].startswith("-"):
        second = f"{first} {words[1]}"
        second = ALIASES.get(second, second)
        known = second.partition(" ")[2] in GROUPS[first]
        return [second, *words[2:]] if known else [first]
    return [first, *words[1:]]


def group(name: str, parsed: Parsed) -> int:
    """Print the commands of a group."""
    del parsed
    commands = GROUPS[name]
    width = max(len(command) for command in commands)
    lines = [f"  {command.ljust(width)}   {text}" for command, text in commands.items()]
    print("\n".join([f"Usage:  kubetui helm {name} [command]", "", "Available Commands:", *lines]))
    return 0
