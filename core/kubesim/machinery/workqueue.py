"""A key queue as client-go's: keys are deduplicated, and retried with exponential back-off, in virtual time."""

from collections import deque
from collections.abc import Hashable

RETRY_BASE_MS = 5
RETRY_MAX_MS = 1_000_000


class WorkQueue:
    """Keys in order of arrival, each at most once, each with the revision that first asked for it."""

    def __init__(self) -> None:
        self._order: deque[Hashable] = deque()
        self._causes: dict[Hashable, int] = {}
        self._failures: dict[Hashable, int] = {}

    def add(self, key: Hashable, cause: int = 0) -> bool:
        """Add a key; False when it is queued already (a later cause replaces the passing of time)."""
        known = self._causes.get(key)
        if known is not None:
            if not known:
                self._causes[key] = cause
            return False
        self._causes[key] = cause
        self._order.append(key)
        return True

    def pop(self) -> tuple[Hashable, int]:
        """The oldest key and its cause."""
        key = self._order.popleft()
        return key, self._causes.pop(key)

    def peek(self) -> Hashable | None:
        """The key that ``pop`` would return."""
        return self._order[0] if self._order else None

    def failed(self, key: Hashable) -> int:
        """Note a failure; returns how many milliseconds to wait before the next try."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        return int(min(RETRY_BASE_MS * 2 ** min(failures, 20), RETRY_MAX_MS))

    def forget(self, key: Hashable) -> None:
        """Forget the failures of a key."""
        self._failures.pop(key, None)

    def failures(self, key: Hashable) -> int:
        """How often in a row the key has failed."""
        return self._failures.get(key, 0)

    def waiting(self) -> list[tuple[Hashable, int]]:
        """All keys in their order, each with its cause."""
        return [(key, self._causes[key]) for key in self._order]

    def failing(self) -> list[tuple[Hashable, int]]:
        """The keys that failed when they were tried last, and how often in a row."""
        return list(self._failures.items())

    def __len__(self) -> int:
        return len(self._order)
