"""Commands about the machine: ps, df, mount, free, nproc, uname."""

from collections.abc import Callable, Mapping

from kubesim.kubelet.simruntime.interpreter import Interpreter

COMMAND_LINE = "\x00argv"
"""The variable that holds the command line of the container's own program."""


def _ps(machine: Interpreter, argv: list[str]) -> int:
    own = machine.variables.get(COMMAND_LINE, "sh")
    wide = any("e" in word and "f" in word for word in argv[1:])
    if wide or any("aux" in word for word in argv[1:]):
        lines = ["UID          PID    PPID  C STIME TTY          TIME CMD"]
        lines += [f"root           1       0  0 00:00 ?        00:00:00 {own}",
                  f"root          17       0  0 00:00 ?        00:00:00 {' '.join(argv)}"]  # fmt: skip
    else:
        lines = ["PID   USER     TIME  COMMAND", f"    1 root      0:00 {own}"]
        lines.append(f"   17 root      0:00 {' '.join(argv)}")
    machine.write("".join(f"{line}\n" for line in lines))
    return 0


def _mounts(machine: Interpreter) -> list[str]:
    return sorted(name[:-1] for name in machine.surroundings.files if name.endswith("/") and name != "/")


def _df(machine: Interpreter, argv: list[str]) -> int:
    human = any("h" in word for word in argv[1:] if word.startswith("-"))
    size, used, free = ("97.9G", "12.4G", "80.5G") if human else ("102687672", "13001728", "84426388")
    machine.write("Filesystem                Size      Used Available Use% Mounted on\n" if human
                  else "Filesystem           1K-blocks      Used Available Use% Mounted on\n")  # fmt: skip
    rows = [("overlay", "/"), ("tmpfs", "/dev"), *(("/dev/sda1", path) for path in _mounts(machine))]
    machine.write("".join(f"{name:<20} {size:>9} {used:>9} {free:>9}  13% {path}\n" for name, path in rows))
    return 0


def _mount(machine: Interpreter, argv: list[str]) -> int:
    if argv[1:] == ["-t", "cgroup2"]:
        machine.write("cgroup on /sys/fs/cgroup type cgroup2 (ro,nosuid,nodev,noexec,relatime)\n")
        return 0
    if len(argv) > 1:
        machine.complain("mount: permission denied (are you root?)\n")
        return 1
    rows = ["overlay on / type overlay (rw,relatime)", "proc on /proc type proc (rw,nosuid,nodev,noexec,relatime)",
            "tmpfs on /dev type tmpfs (rw,nosuid,size=65536k,mode=755)"]  # fmt: skip
    rows += [f"/dev/sda1 on {path} type ext4 (rw,relatime)" for path in _mounts(machine)]
    machine.write("".join(f"{row}\n" for row in rows))
    return 0


def _free(machine: Interpreter, argv: list[str]) -> int:
    del argv
    machine.write(
        "              total        used        free      shared  buff/cache   available\n"
        "Mem:        8141200     1204528     5512340        3104     1424332     6700560\n"
        "Swap:             0           0           0\n"
    )
    return 0


def _nproc(machine: Interpreter, argv: list[str]) -> int:
    del argv
    machine.write("4\n")
    return 0


def _uname(machine: Interpreter, argv: list[str]) -> int:
    host = machine.surroundings.hostname
    parts = {"s": "Linux", "n": host, "r": "6.12.41-sim", "v": "#1 SMP", "m": "x86_64", "o": "GNU/Linux"}
    flags = "".join(word.lstrip("-") for word in argv[1:]) or "s"
    machine.write(" ".join(text for letter, text in parts.items() if "a" in flags or letter in flags) + "\n")
    return 0


COMMANDS: Mapping[str, Callable[[Interpreter, list[str]], int]] = {
    "ps": _ps, "df": _df, "mount": _mount, "free": _free, "nproc": _nproc, "uname": _uname,
}  # fmt: skip
