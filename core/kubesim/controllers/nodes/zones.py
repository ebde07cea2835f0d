"""Zones of nodes: how many are ready, the state that follows, and the limited rate of NoExecute taints."""

INITIAL, NORMAL, PARTIAL, FULL = "Initial", "Normal", "PartialDisruption", "FullDisruption"
EVICTION_RATE, SECONDARY_RATE = 0.1, 0.01
"""Nodes a second."""
UNHEALTHY_SHARE = 0.55
LARGE_ZONE = 50
# k8s: the options of the node lifecycle controller


def state_of(ready: int, not_ready: int) -> str:
    """The state of a zone. # k8s: ComputeZoneState."""
    if ready == 0 and not_ready > 0:
        return FULL
    if not_ready > 2 and not_ready / (not_ready + ready) >= UNHEALTHY_SHARE:
        return PARTIAL
    return NORMAL


def rate_of(state: str, size: int) -> float:
    """How many nodes a second may be tainted in a zone of ``size`` nodes."""
    if state == PARTIAL:
        return SECONDARY_RATE if size > LARGE_ZONE else 0.0
    return EVICTION_RATE


class Limiter:
    """A token bucket that holds one token."""

    __slots__ = ("_at", "_tokens", "rate")

    def __init__(self, rate: float, now: int) -> None:
        self.rate = rate
        self._tokens = 1.0
        self._at = now

    def _refill(self, now: int) -> None:
        self._tokens = min(1.0, self._tokens + (now - self._at) * self.rate / 1000)
        self._at = now

    def take(self, now: int) -> bool:
        """Take the token if there is one."""
        if self.rate <= 0:
            return False
        self._refill(now)
        if self._tokens < 0.999999:
            return False
        self._tokens = 0.0
        return True

    def wait(self, now: int) -> int | None:
        """In how many milliseconds there is a token, None when never."""
        if self.rate <= 0:
            return None
        self._refill(now)
        return max(0, round((1.0 - self._tokens) / self.rate * 1000))

    def swap(self, rate: float, now: int) -> None:
        """Change the rate; who had to wait goes on waiting. # k8s: RateLimitedTimedQueue.SwapLimiter."""
        if rate == self.rate:
            return
        waited = self.rate <= 0 or self.wait(now) != 0
        self.rate = rate
        self._at = now
        self._tokens = 0.0 if waited else 1.0


class Zone:
    """One zone: its nodes by the status of their Ready condition, and the nodes that wait for a NoExecute taint."""

    __slots__ = ("health", "limiter", "ready", "state", "waiting")

    def __init__(self, now: int) -> None:
        self.state = INITIAL
        self.health: dict[str, str] = {}
        self.ready = 0
        self.limiter = Limiter(EVICTION_RATE, now)
        self.waiting: dict[str, None] = {}

    def put(self, node: str, status: str) -> None:
        """Note the status of a node's Ready condition; "" forgets the node."""
        was = self.health.get(node, "")
        if was == status:
            return
        self.ready += (status == "True") - (was == "True")
        if status:
            self.health[node] = status
        else:
            del self.health[node]

    def judge(self) -> str:
        """The state that the present health means."""
        return state_of(self.ready, len(self.health) - self.ready)
