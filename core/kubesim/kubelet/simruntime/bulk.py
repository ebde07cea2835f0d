"""Large files without their content: what ``dd`` and ``fallocate`` write is a size and nothing else."""

import re

_UNITS = {"": 1, "c": 1, "w": 2, "b": 512, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_AMOUNT = re.compile(r"^(\d+)(?:([cwb])|([kmgt])(?:i?b)?)?$", re.IGNORECASE)


class Bulk(str):
    """An empty text that stands for ``size`` bytes which nobody reads."""

    size = 0

    @classmethod
    def of(cls, size: int) -> "Bulk":
        """A file of so many bytes."""
        made = cls()
        made.size = size
        return made


def size_of(text: str) -> int:
    """The bytes of a file."""
    if isinstance(text, Bulk):
        return text.size
    return len(text.encode("utf-8", "surrogateescape"))


def amount(text: str) -> int | None:
    """Bytes from ``10M`` as coreutils write it; None for something else."""
    match = _AMOUNT.match(text)
    if match is None:
        return None
    return int(match[1]) * _UNITS[(match[2] or match[3] or "").lower()]


def human(size: int) -> str:
    """``1.5G`` as ``ls -h`` and ``du -h`` write it."""
    value, units = float(size), list("KMGT")
    unit = ""
    while value >= 1024 and units:
        value, unit = value / 1024, units.pop(0)
    return f"{value:.1f}{unit}" if unit else str(size)
