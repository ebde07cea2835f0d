"""Watches of one kind share their bytes, and each is still told of everything once and in order."""

import orjson
import pytest

from building import create
from kubesim.cluster import Cluster
from kubesim.httpd.encoding import Encoder
from kubesim.httpd.streams.fan import BATCH, PIECE, Fan
from kubesim.objects.wire import CONFIGMAPS, Key, Request


def config_map(number: int, size: int = 1) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}"}, "data": {"a": "x" * size}}


class Followers:
    def __init__(self, cluster: Cluster, count: int, **query: str) -> None:
        self.cluster = cluster
        self.fan = Fan(Encoder())
        request = Request(
            "watch", Key(CONFIGMAPS, "default"), query={"resourceVersion": str(cluster.store.revision), **query}
        )
        self.cursors = [cluster.watch(request) for _ in range(count)]
        self.told: list[list[dict]] = [[] for _ in self.cursors]

    def poll(self, *chosen: int) -> list[tuple[bytes, ...]]:
        found = []
        for number in chosen:
            batch = self.fan.batch(self.cursors[number], self.cluster.store.revision)
            self.told[number] += [orjson.loads(line) for line in b"".join(batch.pieces).splitlines()]
            found.append(batch.pieces)
        return found

    def names(self, number: int) -> list[str]:
        return [event["object"]["metadata"]["name"] for event in self.told[number]]


def test_watches_that_stand_together_share_the_very_bytes(cluster: Cluster):
    followers = Followers(cluster, 3)
    create(cluster, config_map(1))
    create(cluster, config_map(2))
    first, second, third = followers.poll(0, 1, 2)
    assert first[0] is second[0] is third[0]
    assert followers.names(2) == ["c1", "c2"]
    assert followers.poll(0, 1, 2) == [(), (), ()]


def test_a_watch_that_lags_is_told_of_everything_once(cluster: Cluster):
    followers = Followers(cluster, 3)
    for number in range(6):
        create(cluster, config_map(number))
        followers.poll(*([0, 1], [0], [1, 0], [0], [0, 2], [0])[number])
    followers.poll(0, 1, 2)
    followers.poll(0, 1, 2)
    assert followers.names(0) == followers.names(1) == followers.names(2) == [f"c{number}" for number in range(6)]


def test_bookmarks_stay_with_the_watch_they_are_due_to(cluster: Cluster):
    followers = Followers(cluster, 2, allowWatchBookmarks="true")
    followers.cursors[1]._next_bookmark += 3_600_000
    cluster.advance(61_000)
    followers.poll(0, 1, 0, 1)
    assert [event["type"] for event in followers.told[0]] == ["BOOKMARK"]
    assert followers.told[1] == []


@pytest.mark.parametrize(
    "query",
    [{"labelSelector": "a=b"}, {"fieldSelector": "metadata.name=c1"}],
    ids=["labels", "fields"],
)
def test_a_watch_with_a_choice_of_its_own_shares_nothing(cluster: Cluster, query: dict[str, str]):
    followers = Followers(cluster, 1, **query)
    everyone = Followers(cluster, 1)
    everyone.fan = followers.fan
    create(cluster, config_map(1))
    create(cluster, config_map(2))
    everyone.poll(0)
    followers.poll(0)
    assert everyone.names(0) == ["c1", "c2"]
    assert followers.names(0) == (["c1"] if "fieldSelector" in query else [])


def test_every_watch_learns_that_it_is_too_late(cluster: Cluster):
    followers = Followers(cluster, 2)
    create(cluster, config_map(1))
    create(cluster, config_map(2))
    cluster.store.compact(cluster.store.revision)
    followers.poll(0, 1)
    assert [[event["object"]["code"] for event in told] for told in followers.told] == [[410], [410]]
    assert all(cursor.closed for cursor in followers.cursors)


def test_much_comes_in_pieces(cluster: Cluster):
    followers = Followers(cluster, 1)
    for number in range(5):
        create(cluster, config_map(number, size=PIECE // 2))
    (pieces,) = followers.poll(0)
    assert len(pieces) == 3
    assert all(piece.endswith(b"\n") for piece in pieces)
    for number in range(BATCH + 5):
        create(cluster, config_map(100 + number))
    assert followers.fan.batch(followers.cursors[0], cluster.store.revision).full
    assert not followers.fan.batch(followers.cursors[0], cluster.store.revision).full
