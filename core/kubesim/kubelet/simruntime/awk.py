"""``awk`` for the lines that people write with it: which lines, which of their words, and how many there were."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from kubesim.kubelet.simruntime import paths
from kubesim.kubelet.simruntime.interpreter import Interpreter

LONGEST = 2_000
_RULE = re.compile(r"\s*(?P<when>BEGIN|END|/(?:[^/\\]|\\.)*/|[^{}/]*)?\s*(?:\{(?P<what>[^{}]*)\})?\s*;?")
_TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<field>\$(?:NF|\d+))|(?P<name>[A-Za-z_]\w*)|(?P<number>\d+)|(?P<mark>,))'
)
_TEST = re.compile(r'\s*(\$(?:NF|\d+)|NR|NF)\s*(==|!=|>=|<=|>|<|!~|~)\s*("[^"]*"|/[^/]*/|-?\d+)\s*')
_SUM = re.compile(r"\s*([A-Za-z_]\w*)\s*\+=\s*(\$(?:NF|\d+)|\d+)\s*")


class Rule(NamedTuple):
    """What is done with which lines; an action of None prints the line."""

    when: str
    what: str | None


class _UnexpectedError(Exception):
    """What is not understood."""


class _Run:
    def __init__(self, separator: str) -> None:
        self.separator = separator
        self.line = ""
        self.fields: list[str] = []
        self.number = 0
        self.sums: dict[str, int] = {}
        self.out: list[str] = []

    def take(self, line: str) -> None:
        self.line, self.number = line, self.number + 1
        self.fields = line.split(self.separator) if self.separator.strip() else line.split()

    def value(self, word: str) -> str:
        if word == "NR":
            return str(self.number)
        if word in {"NF", "$NF"}:
            return str(len(self.fields)) if word == "NF" else (self.fields or [""])[-1]
        if word.startswith("$"):
            place = int(word[1:4])
            return self.line if not place else self.fields[place - 1] if place <= len(self.fields) else ""
        return str(self.sums.get(word, ""))

    # ------------------------------------------------------------------ conditions
    def meets(self, when: str) -> bool:
        if not when:
            return True
        if when.startswith("/"):
            return _pattern(when).search(self.line) is not None
        test = _TEST.fullmatch(when)
        if test is None:
            raise _UnexpectedError
        left, operation, right = self.value(test[1]), test[2], test[3]
        if operation.endswith("~"):
            found = _pattern(right).search(left) is not None
            return found == (operation == "~")
        if right.startswith('"'):
            return _COMPARE[operation]((left > right[1:-1]) - (left < right[1:-1]))
        return _COMPARE[operation](_number(left) - int(right[:9]))

    # ------------------------------------------------------------------ actions
    def act(self, what: str | None) -> None:
        if what is None:
            self.out.append(f"{self.line}\n")
            return
        for statement in filter(None, map(str.strip, re.split(r"[;\n]", what))):
            added = _SUM.fullmatch(statement)
            counted = re.fullmatch(r"([A-Za-z_]\w*)\+\+", statement)
            if counted is not None:
                self.sums[counted[1]] = self.sums.get(counted[1], 0) + 1
            elif added is not None:
                amount = _number(self.value(added[2])) if added[2].startswith("$") else int(added[2][:9])
                self.sums[added[1]] = self.sums.get(added[1], 0) + amount
            elif statement.split(None, 1)[0] == "print" or statement.startswith("print$"):
                self.show(statement[5:])
            else:
                raise _UnexpectedError

    def show(self, rest: str) -> None:
        if not rest.strip():
            self.out.append(f"{self.line}\n")
            return
        parts, at = [""], 0
        while rest[at:].strip():
            token = _TOKEN.match(rest, at)
            if token is None:
                raise _UnexpectedError
            at = token.end()
            if token["mark"]:
                parts.append("")
            elif token["text"]:
                parts[-1] += token["text"][1:-1].replace('\\"', '"').replace("\\t", "\t").replace("\\n", "\n")
            else:
                parts[-1] += token["number"] or self.value(token["field"] or token["name"])
        self.out.append(" ".join(parts) + "\n")


def _number(text: str) -> int:
    match = re.match(r"\s*-?\d{1,18}", text)
    return int(match.group(0)) if match else 0


def _pattern(word: str) -> re.Pattern[str]:
    try:
        return re.compile(word[1:-1])
    except re.error:
        raise _UnexpectedError from None


_COMPARE: dict[str, Callable[[int], bool]] = {
    "==": (0).__eq__, "!=": (0).__ne__, ">": (0).__lt__, ">=": (0).__le__, "<": (0).__gt__, "<=": (0).__ge__,
}  # fmt: skip


def _rules(program: str) -> list[Rule]:
    found, at = [], 0
    while program[at:].strip():
        match = _RULE.match(program, at)
        if match is None or match.end() == at:
            raise _UnexpectedError
        at = match.end()
        if match["when"] or match["what"] is not None:
            found.append(Rule((match["when"] or "").strip(), match["what"]))
    return found


def _carried_out(run: _Run, rules: Sequence[Rule], text: str) -> None:
    for rule in rules:
        if rule.when == "BEGIN":
            run.act(rule.what)
    for line in text.splitlines():
        run.take(line)
        for rule in rules:
            if rule.when not in {"BEGIN", "END"} and run.meets(rule.when):
                run.act(rule.what)
    for rule in rules:
        if rule.when == "END":
            run.act(rule.what)


def awk(machine: Interpreter, argv: list[str]) -> int:
    """Rules of patterns, comparisons, BEGIN and END with print, sums and counts; -F separates words."""
    words, separator = list(argv[1:]), ""
    while words and words[0].startswith("-F"):
        separator = words.pop(0)[2:] or (words.pop(0) if words else "")
    if not words or len(words[0]) > LONGEST:
        machine.complain("BusyBox v1.37.0 multi-call binary.\n\nUsage: awk [OPTIONS] [AWK_PROGRAM] [FILE]...\n")
        return 1
    parts = []
    for name in words[1:]:
        text = paths.text(machine.files, machine.path(name))
        if text is None:
            machine.complain(f"awk: {name}: No such file or directory\n")
            return 2
        parts.append(text)
    run = _Run(separator)
    try:
        rules = _rules(words[0])
        reads = any(rule.when != "BEGIN" for rule in rules)
        _carried_out(run, rules, "".join(parts) if words[1:] else machine.input() if reads else "")
    except _UnexpectedError:
        machine.complain("awk: cmd. line:1: Unexpected token\n")
        return 1
    machine.write("".join(run.out))
    return 0
