"""The what-if fork: two futures of one cluster, compared, kept or dropped."""

import pytest
from test_time_machine import actions, begun, digest, pods, scaled, world

from kubesim.objects.wire import MERGE_PATCH, NODES, Key, Request
from kubetui.model import whatif


@pytest.fixture
async def client():
    found = await begun(world())
    await found.time.advance(20_000)
    yield found
    await found.close()


def quiet(part):
    assert 0 <= part <= 1


async def test_a_fork_leaves_the_present_alone(client):
    branches, before = client.past.branches, digest(client)
    await branches.begin()
    await client.send(scaled(6))
    await client.time.advance(20_000)
    assert pods(client) == 6
    branches.drop()
    assert digest(client) == before
    assert pods(client) == 3
    assert actions(client) == []


async def test_a_fork_that_is_kept_is_the_present_with_its_past(client):
    branches = client.past.branches
    await branches.begin()
    await client.send(scaled(6))
    await client.time.advance(20_000)
    kept = digest(client)
    client.past.keep_branch()
    assert (branches.active, digest(client), pods(client)) == (False, kept, 6)
    await client.past.to_time(client.time.epoch + 19_000)
    assert pods(client) == 3
    await client.time.advance(60_000)
    assert (client.past.away, digest(client)) == (False, kept)


async def test_both_futures_are_run_from_the_fork(client):
    branches = client.past.branches
    await branches.begin()
    await client.time.advance(3_000)
    await client.send(scaled(0))
    await client.send(Request("patch", Key(NODES, "", "wk-1"), body={"spec": {"unschedulable": True}},
                              content_type=MERGE_PATCH))  # fmt: skip
    await client.send(scaled(300))
    await client.time.advance(1_000)
    shown = digest(client)
    first, second = await branches.compare(60_000, quiet)
    assert (first.end.ready, first.end.pods, first.end.pending) == (3, 3, {})
    assert second.end.pods == 300
    assert second.most_pending >= len(second.end.pending) > 100
    assert second.warnings.get("FailedScheduling", 0) > 0
    assert any("Insufficient" in words or "Too many pods" in words for words in whatif.reasons(second.end.pending))
    assert digest(client) == shown, "comparing changes nothing"
    table = {row.title.strip(): row for row in whatif.rows(first, second)}
    assert table["unschedulable"].better == -1
    assert table["pods ready"].better == 1
    assert table["nodes ready"].better == 0


async def test_comparing_can_be_stopped(client):
    await client.past.branches.begin()

    def stop(part):
        client.past.branches.cancel()

    assert await client.past.branches.compare(600_000, stop) is None


async def test_a_fork_of_the_past(client):
    await client.send(scaled(5))
    await client.time.advance(20_000)
    await client.past.to_time(client.time.epoch + 10_000)
    await client.past.branches.begin()
    assert (await client.send(scaled(1))).code == 200
    await client.time.advance(10_000)
    assert pods(client) == 1
    client.past.branches.drop()
    assert client.past.away
    await client.past.branches.begin()
    await client.send(scaled(2))
    await client.time.advance(10_000)
    client.past.keep_branch()
    assert (client.past.away, pods(client)) == (False, 2)


@pytest.mark.parametrize(("ms", "text"), [(0, "0"), (4_500, "4.5s"), (200_000, "3m20s")])
def test_spans_are_short(ms, text):
    assert whatif.seconds(ms) == text
