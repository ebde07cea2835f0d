"""Whether a text matches at all: one look at each character, by states that are made when they are first reached."""

from bisect import bisect_right
from typing import Final

from kubesim.objects.regex.linear import JUMP, MATCH, SAVE, SPLIT, TEST, Program, Step, holds

MOST: Final = 20_000
"""How many ways from state to state are remembered."""
WORD: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")


class State(dict[str, "State"]):
    """Where one may be in the program; the next states by character.

    ``before`` stands for the last character: "" at the begin, or one of its sort, which is all that tests look at.
    """

    __slots__ = ("before", "places")

    def __init__(self, places: tuple[int, ...], before: str) -> None:
        super().__init__()
        self.places = places
        self.before = before


FOUND: Final = State((), "")


class Decider:
    """Answers for one program."""

    def __init__(self, program: Program) -> None:
        self._steps = program.steps
        self._clear()

    def _clear(self) -> None:
        self._states: dict[tuple[tuple[int, ...], str], State] = {}
        self._ways = 0
        self._start = self._state((), "")

    def _state(self, places: tuple[int, ...], before: str) -> State:
        found = self._states.get((places, before))
        if found is None:
            found = self._states[places, before] = State(places, before)
        return found

    def matches(self, text: str) -> bool:
        """Whether the expression is found anywhere in a text."""
        here = self._start
        for letter in text:
            there = here.get(letter)
            if there is None:
                there = self._way(here, letter)
            if there is FOUND:
                return True
            here = there
        return self._reach(here, "") is None

    def _way(self, here: State, letter: str) -> State:
        """The state behind a character."""
        self._ways += 1
        if self._ways > MOST:
            self._clear()
        ready = self._reach(here, letter)
        if ready is None:
            found = FOUND
        else:
            code = ord(letter)
            places = dict.fromkeys(step.one for step in ready if _takes(step, code))
            sort = letter if letter == "\n" else "a" if letter in WORD else "-"
            found = self._state(tuple(sorted(places)), sort)
        here[letter] = found
        return found

    def _reach(self, here: State, letter: str) -> list[Step] | None:
        """The steps that read a character next, None when the expression is found."""
        # Tests look at the characters on both sides alone: two letters say all.
        text, at = here.before + letter, len(here.before)
        seen: set[int] = set()
        ready: list[Step] = []
        stack = [0, *here.places]
        while stack:
            place = stack.pop()
            if place in seen:
                continue
            seen.add(place)
            step = self._steps[place]
            if step.code == MATCH:
                return None
            if step.code in {JUMP, SAVE}:
                stack.append(step.one)
            elif step.code == SPLIT:
                stack += (step.one, step.two)
            elif step.code == TEST:
                if holds(step.test, text, at):
                    stack.append(step.one)
            else:
                ready.append(step)
        return ready


def _takes(step: Step, code: int) -> bool:
    place = bisect_right(step.starts, code) - 1
    return place >= 0 and code <= step.ends[place]
