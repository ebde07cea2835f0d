"""``agnhost mounttest``: prints type, permissions, owners and content of what is mounted; and ``entrypoint-tester``.

# k8s: test/images/agnhost/mounttest
"""

from kubesim.kubelet.simruntime import attributes, paths
from kubesim.kubelet.simruntime.interpreter import Interpreter
from kubesim.kubelet.simruntime.machine import MASK

NEW_CONTENT = "mount-tester new file\n"
STEP_MS = 2_000
_NEW = (("new_file_0644", 0o644), ("new_file_0666", 0o666), ("new_file_0660", 0o660), ("new_file_0777", 0o777))
_MISSING, _DENIED = "no such file or directory", "permission denied"


def _flags(argv: list[str]) -> dict[str, str]:
    found = {}
    words = list(argv[2:])
    while words:
        name, mark, value = words.pop(0).lstrip("-").partition("=")
        if not mark and words and not words[0].startswith("-"):
            value = words.pop(0)
        found[name] = value
    return found


class _Files:
    """What one run sees."""

    def __init__(self, machine: Interpreter) -> None:
        self.machine = machine

    def text(self, path: str) -> tuple[str | None, str]:
        """What a file holds, or why it cannot be read."""
        text = self.machine.files.get(path)
        if text is None:
            return None, "is a directory" if paths.is_folder(self.machine.files, path) else _MISSING
        return (text, "") if self.machine.may(path, attributes.READ) else (None, _DENIED)

    def content(self, path: str) -> int:
        text, why = self.text(path)
        if text is None:
            self.machine.write(f'error reading file content for "{path}": open {path}: {why}\n')
            return 1
        self.machine.write(f'content of file "{path}": {text}\n')
        return 0

    def create(self, path: str, mode: int) -> int:
        if not self.machine.may_put(path):
            self.machine.write(f'error writing new file "{path}": open {path}: {_DENIED}\n')
            return 1
        fresh = path not in self.machine.files
        self.machine.put(path, NEW_CONTENT)
        if fresh:
            self.machine.own(path, self.machine.attributes_of(path)._replace(mode=mode))
        return self.content(path)

    def mode(self, path: str, *, whole: bool) -> int:
        path = path.rstrip("/") or "/"
        if not paths.exists(self.machine.files, path):
            where = "error getting file mode for" if whole else "error getting file perms for"
            self.machine.write(f'{where} "{path}": lstat {path}: {_MISSING}\n')
            return 1
        mode, folder = self.machine.attributes_of(path).mode, path not in self.machine.files
        shown = attributes.go_text(mode, folder=folder) if whole else attributes.go_text(mode & 0o777)
        self.machine.write(f'{"mode" if whole else "perms"} of file "{path}": {shown}\n')
        return 0

    def kind(self, path: str) -> int:
        medium = self.machine.files.get(attributes.MEDIUM + path.rstrip("/"), "61267")
        self.machine.write(f'mount type of "{path}": {medium}\n')
        return 0

    def owner(self, path: str) -> int:
        if not paths.exists(self.machine.files, path.rstrip("/")):
            self.machine.write(f'error getting file owner for "{path}": stat {path}: {_MISSING}\n')
            return 1
        found = self.machine.attributes_of(path)
        self.machine.write(f'owner UID of "{path}": {found.user}\nowner GID of "{path}": {found.group}\n')
        return 0

    def loop(self, path: str, seconds: int, *, breaks: bool) -> int:
        """Read a file every two seconds."""
        machine, status = self.machine, 1
        until = machine.at_ms + 1000 * seconds
        while machine.at_ms < until:
            text, why = self.text(path)
            if text is None:
                machine.write(f"Error reading file {path}: open {path}: {why}, retrying\n")
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
    machine.variables[MASK] = "0"
    codes = []
    if "fs_type" in flags:
        codes.append(files.kind(flags["fs_type"]))
    codes += [files.create(flags[name], mode) for name, mode in _NEW if name in flags]
    if "file_mode" in flags:
        codes.append(files.mode(flags["file_mode"], whole=True))
    if "file_perm" in flags:
        codes.append(files.mode(flags["file_perm"], whole=False))
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
