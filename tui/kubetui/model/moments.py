"""Where ``:goto`` and the keys of the time bar lead: bookmarks, actions, faults, and times as people type them."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kubetui.client.port import Bookmark
from kubetui.model import clock
from kubetui.model.timebar import Moment

_CLOCK = re.compile(r"(?:(\d+)d\s*)?(?:(\d{1,2}):)?(\d{1,3}):(\d{1,2}(?:\.\d{1,3})?)")


class Stop(NamedTuple):
    """A place to go to: a bookmark by ``name``, what somebody did (``action``), or an instant."""

    at: int
    name: str = ""
    action: bool = False


PRESENT = Stop(-1)


def stops(bookmarks: Iterable[Bookmark], moments: Iterable[Moment], oldest: int) -> list[Stop]:
    """All stops on the bar in order of time, as far back as something is kept; bookmarks win over actions."""
    found = {moment.at: Stop(moment.at, action=True) for moment in moments}
    found.update({mark.at: Stop(mark.at, mark.name) for mark in bookmarks})
    return [found[at] for at in sorted(found) if at >= oldest]


def before(places: Sequence[Stop], now: int) -> Stop | None:
    """The last stop before an instant."""
    return next((stop for stop in reversed(places) if stop.at < now), None)


def after(places: Sequence[Stop], now: int) -> Stop:
    """The first stop after an instant, else the present."""
    return next((stop for stop in places if stop.at > now), PRESENT)


def parse(text: str, bookmarks: Iterable[Bookmark], epoch: int, now: int) -> Stop:
    """Read a bookmark's name, ``14:32.5`` or ``1:14:32`` since the beginning, ``-90s`` from here, ``now``.

    Raises ValueError.
    """
    typed = text.strip()
    known = {mark.name: mark for mark in bookmarks}
    if typed in known:
        return Stop(known[typed].at, typed)
    if typed in {"now", "present", "end"}:
        return PRESENT
    if typed in {"start", "begin"}:
        return Stop(epoch)
    if typed[:1] in {"-", "+"} and len(typed) > 1:
        span = clock.parse_span(typed[1:])
        return Stop(max(epoch, now - span if typed[0] == "-" else now + span))
    found = _CLOCK.fullmatch(typed)
    if found is None:
        names = f"; bookmarks: {', '.join(known)}" if known else ""
        msg = f"{typed!r} is neither a bookmark nor a time; write 14:32, -90s, now or a bookmark's name{names}"
        raise ValueError(msg)
    days, hours, minutes, seconds = found.groups()
    total = (int(days or 0) * 24 + int(hours or 0)) * 60 + int(minutes)
    return Stop(epoch + total * 60_000 + round(float(seconds) * 1000))
