"""Regular expressions with Go's syntax, semantics and error texts (RE2): no expression can take exponential time."""

from kubesim.objects.regex.engine import Pattern, Spans, compile_pattern
from kubesim.objects.regex.errors import RegexError

__all__ = ["Pattern", "RegexError", "Spans", "compile_pattern"]
