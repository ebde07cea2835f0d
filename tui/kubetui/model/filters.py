"""What a person types after ``/``: a regular expression, its inverse, labels, fuzzy letters, or one column's text."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from kubesim.objects import selectors

Labels = Mapping[str, str]


class Candidate(NamedTuple):
    """What a filter may look at; the text and the cells are functions, since they cost more than labels do."""

    labels: Labels
    text: Callable[[], str]
    cell: Callable[[str], str]


class Filter(NamedTuple):
    """A filter as typed. ``error`` says why it cannot be used; then everything passes."""

    text: str = ""
    error: str = ""
    matches: Callable[[Candidate], bool] | None = None

    def __bool__(self) -> bool:
        return self.matches is not None


NOTHING = Filter()


def parse(text: str) -> Filter:
    """Read a filter: ``re``, ``!re``, ``-l selector``, ``-f letters``, ``COL:re``. Never raises."""
    typed = text.strip()
    if not typed:
        return NOTHING
    try:
        if typed.startswith("-l"):
            return Filter(typed, "", _labels(typed[2:].strip()))
        if typed.startswith("-f"):
            return Filter(typed, "", _fuzzy(typed[2:].strip()))
        column, colon, rest = typed.partition(":")
        if colon and rest and re.fullmatch(r"[A-Z][A-Z0-9/%-]*", column):
            return Filter(typed, "", _column(column, rest))
        return Filter(typed, "", _inverse(typed[1:]) if typed.startswith("!") else _expression(typed))
    except (re.error, ValueError) as error:
        return Filter(typed, str(error))


def _pattern(text: str) -> re.Pattern[str]:
    # Smart case, as in editors: capitals mean that case matters.
    return re.compile(text, 0 if any(letter.isupper() for letter in text) else re.IGNORECASE)


def _expression(text: str) -> Callable[[Candidate], bool]:
    search = _pattern(text).search

    def matches(candidate: Candidate) -> bool:
        return search(candidate.text()) is not None

    return matches


def _inverse(text: str) -> Callable[[Candidate], bool]:
    inner = _expression(text)

    def matches(candidate: Candidate) -> bool:
        return not inner(candidate)

    return matches


def _labels(text: str) -> Callable[[Candidate], bool]:
    selector = selectors.parse_labels(text)

    def matches(candidate: Candidate) -> bool:
        return selector.matches(candidate.labels)

    return matches


def _fuzzy(text: str) -> Callable[[Candidate], bool]:
    search = re.compile(".*?".join(re.escape(letter) for letter in text), re.IGNORECASE).search

    def matches(candidate: Candidate) -> bool:
        return search(candidate.text()) is not None

    return matches


def _column(title: str, text: str) -> Callable[[Candidate], bool]:
    search = _pattern(text).search

    def matches(candidate: Candidate) -> bool:
        return search(candidate.cell(title)) is not None

    return matches
