"""Go's view of characters and bytes in text: spaces, cases, cutting and splitting."""

import unicodedata
from typing import Final

from kubesim.helm.template.values import decode, encode

SPACES: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""unicode.IsSpace."""


def upper(text: str) -> str:
    """strings.ToUpper: letter by letter, none ever becomes two."""
    return text.upper() if text.isascii() else "".join(map(upper_letter, text))


def lower(text: str) -> str:
    """strings.ToLower."""
    return text.lower() if text.isascii() else "".join(map(lower_letter, text))


def upper_letter(letter: str) -> str:
    """unicode.ToUpper."""
    changed = letter.upper()
    return changed if len(changed) == 1 else letter


def lower_letter(letter: str) -> str:
    """unicode.ToLower."""
    return letter.lower()[:1]


def title_letter(letter: str) -> str:
    """unicode.ToTitle."""
    changed = letter.title()
    return changed if len(changed) == 1 else letter


def is_upper(letter: str) -> bool:
    """unicode.IsUpper."""
    return unicodedata.category(letter) == "Lu"


def is_lower(letter: str) -> bool:
    """unicode.IsLower."""
    return unicodedata.category(letter) == "Ll"


def is_letter(letter: str) -> bool:
    """unicode.IsLetter."""
    return letter.isalpha()


def is_number(letter: str) -> bool:
    """unicode.IsNumber."""
    return unicodedata.category(letter)[0] == "N"


def is_punctuation(letter: str) -> bool:
    """unicode.IsPunct."""
    return unicodedata.category(letter)[0] == "P"


def trim_space(text: str) -> str:
    """strings.TrimSpace."""
    return text.strip(SPACES)


def cut(text: str, start: int, end: int) -> str:
    """text[start:end] by bytes."""
    return text[start:end] if text.isascii() else decode(encode(text)[start:end])


def split(text: str, separator: str, limit: int = -1) -> list[str]:
    """strings.SplitN: at most ``limit`` parts, all if negative, none if zero."""
    if limit == 0:
        return []
    if not separator:
        letters = list(text)
        if 0 < limit < len(letters):
            letters[limit - 1 :] = ["".join(letters[limit - 1 :])]
        return letters
    return text.split(separator, limit - 1 if limit > 0 else -1)
