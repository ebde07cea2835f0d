"""What was decided lately: short records of bound pods, full ones of pods that could not be scheduled."""

from kubesim.scheduler.decision import Bound, Decision
from kubesim.scheduler.diagnosis import Diagnosis

KEEP_BOUND = 20_000
KEEP_FAILED = 2_000
KEEP_DIAGNOSES = 64

Place = tuple[str, str]


class Failed:
    """A pod that could not be scheduled, with the names of the nodes that the diagnosis speaks of."""

    __slots__ = ("decision", "diagnosis", "names")

    def __init__(self, decision: Decision, diagnosis: Diagnosis | None, names: dict[int, str]) -> None:
        self.decision = decision
        self.diagnosis = diagnosis
        self.names = names


class History:
    """The latest decision about each pod, by namespace and name; the oldest are forgotten."""

    def __init__(self) -> None:
        self._bound: dict[Place, Bound] = {}
        self._failed: dict[Place, Failed] = {}
        self._detailed: list[Diagnosis] = []

    def bound(self, place: Place, record: Bound) -> None:
        """A pod was bound."""
        if self._failed:
            self._failed.pop(place, None)
        self._bound.pop(place, None)
        if len(self._bound) >= KEEP_BOUND:
            del self._bound[next(iter(self._bound))]
        self._bound[place] = record

    def failed(self, place: Place, failed: Failed) -> None:
        """A pod could not be scheduled."""
        self._bound.pop(place, None)
        self._failed.pop(place, None)
        if len(self._failed) >= KEEP_FAILED:
            del self._failed[next(iter(self._failed))]
        self._failed[place] = failed
        if failed.diagnosis is not None and not any(d is failed.diagnosis for d in self._detailed[-4:]):
            self._detailed.append(failed.diagnosis)
            if len(self._detailed) > KEEP_DIAGNOSES:
                self._thin(self._detailed.pop(0))

    def _thin(self, oldest: Diagnosis) -> None:
        # The tables of all nodes are large; only those of the latest failures are kept.
        for failed in self._failed.values():
            if failed.diagnosis is oldest:
                failed.diagnosis = None

    def find_bound(self, place: Place) -> Bound | None:
        """The record of a bound pod."""
        return self._bound.get(place)

    def find_failed(self, place: Place) -> Failed | None:
        """The record of a pod that could not be scheduled."""
        return self._failed.get(place)
