"""Tries a change of a release in a fork of the cluster: it is really carried out there, and time really passes."""

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Final, Protocol, cast

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.template.errors import TemplateError
from kubesim.objects import tree as trees
from kubesim.objects.wire import DEPLOYMENTS, Tree
from kubetui.client.port import ClusterClient
from kubetui.model.helm import readiness
from kubetui.model.helm.driver import carry_out
from kubetui.model.helm.forecast import WATCHED, Outcome, Story
from kubetui.model.helm.members import Member, members_of
from kubetui.model.helm.plans import Plan
from kubetui.model.helm.setting import setting_of
from kubetui.model.helm.watches import Watches

if TYPE_CHECKING:
    from kubesim.helm.release.record import Record

STEP: Final = 1_000
"""Virtual milliseconds between two looks."""
LONG_STEP: Final = 10_000
QUIET: Final = 30_000
"""For how long all must be well before it counts: a container may be ready for a moment and then crash."""
HORIZON: Final = 600_000
LONGEST: Final = 3_600_000

ROLLS_OUT: Final = "ROLLS OUT"
STALLS: Final = "STALLS"
FAILS: Final = "FAILS"


class Rehearsing(Protocol):
    """A client whose cluster can be copied."""

    def rehearse(self) -> ClusterClient:
        """A client of an independent copy of the cluster; its time moves only when it is told to."""


def can_rehearse(client: ClusterClient) -> bool:
    """Whether a cluster can be copied: a simulated one can."""
    return hasattr(client, "rehearse")


class Rehearsal:
    """One try. The story and ``simulated`` grow while it runs; ``outcome`` is there at the end."""

    def __init__(self, client: ClusterClient, plan: Plan) -> None:
        started = perf_counter()
        self.outcome: Outcome | None = None
        self.wall = 0.0
        """Seconds that the try has taken so far."""
        self._plan = plan
        self._client = cast("Rehearsing", client).rehearse()
        self._start = self._client.now()
        self._members = self._all_members()
        namespaces = list(dict.fromkeys([plan.after.namespace, *(m.key.namespace for m in self._members)]))
        served = [resource.gvr for resource in self._client.resources()]
        places = [(gvr, space) for space in namespaces if space for gvr in WATCHED if gvr in served]
        self._watches = Watches(self._client, places)
        self.story = Story(self._members, self._start)
        self.story.begin(self._watches.poll())
        self._report: Callable[[], None] = _silent
        self._well_since: int | None = None
        self._record: Record | None = None
        self.wall = perf_counter() - started

    def _all_members(self) -> list[Member]:
        found = members_of(self._client, self._plan.after)
        if self._plan.before is not None:
            found += [member for member in members_of(self._client, self._plan.before) if member not in found]
        return found

    @property
    def simulated(self) -> int:
        """Virtual milliseconds that have passed in the copy."""
        return self._client.now() - self._start

    async def run(self, report: Callable[[], None]) -> Outcome:
        """Carry the change out in the copy and watch until all is well or time is up; ``report`` after each look."""
        self._report = report
        intent, after = self._plan.intent, self._plan.after
        setting = setting_of(self._client, intent.name, intent.namespace, after.version, intent.chart)
        try:
            self._record = await carry_out(intent.flow(setting), self._client, self._pass_time)
        except TemplateError as error:
            self._look()
            return self._end(FAILS, [str(error)])
        self._look()
        horizon = self._horizon()
        while self.simulated < horizon:
            await self._pass_time(STEP if self.simulated < 60_000 else LONG_STEP)
            if self._well_since is not None and self._client.now() - self._well_since >= QUIET:
                return self._end(ROLLS_OUT, [], self._well_since - self._start)
        return self._end(STALLS, self._reasons())

    async def _pass_time(self, milliseconds: int) -> None:
        time = self._client.time
        if time is None:
            raise ChartError("only a simulated cluster can be tried in")
        started = perf_counter()
        await time.advance(milliseconds)
        self._look()
        self.wall += perf_counter() - started
        self._report()

    def _look(self) -> None:
        happened = self._watches.poll()
        for happening in happened:
            self.story.take(happening)
        if self._record is None or (not happened and self._well_since is not None):
            return
        if self.story.resting and all(state.word == readiness.READY for _, state in self._states()):
            if self._well_since is None:
                self._well_since = max((h.at for h in happened), default=self._client.now())
        else:
            self._well_since = None

    def _wanted(self) -> list[tuple[Member, Tree | None]]:
        """The members that there shall be after the change, as they are now."""
        wanted = members_of(self._client, self._record or self._plan.after)
        kinds = {(member.key.gvr, member.key.namespace): None for member in wanted}
        known = {
            (gvr, namespace, str(tree["metadata"].get("name"))): tree
            for gvr, namespace in kinds
            for tree in self._client.objects(gvr, namespace)
        }
        return [(member, known.get((member.key.gvr, member.key.namespace, member.key.name))) for member in wanted]

    def _states(self) -> list[tuple[Member, readiness.State]]:
        return [
            (member, readiness.state_of(obj, self.story.pods_of(obj) if obj is not None else ()))
            for member, obj in self._wanted()
        ]

    def _horizon(self) -> int:
        deadlines = [
            int(trees.get(obj, "spec.progressDeadlineSeconds", 0) or 0) * 1000
            for member, obj in self._wanted()
            if obj is not None and member.key.gvr == DEPLOYMENTS
        ]
        return min(max([HORIZON, *deadlines]) + 2 * LONG_STEP, LONGEST)

    def _reasons(self) -> list[str]:
        bad = [(member, state) for member, state in self._states() if state.word != readiness.READY]
        return [f"{member.kind}/{member.key.name} {state.word}: {state.reason}" for member, state in bad]

    def _end(self, word: str, reasons: list[str], took: int | None = None) -> Outcome:
        self._watches.close()
        self.outcome = self.story.outcome(word, self.simulated if took is None else took, reasons, self._client.now())
        return self.outcome


def _silent() -> None:
    """Nobody looks."""
