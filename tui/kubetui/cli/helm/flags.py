"""Reads command lines as Helm does: flags anywhere, ``--flag value`` or ``--flag=value``, short flags, lists."""

import csv
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from kubesim.helm.chart.errors import ChartError

TEXT: Final = "string"
SWITCH: Final = "bool"
MANY: Final = "stringArray"
LIST: Final = "strings"
"""Like MANY, but every value may be several, between commas."""

_TRUE: Final = ("1", "t", "T", "true", "TRUE", "True")
_FALSE: Final = ("0", "f", "F", "false", "FALSE", "False")


class Flag(NamedTuple):
    """A flag; ``optional`` is what it means without a value, for flags whose value may be left out."""

    kind: str
    short: str = ""
    optional: str | None = None


class HelpRequested(Exception):
    """-h or --help was among the words."""


class Parsed(NamedTuple):
    """The values of the flags that were given, by name, and the other words."""

    flags: dict[str, Any]
    words: list[str]

    def text(self, name: str, default: str = "") -> str:
        """The value of a TEXT flag."""
        value: str = self.flags.get(name, default)
        return value

    def on(self, name: str, default: bool = False) -> bool:
        """The value of a SWITCH."""
        value: bool = self.flags.get(name, default)
        return value

    def many(self, name: str) -> list[str]:
        """The values of a MANY or LIST flag."""
        return list(self.flags.get(name, ()))


def parse(arguments: Sequence[str], known: Mapping[str, Flag]) -> Parsed:
    """Sort words from flags; ChartError with Helm's text for a flag that is unknown or has no good value."""
    short = {flag.short: name for name, flag in known.items() if flag.short}
    parsed = Parsed({}, [])
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            parsed.words.extend(rest)
            break
        if word.startswith("--"):
            _long(word, rest, known, parsed)
        elif word.startswith("-") and len(word) > 1:
            _short(word, rest, known, short, parsed)
        else:
            parsed.words.append(word)
    return parsed


def _long(word: str, rest: list[str], known: Mapping[str, Flag], parsed: Parsed) -> None:
    name, given, value = word[2:].partition("=")
    flag = known.get(name)
    if flag is None:
        if name == "help":
            raise HelpRequested
        raise ChartError(f"unknown flag: --{name}")
    if not given:
        if flag.optional is not None:
            value = flag.optional
        elif flag.kind == SWITCH:
            value = "true"
        elif rest:
            value = rest.pop(0)
        else:
            raise ChartError(f"flag needs an argument: --{name}")
    _set(name, flag, value, parsed)


def _short(word: str, rest: list[str], known: Mapping[str, Flag], short: Mapping[str, str], parsed: Parsed) -> None:
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        name = short.get(letter)
        if name is None:
            if letter == "h":
                raise HelpRequested
            raise ChartError(f"unknown shorthand flag: '{letter}' in {word}")
        flag = known[name]
        if letters.startswith("="):
            value, letters = letters[1:], ""
        elif flag.kind == SWITCH:
            value = "true"
        elif letters:
            value, letters = letters, ""
        elif rest:
            value = rest.pop(0)
        else:
            raise ChartError(f"flag needs an argument: '{letter}' in {word}")
        _set(name, flag, value, parsed)


def _set(name: str, flag: Flag, value: str, parsed: Parsed) -> None:
    if flag.kind == SWITCH:
        if value not in _TRUE + _FALSE:
            shown = f"-{flag.short}, --{name}" if flag.short else f"--{name}"
            reason = f'strconv.ParseBool: parsing "{value}": invalid syntax'
            raise ChartError(f'invalid argument "{value}" for "{shown}" flag: {reason}')
        parsed.flags[name] = value in _TRUE
    elif flag.kind == MANY:
        parsed.flags.setdefault(name, []).append(value)
    elif flag.kind == LIST:
        parsed.flags.setdefault(name, []).extend(next(csv.reader([value]), []))
    else:
        parsed.flags[name] = value
