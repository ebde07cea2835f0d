"""Compiles the nodes that make output or steer: text, actions, if, with, range, template, break and continue."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from kubesim.helm.template.errors import BudgetError, GoError
from kubesim.helm.template.execute.expressions import compile_pipe, compile_raw, operand
from kubesim.helm.template.execute.scope import Scope
from kubesim.helm.template.execute.state import State, Step
from kubesim.helm.template.formatting import text
from kubesim.helm.template.nodes import Action, Block, Branch, Invocation, Jump, Node, Text, Tree
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.signatures import Function
from kubesim.helm.template.values import INVALID, GoMap, GoObject, GoSlice, Integer, UInt8, sorted_items

BREAK, CONTINUE = "break", "continue"
TEMPLATE_DEPTH = 100_000
"""The depth that Go's error names. # differs: the budget's smaller depth is what really ends a recursion."""


def compile_tree(tree: Tree, functions: Mapping[str, Function]) -> tuple[Step, int]:
    """A template's body as a step, and how many variables it needs."""
    scope = Scope(functions, operand)
    step = _block(tree.root, scope)
    return step, scope.slots


def _block(block: Block, scope: Scope) -> Step:
    mark = scope.mark()
    nodes = _merged(block.nodes)
    steps = [_statement(node, scope) for node in nodes]
    characters = sum(len(node.text) for node in nodes if isinstance(node, Text))
    scope.forget(mark)
    if any(isinstance(node, Jump | Branch) for node in nodes):
        return _jumping(steps, characters)
    return _straight(steps, characters)


def _merged(nodes: Sequence[Node]) -> list[Node]:
    """The nodes with neighbouring texts (a comment stood between them) joined."""
    merged: list[Node] = []
    for node in nodes:
        if merged and isinstance(node, Text) and isinstance(merged[-1], Text):
            merged[-1] = Text(merged[-1].position, merged[-1].text + node.text)
        else:
            merged.append(node)
    return merged


def _straight(steps: Sequence[Step], characters: int) -> Step:
    count = len(steps) + 1

    def run(state: State, dot: Any) -> Any:
        budget = state.budget
        budget.steps -= count
        budget.room -= characters
        if budget.steps < budget.look_at or budget.room < 0:
            budget.look()
        for step in steps:
            step(state, dot)

    return run


def _jumping(steps: Sequence[Step], characters: int) -> Step:
    count = len(steps) + 1

    def run(state: State, dot: Any) -> Any:
        budget = state.budget
        budget.steps -= count
        budget.room -= characters
        if budget.steps < budget.look_at or budget.room < 0:
            budget.look()
        for step in steps:
            jump = step(state, dot)
            if jump is not None:
                return jump
        return None

    return run


def _statement(node: Node, scope: Scope) -> Step:
    match node:
        case Text():
            return _text(node)
        case Action():
            return _action(node, scope)
        case Branch(keyword="range"):
            return _range(node, scope)
        case Branch():
            return _branch(node, scope)
        case Invocation():
            return _invocation(node, scope)
        case Jump():
            return _jump(node)
    raise TypeError(f"no statement: {node}")


def _text(node: Text) -> Step:
    literal = node.text

    def run(state: State, dot: Any) -> Any:
        state.append(literal)

    return run


def _jump(node: Jump) -> Step:
    keyword = node.keyword

    def run(state: State, dot: Any) -> Any:
        return keyword

    return run


def _action(node: Action, scope: Scope) -> Step:
    if node.pipe.variables:
        return _silent(compile_pipe(node.pipe, scope))
    step = compile_raw(node.pipe, scope)

    def run(state: State, dot: Any) -> Any:
        value = step(state, dot)
        if type(value) is not str:
            value = "<no value>" if value is None else _printed(state, node, value)
        state.append(value)
        budget = state.budget
        budget.room -= len(value)
        if budget.room < 0:
            budget.out_of_room()

    return run


def _printed(state: State, node: Node, value: Any) -> str:
    try:
        if isinstance(value, GoObject) and value.by_pointer:
            stringer: Callable[[], str] = getattr(value, "go_string")  # noqa: B009 (not every struct has one)
            return stringer()
        # A printed pointer is followed first, so it shows no ampersand.
        return text(value).removeprefix("&") if isinstance(value, GoObject) else text(value)
    except GoError as error:
        state.node = node
        raise state.failure(str(error), error) from None


def _silent(step: Step) -> Step:
    def run(state: State, dot: Any) -> Any:
        step(state, dot)

    return run


def _nothing(state: State, dot: Any) -> Any:
    return None


def _branch(node: Branch, scope: Scope) -> Step:
    mark = scope.mark()
    condition = compile_pipe(node.pipe, scope) if node.pipe.variables else compile_raw(node.pipe, scope)
    body = _block(node.body, scope)
    otherwise = _block(node.otherwise, scope) if node.otherwise is not None else _nothing
    scope.forget(mark)
    return _with(condition, body, otherwise) if node.keyword == "with" else _if(condition, body, otherwise)


def _if(condition: Step, body: Step, otherwise: Step) -> Step:
    def run(state: State, dot: Any) -> Any:
        if condition(state, dot):
            return body(state, dot)
        return otherwise(state, dot)

    return run


def _with(condition: Step, body: Step, otherwise: Step) -> Step:
    def run(state: State, dot: Any) -> Any:
        value = condition(state, dot)
        if not value:
            return otherwise(state, dot)
        boxed, state.boxed = state.boxed, False
        jump = body(state, value)
        state.boxed = boxed
        return jump

    return run


def _invocation(node: Invocation, scope: Scope) -> Step:
    name = node.name
    pipe = compile_pipe(node.pipe, scope) if node.pipe is not None else None

    def run(state: State, dot: Any) -> Any:
        state.node = node
        context = state.context
        template = context.templates.get(name)
        if template is None:
            raise state.failure(f"template {quote(name)} not defined")
        budget = state.budget
        if budget.depth >= budget.max_depth:
            raise state.failure(f"exceeded maximum template depth ({TEMPLATE_DEPTH})")
        value = INVALID if pipe is None else pipe(state, dot)
        step = template.step()
        inner = State(context, template, state.out, state.depth + 1)
        inner.variables = [value] * template.slots
        budget.enter()
        try:
            step(inner, value)
        except BudgetError as error:
            raise inner.placed(error) from None
        budget.depth -= 1

    return run


def _range(node: Branch, scope: Scope) -> Step:
    mark = scope.mark()
    pipe = compile_pipe(node.pipe, scope)
    slots = [scope.find(variable.names[0]) or 0 for variable in node.pipe.variables]
    if slots:
        scope.boxable.add(slots[-1])
    body = _block(node.body, scope)
    otherwise = _block(node.otherwise, scope) if node.otherwise is not None else _nothing
    scope.forget(mark)
    index_slot = slots[0] if len(slots) > 1 else None
    element_slot = slots[-1] if slots else None

    def run(state: State, dot: Any) -> Any:
        state.node = node
        value = pipe(state, dot)
        pairs, is_boxed = _pairs(state, value, index_slot is not None)
        boxed, state.boxed = state.boxed, is_boxed
        if element_slot is not None and is_boxed:
            state.boxed_slots.add(element_slot)
        variables = state.variables
        ran = False
        for index, element in pairs:
            if index_slot is not None:
                variables[index_slot] = index
            if element_slot is not None:
                variables[element_slot] = element
            ran = True
            if body(state, element) == BREAK:
                break
        state.boxed = boxed
        return None if ran else otherwise(state, dot)

    return run


def _pairs(state: State, value: Any, indexed: bool) -> tuple[Iterable[tuple[Any, Any]], bool]:
    """What a range goes over: indexes or keys with elements, and whether the elements are interfaces."""
    if value is INVALID:
        return (), False
    if isinstance(value, list):
        return enumerate(value), not isinstance(value, GoSlice) or value.element == "interface {}"
    if isinstance(value, dict):
        return sorted_items(value), not isinstance(value, GoMap) or value.element == "interface {}"
    if isinstance(value, bytes):
        return enumerate(map(UInt8, value)), False
    if isinstance(value, int) and not isinstance(value, bool):
        if indexed:
            raise state.failure(f"can't use {text(value)} to iterate over more than one variable")
        kind = type(value)
        numbers: Iterable[Any] = map(kind, range(value)) if isinstance(value, Integer) else range(value)
        return ((INVALID, number) for number in numbers), False
    raise state.failure(f"range can't iterate over {text(value)}")
