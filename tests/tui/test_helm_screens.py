"""Helm's screens with a pilot: releases, editor, preview, history, install, watched files, charts that misbehave."""

import asyncio
import os

import pytest

from kubesim.cluster import DEFAULT_EPOCH_MS
from kubesim.helm.release.record import from_secret
from kubesim.objects.wire import CONFIGMAPS, DEPLOYMENTS, EVENTS, SECRETS
from kubesim.scenario.description import read
from kubesim.scenario.loader import build, sample_folder
from kubetui.app import Explorer
from kubetui.cli.explore import _releases
from kubetui.client.local import LocalClient
from kubetui.model.helm import rehearsal
from kubetui.panes.helm.preview import Preview
from kubetui.panes.helm.tables import MemberTable, ReleaseTable, RevisionTable
from kubetui.panes.helm.values_editor import ValuesEditor

NAMES = {
    " ": "space",
    "-": "minus",
    "/": "slash",
    ".": "full_stop",
    "=": "equals_sign",
    ":": "colon",
    "_": "underscore",
}


class World:
    """An explorer on a cluster whose time stands."""

    def __init__(self, folder):
        description = read(folder)
        self.folder = folder
        self.cluster = build(description, epoch_ms=DEFAULT_EPOCH_MS)
        self.cluster.advance(20_000)
        self.client = LocalClient(self.cluster, "test")
        self.app = Explorer(
            self.client, namespace="default", folder=description.folder, releases=_releases(description)
        )
        self.pilot = None
        self.said = []
        say = self.app.frame.say
        self.app.frame.say = lambda text, bad=False: (self.said.append(text), say(text, bad=bad))

    async def type(self, text):
        await self.pilot.press(*[NAMES.get(letter, letter) for letter in text])

    async def command(self, text):
        await self.type(":" + text)
        await self.pilot.press("enter")

    async def until(self, check, what=""):
        for _ in range(200):
            await self.pilot.pause(0.02)
            found = check()
            if found:
                return found
        return pytest.fail(f"never: {what} {type(self.app.screen).__name__} {self.said}")

    async def screen(self, kind):
        return await self.until(lambda: isinstance(self.app.screen, kind) and self.app.screen, kind.__name__)

    async def predicted(self):
        preview = await self.screen(Preview)
        await self.until(lambda: preview.rehearsal is not None and preview.rehearsal.outcome, "prediction")
        return preview

    async def releases(self):
        await self.command("helm")
        await self.until(lambda: isinstance(self.app.frame.table, ReleaseTable) and self.app.frame.table.cursor_key)

    def record(self, number, name="hello"):
        secret = self.cluster.store.get(SECRETS, "default", f"sh.helm.release.v1.{name}.v{number}")
        return None if secret is None else from_secret(secret)

    def shown(self):
        return self.app.export_screenshot().replace("&#160;", " ")


@pytest.fixture
def folder(tmp_path):
    source = sample_folder() / "hello-chart"
    for path in source.rglob("*"):
        if path.is_file():
            target = tmp_path / "sample" / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return tmp_path / "sample"


@pytest.fixture
async def world(folder):
    world = World(folder)
    async with world.app.run_test(size=(120, 40)) as world.pilot:
        await world.pilot.pause()
        yield world


async def test_releases_their_resources_and_their_pages(world):
    await world.command("hm")
    table = await world.until(lambda: isinstance(world.app.frame.table, ReleaseTable) and world.app.frame.table)
    await world.until(lambda: "hello-0.1.0" in world.shown())
    await world.pilot.press("W")
    await world.until(lambda: "INSTEAD OF" in world.shown() and "-f values.yaml" in world.shown())
    await world.pilot.press("y")
    await world.until(lambda: "Source: hello/templates/service.yaml" in world.shown())
    await world.pilot.press("escape")
    assert world.app.frame.table is table
    await world.pilot.press("enter")
    await world.until(lambda: isinstance(world.app.frame.table, MemberTable) and world.app.frame.table.view.count == 3)
    assert "resources" in world.app.frame.table.contexts
    await world.pilot.press("escape")
    await world.until(lambda: isinstance(world.app.frame.table, ReleaseTable))
    await world.pilot.press("l")
    assert world.app.screen is world.app.frame


async def test_edit_preview_apply(world):
    await world.releases()
    await world.pilot.press("e")
    editor = await world.screen(ValuesEditor)
    editor.area.load_text("# kept\ngreeting: changed\nreplicaCount: 3\n")
    await world.pilot.press("ctrl+s")
    preview = await world.predicted()
    assert world.record(2) is None
    assert [change.sign for change in preview.plan.changes] == ["~", "~", "="]
    await world.pilot.press("e")
    again = await world.screen(ValuesEditor)
    assert again.area.text.startswith("# kept")
    await world.pilot.press("ctrl+s")
    await world.predicted()
    await world.pilot.press("a")
    await world.until(lambda: world.record(2) is not None and world.record(2).status == "deployed")
    assert world.record(2).config == {"greeting": "changed", "replicaCount": 3.0}
    assert world.cluster.store.get(DEPLOYMENTS, "default", "hello")["spec"]["replicas"] == 3


async def test_values_that_do_not_fit_stay_in_the_editor_with_a_flag_at_their_line(world):
    await world.releases()
    await world.pilot.press("e")
    editor = await world.screen(ValuesEditor)
    editor.area.load_text("greeting: x\nreplicaCount: many\n")
    await world.until(lambda: 2 in editor.area.flags)
    await world.pilot.press("ctrl+s")
    await world.pilot.pause(0.1)
    assert world.app.screen is editor
    assert "line 2, column 1: replicaCount: got string, want integer" in world.shown()
    editor.area.load_text("greeting: [x\n")
    await world.until(lambda: editor.area.flags)
    await world.pilot.press("escape")
    assert world.app.screen is editor
    await world.pilot.press("escape")
    await world.screen(type(world.app.frame))
    assert world.record(2) is None


async def test_nothing_changes_is_said(world):
    await world.releases()
    await world.pilot.press("u")
    await world.predicted()
    assert "nothing changes, neither values nor objects" in world.shown()
    await world.pilot.press("escape")


async def test_a_prediction_can_be_stopped_and_left(world, monkeypatch):
    monkeypatch.setattr(rehearsal, "HORIZON", 10**9)
    monkeypatch.setattr(rehearsal, "LONGEST", 10**9)
    await world.releases()

    async def soon(check):
        # The pilot waits until the program rests, which it does not while it predicts.
        for _ in range(500):
            await asyncio.sleep(0.02)
            if check():
                return
        pytest.fail("never")

    app = world.app
    app.frame.background(app.helm.work.upgrade("hello --set resources.requests.cpu=64"))
    await soon(lambda: isinstance(app.screen, Preview) and app.screen.running and app.screen.rehearsal is not None)
    preview = app.screen
    app.simulate_key("escape")
    await soon(lambda: not preview.running)
    assert app.screen is preview
    assert preview.rehearsal.outcome is None
    app.simulate_key("escape")
    await soon(lambda: app.screen is app.frame)
    assert world.record(2) is None


async def test_a_large_cluster_is_copied_only_on_demand(world, monkeypatch):
    monkeypatch.setattr("kubetui.panes.helm.preview.LARGE", 1)
    await world.releases()
    await world.pilot.press("u")
    preview = await world.screen(Preview)
    await world.until(lambda: "p predicts" in world.shown())
    assert preview.rehearsal is None
    await world.pilot.press("p")
    assert (await world.predicted()).rehearsal.outcome.word == "ROLLS OUT"


async def test_history_compare_and_roll_back(world):
    await world.releases()
    await world.command("upgrade hello --set greeting=two")
    await world.predicted()
    await world.pilot.press("enter")
    await world.until(lambda: world.record(2) and world.record(2).status == "deployed")
    await world.pilot.press("H")
    table = await world.until(lambda: isinstance(world.app.frame.table, RevisionTable) and world.app.frame.table)
    await world.until(lambda: table.view.count == 2)
    await world.pilot.press("space", "space", "D")
    await world.until(lambda: "revision 1 → 2" in world.shown() and "greeting: two" in world.shown())
    await world.pilot.press("escape")
    await world.until(lambda: world.app.screen is world.app.frame)
    await world.pilot.press("ctrl+backslash", "G", "r")
    preview = await world.predicted()
    assert preview.intent.revision == 1
    await world.pilot.press("a")
    await world.until(lambda: world.record(3) and world.record(3).status == "deployed")
    assert world.record(3).description == "Rollback to 1"
    await world.pilot.press("ctrl+d")
    assert any("a revision goes with its release" in text for text in world.said)


async def test_install_a_chart_beside_the_cluster_and_uninstall_with_undo(world):
    await world.command("helm install second hello --set replicaCount=1")
    preview = await world.predicted()
    assert {change.sign for change in preview.plan.changes} == {"+"}
    await world.pilot.press("a")
    await world.until(lambda: world.record(1, "second") and world.record(1, "second").status == "deployed")
    assert world.cluster.store.get(DEPLOYMENTS, "default", "second-hello") is not None
    await world.command("helm")
    await world.until(lambda: isinstance(world.app.frame.table, ReleaseTable) and world.app.frame.table.view.count == 2)
    await world.pilot.press("G", "ctrl+d")
    await world.until(lambda: world.record(1, "second") is None)
    world.cluster.advance(60_000)
    assert world.cluster.store.get(CONFIGMAPS, "default", "second-hello") is None
    await world.pilot.press("U")
    await world.until(lambda: world.record(1, "second") is not None and "undone: uninstall second" in world.said)
    assert world.cluster.store.get(CONFIGMAPS, "default", "second-hello") is not None


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("install a", "install NAME CHART"),
        ("install hello hello", "cannot reuse a name that is still in use"),
        ("install a hello --what", "unknown flag: --what"),
        ("install a hello -f gone.yaml", "no such file or directory"),
        ("values nobody", "there is no release 'nobody'"),
    ],
    ids=["words", "taken", "flag", "file", "release"],
)
async def test_what_cannot_be_done_is_said(world, line, complaint):
    await world.command(f"helm {line}")
    await world.until(lambda: any(complaint in text for text in world.said), complaint)
    assert world.app.screen is world.app.frame


# ---------------------------------------------------------------------- charts that misbehave
BOMBS = {
    "range": "{{- range until 100000 }}{{ range until 100000 }}{{ end }}{{ end -}}",
    "recursion": '{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}',
    "text": '{{ repeat 100000000 "0123456789" }}',
    "yaml": "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
    "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
async def test_a_chart_that_is_a_bomb_leaves_the_explorer_alive(world, bomb):
    (world.folder / "charts" / "hello" / "templates" / "bomb.yaml").write_text(bomb)
    await world.releases()
    waits = []

    async def tick():
        while True:
            start = asyncio.get_running_loop().time()
            await asyncio.sleep(0.01)
            waits.append(asyncio.get_running_loop().time() - start)

    ticking = asyncio.create_task(tick())
    await world.pilot.press("u")
    preview = await world.screen(Preview)
    for _ in range(1500):
        await asyncio.sleep(0.02)
        if preview.error:
            break
    ticking.cancel()
    assert preview.error
    assert "the release is as it was" in world.shown()
    # A thread that renders gives way to keys and repaints many times a second.
    assert max(waits) < 2.0
    await world.pilot.press("escape")
    assert world.record(2) is None


# ---------------------------------------------------------------------- watched files
async def test_a_saved_values_file_brings_up_its_preview(world):
    values = world.folder / "values.yaml"
    await world.pilot.pause(0.3)
    values.write_text("replicaCount: 5\n")
    preview = await world.predicted()
    assert preview.plan.after.config == {"replicaCount": 5.0}
    replacement = values.with_suffix(".new")
    replacement.write_text("replicaCount: 4\n")
    os.replace(replacement, values)
    await world.until(lambda: isinstance(world.app.screen, Preview) and world.app.screen is not preview)
    newer = await world.predicted()
    assert newer.plan.after.config == {"replicaCount": 4.0}
    await world.pilot.press("a")
    await world.until(lambda: world.record(2) and world.record(2).status == "deployed")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("greeting: [half\n", "values.yaml: "),
        ("replicaCount: x\n", "got string, want integer"),
        (None, "values.yaml is gone"),
    ],
    ids=["half", "schema", "deleted"],
)
async def test_values_that_cannot_be_used_are_told_and_the_release_stays(folder, text, complaint):
    file = folder / "cluster.yaml"
    file.write_text(file.read_text().replace("preview", "apply"))
    world = World(folder)
    async with world.app.run_test(size=(120, 40)) as world.pilot:
        await world.pilot.pause(0.3)
        values = folder / "values.yaml"
        if text is None:
            values.unlink()
        else:
            values.write_text(text)
        await world.until(
            lambda: any(complaint in said and "release hello is as it was" in said for said in world.said)
        )
        assert world.record(2) is None
        events = [tree for tree in world.cluster.store.range(EVENTS, "default") if tree["reason"] == "ValuesRefused"]
        assert complaint.strip() in events[0]["message"]
        values.write_text("replicaCount: 3\n")
        await world.until(lambda: world.record(2) and world.record(2).status == "deployed")
        await world.until(lambda: any("values.yaml was saved" in said for said in world.said))


def test_nothing_is_imported_for_watching_when_nothing_is_watched():
    import subprocess
    import sys

    script = (
        "import kubetui.app, sys; print([m for m in ('watchfiles', 'kubetui.panes.helm.work') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout.strip() == "[]"
