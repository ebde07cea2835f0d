"""What a pod makes of the requests it gets: how many it serves, how long they take, what that costs; pure.

A pod is a queue with one server a core (M/M/c). Up to its capacity the mean wait is Erlang's; beyond it the queue
grows, requests wait for all that are before them, and those that would wait longer than the timeout are lost.
"""

import math
from typing import NamedTuple

TIMEOUT_SECONDS = 10.0
"""How long a client waits for an answer."""
MOST_SERVERS = 256


class Served(NamedTuple):
    """One pod over one stretch of time."""

    rate: float
    """Requests a second that came."""
    served: float
    """Requests a second that were answered."""
    lost: float
    """Requests a second that were not."""
    latency: float
    """Mean seconds until the answer."""
    backlog: float
    """Requests that wait at the end."""
    cpu_milli: float
    inflight: float
    """Requests that the pod holds."""


def serve(
    rate: float, cost_milli: float, cpu_milli: float, base_seconds: float, backlog: float, seconds: float
) -> Served:
    """Requests at ``rate`` for ``seconds``, with a queue to begin with; a request costs milliseconds of a core."""
    if cost_milli <= 0 or cpu_milli <= 0:
        return Served(rate, rate, 0.0, base_seconds, 0.0, 0.0, rate * base_seconds)
    capacity = cpu_milli / cost_milli
    waiting = backlog + (rate - capacity) * seconds
    limit = capacity * TIMEOUT_SECONDS
    lost = max(0.0, waiting - limit) / seconds
    waiting = min(max(0.0, waiting), limit)
    done = min(capacity, rate + backlog / seconds) if waiting or backlog else rate
    done = min(done, capacity)
    if waiting:
        # A growing or shrinking queue: who comes now waits for all before.
        latency = base_seconds + waiting / capacity + _service(cpu_milli, capacity)
    else:
        latency = base_seconds + _steady(min(rate, capacity), cpu_milli, capacity)
    latency = min(latency, base_seconds + TIMEOUT_SECONDS)
    # Little's law: the latency holds the wait already.
    return Served(rate, done, lost, latency, waiting, done * cost_milli, max(min(rate, done) * latency, waiting))


def _service(cpu_milli: float, capacity: float) -> float:
    return _servers(cpu_milli) / capacity


def _servers(cpu_milli: float) -> int:
    return min(MOST_SERVERS, max(1, math.ceil(cpu_milli / 1000)))


def _steady(rate: float, cpu_milli: float, capacity: float) -> float:
    """Mean time in an M/M/c system: the service itself, and Erlang's wait."""
    servers = _servers(cpu_milli)
    own = _service(cpu_milli, capacity)
    if rate <= 0:
        return own
    if rate >= capacity:
        return own + TIMEOUT_SECONDS
    return own + erlang_c(servers, rate * own) / (capacity - rate)


def erlang_c(servers: int, offered: float) -> float:
    """The share of requests that has to wait: ``offered`` is the rate times the service time, below ``servers``."""
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = offered * blocked / (number + offered * blocked)
    return blocked / (1 - offered / servers * (1 - blocked))
