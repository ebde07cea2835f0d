"""Compiles calls of functions: the number and types of arguments are checked against the Go signature."""

from collections.abc import Sequence
from typing import Any

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.execute.scope import Scope
from kubesim.helm.template.execute.state import FinalStep, State, Step
from kubesim.helm.template.nodes import Bool, Dot, Nil, Node, Number, String
from kubesim.helm.template.numerals import ideal
from kubesim.helm.template.signatures import ANY, VALUE, Function, GoType
from kubesim.helm.template.values import INVALID, UInt64, type_name


def convert(state: State, value: Any, wanted: GoType) -> Any:
    """A value as an argument of that type; fails when it is not assignable."""
    if wanted is VALUE:
        return value
    if value is INVALID:
        if wanted.zero is None:
            raise state.failure(f"invalid value; expected {wanted.name}")
        return wanted.zero()
    if wanted is ANY:
        return value
    if value is None:
        raise state.failure(f"wrong type for value; expected {wanted.name}; got interface {{}}")
    if not wanted.accepts(value):
        raise state.failure(f"wrong type for value; expected {wanted.name}; got {type_name(value)}")
    return value


def failing(node: Node | None, message: str) -> Step:
    """A step that fails at a node (None: at the node that is current)."""

    def run(state: State, dot: Any) -> Any:
        if node is not None:
            state.node = node
        raise state.failure(message)

    return run


def constant(node: Node, value: Any) -> Step:
    """A step that gives a literal."""

    def run(state: State, dot: Any) -> Any:
        state.node = node
        return value

    return run


def compile_argument(node: Node, wanted: GoType, scope: Scope) -> Step:
    """A step that gives an argument of the wanted type."""
    return typed_argument(node, prepare_argument(node, scope), wanted)


def prepare_argument(node: Node, scope: Scope) -> Step | None:
    """The part of an argument that needs no type: None for literals."""
    return None if isinstance(node, Nil | Bool | Number | String) else scope.operand(node, scope)


def typed_argument(node: Node, step: Step | None, wanted: GoType) -> Step:
    """A prepared argument as a step that gives the wanted type."""
    if isinstance(node, Nil):
        return _nil(node, wanted)
    if isinstance(node, Bool | Number | String) or step is None:
        return _literal(node, wanted)
    if wanted is VALUE:
        return step
    if wanted is ANY:
        return _dot_as_any(node) if isinstance(node, Dot) else _as_any(step)
    return _converted(step, wanted)


def _nil(node: Node, wanted: GoType) -> Step:
    zero = wanted.zero
    if zero is None:
        return failing(node, f"cannot assign nil to {wanted.name}")

    def run(state: State, dot: Any) -> Any:
        state.node = node
        return zero()

    return run


def _dot_as_any(node: Node) -> Step:
    def run(state: State, dot: Any) -> Any:
        state.node = node
        return None if dot is INVALID else dot

    return run


def _as_any(step: Step) -> Step:
    def run(state: State, dot: Any) -> Any:
        value = step(state, dot)
        return None if value is INVALID else value

    return run


def _converted(step: Step, wanted: GoType) -> Step:
    accepts = wanted.accepts

    def run(state: State, dot: Any) -> Any:
        value = step(state, dot)
        if value is not None and value is not INVALID and accepts(value):
            return value
        return convert(state, value, wanted)

    return run


def _literal(node: Node, wanted: GoType) -> Step:
    if not isinstance(node, Bool | Number | String):
        raise TypeError(f"no literal: {node}")
    if wanted.literal == "any":
        return literal(node)
    made = _typed_literal(node, wanted)
    if made is not None:
        return constant(node, made)
    if wanted.literal:
        name = "unsigned integer" if wanted.literal == "unsigned" else wanted.literal
        return failing(node, f"expected {name}; found {node}")
    return failing(node, f"can't handle {node} for arg of type {wanted.name}")


def literal(node: Bool | Number | String) -> Step:
    """A step that gives a literal as the type its spelling suggests."""
    if isinstance(node, Bool):
        return constant(node, node.value)
    if isinstance(node, String):
        return constant(node, node.text)
    value = ideal(node)
    return failing(node, f"{node.text} overflows int") if value is None else constant(node, value)


def _typed_literal(node: Bool | Number | String, wanted: GoType) -> Any:
    if isinstance(node, Bool):
        return node.value if wanted.literal == "bool" else None
    if isinstance(node, String):
        return node.text if wanted.literal == "string" else None
    number: int | float | None = None
    if wanted.literal == "integer":
        number = node.integer
    elif wanted.literal == "unsigned":
        number = node.unsigned
    elif wanted.literal == "float":
        number = node.float
    make = wanted.make or UInt64
    return None if number is None else make(number)


def compile_call(
    function: Function, identifier: Node, node: Node, arguments: Sequence[Node], scope: Scope, final: bool
) -> FinalStep:
    """A step that calls a function; ``node`` is named when it fails. With ``final`` it takes one more argument."""
    given = len(arguments) + final
    wanted = len(function.parameters)
    name = function.name
    if function.variadic is None and given != wanted:
        return _failing_final(identifier, f"wrong number of args for {name}: want {wanted} got {given}")
    if given < wanted:
        return _failing_final(
            identifier, f"wrong number of args for {name}: want at least {wanted} got {len(arguments)}"
        )
    types = [*function.parameters]
    if function.variadic is not None:
        types += [function.variadic] * (given - wanted)
    steps = [compile_argument(argument, types[index], scope) for index, argument in enumerate(arguments)]
    if name in {"and", "or"}:
        return _short_circuit(identifier, steps, name == "or", final)
    if final:
        return _with_final(function, identifier, node, steps, types[-1])
    return _plain(function, identifier, node, steps)


def _failing_final(node: Node, message: str) -> FinalStep:
    def run(state: State, dot: Any, final: Any = None) -> Any:
        state.node = node
        raise state.failure(message)

    return run


def _short_circuit(identifier: Node, steps: Sequence[Step], until: bool, final: bool) -> FinalStep:
    """``and`` and ``or``: the first operand that decides, or the last."""

    def run(state: State, dot: Any, last: Any = None) -> Any:
        state.node = identifier
        value: Any = None
        for step in steps:
            value = step(state, dot)
            if bool(value) is until:
                return value
        return last if final else value

    return run


def charge(state: State, result: str) -> None:
    """Take the room that a function's text needs."""
    budget = state.budget
    budget.room -= len(result)
    if budget.room < 0:
        budget.out_of_room()


def _plain(function: Function, identifier: Node, node: Node, steps: Sequence[Step]) -> FinalStep:
    if function.context or len(steps) > 3:
        return _general(function, identifier, node, steps)
    if not steps:
        return _nullary(function, identifier, node)
    return (_unary, _binary, _ternary)[len(steps) - 1](function, node, *steps)


def _nullary(function: Function, identifier: Node, node: Node) -> FinalStep:
    name, implementation = function.name, function.implementation

    def run(state: State, dot: Any, final: Any = None) -> Any:
        state.node = identifier
        try:
            return implementation()
        except GoError as error:
            raise state.call_failure(node, name, error) from None

    return run


def _unary(function: Function, node: Node, one: Step) -> FinalStep:
    name, implementation = function.name, function.implementation

    def run(state: State, dot: Any, final: Any = None) -> Any:
        first = one(state, dot)
        try:
            result = implementation(first)
        except GoError as error:
            raise state.call_failure(node, name, error) from None
        if type(result) is str:
            charge(state, result)
        return result

    return run


def _binary(function: Function, node: Node, one: Step, two: Step) -> FinalStep:
    name, implementation = function.name, function.implementation

    def run(state: State, dot: Any, final: Any = None) -> Any:
        first = one(state, dot)
        second = two(state, dot)
        try:
            result = implementation(first, second)
        except GoError as error:
            raise state.call_failure(node, name, error) from None
        if type(result) is str:
            charge(state, result)
        return result

    return run


def _ternary(function: Function, node: Node, one: Step, two: Step, three: Step) -> FinalStep:
    name, implementation = function.name, function.implementation

    def run(state: State, dot: Any, final: Any = None) -> Any:
        first = one(state, dot)
        second = two(state, dot)
        third = three(state, dot)
        try:
            result = implementation(first, second, third)
        except GoError as error:
            raise state.call_failure(node, name, error) from None
        if type(result) is str:
            charge(state, result)
        return result

    return run


def _general(function: Function, identifier: Node, node: Node, steps: Sequence[Step]) -> FinalStep:
    name, implementation, context = function.name, function.implementation, function.context
    if context and len(steps) == 2:
        return _binary_in_context(function, node, *steps)

    def run(state: State, dot: Any, final: Any = None) -> Any:
        state.node = identifier
        values: list[Any] = [state.context] if context else []
        for step in steps:
            values.append(step(state, dot))  # noqa: PERF401 (a comprehension would nest one more call for each include)
        try:
            result = implementation(*values)
        except GoError as error:
            raise state.call_failure(node, name, error) from None
        if type(result) is str:
            charge(state, result)
        return result

    return run


def _binary_in_context(function: Function, node: Node, one: Step, two: Step) -> FinalStep:
    """The form of ``include`` and ``tpl``: called directly, so that deep nesting needs none of C's stack."""
    name, implementation = function.name, function.implementation

    def run(state: State, dot: Any, final: Any = None) -> Any:
        first = one(state, dot)
        second = two(state, dot)
        try:
            result = implementation(state.context, first, second)
        except GoError as error:
            raise state.call_failure(node, name, error) from None
        if type(result) is str:
            charge(state, result)
        return result

    return run


def _with_final(
    function: Function, identifier: Node, node: Node, steps: Sequence[Step], last_type: GoType
) -> FinalStep:
    name, implementation, context = function.name, function.implementation, function.context
    accepts = last_type.accepts

    def run(state: State, dot: Any, final: Any = None) -> Any:
        state.node = identifier
        values: list[Any] = [state.context] if context else []
        for step in steps:
            values.append(step(state, dot))  # noqa: PERF401 (as above)
        if final is None or final is INVALID or not accepts(final):
            final = convert(state, final, last_type)
        values.append(final)
        try:
            result = implementation(*values)
        except GoError as error:
            raise state.call_failure(node, name, error) from None
        if type(result) is str:
            charge(state, result)
        return result

    return run
