"""The surroundings of a render: templates by name, functions, time, chance, look-ups and the budget."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from kubesim.helm.template.errors import BudgetError, GoError
from kubesim.helm.template.execute.budget import Budget, deep_calls
from kubesim.helm.template.execute.state import State, Step
from kubesim.helm.template.execute.statements import compile_tree
from kubesim.helm.template.nodes import Tree
from kubesim.helm.template.parser import parse
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.signatures import Function
from kubesim.helm.template.values import INVALID

_PARSED_TEXTS = 2048


class Randomness(Protocol):
    """What is used of a ``random.Random``."""

    def random(self) -> float:
        """A number in [0, 1)."""

    def getrandbits(self, k: int, /) -> int:
        """A number of k random bits."""

    def randrange(self, start: int, stop: int, /) -> int:
        """A number from start up to, not including, stop."""


class Sources(NamedTuple):
    """Where time (milliseconds since 1970) and chance come from."""

    now: Callable[[], int]
    random: Randomness


Lookup = Callable[[str, str, str, str], dict[str, Any]]
"""lookup(apiVersion, kind, namespace, name): the object or list as a map of its own, {} when there is none."""


class Template:
    """A parsed template, compiled when it first runs."""

    __slots__ = ("_functions", "_step", "is_empty", "slots", "tree")

    def __init__(self, tree: Tree, functions: Mapping[str, Function]) -> None:
        self.tree = tree
        self.is_empty = tree.root.is_empty()
        self.slots = 0
        self._functions = functions
        self._step: Step | None = None

    @property
    def name(self) -> str:
        """The name it is defined under."""
        return self.tree.name

    def step(self) -> Step:
        """The compiled body; ``slots`` is set once it is compiled."""
        if self._step is None:
            self._step, self.slots = compile_tree(self.tree, self._functions)
        return self._step


class Library:
    """A set of functions, and the templates that were parsed with it, remembered by name and text."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self.functions = functions
        self._parsed: dict[tuple[str, str], Mapping[str, Template]] = {}

    def parse(self, name: str, text: str) -> Mapping[str, Template]:
        """The templates that a text defines, itself under ``name``; ParseError when it is malformed."""
        key = (name, text)
        found = self._parsed.get(key)
        if found is None:
            with deep_calls():
                trees = parse(name, text, self.functions)
            found = {defined: Template(tree, self.functions) for defined, tree in trees.items()}
            while len(self._parsed) >= _PARSED_TEXTS:
                del self._parsed[next(iter(self._parsed))]
            self._parsed[key] = found
        return found


class Context:
    """One render. Templates are added with ``add`` and run with ``execute``; both raise TemplateErrors.

    ``strict`` is missingkey=error, else it is missingkey=zero; ``lint`` makes ``required`` and ``fail`` lenient and
    collects their messages in ``warnings``. ``name`` is what templates made by ``tpl`` are called.
    """

    __slots__ = (
        "budget",
        "included",
        "library",
        "lint",
        "lookup",
        "name",
        "sources",
        "strict",
        "templates",
        "warnings",
    )

    def __init__(
        self,
        library: Library,
        sources: Sources,
        *,
        budget: Budget | None = None,
        lookup: Lookup | None = None,
        strict: bool = False,
        lint: bool = False,
        name: str = "gotpl",
    ) -> None:
        self.library = library
        self.sources = sources
        self.budget = budget or Budget()
        self.lookup = lookup
        self.strict = strict
        self.lint = lint
        self.name = name
        self.templates: dict[str, Template] = {}
        self.included: dict[str, int] = {}
        self.warnings: list[str] = []

    def clone(self) -> "Context":
        """A context that sees the same templates; what is added to it stays there."""
        copy = Context.__new__(Context)
        for slot in Context.__slots__:
            setattr(copy, slot, getattr(self, slot))
        copy.templates = dict(self.templates)
        return copy

    def add(self, name: str, text: str) -> Template:
        """Parse a text under a name and define all its templates; the template of the text itself."""
        parsed = self.library.parse(name, text)
        for defined, template in parsed.items():
            # An empty definition does not replace another.
            if not (template.is_empty and defined in self.templates):
                self.templates[defined] = template
        return parsed[name]

    def execute(self, name: str, data: Any) -> str:
        """The output of a template over some data. Missing values print ``<no value>``, as in Go."""
        template = self.templates.get(name)
        if template is None:
            raise GoError(f"template: no template {quote(name)} associated with template {quote(self.name)}")
        return self.run(template, data)

    def run(self, template: Template, data: Any) -> str:
        """The output of a template of this context."""
        budget = self.budget
        if budget.depth:
            return self._run(template, data)
        with deep_calls():
            try:
                return self._run(template, data)
            finally:
                # A failure leaves the depth where it happened.
                budget.depth = 0

    def _run(self, template: Template, data: Any) -> str:
        budget = self.budget
        budget.enter()
        value = INVALID if data is None else data
        step = template.step()
        out: list[str] = []
        state = State(self, template, out, 0)
        state.variables = [value] * template.slots
        try:
            step(state, value)
        except BudgetError as error:
            raise state.placed(error) from None
        budget.depth -= 1
        return "".join(out)
