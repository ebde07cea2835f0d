"""Cuts shell lines into operators and words, and words into the parts that are expanded or stay as they are."""

from typing import NamedTuple

TEXT, VARIABLE, COMMAND, ARITHMETIC = "text", "variable", "command", "arithmetic"
_OPERATORS = ("&&", "||", ";;", ">>", "2>&1", "2>", ">&2", "1>&2", "&>", ">", "<", ";", "|", "&", "(", ")", "\n")
_WORD_END = frozenset(" \t\r\n;&|<>()")
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")


class ShellError(ValueError):
    """A line that the shell cannot read; the text is what ``sh`` prints."""


class Part(NamedTuple):
    """A piece of a word: literal text, or something to expand. ``quoted`` parts are not split into words."""

    kind: str
    text: str
    quoted: bool


Word = tuple[Part, ...]


class Token(NamedTuple):
    """An operator (``word`` is None) or a word."""

    operator: str
    word: Word | None


class Lexer:
    """Cuts a line into tokens."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def tokens(self) -> list[Token]:
        """All tokens. Raises ShellError."""
        found: list[Token] = []
        text = self._text
        while self._at < len(text):
            letter = text[self._at]
            if letter in " \t\r":
                self._at += 1
            elif text.startswith("\\\n", self._at):
                self._at += 2
            elif letter == "#":
                end = text.find("\n", self._at)
                self._at = len(text) if end < 0 else end
            else:
                operator = self._operator()
                found.append(Token(operator, None) if operator else Token("", self._word()))
        return found

    def _operator(self) -> str:
        for operator in _OPERATORS:
            if self._text.startswith(operator, self._at):
                self._at += len(operator)
                return operator
        return ""

    def _word(self) -> Word:
        parts: list[Part] = []
        text = self._text
        while self._at < len(text) and text[self._at] not in _WORD_END:
            letter = text[self._at]
            if letter == "'":
                parts.append(Part(TEXT, self._until("'", "'"), quoted=True))
            elif letter == '"':
                self._at += 1
                parts += self._double()
            elif letter == "\\":
                parts.append(Part(TEXT, text[self._at + 1 : self._at + 2], quoted=True))
                self._at += 2
            elif letter in "$`":
                parts.append(self._expansion(quoted=False))
            else:
                parts.append(Part(TEXT, self._plain(), quoted=False))
        return tuple(parts)

    def _plain(self) -> str:
        start, text = self._at, self._text
        while self._at < len(text) and text[self._at] not in _WORD_END and text[self._at] not in "'\"\\$`":
            self._at += 1
        return text[start : self._at]

    def _until(self, mark: str, what: str) -> str:
        end = self._text.find(mark, self._at + 1)
        if end < 0:
            msg = f"sh: syntax error: unterminated quoted string {what}"
            raise ShellError(msg)
        found = self._text[self._at + 1 : end]
        self._at = end + len(mark)
        return found

    def _double(self) -> list[Part]:
        parts, plain, text = [Part(TEXT, "", quoted=True)], "", self._text
        while self._at < len(text) and text[self._at] != '"':
            letter = text[self._at]
            if letter == "\\" and text[self._at + 1 : self._at + 2] in {'"', "\\", "$", "`", "\n"}:
                plain += text[self._at + 1 : self._at + 2].replace("\n", "")
                self._at += 2
            elif letter in "$`":
                parts += [Part(TEXT, plain, quoted=True), self._expansion(quoted=True)]
                plain = ""
            else:
                plain += letter
                self._at += 1
        if self._at >= len(text):
            msg = "sh: syntax error: unterminated quoted string"
            raise ShellError(msg)
        self._at += 1
        return [*parts, Part(TEXT, plain, quoted=True)]

    def _expansion(self, *, quoted: bool) -> Part:
        text, at = self._text, self._at
        if text[at] == "`":
            return Part(COMMAND, self._until("`", "`"), quoted)
        if text.startswith("$((", at):
            return Part(ARITHMETIC, self._enclosed(at + 3, "((", "))"), quoted)
        if text.startswith("$(", at):
            return Part(COMMAND, self._enclosed(at + 2, "(", ")"), quoted)
        if text.startswith("${", at):
            return Part(VARIABLE, self._enclosed(at + 2, "{", "}"), quoted)
        end = at + 1
        if end < len(text) and text[end] in "?$#!@*0123456789":
            end += 1
        else:
            while end < len(text) and text[end] in _NAME:
                end += 1
        self._at = end
        return Part(VARIABLE, text[at + 1 : end], quoted) if end > at + 1 else Part(TEXT, "$", quoted)

    def _enclosed(self, start: int, opening: str, closing: str) -> str:
        depth, at, text = 1, start, self._text
        while at < len(text):
            if text.startswith(closing, at):
                depth -= 1
                if not depth:
                    self._at = at + len(closing)
                    return text[start:at]
            elif text.startswith(opening, at):
                depth += 1
            at += 1
        msg = f'sh: syntax error: unexpected end of file (expecting "{closing}")'
        raise ShellError(msg)
