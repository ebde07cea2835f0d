"""Compiles chains of fields: of the cursor, of variables and of parenthesised pipelines."""

from collections.abc import Sequence
from typing import Any

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.execute import fields
from kubesim.helm.template.execute.calls import convert, prepare_argument, typed_argument
from kubesim.helm.template.execute.scope import Scope
from kubesim.helm.template.execute.state import FinalStep, State, Step
from kubesim.helm.template.nodes import Node
from kubesim.helm.template.signatures import Function
from kubesim.helm.template.values import INVALID, Values, static_type

_MISSING = object()
_PLAIN: tuple[type, ...] = (dict,)
_MAPS = frozenset((*_PLAIN, Values))
_DICTS = frozenset(_PLAIN)
BOXED = "interface {}"


def walk(state: State, value: Any, names: Sequence[str], static: str | None) -> Any:
    """The value at the end of a chain of fields without arguments."""
    for name in names:
        found = fields.get(state, value, name, static)
        static = static_type(found, value)
        value = found
    return value


def cursor_fields(names: list[str], node: Node) -> Step:
    """A chain of fields of the cursor."""
    *inner, last = names
    maps = _DICTS if any(name in Values.go_methods for name in names) else _MAPS

    def run(state: State, dot: Any) -> Any:
        state.node = node
        value = dot
        for name in inner:
            if type(value) not in maps:
                break
            value = value.get(name)
        else:
            if type(value) in maps:
                found = value.get(last)
                if found is not None:
                    return found
        return walk(state, dot, names, BOXED if state.boxed else None)

    return run


def variable_fields(slot: int, names: list[str], node: Node) -> Step:
    """A chain of fields of a variable."""
    *inner, last = names
    maps = _DICTS if any(name in Values.go_methods for name in names) else _MAPS

    def run(state: State, dot: Any) -> Any:
        state.node = node
        receiver = value = state.variables[slot]
        for name in inner:
            if type(value) not in maps:
                break
            value = value.get(name)
        else:
            if type(value) in maps:
                found = value.get(last)
                if found is not None:
                    return found
        return walk(state, receiver, names, BOXED if slot in state.boxed_slots else None)

    return run


def result_fields(receiver: Step, names: list[str], node: Node) -> Step:
    """A chain of fields of what a parenthesised pipeline or a function gives."""

    def run(state: State, dot: Any) -> Any:
        state.node = node
        value = receiver(state, dot)
        return walk(state, INVALID if value is None else value, names, None)

    return run


def fields_with_arguments(
    receiver: Step, names: list[str], node: Node, arguments: Sequence[Node], scope: Scope
) -> FinalStep:
    """A chain of fields of which the last is called with arguments, and maybe a final one."""
    *inner, last = names
    compiled: dict[str, list[Step]] = {}
    prepared = [(argument, prepare_argument(argument, scope)) for argument in arguments]

    def run(state: State, dot: Any, final: Any = _MISSING) -> Any:
        state.node = node
        value = receiver(state, dot)
        static = None
        if inner:
            container = walk(state, value, inner[:-1], None)
            value = fields.get(state, container, inner[-1], None)
            static = static_type(value, container)
        if value is INVALID:
            return INVALID
        method = fields.method_of(value, last)
        if method is None:
            fields.refuse_arguments(state, value, last, static)
        key = method.name + " of " + type(value).__name__
        steps = compiled.get(key)
        if steps is None:
            steps = compiled[key] = _method_arguments(state, method, prepared, final is not _MISSING)
        values = [step(state, dot) for step in steps]
        if final is not _MISSING:
            values.append(convert(state, final, method.variadic or method.parameters[-1]))
        try:
            return method.implementation(value, *values)
        except GoError as error:
            raise state.call_failure(node, last, error) from None

    return run


def _method_arguments(
    state: State, method: Function, arguments: Sequence[tuple[Node, Step | None]], final: bool
) -> list[Step]:
    wanted, given = len(method.parameters), len(arguments) + final
    if method.variadic is None and wanted != given:
        raise state.failure(f"wrong number of args for {method.name}: want {wanted} got {given}")
    if method.variadic is not None and given < wanted:
        raise state.failure(f"wrong number of args for {method.name}: want at least {wanted} got {len(arguments)}")
    types = [*method.parameters, *[method.variadic or method.parameters[-1]] * (given - wanted)]
    return [typed_argument(node, step, types[index]) for index, (node, step) in enumerate(arguments)]
