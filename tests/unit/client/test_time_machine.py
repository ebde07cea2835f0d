"""The time machine of a cluster in this process: snapshots, replays, bookmarks, another future."""

import asyncio
from itertools import pairwise

import pytest

from building import create
from kubesim.cluster import Cluster
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import DEPLOYMENTS, MERGE_PATCH, PODS, Key, Request
from kubetui.client.local import LocalClient
from kubetui.client.past.playback import Spot
from kubetui.client.past.snapshots import Album, Snapshot

WEB = Key(DEPLOYMENTS, "default", "web")


def world(replicas=3):
    cluster = Cluster()
    for name in ("wk-1", "wk-2"):
        cluster.add_node(NodeSpec(name))
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx:1.29"}]}}
    create(cluster, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
                     "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
                              "template": template}})  # fmt: skip
    return LocalClient(cluster)


async def begun(client):
    client.past.begin()
    while not client.past.kept.album.all:
        await asyncio.sleep(0.005)
    return client


def scaled(replicas):
    return Request("patch", WEB, body={"spec": {"replicas": replicas}}, content_type=MERGE_PATCH)


def actions(client):
    return [came.at for _, came in client.past.kept.inputs() if came.request is not None]


def pods(client):
    return len(client.objects(PODS, "default"))


def digest(client):
    return client.cluster.digest()


@pytest.fixture
async def client():
    found = await begun(world())
    yield found
    await found.close()


async def test_a_step_back_undoes_a_step_exactly(client):
    await client.time.advance(5_000)
    before, steps = digest(client), client.cluster.loop.steps
    await client.time.step(1)
    after = digest(client)
    assert await client.past.back(1)
    assert client.past.away
    assert client.cluster.loop.steps == steps
    await client.time.step(1)
    assert digest(client) == after
    assert not client.past.away, "playing to the end of the past is the present"
    assert before != after


async def test_going_back_over_actions_plays_them_again(client):
    await client.time.advance(20_000)
    assert (await client.send(scaled(5))).code == 200
    await client.time.advance(20_000)
    await client.send(scaled(1))
    await client.time.advance(20_000)
    present, now = digest(client), client.now()
    start, one = client.time.epoch, actions(client)
    assert [at - start for at in one] == [20_000, 40_000]
    await client.past.to_time(start + 39_000)
    assert (pods(client), client.now()) == (5, start + 39_000)
    await client.past.to_action(one[0])
    deployment = client.cluster.store.get(*WEB)
    assert deployment["spec"]["replicas"] == 5
    assert pods(client) == 3, "just after the action nobody has reacted"
    await client.past.to_time(start + 10_000)
    assert pods(client) == 3
    client.past.to_present()
    assert (digest(client), client.now()) == (present, now)
    await client.past.to_time(start + 1)
    await client.time.advance(100_000)
    assert not client.past.away
    assert digest(client) == present


async def test_the_past_plays_to_the_same_present_from_any_moment(client):
    for replicas in (4, 2, 6):
        await client.send(scaled(replicas))
        await client.time.step(7)
    present = digest(client)
    for steps in (1, 5, 12, 20):
        assert await client.past.back(steps)
        playback = client.past._playback
        assert playback.to_spot(client.past.kept.here(client.past.live), lambda: False)
        assert (client.cluster.digest(), playback.astray) == (present, False)
        client.past.to_present()


async def test_the_past_is_read_only(client):
    await client.time.advance(5_000)
    await client.past.back(2)
    answer = await client.send(scaled(9))
    assert answer.code == 403
    assert "past" in answer.body["message"]
    assert client.past.door().api.handle(scaled(9)).code == 403
    assert (await client.send(Request("get", WEB))).code == 200


async def test_another_future_from_there(client):
    await client.time.advance(30_000)
    client.past.mark("calm")
    await client.send(scaled(8))
    await client.time.advance(30_000)
    client.past.mark("busy")
    assert pods(client) == 8
    await client.past.to_mark("calm")
    client.past.resume_here()
    assert not client.past.away
    assert [mark.name for mark in client.past.bookmarks] == ["calm"]
    assert actions(client) == []
    await client.send(scaled(2))
    await client.time.advance(30_000)
    assert pods(client) == 2
    await client.past.to_mark("calm")
    assert pods(client) == 3


async def test_bookmarks_name_themselves_and_are_replaced(client):
    assert client.past.mark("").name == "B1"
    await client.time.advance(1_000)
    assert client.past.mark("").name == "B2"
    again = client.past.mark("B1")
    assert [mark.name for mark in client.past.bookmarks] == ["B2", "B1"] or again.at == client.now()
    with pytest.raises(KeyError):
        await client.past.to_mark("nowhere")


async def test_watches_and_tables_follow_to_another_time(client):
    rows = client.rows(PODS, "default")
    watch = client.watch(Request("watch", Key(PODS, "default"), query={"watch": "true"}))
    await client.time.advance(20_000)
    assert len([event for event in rows.poll() if event.type == "ADDED"]) == 3
    watch.poll()
    await client.send(scaled(5))
    await client.time.advance(20_000)
    rows.poll(), watch.poll()
    await client.past.to_time(client.time.epoch + 15_000)
    events = rows.poll()
    assert [event.type for event in events] == ["RESET", "ADDED", "ADDED", "ADDED"]
    assert len(watch.poll()) == 3


async def test_what_is_sought_can_be_cancelled(client):
    await client.time.advance(60_000)
    here = digest(client)
    client.past.seeker.clock = iter(range(10**9)).__next__
    seeking = asyncio.create_task(client.past.back(1))
    while not client.past.seeking:
        await asyncio.sleep(0)
    assert client.past.cancel()
    assert await seeking is False
    assert not client.past.away
    assert digest(client) == here


async def test_something_that_no_record_holds_is_noticed(client):
    await client.time.advance(5_000)
    client.cluster.api.handle(scaled(5))
    await client.time.advance(5_000)
    await client.send(scaled(4))
    await client.time.advance(5_000)
    await client.past.to_time(client.time.epoch + 14_000)
    assert client.past.problem


def photo(ran, size=10):
    return Snapshot(Spot(ran, ran, 0, ran), bytes(size))


def test_snapshots_get_thinner_with_age():
    album = Album(most=10)
    for ran in range(0, 100_000, 100):
        album.add(photo(ran))
    rans = [each.spot.ran for each in album.all]
    assert len(rans) == 10
    assert (rans[0], rans[-1]) == (0, 99_900)
    gaps = [second - first for first, second in pairwise(rans)]
    assert gaps[-1] < gaps[0] / 4


def test_snapshots_stay_within_their_bytes():
    album = Album(most=1000, budget=100)
    for ran in range(50):
        album.add(photo(ran))
    assert album.size <= 100
    assert album.all[0].spot.ran == 0


def test_a_snapshot_is_taken_only_when_it_is_worth_one(monkeypatch):
    now = [0.0]

    async def run():
        client = world()
        client.past.kept.clock = lambda: now[0]
        await begun(client)
        for second in range(1, 40):
            now[0] = second / 4
            await client.time.advance(10_000)
            while client.past.kept.photographer.busy:
                await asyncio.sleep(0.002)
        taken = [each.spot for each in client.past.kept.album.all]
        await client.close()
        return taken

    spots = asyncio.run(run())
    assert 2 <= len(spots) <= 12
    assert all(later.ran - former.ran >= 400 for former, later in pairwise(spots))
