"""File names: a folder is what files lie below, what every image has, or a name that ends in a slash."""

from collections.abc import Mapping

FOLDERS = frozenset(
    {
        "/", "/bin", "/dev", "/etc", "/home", "/lib", "/mnt", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys",
        "/tmp", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/share", "/var", "/var/cache",
        "/var/lib", "/var/log", "/var/run", "/var/tmp",
    }
)  # fmt: skip
"""What is in every image."""


def absolute(name: str, folder: str) -> str:
    """A path from the root, without dots, double slashes or a slash at its end."""
    parts: list[str] = []
    for part in (name if name.startswith("/") else f"{folder}/{name}").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    return "/" + "/".join(parts)


def parent(path: str) -> str:
    """The folder that holds a path."""
    return path.rpartition("/")[0] or "/"


def is_folder(files: Mapping[str, str], path: str) -> bool:
    """Whether there is such a folder."""
    if path in FOLDERS:
        return True
    start = f"{path}/"
    return any(name.startswith(start) for name in files)


def exists(files: Mapping[str, str], path: str) -> bool:
    """Whether there is a file or folder of that name."""
    return path in files or is_folder(files, path)


def text(files: Mapping[str, str], path: str) -> str | None:
    """What a file holds, None when there is none; devices are empty."""
    return "" if path.startswith("/dev/") and path not in files else files.get(path)


def inside(files: Mapping[str, str], path: str) -> list[str]:
    """The names in a folder, in order."""
    start = path.rstrip("/") + "/"
    found = {name[len(start) :].split("/")[0] for name in files if name.startswith(start)}
    found |= {name[len(start) :].split("/")[0] for name in FOLDERS if name.startswith(start) and name != "/"}
    return sorted(found - {""})


def below(files: Mapping[str, str], path: str) -> list[str]:
    """Every file and marked folder at or below a path, in order."""
    start = path.rstrip("/") + "/"
    return sorted(name for name in files if name == path or name.startswith(start))
