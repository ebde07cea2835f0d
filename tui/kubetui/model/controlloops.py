"""The control loops as lines: one a row, and of the chosen one its queue, its back-offs and what it wrote last."""

from collections.abc import Sequence

from kubetui.client.port import ControlLoop, JournalEntry
from kubetui.model import clock
from kubetui.model.lanes import Line
from kubetui.model.story import entry_text
from kubetui.model.yaml_text import Span

SHOWN = 12
"""How many keys of one kind are shown."""
WRITES = 8


def find(loops: Sequence[ControlLoop], text: str) -> int | None:
    """The position of a control loop by its name or a part of it: the shortest name that has it."""
    low = text.strip().lower()
    found = [(len(loop.name), at) for at, loop in enumerate(loops) if low in loop.name.lower()]
    return min(found)[1] if found else None


def table(loops: Sequence[ControlLoop], chosen: int, moved: frozenset[str], now: int, width: int) -> list[Line]:
    """All control loops; ``moved`` have reconciled since the last look."""
    named = min(max([*(len(loop.name) for loop in loops), 4]), max(width - 64, 18))
    title = f"  {'NAME':{named}} QUEUE LATER FAILING     DONE  NEXT"
    found = [Line(title, (Span(0, len(title), "heading"),))]
    for at, loop in enumerate(loops):
        counts = f"{len(loop.queued):5} {len(loop.delayed):5} {len(loop.failing):7} {loop.synced:8}"
        mark = "▸" if at == chosen else " "
        text = f"{mark} {_cut(loop.name, named):{named}} {counts}  {_next(loop, now)}"
        kind = _kind(loop, at == chosen, loop.name in moved)
        found.append(Line(_cut(text.rstrip(), width), (Span(0, named + 2, kind),)))
    return found


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _kind(loop: ControlLoop, chosen: bool, moved: bool) -> str:
    if not loop.enabled:
        return "bad"
    if chosen:
        return "chosen"
    if loop.queued or moved:
        return "good"
    return "warn" if loop.failing else "faint" if not loop.delayed else "text"


def _next(loop: ControlLoop, now: int) -> str:
    if not loop.enabled:
        return "crashed: nothing is done"
    if loop.queued:
        return loop.queued[0][0]
    due = [each for each in loop.delayed if each[1]]
    return f"{due[0][0]} in {_span(due[0][1] - now)}" if due else ""


def _span(ms: int) -> str:
    seconds = max(ms, 0) / 1000
    if seconds < 60:
        return f"{seconds:.3g}s"
    minutes = int(seconds) // 60
    return f"{minutes}m{int(seconds) % 60:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"


def detail(loop: ControlLoop, writes: Sequence[JournalEntry], now: int, epoch: int) -> list[Line]:
    """One control loop: what waits, what it comes back to, what it fails at, what it wrote, the newest first."""
    tries = dict(loop.failing)
    found = [Line(), _heading(f"{loop.name}: {loop.synced} reconciles")]
    if not loop.enabled:
        found.append(_plain("  crashed: keys pile up and nothing is done", "bad"))
    found += _section("QUEUE", [f"{key}{_tries(tries, key)}{_cause(cause)}" for key, cause in loop.queued])
    later = [f"{key}  {_when(due, now)}{_tries(tries, key)}" for key, due in loop.delayed]
    found += _section("LATER", later)
    if loop.last_error:
        found += [_heading("LAST ERROR"), _plain(f"  {loop.last_error}", "bad")]
    told = [f"{clock.short_elapsed(each.at - epoch)}  rev {each.revision}  {entry_text(each)}" for each in writes]
    found += _section("LAST WRITES", told[:WRITES])
    return found


def _when(due: int, now: int) -> str:
    return f"in {_span(due - now)}" if due else "when the cluster changes"


def _tries(tries: dict[str, int], key: str) -> str:
    count = tries.get(key, 0)
    return f"  failed {count} time{'s' if count > 1 else ''} in a row" if count else ""


def _cause(cause: int) -> str:
    return f"  because of rev {cause}" if cause else ""


def _section(title: str, texts: Sequence[str]) -> list[Line]:
    if not texts:
        return [_plain(f"{title}  nothing", "faint")]
    lines = [_heading(f"{title} {len(texts)}"), *(_plain(f"  {text}") for text in texts[:SHOWN])]
    rest = len(texts) - SHOWN
    return [*lines, _plain(f"  and {rest} more", "faint")] if rest > 0 else lines


def _heading(text: str) -> Line:
    return Line(text, (Span(0, len(text), "heading"),))


def _plain(text: str, kind: str = "") -> Line:
    return Line(text, (Span(0, len(text), kind),) if kind else ())
