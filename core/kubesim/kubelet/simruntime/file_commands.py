"""Commands about files: cat, touch, rm, mkdir, mv, cp, cd, pwd, find, test, tee."""

from collections.abc import Callable, Mapping

from kubesim.kubelet.simruntime import paths
from kubesim.kubelet.simruntime.attributes import EXECUTE, READ, WRITE
from kubesim.kubelet.simruntime.bulk import size_of
from kubesim.kubelet.simruntime.interpreter import MAX_TEXT, Interpreter
from kubesim.kubelet.simruntime.machine import FOLDER

MISSING = "No such file or directory"
DENIED, FIXED = "Permission denied", "Read-only file system"


def _words(argv: list[str]) -> list[str]:
    return [word for word in argv[1:] if not word.startswith("-") or word == "-"]


def _flags(argv: list[str]) -> str:
    return "".join(word for word in argv[1:] if word.startswith("-") and word != "-")


def _copy(machine: Interpreter) -> None:
    """What is read goes out again; what is typed, line by line."""
    if not machine.is_live:
        machine.write(machine.input())
        return
    while (line := machine.line()) is not None:
        machine.write(line)


def _cat(machine: Interpreter, argv: list[str]) -> int:
    status = 0
    for word in _words(argv) or ["-"]:
        path = machine.path(word)
        if word == "-":
            _copy(machine)
        elif (text := paths.text(machine.files, path)) is not None and machine.may(path, READ):
            machine.write(text)
        elif text is not None:
            machine.complain(f"cat: can't open '{word}': {DENIED}\n")
            status = 1
        elif paths.is_folder(machine.files, path):
            machine.complain("cat: read error: Is a directory\n")
            status = 1
        else:
            machine.complain(f"cat: can't open '{word}': {MISSING}\n")
            status = 1
    return status


def _touch(machine: Interpreter, argv: list[str]) -> int:
    status = 0
    for word in _words(argv):
        path = machine.path(word)
        if paths.is_folder(machine.files, path):
            continue
        refusal = machine.refusal(path)
        if refusal:
            machine.complain(f"touch: {word}: {refusal}\n")
            status = 1
        else:
            machine.put(path, machine.files.get(path, ""))
    return status


def _rm(machine: Interpreter, argv: list[str]) -> int:
    flags, status = _flags(argv), 0
    for word in _words(argv):
        path = machine.path(word)
        gone = paths.below(machine.files, path)
        if gone and path not in machine.files and "r" not in flags.lower():
            machine.complain(f"rm: '{word}' is a directory\n")
            status = 1
            continue
        if gone and (machine.is_fixed(path) or not machine.may(paths.parent(path), WRITE)):
            machine.complain(f"rm: can't remove '{word}': {FIXED if machine.is_fixed(path) else DENIED}\n")
            status = 1
            continue
        for name in gone:
            machine.drop(name)
        _keep_folder(machine, path)
        if not gone and "f" not in flags:
            machine.complain(f"rm: can't remove '{word}': {MISSING}\n")
            status = 1
    return status


def _keep_folder(machine: Interpreter, path: str) -> None:
    """The folder that something was taken out of stays, even when it is empty now."""
    folder = paths.parent(path)
    if not paths.is_folder(machine.files, folder):
        machine.put(f"{folder}/", "")


def _mkdir(machine: Interpreter, argv: list[str]) -> int:
    for word in _words(argv):
        path = machine.path(word)
        if "p" not in _flags(argv):
            known = paths.exists(machine.files, path)
            if known or not paths.is_folder(machine.files, paths.parent(path)):
                machine.complain(f"mkdir: can't create directory '{word}': {'File exists' if known else MISSING}\n")
                return 1
        if not paths.is_folder(machine.files, path):
            if refusal := machine.refusal(path):
                machine.complain(f"mkdir: can't create directory '{word}': {refusal}\n")
                return 1
            machine.put(f"{path}/", "")
    return 0


def _move(machine: Interpreter, argv: list[str]) -> int:
    """``mv`` and ``cp``."""
    words, copies = _words(argv), argv[0] == "cp"
    if len(words) < 2:
        machine.complain(f"{argv[0]}: missing operand\n")
        return 1
    *sources, last = words
    target, status = machine.path(last), 0
    into = last.endswith("/") or paths.is_folder(machine.files, target)
    for word in sources:
        path = machine.path(word)
        found = paths.below(machine.files, path)
        if not found:
            verb = "can't stat" if copies else "can't rename"
            machine.complain(f"{argv[0]}: {verb} '{word}': {MISSING}\n")
            status = 1
            continue
        goal = f"{target.rstrip('/')}/{path.rpartition('/')[2]}" if into else target
        for name in found:
            machine.put(goal + name[len(path) :], machine.files[name])
            if not copies:
                machine.drop(name)
        _keep_folder(machine, path)
        if "v" in _flags(argv):
            machine.write(f"'{word}' -> '{goal if into else last}'\n" if copies else f"renamed '{word}' -> '{last}'\n")
    return status


def _link(machine: Interpreter, argv: list[str]) -> int:
    words = _words(argv)
    if len(words) == 2 and machine.path(words[0]) in machine.files:
        machine.put(machine.path(words[1]), machine.files[machine.path(words[0])])
    return 0


# ---------------------------------------------------------------------- looking
def _find(machine: Interpreter, argv: list[str]) -> int:
    root = argv[1] if len(argv) > 1 and not argv[1].startswith("-") else "."
    base = machine.path(root)
    if not paths.exists(machine.files, base):
        machine.complain(f"find: {root}: {MISSING}\n")
        return 1
    pattern = argv[argv.index("-name") + 1].strip("*") if "-name" in argv[:-1] else ""
    only_files = "-type" in argv[:-1] and argv[argv.index("-type") + 1] == "f"
    found = [] if only_files or pattern else [root]
    for name in paths.below(machine.files, base):
        if name.endswith("/") and only_files:
            continue
        if pattern in name.rstrip("/").rpartition("/")[2]:
            found.append(root.rstrip("/") + name.rstrip("/")[len(base.rstrip("/")) :])
    machine.write("".join(f"{name}\n" for name in dict.fromkeys(found)))
    return 0


def _cd(machine: Interpreter, argv: list[str]) -> int:
    word = argv[1] if len(argv) > 1 else "/root"
    path = machine.path(word)
    if not paths.is_folder(machine.files, path):
        machine.complain(f"sh: cd: can't cd to {word}: {MISSING}\n")
        return 2
    machine.variables[FOLDER] = path
    return 0


def _pwd(machine: Interpreter, argv: list[str]) -> int:
    del argv
    machine.write(machine.path("") + "\n")
    return 0


def _basename(machine: Interpreter, argv: list[str]) -> int:
    for word in argv[1:2]:
        folder, _, name = word.rstrip("/").rpartition("/")
        machine.write(f"{name if argv[0] == 'basename' else folder or ('/' if word.startswith('/') else '.')}\n")
    return 0


# ---------------------------------------------------------------------- test
def _test(machine: Interpreter, argv: list[str]) -> int:
    words = argv[1:-1] if argv[0] in {"[", "[["} else argv[1:]
    return 0 if _holds(machine, words) else 1


def _holds(machine: Interpreter, words: list[str]) -> bool:
    if words and words[0] == "!":
        return not _holds(machine, words[1:])
    for joint in ("-o", "||", "-a", "&&"):
        if joint in words:
            at = words.index(joint)
            left, right = _holds(machine, words[:at]), _holds(machine, words[at + 1 :])
            return (left or right) if joint in {"-o", "||"} else (left and right)
    if len(words) == 2:
        return _holds_one(machine, words[0], words[1])
    if len(words) == 3:
        return _compares(words[0], words[1], words[2])
    return bool(words and words[0])


def _holds_one(machine: Interpreter, operator: str, value: str) -> bool:
    if operator in {"-f", "-s"}:
        text = machine.files.get(machine.path(value))
        return text is not None and (operator != "-s" or size_of(text) > 0)
    if operator in {"-e", "-r", "-w", "-x"}:
        path = machine.path(value)
        right = {"-r": READ, "-w": WRITE, "-x": EXECUTE}.get(operator)
        return paths.exists(machine.files, path) and (right is None or machine.may(path, right))
    if operator == "-d":
        return paths.is_folder(machine.files, machine.path(value))
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


def _tee(machine: Interpreter, argv: list[str]) -> int:
    text = machine.input()
    for word in _words(argv):
        path = machine.path(word)
        before = machine.files.get(path, "") if "a" in _flags(argv) else ""
        machine.put(path, (before + text)[:MAX_TEXT])
    machine.write(text)
    return 0


COMMANDS: Mapping[str, Callable[[Interpreter, list[str]], int]] = {
    "cat": _cat, "touch": _touch, "rm": _rm, "rmdir": _rm, "mkdir": _mkdir, "mv": _move, "cp": _move, "ln": _link,
    "find": _find, "cd": _cd, "pwd": _pwd, "basename": _basename, "dirname": _basename,
    "test": _test, "[": _test, "[[": _test, "tee": _tee,
}  # fmt: skip
