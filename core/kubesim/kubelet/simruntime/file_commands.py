"""Commands about files and their text: cat, touch, rm, ls, test, grep, head, tail, wc, tee."""

from collections.abc import Callable, Mapping

from kubesim.kubelet.simruntime.interpreter import STDIN, Interpreter


def _cat(machine: Interpreter, argv: list[str]) -> int:
    status = 0
    for path in [word for word in argv[1:] if not word.startswith("-") or word == "-"] or ["-"]:
        if path == "-":
            machine.write(machine.variables.get(STDIN, ""))
        elif path in machine.files:
            machine.write(machine.files[path])
        else:
            machine.complain(f"cat: can't open '{path}': No such file or directory\n")
            status = 1
    return status


def _touch(machine: Interpreter, argv: list[str]) -> int:
    for path in argv[1:]:
        if not path.startswith("-"):
            machine.put(path, machine.files.get(path, ""))
    return 0


def _rm(machine: Interpreter, argv: list[str]) -> int:
    force = any(word.startswith("-") and "f" in word for word in argv[1:])
    status = 0
    for path in [word for word in argv[1:] if not word.startswith("-")]:
        gone = [name for name in machine.files if name == path or name.startswith(path.rstrip("/") + "/")]
        for name in gone:
            machine.drop(name)
        if not gone and not force:
            machine.complain(f"rm: can't remove '{path}': No such file or directory\n")
            status = 1
    return status


def _ls(machine: Interpreter, argv: list[str]) -> int:
    status = 0
    for path in [word for word in argv[1:] if not word.startswith("-")] or ["/"]:
        root = path.rstrip("/") + "/"
        inside = sorted({name[len(root) :].split("/")[0] for name in machine.files if name.startswith(root)})
        if path in machine.files:
            machine.write(path + "\n")
        elif inside or path == "/":
            machine.write("".join(f"{name}\n" for name in inside))
        else:
            machine.complain(f"ls: {path}: No such file or directory\n")
            status = 1
    return status


def _test(machine: Interpreter, argv: list[str]) -> int:
    words = argv[1:-1] if argv[0] in {"[", "[["} else argv[1:]
    return 0 if _holds(machine, words) else 1


def _holds(machine: Interpreter, words: list[str]) -> bool:
    if words and words[0] == "!":
        return not _holds(machine, words[1:])
    for joint in ("-o", "-a"):
        if joint in words:
            at = words.index(joint)
            left, right = _holds(machine, words[:at]), _holds(machine, words[at + 1 :])
            return (left or right) if joint == "-o" else (left and right)
    if len(words) == 2:
        return _holds_one(machine, words[0], words[1])
    if len(words) == 3:
        return _compares(words[0], words[1], words[2])
    return bool(words and words[0])


def _holds_one(machine: Interpreter, operator: str, value: str) -> bool:
    if operator in {"-f", "-e", "-r", "-s", "-x"}:
        return value in machine.files and (operator != "-s" or bool(machine.files[value]))
    if operator == "-d":
        return value == "/" or any(name.startswith(value.rstrip("/") + "/") for name in machine.files)
    return bool(value) if operator == "-n" else not value


def _compares(left: str, operator: str, right: str) -> bool:
    if operator in {"=", "==", "!="}:
        return (left == right) == (operator != "!=")
    try:
        one, two = int(left), int(right)
    except ValueError:
        return False
    results = {
        "-eq": one == two,
        "-ne": one != two,
        "-lt": one < two,
        "-le": one <= two,
        "-gt": one > two,
        "-ge": one >= two,
    }
    return results.get(operator, False)


# ---------------------------------------------------------------------- text
def _grep(machine: Interpreter, argv: list[str]) -> int:
    flags = "".join(word for word in argv[1:] if word.startswith("-"))
    words = [word for word in argv[1:] if not word.startswith("-")]
    if not words:
        return 2
    text = machine.variables.get(STDIN, "") if len(words) == 1 else machine.files.get(words[1], "")
    wanted = words[0].lower() if "i" in flags else words[0]
    found = [
        line for line in text.splitlines() if (wanted in (line.lower() if "i" in flags else line)) != ("v" in flags)
    ]
    if "q" not in flags:
        machine.write(f"{len(found)}\n" if "c" in flags else "".join(f"{line}\n" for line in found))
    return 0 if found else 1


def _lines(machine: Interpreter, argv: list[str]) -> int:
    """Head and tail of a text; ``tail -f`` stays."""
    count, paths = 10, []
    words = iter(argv[1:])
    for word in words:
        number = next(words, "") if word in {"-n", "-c"} else word.strip("-n") if word.startswith("-") else ""
        if number.lstrip("+-").isdigit():
            count = int(number.lstrip("+-")[:9])
        elif word in {"-n", "-c"}:
            machine.complain(f"{argv[0]}: invalid number '{number}'\n")
            return 1
        elif not word.startswith("-"):
            paths.append(word)
    text = machine.files.get(paths[0], "") if paths else machine.variables.get(STDIN, "")
    lines = text.splitlines()
    shown = lines[:count] if argv[0] == "head" else lines[max(0, len(lines) - count) :]
    machine.write("".join(f"{line}\n" for line in shown))
    follows = any(word[:1] == "-" and word.lower().rstrip("0123456789").endswith("f") for word in argv[1:])
    if argv[0] == "tail" and follows:
        machine.stay()
    return 0


def _wc(machine: Interpreter, argv: list[str]) -> int:
    text = machine.variables.get(STDIN, "")
    machine.write(f"{len(text) if '-c' in argv else text.count(chr(10))}\n")
    return 0


def _tee(machine: Interpreter, argv: list[str]) -> int:
    text = machine.variables.get(STDIN, "")
    for path in argv[1:]:
        if not path.startswith("-"):
            machine.put(path, (machine.files.get(path, "") if "-a" in argv else "") + text)
    machine.write(text)
    return 0


COMMANDS: Mapping[str, Callable[[Interpreter, list[str]], int]] = {
    "cat": _cat,
    "touch": _touch,
    "rm": _rm,
    "ls": _ls,
    "test": _test,
    "[": _test,
    "[[": _test,
    "grep": _grep,
    "head": _lines,
    "tail": _lines,
    "wc": _wc,
    "tee": _tee,
}
