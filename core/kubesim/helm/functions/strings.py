"""Text: trimming, cutting, cases, wrapping, quoting and searching."""

from typing import Any

from kubesim.helm.functions import letters
from kubesim.helm.functions.lists import strval
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.execute.context import Context
from kubesim.helm.template.formatting import text as printed
from kubesim.helm.template.quoting import quote as quoted
from kubesim.helm.template.signatures import ANY, INT, STRING, Function, function
from kubesim.helm.template.values import StringMap, StringSlice, byte_length, decode, encode

_SPACE_BYTES = frozenset(map(ord, "\t\n\v\f\r \x85\xa0"))


def hello() -> str:
    """A greeting."""
    return "Hello!"


def trim_all(characters: str, text: str) -> str:
    """The text without any of some characters at its ends."""
    return text.strip(characters) if characters else text


def trim_suffix(suffix: str, text: str) -> str:
    """The text without a suffix."""
    return text.removesuffix(suffix)


def trim_prefix(prefix: str, text: str) -> str:
    """The text without a prefix."""
    return text.removeprefix(prefix)


def title(text: str) -> str:
    """The text with the first letter of each word as a title has it."""
    out: list[str] = []
    previous = " "
    for letter in text:
        out.append(letters.title_letter(letter) if _separates(previous) else letter)
        previous = letter
    return "".join(out)


def _separates(letter: str) -> bool:
    if letter.isascii():
        return not (letter.isalnum() or letter == "_")
    return not letter.isalnum() and letter in letters.SPACES


def untitle(text: str) -> str:
    """The text with the first letter of each word in lower case."""
    out: list[str] = []
    starts = True
    for letter in text:
        if letter in letters.SPACES:
            starts = True
        elif starts:
            letter, starts = letters.lower_letter(letter), False  # noqa: PLW2901 (the letter is what goes out)
        out.append(letter)
    return "".join(out)


def swapcase(text: str) -> str:
    """The text with upper and lower case exchanged; letters that begin a word get title case."""
    out: list[str] = []
    after_space = True
    for letter in text:
        if letters.is_upper(letter):
            out.append(letters.lower_letter(letter))
            after_space = False
        elif letters.is_lower(letter):
            out.append(letters.title_letter(letter) if after_space else letters.upper_letter(letter))
            after_space = False
        else:
            out.append(letter)
            after_space = letter in letters.SPACES
    return "".join(out)


def repeat(render: Context, count: int, text: str) -> str:
    """The text some times over."""
    if count < 0:
        raise GoError("strings: negative Repeat count")
    render.budget.reserve(count * len(text))
    return text * count


def substring(start: int, end: int, text: str) -> str:
    """text[start:end] by bytes: a negative start is 0, a negative or too large end is the text's."""
    size = byte_length(text)
    if start < 0:
        if not 0 <= end <= size:
            raise GoError(f"runtime error: slice bounds out of range [:{end}]{_length(end, size)}")
        return letters.cut(text, 0, end)
    if end < 0 or end > size:
        if start > size:
            raise GoError(f"runtime error: slice bounds out of range [{start}:{size}]")
        end = size
    elif start > end:
        raise GoError(f"runtime error: slice bounds out of range [{start}:{end}]")
    return letters.cut(text, start, end)


def _length(end: int, size: int) -> str:
    return f" with length {size}" if end >= 0 else ""


def truncate(count: int, text: str) -> str:
    """The first bytes of the text, or, when negative, the last."""
    size = byte_length(text)
    if count < 0 < size + count:
        return letters.cut(text, size + count, size)
    return letters.cut(text, 0, count) if 0 <= count < size else text


def nospace(text: str) -> str:
    """The text without spaces. Bytes are taken for characters once there is any space, as the library does."""
    data = encode(text)
    kept = [chr(byte) for byte in data if byte not in _SPACE_BYTES]
    return text if len(kept) == len(data) else "".join(kept)


def initials(text: str) -> str:
    """The first letter of each word."""
    out: list[str] = []
    starts = True
    for byte in encode(text):
        if byte in _SPACE_BYTES:
            starts = True
        elif starts:
            out.append(chr(byte))
            starts = False
    return "".join(out)


def abbreviate(width: int, text: str) -> str:
    """The text cut to a width with an ellipsis."""
    return text if width < 4 else decode(_abbreviated(encode(text), 0, width))


def abbreviate_both(left: int, right: int, text: str) -> str:
    """The text cut at both ends with ellipses."""
    if right < 4 or (left > 0 and right < 7):
        return text
    return decode(_abbreviated(encode(text), left, right))


def _abbreviated(data: bytes, offset: int, width: int) -> bytes:
    if not data or width < 4:
        return b""
    if len(data) <= width:
        return data
    offset = min(offset, len(data))
    if len(data) - offset < width - 3:
        offset = len(data) - (width - 3)
    if offset <= 4:
        return data[: width - 3] + b"..."
    if width < 7:
        return b""
    if offset + width - 3 < len(data):
        return b"..." + _abbreviated(data[offset:], 0, width - 3)
    return b"..." + data[len(data) - (width - 3) :]


def wrap(render: Context, width: int, text: str) -> str:
    """The text with lines of a width; long words stand out."""
    return _wrapped(render, text, width, "\n", break_words=False)


def wrap_with(render: Context, width: int, separator: str, text: str) -> str:
    """The text with a separator between lines of a width; long words are cut."""
    return _wrapped(render, text, width, separator or "\n", break_words=True)


def _wrapped(render: Context, text: str, width: int, separator: str, *, break_words: bool) -> str:
    data, width = encode(text), max(1, width)
    render.budget.reserve(len(data) + len(separator) * (len(data) // width + 1))
    render.budget.spend(len(data) // width)
    lines: list[bytes] = []
    at = 0
    while len(data) - at > width:
        if data[at : at + 1] == b" ":
            at += 1
            continue
        space = data.rfind(b" ", at, at + width + 1)
        if space < 0 and break_words:
            lines.append(data[at : at + width])
            at += width
            continue
        if space < 0:
            space = data.find(b" ", at + width)
        if space < 0:
            break
        lines.append(data[at:space])
        at = space + 1
    return separator.join([decode(line) for line in [*lines, data[at:]]])


def contains(part: str, text: str) -> bool:
    """Whether the text contains a part."""
    return part in text


def has_prefix(prefix: str, text: str) -> bool:
    """Whether the text begins so."""
    return text.startswith(prefix)


def has_suffix(suffix: str, text: str) -> bool:
    """Whether the text ends so."""
    return text.endswith(suffix)


def quote(*values: Any) -> str:
    """The values in double quotes, without nils."""
    if len(values) == 1 and type(values[0]) is str:
        return quoted(values[0])
    return " ".join([quoted(strval(value)) for value in values if value is not None])


def single_quote(*values: Any) -> str:
    """The values in single quotes, without nils."""
    return " ".join([f"'{printed(value)}'" for value in values if value is not None])


def cat(*values: Any) -> str:
    """The values with spaces between, without nils."""
    return " ".join([printed(value) for value in values if value is not None])


def indent(render: Context, spaces: int, text: str) -> str:
    """The text with every line indented."""
    if spaces < 0:
        raise GoError("strings: negative Repeat count")
    if spaces > 100:
        render.budget.reserve((text.count("\n") + 1) * spaces + len(text))
    padding = " " * spaces
    return padding + text.replace("\n", "\n" + padding)


def indent_below(render: Context, spaces: int, text: str) -> str:
    """The text indented, on a line of its own."""
    return "\n" + indent(render, spaces, text)


def replace(render: Context, old: str, new: str, text: str) -> str:
    """The text with every occurrence of a part replaced."""
    if len(new) > 100:
        render.budget.reserve(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def plural(one: str, many: str, count: int) -> str:
    """One text for a count of one, another for all others."""
    return one if count == 1 else many


def split(separator: str, text: str) -> StringMap:
    """The parts of a text under the keys _0, _1 and so on."""
    return StringMap({f"_{at}": part for at, part in enumerate(letters.split(text, separator))})


def split_some(separator: str, limit: int, text: str) -> StringMap:
    """The same with at most some parts."""
    return StringMap({f"_{at}": part for at, part in enumerate(letters.split(text, separator, limit))})


def split_list(separator: str, text: str) -> StringSlice:
    """The parts of a text."""
    return StringSlice(letters.split(text, separator))


FUNCTIONS: tuple[Function, ...] = (
    function("hello", hello),
    function("trim", letters.trim_space, STRING),
    *[function(name, trim_all, STRING, STRING) for name in ("trimAll", "trimall")],
    function("trimSuffix", trim_suffix, STRING, STRING),
    function("trimPrefix", trim_prefix, STRING, STRING),
    function("upper", letters.upper, STRING),
    function("lower", letters.lower, STRING),
    function("title", title, STRING),
    function("untitle", untitle, STRING),
    function("swapcase", swapcase, STRING),
    function("repeat", repeat, INT, STRING, context=True),
    function("substr", substring, INT, INT, STRING),
    function("trunc", truncate, INT, STRING),
    function("nospace", nospace, STRING),
    function("initials", initials, STRING),
    function("abbrev", abbreviate, INT, STRING),
    function("abbrevboth", abbreviate_both, INT, INT, STRING),
    function("wrap", wrap, INT, STRING, context=True),
    function("wrapWith", wrap_with, INT, STRING, STRING, context=True),
    function("contains", contains, STRING, STRING),
    function("hasPrefix", has_prefix, STRING, STRING),
    function("hasSuffix", has_suffix, STRING, STRING),
    function("quote", quote, more=ANY),
    function("squote", single_quote, more=ANY),
    function("toString", strval, ANY),
    function("cat", cat, more=ANY),
    function("indent", indent, INT, STRING, context=True),
    function("nindent", indent_below, INT, STRING, context=True),
    function("replace", replace, STRING, STRING, STRING, context=True),
    function("plural", plural, STRING, STRING, INT),
    function("split", split, STRING, STRING),
    function("splitn", split_some, STRING, INT, STRING),
    function("splitList", split_list, STRING, STRING),
)
