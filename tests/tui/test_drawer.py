"""The drawer with a scripted client: tabs, keys, searching, refreshing, logs, at both sizes of a screen."""

from pathlib import Path

import pytest
from detail_double import EPOCH, PODS, Double, Insight, LogLine, event, explanation, pod, service, status
from textual.app import App

import kubetui
from kubesim.objects.wire import Gvr, Key
from kubetui.panes.drawer import contents
from kubetui.panes.drawer.drawer import Drawer
from kubetui.panes.drawer.search import SearchLine
from kubetui.panes.drawer.strip import TabStrip

STYLES = Path(kubetui.__file__).parent / "styles" / "detail.tcss"
KEY = Key(PODS, "shop", "web-1")
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])


class Host(App):
    CSS_PATH = [STYLES]  # noqa: RUF012
    CSS = "Drawer { width: 1fr; height: 1fr; }"

    def __init__(self, client):
        super().__init__()
        self.client = client
        self.heard = []

    def compose(self):
        yield Drawer(self.client)

    @property
    def drawer(self):
        return self.query_one(Drawer)

    def on_drawer_closed(self):
        self.heard.append("closed")

    def on_drawer_full_screen(self, event):
        self.heard.append(f"full {event.full}")

    def on_drawer_edit_requested(self, event):
        self.heard.append(f"edit {event.key.name}")


def cluster():
    client = Double(pod("web-1"), service())
    client.put(event("e1", "web-1", "Scheduled", "Successfully assigned shop/web-1 to wk-1"))
    client.put(event("e2", "web-1", "BackOff", "Back-off restarting failed container", type="Warning", count=4))
    client.insight = Insight(explanation())
    client.log_lines["web-1", "app", False] = [LogLine(EPOCH + at * 1000, f"request {at}") for at in range(30)]
    client.log_lines["web-1", "sidecar", False] = [LogLine(EPOCH + 500, "proxy ready")]
    client.log_lines["web-1", "app", True] = [LogLine(EPOCH, "error: out of memory")]
    return client


def shown(app):
    """What is on the screen, line by line."""
    return [line.rstrip() for line in app.drawer.view.lines]


def painted(app):
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


@SIZES
@pytest.mark.parametrize(
    ("tab", "text"),
    [
        ("describe", "Controlled By:  ReplicaSet/web-7d9"),
        ("yaml", "    image: registry.example/web:1.4.2"),
        ("logs", "request 29"),
        ("events", "65s (x4 over 65s)"),
        ("why", "SYMPTOM  pod shop/web-8vq Pending for 11.0s"),
    ],
)
async def test_every_tab_shows_its_content(size, tab, text):
    app = Host(cluster())
    async with app.run_test(size=size) as pilot:
        await app.drawer.show(KEY, tab)
        await pilot.pause()
        assert any(text in line for line in shown(app))
        assert f"[{contents.TITLES[tab]}]" in painted(app)


async def test_keys_switch_tabs():
    app = Host(cluster())
    async with app.run_test(size=(100, 30)) as pilot:
        await app.drawer.show(KEY)
        seen = []
        for key in ("y", "l", "E", "W", "d", "tab", "tab", "shift+tab"):
            await pilot.press(key)
            seen.append(app.drawer.tab)
        assert seen == ["yaml", "logs", "events", "why", "describe", "yaml", "logs", "yaml"]
        assert app.drawer.has_focus_within


async def test_escape_leaves_search_then_full_screen_then_the_drawer():
    app = Host(cluster())
    async with app.run_test() as pilot:
        await app.drawer.show(KEY)
        await pilot.press("f", "slash", "w", "e", "b", "enter")
        assert app.drawer.view.searching == "web"
        await pilot.press("escape")
        assert app.drawer.view.searching == ""
        await pilot.press("escape")
        await pilot.press("escape")
        assert app.heard == ["full True", "full False", "closed"]


async def test_searching_shows_where_one_is():
    app = Host(cluster())
    async with app.run_test(size=(80, 24)) as pilot:
        await app.drawer.show(KEY, "yaml")
        await pilot.press("slash", "c", "o", "n", "t", "a", "i", "n", "e", "r", "enter")
        first = app.drawer.border_subtitle
        total = int(first.split("/")[1].split()[0])
        assert first.startswith("1/")
        await pilot.press("n")
        assert app.drawer.border_subtitle.startswith("2/")
        await pilot.press("N", "N")
        assert app.drawer.border_subtitle.startswith(f"{total}/")
        assert app.drawer.view.scroll_y > 0
        assert not app.query_one(SearchLine).display


async def test_an_odd_pattern_is_taken_as_it_is():
    app = Host(cluster())
    async with app.run_test() as pilot:
        await app.drawer.show(KEY)
        await pilot.press("slash", "left_parenthesis", "h", "t", "t", "p", "enter")
        assert app.drawer.border_subtitle.startswith("1/")


async def test_a_change_of_the_object_is_shown():
    client = cluster()
    app = Host(client)
    async with app.run_test() as pilot:
        await app.drawer.show(KEY)
        sent = len(client.requests)
        await app.drawer.refresh_content()
        assert len(client.requests) == sent
        client.put(pod("web-1", ready=False, phase="Pending"))
        await app.drawer.refresh_content()
        await pilot.pause()
        assert any(line.startswith("Status:") and "Pending" in line for line in shown(app))


async def test_ages_grow_with_the_clusters_time():
    client = cluster()
    app = Host(client)
    async with app.run_test():
        await app.drawer.show(KEY, "events")
        client.present += 60_000
        await app.drawer.refresh_content()
        assert any(line.startswith("2m5s ") for line in shown(app))


async def test_an_object_that_is_gone_stays_readable():
    client = cluster()
    app = Host(client)
    async with app.run_test():
        await app.drawer.show(KEY, "yaml")
        del client.objects_by_key[KEY]
        client.put(event("e3", "web-1", "Killing", "Stopping container"))
        await app.drawer.refresh_content()
        assert shown(app)[0] == '# pods "web-1" not found'
        assert "kind: Pod" in shown(app)


async def test_an_object_that_never_was():
    app = Host(Double())
    async with app.run_test():
        await app.drawer.show(KEY)
        assert shown(app) == ['pods "web-1" not found']


async def test_managed_fields_and_secrets_are_shown_on_request():
    client = cluster()
    metadata = {"name": "s", "namespace": "shop", "managedFields": [{"manager": "me"}]}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"password": "c2VjcmV0"}}
    key = client.put(secret)
    app = Host(client)
    async with app.run_test() as pilot:
        await app.drawer.show(key, "yaml")
        assert any("********" in line for line in shown(app))
        await pilot.press("x")
        assert "  password: secret" in shown(app)
        assert "  managedFields:" not in shown(app)
        await pilot.press("m")
        assert "  managedFields:" in shown(app)
        await pilot.press("x")
        assert "  password: secret" not in shown(app)


async def test_a_very_long_object_opens_and_only_what_is_visible_is_rendered():
    client = cluster()
    data = {f"key-{number:05d}": f"value {number}" for number in range(6000)}
    key = client.put(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "big", "namespace": "shop"}, "data": data}
    )
    app = Host(client)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.drawer.show(key, "yaml")
        assert len(shown(app)) > 6000
        rendered = []
        view = app.drawer.view
        original = view.render_line
        view.render_line = lambda y: rendered.append(y) or original(y)
        await pilot.press("G")
        await pilot.pause()
        assert "key-05999" in painted(app)
        assert 0 < len(set(rendered)) <= 24


async def test_tabs_that_make_no_sense_are_left_out():
    client = cluster()
    client.insight = None
    key = client.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "shop"}})
    app = Host(client)
    async with app.run_test():
        await app.drawer.show(key, "logs")
        assert app.drawer.tab == "describe"
        assert "Logs" not in app.query_one(TabStrip).render().plain


async def test_a_click_chooses_a_tab():
    app = Host(cluster())
    async with app.run_test(size=(80, 24)) as pilot:
        await app.drawer.show(KEY)
        await pilot.click(TabStrip, offset=(13, 0))
        assert app.drawer.tab == "yaml"


async def test_wrapping_breaks_long_lines():
    client = cluster()
    app = Host(client)
    async with app.run_test(size=(40, 24)) as pilot:
        await app.drawer.show(KEY, "yaml")
        before = app.drawer.view.virtual_size.height
        await pilot.press("w")
        assert app.drawer.view.virtual_size.height > before
        assert app.drawer.view.virtual_size.width <= 40


async def test_copy_takes_the_whole_text():
    app = Host(cluster())
    async with app.run_test() as pilot:
        await app.drawer.show(KEY, "yaml")
        await pilot.press("c")
        assert app.clipboard.startswith("apiVersion: v1\nkind: Pod\n")


async def test_edit_is_asked_of_the_app():
    app = Host(cluster())
    async with app.run_test() as pilot:
        await app.drawer.show(KEY)
        await pilot.press("e")
        assert app.heard == ["edit web-1"]


async def test_closing_lets_go_of_everything():
    client = cluster()
    app = Host(client)
    async with app.run_test():
        await app.drawer.show(KEY, "logs")
        app.drawer.hide()
        assert all(watch.closed for watch in client.watches)
        assert all(log.closed for log in client.open_logs)
        await app.drawer.refresh_content()


# ---------------------------------------------------------------------- logs
async def test_logs_follow_new_lines():
    client = cluster()
    app = Host(client)
    async with app.run_test(size=(80, 12)) as pilot:
        await app.drawer.show(KEY, "logs")
        client.open_logs[0].waiting.append(LogLine(EPOCH + 90_000, "the newest"))
        await app.drawer.refresh_content()
        await pilot.pause()
        assert "the newest" in painted(app)


async def test_scrolling_up_ends_the_following():
    client = cluster()
    app = Host(client)
    async with app.run_test(size=(80, 12)) as pilot:
        await app.drawer.show(KEY, "logs")
        await pilot.pause()
        await pilot.press("k")
        place = app.drawer.view.scroll_y
        client.open_logs[0].waiting.append(LogLine(EPOCH + 90_000, "the newest"))
        await app.drawer.refresh_content()
        await pilot.pause()
        assert app.drawer.view.scroll_y == place
        assert "follow off" in app.drawer.border_subtitle
        await pilot.press("s")
        await pilot.pause()
        assert "the newest" in painted(app)


async def test_all_containers_are_merged_by_time():
    app = Host(cluster())
    async with app.run_test() as pilot:
        await app.drawer.show(KEY, "logs")
        assert shown(app)[0] == "request 0"
        await pilot.press("a")
        assert shown(app)[:3] == ["[app] request 0", "[sidecar] proxy ready", "[app] request 1"]


async def test_times_and_the_container_before():
    app = Host(cluster())
    async with app.run_test() as pilot:
        await app.drawer.show(KEY, "logs")
        await pilot.press("t")
        assert shown(app)[0] == "2023-11-14T22:13:20.000Z request 0"
        await pilot.press("t", "p")
        assert shown(app) == ["error: out of memory"]


async def test_filtering_and_leaving_out():
    app = Host(cluster())
    async with app.run_test() as pilot:
        await app.drawer.show(KEY, "logs")
        await pilot.press("slash", "2", "9", "enter")
        assert shown(app) == ["request 29"]
        await pilot.press("slash", "home", "exclamation_mark", "enter")
        assert len(shown(app)) == 29
        await pilot.press("escape")
        assert len(shown(app)) == 30
        assert app.heard == []


async def test_stretches_of_time():
    client = cluster()
    client.present = EPOCH + 85_000
    app = Host(client)
    async with app.run_test() as pilot:
        await app.drawer.show(KEY, "logs")
        await pilot.press("2")
        assert shown(app)[0] == "request 25"
        await pilot.press("0")
        assert len(shown(app)) == 30


async def test_marks_and_clearing():
    app = Host(cluster())
    async with app.run_test() as pilot:
        await app.drawer.show(KEY, "logs")
        await pilot.press("C")
        await pilot.pause()
        await pilot.press("m")
        await pilot.pause()
        assert [line for line in shown(app) if line != "no log lines yet"] == ["─" * 40]


async def test_a_container_that_has_not_started_says_so():
    client = cluster()
    client.log_lines.clear()
    app = Host(client)
    async with app.run_test():
        await app.drawer.show(KEY, "logs")
        assert shown(app) == ["web-1/app: container is waiting to start: ContainerCreating"]
        client.open_logs[0].waiting.append(LogLine(EPOCH, "started"))
        await app.drawer.refresh_content()
        assert shown(app) == ["started"]


async def test_logs_of_a_workload_follow_all_its_pods():
    client = cluster()
    client.put(pod("web-2"))
    client.log_lines["web-2", "app", False] = [LogLine(EPOCH + 200, "hello from two")]
    deployment = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "uid": "d"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {"spec": {"containers": []}}},
    }  # fmt: skip
    key = client.put(deployment)
    app = Host(client)
    async with app.run_test():
        await app.drawer.show(key, "logs")
        assert shown(app)[:2] == ["[web-1 app] request 0", "[web-2 app] hello from two"]
        client.put(pod("web-3"))
        client.log_lines["web-3", "app", False] = [LogLine(EPOCH + 100_000, "a new pod")]
        await app.drawer.refresh_content()
        assert shown(app)[-1] == "[web-3 app] a new pod"


async def test_control_characters_never_reach_the_terminal():
    client = cluster()
    client.log_lines["web-1", "app", False] = [LogLine(EPOCH, "\x1b[31mred\x1b[0m\ta\x07b\x1b]0;title\x07")]
    app = Host(client)
    async with app.run_test():
        await app.drawer.show(KEY, "logs")
        assert "\x1b" not in shown(app)[0]
        assert shown(app)[0].startswith("red     a·b")


async def test_a_server_that_refuses_is_told():
    client = cluster()
    client.answers.append((lambda request: request.verb == "get", status(403, "pods is forbidden", "Forbidden")))
    app = Host(client)
    async with app.run_test():
        await app.drawer.show(Key(Gvr("", "v1", "configmaps"), "shop", "c"))
        assert shown(app) == ["pods is forbidden"]


async def test_only_the_keys_of_the_drawer_stay_in_it():
    """Keys it does not know go on to the app."""

    class Listening(Host):
        def on_key(self, event):
            self.heard.append(event.key)

    app = Listening(cluster())
    async with app.run_test() as pilot:
        await app.drawer.show(KEY)
        await pilot.press("semicolon", "y", "U", "j")
        assert app.heard == ["semicolon", "U"]
