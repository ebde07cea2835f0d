"""The commands that simulated containers know: what coreutils and busybox do in the lines people write."""

from collections.abc import Callable, Mapping
from itertools import pairwise

from kubesim.kubelet.simruntime import (
    archive,
    bulk_commands,
    expr,
    file_commands,
    kernel_commands,
    network_commands,
    paths,
    permission_commands,
    shell,
    system_commands,
    text_commands,
)
from kubesim.kubelet.simruntime.agnhost.tools import TOOLS
from kubesim.kubelet.simruntime.interpreter import Interpreter
from kubesim.kubelet.simruntime.lexer import ShellError
from kubesim.kubelet.simruntime.machine import FOLDER, SHELL, StopError
from kubesim.kubelet.simruntime.timeline import DATE_MARK, DEFAULT_DATE

_SHELLS = frozenset({"sh", "bash", "ash", "dash", "/bin/sh", "/bin/bash", "/bin/ash", "/usr/bin/bash", "/usr/bin/env"})
_WRAPPERS = frozenset(
    {"exec", "nohup", "command", "time", "tini", "/sbin/tini", "dumb-init", "env", "/usr/bin/env", "su-exec", "gosu"}
)
INTERRUPT = "\x03"
"""What a terminal sends for Ctrl-C."""
UNFINISHED = "unexpected end of file"
LONGEST_SLEEP = 10**9
"""Seconds; whatever sleeps longer never wakes."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Command = Callable[[Interpreter, list[str]], int]


def run(machine: Interpreter, argv: list[str]) -> None:
    """Run one command; sets ``machine.status``."""
    name = argv[0]
    if name in _WRAPPERS and len(argv) > 1 and not argv[1].startswith("-") and "=" not in argv[1]:
        run(machine, argv[1:])
        return
    if name in _SHELLS:
        _shell(machine, argv)
        return
    command = _COMMANDS.get(name.rsplit("/", 1)[-1]) if name.startswith(("/bin/", "/usr/bin/")) else _COMMANDS.get(name)
    if command is None and len(argv) > 1 and name in {"/agnhost", "agnhost", "/agnhost-2"}:
        command = TOOLS.get(argv[1])
    if command is not None:
        machine.status = command(machine, argv)
    else:
        unknown(machine, argv)


def unknown(machine: Interpreter, argv: list[str]) -> None:
    """A program that is not known here: the image's server, a job that does its work, or a mistake."""
    around = machine.surroundings
    if around.serves:
        machine.serves_ms = machine.at_ms if machine.serves_ms is None else machine.serves_ms
        machine.stay()
    elif around.one_shot_ms and (around.programs is None or argv[0].rpartition("/")[2] in around.programs):
        machine.at_ms += around.one_shot_ms
        machine.status = 0
    else:
        machine.complain(f"sh: {argv[0]}: not found\n")
        machine.status = 127


def _shell(machine: Interpreter, argv: list[str]) -> None:
    machine.variables[SHELL] = argv[0]
    for position, word in enumerate(argv[1:], 1):
        if word.startswith("-") and "c" in word[1:] and not word.startswith("--") and position + 1 < len(argv):
            machine.failing = machine.failing or "e" in word
            parsed = shell.parse(argv[position + 1])
            if machine.last is None:
                machine.last = parsed.items[-1].node if isinstance(parsed, shell.Listed) and parsed.items else parsed
            machine.run(parsed)
            return
    script = next((word for word in argv[1:] if not word.startswith("-")), "")
    if not script:
        # Without a terminal a shell reads its commands from what is piped in, and without that nothing.
        machine.status = 0
        if machine.is_live:
            _converse(machine)
        else:
            machine.run(shell.parse(machine.input() or ":"))
    elif machine.path(script) in machine.files:
        machine.run(shell.parse(machine.files[machine.path(script)]))
    else:
        unknown(machine, [script])


def _converse(machine: Interpreter) -> None:
    """A shell that reads its commands as they come, perhaps within another one: its end is not the other's."""
    machine.inside += 1
    try:
        _answer(machine)
    except StopError:
        if not machine.ended or machine.inside == 1:
            raise
        machine.ended = False
    finally:
        machine.inside -= 1


def _answer(machine: Interpreter) -> None:
    """Ask for commands on a terminal, and run what comes."""
    own = machine.surroundings.stdin
    asks, pending = own is not None and own.tty, ""
    while True:
        if asks:
            machine.write("> " if pending else f"{machine.variables.get(FOLDER) or '/'} # ")
        line = machine.line()
        if line is None:
            return
        if INTERRUPT in line:
            pending = ""
            continue
        pending += line
        if not pending.strip():
            pending = ""
            continue
        try:
            parsed = shell.parse(pending)
        except ShellError as error:
            if UNFINISHED in str(error):
                continue
            pending = ""
            machine.complain(f"{error}\n")
            machine.status = 2
            if not asks:
                machine.finish(2)
            continue
        pending = ""
        machine.run(parsed)


def _read(machine: Interpreter, argv: list[str]) -> int:
    """``read [-r] [-p TEXT] NAME...``: the next line, word by word."""
    words, names = argv[1:], []
    while words:
        word = words.pop(0)
        if word in {"-d", "-n", "-p", "-t"} and words:
            words.pop(0)
        elif not word.startswith("-"):
            names.append(word)
    line = machine.line()
    found = (line or "").split(None, max(len(names) - 1, 0))
    if len(names) < 2:
        found = [(line or "").strip()]
    for position, name in enumerate(names or ["REPLY"]):
        machine.variables[name] = found[position].rstrip("\n") if position < len(found) else ""
    return 1 if line is None else 0


def _chroot(machine: Interpreter, argv: list[str]) -> int:
    """``chroot FOLDER [COMMAND...]``: the machine of a pod has the same folders as the pod."""
    if len(argv) < 2:
        machine.complain("chroot: missing operand\n")
        return 1
    if not paths.is_folder(machine.files, machine.path(argv[1])):
        machine.complain(f"chroot: can't change root directory to '{argv[1]}': No such file or directory\n")
        return 1
    run(machine, argv[2:] or ["sh"])
    return machine.status


def _tty(machine: Interpreter, argv: list[str]) -> int:
    del argv
    own = machine.surroundings.stdin
    has = own is not None and own.tty
    machine.write("/dev/pts/0\n" if has else "not a tty\n")
    return 0 if has else 1


# ---------------------------------------------------------------------- output
def _echo(machine: Interpreter, argv: list[str]) -> int:
    words, end, escapes = argv[1:], "\n", False
    while words and words[0] in {"-n", "-e", "-ne", "-en", "-E"}:
        end = "" if "n" in words[0] else end
        escapes = escapes or "e" in words[0]
        del words[0]
    text = " ".join(words)
    machine.write((_unescape(text) if escapes else text) + end)
    return 0


def _unescape(text: str) -> str:
    for mark, letter in (
        ("\\n", "\n"),
        ("\\t", "\t"),
        ("\\r", "\r"),
        ("\\033", "\x1b"),
        ("\\e", "\x1b"),
        ("\\\\", "\\"),
    ):
        text = text.replace(mark, letter)
    return text


def _printf(machine: Interpreter, argv: list[str]) -> int:
    if len(argv) < 2:
        return 1
    pattern, values = _unescape(argv[1]), list(argv[2:])
    text, at = "", 0
    while at < len(pattern):
        if pattern[at] == "%" and at + 1 < len(pattern):
            end = at + 1
            while end < len(pattern) - 1 and pattern[end] in "-0123456789.":
                end += 1
            text += "%" if pattern[end] == "%" else (values.pop(0) if values else "")
            at = end + 1
        else:
            text += pattern[at]
            at += 1
    machine.write(text)
    return 0


def _date(machine: Interpreter, argv: list[str]) -> int:
    operands = (word for before, word in pairwise(argv) if word[:1] not in {"+", "-"} and before not in {"-d", "-r"})
    operand = next(operands, None)
    if operand is not None:
        machine.complain(f"date: invalid date '{operand}'\n")
        return 1
    pattern = next((word[1:] for word in argv[1:] if word.startswith("+")), "")
    if not pattern and any("I" in word or "iso" in word for word in argv[1:]):
        pattern = "%Y-%m-%dT%H:%M:%S+00:00"
    machine.write(f"{DATE_MARK}{pattern or DEFAULT_DATE}{DATE_MARK}\n")
    return 0


def _env(machine: Interpreter, argv: list[str]) -> int:
    shown = {name: value for name, value in machine.variables.items() if "\x00" not in name}
    if len(argv) > 1 and argv[0] == "printenv":
        missing = [name for name in argv[1:] if name not in shown]
        machine.write("".join(f"{shown[name]}\n" for name in argv[1:] if name in shown))
        return 1 if missing else 0
    machine.write("".join(f"{name}={value}\n" for name, value in shown.items()))
    return 0


def _hostname(machine: Interpreter, argv: list[str]) -> int:
    del argv
    machine.write(machine.surroundings.hostname + "\n")
    return 0


def _seq(machine: Interpreter, argv: list[str]) -> int:
    numbers = [int(word) for word in argv[1:] if word.lstrip("-").isdigit()]
    if not numbers:
        return 1
    first, step, last = 1, 1, numbers[-1]
    if len(numbers) > 1:
        first = numbers[0]
    if len(numbers) > 2:
        step = numbers[1] or 1
    machine.write("".join(f"{number}\n" for number in range(first, last + (1 if step > 0 else -1), step)[:10_000]))
    return 0


# ---------------------------------------------------------------------- control
def _sleep(machine: Interpreter, argv: list[str]) -> int:
    total = 0.0
    for word in argv[1:]:
        if word in {"infinity", "inf"}:
            machine.stay()
        if not word[:1].isdigit() and not word.startswith("."):
            machine.complain(f"sleep: invalid number '{word}'\n")
            return 1
        unit = _UNITS.get(word[-1:], 0)
        try:
            total += float(word[:-1]) * unit if unit else float(word)
        except ValueError:
            machine.complain(f"sleep: invalid number '{word}'\n")
            return 1
    if len(argv) == 1:
        machine.complain("sleep: missing operand\n")
        return 1
    if total > LONGEST_SLEEP:
        machine.stay()
    machine.at_ms += round(total * 1000)
    return 0


def _exit(machine: Interpreter, argv: list[str]) -> int:
    machine.finish(int(argv[1]) & 255 if len(argv) > 1 and argv[1].lstrip("-").isdigit() else machine.status)
    return 0


def _break(machine: Interpreter, argv: list[str]) -> int:
    machine.leave(again=argv[0] == "continue")
    return 0


def _export(machine: Interpreter, argv: list[str]) -> int:
    for word in argv[1:]:
        name, mark, value = word.partition("=")
        if mark:
            machine.variables[name] = value
    return 0


def _set(machine: Interpreter, argv: list[str]) -> int:
    for word in argv[1:]:
        if word.startswith("-") and "e" in word:
            machine.failing = True
        elif word.startswith("+") and "e" in word:
            machine.failing = False
    return 0


def _trap(machine: Interpreter, argv: list[str]) -> int:
    if len(argv) > 2 and any(signal in {"TERM", "SIGTERM", "15"} for signal in argv[2:]):
        machine.trap = shell.parse(argv[1] or ":")
    return 0


def _kill(machine: Interpreter, argv: list[str]) -> int:
    """``kill 1`` ends the container when its first process handles the signal; -9 has no effect on it."""
    if argv[-1] in {"1", "$$"} and "-9" not in argv and "-KILL" not in argv:
        machine.finish(143)
    return 0


def _wait(machine: Interpreter, argv: list[str]) -> int:
    del argv
    if machine.serves_ms is not None:
        machine.stay()
    return 0


def _succeed(machine: Interpreter, argv: list[str]) -> int:
    del machine, argv
    return 0


def _fail(machine: Interpreter, argv: list[str]) -> int:
    del machine, argv
    return 1


def _forever(machine: Interpreter, argv: list[str]) -> int:
    del argv
    machine.stay()
    return 0


def _which(machine: Interpreter, argv: list[str]) -> int:
    found = [word for word in argv[1:] if not word.startswith("-") and (word in _COMMANDS or word in _SHELLS)]
    machine.write("".join(f"/bin/{word}\n" if argv[0] == "which" else f"{word}\n" for word in found))
    return 0 if found else 1


_COMMANDS: Mapping[str, Command] = {
    ":": _succeed, "true": _succeed, "false": _fail, "echo": _echo, "printf": _printf, "date": _date, "env": _env,
    "printenv": _env, "hostname": _hostname, "seq": _seq,

    "sleep": _sleep, "exit": _exit, "return": _exit, "break": _break, "continue": _break, "export": _export,
    "set": _set, "trap": _trap, "kill": _kill, "wait": _wait, "top": _forever, "yes": _forever, "which": _which,
    "command": _which, "sync": _succeed, "shift": _succeed, "read": _read, "ulimit": _succeed,
    "tty": _tty, "chroot": _chroot,
    "stty": _succeed, "clear": _succeed, "apk": _succeed, "apt-get": _succeed, "sysctl": _succeed, "git": _succeed,
    "tar": archive.run, "expr": expr.run,
    **file_commands.COMMANDS,
    **permission_commands.COMMANDS,
    **bulk_commands.COMMANDS,
    **text_commands.COMMANDS,
    **system_commands.COMMANDS,
    **kernel_commands.COMMANDS,
    **network_commands.COMMANDS,
}  # fmt: skip
