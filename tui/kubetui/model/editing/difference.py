"""The difference between two texts, line by line."""

import difflib
from typing import NamedTuple

CONTEXT = 3


class DiffLine(NamedTuple):
    """One line: ``kind`` is same, added, removed or hunk; line numbers count from 1, 0 where there is none."""

    kind: str
    text: str
    old: int = 0
    new: int = 0


def diff(old: str, new: str, context: int = CONTEXT) -> list[DiffLine]:
    """The changed lines with some lines around them; nothing when the texts are the same."""
    before, after = old.splitlines(), new.splitlines()
    lines: list[DiffLine] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=len(before) + len(after) > 4000)
    for group in matcher.get_grouped_opcodes(context):
        lines.append(_hunk(group))
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                pairs = zip(range(old_from, old_to), range(new_from, new_to), strict=True)
                lines.extend(DiffLine("same", before[at], at + 1, to + 1) for at, to in pairs)
                continue
            lines.extend(DiffLine("removed", before[at], at + 1) for at in range(old_from, old_to))
            lines.extend(DiffLine("added", after[at], 0, at + 1) for at in range(new_from, new_to))
    return lines


def _hunk(group: list[tuple[str, int, int, int, int]]) -> DiffLine:
    first, last = group[0], group[-1]
    old, new = last[2] - first[1], last[4] - first[3]
    return DiffLine("hunk", f"@@ -{first[1] + 1},{old} +{first[3] + 1},{new} @@", first[1] + 1, first[3] + 1)


def counts(lines: list[DiffLine]) -> tuple[int, int]:
    """How many lines were added and removed."""
    return sum(line.kind == "added" for line in lines), sum(line.kind == "removed" for line in lines)


def unified(lines: list[DiffLine]) -> str:
    """The difference as plain text."""
    signs = {"same": " ", "added": "+", "removed": "-", "hunk": ""}
    return "\n".join(f"{signs[line.kind]}{line.text}" for line in lines)
