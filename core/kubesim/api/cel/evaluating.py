"""Expressions as nested functions: built once from the tree, called with the variables; every step has its cost.

# k8s: cel-go/interpreter; the costs are those of cel-go/interpreter/runtimecost.go, in simple steps
"""

from collections.abc import Callable, Mapping
from typing import Any

from kubesim.api.cel.library import FUNCTIONS
from kubesim.api.cel.operators import TYPE_NAMES, Function
from kubesim.api.cel.syntax import Node
from kubesim.api.cel.values import NONE, CostError, EvaluationError, Optional, no_overload

TRAVERSING = frozenset({
    "contains", "startsWith", "endsWith", "matches", "_+_", "_==_", "_!=_", "find", "findAll", "lowerAscii",
    "upperAscii", "replace", "split", "join", "indexOf", "lastIndexOf", "trim", "reverse", "format", "quantity", "url",
})  # fmt: skip
"""Functions whose cost grows with their texts."""
_ESCAPES = (("__dot__", "."), ("__dash__", "-"), ("__slash__", "/"), ("__underscores__", "__"))


class Scope:
    """The variables of one evaluation, and what it has cost."""

    __slots__ = ("cost", "limit", "variables")

    def __init__(self, variables: Mapping[str, Any], limit: int) -> None:
        self.variables = dict(variables)
        self.cost = 0
        self.limit = limit

    def pay(self, cost: int) -> None:
        """Raise CostError when it becomes too much."""
        self.cost += cost
        if self.cost > self.limit:
            raise CostError("operation cancelled: actual cost limit exceeded")


Step = Callable[[Scope], Any]


def build(node: Node) -> Step:
    """The function of an expression."""
    return _FORMS[node.form](node)


def _constant(node: Node) -> Step:
    value = node.value

    def constant(scope: Scope) -> Any:
        return value

    return constant


def _ident(node: Node) -> Step:
    name = node.name.removeprefix(".")

    def ident(scope: Scope) -> Any:
        scope.pay(1)
        variables = scope.variables
        if name in variables:
            value = variables[name]
            return value.get() if isinstance(value, Lazy) else value
        if name in TYPE_NAMES:
            return TYPE_NAMES[name]
        raise EvaluationError(f"no such attribute(s): {name}")

    return ident


class Lazy:
    """A variable that is worked out when it is first asked for. Errors are remembered like values."""

    __slots__ = ("_error", "_known", "_value", "_work")

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._known = False
        self._value: Any = None
        self._error: EvaluationError | None = None

    def get(self) -> Any:
        """The value. Raises EvaluationError."""
        if not self._known:
            self._known = True
            try:
                self._value = self._work()
            except EvaluationError as error:
                self._error = error
        if self._error is not None:
            raise self._error
        return self._value


def unescaped(name: str) -> str:
    """The field that an identifier stands for. # k8s: apiserver/pkg/cel Unescape."""
    for written, meant in _ESCAPES:
        name = name.replace(written, meant)
    return name[2:-2] if name.startswith("__") and name.endswith("__") and len(name) > 4 else name


def _select(node: Node) -> Step:
    assert node.target is not None
    target, name = build(node.target), node.name
    other = unescaped(name) if "__" in name else name
    found = _has(target, name, other) if node.value else _get(target, name, other)
    return found


def _field_of(container: Any, name: str, other: str) -> Any:
    if isinstance(container, Lazy):
        container = container.get()
    if isinstance(container, dict):
        if name in container:
            value = container[name]
            return value.get() if isinstance(value, Lazy) else value
        if other in container:
            return container[other]
        raise EvaluationError(f"no such key: {other}")
    no_overload()


def _get(target: Step, name: str, other: str) -> Step:
    def get(scope: Scope) -> Any:
        scope.pay(1)
        container = target(scope)
        if isinstance(container, Optional):
            if not container.present:
                return NONE
            try:
                return Optional(True, _field_of(container.value, name, other))
            except EvaluationError:
                return NONE
        return _field_of(container, name, other)

    return get


def _has(target: Step, name: str, other: str) -> Step:
    def has(scope: Scope) -> Any:
        scope.pay(1)
        container = target(scope)
        if isinstance(container, Optional):
            container = container.value if container.present else {}
        if not isinstance(container, dict):
            no_overload()
        return name in container or other in container

    return has


# ---------------------------------------------------------------------- calls
def _call(node: Node) -> Step:
    special = _SPECIAL.get(node.name)
    if special is not None:
        return special(node)
    given = (node.target, *node.parts) if node.target is not None else node.parts
    name = node.name
    if name not in FUNCTIONS and node.target is not None:
        qualified = f"{_path_of(node.target)}.{name}"
        if qualified in FUNCTIONS:
            name, given = qualified, node.parts
    function = FUNCTIONS.get(name)
    if function is None:
        raise EvaluationError(f"no such function: {name}")
    return _applied(function, tuple(build(part) for part in given), traversing=name in TRAVERSING)


def _path_of(node: Node) -> str:
    return node.name if node.form == "ident" else f"{_path_of(node.target)}.{node.name}" if node.target else ""


def _applied(function: Function, steps: tuple[Step, ...], *, traversing: bool) -> Step:
    def applied(scope: Scope) -> Any:
        given = [step(scope) for step in steps]
        cost = 1
        if traversing:
            cost += sum(len(value) for value in given if isinstance(value, str | bytes | list)) // 10
        scope.pay(cost)
        try:
            return function(*given)
        except EvaluationError:
            raise
        except (TypeError, AttributeError, ValueError, KeyError):
            # The checker lets everything pass that is dyn: a function meets a value that it is not made for.
            raise EvaluationError("no such overload") from None

    return applied


def _and(node: Node) -> Step:
    return _logical(build(node.parts[0]), build(node.parts[1]), decisive=False)


def _or(node: Node) -> Step:
    return _logical(build(node.parts[0]), build(node.parts[1]), decisive=True)


def _logical(left: Step, right: Step, *, decisive: bool) -> Step:
    def logical(scope: Scope) -> bool:
        failed: EvaluationError | None = None
        for step in (left, right):
            try:
                value: object = step(scope)
                if value is decisive:
                    return decisive
                if not isinstance(value, bool):
                    no_overload()
            except CostError:
                raise
            except EvaluationError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return not decisive

    return logical


def _condition(node: Node) -> Step:
    test, right, wrong = (build(part) for part in node.parts)

    def condition(scope: Scope) -> Any:
        value = test(scope)
        if not isinstance(value, bool):
            no_overload()
        return right(scope) if value else wrong(scope)

    return condition


def _not_strictly_false(node: Node) -> Step:
    inner = build(node.parts[0])

    def tolerant(scope: Scope) -> bool:
        try:
            value: object = inner(scope)
        except CostError:
            raise
        except EvaluationError:
            return True
        return value is not False

    return tolerant


def _fallback(node: Node) -> Step:
    """``optional.or(other)`` and ``optional.orValue(other)``: the other is only worked out when it is needed."""
    assert node.target is not None
    target, other = build(node.target), build(node.parts[0])
    unwrap = node.name == "orValue"

    def fallback(scope: Scope) -> Any:
        value = target(scope)
        if not isinstance(value, Optional):
            no_overload()
        if value.present:
            return value.value if unwrap else value
        return other(scope)

    return fallback


# ---------------------------------------------------------------------- lists, maps, folds
def _list(node: Node) -> Step:
    steps = tuple(build(part) for part in node.parts)
    optional = frozenset(node.value or ())

    def made(scope: Scope) -> list[Any]:
        scope.pay(10)
        if not optional:
            return [step(scope) for step in steps]
        found = []
        for position, step in enumerate(steps):
            value = step(scope)
            if position not in optional:
                found.append(value)
            elif value.present:
                found.append(value.value)
        return found

    return made


def _map(node: Node) -> Step:
    entries = tuple((build(key), build(value), optional) for key, value, optional in node.parts)

    def made(scope: Scope) -> dict[Any, Any]:
        scope.pay(30)
        found = {}
        for key, value, optional in entries:
            item = value(scope)
            if not optional:
                found[key(scope)] = item
            elif item.present:
                found[key(scope)] = item.value
        return found

    return made


def _fold(node: Node) -> Step:
    assert node.target is not None
    source = build(node.target)
    first, second = node.value
    accumulator = node.name
    begin, condition, step, result = (build(part) for part in node.parts)

    def fold(scope: Scope) -> Any:
        container = source(scope)
        variables = scope.variables
        names = (accumulator, first, second)
        kept = {name: variables[name] for name in names if name in variables}
        variables[accumulator] = begin(scope)
        for key, value in _items(container):
            scope.pay(1)
            variables[first] = key if second or isinstance(container, dict) else value
            if second:
                variables[second] = value
            if condition(scope) is False:
                break
            try:
                variables[accumulator] = step(scope)
            except CostError:
                raise
            except EvaluationError as error:
                # The accumulator is an error; a later decisive item may still put it right.
                variables[accumulator] = Lazy(_raiser(error))
        found = result(scope)
        for name in names:
            variables.pop(name, None)
        variables.update(kept)
        return found

    return fold


def _raiser(error: EvaluationError) -> Callable[[], Any]:
    def again() -> Any:
        raise error

    return again


def _items(container: Any) -> list[tuple[Any, Any]]:
    if isinstance(container, list):
        return list(enumerate(container))
    return list(container.items()) if isinstance(container, dict) else no_overload()


_SPECIAL: dict[str, Callable[[Node], Step]] = {
    "_&&_": _and, "_||_": _or, "_?_:_": _condition, "@not_strictly_false": _not_strictly_false,
    "or": _fallback, "orValue": _fallback,
}  # fmt: skip
_FORMS: dict[str, Callable[[Node], Step]] = {
    "constant": _constant, "ident": _ident, "select": _select, "call": _call, "list": _list, "map": _map,
    "fold": _fold,
}  # fmt: skip
