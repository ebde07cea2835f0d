"""Parses the shell lines that people put into ``command`` and ``args``: lists, pipes, loops, conditions."""

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.kubelet.simruntime.lexer import TEXT, Lexer, Part, ShellError, Token, Word


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
    """Commands one after the other."""

    items: "tuple[Item, ...]"


class Item(NamedTuple):
    """One member of a list: what stands before it (``;``, ``&&`` or ``||``), and whether ``&`` follows."""

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


class Case(NamedTuple):
    """``case word in pattern | pattern) list;; esac``."""

    word: Word
    branches: "tuple[tuple[tuple[Word, ...], Node], ...]"


class Group(NamedTuple):
    """``( a; b )``: what happens to variables stays inside, and so does ``exit``."""

    body: "Node"


Node = Simple | Pipeline | Listed | While | For | If | Case | Group


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
            if self._at >= len(self._tokens) or self._keyword() in _STOPS or self._operator() in {")", ";;"}:
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
        if keyword == "case":
            return self._redirected(self._case())
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

    def _case(self) -> Case:
        self._at += 1
        subject = self._word()
        self._expect("in")
        branches: list[tuple[tuple[Word, ...], Node]] = []
        self._newlines()
        while self._keyword() != "esac":
            branches.append((self._patterns(), self._list()))
            if self._operator() == ";;":
                self._at += 1
                self._newlines()
            elif self._keyword() != "esac":
                raise self._unexpected()
        self._at += 1
        return Case(subject, tuple(branches))

    def _patterns(self) -> tuple[Word, ...]:
        if self._operator() == "(":
            self._at += 1
        found = [self._word()]
        while self._operator() == "|":
            self._at += 1
            found.append(self._word())
        if self._operator() != ")":
            raise self._unexpected()
        self._at += 1
        return tuple(found)

    def _word(self) -> Word:
        word = self._tokens[self._at].word if self._at < len(self._tokens) else None
        if word is None:
            raise self._unexpected()
        self._at += 1
        return word

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
