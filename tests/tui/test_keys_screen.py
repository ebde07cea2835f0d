"""Keys on the screen against the real simulator: what they do to the cluster, and how it is taken back."""

import asyncio

import pytest
from textual.widgets import Input

from building import create
from kubesim.objects.wire import DEPLOYMENTS, FAULTS, NODES, PODS
from kubetui.app import Explorer, default_keymap
from kubetui.client.local import LocalClient
from kubetui.model.places import Place
from kubetui.panes.dialogs.frame import Confirm
from kubetui.panes.dialogs.help import Help
from kubetui.panes.dialogs.scale import Scale

WEB = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "nginx:1.27", "ports": [{"containerPort": 80}]}]},
        },
    },
}


@pytest.fixture
def lab(cluster):
    create(cluster, WEB)
    cluster.advance(30_000)
    return cluster


class Person:
    """Presses keys until something is so."""

    def __init__(self, cluster, **settings):
        self.cluster = cluster
        self.client = LocalClient(cluster, "lab")
        self.app = Explorer(self.client, **settings)

    async def press(self, pilot, *keys):
        for key in keys:
            await pilot.press(key)
        await pilot.pause(0.02)

    async def until(self, condition, seconds=5.0):
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not condition():
            assert loop.time() < end, "it did not come to that"
            await asyncio.sleep(0.01)

    def object(self, gvr, name, namespace="default"):
        return self.cluster.store.get(gvr, namespace, name)

    def replicas(self):
        return self.object(DEPLOYMENTS, "web")["spec"]["replicas"]

    def messages(self):
        return [note.message for note in self.app._notifications]

    def run(self):
        return self.app.run_test(size=(120, 40), notifications=True)


async def test_scale_by_dialog_and_undo(lab):
    person = Person(lab, speed=60)
    async with person.run() as pilot:
        await person.press(pilot, *":deploy", "enter", "s")
        await person.until(lambda: isinstance(person.app.screen, Scale))
        await person.press(pilot, "5", "enter")
        await person.until(lambda: person.replicas() == 5)
        await person.until(
            lambda: "5/5" in str(person.app.frame.table.view.cells(person.app.frame.table.cursor_key, 0))
        )
        assert any("2 → 5" in message for message in person.messages())
        await person.press(pilot, "U")
        await person.until(lambda: person.replicas() == 2)
        await person.press(pilot, "U")
        await person.until(lambda: "nothing to undo" in person.messages())


async def test_scale_by_command_and_by_one(lab):
    person = Person(lab)
    async with person.run() as pilot:
        await person.press(pilot, *":deploy", "enter")
        await person.press(pilot, *":scale 4", "enter")
        await person.until(lambda: person.replicas() == 4)
        await person.press(pilot, "alt+up")
        await person.until(lambda: person.replicas() == 5)
        await person.press(pilot, "alt+down")
        await person.until(lambda: person.replicas() == 4)


async def test_delete_needs_no_question_in_a_simulation_and_comes_back(lab):
    person = Person(lab, speed=60)
    async with person.run() as pilot:
        await person.press(pilot, *":deploy", "enter", "ctrl+d")
        await person.until(lambda: person.object(DEPLOYMENTS, "web") is None)
        await person.press(pilot, "U")
        await person.until(lambda: person.object(DEPLOYMENTS, "web") is not None)


async def test_delete_asks_on_a_real_cluster_and_cancel_has_the_focus(lab):
    person = Person(lab)
    person.client.simulated = False
    async with person.run() as pilot:
        await person.press(pilot, *":deploy", "enter", "ctrl+d")
        await person.until(lambda: isinstance(person.app.screen, Confirm))
        await person.press(pilot, "enter")
        assert person.object(DEPLOYMENTS, "web") is not None
        await person.press(pilot, "ctrl+d")
        await person.until(lambda: isinstance(person.app.screen, Confirm))
        await person.press(pilot, "tab", "enter")
        await person.until(lambda: person.object(DEPLOYMENTS, "web") is None)
    lab.advance(60_000)


async def test_a_node_is_crashed_seen_and_mended(lab):
    person = Person(lab, speed=60)
    async with person.run() as pilot:
        await person.press(pilot, "shift+tab", "ctrl+x")
        await person.until(lambda: lab.store.count(FAULTS) == 1)

        def ready():
            return next(c for c in person.object(NODES, "n1", "")["status"]["conditions"] if c["type"] == "Ready")

        await person.until(lambda: ready()["status"] == "Unknown")
        assert "NodeCrash by you" in person.app.frame.table._explain(person.app.frame.table.viewport.cursor)
        await person.press(pilot, "U")
        await person.until(lambda: ready()["status"] == "True")
        assert lab.store.count(FAULTS) == 0


async def test_cordon_and_uncordon(lab):
    person = Person(lab)
    async with person.run() as pilot:
        await person.press(pilot, "shift+tab", "c")
        await person.until(lambda: person.object(NODES, "n1", "")["spec"].get("unschedulable"))
        await person.press(pilot, "u")
        await person.until(lambda: not person.object(NODES, "n1", "")["spec"].get("unschedulable"))


async def test_read_only_refuses(lab):
    person = Person(lab)
    person.client.read_only = True
    async with person.run() as pilot:
        await person.press(pilot, *":deploy", "enter", "alt+up")
        await person.until(lambda: any("read-only" in message for message in person.messages()))
        assert person.replicas() == 2


async def test_details_open_follow_and_close(lab):
    person = Person(lab)
    async with person.run() as pilot:
        await person.press(pilot, *":po", "enter", "y")
        stage = person.app.frame.stage
        await person.until(lambda: stage.drawer is not None)
        assert stage.drawer.tab == "yaml"
        await person.press(pilot, "d")
        await person.until(lambda: stage.drawer.tab == "describe")
        await person.press(pilot, "escape")
        await person.until(lambda: stage.drawer is None)
        assert person.app.focused is person.app.frame.table


async def test_typing_in_a_field_is_not_taken_for_keys(lab):
    person = Person(lab)
    async with person.run() as pilot:
        await person.press(pilot, "slash", *"qU;x", "enter")
        assert person.app.return_value is None
        assert person.app.frame.table.view.selection.filter.text == "qU;x"
        assert not person.client.time.paused or person.client.pump.paused
        await person.press(pilot, "colon", *"zz")
        assert isinstance(person.app.focused, Input)
        await person.press(pilot, "escape")
        assert person.app.focused is person.app.frame.table


async def test_the_command_line_completes_and_remembers(lab):
    person = Person(lab)
    async with person.run() as pilot:
        await person.press(pilot, *":deplo")
        await pilot.pause(0.1)
        await person.press(pilot, "tab")
        assert person.app.focused.value == ":deploy"
        await person.press(pilot, "enter")
        assert person.app.frame.table.gvr == DEPLOYMENTS
        await person.press(pilot, "colon", "up")
        assert person.app.focused.value == ":deploy"
        await person.press(pilot, "escape")


async def test_help_lists_the_keys_of_the_pane(lab):
    person = Person(lab)
    async with person.run() as pilot:
        await person.press(pilot, "question_mark")
        assert isinstance(person.app.screen, Help)
        await person.press(pilot, "escape")
        assert person.app.screen is person.app.frame


async def test_a_moved_key_works_and_is_shown(lab):
    person = Person(lab, keymap=default_keymap({"describe": ["Ctrl-T"]}))
    async with person.run() as pilot:
        await person.press(pilot, "d")
        assert person.app.frame.stage.drawer is None
        await person.press(pilot, "ctrl+t")
        await person.until(lambda: person.app.frame.stage.drawer is not None)
        await person.press(pilot, "escape")
        await pilot.pause(0.05)
        runs = person.app.frame._footer.lines(200)[0]
        assert "<Ctrl-T>" in [text for text, _ in runs]


async def test_step_tells_what_comes_next_and_runs_it(lab):
    person = Person(lab)
    async with person.run() as pilot:
        steps = lab.loop.steps
        assert person.client.time.next_step()
        await person.press(pilot, *":step 25", "enter")
        await person.until(lambda: lab.loop.steps == steps + 25)


async def test_run_takes_a_stretch_at_once(lab):
    person = Person(lab)
    async with person.run() as pilot:
        now = lab.loop.now
        await person.press(pilot, *":run 1h", "enter")
        await person.until(lambda: lab.loop.now == now + 3_600_000, 20)
        assert person.client.time.paused


@pytest.mark.parametrize("theme", ["nord", "catppuccin-latte", "textual-light"])
async def test_themes_change_on_the_fly(lab, theme):
    person = Person(lab)
    async with person.run() as pilot:
        before = person.app.frame.table.render_line(1)
        await person.press(pilot, *f":theme {theme}", "enter")
        await pilot.pause(0.1)
        assert person.app.theme == theme
        assert person.app.frame.table.render_line(1) != before


async def test_every_served_resource_can_be_browsed(lab):
    person = Person(lab)
    async with person.run():
        for resource in person.client.resources():
            await person.app.frame.navigation.go(Place(resource.gvr))
            await asyncio.sleep(0)
            assert person.app.frame.table.gvr == resource.gvr
            assert not person.app.frame.table.view.error
        assert person.app.frame.table.gvr != PODS
