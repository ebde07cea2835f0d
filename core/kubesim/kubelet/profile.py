"""What an image does when it runs: the settings of one entry of the image catalogue, checked and ready for use."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from kubesim.objects import quantities


class Curve(NamedTuple):
    """An amount as a function of a container's age: straight lines between points, level after the last."""

    ages_ms: tuple[int, ...]
    amounts: tuple[int, ...]

    def at(self, age_ms: int) -> int:
        """The amount at an age."""
        ages, amounts = self.ages_ms, self.amounts
        position = bisect_right(ages, age_ms)
        if position == 0:
            return amounts[0]
        if position == len(ages):
            return amounts[-1]
        before, after = ages[position - 1], ages[position]
        low, high = amounts[position - 1], amounts[position]
        return low + (high - low) * (age_ms - before) // (after - before)

    def crosses(self, limit: int) -> int | None:
        """The first age at which the amount is above a limit, or None."""
        for position, amount in enumerate(self.amounts):
            if amount <= limit:
                continue
            if position == 0:
                return 0
            low, before = self.amounts[position - 1], self.ages_ms[position - 1]
            span = self.ages_ms[position] - before
            return before + span * (limit - low) // (amount - low) + 1
        return None


IDLE = Curve((0,), (2,))
SMALL = Curve((0,), (16 * 1024 * 1024,))


class Route(NamedTuple):
    """An HTTP answer; an empty path answers whatever no other route does."""

    path: str = ""
    methods: tuple[str, ...] = ()
    status: int = 200
    type: str = "text/plain; charset=utf-8"
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Unhealthy(NamedTuple):
    """From ``after_ms`` on, for ``for_ms`` (None: for ever), requests of a path are answered with a failure."""

    path: str
    after_ms: int
    for_ms: int | None
    status: int


class Needs(NamedTuple):
    """Without one of these environment variables the image ends with these lines."""

    any_of: tuple[str, ...]
    lines: tuple[str, ...]
    code: int


class Missing(NamedTuple):
    """An image that cannot be pulled; ``error`` is the runtime's text with {image} and {host} in it."""

    error: str


NOT_FOUND = (
    'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": '
    'failed to resolve reference "{image}": {image}: not found'
)


@dataclass(frozen=True, slots=True)
class Profile:
    """One catalogue entry."""

    name: str
    size: int = 50 * 1024 * 1024
    """What a pull downloads, in bytes."""
    start_ms: int = 200
    """How long the program needs before it listens."""
    cpu: Curve = IDLE
    """Thousandths of a core by age."""
    cpu_per_request: int = 5
    """Thousandths of a core that one request in a second costs."""
    memory: Curve = SMALL
    """Bytes by age."""
    ports: tuple[int, ...] = ()
    """Where it listens, beside the container's declared ports."""
    only_own_ports: bool = False
    """True for programs that do not care what ports the container declares."""
    protocol: str = "http"
    """Who answers: http, redis, memcached, postgres, mysql, amqp, mongo, echo, none."""
    page: bool = True
    """Whether paths without a route get the page that describes the pod (else 404)."""
    routes: tuple[Route, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    request_log: str = '{client} - - [{clf}] "{method} {path} HTTP/1.1" {status} {size} "-" "{agent}" "-"'
    start_log: tuple[str, ...] = ()
    periodic_log: tuple[int, str] | None = None
    """Every so many milliseconds, this line."""
    exit_after_ms: int | None = None
    exit_code: int = 0
    term_ms: int = 0
    """How long it takes to end after TERM; -1: it ignores TERM."""
    term_code: int = 0
    term_log: tuple[str, ...] = ()
    unhealthy: tuple[Unhealthy, ...] = ()
    needs: Needs | None = None
    shell: bool = True
    """Whether there is a shell in the image."""
    entrypoint: tuple[str, ...] = ()
    """The image's own command; ``args`` of a container are put behind it."""
    arguments: tuple[str, ...] = ()
    """What stands behind the entrypoint when a container gives no ``args``."""
    only_shell: bool = False
    """Whether there is nothing but a shell: a program that it does not know is a mistake, not the image's server."""
    memory_flag: str = ""
    """An argument whose value is the memory that the program takes."""
    cpu_flag: str = ""
    """An argument whose value is the processors that the program takes."""
    missing: Missing | None = None
    root: str = ""
    """The folder whose files are served; "" when no files are."""
    files: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What the image holds: text by path."""


def cores(value: object) -> int:
    """Thousandths of a core from "5m", 0.1 or "2". Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        msg = f"expected a quantity, not {value!r}"
        raise ValueError(msg)
    return quantities.milli(value if isinstance(value, (str, int)) else str(value))


def size(value: object) -> int:
    """Bytes from "20Mi" or a number. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        msg = f"expected a quantity, not {value!r}"
        raise ValueError(msg)
    return quantities.value(value)
