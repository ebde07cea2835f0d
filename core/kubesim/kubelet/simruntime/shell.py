"""Parses the shell lines that people put into ``command`` and ``args``: words, lists, pipes, loops, conditions."""

from collections.abc import Sequence
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


class Redirect(NamedTuple):
    """``> file``, ``>> file``, or what becomes of the error output."""

    operator: str
    target: Word


class Simple(NamedTuple):
    """A command with its arguments."""

    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...] = ()


class Pipeline(NamedTuple):
    """``a | b``."""

    commands: "tuple[Node, ...]"
    negated: bool = False


class Listed(NamedTuple):
    """Commands one after the other; each with what stands before it: ``;``, ``&&`` or ``||``, and whether ``&`` follows."""

    items: "tuple[Item, ...]"


class Item(NamedTuple):
    """One member of a list."""

    joint: str
    node: "Node"
    background: bool = False


class While(NamedTuple):
    """``while`` (or with ``until`` its opposite)."""

    until: bool
    condition: "Node"
    body: "Node"


class For(NamedTuple):
    """``for name in words``."""

    name: str
    words: tuple[Word, ...]
    body: "Node"


class If(NamedTuple):
    """Conditions with their branches, and the branch of ``else``."""

    branches: "tuple[tuple[Node, Node], ...]"
    otherwise: "Node | None"


class Group(NamedTuple):
    """``( a; b )``: what happens to variables stays inside, and so does ``exit``."""

    body: "Node"


Node = Simple | Pipeline | Listed | While | For | If | Group


class Token(NamedTuple):
    """An operator (``word`` is None) or a word."""

    operator: str
    word: Word | None


# ---------------------------------------------------------------------- words
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


# ---------------------------------------------------------------------- commands
_STOPS = frozenset({"done", "fi", "then", "else", "elif", "do", "}", "esac"})


class Parser:
    """Recursive descent over the tokens of a line."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def parse(self) -> Node:
        """The whole line. Raises ShellError."""
        node = self._list()
        if self._at < len(self._tokens):
            raise self._unexpected()
        return node

    def _unexpected(self) -> ShellError:
        if self._at >= len(self._tokens):
            return ShellError("sh: syntax error: unexpected end of file")
        token = self._tokens[self._at]
        shown = token.operator if token.word is None else self._keyword()
        return ShellError(f'sh: syntax error: unexpected "{shown or "word"}"'.replace("\n", "newline"))

    def _operator(self) -> str:
        return self._tokens[self._at].operator if self._at < len(self._tokens) else ""

    def _keyword(self) -> str:
        """The next word when it is plain text, else ""."""
        if self._at >= len(self._tokens):
            return ""
        word = self._tokens[self._at].word
        if not word or len(word) != 1 or word[0].kind != TEXT or word[0].quoted:
            return ""
        return word[0].text

    def _expect(self, keyword: str) -> None:
        self._newlines()
        if self._keyword() != keyword:
            raise self._unexpected()
        self._at += 1

    def _newlines(self) -> None:
        while self._operator() in {"\n", ";"}:
            self._at += 1

    def _list(self) -> Node:
        items: list[Item] = []
        joint = ";"
        while True:
            self._newlines()
            if self._at >= len(self._tokens) or self._keyword() in _STOPS or self._operator() == ")":
                break
            node = self._pipeline()
            operator = self._operator()
            items.append(Item(joint, node, operator == "&"))
            if operator in {"&&", "||"}:
                joint = operator
            elif operator in {";", "\n", "&"}:
                joint = ";"
            else:
                break
            self._at += 1
        if len(items) == 1 and not items[0].background:
            return items[0].node
        return Listed(tuple(items))

    def _pipeline(self) -> Node:
        negated = self._keyword() == "!"
        if negated:
            self._at += 1
        commands = [self._command()]
        while self._operator() == "|":
            self._at += 1
            self._newlines()
            commands.append(self._command())
        return commands[0] if len(commands) == 1 and not negated else Pipeline(tuple(commands), negated)

    def _command(self) -> Node:
        keyword = self._keyword()
        if keyword in {"while", "until"}:
            self._at += 1
            condition = self._list()
            self._expect("do")
            body = self._list()
            self._expect("done")
            return self._redirected(While(keyword == "until", condition, body))
        if keyword == "for":
            return self._redirected(self._for())
        if keyword == "if":
            return self._redirected(self._if())
        if keyword == "{" or self._operator() == "(":
            self._at += 1
            node = self._list()
            if keyword:
                self._expect("}")
            elif self._operator() != ")":
                raise self._unexpected()
            else:
                self._at += 1
                node = Group(node)
            return self._redirected(node)
        return self._simple()

    def _for(self) -> For:
        self._at += 1
        name = self._keyword()
        self._at += 1
        words: list[Word] = []
        self._expect("in")
        while self._at < len(self._tokens) and (word := self._tokens[self._at].word) is not None:
            words.append(word)
            self._at += 1
        self._expect("do")
        body = self._list()
        self._expect("done")
        return For(name, tuple(words), body)

    def _if(self) -> If:
        branches: list[tuple[Node, Node]] = []
        otherwise = None
        self._at += 1
        while True:
            condition = self._list()
            self._expect("then")
            branches.append((condition, self._list()))
            keyword = self._keyword()
            self._at += 1
            if keyword == "elif":
                continue
            if keyword == "else":
                otherwise = self._list()
                self._expect("fi")
            elif keyword != "fi":
                self._at -= 1
                raise self._unexpected()
            return If(tuple(branches), otherwise)

    def _redirected(self, node: Node) -> Node:
        while self._redirect() is not None:
            pass
        return node

    def _redirect(self) -> Redirect | None:
        operator = self._operator()
        if operator in {"2>&1", ">&2", "1>&2"}:
            self._at += 1
            return Redirect(operator, ())
        if operator in {">", ">>", "2>", "&>", "<"}:
            self._at += 1
            word = self._tokens[self._at].word if self._at < len(self._tokens) else None
            if word is None:
                raise self._unexpected()
            self._at += 1
            return Redirect(operator, word)
        return None

    def _simple(self) -> Simple:
        words: list[Word] = []
        redirects: list[Redirect] = []
        while self._at < len(self._tokens):
            word = self._tokens[self._at].word
            if word is not None:
                words.append(word)
                self._at += 1
            elif (redirect := self._redirect()) is not None:
                redirects.append(redirect)
            else:
                break
        if not words and not redirects:
            raise self._unexpected()
        return Simple(tuple(words), tuple(redirects))


def parse(text: str) -> Node:
    """The commands of a shell text. Raises ShellError."""
    return Parser(Lexer(text).tokens()).parse()


def literal(argv: Sequence[str]) -> Simple:
    """A command that is given as an argument list, without a shell."""
    return Simple(tuple((Part(TEXT, text, quoted=True),) for text in argv))
