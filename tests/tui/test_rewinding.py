"""Going back in time on the screen: keys, commands, the header, another future."""

import asyncio

import pytest
from test_home import lines, settled

from building import create
from kubesim.cluster import Cluster
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import DEPLOYMENTS, MERGE_PATCH, PODS, Key, Request
from kubetui.app import Explorer
from kubetui.client.local import LocalClient
from kubetui.client.port import Bookmark
from kubetui.model import moments, timebar
from kubetui.model.glyphs import UNICODE
from kubetui.model.moments import PRESENT, Stop
from kubetui.model.timebar import Moment

WEB = Key(DEPLOYMENTS, "default", "web")


def client_of_web():
    cluster = Cluster()
    cluster.add_node(NodeSpec("wk-1"))
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx:1.29"}]}}
    create(cluster, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
                     "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}})  # fmt: skip
    return LocalClient(cluster, "lab")


async def typed(pilot, text):
    await pilot.press(":", *("space" if letter == " " else letter for letter in text), "enter")
    await pilot.pause(0.05)


async def arrived(pilot, client, *, away):
    for _ in range(200):
        await pilot.pause(0.01)
        if client.past.away is away and not client.past.seeking:
            break
    await settled(pilot)
    assert client.past.away is away


class Lived:
    """An explorer of a cluster that was scaled after 20 s and is 40 s old."""

    def __init__(self, size=(120, 40)):
        self.client = client_of_web()
        self.app = Explorer(self.client)
        self._test = self.app.run_test(size=size)

    async def __aenter__(self):
        self.pilot = await self._test.__aenter__()
        past, time = self.client.past, self.client.time
        past.begin()
        while not past.kept.album.all:
            await asyncio.sleep(0.005)
        await time.advance(20_000)
        await self.client.send(Request("patch", WEB, body={"spec": {"replicas": 4}}, content_type=MERGE_PATCH))
        await time.advance(20_000)
        await settled(self.pilot)
        return self

    async def __aexit__(self, *reason):
        await self._test.__aexit__(*reason)

    @property
    def pods(self):
        return len(self.client.objects(PODS, "default"))

    @property
    def text(self):
        return "\n".join(lines(self.app))


@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=str)
async def test_back_to_an_action_and_to_the_present(size):
    async with Lived(size) as lived:
        assert "PAST" not in lived.text
        await lived.pilot.press("{")
        await arrived(lived.pilot, lived.client, away=True)
        assert "PAST 00:00:20.000" in lived.text
        assert lived.pods == 2
        assert "00:40" not in lived.text.splitlines()[0]
        await lived.pilot.press("escape")
        await arrived(lived.pilot, lived.client, away=False)
        assert "PAST" not in lived.text
        assert lived.pods == 4


async def test_comma_and_full_stop_are_each_others_opposite():
    async with Lived() as lived:
        steps = lived.client.cluster.loop.steps
        await lived.pilot.press("comma")
        await arrived(lived.pilot, lived.client, away=True)
        assert lived.client.cluster.loop.steps == steps - 1
        await typed(lived.pilot, "back 5")
        await arrived(lived.pilot, lived.client, away=True)
        assert lived.client.cluster.loop.steps == steps - 6
        await lived.pilot.press("full_stop")
        await settled(lived.pilot)
        assert lived.client.cluster.loop.steps == steps - 5
        await lived.pilot.press("}")
        await arrived(lived.pilot, lived.client, away=False)


async def test_bookmarks_and_times():
    async with Lived() as lived:
        await lived.pilot.press("B")
        await typed(lived.pilot, "mark calm")
        assert [mark.name for mark in lived.client.past.bookmarks] == ["B1", "calm"]
        await typed(lived.pilot, "goto 0:07.5")
        await arrived(lived.pilot, lived.client, away=True)
        assert "PAST 00:00:07.500" in lived.text
        await typed(lived.pilot, "goto now")
        await arrived(lived.pilot, lived.client, away=False)
        await lived.client.time.advance(10_000)
        await typed(lived.pilot, "goto calm")
        await arrived(lived.pilot, lived.client, away=True)
        assert lived.client.now() - lived.client.time.epoch == 40_000


async def test_the_past_refuses_changes_and_an_open_drawer_follows():
    async with Lived() as lived:
        await typed(lived.pilot, "deploy")
        await lived.pilot.press("y")
        await settled(lived.pilot)
        assert "replicas: 4" in lived.text
        await typed(lived.pilot, "goto 0:15")
        await arrived(lived.pilot, lived.client, away=True)
        await settled(lived.pilot)
        assert "replicas: 2" in lived.text
        await lived.pilot.press("escape")
        await settled(lived.pilot)
        assert lived.client.past.away, "Esc closes the drawer first"
        await typed(lived.pilot, "scale 7")
        await settled(lived.pilot)
        assert lived.client.cluster.store.get(*WEB)["spec"]["replicas"] == 2
        assert any("this is the past" in str(note.message) for note in lived.app._notifications)


async def test_going_on_from_the_past_asks_first():
    async with Lived() as lived:
        await typed(lived.pilot, "goto 0:15")
        await arrived(lived.pilot, lived.client, away=True)
        await lived.pilot.press("Y")
        await settled(lived.pilot)
        assert "Go on from 00:00:15.000" in lived.text
        await lived.pilot.press("escape")
        await settled(lived.pilot)
        assert lived.client.past.away
        await lived.pilot.press("Y")
        await settled(lived.pilot, "tab", "enter")
        assert not lived.client.past.away
        assert lived.client.now() - lived.client.time.epoch == 15_000
        assert lived.app.frame.stage.home.story.view.moments == [Moment(lived.client.time.epoch, "o")]
        await typed(lived.pilot, "undo")
        assert any("nothing to undo" in str(note.message) for note in lived.app._notifications)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("14:32", Stop(1000 + 872_000)),
        ("1:14:32", Stop(1000 + 4_472_000)),
        ("0:07.5", Stop(8_500)),
        ("1d 0:0:1", Stop(1000 + 86_401_000)),
        ("-90s", Stop(911_000)),
        ("+1m", Stop(1_061_000)),
        ("now", PRESENT),
        ("calm", Stop(5_000, "calm")),
        ("start", Stop(1000)),
    ],
)
def test_what_goto_understands(text, expected):
    assert moments.parse(text, [Bookmark("calm", 5_000)], 1000, 1_001_000) == expected


@pytest.mark.parametrize("text", ["", "soon", "-", "14", "-soon", "1:2:3:4"])
def test_what_goto_does_not_understand(text):
    with pytest.raises(ValueError, match=r"calm|duration"):
        moments.parse(text, [Bookmark("calm", 5_000)], 1000, 1_001_000)


def test_the_stops_of_the_bar():
    found = moments.stops([Bookmark("calm", 30)], [Moment(10, "o"), Moment(30, "!"), Moment(20, "o")], 15)
    assert found == [Stop(20, action=True), Stop(30, "calm")]
    assert moments.before(found, 30) == found[0]
    assert moments.before(found, 20) is None
    assert moments.after(found, 20) == found[1]
    assert moments.after(found, 30) is PRESENT


def test_the_bar_shows_bookmarks_and_where_one_is():
    runs = timebar.draw(21, 0, 180, [Moment(20, "o")], UNICODE, [("B1", 90), ("calm", 0)], shown=50)
    text = "".join(text for text, _ in runs)
    assert text == "├cao──●───B1───────·┤"
    roles = {role for _, role in runs}
    assert roles == {"line", "action", "mark", "past", "present"}
