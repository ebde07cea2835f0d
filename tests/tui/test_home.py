"""The home screen at every size, and the ways from it and back."""

import asyncio

import pytest
from scripted_cluster import client_of, shop
from textual import events

from kubesim.objects.wire import DEPLOYMENTS, NODES, PODS, Key
from kubetui.app import Explorer
from kubetui.model.glyphs import ASCII


@pytest.fixture
def cluster():
    return shop()


def explorer(cluster, **settings):
    return Explorer(client_of(cluster), **settings)


def lines(app):
    """The screen as text."""
    width, height = app.size
    strips = app.screen._compositor.render_strips(app.size)
    found = ["".join(segment.text for segment in strip)[:width] for strip in strips]
    assert len(found) == height
    return found


async def settled(pilot, *keys):
    for key in keys:
        await pilot.press(key)
    await pilot.pause(0.05)
    await pilot.pause(0.05)


SIZES = [(200, 60), (140, 44), (120, 40), (100, 30), (96, 20), (80, 24), (79, 24), (60, 16), (40, 8)]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_every_size_shows_pods_and_the_clock(cluster, size):
    app = explorer(cluster)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        text = "\n".join(lines(app))
        assert "4xk" in text
        assert "09:41.220" in text
        assert "PAUSED" in text


async def test_four_panes_side_by_side(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        text = lines(app)
        assert text[0].startswith("  SIM   ctx lab/three-node   ns <0>all <1>default")
        assert "nodes 3  pods 6   cpu-req 44%" in text[0]
        assert "rev 26" in text[1]
        assert " Nodes[3] " in text[2]
        assert " Pods(all)[6] " in text[2]
        assert any("wk-1   Ready" in line and "70%" in line for line in text)
        assert any("shop/api" in line and "0/1" in line for line in text)
        assert any("W scheduler" in line for line in text)
        assert "home" in text[-2]
        assert "<l>logs <s>shell" in text[-1]


async def test_one_pane_and_the_story_when_there_is_less_room(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        text = lines(app)
        assert "Nodes[3] │ ▶Pods[6] │ Services[4]" in text[1]
        assert any("Events(all)" in line for line in text)
        await settled(pilot, "shift+tab")
        assert "▶Nodes[3] │ Pods[6]" in lines(app)[1]
        await settled(pilot, "tab", "tab", "tab")
        assert app.focused is app.frame.stage.home.story
        assert "▶Services[4]" not in lines(app)[1]


async def test_a_tiny_terminal_says_what_it_needs_and_recovers(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(30, 5)) as pilot:
        await settled(pilot)
        assert "30x5: kubetui needs 40x8" in "\n".join(lines(app))
        await pilot.resize_terminal(120, 40)
        await settled(pilot)
        assert "Pods(all)[6]" in "\n".join(lines(app))


async def test_a_storm_of_sizes_does_no_harm(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40)) as pilot:
        for width in (10, 200, 1, 80, 3, 100, 79, 140, 41):
            for height in (2, 50, 1, 24, 8):
                await pilot.resize_terminal(width, height)
        await pilot.resize_terminal(120, 40)
        await settled(pilot)
        assert " Pods(all)[6] " in lines(app)[2]


async def test_ascii_signs_only(cluster):
    app = explorer(cluster, glyphs=ASCII)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        # The borders are the theme's; everything inside them must be plain.
        inside = [line.strip("╭╮╰╯│─ ") for line in lines(app)]
        assert not [line for line in inside if set(line) & set("▌●◂━░┄▶■…↑↓┃→")]


# ---------------------------------------------------------------------- live
async def test_changes_of_the_cluster_appear(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        cluster.pod("default", "web-7d9-new")
        cluster.delete(PODS, "shop", "cart-0")
        app.client.poke()
        await pilot.pause(0.1)
        text = "\n".join(lines(app))
        assert "web-7d9-new" in text
        assert "shop/cart-0 " not in text.split("Services")[0]


async def test_the_hint_follows_the_cursor_and_the_object(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, "j")
        assert "0/3 nodes are available" in "\n".join(lines(app))
        cluster.pod("default", "web-7d9-8vq")
        app.client.poke()
        await pilot.pause(0.1)
        assert "0/3 nodes are available" not in "\n".join(line[60:] for line in lines(app)[2:20])


async def test_time_runs_pauses_and_steps(cluster):
    app = explorer(cluster, speed=60)
    async with app.run_test(size=(120, 40)) as pilot:
        start = cluster.loop.now
        await pilot.pause(0.2)
        assert cluster.loop.now > start + 2_000
        assert "x60" in lines(app)[1]
        await settled(pilot, "semicolon")
        now = cluster.loop.now
        await pilot.pause(0.1)
        assert cluster.loop.now == now
        assert "PAUSED" in lines(app)[1]
        steps = cluster.loop.steps
        await settled(pilot, "full_stop", "full_stop")
        assert cluster.loop.steps == steps + 2
        await settled(pilot, "greater_than_sign", "semicolon")
        assert app.client.time.speed == 600


async def test_an_idle_paused_cluster_arms_no_timer(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.3)
        assert not app.frame.heartbeat._armed
        assert app.client.pump._timer is None
        assert not app.frame.heartbeat._clock._active.is_set()


# ---------------------------------------------------------------------- ways
async def test_enter_goes_down_and_escape_comes_back(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, *":deploy", "enter")
        assert app.frame.table.gvr == DEPLOYMENTS
        await settled(pilot, "enter")
        assert app.frame.table.gvr == PODS
        assert [key.name for key in app.frame.table.view.slice(0, 9)] == ["web-7d9-4xk", "web-7d9-8vq", "web-7d9-q2m"]
        assert "home   deployments   pods:web" in lines(app)[-2]
        await settled(pilot, "escape")
        assert app.frame.table.gvr == DEPLOYMENTS
        await settled(pilot, "escape")
        assert app.frame.stage.browser is None
        await settled(pilot, "grave_accent")
        assert app.frame.table.gvr == DEPLOYMENTS
        await settled(pilot, "grave_accent")
        assert app.frame.stage.browser is None


async def test_a_node_leads_to_its_pods_and_a_pod_to_its_node(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, "shift+tab", "j", "enter")
        assert app.frame.table.view.count == 3
        assert "node=wk-1" in lines(app)[2]
        await settled(pilot, "o")
        assert app.frame.table.gvr == NODES
        assert app.frame.table.cursor_key == Key(NODES, "", "wk-1")


async def test_back_remembers_the_row(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, *":no", "enter")
        await settled(pilot, "j", "enter")
        await settled(pilot, "escape")
        await pilot.pause(0.1)
        assert app.frame.table.cursor_key == Key(NODES, "", "wk-1")


async def test_digits_choose_namespaces(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, *":ns shop", "enter")
        text = lines(app)
        assert "Pods(shop)[2]" in text[2]
        assert "<2>shop" in text[0]
        await settled(pilot, "0")
        assert "Pods(all)[6]" in lines(app)[2]
        await settled(pilot, "2")
        assert "Pods(shop)[2]" in lines(app)[2]


async def test_linked_panes_follow_the_selection(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, "shift+tab", "equals_sign")
        assert "Pods(all)[1/6]" in lines(app)[2]
        await settled(pilot, "j")
        assert "Pods(all)[3/6]" in lines(app)[2]
        await settled(pilot, "equals_sign")
        assert "Pods(all)[6]" in lines(app)[2]


async def test_zoom_gives_one_pane_all_the_room(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, "plus")
        text = "\n".join(lines(app))
        assert "Pods(all)[6]" in text
        assert "Services(all)" not in text
        await settled(pilot, "underscore")
        assert "Services(all)[4]" in "\n".join(lines(app))


async def test_an_event_leads_to_its_object(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, "tab", "tab", "enter")
        assert app.frame.table.cursor_key == Key(PODS, "default", "web-7d9-8vq")


async def test_verbosity_of_the_story(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, "tab", "tab", "v")
        assert "<v> every write" in "\n".join(lines(app))
        await settled(pilot, "v")
        assert "<v> events ─" in "\n".join(lines(app))


async def test_a_command_that_means_nothing_says_what_is_near(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot, *":depl", "escape")
        await settled(pilot, *":dep", "enter")
        assert any("deploy" in note.message for note in app._notifications)
        assert app.frame.stage.browser is None


async def test_an_action_elsewhere_is_refused_politely(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot, "shift+tab", *":scale 3", "enter")
        assert [note.message for note in app._notifications] == ["Change the number of replicas: not here"]
        assert not [request for request in cluster.api.sent if request.verb == "patch"]


async def test_first_ctrl_c_quits_when_nothing_is_lost(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+c")
        await pilot.pause(0.05)
        assert app.return_value == 0


async def test_ctrl_c_asks_when_something_is_lost_and_the_second_quits(cluster):
    app = explorer(cluster)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        app.operations.runner.acted = True
        await pilot.press("ctrl+c")
        await pilot.pause(0.05)
        assert app.return_value is None
        assert any("Ctrl-C once more" in note.message for note in app._notifications)
        await pilot.press("ctrl+c")
        await pilot.pause(0.05)
        assert app.return_value == 0


async def test_keys_are_answered_while_the_simulator_runs_flat_out(cluster):
    app = explorer(cluster, speed=float("inf"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.1)
        table = app.frame.table
        before = table.viewport.index
        loop = asyncio.get_running_loop()
        start = loop.time()
        app.post_message(events.Key("j", "j"))
        while table.viewport.index == before and loop.time() < start + 5:
            await asyncio.sleep(0.001)
        assert loop.time() - start < 0.5
        assert app.client.pump.busy
