"""Break points: what a person types after ``:break``, and noticing the moment at which it comes true."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from kubesim.objects import statements
from kubesim.objects.statements import Compile, Test
from kubesim.objects.wire import EVENTS, Gvr, Tree
from kubetui.model import clock, references
from kubetui.model.catalogue import Catalogue
from kubetui.model.flows.steps import singular

USAGE = (
    "break event REASON [KIND/NAME] · break RESOURCE[/NAME] created, deleted, changed [FIELD], "
    "Pending [for 30s], status.phase=Failed, or an expression on object; break off ends all"
)
_LASTING = re.compile(r"^(.*\S)\s+(?:for|>)\s*((?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+)$", re.IGNORECASE)
Place = tuple[str, str]


class Change(NamedTuple):
    """One write."""

    gvr: Gvr
    namespace: str
    name: str
    old: Tree | None
    new: Tree | None


class Break:
    """One break point. A lasting state strikes once, until it has ended and begun again."""

    def __init__(self, text: str, gvr: Gvr, place: Place, test: Test, *, state: bool = False, lasting: int = 0) -> None:
        self.text = text
        self.gvr = gvr
        self._namespace, self._name = place
        self._test = test
        self._state = state
        self._lasting = lasting
        self._since: dict[Place, int] = {}
        self._struck: set[Place] = set()

    def _concerns(self, namespace: str, name: str) -> bool:
        if self._namespace and namespace and namespace != self._namespace:
            return False
        return not self._name or fnmatchcase(name, self._name)

    def begin(self, objects: Iterable[Tree], now: int) -> int:
        """Look at what there is already; returns of how many objects it is true now, which do not count yet."""
        self._since, self._struck = {}, set()
        for tree in objects if self._state else ():
            place = (tree["metadata"].get("namespace", ""), tree["metadata"]["name"])
            if self._concerns(*place) and self._test(None, tree):
                self._since[place] = now
        if not self._lasting:
            self._struck.update(self._since)
        return len(self._since)

    def take(self, change: Change, now: int) -> str:
        """Note a write; returns what has come true, or ""."""
        place = (change.namespace, change.name)
        if not self._concerns(*place):
            return ""
        holds = self._test(change.old, change.new)
        if not self._state:
            return self._told(place, change.new or change.old) if holds else ""
        if not holds:
            self._since.pop(place, None)
            self._struck.discard(place)
            return ""
        if place not in self._since:
            self._since[place] = now
        if self._lasting or place in self._struck:
            return ""
        self._struck.add(place)
        return self._told(place, change.new)

    @property
    def deadline(self) -> int | None:
        """When a state will have lasted long enough."""
        if not self._lasting:
            return None
        waiting = [since for place, since in self._since.items() if place not in self._struck]
        return min(waiting) + self._lasting if waiting else None

    def lasted(self, now: int) -> list[str]:
        """What has lasted long enough by now."""
        if not self._lasting:
            return []
        ripe = [place for place, since in self._since.items() if since + self._lasting <= now]
        fresh = [place for place in ripe if place not in self._struck]
        self._struck.update(fresh)
        return [self._told(place, None) for place in fresh]

    def _told(self, place: Place, tree: Tree | None) -> str:
        if self.gvr == EVENTS and tree is not None:
            about = references.about(tree)
            where = f"{singular(about.gvr)} {_path((about.namespace, about.name))}: " if about is not None else ""
            return f"{where}{tree.get('reason', '')} {tree.get('message', '')}".rstrip()
        return f"{singular(self.gvr)} {_path(place)}: {self.text.partition(' ')[2]}"


def _path(place: Place) -> str:
    return "/".join(part for part in place if part)


# ---------------------------------------------------------------------- reading what was typed
def parse(text: str, catalogue: Catalogue, namespace: str, compile_cel: Compile) -> Break:
    """Read a break point; ``namespace`` is the one of the screen, "" for all. Raises ValueError with what is wrong."""
    typed = " ".join(text.split())
    head, _, rest = typed.partition(" ")
    if head.lower() == "event":
        return _event(typed, rest, namespace)
    kind, *path = head.split("/")
    resource = catalogue.find(kind)
    if resource is None:
        msg = f"nothing is called {kind!r}; {USAGE}"
        raise ValueError(msg)
    if len(path) > 2 or not rest:
        raise ValueError(USAGE)
    if len(path) == 2:
        namespace = path.pop(0)
    place = (namespace if resource.namespaced else "", path[0] if path else "")
    found = _LASTING.match(rest)
    rest, lasting = (found[1], clock.parse_span(found[2])) if found else (rest, 0)
    said = statements.parse(rest, compile_cel)
    if lasting and not said.state:
        msg = f"{rest!r} happens at once and does not last"
        raise ValueError(msg)
    return Break(typed, resource.gvr, place, said.test, state=said.state, lasting=lasting)


def _event(typed: str, rest: str, namespace: str) -> Break:
    reason, _, about = rest.partition(" ")
    if not reason or " " in about:
        raise ValueError(USAGE)
    return Break(typed, EVENTS, (namespace, ""), statements.Reason(reason, about))
