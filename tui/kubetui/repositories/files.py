"""Files that are written whole or not at all, and locks between processes that write the same one."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from kubesim.helm.chart.errors import ChartError

_PATIENCE: Final = 30.0
"""Seconds to wait for another process, as Helm does."""


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put a file in place in one step; ChartError when its folder cannot be written to."""
    try:
        handle, draft = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    except OSError as error:
        raise ChartError(f"open {path}: {reason(error)}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(draft, mode)
        os.replace(draft, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(draft)
        raise ChartError(f"rename {draft} {path}: {reason(error)}") from None


def reason(error: OSError) -> str:
    """What went wrong, as Go says it."""
    return (os.strerror(error.errno) if error.errno else str(error)).lower()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that lies beside a file; ChartError when another process does not let go of it in time."""
    lock = path.with_suffix(".lock") if path.suffix else path.with_name(f"{path.name}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise ChartError(f"open {lock}: {reason(error)}") from None
    try:
        _acquire(handle)
        yield
    finally:
        os.close(handle)


def _acquire(handle: int) -> None:
    try:
        import fcntl  # noqa: PLC0415 (not on Windows)
    except ImportError:
        return
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                raise ChartError("context deadline exceeded") from None
            time.sleep(0.1)
        else:
            return
