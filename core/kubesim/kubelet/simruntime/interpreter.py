"""Runs a shell line in no time: instead of waiting it moves a clock, and what it does becomes a timeline."""

from collections.abc import Callable
from fnmatch import fnmatchcase

from kubesim.kubelet.simruntime import arithmetic, lexer, paths, shell
from kubesim.kubelet.simruntime.lexer import Part, Word
from kubesim.kubelet.simruntime.machine import SHELL, STDIN, BreakError, ContinueError, Machine, StopError
from kubesim.kubelet.simruntime.shell import Case, For, Group, If, Item, Listed, Node, Pipeline, Simple, While
from kubesim.kubelet.simruntime.timeline import Event, Loop

MAX_STEPS = 20_000
LONG_LOOP = 20
"""Commands after which a line counts as endless."""
MAX_TEXT = 65_536
"""How long the value of a variable may grow, and a file."""


class Interpreter(Machine):
    """The control structures of the shell, and the expansion of words; what a single command does is left open."""

    def execute(self, argv: list[str]) -> None:
        """Run one command; sets ``status``."""
        raise NotImplementedError

    def replay(self) -> Callable[[Loop, int], tuple[Event, ...]]:
        """The module-level function that makes the events of one round of an endless loop."""
        raise NotImplementedError

    # ------------------------------------------------------------------ commands
    def run(self, node: Node) -> None:
        """Run a node; ``status`` is its exit code afterwards."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise StopError
        if isinstance(node, Simple):
            self._simple(node)
        elif isinstance(node, Listed):
            self._listed(node)
        elif isinstance(node, Pipeline):
            self._pipeline(node)
        elif isinstance(node, While):
            self._while(node)
        elif isinstance(node, For):
            self._for(node)
        elif isinstance(node, Group):
            self._group(node)
        elif isinstance(node, Case):
            self._case(node)
        else:
            self._if(node)

    def _group(self, node: Group) -> None:
        before = dict(self.variables)
        try:
            self.run(node.body)
        except StopError:
            if not self.ended:
                raise
            self.ended = False
        self.variables = before

    def _listed(self, node: Listed) -> None:
        for position, item in enumerate(node.items):
            if (item.joint == "&&" and self.status) or (item.joint == "||" and not self.status):
                continue
            before = self.at_ms
            following = node.items[position + 1].joint if position + 1 < len(node.items) else ";"
            if following == ";":
                self.run(item.node)
            else:
                self.test(item.node)
            if item.background:
                self.at_ms, self.status = before, 0

    def _pipeline(self, node: Pipeline) -> None:
        fed: str | None = None
        for position, command in enumerate(node.commands):
            last = position == len(node.commands) - 1
            if last:
                self.feed(command, fed)
            else:
                fed = self.captured(command, fed)
        if node.negated:
            self.status = 0 if self.status else 1

    def feed(self, command: Node, fed: str | None) -> None:
        """Run a command that reads this text, or what the shell itself reads (None)."""
        if fed is None:
            self.run(command)
            return
        outer = self.variables.get(STDIN)
        self.variables[STDIN] = fed
        try:
            self.run(command)
        finally:
            del self.variables[STDIN]
            if outer is not None:
                self.variables[STDIN] = outer

    def captured(self, node: Node, fed: str | None = None) -> str:
        """What a command writes."""
        outer, self.capture = self.capture, []
        try:
            self.feed(node, fed)
            return "".join(self.capture)
        finally:
            self.capture = outer

    def test(self, node: Node) -> None:
        """Run a condition: its failure is no reason to stop."""
        self.depth += 1
        try:
            self.run(node)
        finally:
            self.depth -= 1

    def _if(self, node: If) -> None:
        for condition, body in node.branches:
            self.test(condition)
            if not self.status:
                self.run(body)
                return
        self.status = 0
        if node.otherwise is not None:
            self.run(node.otherwise)

    def _case(self, node: Case) -> None:
        subject = self.text(node.word)
        self.status = 0
        for patterns, body in node.branches:
            if any(fnmatchcase(subject, self.text(pattern)) for pattern in patterns):
                self.run(body)
                return

    def _for(self, node: For) -> None:
        rounds: list[tuple[int, dict[str, str], int]] = []
        values = self.words(node.words)
        may_shorten = node is self.last and len(values) >= LONG_LOOP and self.capture is None
        for turn, value in enumerate(values):
            if may_shorten and turn < 3:
                rounds.append((self.at_ms, dict(self.variables), len(self.events)))
                if turn == 2 and self.asked:
                    _shorten(self, node, rounds, len(values))
            self.variables[node.name] = value
            try:
                self.run(node.body)
            except ContinueError:
                continue
            except BreakError:
                break

    def _while(self, node: While) -> None:
        endless = _never_fails(node.condition) and not node.until and not _may_leave(node.body)
        rounds: list[tuple[int, dict[str, str], int]] = []
        while True:
            rounds.append((self.at_ms, dict(self.variables), len(self.events)))
            repeats = endless or bool(self.waits_for)
            if len(rounds) == 3 and repeats and self.capture is None and self._declare_loop(node, rounds):
                raise StopError
            self.test(node.condition)
            if bool(self.status) != node.until:
                self.status = 0
                return
            try:
                self.run(node.body)
            except ContinueError:
                continue
            except BreakError:
                return
            if rounds[-1][0] == self.at_ms and endless and len(rounds) > 3:
                raise StopError

    def _declare_loop(self, node: While, rounds: list[tuple[int, dict[str, str], int]]) -> bool:
        """Recognise a loop whose rounds repeat, from two of them."""
        (first, one, _), (second, two, events), (third, three, _) = rounds
        period = third - second
        steps = {
            name: int(three[name]) - int(two[name])
            for name in three
            if three.get(name) != two.get(name)
            and arithmetic.is_number(three[name])
            and arithmetic.is_number(two.get(name, ""))
        }
        if not period or period != second - first:
            return False
        if any(int(two[name]) - int(one.get(name, "0") or "0") != step for name, step in steps.items()):
            return False
        del self.events[events:]
        body = node.body
        if self.waits_for or not _is_true(node.condition):
            body = Listed((Item(";", node.condition), Item(";", node.body)))
        self.loop = Loop(second, period, body, two, steps, self.replay(), dict(self.calls), dict(self.found))
        return True

    def _simple(self, node: Simple) -> None:
        words = list(node.words)
        while words and (assignment := _assignment(words[0])) is not None:
            name, value = assignment
            self.variables[name] = self.text(value)[:MAX_TEXT]
            self.status = 0
            del words[0]
        argv = self.words(tuple(words))
        target = next((r for r in node.redirects if r.operator in {">", ">>", "&>"}), None)
        source = next((r for r in node.redirects if r.operator == "<"), None)
        if source is not None:
            self.variables[STDIN] = self.files.get(self.path(self.text(source.target)), "")
        operators = {redirect.operator for redirect in node.redirects}
        outer = self.mute, self.joined
        self.mute = self.mute or "2>" in operators
        self.joined = self.joined or bool(operators & {"2>&1", "&>"})
        try:
            if target is not None:
                self._redirected(argv, self.text(target.target), append=target.operator == ">>")
            elif argv and operators & {">&2", "1>&2"}:
                self._redirected(argv, "/dev/stderr", append=False)
            elif argv:
                self.execute(argv)
        finally:
            self.mute, self.joined = outer
        if self.failing and self.status and self.depth == 0:
            self.finish(self.status)

    def _redirected(self, argv: list[str], path: str, *, append: bool) -> None:
        outer, self.capture = self.capture, []
        try:
            if argv:
                self.execute(argv)
            content = "".join(self.capture)
        finally:
            self.capture = outer
        if path in {"/dev/stdout", "/proc/1/fd/1"}:
            self.write(content)
        elif path in {"/dev/stderr", "/proc/1/fd/2"}:
            self.complain(content)
        elif path != "/dev/null":
            path = self.path(path)
            if paths.is_folder(self.files, path):
                self.complain(f"{self.variables.get(SHELL, 'sh')}: can't create {path}: Is a directory\n")
                self.status = 1
            elif refusal := self.refusal(path):
                self.complain(f"{self.variables.get(SHELL, 'sh')}: can't create {path}: {refusal}\n")
                self.status = 1
            else:
                self.put(path, (self.files.get(path, "") + content if append else content)[:MAX_TEXT])

    # ------------------------------------------------------------------ words
    def words(self, words: tuple[Word, ...]) -> list[str]:
        """Expand words; unquoted expansions are split at white space."""
        found: list[str] = []
        for word in words:
            if len(word) == 1 and word[0].kind != lexer.TEXT and not word[0].quoted:
                found += self._expand(word[0]).split()
            else:
                found.append(self.text(word))
        return found

    def text(self, word: Word) -> str:
        """Expand a word to one text."""
        return "".join(self._expand(part) for part in word)

    def _expand(self, part: Part) -> str:
        if part.kind == lexer.TEXT:
            return part.text
        if part.kind == lexer.VARIABLE:
            return self._variable(part.text)
        if part.kind == lexer.ARITHMETIC:
            return str(arithmetic.evaluate(part.text, self.variables))
        return self.captured(shell.parse(part.text)).rstrip("\n")

    def _variable(self, text: str) -> str:
        if text in {"?", "$", "#", "RANDOM", "HOSTNAME"}:
            return {
                "?": str(self.status),
                "$": "1",
                "#": "0",
                "RANDOM": "12345",
                "HOSTNAME": self.surroundings.hostname,
            }[text]
        for mark in (":-", ":=", "-"):
            name, found, default = text.partition(mark)
            if found and name.isidentifier():
                return self.variables.get(name) or self.text(lexer.Lexer(f'"{default}"').tokens()[0].word or ())
        return self.variables.get(text, "")


def _assignment(word: Word) -> tuple[str, Word] | None:
    first = word[0] if word else None
    if first is None or first.kind != lexer.TEXT or first.quoted:
        return None
    name, mark, rest = first.text.partition("=")
    if not mark or not name.isidentifier():
        return None
    return name, (Part(lexer.TEXT, rest, quoted=False), *word[1:])


def _never_fails(node: Node) -> bool:
    """Whether a loop's condition holds for ever: ``true``, or a sleep."""
    if _is_true(node):
        return True
    texts = [part.text for word in node.words for part in word] if isinstance(node, Simple) else []
    return len(texts) == 2 and texts[0] == "sleep"


def _is_true(node: Node) -> bool:
    if not isinstance(node, Simple) or not node.words:
        return False
    texts = [part.text for word in node.words for part in word]
    return texts[0] in {"true", ":"} or texts in (["[", "1", "]"], ["[", "true", "]"], ["test", "1"])


def _shorten(machine: Interpreter, node: For, rounds: list[tuple[int, dict[str, str], int]], turns: int) -> None:
    """The long loop that a program ends with repeats what depends on the network: from two rounds to all."""
    (first, _, _), (second, two, events), (third, _, _) = rounds
    period = third - second
    if not period or period != second - first:
        return
    del machine.events[events:]
    machine.loop = Loop(second, period, node.body, two, {}, machine.replay(), dict(machine.calls), dict(machine.found))
    machine.at_ms = first + turns * period
    machine.finish(0)


def _may_leave(node: Node) -> bool:
    """Whether a loop's body could end the loop."""
    if isinstance(node, Simple):
        return bool(node.words) and node.words[0][0].text in {"break", "exit", "return", "exec"}
    if isinstance(node, Listed):
        return any(_may_leave(item.node) for item in node.items)
    if isinstance(node, Pipeline):
        return any(_may_leave(command) for command in node.commands)
    if isinstance(node, If):
        bodies = [body for _, body in node.branches] + ([node.otherwise] if node.otherwise is not None else [])
        return any(_may_leave(body) for body in bodies)
    if isinstance(node, Case):
        return any(_may_leave(body) for _, body in node.branches)
    return _may_leave(node.body)
