"""Commands that write much, and that say how much there is: dd, fallocate, truncate, du."""

from collections.abc import Callable, Mapping

from kubesim.kubelet.simruntime import bulk, paths
from kubesim.kubelet.simruntime.interpreter import Interpreter

WRITTEN_A_SECOND = 500 * 1024 * 1024
"""The bytes that a disk takes in a second."""
ENDLESS = frozenset({"/dev/zero", "/dev/urandom", "/dev/random"})
BLOCK = 512


def _dd(machine: Interpreter, argv: list[str]) -> int:
    given = dict(word.split("=", 1) for word in argv[1:] if "=" in word)
    block, count = bulk.amount(given.get("bs", str(BLOCK))), bulk.amount(given.get("count", "0"))
    source, target = given.get("if", ""), given.get("of", "")
    if block is None or count is None:
        machine.complain(f"dd: invalid number '{given.get('bs') if block is None else given.get('count')}'\n")
        return 1
    if source in ENDLESS:
        blocks = count
    else:
        text = paths.text(machine.files, machine.path(source)) if source else ""
        if text is None:
            machine.complain(f"dd: can't open '{source}': No such file or directory\n")
            return 1
        whole = -(-bulk.size_of(text) // block)
        blocks = min(whole, count) if "count" in given else whole
    size = blocks * block
    machine.at_ms += size * 1000 // WRITTEN_A_SECOND
    if target and target != "/dev/null":
        machine.put(machine.path(target), bulk.Bulk.of(size))
    machine.complain(f"{blocks}+0 records in\n{blocks}+0 records out\n")
    return 0


def _allocate(machine: Interpreter, argv: list[str]) -> int:
    """``fallocate -l SIZE FILE`` and ``truncate -s SIZE FILE``."""
    flag = "-l" if argv[0] == "fallocate" else "-s"
    words = argv[1:]
    size: int | None = None
    rest: list[str] = []
    while words:
        word = words.pop(0)
        if word == flag and words:
            size = bulk.amount(words.pop(0))
        elif word.startswith(flag):
            size = bulk.amount(word[len(flag) :])
        elif not word.startswith("-"):
            rest.append(word)
    if size is None or not rest:
        machine.complain(f"{argv[0]}: invalid size, or no file\n")
        return 1
    for word in rest:
        machine.put(machine.path(word), bulk.Bulk.of(size))
    return 0


def _du(machine: Interpreter, argv: list[str]) -> int:
    flags = "".join(word.lstrip("-") for word in argv[1:] if word.startswith("-"))
    status = 0
    for word in [word for word in argv[1:] if not word.startswith("-")] or ["."]:
        path = machine.path(word)
        if not paths.exists(machine.files, path):
            machine.complain(f"du: {word}: No such file or directory\n")
            status = 1
            continue
        size = sum(bulk.size_of(machine.files[name]) for name in paths.below(machine.files, path)) or 4096
        shown = bulk.human(size) if "h" in flags else str(-(-size // (1024**2 if "m" in flags else 1024)))
        machine.write(f"{shown}\t{word}\n")
    return status


COMMANDS: Mapping[str, Callable[[Interpreter, list[str]], int]] = {
    "dd": _dd, "fallocate": _allocate, "truncate": _allocate, "du": _du,
}  # fmt: skip
