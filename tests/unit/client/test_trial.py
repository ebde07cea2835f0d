"""A change tried in a copy of the cluster, and what is said about it."""

import pytest
from test_time_machine import WEB, digest, scaled, world

from kubesim.objects.wire import Request
from kubetui.client.past.trial import Trial
from kubetui.client.port import Attempt
from kubetui.model import effects


async def test_more_replicas_fit_until_no_node_takes_more():
    client = world(replicas=2)
    await client.time.advance(20_000)
    before, trial = digest(client), Trial(client, WEB)
    few = await trial.attempt(scaled(6))
    assert sum(few.placed.values()) == 4
    assert (few.gone, few.pending) == ({}, {})
    many = await trial.attempt(scaled(500))
    assert sum(many.placed.values()) + sum(many.pending.values()) == 498
    assert "Pending: " in effects.words(many)
    less = await trial.attempt(scaled(0))
    assert sum(less.gone.values()) == 2
    assert digest(client) == before


async def test_what_the_server_refuses_is_said():
    client = world()
    found = await Trial(client, WEB).attempt(Request("patch", WEB, body={"spec": {"replicas": -1}},
                                                     content_type="application/merge-patch+json"))  # fmt: skip
    assert "must be greater than or equal to 0" in effects.words(found)


@pytest.mark.parametrize(
    ("attempt", "expected"),
    [
        (Attempt(placed={"wk-1": 1}), "1 fits (wk-1 1)"),
        (Attempt(placed={"a": 1, "b": 3}, pending={"0/2 nodes are available: 2 Insufficient cpu. preemption: x": 6}),
         "4 fit (b 3, a 1), 6 Pending: 2 Insufficient cpu"),
        (Attempt(gone={"wk-1": 2, "wk-2": 1}), "3 go (wk-1 2, wk-2 1)"),
        (Attempt(placed=dict.fromkeys("abcdef", 1)), "6 fit (a 1, b 1, c 1, d 1 and 2 nodes more)"),
        (Attempt(), "nothing changes"),
        (Attempt("no"), "no"),
    ],
)  # fmt: skip
def test_the_words(attempt, expected):
    assert effects.words(attempt) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. no new claims to "
            "deallocate, preemption: 0/3",
            "1 untolerated taint(s), 2 Insufficient cpu",
        ),
        ("something else", "something else"),
    ],
)
def test_the_scheduler_in_short(message, expected):
    assert effects.short(message) == expected
