"""The view of long texts: finding, colouring, wrapping, and what never reaches the terminal."""

import pytest
from textual.app import App

from kubetui.panes.drawer import colours
from kubetui.panes.drawer.finder import Finder
from kubetui.panes.drawer.text import TextView, printable, row_of, wrapped
from kubetui.panes.logs import level

LINES = ["alpha", "beta alpha", "gamma", "Alpha"]


def found(text, lines=LINES):
    finder = Finder()
    finder.set(text)
    finder.scan(lines)
    return [tuple(match) for match in finder.matches]


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("alpha", [(0, 0, 5), (1, 5, 10), (3, 0, 5)]),
        ("Alpha", [(3, 0, 5)]),
        ("^a", [(0, 0, 1), (3, 0, 1)]),
        ("(", []),
        ("x*", []),
        ("", []),
    ],
    ids=["any-case", "capital", "expression", "not-an-expression", "empty-matches", "nothing"],
)
def test_finding(text, matches):
    assert found(text) == matches


def test_going_round():
    finder = Finder()
    finder.set("alpha")
    finder.scan(LINES)
    finder.go_from(1)
    assert finder.current == (1, 5, 10)
    finder.go(1)
    finder.go(1)
    assert finder.current == (0, 0, 5)
    finder.go(-1)
    assert finder.current == (3, 0, 5)
    finder.scan(["none"])
    assert finder.current is None
    finder.go(1)


def test_wrapping():
    rows = wrapped(["short", "", "a" * 25], 10)
    assert [tuple(row) for row in rows] == [(0, 0, 10), (1, 0, 10), (2, 0, 10), (2, 10, 20), (2, 20, 30)]
    finder = Finder()
    finder.set("a{3}$")
    finder.scan(["short", "", "a" * 25])
    assert row_of(finder.matches[0], rows) == 4


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("plain", "plain"),
        ("a\tb", "a       b"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("bell\x07", "bell·"),
        ("über 日本", "über 日本"),
    ],
    ids=["plain", "tab", "colour", "control", "unicode"],
)
def test_what_is_printed(text, wanted):
    assert printable(text) == wanted


def kinds(line):
    return [(line[span.start : span.end].strip(), span.kind) for span in colours.description(0, line)]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("Name:   web", [("Name:", "key")]),
        ("Containers:", [("Containers:", "heading")]),
        ("Status:  Pending", [("Status:", "key"), ("Pending", "warn")]),
        ("    Reason:  CrashLoopBackOff", [("Reason:", "key"), ("CrashLoopBackOff", "bad")]),
        ("    Ready:  True", [("Ready:", "key"), ("True", "good")]),
        ("Labels:  <none>", [("Labels:", "key"), ("<none>", "faint")]),
        ("  Warning  BackOff  5s  kubelet  Back-off", [("Warning  BackOff  5s  kubelet  Back-off", "warn")]),
        ("  Normal  Pulled  5s  kubelet  Ready: True", []),
        ("Message:  all is Ready", [("Message:", "key")]),
    ],
    ids=["title", "section", "pending", "reason", "ready", "none", "warning", "normal", "message"],
)
def test_colours_of_a_description(line, wanted):
    assert kinds(line) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ERROR no", "bad"),
        ("level=warning x", "warn"),
        ("info fine", ""),
        ("panic: x", "bad"),
        ("x" * 90 + "error", ""),
    ],
)
def test_levels_of_log_lines(text, wanted):
    assert level(text) == wanted


class Host(App):
    def compose(self):
        yield TextView()


async def test_the_oldest_lines_fall_out_and_the_place_stays():
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(TextView)
        view.set_lines([f"line {number}" for number in range(100)])
        await pilot.pause()
        view.scroll_to(y=50, animate=False)
        await pilot.pause()
        top = view.lines[int(view.scroll_y)]
        assert view.append_lines([f"line {number}" for number in range(100, 110)], limit=100) == 10
        await pilot.pause()
        assert view.lines[int(view.scroll_y)] == top
        assert len(view.lines) == 100


async def test_a_search_goes_on_in_new_lines():
    app = Host()
    async with app.run_test() as pilot:
        heard = []
        view = app.query_one(TextView)
        app.on_text_view_searched = heard.append
        view.set_lines(["one"])
        view.search("two")
        view.append_lines(["two"])
        view.next_match()
        await pilot.pause()
        assert view.searching == "two"
        assert [match.line for match in view._finder.matches] == [1]


async def test_motions():
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(TextView)
        view.set_lines(["x" * 100 for _ in range(100)])
        view.focus()
        await pilot.pause()
        places = []
        for key in ("j", "j", "k", "ctrl+f", "G", "g", "right", "left"):
            await pilot.press(key)
            places.append((int(view.scroll_x), int(view.scroll_y)))
        last = view.max_scroll_y
        assert places[:3] == [(0, 1), (0, 2), (0, 1)]
        assert places[3][1] > 5
        assert places[4:] == [(0, last), (0, 0), (8, 0), (0, 0)]


async def test_wide_characters_keep_their_columns():
    app = Host()
    async with app.run_test(size=(12, 4)) as pilot:
        view = app.query_one(TextView)
        view.set_lines(["日本語 text"])
        await pilot.pause()
        assert view.render_line(0).text.startswith("日本語 text"[:8])
        assert view.render_line(0).cell_length == view.scrollable_content_region.width
