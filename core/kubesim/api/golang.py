"""JSON as Go's encoding/json reads it: the same documents, the same complaints, and repeated keys noticed."""

import json
from typing import Any

import orjson

_SPACE = " \t\r\n"
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_DIGITS = "0123456789"
_HEX = "0123456789abcdefABCDEF"
_WORDS = {"true": True, "false": False, "null": None}
_END = "unexpected end of JSON input"
_TOO_DEEP = "exceeded max depth"
EXPLAINED = 64 * 1024
"""Up to how many bytes a document that is no JSON is told what is wrong with it, in Go's words."""


def parse_json(data: bytes) -> Any:
    """Decode a document. Raises ValueError with Go's text."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if len(data) > EXPLAINED:
            raise ValueError(_brief(data, error.pos)) from None
    try:
        return _Scanner(data.decode("utf-8", "replace")).document()
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None


def _brief(data: bytes, position: int) -> str:
    # differs: what was expected at that place takes a slow look at all that comes before it.
    letter = data.decode("utf-8", "replace")[position : position + 1]
    return _unexpected(letter, "looking for beginning of value") if letter else _END


def _unrepeated(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise _RepeatedError


class _RepeatedError(Exception):
    """Some object has a field twice."""


def _repeats(data: bytes) -> bool:
    """Whether any object has a field twice: a quick look before the slow one that says where."""
    try:
        json.loads(data, object_pairs_hook=_unrepeated)
    except (_RepeatedError, ValueError, RecursionError):
        return True
    return False


def repeated_fields(data: bytes) -> tuple[list[str], list[str]]:
    """The paths of keys that occur twice in one object, in order: ``spec.replicas``, ``spec.containers[0].name``.

    If there are any, with the paths of all keys as they come.
    """
    if not _repeats(data):
        return [], []
    scanner = _Scanner(data.decode("utf-8", "replace"))
    scanner.document()
    return scanner.repeated, scanner.keys


class _Scanner:
    """A recursive descent over the text. # k8s: encoding/json scanner.go has the texts."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.repeated: list[str] = []
        self.keys: list[str] = []

    def document(self) -> Any:
        """The one value of the document."""
        value = self.value("")
        letter = self.skip()
        if letter:
            raise ValueError(_unexpected(letter, "after top-level value"))
        return value

    def skip(self) -> str:
        """The next letter that is no space, not consumed; "" at the end."""
        text = self.text
        while self.position < len(text) and text[self.position] in _SPACE:
            self.position += 1
        return text[self.position : self.position + 1]

    def value(self, path: str) -> Any:
        """Any value."""
        letter = self.skip()
        if not letter:
            raise ValueError(_END)
        if letter == "{":
            return self.object(path)
        if letter == "[":
            return self.array(path)
        if letter == '"':
            return self.string()
        if letter == "-" or letter in _DIGITS:
            return self.number()
        for word, value in _WORDS.items():
            if letter == word[0]:
                self.word(word)
                return value
        raise ValueError(_unexpected(letter, "looking for beginning of value"))

    def object(self, path: str) -> dict[str, Any]:
        """An object; of a repeated key the last value counts."""
        self.position += 1
        found: dict[str, Any] = {}
        letter = self.skip()
        if letter == "}":
            self.position += 1
            return found
        while True:
            letter = self.skip()
            if letter != '"':
                raise ValueError(_unexpected(letter, "looking for beginning of object key string"))
            key = self.string()
            inner = f"{path}.{key}" if path else key
            self.keys.append(inner)
            if key in found:
                self.repeated.append(inner)
            self.expect(":", "after object key")
            found[key] = self.value(inner)
            if self.expect(",}", "after object key:value pair") == "}":
                return found

    def array(self, path: str) -> list[Any]:
        """An array."""
        self.position += 1
        found: list[Any] = []
        if self.skip() == "]":
            self.position += 1
            return found
        while True:
            found.append(self.value(f"{path}[{len(found)}]"))
            if self.expect(",]", "after array element") == "]":
                return found

    def expect(self, letters: str, where: str) -> str:
        """One of the letters, consumed."""
        letter = self.skip()
        if not letter or letter not in letters:
            raise ValueError(_unexpected(letter, where))
        self.position += 1
        return letter

    def string(self) -> str:
        """A string."""
        self.position += 1
        letters: list[str] = []
        while True:
            letter = self.take()
            if letter == '"':
                return "".join(letters)
            if letter == "\\":
                letters.append(self.escape())
            elif letter < " ":
                raise ValueError(_unexpected(letter, "in string literal"))
            else:
                letters.append(letter)

    def escape(self) -> str:
        """What follows a backslash."""
        letter = self.take()
        if letter in _ESCAPES:
            return _ESCAPES[letter]
        if letter != "u":
            raise ValueError(_unexpected(letter, "in string escape code"))
        digits = ""
        for _ in range(4):
            digit = self.take()
            if digit not in _HEX:
                raise ValueError(_unexpected(digit, "in \\u hexadecimal character escape"))
            digits += digit
        return chr(int(digits, 16))

    def take(self) -> str:
        """The next letter, consumed."""
        if self.position >= len(self.text):
            raise ValueError(_END)
        letter = self.text[self.position]
        self.position += 1
        return letter

    def number(self) -> int | float:
        """A number."""
        start = self.position
        if self.text[start] == "-":
            self.position += 1
            self.digits("in numeric literal")
        elif self.text[start] == "0":
            self.position += 1
        else:
            self.digits("in numeric literal")
        whole = True
        if self.text[self.position : self.position + 1] == ".":
            whole = False
            self.position += 1
            self.digits("after decimal point in numeric literal")
        if self.text[self.position : self.position + 1] in {"e", "E"}:
            whole = False
            self.position += 1
            if self.text[self.position : self.position + 1] in {"+", "-"}:
                self.position += 1
            self.digits("in exponent of numeric literal")
        text = self.text[start : self.position]
        return int(text) if whole else float(text)

    def digits(self, where: str) -> None:
        """One digit or more."""
        start = self.position
        while self.position < len(self.text) and self.text[self.position] in _DIGITS:
            self.position += 1
        if self.position == start:
            raise ValueError(_unexpected(self.text[start : start + 1], where))

    def word(self, word: str) -> None:
        """true, false or null."""
        for offset, letter in enumerate(word):
            found = self.text[self.position + offset : self.position + offset + 1]
            if found != letter:
                raise ValueError(_unexpected(found, f"in literal {word} (expecting {_quoted(letter)})"))
        self.position += len(word)


def _unexpected(letter: str, where: str) -> str:
    return f"invalid character {_quoted(letter)} {where}" if letter else _END


def _quoted(letter: str) -> str:
    if letter == "'":
        return "'\\''"
    if letter in "\t\r\n":
        return {"\t": "'\\t'", "\r": "'\\r'", "\n": "'\\n'"}[letter]
    return f"'{letter}'"
