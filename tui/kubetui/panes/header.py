"""The two lines at the top: which cluster, which namespaces, how full; and the clock, its speed, its history."""

from collections.abc import Sequence

from kubetui.client.port import ClusterClient, TimeControl
from kubetui.model import clock, timebar
from kubetui.model.events import EventsView
from kubetui.model.glyphs import Glyphs, plain
from kubetui.model.usage import Facts
from kubetui.panes.bars import Bar, Run, fitting, measure

NARROW = 100
"""Below this width there is one line instead of two."""


class Header(Bar):
    """Shows what holds for every pane."""

    COMPONENT_CLASSES = {  # noqa: RUF012 - as Textual declares it
        "header--badge", "header--badge-real", "header--label", "header--value", "header--key", "header--chosen",
        "header--paused", "header--running", "header--warning", "header--line", "header--action", "header--fault",
        "header--present",
        "header--mark", "header--past",
    }  # fmt: skip

    def __init__(self, client: ClusterClient, facts: Facts, story: EventsView, glyphs: Glyphs) -> None:
        super().__init__(id="header")
        self.namespaces: Sequence[str] = ()
        """The favourites, by digit; the first is always all ("")."""
        self.namespace = ""
        self.breaks: Sequence[object] = ()
        """The break points."""
        self._client = client
        self._facts = facts
        self._story = story
        self._glyphs = glyphs

    def lines(self, width: int) -> Sequence[Sequence[Run]]:
        """One or two lines."""
        if width < NARROW:
            return (self._short(width),)
        return (self._first(width), self._second(width))

    # ------------------------------------------------------------------ wide
    def _first(self, width: int) -> list[Run]:
        facts = self._facts
        groups: list[tuple[int, Sequence[Run]]] = [
            (0, [*self._badge(), *self._outages()]),
            (1, [(" ctx ", "header--label"), (self._client.name, "header--value")]),
            (2, self._favourites()),
            (4, [("   k8s ", "header--label"), (self._client.version, "header--value")]),
            (3, [("   nodes ", "header--label"), (str(len(facts.nodes)), "header--value")]),
            (3, [("  pods ", "header--label"), (str(facts.pod_count), "header--value")]),
            (3, [("   cpu-req ", "header--label"), self._percent(facts.cpu_fraction())]),
            (3, [("  mem-req ", "header--label"), self._percent(facts.memory_fraction())]),
        ]
        return fitting(groups, width)

    def _outages(self) -> list[Run]:
        """What of the control plane is down, by the short names that people use."""
        insight = self._client.insight
        down = [name.removeprefix("kube-") for name in insight.outages()] if insight is not None else []
        return [(f"  {' '.join(down)} down ", "header--fault")] if down else []

    def _badge(self) -> list[Run]:
        if self._client.simulated:
            return [(" ", ""), (" SIM ", "header--badge"), (" ", "")]
        return [(" ", ""), (" REAL ", "header--badge-real"), (" ", "")]

    def _favourites(self) -> list[Run]:
        runs: list[Run] = [("   ns ", "header--label")]
        for digit, name in enumerate(self.namespaces):
            chosen = name == self.namespace
            runs.append((f"<{digit}>", "header--key"))
            runs.append((f"{name or 'all'} ", "header--chosen" if chosen else "header--value"))
        if self.namespace not in self.namespaces:
            runs.append((self.namespace, "header--chosen"))
        return runs

    def _percent(self, fraction: float) -> Run:
        return (f"{fraction:.0%}", "header--warning" if fraction >= 0.9 else "header--value")

    def _second(self, width: int) -> list[Run]:
        time = self._client.time
        if time is None:
            return [(f" {clock.time_of_day(self._client.now())} UTC", "header--value")]
        left = [
            *self._state(time),
            *(() if time.past.away else (("  t ", "header--label"),)),
            *(() if time.past.away else ((clock.elapsed(time.now - time.epoch), "header--value"),)),
            ("  rev ", "header--label"),
            (str(time.revision), "header--value"),
            ("  ", ""),
        ]
        right = self._right(time)
        room = width - measure(left) - measure(right) - 1
        past = time.past
        marks = [(mark.name, mark.at) for mark in past.bookmarks]
        moments, shown = self._story.moments, time.now if past.away else None
        end = past.present if past.away else time.now
        bar = timebar.draw(min(room, 72), time.epoch, end, moments, self._glyphs, marks, shown)
        return [*left, *((text, f"header--{role}") for text, role in bar), *right]

    def _state(self, time: TimeControl) -> list[Run]:
        if time.past.seeking:
            return [(f" {self._glyphs.paused} SEEKING {time.past.seeker.part:4.0%} ", "header--past")]
        branches = time.past.branches
        if branches.active:
            sign = self._glyphs.paused if time.paused else self._glyphs.running
            grown = clock.short_elapsed(time.now - branches.started)
            return [(f" {sign} FORK +{grown} {clock.speed_text(time.speed)} ", "header--past")]
        if time.past.away:
            at = clock.elapsed(time.now - time.epoch)
            sign = self._glyphs.paused if time.paused else self._glyphs.running
            return [(f" {sign} PAST {at} ", "header--past")]
        if time.paused:
            runs = [(f" {self._glyphs.paused} PAUSED ", "header--paused")]
            # What it will run at is worth knowing when it is not the usual.
            return runs if time.speed == 1 else [*runs, (f" {clock.speed_text(time.speed)}", "header--label")]
        return [(f" {self._glyphs.running} {clock.speed_text(time.speed):<6}", "header--running")]

    def _right(self, time: TimeControl) -> list[Run]:
        if time.past.branches.active:
            return [("  I", "header--key"), (" compare, keep, drop", "header--label"), ("  ; . < >", "header--key")]
        if time.past.away:
            keys = (("  , .", " step"), ("  { }", " stops"), ("  Y", " go on from here"), ("  Esc", " present"))
            return [run for key, label in keys for run in ((key, "header--key"), (label, "header--label"))]
        if time.past.seeking:
            return [("  Esc", "header--key"), (" stops", "header--label")]
        depth = sum(queue.depth for queue in time.queues())
        runs: list[Run] = [("  queue ", "header--label"), (str(depth), "header--value")]
        if self.breaks:
            runs.extend([("  breaks ", "header--label"), (str(len(self.breaks)), "header--fault")])
        if time.paused:
            following = plain(time.next_step(), self._glyphs)
            if following:
                runs.extend([("  <.>", "header--key"), (" next: ", "header--label"), (following[:32], "header--value")])
        else:
            runs.extend([("  seed ", "header--label"), (str(time.seed), "header--value")])
            runs.append(("  ; . < >", "header--key"))
        return runs

    # ------------------------------------------------------------------ narrow
    def _short(self, width: int) -> list[Run]:
        facts, time = self._facts, self._client.time
        groups: list[tuple[int, Sequence[Run]]] = [
            (0, [*self._badge(), *self._outages()]),
            (5, [(self._client.name, "header--value")]),
            (2, [("  ns ", "header--label"), (self.namespace or "all", "header--chosen")]),
        ]
        if time is not None:
            now = "" if time.past.away else clock.short_elapsed(time.now - time.epoch)
            groups.append((1, [("  ", ""), *self._state(time), (f" {now}", "header--value")]))
            groups.append((4, [(" rev ", "header--label"), (str(time.revision), "header--value")]))
        groups.append((3, [(f"  n{len(facts.nodes)} p{facts.pod_count}", "header--value")]))
        groups.append((6, [(f"  cpu{facts.cpu_fraction():.0%} mem{facts.memory_fraction():.0%}", "header--value")]))
        return fitting(groups, width)
