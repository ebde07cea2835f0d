"""snakecase, kebabcase and camelcase: how names are cut into words and joined again."""

from typing import Final

from kubesim.helm.functions.letters import (
    SPACES,
    is_letter,
    is_number,
    is_punctuation,
    is_upper,
    lower_letter,
    upper_letter,
)
from kubesim.helm.template.signatures import STRING, Function, function

INVALID, NUMBER, UPPER, ALPHABET, CONNECTOR, PUNCTUATION, OTHER = range(7)
_ENDS_WORD: Final = frozenset([CONNECTOR, PUNCTUATION])
_CONNECTORS: Final = "-_" + SPACES


def _is_connector(letter: str) -> bool:
    return letter in _CONNECTORS


def _is_alphabet(letter: str) -> bool:
    return is_letter(letter) and not "\u4e00" <= letter <= "\u9fcc"


def _kind(letter: str) -> int:
    if "\udc80" <= letter <= "\udcff":
        return INVALID
    if _is_connector(letter):
        return CONNECTOR
    if is_punctuation(letter):
        return PUNCTUATION
    if is_upper(letter):
        return UPPER
    if _is_alphabet(letter):
        return ALPHABET
    return NUMBER if is_number(letter) else OTHER


def _words(text: str) -> list[tuple[int, str]]:
    """The text cut into words with their kinds; HTTPServer is HTTP and Server."""
    words: list[tuple[int, str]] = []
    at = 0
    while at < len(text):
        kind = _kind(text[at])
        end = at + 1
        if kind == UPPER:
            end = _end_of_upper(text, at)
        elif kind == PUNCTUATION:
            # Hyphens and underscores within punctuation are part of it.
            while end < len(text) and is_punctuation(text[end]):
                end += 1
        elif kind != INVALID:
            while end < len(text) and _kind(text[end]) == kind:
                end += 1
        words.append((kind, text[at:end]))
        at = end
    return words


def _end_of_upper(text: str, start: int) -> int:
    end = start + 1
    if end < len(text) and is_upper(text[end]):
        while end < len(text) and is_upper(text[end]):
            end += 1
        # The last capital begins the next word when small letters follow it.
        return end - 1 if end < len(text) and _is_alphabet(text[end]) else end
    while end < len(text) and _is_alphabet(text[end]) and not is_upper(text[end]):
        end += 1
    return end


class _Joiner:
    """Joins words in lower case with a connector."""

    def __init__(self, text: str, connector: str) -> None:
        self.words = _words(text)
        self.connector = connector
        self.at = 0
        self.out: list[str] = []

    def kind(self) -> int:
        """The kind of the current word; INVALID behind the last."""
        return self.words[self.at][0] if self.at < len(self.words) else INVALID

    def take(self) -> None:
        """Write the current word and go on to the next."""
        if self.at < len(self.words):
            kind, word = self.words[self.at]
            if kind in {UPPER, CONNECTOR}:
                word = "".join([self.connector if _is_connector(one) else lower_letter(one) for one in word])
            self.out.append(word)
            self.at += 1

    def take_word(self) -> None:
        """Write the letters and numbers that belong together from here."""
        while self.kind() in {ALPHABET, NUMBER}:
            self.take()

    def connect(self, unless: frozenset[int]) -> None:
        """Write a connector, unless such a word follows or none."""
        if self.at < len(self.words) and self.kind() not in unless:
            self.out.append(self.connector)

    def run(self) -> str:
        """The joined text."""
        while self.at < len(self.words):
            kind = self.kind()
            self.take()
            if kind == NUMBER:
                self.take_word()
                self.connect(_ENDS_WORD)
            elif kind not in {CONNECTOR, PUNCTUATION}:
                self.after_word()
        return "".join(self.out)

    def after_word(self) -> None:
        """A number behind a word belongs to it, unless small letters follow the number."""
        if self.kind() != NUMBER:
            self.connect(_ENDS_WORD)
        elif self.at + 1 >= len(self.words):
            self.take()
        elif self.words[self.at + 1][0] == ALPHABET:
            self.out.append(self.connector)
            self.take_word()
            self.connect(_ENDS_WORD)
        else:
            self.take()
            self.connect(_ENDS_WORD)


def snakecase(text: str) -> str:
    """FirstName as first_name."""
    return _Joiner(text, "_").run()


def kebabcase(text: str) -> str:
    """FirstName as first-name."""
    return _Joiner(text, "-").run()


def camelcase(text: str) -> str:
    """first_name as FirstName."""
    body = text.lstrip(_CONNECTORS)
    out = [text[: len(text) - len(body)]]
    if not body:
        # The library writes the last of nothing but connectors twice.
        return text + text[-1:]
    previous = upper_letter(body[0])
    in_capitals = is_upper(body[0])
    for letter in body[1:]:
        if _is_connector(letter) and _is_connector(previous):
            out.append(previous)
            previous = letter
            continue
        current = letter
        if _is_connector(previous):
            in_capitals = is_upper(letter)
            current = upper_letter(letter)
        else:
            if in_capitals and is_upper(letter):
                current = lower_letter(letter)
            else:
                in_capitals = False
            out.append(previous)
        previous = current
    return "".join([*out, previous])


FUNCTIONS: tuple[Function, ...] = (
    function("snakecase", snakecase, STRING),
    function("kebabcase", kebabcase, STRING),
    function("camelcase", camelcase, STRING),
)
