"""The functions on regular expressions."""

import re
from collections.abc import Callable
from typing import Any, Final

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.execute.context import Context
from kubesim.helm.template.quoting import can_backquote, quote
from kubesim.helm.template.signatures import INT, STRING, Function, function
from kubesim.helm.template.values import NilStrings, StringSlice
from kubesim.objects import regex
from kubesim.objects.regex import Pattern, RegexError, Spans

_REFERENCE: Final = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))", re.ASCII)
_SPECIAL: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")


def compile_pattern(text: str) -> Pattern:
    """The pattern of an expression; GoError has Go's text."""
    try:
        return regex.compile_pattern(text)
    except RegexError as error:
        raise GoError(str(error)) from None


def _sure(text: str) -> Pattern:
    """The pattern, failing as regexp.MustCompile does."""
    try:
        return compile_pattern(text)
    except GoError as error:
        shown = f"`{text}`" if can_backquote(text) else quote(text)
        raise GoError(f"regexp: Compile({shown}): {error}") from None


def match(expression: str, text: str) -> bool:
    """Whether an expression matches anywhere; false when it is malformed."""
    try:
        return must_match(expression, text)
    except GoError:
        return False


def must_match(expression: str, text: str) -> bool:
    """Whether an expression matches anywhere."""
    return compile_pattern(expression).found_in(text)


def _find(pattern: Pattern, text: str) -> str:
    spans = pattern.search(text)
    return "" if spans is None else text[slice(*spans[0])]


def _find_all(pattern: Pattern, text: str, limit: int) -> StringSlice:
    return StringSlice(text[slice(*spans[0])] for spans in pattern.matches(text, limit)) or NilStrings()


def _replaced(render: Context, pattern: Pattern, text: str, fill: Callable[[Spans], str]) -> str:
    out: list[str] = []
    end = size = 0
    for spans in pattern.matches(text):
        start, stop = spans[0]
        filled = fill(spans)
        size += len(filled) + start - end
        render.budget.reserve(size)
        out += (text[end:start], filled)
        end = stop
    return "".join([*out, text[end:]])


def _template(pattern: Pattern, replacement: str, text: str) -> Callable[[Spans], str]:
    if "$" not in replacement:
        return lambda spans: replacement

    def fill(spans: Spans) -> str:
        return _REFERENCE.sub(lambda found: _group(pattern, found, spans, text), replacement)

    return fill


def _group(pattern: Pattern, found: re.Match[str], spans: Spans, text: str) -> str:
    name = found.group(1) or found.group(2)
    if name is None:
        return "$"
    number = int(name) if name.isdigit() else pattern.names.get(name, len(spans))
    if number >= len(spans) or spans[number][0] < 0:
        return ""
    return text[slice(*spans[number])]


def _split(pattern: Pattern, text: str, limit: int) -> StringSlice:
    if limit == 0:
        return NilStrings()
    if not text and pattern.text:
        return StringSlice([""])
    parts: list[str] = []
    begin = end = 0
    for spans in pattern.matches(text, limit):
        if 0 < limit == len(parts) + 1:
            break
        end = spans[0][0]
        if spans[0][1] != 0:
            parts.append(text[begin:end])
        begin = spans[0][1]
    if end != len(text):
        parts.append(text[begin:])
    return StringSlice(parts)


def find(expression: str, text: str) -> str:
    """The first match, or an empty string."""
    return _find(_sure(expression), text)


def must_find(expression: str, text: str) -> str:
    """The first match, or an empty string."""
    return _find(compile_pattern(expression), text)


def find_all(expression: str, text: str, limit: int) -> StringSlice:
    """The matches, at most some of them."""
    return _find_all(_sure(expression), text, limit)


def must_find_all(expression: str, text: str, limit: int) -> StringSlice:
    """The matches, at most some of them."""
    return _find_all(compile_pattern(expression), text, limit)


def replace_all(render: Context, expression: str, text: str, replacement: str) -> str:
    """The text with all matches replaced; $1 and ${name} stand for groups."""
    pattern = _sure(expression)
    return _replaced(render, pattern, text, _template(pattern, replacement, text))


def must_replace_all(render: Context, expression: str, text: str, replacement: str) -> str:
    """The text with all matches replaced; $1 and ${name} stand for groups."""
    pattern = compile_pattern(expression)
    return _replaced(render, pattern, text, _template(pattern, replacement, text))


def replace_all_literal(render: Context, expression: str, text: str, replacement: str) -> str:
    """The text with all matches replaced by a fixed text."""
    return _replaced(render, _sure(expression), text, lambda spans: replacement)


def must_replace_all_literal(render: Context, expression: str, text: str, replacement: str) -> str:
    """The text with all matches replaced by a fixed text."""
    return _replaced(render, compile_pattern(expression), text, lambda spans: replacement)


def split(expression: str, text: str, limit: int) -> StringSlice:
    """The parts between matches, at most some of them."""
    return _split(_sure(expression), text, limit)


def must_split(expression: str, text: str, limit: int) -> StringSlice:
    """The parts between matches, at most some of them."""
    return _split(compile_pattern(expression), text, limit)


def quote_meta(text: str) -> str:
    """The text as an expression that matches it alone."""
    return _SPECIAL.sub(r"\\\g<0>", text)


_THREE: tuple[Any, ...] = (STRING, STRING, STRING)

FUNCTIONS: tuple[Function, ...] = (
    function("regexMatch", match, STRING, STRING),
    function("mustRegexMatch", must_match, STRING, STRING),
    function("regexFind", find, STRING, STRING),
    function("mustRegexFind", must_find, STRING, STRING),
    function("regexFindAll", find_all, STRING, STRING, INT),
    function("mustRegexFindAll", must_find_all, STRING, STRING, INT),
    function("regexReplaceAll", replace_all, *_THREE, context=True),
    function("mustRegexReplaceAll", must_replace_all, *_THREE, context=True),
    function("regexReplaceAllLiteral", replace_all_literal, *_THREE, context=True),
    function("mustRegexReplaceAllLiteral", must_replace_all_literal, *_THREE, context=True),
    function("regexSplit", split, STRING, STRING, INT),
    function("mustRegexSplit", must_split, STRING, STRING, INT),
    function("regexQuoteMeta", quote_meta, STRING),
)
