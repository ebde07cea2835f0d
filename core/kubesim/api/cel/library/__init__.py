"""Kubernetes' function libraries and CEL's extensions, by the names of their functions."""

from kubesim.api.cel.library import authorizer, collections, network, optionals, quantities, strings
from kubesim.api.cel.operators import OPERATORS, Function

FUNCTIONS: dict[str, Function] = {
    **OPERATORS,
    **optionals.FUNCTIONS,
    **collections.FUNCTIONS,
    **strings.FUNCTIONS,
    **network.FUNCTIONS,
    **quantities.FUNCTIONS,
    **authorizer.FUNCTIONS,
}
"""A function that several types have chooses by its first argument."""
