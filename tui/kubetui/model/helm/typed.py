"""What is typed after ``:install`` and ``:upgrade``: words, and the few of Helm's flags that say which values."""

import shlex
from pathlib import Path
from typing import Final, NamedTuple

from kubesim.helm.chart.errors import ChartError


class Typed(NamedTuple):
    """The words (release, chart), the namespace, the values files and the --set flags."""

    words: tuple[str, ...] = ()
    namespace: str = ""
    files: tuple[Path, ...] = ()
    set: tuple[str, ...] = ()

    @property
    def has_values(self) -> bool:
        """Whether values were given."""
        return bool(self.files or self.set)


_FLAGS: Final = {"-n": "namespace", "--namespace": "namespace", "-f": "files", "--values": "files", "--set": "set"}


def read_line(text: str) -> Typed:
    """Take a line apart as a shell would. ChartError when a flag is unknown or has no value."""
    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise ChartError(f"{text}: {error}") from None
    words: list[str] = []
    found: dict[str, list[str]] = {"namespace": [], "files": [], "set": []}
    position = 0
    while position < len(parts):
        part = parts[position]
        position += 1
        if not part.startswith("-"):
            words.append(part)
            continue
        flag, equals, value = part.partition("=")
        if flag not in _FLAGS:
            raise ChartError(f"unknown flag: {flag}; known are {', '.join(_FLAGS)}")
        if not equals:
            if position == len(parts):
                raise ChartError(f"flag needs an argument: {flag}")
            value = parts[position]
            position += 1
        found[_FLAGS[flag]].append(value)
    files = tuple(Path(each).expanduser() for each in found["files"])
    return Typed(tuple(words), "".join(found["namespace"][-1:]), files, tuple(found["set"]))
