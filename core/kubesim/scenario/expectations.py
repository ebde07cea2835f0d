"""What must come of a scenario: expectations as people write them, and looking whether they hold.

``deployment/web Available``, ``pods Ready``, ``3 pods/web-* status.phase=Running``, ``no pods Pending``,
``event FailedScheduling pod/web-*``, ``no event OOMKilling``.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from kubesim.api.cel.objecttests import compiled
from kubesim.api.strategy import Strategy
from kubesim.cluster import Cluster
from kubesim.objects import statements
from kubesim.objects.wire import EVENTS, Gvr, Key, Tree

USAGE = (
    "write [no|NUMBER] KIND[/NAMESPACE][/NAME] STATEMENT, KIND/NAME exists or is gone, or [no] event REASON [KIND/NAME]"
)
ALL, NONE = -1, 0


class Expectation(NamedTuple):
    """``wanted`` is how many objects it must hold of: ALL, NONE or a number."""

    text: str
    gvr: Gvr
    namespace: str
    name: str
    wanted: int
    test: statements.Test | None
    """None when being there is all that is asked."""


def strategy_of(cluster: Cluster, kind: str) -> Strategy:
    """The kind of a name as kubectl takes it: plural, singular, short, or the kind. Raises ValueError."""
    low, _, group = kind.lower().partition(".")
    for strategy in cluster.api.resources():
        names = {strategy.gvr.resource, strategy.singular, strategy.kind.lower(), *strategy.short_names}
        if low in names and (not group or strategy.gvr.group == group):
            return strategy
    msg = f"nothing is called {kind!r}"
    raise ValueError(msg)


def object_of(cluster: Cluster, text: str) -> Key:
    """``KIND/NAME`` or ``KIND/NAMESPACE/NAME``. Raises ValueError."""
    kind, *path = text.split("/")
    if not 1 <= len(path) <= 2 or not all(path):
        msg = f"{text!r} is no object; write KIND/NAME or KIND/NAMESPACE/NAME"
        raise ValueError(msg)
    strategy = strategy_of(cluster, kind)
    namespace = path[0] if len(path) == 2 else "default"
    return Key(strategy.gvr, namespace if strategy.namespaced else "", path[-1])


def parse(text: str, cluster: Cluster) -> Expectation:
    """Read an expectation. Raises ValueError."""
    words = text.split()
    count = ALL
    if words and (words[0].lower() == "no" or words[0].isdigit()):
        count = NONE if words[0].lower() == "no" else int(words[0])
        words = words[1:]
    if not words:
        raise ValueError(USAGE)
    said = " ".join(words[1:])
    if words[0].lower() == "event":
        if len(words) not in {2, 3}:
            raise ValueError(USAGE)
        reason = statements.Reason(words[1], words[2] if len(words) == 3 else "")
        return Expectation(text, EVENTS, "", "", count, reason)
    kind, *path = words[0].split("/")
    strategy = strategy_of(cluster, kind)
    namespace = path[0] if len(path) == 2 else ""
    name = path[-1] if path else ""
    if said.lower() in {"gone", "is gone"}:
        return Expectation(text, strategy.gvr, namespace, name, NONE, None)
    if said.lower() in {"", "exists", "exist"}:
        return Expectation(text, strategy.gvr, namespace, name, count, None)
    statement = statements.parse(said, compiled)
    if not statement.state:
        msg = f"{said!r} is about a single write; {statements.USAGE}"
        raise ValueError(msg)
    return Expectation(text, strategy.gvr, namespace, name, count, statement.test)


def check(expectation: Expectation, cluster: Cluster, since: int = 0) -> str:
    """Why an expectation does not hold now, or ""; of Events only those written after a revision count."""
    found = _objects(expectation, cluster, since)
    true = [tree for tree in found if expectation.test is None or expectation.test(None, tree)]
    if expectation.gvr == EVENTS:
        if expectation.wanted == NONE:
            return f"there was {_event(true[0])}" if true else ""
        if expectation.wanted == ALL:
            return "" if true else "there was no such event"
    if expectation.wanted == NONE:
        return f"it is so of {_names(true)}" if true else ""
    if expectation.wanted == ALL:
        if not found:
            return "there is no such object"
        others = [tree for tree in found if tree not in true]
        return f"it is not so of {_names(others)}" if others else ""
    return "" if len(true) == expectation.wanted else f"it is so of {len(true)} of {len(found)}"


def _objects(expectation: Expectation, cluster: Cluster, since: int) -> Sequence[Tree]:
    table = cluster.api.strategy(expectation.gvr).storage or expectation.gvr
    found = cluster.store.range(table, expectation.namespace)
    if expectation.gvr == EVENTS:
        return [tree for tree in found if int(tree["metadata"]["resourceVersion"]) > since]
    return [tree for tree in found if not expectation.name or fnmatchcase(tree["metadata"]["name"], expectation.name)]


def _names(found: Sequence[Tree]) -> str:
    named = [tree["metadata"]["name"] for tree in found]
    rest = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return ", ".join(named[:3]) + rest


def _event(tree: Tree) -> str:
    about = tree.get("involvedObject") or tree.get("regarding") or {}
    return f"{tree.get('reason', '')} of {about.get('name', '')}: {tree.get('message', '')}".strip()
