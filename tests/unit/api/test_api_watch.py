from typing import Any

import pytest

from kubesim.api.watch import BOOKMARK_PERIOD_MS, Cursor
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import CONFIGMAPS, PARTIAL, PODS, SECRETS, TABLE, Key, Request
from unit.api.serving import Serving


@pytest.fixture
def serving() -> Serving:
    return Serving()


def put(serving: Serving, name: str, **labels: str) -> None:
    body = {"metadata": {"name": name, "labels": labels}}
    if serving.get(CONFIGMAPS, name) is None:
        serving.must("create", CONFIGMAPS, body=body)
    else:
        serving.must("update", CONFIGMAPS, name, body=body)


def watch(serving: Serving, name: str = "", accept: str = "", **query: str) -> Cursor:
    return serving.server.watch(Request("watch", Key(CONFIGMAPS, serving.space, name), query=query, accept=accept))


def told(cursor: Cursor, limit: int | None = None) -> list[tuple[str, Any]]:
    return [(event.type, event.object["metadata"].get("name")) for event in cursor.poll(limit)]


def test_a_watch_begins_with_what_there_is_and_follows(serving: Serving) -> None:
    put(serving, "a")
    cursor = watch(serving)
    assert told(cursor) == [("ADDED", "a")]
    assert told(cursor) == []
    put(serving, "b")
    put(serving, "a", x="1")
    serving.must("create", SECRETS, body={"metadata": {"name": "s"}})
    serving.must("delete", CONFIGMAPS, "b")
    assert told(cursor) == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]


def test_a_limit_loses_nothing(serving: Serving) -> None:
    for name in "abc":
        put(serving, name)
    cursor = watch(serving)
    put(serving, "d")
    assert [told(cursor, 2), told(cursor, 2), told(cursor, 2)] == [
        [("ADDED", "a"), ("ADDED", "b")],
        [("ADDED", "c"), ("ADDED", "d")],
        [],
    ]


def test_a_watch_from_a_revision_replays(serving: Serving) -> None:
    put(serving, "a")
    start = serving.store.revision
    put(serving, "b")
    events = watch(serving, resourceVersion=str(start)).poll()
    assert [(event.type, event.revision) for event in events] == [("ADDED", start + 1)]


def test_objects_enter_and_leave_a_selection(serving: Serving) -> None:
    start = str(serving.store.revision)
    put(serving, "a", x="1")
    put(serving, "a", x="2")
    put(serving, "a", x="1")
    serving.must("delete", CONFIGMAPS, "a")
    events = watch(serving, resourceVersion=start, labelSelector="x=1").poll()
    assert [event.type for event in events] == ["ADDED", "DELETED", "ADDED", "DELETED"]
    left = events[1].object
    assert left["metadata"]["labels"] == {"x": "1"}
    assert left["metadata"]["resourceVersion"] == str(events[1].revision)


def test_one_object_can_be_watched(serving: Serving) -> None:
    put(serving, "a")
    put(serving, "b")
    assert told(watch(serving, "b")) == [("ADDED", "b")]


def test_initial_events_end_with_a_bookmark(serving: Serving) -> None:
    put(serving, "a")
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    events = watch(serving, **query).poll()
    assert [event.type for event in events] == ["ADDED", "BOOKMARK"]
    assert events[1].object["metadata"] == {
        "resourceVersion": str(serving.store.revision),
        "annotations": {"k8s.io/initial-events-end": "true"},
    }


def test_bookmarks_come_once_a_minute(serving: Serving) -> None:
    cursor = watch(serving, allowWatchBookmarks="true")
    assert told(cursor) == []
    serving.must("create", SECRETS, body={"metadata": {"name": "s"}})
    serving.loop.run_until(serving.loop.now + BOOKMARK_PERIOD_MS)
    events = cursor.poll()
    assert [(event.type, event.revision) for event in events] == [("BOOKMARK", serving.store.revision)]
    assert cursor.poll() == []


def test_a_compacted_revision_ends_the_watch(serving: Serving) -> None:
    cursor = watch(serving, resourceVersion="2")
    put(serving, "a")
    serving.store.compact(serving.store.revision)
    events = cursor.poll()
    assert [event.type for event in events] == ["ERROR"]
    assert events[0].object["code"] == 410
    assert cursor.closed
    assert cursor.poll() == []


def test_a_revision_to_come_is_waited_for(serving: Serving) -> None:
    cursor = watch(serving, resourceVersion=str(serving.store.revision + 1))
    put(serving, "a")
    assert told(cursor) == []
    put(serving, "b")
    assert told(cursor) == [("ADDED", "b")]


def test_only_the_first_table_has_columns(serving: Serving) -> None:
    put(serving, "a")
    put(serving, "b")
    first, second = watch(serving, accept=TABLE).poll()
    assert first.object["columnDefinitions"][0]["name"] == "Name"
    assert second.object["columnDefinitions"] is None
    assert second.object["rows"][0]["cells"][0] == "b"


def test_metadata_alone(serving: Serving) -> None:
    put(serving, "a")
    (event,) = watch(serving, accept=PARTIAL).poll()
    assert sorted(event.object) == ["apiVersion", "kind", "metadata"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"resourceVersion": "x"}, 500),
        ({"labelSelector": "a b"}, 400),
        ({"fieldSelector": "a=b"}, 400),
        ({"sendInitialEvents": "true"}, 422),
        ({"resourceVersionMatch": "Exact"}, 422),
    ],
)
def test_bad_watches_are_refused(serving: Serving, query: dict[str, str], code: int) -> None:
    with pytest.raises(ApiError) as caught:
        watch(serving, **query)
    assert caught.value.code == code


def test_every_kind_can_print_a_bookmark(serving: Serving) -> None:
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    for strategy in serving.server.resources():
        if "watch" not in strategy.verbs:
            continue
        cursor = serving.server.watch(Request("watch", Key(strategy.gvr, "none"), query=query, accept=TABLE))
        (event,) = cursor.poll()
        assert len(event.object["rows"][0]["cells"]) == len(strategy.columns), strategy.kind
    assert serving.server.strategy(PODS)
