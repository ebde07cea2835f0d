"""Statements about objects as people write them: ``Ready``, ``status.phase=Failed``, ``created``, an Event's reason.

A statement is a test of an object before and after a write; None before it is made and after it is gone.
"""

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from kubesim.objects import quantities
from kubesim.objects import tree as trees
from kubesim.objects.wire import Tree

USAGE = (
    "write created, deleted, changed [FIELD], a state as Ready or !Ready, FIELD=VALUE (also != > >= < <=), "
    "or an expression on object"
)
_COMPARED = re.compile(r"^([A-Za-z_][\w./-]*)\s*(==|!=|>=|<=|=|>|<)\s*(.+)$")
_WORD = re.compile(r"^!?[A-Za-z][\w-]*$")
_EXPRESSION = re.compile(r"\b(object|oldObject)\b")
_ORDER = {">": (1,), "<": (-1,), ">=": (1, 0), "<=": (-1, 0), "=": (0,), "==": (0,), "!=": (1, -1)}

Test = Callable[[Tree | None, Tree | None], bool]
Compile = Callable[[str], Test]
"""Makes a test of an expression in the Common Expression Language. Raises ValueError."""


class Statement(NamedTuple):
    """``state`` is True when it is about how an object is, and not about a single write."""

    test: Test
    state: bool


def parse(text: str, compile_cel: Compile) -> Statement:
    """Read a statement. Raises ValueError."""
    word, _, path = text.partition(" ")
    if word.lower() in {"created", "deleted"} and not path:
        return Statement(_created if word.lower() == "created" else _deleted, state=False)
    if word.lower() == "changed":
        return Statement(_Changed(path.removeprefix(".")), state=False)
    if _EXPRESSION.search(text):
        return Statement(compile_cel(text), state="oldObject" not in text)
    compared = _COMPARED.match(text.removeprefix("."))
    if compared:
        return Statement(_Compared(*compared.groups()), state=True)
    if not _WORD.match(text):
        raise ValueError(USAGE)
    return Statement(_Word(text), state=True)


def _created(old: Tree | None, new: Tree | None) -> bool:
    return old is None and new is not None


def _deleted(old: Tree | None, new: Tree | None) -> bool:
    return old is not None and new is None


class Reason:
    """An Event of a reason comes, or comes again; ``about`` is the kind or the name it is about, or both."""

    def __init__(self, reason: str, about: str) -> None:
        self._reason = reason.lower()
        kind, slash, name = about.rpartition("/")
        self._kind, self._name = (kind.lower(), name) if slash else ("", about)

    def __call__(self, old: Tree | None, new: Tree | None) -> bool:
        """Whether it is so."""
        if new is None or not fnmatchcase(str(new.get("reason", "")).lower(), self._reason):
            return False
        about = new.get("involvedObject") or new.get("regarding") or {}
        if self._kind and self._kind.rstrip("s") != str(about.get("kind", "")).lower().rstrip("s"):
            return False
        return not self._name or fnmatchcase(str(about.get("name", "")), self._name)


class _Changed:
    """A write changes a field, or anything that a person would call a change."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __call__(self, old: Tree | None, new: Tree | None) -> bool:
        """Whether it is so."""
        if old is None or new is None:
            return False
        if self._path:
            return bool(trees.get(old, self._path, None) != trees.get(new, self._path, None))
        return any(old.get(part) != new.get(part) for part in {**old, **new} if part != "metadata")


class _Compared:
    """A field beside a value: numbers and quantities by their size, all else as text."""

    def __init__(self, path: str, sign: str, value: str) -> None:
        self._path = path
        self._allowed = _ORDER[sign]
        self._value = value.strip().strip("'\"")
        self._size = _size(self._value)

    def __call__(self, old: Tree | None, new: Tree | None) -> bool:
        """Whether it is so."""
        if new is None:
            return False
        found = trees.get(new, self._path, None)
        size = _size(0 if found is None else found)
        if self._size is not None and size is not None:
            return (size > self._size) - (size < self._size) in self._allowed
        text = "" if found is None else str(found).lower() if isinstance(found, bool) else str(found)
        return (text > self._value) - (text < self._value) in self._allowed


def _size(value: Any) -> int | None:
    try:
        return None if isinstance(value, bool) else int(quantities.milli(value))
    except (ValueError, TypeError):
        return None


class _Word:
    """A state by the word that tables and people have for it; ``!Ready`` and ``NotReady`` are its opposite."""

    def __init__(self, word: str) -> None:
        self._not = word.startswith("!")
        self._word = word.removeprefix("!").lower()

    def __call__(self, old: Tree | None, new: Tree | None) -> bool:
        """Whether it is so."""
        return new is not None and (self._word in words(new)) is not self._not


def words(obj: Tree) -> frozenset[str]:
    """What can be said of an object in one word, in small letters: phase, reasons, conditions."""
    status = obj.get("status") or {}
    found = {str(status.get("phase", "")), str(status.get("reason", ""))}
    if obj["metadata"].get("deletionTimestamp"):
        found.add("Terminating")
    for condition in status.get("conditions") or ():
        kind = str(condition.get("type", ""))
        found.add(kind if condition.get("status") == "True" else f"Not{kind}")
        if condition.get("status") != "True":
            found.add(str(condition.get("reason", "")))
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        for state in (container.get("state") or {}).values():
            found.add(str((state or {}).get("reason", "")))
    return frozenset(word.lower() for word in found if word)
