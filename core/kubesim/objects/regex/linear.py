"""A regular expression engine that takes time linear in the text: all alternatives advance together."""

from bisect import bisect_right
from typing import Final, NamedTuple

from kubesim.objects.regex.classes import Ranges
from kubesim.objects.regex.errors import RegexError
from kubesim.objects.regex.sets import Node

MAX_PROGRAM: Final = 20_000
SET, SPLIT, JUMP, SAVE, TEST, MATCH = range(6)
_WORD: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")


class Step(NamedTuple):
    """An instruction. ``one`` is where it goes on, ``two`` a split's second choice or a save's slot."""

    code: int
    one: int = 0
    two: int = 0
    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()
    test: str = ""


class Program(NamedTuple):
    """The instructions, and how many positions a match remembers."""

    steps: list[Step]
    slots: int


def assemble(tree: Node, groups: int) -> Program:
    """The program of an expression."""
    steps: list[Step] = [Step(SAVE, 1, 0)]
    _emit(tree, steps)
    steps.append(Step(SAVE, len(steps) + 1, 1))
    steps.append(Step(MATCH))
    return Program(steps, 2 * (groups + 1))


def _emit(node: Node, steps: list[Step]) -> None:
    if len(steps) > MAX_PROGRAM:
        raise RegexError("error parsing regexp: expression too large")
    match node.kind:
        case "set":
            steps.append(_set_step(node.ranges, len(steps) + 1))
        case "join":
            for part in node.parts:
                _emit(part, steps)
        case "group":
            _emit_group(node, steps)
        case "either":
            _emit_either(node, steps)
        case "repeat":
            _emit_repeat(node, steps)
        case _:
            steps.append(Step(TEST, len(steps) + 1, test=node.kind))


def _emit_group(node: Node, steps: list[Step]) -> None:
    if not node.number:
        _emit(node.parts[0], steps)
        return
    steps.append(Step(SAVE, len(steps) + 1, 2 * node.number))
    _emit(node.parts[0], steps)
    steps.append(Step(SAVE, len(steps) + 1, 2 * node.number + 1))


def _set_step(ranges: Ranges, following: int) -> Step:
    return Step(SET, following, starts=tuple(low for low, _ in ranges), ends=tuple(high for _, high in ranges))


def _emit_either(node: Node, steps: list[Step]) -> None:
    jumps: list[int] = []
    for part in node.parts[:-1]:
        split = len(steps)
        steps.append(Step(SPLIT))
        _emit(part, steps)
        jumps.append(len(steps))
        steps.append(Step(JUMP))
        steps[split] = Step(SPLIT, split + 1, len(steps))
    _emit(node.parts[-1], steps)
    for jump in jumps:
        steps[jump] = Step(JUMP, len(steps))


def _split(steps: list[Step], at: int, inside: int, outside: int, *, lazy: bool) -> None:
    steps[at] = Step(SPLIT, outside, inside) if lazy else Step(SPLIT, inside, outside)


def _emit_repeat(node: Node, steps: list[Step]) -> None:
    body = node.parts[0]
    for _ in range(node.least):
        _emit(body, steps)
    if node.most is None:
        split = len(steps)
        steps.append(Step(SPLIT))
        _emit(body, steps)
        steps.append(Step(JUMP, split))
        _split(steps, split, split + 1, len(steps), lazy=node.lazy)
        return
    splits: list[int] = []
    for _ in range(node.most - node.least):
        splits.append(len(steps))
        steps.append(Step(SPLIT))
        _emit(body, steps)
    for split in splits:
        _split(steps, split, split + 1, len(steps), lazy=node.lazy)


def holds(test: str, text: str, at: int) -> bool:
    """Whether an anchor is there at a place of a text."""
    if test == "begin":
        return at == 0
    if test == "end":
        return at == len(text)
    if test == "line_begin":
        return at == 0 or text[at - 1] == "\n"
    if test == "line_end":
        return at == len(text) or text[at] == "\n"
    before = at > 0 and text[at - 1] in _WORD
    behind = at < len(text) and text[at] in _WORD
    return (before != behind) is (test == "boundary")


Positions = tuple[int, ...]


def search(program: Program, text: str, start: int) -> list[tuple[int, int]] | None:
    """The leftmost match from a place on, as spans."""
    steps = program.steps
    unset: Positions = (-1,) * program.slots
    threads: list[tuple[int, Positions]] = []
    found: Positions | None = None
    for at in range(start, len(text) + 1):
        seen: set[int] = set()
        ready: list[tuple[int, Positions]] = []
        for counter, positions in threads:
            _follow(steps, counter, positions, text, at, seen, ready)
        if found is None:
            _follow(steps, 0, unset, text, at, seen, ready)
        threads, found = _advance(steps, ready, text, at, found)
        if found is not None and not threads:
            break
    if found is None:
        return None
    return [(found[slot], found[slot + 1]) for slot in range(0, program.slots, 2)]


def _advance(
    steps: list[Step], ready: list[tuple[int, Positions]], text: str, at: int, found: Positions | None
) -> tuple[list[tuple[int, Positions]], Positions | None]:
    """The threads behind the next character; a match drops those of less preference."""
    code = ord(text[at]) if at < len(text) else -1
    threads: list[tuple[int, Positions]] = []
    for counter, positions in ready:
        step = steps[counter]
        if step.code == MATCH:
            return threads, positions
        place = bisect_right(step.starts, code) - 1
        if place >= 0 and code <= step.ends[place]:
            threads.append((step.one, positions))
    return threads, found


def _follow(
    steps: list[Step],
    counter: int,
    positions: Positions,
    text: str,
    at: int,
    seen: set[int],
    ready: list[tuple[int, Positions]],
) -> None:
    """Add all threads that a place leads to without reading a character, in order of preference."""
    stack = [(counter, positions)]
    while stack:
        counter, positions = stack.pop()
        if counter in seen:
            continue
        seen.add(counter)
        step = steps[counter]
        if step.code == JUMP:
            stack.append((step.one, positions))
        elif step.code == SPLIT:
            stack.append((step.two, positions))
            stack.append((step.one, positions))
        elif step.code == SAVE:
            slot = step.two
            stack.append((step.one, (*positions[:slot], at, *positions[slot + 1 :])))
        elif step.code == TEST:
            if holds(step.test, text, at):
                stack.append((step.one, positions))
        else:
            ready.append((counter, positions))
