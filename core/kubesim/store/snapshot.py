"""Snapshots: a whole object graph to bytes and back, sharing kept; reading builds only the simulator's own values."""

import gc
import io
import os
import pickle
import zlib
from pathlib import Path
from typing import Any

MAGIC = b"kubetui-snapshot-1\n"

_PLAIN = {
    ("builtins", "bytearray"),
    ("builtins", "complex"),
    ("builtins", "frozenset"),
    ("builtins", "getattr"),
    ("builtins", "object"),
    ("builtins", "set"),
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("collections", "deque"),
    ("copyreg", "_reconstructor"),
    ("datetime", "datetime"),
    ("datetime", "timedelta"),
    ("datetime", "timezone"),
    ("fractions", "Fraction"),
    ("decimal", "Decimal"),
    ("ipaddress", "IPv4Address"),
    ("ipaddress", "IPv4Network"),
    ("random", "Random"),
}


class SnapshotError(Exception):
    """A file that is not a readable snapshot; the text says why."""


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        own = module == "kubesim" or module.startswith("kubesim.")
        if (own and "." not in name) or (module, name) in _PLAIN:
            found = super().find_class(module, name)
            return _safe_getattr if found is getattr else found
        msg = f"the snapshot names {module}.{name}, which no cluster contains"
        raise SnapshotError(msg)


def _safe_getattr(owner: Any, name: str) -> Any:
    # Bound methods are pickled as getattr(object, name); nothing else of a snapshot may reach an attribute.
    if type(owner).__module__.split(".")[0] != "kubesim" or name.startswith("__"):
        msg = f"the snapshot reaches for {type(owner).__name__}.{name}"
        raise SnapshotError(msg)
    return getattr(owner, name)


class _Still:
    """A stretch without garbage collections: they would look through all that was read again and again."""

    def __enter__(self) -> None:
        self._was = gc.isenabled()
        gc.disable()

    def __exit__(self, *exception: object) -> None:
        if self._was:
            gc.enable()


def to_bytes(graph: Any) -> bytes:
    """Encode a graph of data and bound methods; what is shared stays shared."""
    with _Still():
        return pickle.dumps(graph, protocol=5)


def from_bytes(data: bytes) -> Any:
    """Decode what ``to_bytes`` made. Raises SnapshotError for anything else."""
    try:
        with _Still():
            return _Reader(io.BytesIO(data)).load()
    except SnapshotError:
        raise
    except Exception as error:  # a damaged pickle may raise almost anything
        msg = f"the snapshot is damaged: {error}"
        raise SnapshotError(msg) from error


def write(path: Path, graph: Any) -> None:
    """Write a snapshot file in one step: a reader sees the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(MAGIC)
        file.write(zlib.compress(to_bytes(graph), 1))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def read(path: Path) -> Any:
    """Read a snapshot file. Raises OSError, or SnapshotError for a file that is none."""
    data = path.read_bytes()
    if not data.startswith(MAGIC):
        msg = f"{path} is not a kubetui snapshot"
        raise SnapshotError(msg)
    try:
        plain = zlib.decompress(data[len(MAGIC) :])
    except zlib.error as error:
        msg = f"{path} is damaged: {error}"
        raise SnapshotError(msg) from error
    return from_bytes(plain)
