"""The table widget: what it paints, what it leaves alone, and what keys and the mouse do to it."""

import pytest
from scripted_cluster import client_of, shop
from textual import events
from textual.geometry import Region

from kubesim.objects.wire import PODS, Key
from kubetui.app import Explorer


@pytest.fixture
def cluster():
    return shop()


async def opened(pilot, command="po"):
    for key in (*f":{command}", "enter"):
        await pilot.press(key)
    await pilot.pause(0.05)
    table = pilot.app.frame.table
    assert table.gvr.resource in {"pods", "services", "deployments", "nodes"}
    return table


async def press(pilot, *keys):
    for key in keys:
        await pilot.press(key)
    await pilot.pause(0.02)


def text(table, y):
    return "".join(segment.text for segment in table.render_line(y))


def key(name, namespace="default"):
    return Key(PODS, namespace, name)


async def test_only_visible_rows_are_painted(cluster):
    for number in range(3000):
        cluster.pod("default", f"many-{number:04d}")
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(120, 40)) as pilot:
        table = await opened(pilot)
        await pilot.pause(0.3)
        assert table.view.total == 3006
        assert len(table._strips) <= 4 * table.viewport.page
        await press(pilot, "G")
        assert table.cursor_key.name == "cart-0"
        assert "cart-0" in text(table, table.viewport.line + 1)
        await press(pilot, "g", "ctrl+f")
        assert table.viewport.index == table.viewport.page


async def test_a_change_repaints_its_line_and_no_other(cluster):
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(120, 40)) as pilot:
        table = await opened(pilot)
        await pilot.pause(0.2)
        app.frame.heartbeat.tick()
        await pilot.pause(0.1)
        painted = []
        original = table.render_line
        table.render_line = lambda y: painted.append(y) or original(y)
        cluster.pod("shop", "api-5f6-zz1", status="Running", restarts=5)
        app.client.poke()
        await pilot.pause(0.1)
        line = table.view.rank(key("api-5f6-zz1", "shop")) + 1
        assert set(painted) <= {line, table._page() + 1}
        assert line in painted


async def test_a_changed_cell_stands_out_until_the_next_second(cluster):
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(120, 40)) as pilot:
        table = await opened(pilot)
        changed = table.get_component_rich_style("table--changed").color
        line = table.view.rank(key("web-7d9-q2m")) + 1
        assert changed not in {segment.style.color for segment in table.render_line(line)}
        # Time stands still, so once this second has been seen no tick fades the mark behind the test's back.
        app.frame.heartbeat.tick()
        cluster.pod("default", "web-7d9-q2m", restarts=7)
        table.pull()
        marked = [segment.text.strip() for segment in table.render_line(line) if segment.style.color == changed]
        assert marked == ["7"]
        table.tick()
        assert changed not in {segment.style.color for segment in table.render_line(line)}


def burst(app, *keys):
    """Keys that come in one piece, as from a paste or a fast typist on a busy machine: nothing happens in between."""
    named = {"/": "slash", ":": "colon"}
    for key in keys:
        app.post_message(events.Key(named.get(key, key), key if len(key) == 1 else None))


async def test_a_burst_of_keys_goes_where_the_first_of_them_leads(cluster):
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(120, 40)) as pilot:
        table = await opened(pilot)
        burst(app, *"/web-7d9", "enter", "G")
        await pilot.pause(0.2)
        assert app.frame.table is table
        assert table.view.selection.filter.text == "web-7d9"
        assert table.cursor_key.name == "web-7d9-q2m"
        burst(app, *":svc", "enter")
        await pilot.pause(0.2)
        assert app.frame.table.gvr.resource == "services"
        burst(app, *"::q", "escape", "g")
        await pilot.pause(0.2)
        assert app.frame.table.gvr.resource == "services"
        assert app.is_running


async def test_the_hint_follows_the_time(cluster):
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(120, 40)) as pilot:
        table = await opened(pilot)
        said = ["crashed 5s ago"]
        table._hint = lambda row: said[0]
        foot = table.size.height - 1
        assert "crashed 5s ago" in text(table, foot)
        painted = []
        original = table.render_line
        table.render_line = lambda y: painted.append(y) or original(y)
        table.tick()
        await pilot.pause(0.05)
        assert foot not in painted
        said[0] = "crashed 6s ago"
        table.tick()
        await pilot.pause(0.05)
        assert foot in painted


async def test_marks_are_shown_counted_and_kept_by_the_filter(cluster):
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(120, 40)) as pilot:
        table = await opened(pilot)
        await press(pilot, "space", "space")
        assert [found.name for found in table.targets()] == ["web-7d9-4xk", "web-7d9-8vq"]
        assert text(table, 1).startswith("●")
        assert "2 marked" in str(table.border_subtitle)
        await press(pilot, "slash", *"api", "enter")
        assert "2 marked, 2 hidden" in str(table.border_subtitle)
        assert len(table.targets()) == 2
        await press(pilot, "ctrl+backslash")
        assert [found.name for found in table.targets()] == ["api-5f6-zz1"]


async def test_a_range_of_marks(cluster):
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(120, 40)) as pilot:
        table = await opened(pilot)
        await press(pilot, "space", "j", "j", "ctrl+at")
        assert len(table.view.marks) == 4


async def test_the_filter_works_while_it_is_typed_and_escape_takes_it_back(cluster):
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(120, 40)) as pilot:
        table = await opened(pilot)
        await press(pilot, "slash", *"web")
        assert table.view.count == 3
        assert "[3/6]" in str(table.border_title).replace("\\", "")
        await press(pilot, "escape")
        assert table.view.count == 6
        await press(pilot, "slash", *"STATUS:crash", "enter")
        assert table.view.count == 1
        assert app.focused is table
        await press(pilot, "escape")
        assert table.view.count == 6


async def test_a_filter_that_cannot_be_read_says_so(cluster):
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(120, 40)) as pilot:
        table = await opened(pilot)
        await press(pilot, "slash", "left_square_bracket", "enter")
        assert table.view.count == 6
        assert "unterminated" in str(table.border_subtitle)


async def test_sorting_keeps_the_cursor_on_its_row(cluster):
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(120, 40)) as pilot:
        table = await opened(pilot)
        await press(pilot, "j")
        chosen = table.cursor_key
        await press(pilot, "S")
        assert table.view.sort.title == "STATUS"
        assert table.cursor_key == chosen
        assert "STATUS↑" in text(table, 0)
        await press(pilot, "S")
        assert "STATUS↓" in text(table, 0)
        assert table.cursor_key == chosen
        await press(pilot, "N")
        assert "NAME↑" in text(table, 0)


async def test_faults_only(cluster):
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(120, 40)) as pilot:
        table = await opened(pilot)
        await press(pilot, "ctrl+z")
        assert [row.name for row in table.view.slice(0, 9)] == ["web-7d9-8vq", "api-5f6-zz1"]


async def test_wide_shows_more_columns(cluster):
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(160, 40)) as pilot:
        table = await opened(pilot)
        assert "NOMINATED NODE" not in text(table, 0)
        await press(pilot, "ctrl+w")
        assert "NOMINATED NODE" in text(table, 0)


async def test_rows_wider_than_the_table_scroll_sideways(cluster):
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(60, 20)) as pilot:
        table = await opened(pilot)
        await press(pilot, "ctrl+w")
        before = text(table, 0)
        await press(pilot, "right")
        assert text(table, 0) != before
        for _ in range(20):
            await press(pilot, "right")
        end = text(table, 0)
        await press(pilot, "right")
        assert text(table, 0) == end
        for _ in range(20):
            await press(pilot, "left")
        assert text(table, 0) == before


async def test_the_mouse_chooses_scrolls_and_sorts(cluster):
    for number in range(100):
        cluster.pod("default", f"many-{number:04d}")
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(120, 30)) as pilot:
        table = await opened(pilot)
        await pilot.pause(0.1)
        await pilot.click(table, offset=(5, 6))
        await pilot.pause()
        assert table.viewport.index == 4
        await pilot.click(table, offset=(text(table, 0).index("STATUS") + 2, 1))
        await pilot.pause(0.05)
        assert table.view.sort.title == "STATUS"
        top = table.viewport.top
        table._wheel(1, sideways=False)
        assert table.viewport.top == top + 3
        await pilot.double_click(table, offset=(5, 6))
        await pilot.pause(0.1)
        assert app.frame.stage.table.resource.gvr.resource == "containers"


async def test_the_scroll_bar_shows_where_the_window_is(cluster):
    for number in range(200):
        cluster.pod("default", f"many-{number:04d}")
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(120, 30)) as pilot:
        table = await opened(pilot)
        await pilot.pause(0.1)
        page = table.viewport.page
        assert text(table, 1).endswith("┃")
        assert text(table, page).endswith("│")
        await press(pilot, "G")
        assert text(table, 1).endswith("│")
        assert text(table, page).endswith("┃")


async def test_an_empty_table_says_so(cluster):
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(120, 30)) as pilot:
        table = await opened(pilot, "deploy kube-system")
        await pilot.pause(0.1)
        assert "nothing in kube-system · <0> all namespaces" in text(table, 1)
        assert table.cursor_key is None
        await press(pilot, "j", "G", "space", "d", "enter")


async def test_the_cursor_is_visible_without_colours(cluster):
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(120, 30)) as pilot:
        table = await opened(pilot)
        assert text(table, 1).startswith("▌")
        assert text(table, 2).startswith(" ")


async def test_every_line_is_exactly_as_wide_as_the_table(cluster):
    cluster.pod("default", "名前-with-wide-letters", status="Pending", node="", message="説明" * 50)
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(77, 25)) as pilot:
        table = await opened(pilot)
        for y in range(table.size.height):
            assert table.render_line(y).cell_length == table.size.width


async def test_repainting_a_table_of_fifty_rows_makes_few_segments(cluster):
    app = Explorer(client_of(cluster))
    async with app.run_test(size=(120, 40)) as pilot:
        table = await opened(pilot)
        assert all(len(list(table.render_line(y))) <= 4 for y in range(1, 6))
        assert isinstance(table.region, Region)
