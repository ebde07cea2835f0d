"""How the explorer ends when nobody asked it to: signals leave in order, an internal error leaves a report behind."""

import asyncio
import signal
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

SIGNALS: Final = ("SIGTERM", "SIGHUP")
"""Whoever sends them wants an end, and the terminal back as it was."""


def leave_on_signals(leave: Callable[[int], object]) -> None:
    """Call ``leave`` with the shell's exit code of a signal, 128 and its number; nothing where there are no signals."""
    loop = asyncio.get_running_loop()
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None:
            # Windows has no handlers in its event loop, and only the main thread may set them.
            with suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, leave, 128 + number)


def report(folder: Path) -> str:
    """Write what is known of the exception at hand into a file; says in a line or two what happened, and where it is.

    The values of variables are left out: Secrets may be among them.
    """
    text = traceback.format_exc()
    last = text.strip().splitlines()[-1]
    for place in (folder, Path(tempfile.gettempdir())):
        try:
            place.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", prefix="error-", suffix=".txt", dir=place, delete=False, encoding="utf-8"
            ) as file:
                file.write(text)
        except OSError:
            continue
        return f"kubetui met an internal error and had to stop: {last}\nThe details are in {file.name}"
    return f"kubetui met an internal error and had to stop: {last}"
