"""Texts of times and speeds as the header and the events pane show them, and the durations that a person types."""

import re
from datetime import UTC, datetime

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def elapsed(ms: int) -> str:
    """Time since the cluster was born: ``00:14:43.120``, with days in front when there are any."""
    seconds, milli = divmod(max(ms, 0), 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    text = f"{hour:02d}:{minute:02d}:{second:02d}.{milli:03d}"
    return f"{days}d {text}" if days else text


def short_elapsed(ms: int) -> str:
    """As ``elapsed``, without leading zero hours: ``14:43.120``, ``1:14:43.120``."""
    text = elapsed(ms)
    return text[3:] if text.startswith("00:") else text.removeprefix("0")


def time_of_day(ms: int) -> str:
    """Wall time of a real cluster, UTC: ``14:43:02``."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%H:%M:%S")


def speed_text(speed: float) -> str:
    """``x10``, ``x0.1``, ``max``."""
    return "max" if speed == float("inf") else f"x{speed:g}"


def parse_speed(text: str) -> float:
    """Read ``60``, ``x60``, ``0.1``, ``max``. Raises ValueError."""
    typed = text.strip().lower().removeprefix("x")
    speed = float("inf") if typed in {"max", "inf"} else float(typed)
    if not speed > 0:
        msg = f"speed must be positive, not {text}"
        raise ValueError(msg)
    return speed


def parse_span(text: str) -> int:
    """Read ``90s``, ``1h30m``, ``500ms``, or a plain number of seconds, as milliseconds. Raises ValueError."""
    typed = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", typed):
        return round(float(typed) * 1000)
    parts = _PART.findall(typed)
    if not parts or "".join(number + unit for number, unit in parts) != typed:
        msg = f"not a duration: {text!r}; write 90s, 10m or 1h30m"
        raise ValueError(msg)
    return round(sum(float(number) * _UNITS[unit] for number, unit in parts))
