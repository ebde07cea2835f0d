"""The last resort of Ctrl-C: gives the terminal back from the input thread when the program no longer answers."""

import os
import sys
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from textual import events

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.message import Message

PATIENCE = 1.0
"""Seconds that a first Ctrl-C may stay unanswered before a second one ends the process."""

_RESTORE = b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?2004l\x1b[?1049l\x1b[<u\x1b[?25h\x1b[0m\r\n"
"""Mouse off, paste off, main screen, plain keyboard, cursor on, plain text."""


class Interrupts:
    """Counts the Ctrl-C that nobody has answered yet."""

    def __init__(self) -> None:
        self._first: float | None = None

    def answered(self) -> None:
        """The program is alive and has seen the key."""
        self._first = None

    def pressed(self, now: float) -> bool:
        """One more Ctrl-C; True when the program has had its chance."""
        if self._first is None:
            self._first = now
            return False
        return now - self._first >= PATIENCE


def guarded(driver: "type[Driver]", interrupts: Interrupts, on_key: Callable[[], None] | None = None) -> "type[Driver]":
    """The driver with an eye on Ctrl-C, and on keys that wait while the cluster works.

    Its ``process_message`` runs in the input thread, which always answers.
    """

    class Guarded(driver):  # type: ignore[misc,valid-type]
        def process_message(self, message: "Message") -> None:
            if isinstance(message, events.Key):
                if on_key is not None:
                    on_key()
                if message.key == "ctrl+c" and interrupts.pressed(monotonic()):
                    _give_back(getattr(self, "attrs_before", None))
            super().process_message(message)

    return Guarded


def _give_back(attributes: Any) -> None:
    if attributes is not None:
        import termios  # noqa: PLC0415 - not on every platform

        termios.tcsetattr(sys.__stdin__.fileno() if sys.__stdin__ else 0, termios.TCSANOW, attributes)
    os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, _RESTORE)
    os._exit(130)
