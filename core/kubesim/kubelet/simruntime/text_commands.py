"""Commands about text: awk, grep, head, tail, wc, sort, uniq, cut, tr, sed, base64, xargs."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping

from kubesim.kubelet.simruntime import awk, paths
from kubesim.kubelet.simruntime.bulk import size_of
from kubesim.kubelet.simruntime.interpreter import Interpreter

LONGEST_PATTERN = 500


def _input(machine: Interpreter, names: list[str], command: str) -> str | None:
    """The text of files, or what is piped in; None after a complaint."""
    if not names:
        return machine.input()
    parts: list[str] = []
    for name in names:
        text = machine.input() if name == "-" else paths.text(machine.files, machine.path(name))
        if text is None:
            machine.complain(f"{command}: {name}: No such file or directory\n")
            return None
        parts.append(text)
    return "".join(parts)


def _split(argv: list[str]) -> tuple[str, list[str]]:
    flags = "".join(word[1:] for word in argv[1:] if word.startswith("-") and word != "-")
    return flags, [word for word in argv[1:] if not word.startswith("-") or word == "-"]


def _matcher(pattern: str, flags: str) -> re.Pattern[str] | None:
    """The compiled pattern; None for one that is no regular expression, or too long for one."""
    if "F" in flags or len(pattern) > LONGEST_PATTERN:
        pattern = re.escape(pattern)
    elif "E" not in flags:
        pattern = pattern.replace(r"\|", "|").replace(r"\(", "(").replace(r"\)", ")")
    try:
        return re.compile(pattern, re.IGNORECASE if "i" in flags else 0)
    except re.error:
        return None


def _grep(machine: Interpreter, argv: list[str]) -> int:
    flags, words = _split(argv)
    flags += "E" if argv[0] == "egrep" else "F" if argv[0] == "fgrep" else ""
    if not words:
        return 2
    text = _input(machine, words[1:], argv[0])
    wanted = _matcher(words[0], flags)
    if text is None or wanted is None:
        return 2
    lines = text.splitlines()
    found = [line for line in lines if bool(wanted.search(line)) != ("v" in flags)]
    if "o" in flags and "v" not in flags:
        found = [match.group(0) for line in lines for match in wanted.finditer(line) if match.group(0)]
    if "q" not in flags:
        machine.write(f"{len(found)}\n" if "c" in flags else "".join(f"{line}\n" for line in found))
    return 0 if found else 1


def _lines(machine: Interpreter, argv: list[str]) -> int:
    """Head and tail of a text; ``tail -f`` stays."""
    count, names, letters, begins = 10, [], False, False
    words = iter(argv[1:])
    for word in words:
        number = next(words, "") if word in {"-n", "-c"} else word.strip("-nc") if word.startswith("-") else ""
        if number.lstrip("+-").isdigit():
            count, begins = int(number.lstrip("+-")[:9]), number.startswith("+")
            letters = word.startswith("-c")
        elif word in {"-n", "-c"}:
            machine.complain(f"{argv[0]}: invalid number '{number}'\n")
            return 1
        elif not word.startswith("-"):
            names.append(word)
    text = _input(machine, names, argv[0])
    if text is None:
        return 1
    items: list[str] | str = text if letters else text.splitlines(keepends=True)
    if argv[0] == "head":
        shown = items[:count]
    else:
        shown = items[max(count - 1, 0) :] if begins else items[max(0, len(items) - count) :]
    machine.write("".join(shown))
    follows = any(word[:1] == "-" and word.lower().rstrip("0123456789").endswith("f") for word in argv[1:])
    if argv[0] == "tail" and follows:
        machine.stay()
    return 0


def _wc(machine: Interpreter, argv: list[str]) -> int:
    flags, names = _split(argv)
    text = _input(machine, names, "wc")
    if text is None:
        return 1
    counts = {"l": text.count("\n"), "w": len(text.split()), "c": _bytes(machine, names, text)}
    wanted = [letter for letter in "lwc" if letter in flags or (letter == "c" and "m" in flags)]
    shown = [str(counts[letter]) for letter in wanted] or [f"{counts[letter]:9}" for letter in "lwc"]
    machine.write(" ".join([*shown, *names[:1]]) + "\n")
    return 0


def _bytes(machine: Interpreter, names: list[str], text: str) -> int:
    found = [machine.files.get(machine.path(name)) for name in names]
    return sum(size_of(each) for each in found if each is not None) if names else size_of(text)


def _sort(machine: Interpreter, argv: list[str]) -> int:
    flags, names = _split(argv)
    text = _input(machine, names, "sort")
    if text is None:
        return 1
    lines = text.splitlines()
    if "u" in flags:
        lines = list(dict.fromkeys(lines))
    lines.sort(key=_number if "n" in flags else None, reverse="r" in flags)
    machine.write("".join(f"{line}\n" for line in lines))
    return 0


def _number(line: str) -> tuple[float, str]:
    match = re.match(r"\s*-?\d+(\.\d+)?", line)
    return (float(match.group(0)) if match else 0.0), line


def _uniq(machine: Interpreter, argv: list[str]) -> int:
    flags, names = _split(argv)
    runs: list[tuple[str, int]] = []
    for line in (_input(machine, names, "uniq") or "").splitlines():
        if runs and runs[-1][0] == line:
            runs[-1] = (line, runs[-1][1] + 1)
        else:
            runs.append((line, 1))
    machine.write("".join(f"{count:7} {line}\n" if "c" in flags else f"{line}\n" for line, count in runs))
    return 0


def _cut(machine: Interpreter, argv: list[str]) -> int:
    delimiter, fields, names = "\t", [], []
    words = iter(argv[1:])
    for word in words:
        if word.startswith("-d"):
            delimiter = word[2:] or next(words, "\t")
        elif word.startswith(("-f", "-c")):
            fields = [int(item) for item in (word[2:] or next(words, "")).split(",") if item.isdigit()]
        elif not word.startswith("-"):
            names.append(word)
    for line in (_input(machine, names, "cut") or "").splitlines():
        parts = line.split(delimiter)
        shown = [parts[field - 1] for field in fields if 0 < field <= len(parts)]
        machine.write((delimiter.join(shown) if len(parts) > 1 else line) + "\n")
    return 0


_CLASSES = {
    "[:lower:]": "abcdefghijklmnopqrstuvwxyz",
    "[:upper:]": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "[:digit:]": "0123456789",
}


def _letters(text: str) -> str:
    for name, letters in _CLASSES.items():
        text = text.replace(name, letters)
    text = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r")
    return re.sub(r"(.)-(.)", lambda match: "".join(map(chr, range(ord(match[1]), min(ord(match[2]), 1023) + 1))), text)


def _tr(machine: Interpreter, argv: list[str]) -> int:
    flags, words = _split(argv)
    text = machine.input()
    sets = [_letters(word) for word in words]
    if "d" in flags and sets:
        machine.write("".join(letter for letter in text if letter not in sets[0]))
    elif len(sets) == 2 and sets[1]:
        after = sets[1].ljust(len(sets[0]), sets[1][-1])
        machine.write(text.translate(dict(zip(map(ord, sets[0]), after, strict=False))))
    else:
        machine.write(text)
    return 0


def _sed(machine: Interpreter, argv: list[str]) -> int:
    flags, words = _split(argv)
    if not words:
        return 1
    script, names = words[0], words[1:]
    text = _input(machine, names, "sed")
    if text is None:
        return 1
    parts = script[2:].split(script[1]) if script[:1] == "s" and len(script) > 2 else []
    if len(parts) >= 2:
        wanted = _matcher(parts[0], flags)
        if wanted is None:
            return 1
        count = 0 if "g" in "".join(parts[2:]) else 1
        replacement = parts[1].replace("&", r"\g<0>")
        text = "".join(wanted.sub(replacement, line, count=count) for line in text.splitlines(keepends=True))
    if "i" in flags and names:
        machine.put(machine.path(names[0]), text)
    else:
        machine.write(text)
    return 0


def _base64(machine: Interpreter, argv: list[str]) -> int:
    flags, names = _split(argv)
    text = (_input(machine, names, "base64") or "").encode("utf-8", "surrogateescape")
    if "d" in flags:
        try:
            machine.write(base64.b64decode(text).decode("utf-8", "surrogateescape"))
        except binascii.Error:
            machine.complain("base64: truncated input\n")
            return 1
        return 0
    machine.write(base64.b64encode(text).decode() + "\n")
    return 0


def _hexdump(machine: Interpreter, argv: list[str]) -> int:
    """``hexdump -C``: sixteen bytes a line, equal lines once."""
    flags, names = _split(argv)
    text = _input(machine, names, "hexdump")
    if text is None:
        return 1
    data, before, starred = text.encode("utf-8", "surrogateescape"), b"", False
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        if row == before and len(row) == 16 and "v" not in flags:
            machine.write("" if starred else "*\n")
            starred = True
            continue
        before, starred = row, False
        machine.write(_canonical(at, row) if "C" in flags else _plain(at, row))
    machine.write(f"{len(data):0{8 if 'C' in flags else 7}x}\n" if data else "")
    return 0


def _canonical(at: int, row: bytes) -> str:
    halves = [" ".join(f"{byte:02x}" for byte in half) for half in (row[:8], row[8:])]
    shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
    return f"{at:08x}  {'  '.join(half for half in halves if half):<48}  |{shown}|\n"


def _plain(at: int, row: bytes) -> str:
    words = [f"{int.from_bytes(row[place : place + 2], 'little'):04x}" for place in range(0, len(row), 2)]
    return f"{at:07x} {' '.join(words)}\n"


def _xargs(machine: Interpreter, argv: list[str]) -> int:
    words = [word for word in argv[1:] if not word.startswith("-")] or ["echo"]
    machine.execute([*words, *machine.input().split()])
    return machine.status


COMMANDS: Mapping[str, Callable[[Interpreter, list[str]], int]] = {
    "awk": awk.awk,
    "grep": _grep, "egrep": _grep, "fgrep": _grep, "head": _lines, "tail": _lines, "wc": _wc, "sort": _sort,
    "uniq": _uniq, "cut": _cut, "tr": _tr, "sed": _sed, "base64": _base64, "xargs": _xargs,
    "hexdump": _hexdump,
}  # fmt: skip
