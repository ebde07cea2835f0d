"""Takes a field of a value: a method call, a struct's field or an element of a map."""

from typing import Any, NoReturn

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.execute.state import State
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.signatures import Function
from kubesim.helm.template.values import INVALID, GoMap, GoObject, type_name

NO_METHODS: dict[str, Function] = {}


def method_of(value: Any, name: str) -> Function | None:
    """The method of that name, if the value's type has it."""
    methods: dict[str, Function] = getattr(type(value), "go_methods", NO_METHODS)
    return methods.get(name)


def get(state: State, value: Any, name: str, static: str | None) -> Any:
    """A field or element without arguments; ``static`` is the value's static type (None: the type of the value)."""
    if value is INVALID:
        if state.context.strict:
            raise state.failure(f"nil data; no entry for key {quote(name)}")
        return INVALID
    if value is None:
        raise state.failure(f"nil pointer evaluating {static or 'interface {}'}.{name}")
    method = method_of(value, name)
    if method is not None:
        return call_method(state, method, value)
    if isinstance(value, dict):
        found = value.get(name)
        return found if found is not None or name in value else missing(state, value, name)
    if isinstance(value, GoObject) and name in value.go_fields:
        return getattr(value, value.go_fields[name])
    no_such_field(state, value, name, static)


def call_method(state: State, method: Function, value: Any) -> Any:
    """The result of a method without arguments."""
    if method.parameters:
        raise state.failure(f"wrong number of args for {method.name}: want {len(method.parameters)} got 0")
    node = state.node
    try:
        return method.implementation(value)
    except GoError as error:
        state.node = node
        raise state.failure(f"error calling {method.name}: {error}", error) from None


def missing(state: State, value: dict[str, Any], name: str) -> Any:
    """What an absent key of a map gives."""
    if state.context.strict:
        raise state.failure(f"map has no entry for key {quote(name)}")
    return value.zero if isinstance(value, GoMap) else None


def no_such_field(state: State, value: Any, name: str, static: str | None) -> NoReturn:
    """Fail for a field that the type has not."""
    raise state.failure(f"can't evaluate field {name} in type {static or type_name(value)}")


def refuse_arguments(state: State, value: Any, name: str, static: str | None) -> NoReturn:
    """Fail for arguments given to something that is no method."""
    if value is None:
        raise state.failure(f"nil pointer evaluating {static or 'interface {}'}.{name}")
    if isinstance(value, dict):
        raise state.failure(f"{name} is not a method but has arguments")
    if isinstance(value, GoObject) and name in value.go_fields:
        raise state.failure(f"{name} has arguments but cannot be invoked as function")
    no_such_field(state, value, name, static)
