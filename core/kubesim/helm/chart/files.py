""".Files: the files of a chart that are neither templates nor charts, as templates see them."""

import base64
import posixpath
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, ClassVar

from kubesim.helm.chart.chart import File
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.signatures import STRING, Function, function
from kubesim.helm.template.values import GoMap, StringSlice, decode
from kubesim.helm.yaml.writer import to_yaml


class Files(GoMap):
    """Names and bytes."""

    type_name = "engine.files"
    element = "[]uint8"
    zero = b""
    go_methods: ClassVar[Mapping[str, Function]] = {}

    @classmethod
    def of(cls, files: Iterable[File]) -> "Files":
        """The files of a chart; of files with one name the last."""
        return cls({file.name: file.data for file in files})

    def get_bytes(self, name: str) -> bytes:
        """A file's bytes, none when there is no such file."""
        data: bytes = self.get(name, b"")
        return data

    def text(self, name: str) -> str:
        """A file's text."""
        return decode(self.get_bytes(name))

    def glob(self, pattern: str) -> "Files":
        """The files whose names fit; all when the pattern is malformed."""
        matcher = compile_glob(pattern)
        return Files({name: data for name, data in self.items() if matcher is None or matcher.fullmatch(name)})

    def as_config(self) -> str:
        """YAML for a ConfigMap's data: base names and texts."""
        return _yaml({posixpath.basename(name): decode(self[name]) for name in sorted(self)})

    def as_secrets(self) -> str:
        """YAML for a Secret's data: base names and base64."""
        return _yaml({posixpath.basename(name): base64.b64encode(self[name]).decode() for name in sorted(self)})

    def lines(self, name: str) -> StringSlice:
        """A file's lines; one line break at its end does not count."""
        if not self.get_bytes(name):
            return StringSlice()
        return StringSlice(self.text(name).removesuffix("\n").split("\n"))


Files.go_methods = {
    "Get": function("Get", Files.text, STRING),
    "GetBytes": function("GetBytes", Files.get_bytes, STRING),
    "Glob": function("Glob", Files.glob, STRING),
    "AsConfig": function("AsConfig", Files.as_config),
    "AsSecrets": function("AsSecrets", Files.as_secrets),
    "Lines": function("Lines", Files.lines, STRING),
}


def _yaml(value: dict[str, Any]) -> str:
    try:
        return to_yaml(value).removesuffix("\n")
    except GoError:
        return ""


@lru_cache(maxsize=256)
def compile_glob(pattern: str) -> re.Pattern[str] | None:
    """gobwas/glob between slashes: ``*``, ``**``, ``?``, ``[a-z]``, ``[!abc]``, ``{a,b}``; None if malformed."""
    parts: list[str] = []
    braces = 0
    place = 0
    while place < len(pattern):
        letter = pattern[place]
        place += 1
        if letter == "*":
            double = pattern.startswith("*", place)
            parts.append(".*" if double else "[^/]*")
            place += double
        elif letter == "?":
            parts.append("[^/]")
        elif letter == "[":
            end = pattern.find("]", place)
            content = _class(pattern[place:end]) if end > 0 else None
            if content is None:
                return None
            parts.append(content)
            place = end + 1
        elif letter in "{}" or (letter == "," and braces):
            braces += {"{": 1, "}": -1, ",": 0}[letter]
            parts.append({"{": "(?:", "}": ")", ",": "|"}[letter])
        else:
            if letter == "\\":
                letter = pattern[place : place + 1]
                place += 1
            parts.append(re.escape(letter))
        if braces < 0:
            return None
    return re.compile("".join(parts), re.DOTALL) if not braces else None


def _class(content: str) -> str | None:
    negated = content.startswith("!")
    content = content.removeprefix("!")
    if not content:
        return None
    if len(content) == 3 and content[1] == "-":
        if content[0] > content[2]:
            return None
        inner = f"{re.escape(content[0])}-{re.escape(content[2])}"
    else:
        inner = re.escape(content)
    return f"[{'^' if negated else ''}{inner}]"
