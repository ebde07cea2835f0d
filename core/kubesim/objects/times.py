"""RFC 3339 times to and from milliseconds since 1970, and the ages that kubectl prints."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=64)
def _format_second(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC).isoformat()[:19]}Z"


def format_time(ms: int) -> str:
    """Format as metav1.Time does: whole seconds, UTC."""
    return _format_second(ms // 1000)


def format_micro_time(ms: int) -> str:
    """Format as metav1.MicroTime does: six decimals, UTC."""
    return f"{_format_second(ms // 1000)[:-1]}.{ms % 1000:03d}000Z"


@lru_cache(maxsize=4096)
def parse_time(text: str) -> int:
    """Parse an RFC 3339 time to milliseconds since 1970. Raises ValueError on anything else."""
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def human_duration(ms: int) -> str:
    """Print a duration as kubectl's AGE column does (duration.HumanDuration): ``5s``, ``3m12s``, ``4h``, ``2d3h``."""
    seconds = ms // 1000
    if seconds < -1:
        return "<invalid>"
    if seconds < 0:
        return "0s"
    if seconds < 120:
        return f"{seconds}s"
    minutes = seconds // 60
    if minutes < 10:
        return _with_rest(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    hours = minutes // 60
    if hours < 8:
        return _with_rest(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    return _human_days(hours)


def _human_days(hours: int) -> str:
    days = hours // 24
    if days < 8:
        return _with_rest(days, "d", hours % 24, "h")
    if days < 365 * 2:
        return f"{days}d"
    if days < 365 * 8:
        return _with_rest(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _with_rest(major: int, major_unit: str, minor: int, minor_unit: str) -> str:
    return f"{major}{major_unit}{minor}{minor_unit}" if minor else f"{major}{major_unit}"
