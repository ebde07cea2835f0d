"""The order in which go-yaml writes the keys of a map: letters after other signs, runs of digits by their number."""

import re
from collections.abc import Mapping
from functools import cmp_to_key, lru_cache
from typing import Any, Final

_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SIGNS: Final = bytes(code for code in range(128) if code not in _LETTERS)
_RANKS: Final = bytes.maketrans(_SIGNS + _LETTERS, bytes(range(128)))
_RUN: Final = re.compile(r"[0-9]+|.", re.DOTALL)
_DIGITS: Final = frozenset("0123456789")


def ordered(mapping: Mapping[str, Any], version: int) -> tuple[str, ...]:
    """The keys in the order of go-yaml version 2 or 3."""
    return _ordered(tuple(mapping), version)


@lru_cache(maxsize=4096)
def _ordered(keys: tuple[str, ...], version: int) -> tuple[str, ...]:
    if all(map(str.isascii, keys)) and not any(map(_DIGITS.intersection, keys)):
        return tuple(sorted(keys, key=_rank))
    compare = _compare2 if version == 2 else _compare3
    # go-yaml's order is not transitive ("9" < "10" < "1a" < "9"): where it contradicts itself the natural order stays.
    return tuple(sorted(sorted(keys, key=_natural), key=cmp_to_key(compare)))


def _natural(key: str) -> list[tuple[int, int, int]]:
    parts: list[tuple[int, int, int]] = []
    for run in _RUN.findall(key):
        if run.isdecimal():
            parts.append((0, int(run) + 1, len(run)))
        else:
            parts.append((int(run.isalpha()), 0 if not run.isalpha() else ord(run), ord(run)))
    return parts


def _rank(key: str) -> bytes:
    return key.encode().translate(_RANKS)


def _compare2(left: str, right: str) -> int:
    return _compare(left, right, letters_follow_digits=False)


def _compare3(left: str, right: str) -> int:
    return _compare(left, right, letters_follow_digits=True)


def _compare(left: str, right: str, letters_follow_digits: bool) -> int:
    place = 0
    shortest = min(len(left), len(right))
    while place < shortest and left[place] == right[place]:
        place += 1
    if place == shortest:
        return len(left) - len(right)
    one, other = left[place], right[place]
    left_letter, right_letter = one.isalpha(), other.isalpha()
    if left_letter and right_letter:
        return -1 if one < other else 1
    if left_letter or right_letter:
        after_digit = letters_follow_digits and place > 0 and left[place - 1].isdecimal()
        return -1 if (left_letter if after_digit else right_letter) else 1
    return _compare_numbers(left, right, place)


def _compare_numbers(left: str, right: str, place: int) -> int:
    """Compare by the digits that start at a place; a digit other than zero before it keeps leading zeros apart."""
    start = 0
    if left[place] == "0" or right[place] == "0":
        before = place - 1
        while before >= 0 and left[before].isdecimal():
            if left[before] != "0":
                start = 1
                break
            before -= 1
    left_number, left_end = _run(left, place, start)
    right_number, right_end = _run(right, place, start)
    if left_number != right_number:
        return -1 if left_number < right_number else 1
    if left_end != right_end:
        return left_end - right_end
    return -1 if left[place] < right[place] else 1


def _run(text: str, place: int, number: int) -> tuple[int, int]:
    while place < len(text) and text[place].isdecimal():
        number = number * 10 + ord(text[place]) - 48
        place += 1
    # Go counts in an int64 that wraps around.
    return (number + (1 << 63)) % (1 << 64) - (1 << 63), place
