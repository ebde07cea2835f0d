"""The tokens of a template as its parser reads them, and how it fails at one."""

from typing import NoReturn

from kubesim.helm.template import lexer
from kubesim.helm.template.errors import ParseError
from kubesim.helm.template.lexer import Token

MAX_NESTING = 300
"""How deep blocks and parentheses may nest. # differs: Go has no limit, but Python's stack has one."""


class Stream:
    """The tokens of a text and how far they were read."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.tokens = lexer.scan(text)
        self.next = 0
        self.furthest = 0
        self.action_line = 0
        self.nesting = 0

    def take(self) -> Token:
        """The next token."""
        token = self.peek()
        if self.next < len(self.tokens) - 1:
            self.next += 1
        return token

    def peek(self) -> Token:
        """The next token, without taking it."""
        self.furthest = max(self.furthest, self.next)
        return self.tokens[self.next]

    def take_word(self) -> Token:
        """The next token that is no space."""
        while self.peek().kind == lexer.SPACE:
            self.next += 1
        return self.take()

    def peek_word(self) -> Token:
        """The next token that is no space, without taking it."""
        while self.peek().kind == lexer.SPACE:
            self.next += 1
        return self.peek()

    def line(self, token: Token) -> int:
        """The line of a token, from 1."""
        return 1 + self.text.count("\n", 0, token.position)

    def fail(self, message: str) -> NoReturn:
        """Raise a ParseError."""
        # Go names the line of the token that the lexer gave out last, even when the parser has not consumed it.
        raise ParseError(f"template: {self.file}:{self.line(self.tokens[self.furthest])}: {message}")

    def unexpected(self, token: Token, context: str) -> NoReturn:
        """Fail for a token that does not belong here."""
        if token.kind != lexer.ERROR:
            self.fail(f"unexpected {token} in {context}")
        extra = ""
        if self.action_line not in {0, self.line(token)}:
            extra = f" in action started at {self.file}:{self.action_line}"
            if token.text.endswith(" action"):
                extra = extra.removeprefix(" in action")
        self.fail(f"{token}{extra}")

    def expect(self, kind: str, context: str) -> Token:
        """The next token, which must be of a kind."""
        token = self.take_word()
        if token.kind != kind:
            self.unexpected(token, context)
        return token

    def deeper(self) -> None:
        """Go one block or parenthesis deeper."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self.fail(f"nested deeper than {MAX_NESTING} levels")
