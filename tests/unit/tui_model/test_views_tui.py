"""The live table: order, filters, scope, marks, and that changes cost what they should."""

import pytest

from kubesim.objects.wire import PODS, Key
from kubetui.client.port import Column, RowEvent
from kubetui.model import columns, filters
from kubetui.model.views import TableView


class ListRow:
    def __init__(
        self, name, namespace="default", status="Running", uid="", labels=None, created="2026-01-01T00:00:00Z"
    ):
        metadata = {"name": name, "namespace": namespace, "uid": uid or f"uid-{name}", "labels": labels or {}}
        self.object = {
            "metadata": {**metadata, "creationTimestamp": created},
            "status": {"phase": status, "conditions": [{"type": "Ready", "status": "True"}]},
        }
        self.revision = "1"
        self.printed = 0

    def cells(self, now):
        self.printed += 1
        return [self.object["metadata"]["name"], self.object["status"]["phase"], "5s"]


class ListCursor:
    columns = (Column("Name"), Column("Status"), Column("Age"))
    error = ""

    def __init__(self, *rows):
        self.events = []
        for row in rows:
            self.put(row)

    @property
    def synced(self):
        return not self.events

    def put(self, row, kind="ADDED"):
        metadata = row.object["metadata"]
        self.events.append(RowEvent(kind, Key(PODS, metadata["namespace"], metadata["name"]), row))

    def drop(self, name, namespace="default"):
        self.events.append(RowEvent("DELETED", Key(PODS, namespace, name), None))

    def poll(self, limit=None):
        taken = self.events[:limit]
        del self.events[: len(taken)]
        return taken

    def close(self):
        pass


class NoFacts:
    def __init__(self):
        self.forwards = {}

    def now(self):
        return 1_767_225_600_000

    def usage(self, key):
        del key


def view_of(*rows):
    cursor = ListCursor(*rows)

    def layout(found):
        return columns.layout(PODS, found.columns, namespaced=True, all_namespaces=False)

    view = TableView(cursor, PODS, layout, NoFacts())
    settle(view)
    return view, cursor


def settle(view):
    while view.pull().pending:
        pass


def names(view):
    return [key.name for key in view.slice(0, view.count)]


def key(name, namespace="default"):
    return Key(PODS, namespace, name)


def test_rows_are_in_the_order_of_namespace_and_name():
    view, _ = view_of(ListRow("b"), ListRow("a"), ListRow("z", "another"))
    assert names(view) == ["z", "a", "b"]


def test_sorting_by_a_column_is_stable_and_can_be_turned_around():
    view, _ = view_of(ListRow("a", status="Running"), ListRow("b", status="Pending"), ListRow("c", status="Pending"))
    view.sort_by("STATUS")
    settle(view)
    assert names(view) == ["b", "c", "a"]
    view.sort_by("STATUS", descending=True)
    settle(view)
    assert names(view) == ["a", "c", "b"]
    assert [view.rank(key(name)) for name in ("a", "c", "b")] == [0, 1, 2]


def test_sorting_by_age_looks_at_stamps_and_not_at_texts():
    old, young = ListRow("old", created="2025-01-01T00:00:00Z"), ListRow("young", created="2026-01-01T00:00:00Z")
    view, _ = view_of(old, young)
    view.sort_by("AGE")
    settle(view)
    assert names(view) == ["young", "old"]


def test_a_change_that_does_not_move_the_row_is_only_a_touch():
    view, cursor = view_of(ListRow("a"), ListRow("b"))
    cursor.put(ListRow("b", status="Failed"), "MODIFIED")
    changes = view.pull()
    assert not changes.moved
    assert changes.touched == {key("b")}


def test_cells_are_printed_for_no_row_that_nobody_looks_at():
    rows = [ListRow(f"pod-{n:04d}") for n in range(500)]
    view, cursor = view_of(*rows)
    cursor.put(ListRow("pod-0007", status="Failed"), "MODIFIED")
    view.pull()
    view.slice(0, 20)
    assert sum(row.printed for row in rows) == 0


def test_before_shows_the_cells_of_the_last_change_once():
    view, cursor = view_of(ListRow("a"))
    cursor.put(ListRow("a", status="Failed"), "MODIFIED")
    view.pull()
    assert "Running" in view.before(key("a"), 0)
    assert view.before(key("a"), 0) is None


def test_filter_hides_and_shows_rows_as_they_change():
    view, cursor = view_of(ListRow("web-1"), ListRow("api-1"), ListRow("web-2", status="Pending"))
    view.choose(matching=filters.parse("web"))
    settle(view)
    assert names(view) == ["web-1", "web-2"]
    assert view.total == 3
    view.choose(matching=filters.parse("STATUS:pending"))
    settle(view)
    assert names(view) == ["web-2"]
    cursor.put(ListRow("web-2", status="Running"), "MODIFIED")
    cursor.put(ListRow("api-1", status="Pending"), "MODIFIED")
    assert view.pull().moved
    assert names(view) == ["api-1"]


def test_scope_and_faults_narrow_too():
    view, _ = view_of(ListRow("a"), ListRow("b", status="Failed"), ListRow("c", "other", status="Failed"))
    view.choose(only_faults=True)
    settle(view)
    assert names(view) == ["b", "c"]
    view.choose(scope=lambda found, _obj: found.namespace == "other")
    settle(view)
    assert names(view) == ["c"]
    view.choose(scope=None, only_faults=False)
    settle(view)
    assert names(view) == ["a", "b", "c"]


def test_a_mark_stays_on_its_object_and_not_on_a_namesake():
    view, cursor = view_of(ListRow("a"), ListRow("b"))
    for name in ("a", "b"):
        view.marks.add(key(name), view.rows[key(name)])
    cursor.put(ListRow("a", status="Failed"), "MODIFIED")
    cursor.put(ListRow("b", uid="another"), "MODIFIED")
    view.pull()
    assert list(view.marks) == [key("a")]
    cursor.drop("a")
    view.pull()
    assert not len(view.marks)


def test_reset_forgets_everything_and_what_comes_after_is_shown():
    view, cursor = view_of(ListRow("a"))
    cursor.events.append(RowEvent("RESET", Key(PODS), None))
    cursor.put(ListRow("b"))
    settle(view)
    assert names(view) == ["b"]


def test_created_and_deleted_between_two_pulls_leaves_nothing():
    view, cursor = view_of()
    cursor.put(ListRow("a"))
    cursor.drop("a")
    settle(view)
    assert view.count == 0


def test_rows_that_change_while_the_order_is_made_anew_end_up_right():
    rows = [ListRow(f"pod-{n:05d}", status="Running") for n in range(6000)]
    view, cursor = view_of(*rows)
    view.sort_by("STATUS")
    view.pull()
    cursor.put(ListRow("pod-00001", status="Failed"), "MODIFIED")
    cursor.drop("pod-00002")
    cursor.put(ListRow("pod-99999", status="Failed"))
    settle(view)
    assert names(view)[:3] == ["pod-00001", "pod-99999", "pod-00000"]
    assert view.count == 6000


@pytest.mark.parametrize("count", [10, 5000])
def test_a_pull_without_changes_does_nothing(count):
    view, _ = view_of(*(ListRow(f"pod-{n:05d}") for n in range(count)))
    assert view.pull() == (False, frozenset(), False)
