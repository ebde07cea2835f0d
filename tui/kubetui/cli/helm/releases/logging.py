"""Writes what Helm logs to standard error, in the format of Go's slog."""

import re
import sys
from collections.abc import Mapping
from typing import Any, Final

from kubesim.helm.template.quoting import quote

_PLAIN: Final = re.compile(r'[^\s"=\x00-\x20\x7f]+')


class Log:
    """Writes lines; those for debugging only with ``debug``."""

    def __init__(self, *, debug: bool) -> None:
        self._debug = debug

    def report(self, level: str, text: str, attributes: Mapping[str, Any]) -> None:
        """One line."""
        if level != "DEBUG" or self._debug:
            write_line(level, text, attributes)


def write_line(level: str, text: str, attributes: Mapping[str, Any]) -> None:
    """One line in slog's format."""
    pairs = {"level": level, "msg": text, **attributes}
    line = " ".join([f"{name}={_shown(value)}" for name, value in pairs.items()]) + "\n"
    sys.stdout.flush()
    sys.stderr.buffer.write(line.encode("utf-8", "surrogateescape"))
    sys.stderr.buffer.flush()


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text if _PLAIN.fullmatch(text) else quote(text)


def warn(text: str, *, log: bool = False) -> None:
    """A warning: a plain line, or one of the log."""
    if log:
        write_line("WARN", text, {})
    else:
        print(text, file=sys.stderr)
