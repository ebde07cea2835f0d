"""``expr`` and long loops that ask name servers: what they print, and how they go on when a name appears."""

import pytest

from kubesim.kubelet.profile import Profile
from kubesim.kubelet.simruntime import program, sh, shell, timeline
from kubesim.kubelet.simruntime.machine import Surroundings
from kubesim.kubelet.simruntime.program import Asked
from kubesim.objects.connections import NOERROR, NXDOMAIN, Answer, Lookup, Record


@pytest.mark.parametrize(
    ("line", "text", "code"),
    [
        ("expr 7 % 2", "1\n", 0),
        ("expr 4 % 2", "0\n", 1),
        ("expr 2 + 3 '*' 4", "14\n", 0),
        ("expr '(' 2 + 3 ')' '*' 4", "20\n", 0),
        ("expr -7 / 2", "-3\n", 0),
        ("expr 10 '<' 9", "0\n", 1),
        ("expr abc = abc", "1\n", 0),
        ("expr '' '|' other", "other\n", 0),
        ("expr length four", "4\n", 0),
        ("expr 1 / 0", "expr: division by zero\n", 2),
        ("expr a + 1", "expr: non-numeric argument\n", 2),
        ("expr 1 2", "expr: syntax error\n", 2),
    ],
)
def test_expr(line: str, text: str, code: int):
    found = sh.interpret(shell.literal(["sh", "-c", line]), Surroundings({}, {}))
    assert ("".join(event.text for event in found.events), found.code) == (text, code)


class Names:
    """Name servers that know what is put into ``known``."""

    def __init__(self, *known):
        self.known = set(known)

    def answers(self, host, port):
        return host in self.known

    def lookup(self, name, kind="A", *, search=True):
        found = Answer(NOERROR, (Record(f"{name}.", kind, "10.0.0.1"),)) if name in self.known else Answer(NXDOMAIN)
        return Lookup("10.96.0.10", ((name, found),))


LINE = (
    "for i in `seq 1 600`; do "
    'test -n "$(dig +short one)" && echo OK > /results/a; test -n "$(dig +short two)" && echo OK > /results/b; '
    "sleep 1; done"
)


def test_a_long_loop_is_told_by_its_first_rounds():
    found = sh.interpret(shell.literal(["sh", "-c", LINE]), Surroundings({}, {}, "web", Names("one")))
    assert (found.end_ms, found.waits_for) == (600_000, ("two",))
    assert len(found.events) < 10
    assert timeline.files_at(found, 300_000, {}) == {"/results/a": "OK\n"}


def test_a_long_loop_finds_a_name_that_appears():
    names = Names()
    built = program.build(Profile("p"), Asked(("sh", "-c"), (LINE,)), Surroundings({}, {}, "web", names))
    assert program.resumed(built, 5_000) is None
    names.known.add("two")
    later = program.resumed(built, 20_000)
    assert later is not None
    assert (later.ends_ms, later.timeline.waits_for) == (600_000, ("one",))
    assert timeline.files_at(later.timeline, 19_000, {}) == {}
    assert timeline.files_at(later.timeline, 25_000, {}) == {"/results/b": "OK\n"}


def test_a_short_loop_runs_to_its_end():
    line = LINE.replace("600", "3") + "; echo over"
    found = sh.interpret(shell.literal(["sh", "-c", line]), Surroundings({}, {}, "web", Names("one")))
    assert (found.end_ms, found.events[-1].text, found.loop) == (3_000, "over\n", None)
