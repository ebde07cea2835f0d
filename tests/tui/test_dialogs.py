"""Every dialog with a pilot: what it shows, what it answers, what it refuses, at both sizes of a screen."""

from pathlib import Path

import pytest
from detail_double import PODS, Double, event, pod, service, status
from textual.app import App
from textual.widgets import Input, OptionList, Static, TextArea

import kubetui
from kubesim.objects.wire import NODES, SERVICES, Key
from kubetui.keys import ACTIONS, Action
from kubetui.model.flows import DrainOptions, fault_body
from kubetui.model.forwards import Forward, ForwardError
from kubetui.panes.dialogs import chaos, drain, forward, frame, palette, picker, scale
from kubetui.panes.dialogs.help import Help, balanced, grouped
from kubetui.panes.drawer.actions import DRAWER_ACTIONS
from kubetui.panes.drawer.text import TextView
from kubetui.panes.editor import Difference, Editor

STYLES = Path(kubetui.__file__).parent / "styles" / "detail.tcss"
KEY = Key(PODS, "shop", "web-1")
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
NOTHING = object()


class Host(App):
    CSS_PATH = [STYLES]  # noqa: RUF012
    result = NOTHING

    def ask(self, screen):
        self.result = NOTHING
        self.push_screen(screen, lambda result: setattr(self, "result", result))


def painted(app):
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


async def ask(pilot, screen, *keys):
    pilot.app.ask(screen)
    await pilot.pause()
    for key in keys:
        await pilot.press(key)
    await pilot.pause()
    return pilot.app.result


# ---------------------------------------------------------------------- scale
@SIZES
async def test_scale(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        assert await ask(pilot, scale.Scale("deployment.apps/web", 3), "1", "0") is NOTHING
        assert "3 → 10: 7 pods more" in painted(app)
        await pilot.press("enter")
        assert app.result == 10


async def test_scale_says_what_it_would_do():
    app = Host()
    async with app.run_test() as pilot:

        async def effect(wanted):
            return f"{wanted} would fit"

        await ask(pilot, scale.Scale("web", 3, effect), "up")
        await pilot.pause(2 * scale.PATIENCE)
        assert "3 → 4: 4 would fit" in painted(app)
        await pilot.press("down", "down", "down", "down", "down", "down", "enter")
        assert app.result == 0


@pytest.mark.parametrize("keys", [("a",), ("backspace",), ("minus", "1")], ids=["letter", "empty", "negative"])
async def test_scale_takes_only_numbers(keys):
    app = Host()
    async with app.run_test() as pilot:
        assert await ask(pilot, scale.Scale("web", 3), *keys, "enter") is NOTHING
        assert "replicas is a number from 0 on" in painted(app)
        await pilot.press("escape")
        assert app.result is None


# ---------------------------------------------------------------------- confirm and message
@SIZES
async def test_cancel_has_the_focus(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        names = [f"pod shop/web-{number}" for number in range(20)]
        assert await ask(pilot, frame.Confirm("Delete 20 pods", names, hidden=2)) is NOTHING
        assert app.focused.id == "cancel"
        assert "pod shop/web-11" in painted(app)
        assert "pod shop/web-12" not in painted(app)
        assert "… and 8 more" in painted(app)
        assert "2 of them are marked but hidden by the filter" in painted(app)
        await pilot.press("enter")
        assert app.result is None


@pytest.mark.parametrize(
    ("keys", "result"), [(("right", "enter"), True), (("tab", "enter"), True), (("escape",), None)], ids=str
)
async def test_confirm(keys, result):
    app = Host()
    async with app.run_test() as pilot:
        assert await ask(pilot, frame.Confirm("Delete", ["pod a"]), *keys) is result


async def test_a_protected_context_has_to_be_typed():
    app = Host()
    async with app.run_test() as pilot:
        assert await ask(pilot, frame.Confirm("Delete", ["pod a"], typed="prod"), "p", "enter") is NOTHING
        assert "that is not prod" in painted(app)
        await pilot.press("r", "o", "d", "enter")
        assert app.result is True


async def test_message():
    app = Host()
    async with app.run_test() as pilot:
        assert await ask(pilot, frame.Message("Done", "[not markup] all fine")) is NOTHING
        assert "[not markup] all fine" in painted(app)
        await pilot.press("enter")
        assert app.result is None


# ---------------------------------------------------------------------- port-forward
class Opener:
    def __init__(self, error=""):
        self.error = error
        self.asked = []

    async def __call__(self, mapping):
        self.asked.append(mapping)
        if self.error:
            raise ForwardError(self.error)
        return Forward(Key(SERVICES, "shop", "web"), mapping, mapping.local, 0)


@SIZES
async def test_forward(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        opener = Opener()
        await ask(pilot, forward.PortForward("service/web", "8000:8080", [(8080, "http"), (9000, "")], opener))
        assert "127.0.0.1:8000 → 8080" in painted(app)
        assert "declared ports: 8080 (http), 9000" in painted(app)
        await pilot.press("enter")
        assert [each.local_port for each in app.result] == [8000]


async def test_a_busy_port_is_told_and_the_dialog_stays():
    app = Host()
    async with app.run_test() as pilot:
        opener = Opener("port 8000 is already in use")
        assert await ask(pilot, forward.PortForward("web", "8000:8080", [], opener), "enter") is NOTHING
        assert "port 8000 is already in use" in painted(app)
        opener.error = ""
        await pilot.press("home", "delete", "9", "enter")
        assert [str(each) for each in opener.asked] == ["8000:8080", "9000:8080"]
        assert len(app.result) == 1


async def test_nonsense_is_not_even_tried():
    app = Host()
    async with app.run_test() as pilot:
        opener = Opener()
        assert await ask(pilot, forward.PortForward("web", "99999:1", [], opener), "enter") is NOTHING
        assert "not a number from 0 to 65535" in painted(app)
        assert opener.asked == []


# ---------------------------------------------------------------------- pickers
@SIZES
async def test_namespaces(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        names = ["shop", "default", "kube-system"]
        assert await ask(pilot, picker.namespaces(names, "shop", {"shop": 12}), "enter") == "shop"
        assert await ask(pilot, picker.namespaces(names, "shop"), "s", "y", "s", "enter") == "kube-system"
        assert await ask(pilot, picker.namespaces(names, "shop"), "up", "up", "up", "enter") == ""
        assert await ask(pilot, picker.namespaces(names, "shop"), "escape") is None


async def test_a_part_that_fits_nothing():
    app = Host()
    async with app.run_test() as pilot:
        assert await ask(pilot, picker.namespaces(["a"], ""), "z", "z", "enter") is NOTHING
        assert "nothing has that in its name" in painted(app)


async def test_themes_are_shown_while_one_chooses():
    app = Host()
    async with app.run_test() as pilot:
        seen = []
        result = await ask(pilot, picker.themes(["nord", "gruvbox", "dracula"], "nord", seen.append), "up", "enter")
        assert result == "gruvbox"
        assert seen == ["nord", "gruvbox"]


# ---------------------------------------------------------------------- chaos
def options(key=KEY, faults=()):
    return chaos.chaos_options(key, [pod("web-1"), pod("web-2", node="wk-2"), pod("web-3")], list(faults))


def test_what_can_be_broken_about_a_pod():
    found = [(each.type, each.key.name, list(each.hit)) for each in options()]
    assert found[0] == ("KillContainers", "web-1", ["web-1:app", "web-1:sidecar"])
    assert found[1] == ("NodeCrash", "wk-1", ["shop/web-1", "shop/web-3"])
    assert [each[0] for each in found[2:]] == [
        "KubeletStop", "NetworkPartition", "MemoryPressure", "DiskPressure", "PIDPressure", "NodeShutdown",
    ]  # fmt: skip


def test_what_is_broken_can_be_mended():
    node = Key(NODES, "", "wk-2")
    found = options(node, [fault_body("NodeCrash", node)])
    assert [(each.label, each.broken) for each in found][:2] == [
        ("Mend: Crash node wk-2", True),
        ("Stop the kubelet of wk-2", False),
    ]


def test_all_pods_of_a_service():
    assert [each.key.name for each in options(Key(SERVICES, "shop", "web"))] == ["web-1", "web-2", "web-3"]


@SIZES
async def test_chaos(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        await ask(pilot, chaos.Chaos("pod web-1", options()), "down")
        assert "will be hit (2):" in painted(app)
        assert "shop/web-3" in painted(app)
        await pilot.press("enter")
        assert (app.result.type, app.result.key.name) == ("NodeCrash", "wk-1")


async def test_chaos_by_number():
    app = Host()
    async with app.run_test() as pilot:
        assert (await ask(pilot, chaos.Chaos("x", options()), "3")).type == "KubeletStop"
        assert (await ask(pilot, chaos.Chaos("x", options()), "j", "j", "k", "enter")).type == "NodeCrash"
        assert await ask(pilot, chaos.Chaos("x", []), "9", "escape") is None


# ---------------------------------------------------------------------- drain and image
@SIZES
async def test_drain(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        assert await ask(pilot, drain.Drain("wk-1", 17), "enter") == DrainOptions()
        await ask(pilot, drain.Drain("wk-1"))
        assert "▐X▌ Force" in painted(app)
        app.screen.query_one("#force").value = False
        await pilot.pause()
        assert "▐ ▌ Force" in painted(app)
        app.screen.query_one("#timeout", Input).value = "30"
        await pilot.press("enter")
        assert app.result == DrainOptions(force=False, timeout_ms=30_000)


async def test_drain_refuses_nonsense():
    app = Host()
    async with app.run_test() as pilot:
        await ask(pilot, drain.Drain("wk-1"))
        app.screen.query_one("#grace", Input).value = "soon"
        await pilot.press("enter")
        assert app.result is NOTHING
        assert "the grace period is a number of seconds" in painted(app)


async def test_images():
    app = Host()
    async with app.run_test() as pilot:
        images = {"app": "web:1", "side": "proxy:1"}
        result = await ask(pilot, drain.Image("pod web-1", images), "tab", "end", "backspace", "2", "enter")
        assert result == {"side": "proxy:2"}
        assert await ask(pilot, drain.Image("pod web-1", images), "enter") is None
        assert await ask(pilot, drain.Image("pod", {"app": "w"}), "end", "backspace", "enter") is NOTHING


# ---------------------------------------------------------------------- help and palette
@SIZES
async def test_help_lists_every_key(size):
    app = Host()
    actions = [*ACTIONS, *DRAWER_ACTIONS]
    async with app.run_test(size=size) as pilot:
        await ask(pilot, Help("Keys", actions))
        text = "".join(str(column.render()) for column in app.screen.query(Static))
        for action in actions:
            assert " ".join(action.keys) in text
        assert "All keys of this view" in text
        await pilot.press("q")
        assert app.result is None


def test_groups_keep_their_order_and_are_balanced():
    groups = grouped([Action(str(at), ("x",), "", "l", "h", group=f"g{at // 4}") for at in range(16)])
    left, right = balanced(groups)
    assert [name for name, _ in left] == ["g0", "g1"]
    assert [name for name, _ in right] == ["g2", "g3"]


def test_commands_without_keys_are_listed_too():
    assert grouped([Action("a", (), "mend", "l", "End all faults")]) == [("General", [(":mend", "End all faults")])]


class Palette(Host):
    def __init__(self):
        super().__init__()
        self.done = []

    def palette_actions(self):
        return ACTIONS[:6]

    async def run_action_id(self, action_id):
        self.done.append(action_id)


async def test_palette():
    app = Palette()
    async with app.run_test(size=(100, 30)) as pilot:
        app.push_screen(palette.palette())
        await pilot.pause()
        await pilot.press(*"all keys")
        await pilot.pause(0.4)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.done == ["help"]


def test_palette_titles():
    action = next(each for each in ACTIONS if each.id == "scale")
    assert palette.title(action) == "Object: scale  <s>  :scale"


# ---------------------------------------------------------------------- editor
@pytest.fixture
def client():
    return Double(pod("web-1"), service(), event("e", "web-1", "Pulled", "x"))


def editor(client, key=KEY):
    return Editor(key, client.objects_by_key[key], client.send)


async def change(pilot, old, new):
    area = pilot.app.screen.query_one(TextArea)
    assert old in area.text
    area.text = area.text.replace(old, new)
    await pilot.press("ctrl+s")
    await pilot.pause()


@SIZES
async def test_edit_shows_the_difference_before_it_is_applied(size, client):
    app = Host()
    async with app.run_test(size=size) as pilot:
        await ask(pilot, editor(client))
        assert "managedFields" not in app.screen.query_one(TextArea).text
        await change(pilot, "web:1.4.2", "web:1.4.3")
        assert isinstance(app.screen, Difference)
        assert "+1 −1" in app.screen.query_one(".editor").border_title
        assert any(
            line.endswith("+     image: registry.example/web:1.4.3") for line in app.screen.query_one(TextView).lines
        )
        assert client.requests[-1].query["dryRun"] == "All"
        assert app.result is NOTHING
        await pilot.press("enter")
        await pilot.pause()
        assert app.result["spec"]["containers"][0]["image"] == "registry.example/web:1.4.3"
        assert app.result["metadata"]["managedFields"]


async def test_back_from_the_difference_to_the_text(client):
    app = Host()
    async with app.run_test() as pilot:
        await ask(pilot, editor(client))
        await change(pilot, "1.4.2", "1.4.3")
        await pilot.press("escape")
        assert isinstance(app.screen, Editor)
        await pilot.press("escape")
        assert "Esc again drops them" in painted(app)
        await pilot.press("escape")
        assert app.result is None


async def test_bad_yaml_is_told_with_its_line(client):
    app = Host()
    async with app.run_test() as pilot:
        await ask(pilot, editor(client))
        await change(pilot, "kind: Pod", "kind: Pod: x")
        assert "line 2, column 10: mapping values are not allowed" in painted(app)
        assert app.screen.query_one(TextArea).cursor_location == (1, 9)


async def test_what_the_server_refuses_is_told_with_its_line(client):
    cause = {"field": "spec.containers[0].image", "message": "Required value", "reason": "FieldValueRequired"}
    client.answers.append((lambda request: request.verb == "update", status(422, "invalid", "Invalid", causes=[cause])))
    app = Host()
    async with app.run_test(size=(100, 40)) as pilot:
        await ask(pilot, editor(client))
        await change(pilot, "1.4.2", "1.4.3")
        assert isinstance(app.screen, Editor)
        assert "spec.containers[0].image: Required value" in painted(app)
        row, column = app.screen.query_one(TextArea).cursor_location
        assert app.screen.query_one(TextArea).document.get_line(row)[column:].startswith("image: ")


async def test_a_conflict_does_not_stop_the_check(client):
    client.answers.append((lambda request: request.verb == "update", status(409, "modified", "Conflict")))
    app = Host()
    async with app.run_test() as pilot:
        await ask(pilot, editor(client))
        await change(pilot, "1.4.2", "1.4.3")
        assert isinstance(app.screen, Difference)


async def test_nothing_changed(client):
    app = Host()
    async with app.run_test() as pilot:
        await ask(pilot, editor(client), "ctrl+s")
        assert "Edit cancelled, no changes made." in painted(app)
        await pilot.press("escape")
        assert app.result is None


async def test_the_list_scrolls_in_a_small_screen():
    app = Host()
    async with app.run_test(size=(60, 16)) as pilot:
        await ask(pilot, picker.namespaces([f"ns-{at:03d}" for at in range(100)], "ns-050"))
        assert app.screen.query_one(OptionList).scroll_y > 0
        assert "ns-050" in painted(app)
