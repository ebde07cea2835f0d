"""Regular expressions in Go's syntax, which schemas and rules are written in."""

import re
from functools import lru_cache

_POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "digit": "0-9", "lower": "a-z", "upper": "A-Z", "space": r"\s",
    "xdigit": "0-9A-Fa-f", "word": r"\w", "punct": r"!-/:-@\[-`{-~",
}  # fmt: skip


@lru_cache(maxsize=2048)
def pattern(text: str) -> re.Pattern[str] | None:
    """A regular expression in Go's syntax, compiled; None when there is no such one."""
    # differs: Python's engine; classes such as [[:alpha:]] and \z are translated, \p{..} is not known.
    text = re.sub(r"\(\?P?<", "(?P<", text) if "(?<" in text and "(?<=" not in text else text
    for name, inside in _POSIX.items():
        text = text.replace(f"[:{name}:]", inside)
    try:
        return re.compile(text.replace(r"\z", r"\Z"))
    except re.error:
        return None


def matches(expression: str, text: str) -> bool:
    """Whether a text has a match of a regular expression; ``$`` is the very end, as in Go."""
    found = pattern(expression)
    if found is None:
        return True
    match = found.search(text)
    return match is not None and not (text.endswith("\n") and expression.endswith("$") and match.end() < len(text))
