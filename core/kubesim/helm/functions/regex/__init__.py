"""Regular expressions with Go's syntax and semantics (RE2), on Python's engine where that is safe."""

from kubesim.helm.functions.regex.library import FUNCTIONS

__all__ = ["FUNCTIONS"]
