"""``agnhost mounttest``: prints type, permissions and content of what is mounted; and ``entrypoint-tester``.

# k8s: test/images/agnhost/mounttest
"""

import json
from typing import Any

from kubesim.kubelet.simruntime.interpreter import Interpreter

MODES = "\x00modes"
"""The variable with the permissions of mounted files, as JSON: path to mode, ``medium:<path>`` to a type."""
NEW_CONTENT = "mount-tester new file\n"
STEP_MS = 2_000
_NEW = (("new_file_0644", 0o644), ("new_file_0666", 0o666), ("new_file_0660", 0o660), ("new_file_0777", 0o777))


def _flags(argv: list[str]) -> dict[str, str]:
    found = {}
    for word in argv[2:]:
        name, _, value = word.lstrip("-").partition("=")
        found[name] = value
    return found


def text_of(mode: int, *, folder: bool = False) -> str:
    """Permissions as Go prints them: ``-rw-r--r--``."""
    letters = "".join(letter if mode >> (8 - place) & 1 else "-" for place, letter in enumerate("rwxrwxrwx"))
    return ("d" if folder else "-") + letters


class _Files:
    """What one run sees."""

    def __init__(self, machine: Interpreter) -> None:
        self.machine = machine
        known: dict[str, Any] = json.loads(machine.surroundings.env.get(MODES) or "{}")
        self.modes = known

    def content(self, path: str) -> int:
        text = self.machine.files.get(path)
        if text is None:
            self.machine.write(f'error reading file content for "{path}": open {path}: no such file or directory\n')
            return 1
        self.machine.write(f'content of file "{path}": {text}\n')
        return 0

    def mode(self, word: str, path: str) -> int:
        folder = path not in self.machine.files
        if folder and not any(name.startswith(f"{path.rstrip('/')}/") for name in self.machine.files):
            self.machine.write(f'error getting file mode for "{path}": lstat {path}: no such file or directory\n')
            return 1
        mode = self.modes.get(path, 0o777 if folder else 0o644)
        shown = text_of(mode, folder=folder)
        self.machine.write(f'{word} of file "{path}": {shown}\n')
        return 0

    def kind(self, path: str) -> int:
        medium = self.modes.get(f"medium:{path.rstrip('/')}", "61267")
        self.machine.write(f'mount type of "{path}": {medium}\n')
        return 0

    def owner(self, path: str) -> int:
        user, group = self.modes.get("user", 0), self.modes.get("group", 0)
        self.machine.write(f'owner UID of "{path}": {user}\nowner GID of "{path}": {group}\n')
        return 0

    def loop(self, path: str, seconds: int, *, breaks: bool) -> int:
        """Read a file every two seconds."""
        machine, status = self.machine, 1
        until = machine.at_ms + 1000 * seconds
        while machine.at_ms < until:
            text = machine.files.get(path)
            if text is None:
                machine.write(f"Error reading file {path}: open {path}: no such file or directory, retrying\n")
                status = 1
            else:
                status = 0
                machine.write(f'content of file "{path}": {text}\n')
                if breaks and text == NEW_CONTENT:
                    return 0
                if breaks:
                    machine.write(f"Unexpected content. Expected: {NEW_CONTENT}. Retrying")
            machine.at_ms += STEP_MS
        return status


def mounttest(machine: Interpreter, argv: list[str]) -> int:
    """Carry out the flags in the order of the real program; 1 when any of them failed."""
    flags, files = _flags(argv), _Files(machine)
    codes = []
    if "fs_type" in flags:
        codes.append(files.kind(flags["fs_type"]))
    for name, mode in _NEW:
        if name in flags:
            files.modes[flags[name]] = mode
            machine.put(flags[name], NEW_CONTENT)
            codes.append(files.content(flags[name]))
    if "file_mode" in flags:
        codes.append(files.mode("mode", flags["file_mode"]))
    if "file_perm" in flags:
        codes.append(files.mode("perms", flags["file_perm"]))
    if "file_owner" in flags:
        codes.append(files.owner(flags["file_owner"]))
    if "file_content" in flags:
        codes.append(files.content(flags["file_content"]))
    if "file_content_in_loop" in flags:
        seconds = int(flags.get("retry_time") or 180)
        breaks = flags.get("break_on_expected_content", "true") != "false"
        codes.append(files.loop(flags["file_content_in_loop"], seconds, breaks=breaks))
    return max(codes, default=0)


def entrypoint_tester(machine: Interpreter, argv: list[str]) -> int:
    """Print the command line."""
    machine.write(f"[{' '.join(argv)}]\n")
    return 0
