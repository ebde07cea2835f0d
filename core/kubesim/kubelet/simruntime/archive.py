"""``tar`` as ``kubectl cp`` uses it: a stream of files out of the container, or into it."""

import io
import tarfile

from kubesim.kubelet.runtime import FAR_TOO_LONG
from kubesim.kubelet.simruntime import paths
from kubesim.kubelet.simruntime.interpreter import Interpreter


def run(machine: Interpreter, argv: list[str]) -> int:
    """``tar c|x|t [-f FILE] [-C FOLDER] [NAME...]``; its exit code."""
    words = list(argv[1:])
    flags = words.pop(0) if words else ""
    archive, folder, names = "-", machine.path(""), []
    if "f" in flags and words:
        archive = words.pop(0)
    while words:
        word = words.pop(0)
        if word in {"-C", "--directory"} and words:
            folder = paths.absolute(words.pop(0), folder)
        elif word.startswith("-C"):
            folder = paths.absolute(word[2:], folder)
        elif not word.startswith("-") or word == "-":
            names.append(word)
    if not paths.is_folder(machine.files, folder):
        machine.complain(f"tar: can't change directory to '{folder}': No such file or directory\n")
        return 1
    if "x" in flags:
        return _extract(machine, archive, folder)
    if "c" in flags:
        return _create(machine, archive, folder, names)
    if "t" in flags:
        return _list(machine, archive)
    machine.complain("tar: must specify one of -c, -x, -t\n")
    return 1


def _read(machine: Interpreter, archive: str) -> tarfile.TarFile | None:
    text = machine.input() if archive == "-" else machine.files.get(machine.path(archive), "")
    try:
        return tarfile.open(fileobj=io.BytesIO(text.encode("utf-8", "surrogateescape")), mode="r:*")
    except tarfile.TarError:
        machine.complain("tar: short read\n")
        return None


def _extract(machine: Interpreter, archive: str, folder: str) -> int:
    opened = _read(machine, archive)
    if opened is None:
        return 1
    with opened:
        for member in opened:
            path = paths.absolute(member.name.lstrip("/"), folder)
            if member.isdir():
                if not paths.is_folder(machine.files, path):
                    machine.put(f"{path}/", "")
                continue
            content = opened.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            if member.size > FAR_TOO_LONG:
                machine.complain(f"tar: {member.name}: No space left on device\n")
                return 1
            machine.put(path, content.read().decode("utf-8", "surrogateescape"))
    return 0


def _create(machine: Interpreter, archive: str, folder: str, names: list[str]) -> int:
    buffer, status = io.BytesIO(), 0
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as made:
        for name in names:
            path = paths.absolute(name, folder)
            if not paths.exists(machine.files, path):
                machine.complain(f"tar: {name}: No such file or directory\n")
                status = 1
            for found in paths.below(machine.files, path):
                shown = (name.strip("/") or ".") + found[len(path) :]
                entry = tarfile.TarInfo(shown.rstrip("/"))
                if found.endswith("/"):
                    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                    made.addfile(entry)
                else:
                    content = machine.files[found].encode("utf-8", "surrogateescape")
                    entry.size, entry.mode = len(content), 0o644
                    made.addfile(entry, io.BytesIO(content))
    if status:
        machine.complain("tar: error exit delayed from previous errors\n")
    text = buffer.getvalue().decode("utf-8", "surrogateescape")
    if archive == "-":
        machine.write(text)
    else:
        machine.put(machine.path(archive), text)
    return status


def _list(machine: Interpreter, archive: str) -> int:
    opened = _read(machine, archive)
    if opened is None:
        return 1
    with opened:
        machine.write("".join(f"{name}\n" for name in opened.getnames()))
    return 0
