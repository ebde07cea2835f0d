"""Commands about permissions and owners: ls, stat, chmod, chown, chgrp, umask, id, whoami."""

from collections.abc import Callable, Mapping

from kubesim.kubelet.simruntime import attributes, paths
from kubesim.kubelet.simruntime.bulk import size_of
from kubesim.kubelet.simruntime.interpreter import Interpreter
from kubesim.kubelet.simruntime.machine import MASK
from kubesim.kubelet.simruntime.timeline import DATE_MARK

MISSING = "No such file or directory"
_LISTED = "%b %e %H:%M"
_MOMENT = "%Y-%m-%d %H:%M:%S.000000000 +0000"
_NUMBERS = {name: number for number, name in attributes.NAMES.items()}


def _words(argv: list[str]) -> list[str]:
    return [word for word in argv[1:] if not word.startswith("-") or word == "-"]


def _flags(argv: list[str]) -> str:
    return "".join(word for word in argv[1:] if word.startswith("-") and word != "-")


# ---------------------------------------------------------------------- looking
def _ls(machine: Interpreter, argv: list[str]) -> int:
    flags, status = _flags(argv), 0
    words = _words(argv) or ["."]
    for position, word in enumerate(words):
        path = machine.path(word)
        if path in machine.files or ("d" in flags and paths.is_folder(machine.files, path)):
            machine.write(_line(machine, path, word, flags) if "l" in flags or "n" in flags else f"{word}\n")
        elif paths.is_folder(machine.files, path):
            if not machine.may(path, attributes.READ):
                machine.complain(f"ls: can't open '{word}': Permission denied\n")
                status = 1
                continue
            if len(words) > 1:
                machine.write(f"{chr(10) if position else ''}{word}:\n")
            _list_folder(machine, path, flags)
        else:
            machine.complain(f"ls: {word}: {MISSING}\n")
            status = 1
    return status


def _list_folder(machine: Interpreter, path: str, flags: str) -> None:
    names = paths.inside(machine.files, path)
    if "a" not in flags and "A" not in flags:
        names = [name for name in names if not name.startswith(".")]
    if "l" not in flags and "n" not in flags:
        machine.write("".join(f"{name}\n" for name in [*([".", ".."] if "a" in flags else []), *names]))
        return
    machine.write(f"total {4 * len(names)}\n")
    if "a" in flags:
        machine.write(_line(machine, path, ".", flags) + _line(machine, paths.parent(path), "..", flags))
    machine.write("".join(_line(machine, f"{path.rstrip('/')}/{name}", name, flags) for name in names))


def _line(machine: Interpreter, path: str, name: str, flags: str) -> str:
    text, found = machine.files.get(path), machine.attributes_of(path)
    links, size = (2, 4096) if text is None else (1, size_of(text))
    user, group = str(found.user), str(found.group)
    if "n" not in flags:
        user, group = attributes.name_of(found.user), attributes.name_of(found.group)
    shown = attributes.letters(found.mode, folder=text is None)
    return f"{shown} {links:4} {user:<8} {group:<8} {size:9} {DATE_MARK}{_LISTED}{DATE_MARK} {name}\n"


def _stat(machine: Interpreter, argv: list[str]) -> int:
    pattern, words, status = "", [], 0
    rest = list(argv[1:])
    while rest:
        word = rest.pop(0)
        if word in {"-c", "--format", "-f"} and rest:
            pattern = rest.pop(0)
        elif word.startswith(("-c", "--format=")):
            pattern = word.removeprefix("--format=").removeprefix("-c")
        elif not word.startswith("-"):
            words.append(word)
    for word in words:
        path = machine.path(word)
        if paths.exists(machine.files, path):
            machine.write(_facts(machine, path, word, pattern))
        else:
            machine.complain(f"stat: can't stat '{word}': {MISSING}\n")
            status = 1
    return status


def _facts(machine: Interpreter, path: str, word: str, pattern: str) -> str:
    text, found = machine.files.get(path), machine.attributes_of(path)
    folder = text is None
    kind = "directory" if folder else "regular file" if text else "regular empty file"
    size = 4096 if text is None else size_of(text)
    user, group = attributes.name_of(found.user), attributes.name_of(found.group)
    names = [name if name.isalpha() else "UNKNOWN" for name in (user, group)]
    shown = {
        "%a": f"{found.mode:o}", "%A": attributes.letters(found.mode, folder=folder), "%s": str(size), "%n": word,
        "%F": kind, "%U": names[0], "%G": names[1], "%u": str(found.user), "%g": str(found.group),
    }  # fmt: skip
    if pattern:
        for mark, value in shown.items():
            pattern = pattern.replace(mark, value)
        return f"{pattern}\n"
    moment = f"{DATE_MARK}{_MOMENT}{DATE_MARK}"
    return (
        f"  File: {word}\n  Size: {size:<10}\tBlocks: {8 if size else 0:<10} IO Block: 4096   {kind}\n"
        f"Device: 0,62\tInode: 1234567     Links: {2 if folder else 1}\n"
        f"Access: ({found.mode:04o}/{shown['%A']})  Uid: ({found.user:5}/{names[0]:>8})   "
        f"Gid: ({found.group:5}/{names[1]:>8})\nAccess: {moment}\nModify: {moment}\nChange: {moment}\n"
    )


# ---------------------------------------------------------------------- changing
def _targets(machine: Interpreter, words: list[str], flags: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Paths with the names that they were given by, with -R also what lies below; and the names of what is not."""
    found: list[tuple[str, str]] = []
    missing: list[str] = []
    for word in words:
        path = machine.path(word)
        if not paths.exists(machine.files, path):
            missing.append(word)
            continue
        found.append((path, word))
        if "R" in flags:
            inner = {name.rstrip("/"): None for name in paths.below(machine.files, path)}
            found += [(name, name) for name in inner if name != path]
    return found, missing


def _complain(machine: Interpreter, name: str, missing: list[str]) -> int:
    for word in missing:
        machine.complain(f"{name}: {word}: {MISSING}\n")
    return 1 if missing else 0


def _chmod(machine: Interpreter, argv: list[str]) -> int:
    words = [word for word in argv[1:] if word[:1] != "-" or word[1:2] not in {"R", "f", "v", "c"}]
    if len(words) < 2:
        machine.complain("chmod: missing operand\n")
        return 1
    flags = "".join(word for word in argv[1:] if word not in words)
    targets, missing = _targets(machine, words[1:], flags)
    status = _complain(machine, "chmod", missing)
    for path, word in targets:
        before, folder = machine.attributes_of(path), path not in machine.files
        mode = attributes.changed(before.mode, words[0], folder=folder, mask=machine.mask)
        if mode is None:
            machine.complain(f"chmod: invalid mode '{words[0]}'\n")
            return 1
        if machine.person.user not in {0, before.user}:
            machine.complain(f"chmod: {word}: Operation not permitted\n")
            status = 1
        elif mode != before.mode:
            machine.own(path, before._replace(mode=mode))
    return status


def _chown(machine: Interpreter, argv: list[str]) -> int:
    """``chown user:group FILE`` and ``chgrp group FILE``."""
    name, words = argv[0].rpartition("/")[2], _words(argv)
    if len(words) < 2:
        machine.complain(f"{name}: missing operand\n")
        return 1
    user, _, group = words[0].replace(".", ":").partition(":") if name == "chown" else ("", "", words[0])
    for word, kind in ((user, "user"), (group, "group")):
        if word and not word.isdigit() and word not in _NUMBERS:
            machine.complain(f"{name}: unknown {kind} {word}\n")
            return 1
    numbers = [int(word) if word.isdigit() else _NUMBERS.get(word) for word in (user, group)]
    targets, missing = _targets(machine, words[1:], _flags(argv))
    status, who = _complain(machine, name, missing), machine.person
    for path, word in targets:
        before = machine.attributes_of(path)
        after = before._replace(
            user=before.user if numbers[0] is None else numbers[0],
            group=before.group if numbers[1] is None else numbers[1],
        )
        own = who.user == before.user == after.user and who.is_in(after.group)
        if who.user and not own:
            machine.complain(f"{name}: {word}: Operation not permitted\n")
            status = 1
        elif after != before:
            machine.own(path, after)
    return status


def _umask(machine: Interpreter, argv: list[str]) -> int:
    if len(argv) < 2:
        machine.write(f"{machine.mask:04o}\n")
        return 0
    if not set(argv[1]) <= set("01234567"):
        machine.complain(f"sh: umask: invalid mode: {argv[1]}\n")
        return 1
    machine.variables[MASK] = argv[1]
    return 0


# ---------------------------------------------------------------------- who
def _id(machine: Interpreter, argv: list[str]) -> int:
    who = machine.person
    flag = argv[1] if len(argv) > 1 else ""
    groups = [who.group, *(group for group in who.groups if group != who.group)]
    if argv[0] == "whoami" or flag == "-un":
        if who.user not in attributes.NAMES:
            machine.complain(f"whoami: unknown uid {who.user}\n")
            return 1
        machine.write(f"{attributes.NAMES[who.user]}\n")
    elif flag in {"-u", "-g", "-G"}:
        machine.write({"-u": str(who.user), "-g": str(who.group), "-G": " ".join(map(str, groups))}[flag] + "\n")
    elif flag == "-gn":
        machine.write(f"{attributes.name_of(who.group)}\n")
    else:
        listed = ",".join(map(_named, groups))
        machine.write(f"uid={_named(who.user)} gid={_named(who.group)} groups={listed}\n")
    return 0


def _named(number: int) -> str:
    name = attributes.NAMES.get(number)
    return f"{number}({name})" if name else str(number)


COMMANDS: Mapping[str, Callable[[Interpreter, list[str]], int]] = {
    "ls": _ls, "stat": _stat, "chmod": _chmod, "chown": _chown, "chgrp": _chown, "umask": _umask, "id": _id,
    "whoami": _id,
}  # fmt: skip
