"""One name, several types: the function of the first argument's type."""

from collections.abc import Mapping
from typing import Any

from kubesim.api.cel.operators import Function
from kubesim.api.cel.values import no_overload


def by_type(functions: Mapping[type, Function]) -> Function:
    """A function that hands over to the one for the type of its first argument."""

    def call(target: Any, *rest: Any) -> Any:
        for kind, function in functions.items():
            if isinstance(target, kind):
                return function(target, *rest)
        no_overload()

    return call
