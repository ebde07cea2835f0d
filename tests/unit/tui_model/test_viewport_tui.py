"""The window on a table and the cursor that stays on its row."""

from kubetui.model.viewport import Viewport


class Rows:
    def __init__(self, rows):
        self.rows = list(rows)

    @property
    def count(self):
        return len(self.rows)

    def slice(self, start, stop):
        return self.rows[max(start, 0) : max(stop, 0)]

    def rank(self, row):
        return self.rows.index(row) if row in self.rows else None


def viewport(count=20, page=5, **settings):
    model = Rows(f"r{n:02d}" for n in range(count))
    found = Viewport(model, **settings)
    found.resize(page)
    found.follow()
    return found, model


def test_starts_on_the_first_row():
    view, _ = viewport()
    assert (view.cursor, view.top, view.line) == ("r00", 0, 0)


def test_the_window_follows_the_cursor():
    view, _ = viewport()
    view.move(6)
    assert (view.cursor, view.top) == ("r06", 2)
    view.goto(19)
    assert (view.cursor, view.top) == ("r19", 15)
    view.move(100)
    assert view.cursor == "r19"
    view.move(-100)
    assert (view.cursor, view.top) == ("r00", 0)


def test_rows_above_do_not_move_the_cursor_off_its_row_or_line():
    view, model = viewport()
    view.move(10)
    line = view.line
    model.rows[:0] = ["new1", "new2"]
    assert not view.follow()
    assert (view.cursor, view.line) == ("r10", line)


def test_at_the_top_of_the_table_new_rows_appear_above():
    view, model = viewport()
    view.move(1)
    model.rows[:0] = ["new"]
    view.follow()
    assert (view.cursor, view.top, view.line) == ("r01", 0, 2)


def test_a_sort_keeps_the_cursor_on_its_row():
    view, model = viewport()
    view.move(3)
    model.rows.reverse()
    view.follow()
    assert view.cursor == "r03"
    assert view.cursor in view.window()


def test_when_the_row_goes_the_one_that_takes_its_place_is_next():
    view, model = viewport()
    view.move(3)
    model.rows.remove("r03")
    assert view.follow()
    assert view.cursor == "r04"
    model.rows.clear()
    assert view.follow()
    assert view.cursor is None


def test_a_story_shows_what_is_new_while_its_top_is_highlighted():
    view, model = viewport(follow_top=True)
    model.rows.insert(0, "newest")
    assert view.follow()
    assert view.cursor == "newest"
    view.move(2)
    pinned = view.cursor
    model.rows.insert(0, "newer still")
    view.follow()
    assert view.cursor == pinned


def test_scrolling_leaves_the_cursor_and_the_next_motion_brings_it_back():
    view, _ = viewport()
    view.scroll(10)
    assert (view.cursor, view.top) == ("r00", 10)
    view.scroll(100)
    assert view.top == 15
    view.move(1)
    assert (view.cursor, view.top) == ("r01", 1)


def test_a_smaller_window_still_shows_the_cursor():
    view, _ = viewport(page=10)
    view.move(9)
    view.resize(3)
    assert view.cursor in view.window()
    view.resize(1000)
    assert view.top == 0
