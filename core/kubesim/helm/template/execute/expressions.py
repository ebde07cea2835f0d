"""Compiles pipelines, commands and operands."""

from collections.abc import Sequence
from typing import Any

from kubesim.helm.template.execute.access import (
    cursor_fields,
    fields_with_arguments,
    result_fields,
    variable_fields,
)
from kubesim.helm.template.execute.calls import compile_call, failing, literal
from kubesim.helm.template.execute.scope import Scope
from kubesim.helm.template.execute.state import FinalStep, State, Step
from kubesim.helm.template.nodes import (
    Bool,
    Chain,
    Command,
    Field,
    Identifier,
    Nil,
    Node,
    Number,
    Pipe,
    String,
    Variable,
)
from kubesim.helm.template.values import INVALID


def compile_pipe(pipe: Pipe, scope: Scope) -> Step:
    """A step that gives a pipeline's value, nil as INVALID, after setting the variables it declares."""
    raw = compile_raw(pipe, scope)
    slots = _target_slots(pipe, scope)
    if not slots:
        return _valid(raw)
    return _setting(raw, slots, pipe)


def compile_raw(pipe: Pipe, scope: Scope) -> Step:
    """A step that gives a pipeline's value, nil as None or INVALID; it sets no variables."""
    first = compile_command(pipe.commands[0], scope, pipe)
    later = [compile_later(command, scope) for command in pipe.commands[1:]]
    if not later:
        return first
    return _two_stages(first, later[0]) if len(later) == 1 else _stages(first, later)


def _valid(raw: Step) -> Step:
    def run(state: State, dot: Any) -> Any:
        value = raw(state, dot)
        return INVALID if value is None else value

    return run


def _two_stages(first: Step, second: FinalStep) -> Step:
    def run(state: State, dot: Any) -> Any:
        value = first(state, dot)
        return second(state, dot, INVALID if value is None else value)

    return run


def _stages(first: Step, later: Sequence[FinalStep]) -> Step:
    def run(state: State, dot: Any) -> Any:
        value = first(state, dot)
        for stage in later:
            value = stage(state, dot, INVALID if value is None else value)
        return value

    return run


def _target_slots(pipe: Pipe, scope: Scope) -> list[int | None]:
    if pipe.assigns:
        return [scope.find(variable.names[0]) for variable in pipe.variables]
    return [scope.declare(variable.names[0]) for variable in pipe.variables]


def _setting(raw: Step, slots: Sequence[int | None], pipe: Pipe) -> Step:
    names = [variable.names[0] for variable in pipe.variables]

    def run(state: State, dot: Any) -> Any:
        value = raw(state, dot)
        if value is None:
            value = INVALID
        for slot, name in zip(slots, names, strict=True):
            if slot is None:
                raise state.failure(f"undefined variable: {name}")
            state.variables[slot] = value
            if state.boxed_slots:
                state.boxed_slots.discard(slot)
        return value

    return run


def compile_command(command: Command, scope: Scope, pipe: Pipe) -> Step:
    """The first command of a pipeline."""
    word, *arguments = command.arguments
    if isinstance(word, Identifier):
        return compile_call(scope.functions[word.name], word, command, arguments, scope, final=False)
    if isinstance(word, Field | Chain) or (isinstance(word, Variable) and len(word.names) > 1):
        if arguments:
            return _fields_called(word, arguments, scope)
        return operand(word, scope)
    if arguments:
        return failing(pipe if isinstance(word, Pipe) else word, f"can't give argument to non-function {_shown(word)}")
    if isinstance(word, Bool | Number | String):
        return literal(word)
    if isinstance(word, Nil):
        return failing(word, "nil is not a command")
    return operand(word, scope)


def _shown(word: Node) -> str:
    # A PipeNode writes itself without its parentheses.
    return str(word)


def compile_later(command: Command, scope: Scope) -> FinalStep:
    """A later command of a pipeline, which gets the value so far as its final argument."""
    word, *arguments = command.arguments
    if isinstance(word, Identifier):
        return compile_call(scope.functions[word.name], word, command, arguments, scope, final=True)
    if isinstance(word, Field | Chain) or (isinstance(word, Variable) and len(word.names) > 1):
        return _fields_called(word, arguments, scope)
    at = word if isinstance(word, Variable) else None
    fail = failing(at, f"can't give argument to non-function {_shown(word)}")

    def run(state: State, dot: Any, final: Any = None) -> Any:
        return fail(state, dot)

    return run


def _fields_called(word: Field | Chain | Variable, arguments: Sequence[Node], scope: Scope) -> FinalStep:
    if isinstance(word, Field):
        return fields_with_arguments(_cursor, word.names, word, arguments, scope)
    if isinstance(word, Variable):
        return fields_with_arguments(_variable(word, scope), word.names[1:], word, arguments, scope)
    return fields_with_arguments(_chained(word.node, scope), word.names, word, arguments, scope)


def _chained(node: Node, scope: Scope) -> Step:
    step = operand(node, scope)
    return _valid(step)


def _cursor(state: State, dot: Any) -> Any:
    return dot


def operand(node: Node, scope: Scope) -> Step:
    """An operand that is no literal, without arguments. Nil may be None (an interface) or INVALID."""
    match node:
        case Field():
            return cursor_fields(node.names, node)
        case Variable():
            return _variable_operand(node, scope)
        case Pipe():
            return compile_pipe(node, scope)
        case Identifier():
            return compile_call(scope.functions[node.name], node, node, (), scope, final=False)
        case Chain():
            return result_fields(operand(node.node, scope), node.names, node)
        case _:
            return _dot(node)


def _dot(node: Node) -> Step:
    def run(state: State, dot: Any) -> Any:
        state.node = node
        return dot

    return run


def _variable(node: Variable, scope: Scope) -> Step:
    slot = scope.find(node.names[0])
    if slot is None:
        return failing(node, f"undefined variable: {node.names[0]}")
    at = slot

    def run(state: State, dot: Any) -> Any:
        state.node = node
        return state.variables[at]

    return run


def _variable_operand(node: Variable, scope: Scope) -> Step:
    slot = scope.find(node.names[0])
    if slot is None or len(node.names) == 1:
        return _variable(node, scope)
    return variable_fields(slot, node.names[1:], node)
