"""Rows of an in-process cluster: coalesced, lazily printed, told anew when the log has forgotten."""

import pytest

from kubesim.api.strategy import Column
from kubesim.objects.wire import NODES, PODS
from kubesim.store.mvcc import Store
from kubetui.client.feed import Feed


class Printer:
    columns = (Column("Name"), Column("Age", priority=1))

    def __init__(self):
        self.printed = []

    def row(self, obj, now):
        self.printed.append((obj["metadata"]["name"], now))
        return [obj["metadata"]["name"], f"{now}"]


@pytest.fixture
def store():
    return Store(retain=10)


def put(store, name, namespace="default", gvr=PODS, **fields):
    old = store.get(gvr, namespace, name)
    return store.put(gvr, namespace, name, {"metadata": {"name": name, "namespace": namespace}, **fields}, old)


def drop(store, name, namespace="default"):
    store.delete(PODS, namespace, name, store.get(PODS, namespace, name))


def told(cursor, limit=None):
    return [(event.type, event.key.name) for event in cursor.poll(limit)]


def test_first_the_table_then_the_changes(store):
    put(store, "b")
    put(store, "a")
    cursor = Feed(store).cursor(PODS, "", Printer())
    assert not cursor.synced
    assert told(cursor) == [("ADDED", "a"), ("ADDED", "b")]
    assert cursor.synced
    put(store, "a", x=1)
    put(store, "c")
    drop(store, "b")
    assert told(cursor) == [("MODIFIED", "a"), ("ADDED", "c"), ("DELETED", "b")]
    assert told(cursor) == []


def test_many_writes_to_one_object_are_one_event(store):
    cursor = Feed(store).cursor(PODS, "", Printer())
    for number in range(5):
        put(store, "a", x=number)
    events = cursor.poll()
    assert [(event.type, event.row.object["x"]) for event in events] == [("ADDED", 4)]


def test_created_and_deleted_in_between_is_nothing(store):
    cursor = Feed(store).cursor(PODS, "", Printer())
    cursor.poll()
    put(store, "a")
    drop(store, "a")
    assert told(cursor) == []


def test_a_long_table_comes_in_pieces_and_changes_wait_for_its_end(store):
    for number in range(5):
        put(store, f"p{number}")
    cursor = Feed(store).cursor(PODS, "", Printer())
    assert told(cursor, 3) == [("ADDED", "p0"), ("ADDED", "p1"), ("ADDED", "p2")]
    drop(store, "p4")
    assert told(cursor, 3) == [("ADDED", "p3"), ("ADDED", "p4")]
    assert told(cursor, 3) == [("DELETED", "p4")]


def test_only_its_namespace_and_its_resource(store):
    cursor = Feed(store).cursor(PODS, "shop", Printer())
    put(store, "a")
    put(store, "n", "", NODES)
    put(store, "b", "shop")
    assert told(cursor) == [("ADDED", "b")]


def test_when_the_log_has_forgotten_the_table_is_told_anew(store):
    put(store, "old")
    cursor = Feed(store).cursor(PODS, "", Printer())
    cursor.poll()
    drop(store, "old")
    for number in range(60):
        put(store, "busy", x=number)
    assert told(cursor) == [("RESET", ""), ("ADDED", "busy")]


def test_cells_are_printed_when_asked_and_once_a_second(store):
    printer = Printer()
    put(store, "a")
    row = Feed(store).cursor(PODS, "", printer).poll()[0].row
    assert printer.printed == []
    assert list(row.cells(5_000)) == ["a", "5000"]
    row.cells(5_999)
    assert len(printer.printed) == 1
    row.cells(6_000)
    assert len(printer.printed) == 2


def test_a_closed_cursor_is_fed_no_more(store):
    feed = Feed(store)
    cursor = feed.cursor(PODS, "", Printer())
    cursor.close()
    put(store, "a")
    feed.gather()
    assert told(cursor) == []


def test_another_store_is_told_anew(store):
    put(store, "a")
    feed = Feed(store)
    cursor = feed.cursor(PODS, "", Printer())
    cursor.poll()
    other = Store()
    put(other, "b")
    feed.replace(other)
    assert told(cursor) == [("RESET", ""), ("ADDED", "b")]
