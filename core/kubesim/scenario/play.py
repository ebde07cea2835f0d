"""Plays a scenario: carries its steps out as Requests, lets time pass, and notes how each step went."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from kubesim.cluster import Cluster
from kubesim.objects.wire import Key
from kubesim.scenario import expectations
from kubesim.scenario.acting import Acts, FailedError
from kubesim.scenario.documents import ManifestError
from kubesim.scenario.expectations import Expectation
from kubesim.scenario.script import Script, Step

LOOK_MS = 250
"""How much time passes between two looks at an expectation."""


class Result(NamedTuple):
    """How a step went; ``problem`` is "" when it went well. Times in milliseconds since the cluster was born."""

    step: Step
    began: int
    ended: int
    problem: str = ""


class Player:
    """Plays one scenario in one cluster."""

    def __init__(self, cluster: Cluster, script: Script) -> None:
        self.cluster = cluster
        self._script = script
        self._start = int(cluster.store.revision)
        acts = Acts(cluster, script)
        self._acts: dict[str, Callable[[Step], None]] = {
            "wait": self._wait,
            "apply": acts.apply,
            "delete": _Each(acts, acts.delete),
            "patch": acts.patch,
            "scale": acts.scale,
            "image": acts.image,
            "restart": _Each(acts, acts.restart),
            "cordon": _Each(acts, acts.cordon),
            "uncordon": _Each(acts, acts.uncordon),
            "drain": _Each(acts, acts.drain),
            "evict": _Each(acts, acts.evict),
            "crash": _Each(acts, acts.crash),
            "fault": acts.fault,
            "mend": acts.mend,
            "load": acts.load,
            "expect": self._expect,
        }

    def check(self) -> None:
        """Read what can be read before anything happens. Raises ManifestError."""
        for step in self._script.steps:
            for text in step.value if step.verb == "expect" else ():
                self._expectation(step, text)

    def play(self) -> Iterator[Result]:
        """Play step after step; the last result is the first that failed, or the end."""
        loop = self.cluster.loop
        for step in self._script.steps:
            began, problem = loop.now - loop.epoch, ""
            try:
                self._acts[step.verb](step)
            except (FailedError, ManifestError) as error:
                problem = str(error)
            yield Result(step, began, loop.now - loop.epoch, problem)
            if problem:
                return

    def _wait(self, step: Step) -> None:
        self.cluster.advance(step.value)

    def _expectation(self, step: Step, text: str) -> Expectation:
        try:
            return expectations.parse(text, self.cluster)
        except ValueError as error:
            msg = f"{step.where}.expect: {error}"
            raise ManifestError(msg) from error

    def _expect(self, step: Step) -> None:
        wanted = [self._expectation(step, text) for text in step.value]
        loop = self.cluster.loop
        end = loop.now + (step.within or step.throughout)
        while True:
            wrong = next(
                (
                    f"{each.text}: {why}"
                    for each in wanted
                    if (why := expectations.check(each, self.cluster, self._start))
                ),
                "",
            )
            if not wrong and not step.throughout:
                return
            if wrong and (step.throughout or loop.now >= end):
                raise FailedError(wrong)
            if loop.now >= end:
                return
            self.cluster.advance(min(LOOK_MS, end - loop.now))


class _Each:
    """Does something to every object of a step."""

    def __init__(self, acts: Acts, act: Callable[[Key], None]) -> None:
        self._acts = acts
        self._act = act

    def __call__(self, step: Step) -> None:
        """Do it."""
        for text in step.value:
            self._act(self._acts.key(text))
