"""All functions of Helm 4.3.1's templates: Go's own, sprig's and Helm's, and the library that parses with them."""

from kubesim.helm.functions import (
    arithmetic,
    cases,
    crypto,
    dates,
    dicts,
    documents,
    encoding,
    lists,
    paths,
    random,
    reflection,
    regex,
    rendering,
    semver,
    strings,
    urls,
)
from kubesim.helm.template.builtins import BUILTINS
from kubesim.helm.template.execute.context import Library
from kubesim.helm.template.signatures import Function

_MODULES = (
    arithmetic,
    cases,
    crypto,
    dates,
    dicts,
    documents,
    encoding,
    lists,
    paths,
    random,
    reflection,
    regex,
    rendering,
    semver,
    strings,
    urls,
)

FUNCTIONS: dict[str, Function] = {**BUILTINS, **{one.name: one for module in _MODULES for one in module.FUNCTIONS}}
"""Every function by name."""

LIBRARY = Library(FUNCTIONS)
"""What parses Helm's templates."""
