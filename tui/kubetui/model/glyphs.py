"""The signs that the screen draws with, and their plain ASCII stand-ins for terminals that cannot show them."""

from collections.abc import Mapping
from typing import NamedTuple


class Glyphs(NamedTuple):
    """One set of signs; every sign is one column wide."""

    cursor: str
    mark: str
    you: str
    full: str
    empty: str
    hint: str
    dot: str
    running: str
    paused: str
    ellipsis: str
    more: str
    less: str
    changed: str
    ascending: str
    descending: str
    thumb: str
    track: str
    present: str
    link: str
    warning: str
    arrow: str


UNICODE = Glyphs(
    cursor="▌", mark="●", you="◂", full="━", empty="─", hint="┄", dot="·", running="▶", paused="■", ellipsis="…",
    more="↑", less="↓", changed="Δ", ascending="↑", descending="↓", thumb="┃", track="│", present="●", link="∞",
    warning="▲", arrow="→",
)  # fmt: skip

ASCII = Glyphs(
    cursor=">", mark="*", you="<", full="=", empty=".", hint="-", dot="-", running=">", paused="=", ellipsis="~",
    more="^", less="v", changed="~", ascending="^", descending="v", thumb="#", track="|", present="o", link="&",
    warning="!", arrow=">",
)  # fmt: skip

_SIGNS = {"├": "|", "┤": "|", "─": "-", "│": "|", "−": "-", "—": "-", "–": "-"}
_TO_ASCII = str.maketrans(dict(zip(UNICODE, ASCII, strict=True)) | _SIGNS)


def choose(environment: Mapping[str, str]) -> Glyphs:
    """The set that the terminal can show, by its locale; ``KUBETUI_ASCII=1`` insists on plain signs."""
    if environment.get("KUBETUI_ASCII", "") not in {"", "0"} or environment.get("TERM", "") in {"linux", "dumb"}:
        return ASCII
    locale = environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG") or "C.UTF-8"
    return UNICODE if "utf" in locale.lower() else ASCII


def plain(text: str, glyphs: Glyphs) -> str:
    """The text with its signs replaced when only ASCII can be shown."""
    return text.translate(_TO_ASCII) if glyphs is ASCII else text


def bar(fraction: float, width: int, glyphs: Glyphs) -> tuple[str, str]:
    """A bar as its full and its empty part; anything above nothing shows at least one full sign."""
    filled = min(width, max(round(fraction * width), 1 if fraction > 0 else 0))
    return glyphs.full * filled, glyphs.empty * (width - filled)
