"""Parses templates into trees, with Go's error texts."""

from collections.abc import Container, Mapping
from typing import NoReturn

from kubesim.helm.template import lexer
from kubesim.helm.template.errors import GoError, ParseError
from kubesim.helm.template.lexer import Token
from kubesim.helm.template.nodes import (
    Action,
    Block,
    Bool,
    Branch,
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    Invocation,
    Jump,
    Nil,
    Node,
    Number,
    Pipe,
    String,
    Text,
    Tree,
    Variable,
)
from kubesim.helm.template.numerals import number_node
from kubesim.helm.template.quoting import quote, unquote

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
MAX_NESTING = 300
"""How deep blocks and parentheses may nest. # differs: Go has no limit, but Python's stack has one."""


def parse(name: str, text: str, functions: Container[str]) -> Mapping[str, Tree]:
    """The template of a text and all it defines, by name; ParseError when it is malformed."""
    stream = _Stream(name, text)
    trees: dict[str, Tree] = {}
    _Parser(name, stream, functions, trees).parse_all()
    return trees


class _Stream:
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
        token = self.peek()
        if self.next < len(self.tokens) - 1:
            self.next += 1
        return token

    def peek(self) -> Token:
        self.furthest = max(self.furthest, self.next)
        return self.tokens[self.next]

    def take_word(self) -> Token:
        """The next token that is no space."""
        while self.peek().kind == lexer.SPACE:
            self.next += 1
        return self.take()

    def peek_word(self) -> Token:
        while self.peek().kind == lexer.SPACE:
            self.next += 1
        return self.peek()

    def line(self, token: Token) -> int:
        return 1 + self.text.count("\n", 0, token.position)

    def fail(self, message: str) -> NoReturn:
        # Go names the line of the token that the lexer gave out last, even when the parser has not consumed it.
        raise ParseError(f"template: {self.file}:{self.line(self.tokens[self.furthest])}: {message}")

    def unexpected(self, token: Token, context: str) -> NoReturn:
        if token.kind != lexer.ERROR:
            self.fail(f"unexpected {token} in {context}")
        extra = ""
        if self.action_line not in {0, self.line(token)}:
            extra = f" in action started at {self.file}:{self.action_line}"
            if token.text.endswith(" action"):
                extra = extra.removeprefix(" in action")
        self.fail(f"{token}{extra}")

    def expect(self, kind: str, context: str) -> Token:
        token = self.take_word()
        if token.kind != kind:
            self.unexpected(token, context)
        return token

    def deeper(self) -> None:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self.fail(f"nested deeper than {MAX_NESTING} levels")


class _Parser:
    """Parses one template; a define or block inside it gets a parser of its own over the same stream."""

    def __init__(self, name: str, stream: _Stream, functions: Container[str], trees: dict[str, Tree]) -> None:
        self.name = name
        self.stream = stream
        self.functions = functions
        self.trees = trees
        self.variables = ["$"]
        self.range_depth = 0

    def parse_all(self) -> None:
        stream = self.stream
        root = Block(stream.peek().position)
        while stream.peek().kind != lexer.EOF:
            if stream.peek().kind == lexer.LEFT:
                start = stream.next
                stream.take()
                token = stream.take_word()
                if token.kind == lexer.KEYWORD and token.text == "define":
                    self.define()
                    continue
                stream.next = start
            node = self.text_or_action()
            if isinstance(node, Jump) and node.keyword in {"end", "else"}:
                stream.fail(f"unexpected {node}")
            root.nodes.append(node)
        self.add(root)

    def add(self, root: Block) -> None:
        known = self.trees.get(self.name)
        if known is None or known.root.is_empty():
            self.trees[self.name] = Tree(self.name, self.stream.file, self.stream.text, root)
        elif not root.is_empty():
            self.stream.fail(f"template: multiple definition of template {quote(self.name)}")

    def define(self) -> None:
        token = self.stream.take_word()
        if token.kind not in {lexer.STRING, lexer.RAW}:
            self.stream.unexpected(token, "define clause")
        name = self.unquoted(token)
        self.stream.expect(lexer.RIGHT, "define clause")
        self.inner(name, "define clause")

    def inner(self, name: str, context: str) -> None:
        """Parse a body up to its end as a template of its own."""
        parser = _Parser(name, self.stream, self.functions, self.trees)
        body, end = parser.block()
        if end.keyword != "end":
            self.stream.fail(f"unexpected {end} in {context}")
        parser.add(body)

    def unquoted(self, token: Token) -> str:
        try:
            return unquote(token.text)
        except GoError as error:
            self.stream.fail(str(error))

    def block(self) -> tuple[Block, Jump]:
        """Nodes up to an end or else, which is returned beside them."""
        stream = self.stream
        stream.deeper()
        block = Block(stream.peek_word().position)
        while stream.peek_word().kind != lexer.EOF:
            node = self.text_or_action()
            if isinstance(node, Jump) and node.keyword in {"end", "else"}:
                stream.nesting -= 1
                return block, node
            block.nodes.append(node)
        stream.fail("unexpected EOF")

    def text_or_action(self) -> Node:
        token = self.stream.take_word()
        if token.kind == lexer.TEXT:
            return Text(token.position, token.text)
        if token.kind != lexer.LEFT:
            self.stream.unexpected(token, "input")
        self.stream.action_line = self.stream.line(token)
        node = self.action()
        self.stream.action_line = 0
        return node

    def action(self) -> Node:
        token = self.stream.peek_word()
        if token.kind != lexer.KEYWORD or token.text == "define":
            return Action(token.position, self.pipeline("command", lexer.RIGHT))
        self.stream.take()
        match token.text:
            case "if" | "range" | "with":
                return self.control(token.text)
            case "block":
                return self.block_control()
            case "template":
                return self.template_control()
            case "else":
                return self.else_control()
            case "end":
                return Jump(self.stream.expect(lexer.RIGHT, "end").position, "end")
            case _:
                return self.jump(token)

    def jump(self, token: Token) -> Node:
        following = self.stream.take_word()
        if following.kind != lexer.RIGHT:
            self.stream.unexpected(following, f"{{{{{token.text}}}}}")
        if not self.range_depth:
            self.stream.fail(f"{{{{{token.text}}}}} outside {{{{range}}}}")
        return Jump(token.position, token.text)

    def else_control(self) -> Jump:
        token = self.stream.peek_word()
        if token.kind == lexer.KEYWORD and token.text in {"if", "with"}:
            return Jump(token.position, "else")
        return Jump(self.stream.expect(lexer.RIGHT, "else").position, "else")

    def control(self, keyword: str) -> Branch:
        mark = len(self.variables)
        pipe = self.pipeline(keyword, lexer.RIGHT)
        self.range_depth += keyword == "range"
        body, end = self.block()
        self.range_depth -= keyword == "range"
        otherwise: Block | None = None
        if end.keyword == "else":
            token = self.stream.peek()
            if keyword != "range" and token.kind == lexer.KEYWORD and token.text == keyword:
                self.stream.take()
                self.stream.deeper()
                otherwise = Block(end.position)
                otherwise.nodes.append(self.control(keyword))
                self.stream.nesting -= 1
            else:
                otherwise, end = self.block()
                if end.keyword != "end":
                    self.stream.fail(f"expected end; found {end}")
        del self.variables[mark:]
        return Branch(keyword, pipe, body, otherwise)

    def block_control(self) -> Invocation:
        token, name = self.template_name("block clause")
        pipe = self.pipeline("block clause", lexer.RIGHT)
        self.inner(name, "block clause")
        return Invocation(token.position, name, pipe)

    def template_control(self) -> Invocation:
        token, name = self.template_name("template clause")
        if self.stream.peek_word().kind == lexer.RIGHT:
            self.stream.take()
            return Invocation(token.position, name, None)
        return Invocation(token.position, name, self.pipeline("template clause", lexer.RIGHT))

    def template_name(self, context: str) -> tuple[Token, str]:
        token = self.stream.take_word()
        if token.kind not in {lexer.STRING, lexer.RAW}:
            self.stream.unexpected(token, context)
        return token, self.unquoted(token)

    def pipeline(self, context: str, end: str) -> Pipe:
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
        if not pipe.commands:
            self.stream.fail(f"missing value for {context}")
        for stage, command in enumerate(pipe.commands[1:], start=2):
            if isinstance(command.arguments[0], Bool | Dot | Nil | Number | String):
                self.stream.fail(f"non executable command in pipeline stage {stage}")

    def command(self) -> Command:
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

    def literal(self, token: Token) -> Node:
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
