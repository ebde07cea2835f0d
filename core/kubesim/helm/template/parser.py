"""Parses templates into trees, with Go's error texts."""

from collections.abc import Container, Mapping

from kubesim.helm.template import lexer
from kubesim.helm.template.lexer import Token
from kubesim.helm.template.nodes import Action, Block, Branch, Invocation, Jump, Node, Text, Tree
from kubesim.helm.template.operands import OperandParser
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.stream import Stream


def parse(name: str, text: str, functions: Container[str]) -> Mapping[str, Tree]:
    """The template of a text and all it defines, by name; ParseError when it is malformed."""
    stream = Stream(name, text)
    trees: dict[str, Tree] = {}
    _Parser(name, stream, functions, trees).parse_all()
    return trees


class _Parser(OperandParser):
    """Parses one template; a define or block inside it gets a parser of its own over the same stream."""

    def __init__(self, name: str, stream: Stream, functions: Container[str], trees: dict[str, Tree]) -> None:
        super().__init__(stream, functions)
        self.name = name
        self.trees = trees
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
