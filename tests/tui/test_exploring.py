"""Containers, a shell, x-rays, history, differences, what-if forks and the forecast of scaling, on the screen."""

import pytest
from test_home import settled
from test_rewinding import Lived, typed

from kubesim.objects.wire import PODS


async def until(lived, text, tries=200):
    for _ in range(tries):
        await lived.pilot.pause(0.02)
        if text in lived.text:
            return
    pytest.fail(f"{text!r} is not on the screen:\n{lived.text}")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=str)
async def test_enter_on_a_pod_shows_its_containers_and_enter_there_its_log(size):
    async with Lived(size) as lived:
        await typed(lived.pilot, "pods default")
        await settled(lived.pilot, "enter")
        await until(lived, "containers(default)[1]")
        assert "nginx:1.29" in lived.text
        assert "Running" in lived.text
        await settled(lived.pilot, "enter")
        assert lived.app.frame.stage.drawer.tab == "logs"
        assert lived.app.frame.stage.drawer.log_view.streams.container == "c"


async def test_a_shell_keeps_its_directory():
    async with Lived() as lived:
        await typed(lived.pilot, "pods default")
        await settled(lived.pilot, "s")
        for line in ("cd /etc", "pwd", "cat hosts"):
            lived.app.screen.query_one("#shell-line").value = line
            await settled(lived.pilot, "enter")
        assert "/etc # pwd" in lived.text
        assert "127.0.0.1" in lived.text
        lived.app.screen.query_one("#shell-line").value = "exit"
        await settled(lived.pilot, "enter")
        assert "sh in" not in lived.text


@pytest.mark.parametrize(
    ("key", "text"),
    [("H", "REVISIONS"), ("D", "CHANGED since"), ("x", "ReplicaSet web-")],
    ids=["history", "diff", "xray"],
)
async def test_the_tabs_about_the_past_and_the_neighbours(key, text):
    async with Lived() as lived:
        await typed(lived.pilot, "deploy")
        await settled(lived.pilot, key)
        await until(lived, text)


async def test_an_xray_of_all_of_a_kind():
    async with Lived() as lived:
        await typed(lived.pilot, "xray deploy")
        await until(lived, "container c")
        await settled(lived.pilot, "escape")
        assert "container c" not in lived.text


async def test_scaling_says_where_pods_would_fit():
    async with Lived() as lived:
        await typed(lived.pilot, "deploy")
        await settled(lived.pilot, "s", "6")
        await until(lived, "4 → 6: 2 fit (wk-1 2)")


async def test_what_if():
    async with Lived((80, 24)) as lived:
        await settled(lived.pilot, "I")
        await until(lived, "FORK")
        await typed(lived.pilot, "deploy")
        await typed(lived.pilot, "scale 1")
        await lived.client.time.advance(10_000)
        assert len(lived.client.objects(PODS, "default")) == 1
        await settled(lived.pilot, "I")
        await until(lived, "AS IT WAS")
        assert "4/4" in lived.text
        await settled(lived.pilot, "d")
        await until(lived, "PAUSED")
        assert len(lived.client.objects(PODS, "default")) == 4
        assert "FORK" not in lived.text
