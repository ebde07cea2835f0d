"""The grammar of the command line: ``:resource [namespace] [/filter] [label=value]``, and actions with an argument."""

from typing import NamedTuple

from kubesim.objects.wire import Gvr
from kubetui.model.catalogue import Catalogue


class Browse(NamedTuple):
    """Show a table. ``namespace`` None keeps the one that is chosen, "" means all."""

    gvr: Gvr
    namespace: str | None = None
    filter: str = ""


class Act(NamedTuple):
    """Run an action by its command."""

    command: str
    argument: str = ""


class Unknown(NamedTuple):
    """Nothing of that name; ``suggestions`` come near."""

    text: str
    suggestions: tuple[str, ...] = ()


Command = Browse | Act | Unknown

_ALIASES = {
    "q!": "q", "quit": "q", "exit": "q", "ctx": "context", "pulse": "home", "pu": "home", "dir": "apply", "h": "help",
    "namespace": "ns", "namespaces": "ns", "hm": "helm", "releases": "helm", "a": "aliases", "alias": "aliases",
    "ctxs": "context", "contexts": "context", "sched": "why", "portforward": "pf", "port-forwards": "pf",
    "breakpoint": "break", "bp": "break", "loops": "reconcile", "transfer": "cp", "wk": "home", "workloads": "home",
}  # fmt: skip
_ALL = frozenset({"all", "*", "-a", "0"})


def parse(text: str, catalogue: Catalogue, actions: frozenset[str]) -> Command:
    """Read what was typed after the colon; ``actions`` are the commands of the registry."""
    typed = text.strip().removeprefix(":").strip()
    word, _, rest = typed.partition(" ")
    rest = rest.strip()
    lowered = word.lower()
    name = _ALIASES.get(lowered, lowered)
    if name in actions and not (name == "ns" and not rest):
        return Act(name, rest)
    resource = catalogue.find("namespaces" if name == "ns" else word)
    if resource is not None:
        return _browse(resource.gvr, rest)
    return Unknown(typed, tuple(suggest(word, catalogue, actions)))


def _browse(gvr: Gvr, rest: str) -> Browse:
    namespace: str | None = None
    labels: list[str] = []
    before, slash, pattern = rest.partition("/")
    for word in before.split():
        if "=" in word or word.startswith("!"):
            labels.append(word)
        else:
            namespace = "" if word.lower() in _ALL else word
    found = pattern.strip() if slash else ""
    if labels and not found:
        found = "-l " + ",".join(labels)
    return Browse(gvr, namespace, found)


def suggest(start: str, catalogue: Catalogue, actions: frozenset[str]) -> list[str]:
    """What the word may be on its way to, at most 12."""
    low = start.lower()
    found = [name for name in sorted(actions) if name.startswith(low)] + catalogue.complete(low)
    return list(dict.fromkeys(found))[:12]
