"""The Why chain as lines."""

import pytest

from kubesim.objects.wire import PODS, Gvr
from kubetui.client.port import Decision, Explanation, JournalEntry, Statement, Verdict
from kubetui.model import why

DAY = 86_400_000


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        (872_119, "14:32.119"),
        (0, "00:00.000"),
        (7_390_000, "2:03:10.000"),
        (3 * DAY + 3_600_000, "3d 01:00:00.000"),
    ],
    ids=["minutes", "birth", "hours", "days"],
)
def test_times_count_from_the_birth_of_the_cluster(at, wanted):
    assert why.clock(1000 + at, 1000) == wanted


def entry(revision, actor, note="", verb="update", subresource=""):
    return JournalEntry(revision, 0, actor, verb, PODS, "shop", "web-1", subresource, 0, note)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("replicaset-controller", "replicaset"),
        ("default-scheduler", "scheduler"),
        ("kubetui", "YOU"),
        ("kubelet", "kubelet"),
        ("", "?"),
    ],
)
def test_actors(name, wanted):
    assert why.actor(entry(1, name)) == wanted


def test_writes_in_words():
    assert why.told(entry(1, "x", "scale 2→3")) == "scale 2→3"
    assert why.told(entry(1, "x", subresource="status")) == "status of pod/web-1"


VERDICTS = (
    Verdict("wk-1", "NodeResourcesFit", "Insufficient cpu"),
    Verdict("cp-1", "TaintToleration", "untolerated taint {node-role.kubernetes.io/control-plane: }"),
)
CHAIN = (entry(12, "default-scheduler", "FailedScheduling"), entry(9, "kubetui", "scale deployment.apps/web 2→3"))


def test_the_whole_story():
    decision = Decision(5000, "", "0/2 nodes are available", VERDICTS, "nobody to preempt")
    facts = (Statement("observed", "cpu 500m asked"), Statement("inferred", "wk-2 had room"))
    lines = why.lines(Explanation("pod Pending", facts, decision, CHAIN), epoch=0)
    texts = [line.text for line in lines]
    assert texts[0] == "SYMPTOM  pod Pending"
    assert texts[2] == "         wk-2 had room  (inferred)"
    assert texts[-1].startswith(" ◂ YOU       scale deployment.apps/web 2→3")
    assert [line.revision for line in lines[-2:]] == [12, 9]


def test_columns_stand_under_each_other():
    decision = Decision(
        0, "wk-2", "", (*VERDICTS, Verdict("wk-2", "", "", (("NodeResourcesBalancedAllocation", 92),), 180))
    )
    head, *rows = why.decision_table(decision)
    at = [head.text.index(title) for title in ("FILTER", "SCORE", "WHY")]
    assert rows[0].text.split() == ["wk-2", "chosen", "180", "Balanced", "92"]
    for row in rows:
        assert all(row.text[place - 1] == " " and row.text[place] != " " for place in at)


def test_spans_cover_their_words():
    line = why.lines(Explanation("bad", chain=CHAIN), 0)[-1]
    kinds = {line.text[span.start : span.end].strip(): span.kind for span in line.spans}
    assert kinds["YOU"] == "you"
    assert kinds["9"] == "number"


def test_revisions_are_right_under_their_title():
    lines = [line.text for line in why.lines(Explanation("x", chain=CHAIN), 0)][-3:]
    assert lines[0].index("rev") + 3 == len(lines[1]) == len(lines[2])


def test_a_chosen_node_is_named():
    decision = Decision(0, "wk-2", "", (Verdict("wk-2", "", "", (), 1),))
    assert "kube-scheduler at 00:00.000: wk-2" in why.lines(Explanation("ok", decision=decision), 0)[1].text


def test_other_resources():
    chain = (JournalEntry(1, 0, "x", "create", Gvr("", "v1", "nodes"), "", "wk-1", "", 0, ""),)
    assert "create node/wk-1" in why.lines(Explanation("x", chain=chain), 0)[-1].text


def test_long_texts_go_on_under_their_beginning():
    verdict = Verdict("wk-1", "NodeResourcesFit", "Insufficient cpu, Insufficient memory, Insufficient pods")
    lines = [
        line.text for line in why.lines(Explanation("one two " * 10, decision=Decision(0, "", "", (verdict,))), 0, 50)
    ]
    assert all(len(line) <= 50 for line in lines)
    assert lines[1].startswith("         one")
    assert lines[-1].strip() == "Insufficient pods"
    head = next(line for line in lines if line.startswith(" NODE"))
    assert lines[-1].index("Insufficient") == head.index("WHY")


def test_long_writes_are_cut_so_that_revisions_stay_in_sight():
    chain = (entry(12, "kubelet", "a very long note " * 5),)
    assert all(len(line.text) <= 50 for line in why.lines(Explanation("x", chain=chain), 0, 50))


def test_what_is_well_is_not_red():
    assert why.lines(Explanation("all is well"), 0)[0].spans[1].kind == "text"
    assert why.lines(Explanation("Pending", decision=Decision(0, "", "", ())), 0)[0].spans[1].kind == "symptom"
