"""Parses what stands inside actions: pipelines, commands, operands and literals."""

from collections.abc import Container

from kubesim.helm.template import lexer
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.lexer import Token
from kubesim.helm.template.nodes import (
    Bool,
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    Nil,
    Node,
    Number,
    Pipe,
    String,
    Variable,
)
from kubesim.helm.template.numerals import number_node
from kubesim.helm.template.quoting import quote, unquote
from kubesim.helm.template.stream import Stream

_OPERANDS = frozenset(
    [
        lexer.BOOL,
        lexer.CHARACTER,
        lexer.COMPLEX,
        lexer.DOT,
        lexer.FIELD,
        lexer.IDENTIFIER,
        lexer.NUMBER,
        lexer.NIL,
        lexer.RAW,
        lexer.STRING,
        lexer.VARIABLE,
        lexer.OPEN,
    ]
)


class OperandParser:
    """Parses pipelines; knows which functions there are and which variables are in sight."""

    def __init__(self, stream: Stream, functions: Container[str]) -> None:
        self.stream = stream
        self.functions = functions
        self.variables = ["$"]

    def unquoted(self, token: Token) -> str:
        """The value of a string literal."""
        try:
            return unquote(token.text)
        except GoError as error:
            self.stream.fail(str(error))

    def literal(self, token: Token) -> Node:
        """The node of a literal."""
        match token.kind:
            case lexer.DOT:
                return Dot(token.position)
            case lexer.NIL:
                return Nil(token.position)
            case lexer.BOOL:
                return Bool(token.position, token.text == "true")
            case lexer.STRING | lexer.RAW:
                return String(token.position, token.text, self.unquoted(token))
            case _:
                try:
                    return number_node(token)
                except GoError as error:
                    self.stream.fail(str(error))

    def pipeline(self, context: str, end: str) -> Pipe:
        """A pipeline up to the token that ends it."""
        stream = self.stream
        pipe = Pipe(stream.peek_word().position)
        self.declarations(pipe, context)
        while True:
            token = stream.peek_word()
            if token.kind == end:
                stream.take()
                self.check(pipe, context)
                return pipe
            if token.kind not in _OPERANDS:
                stream.take()
                stream.unexpected(token, context)
            pipe.commands.append(self.command())

    def declarations(self, pipe: Pipe, context: str) -> None:
        """Read the variables that a pipeline declares or sets."""
        stream = self.stream
        while stream.peek_word().kind == lexer.VARIABLE:
            start = stream.next
            token = stream.take()
            following = stream.peek_word()
            comma = following.kind == lexer.OTHER and following.text == ","
            if not comma and following.kind not in {lexer.ASSIGN, lexer.DECLARE}:
                stream.next = start
                return
            stream.take()
            pipe.variables.append(Variable(token.position, token.text))
            self.variables.append(token.text)
            if not comma:
                pipe.assigns = following.kind == lexer.ASSIGN
                return
            if context != "range" or len(pipe.variables) >= 2:
                stream.fail(f"too many declarations in {context}")
            if stream.peek_word().kind not in {lexer.VARIABLE, lexer.RIGHT, lexer.CLOSE}:
                stream.fail("range can only initialize variables")

    def check(self, pipe: Pipe, context: str) -> None:
        """Fail for an empty pipeline, or one with a literal behind a bar."""
        if not pipe.commands:
            self.stream.fail(f"missing value for {context}")
        for stage, command in enumerate(pipe.commands[1:], start=2):
            if isinstance(command.arguments[0], Bool | Dot | Nil | Number | String):
                self.stream.fail(f"non executable command in pipeline stage {stage}")

    def command(self) -> Command:
        """An operand and its arguments."""
        command = Command(self.stream.peek_word().position)
        while True:
            self.stream.peek_word()
            operand = self.operand()
            if operand is not None:
                command.arguments.append(operand)
            token = self.stream.peek()
            if token.kind in {lexer.SPACE, lexer.PIPE}:
                self.stream.take()
            elif token.kind not in {lexer.RIGHT, lexer.CLOSE}:
                self.stream.take()
                self.stream.unexpected(token, "operand")
            if token.kind != lexer.SPACE:
                break
        if not command.arguments:
            self.stream.fail("empty command")
        return command

    def operand(self) -> Node | None:
        """A term and the fields behind it; None where no operand stands."""
        node = self.term()
        if node is None or self.stream.peek().kind != lexer.FIELD:
            return node
        chain = Chain(self.stream.peek().position, node)
        while self.stream.peek().kind == lexer.FIELD:
            chain.names.append(self.stream.take().text[1:])
        if isinstance(node, Field):
            return Field(chain.position, str(chain))
        if isinstance(node, Variable):
            return Variable(chain.position, str(chain))
        if isinstance(node, Bool | String | Number | Nil | Dot):
            self.stream.fail(f"unexpected . after term {quote(str(node))}")
        return chain

    def term(self) -> Node | None:
        """A term; None where none stands."""
        token = self.stream.peek_word()
        if token.kind not in _OPERANDS:
            return None
        self.stream.take()
        match token.kind:
            case lexer.IDENTIFIER:
                if token.text not in self.functions:
                    self.stream.fail(f"function {quote(token.text)} not defined")
                return Identifier(token.position, token.text)
            case lexer.VARIABLE:
                if token.text not in self.variables:
                    self.stream.fail(f"undefined variable {quote(token.text)}")
                return Variable(token.position, token.text)
            case lexer.OPEN:
                self.stream.deeper()
                pipe = self.pipeline("parenthesized pipeline", lexer.CLOSE)
                self.stream.nesting -= 1
                return pipe
            case lexer.FIELD:
                return Field(token.position, token.text)
            case _:
                return self.literal(token)
