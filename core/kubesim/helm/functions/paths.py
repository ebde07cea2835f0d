"""Paths with slashes."""

from kubesim.helm.template.signatures import STRING, Function, function


def clean(path: str) -> str:
    """The shortest path that means the same."""
    rooted = path.startswith("/")
    kept: list[str] = []
    for part in path.split("/"):
        if part in {"", "."}:
            continue
        if part != "..":
            kept.append(part)
        elif kept and kept[-1] != "..":
            kept.pop()
        elif not rooted:
            kept.append(part)
    return ("/" if rooted else "") + "/".join(kept) or "."


def base(path: str) -> str:
    """The last part of a path."""
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


def directory(path: str) -> str:
    """All but the last part of a path."""
    return clean(path[: path.rfind("/") + 1])


def extension(path: str) -> str:
    """From the last dot of the last part on."""
    last = path.rpartition("/")[2]
    dot = last.rfind(".")
    return last[dot:] if dot >= 0 else ""


def is_absolute(path: str) -> bool:
    """Whether a path begins at the root."""
    return path.startswith("/")


FUNCTIONS: tuple[Function, ...] = (
    *[function(name, base, STRING) for name in ("base", "osBase")],
    *[function(name, directory, STRING) for name in ("dir", "osDir")],
    *[function(name, clean, STRING) for name in ("clean", "osClean")],
    *[function(name, extension, STRING) for name in ("ext", "osExt")],
    *[function(name, is_absolute, STRING) for name in ("isAbs", "osIsAbs")],
)
