"""The explorer on a cluster of another process."""

import asyncio
import time

import pytest
from test_home import lines, settled
from test_rewinding import typed

from conformance.served import Served
from kubesim.scenario.description import read
from kubesim.scenario.loader import build, sample_folder
from kubetui.app import Explorer
from kubetui.client.attached import attached
from kubetui.client.remote import Overrides, load


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    cluster = build(read(sample_folder() / "broken"), epoch_ms=int(time.time()) * 1000)
    found = Served(cluster, tmp_path_factory.mktemp("server"), speed=20)
    yield found
    found.stop()


class Attached:
    """An explorer on the served cluster."""

    def __init__(self, served, size=(140, 40)):
        self.client = attached(load(Overrides(kubeconfig=str(served.kubeconfig)), {}))
        self.app = Explorer(self.client, kept=True)
        self._test = self.app.run_test(size=size)

    async def __aenter__(self):
        self.pilot = await self._test.__aenter__()
        return self

    async def __aexit__(self, *reason):
        await self._test.__aexit__(*reason)

    @property
    def text(self):
        return "\n".join(lines(self.app))

    async def until(self, *texts):
        for _ in range(400):
            await self.pilot.pause(0.02)
            if all(text in self.text for text in texts):
                return
        pytest.fail(f"{texts!r} are not on the screen:\n{self.text}")

    async def told(self, text):
        for _ in range(400):
            if any(text in each.message for each in self.app._notifications):
                return
            await asyncio.sleep(0.02)
        pytest.fail(f"{text!r} was not said")


@pytest.mark.parametrize("size", [(140, 40), (80, 24), (200, 60)], ids=str)
async def test_the_home_screen(served, size):
    async with Attached(served, size) as screen:
        await screen.until("SIM", "CrashLoopBackOff")
        assert "PAUSED" not in screen.text


async def test_details_of_a_broken_pod(served):
    async with Attached(served) as screen:
        await typed(screen.pilot, "pods broken /crash-loop")
        await screen.until("CrashLoopBackOff")
        await settled(screen.pilot, "W")
        await screen.until("[Why]", "SYMPTOM", "CrashLoopBackOff", "BackOff")
        await settled(screen.pilot, "y")
        await screen.until("apiVersion: v1")
        await settled(screen.pilot, "l")
        await screen.until("[Logs]")


async def test_scaling_and_taking_it_back(served):
    async with Attached(served) as screen:
        await typed(screen.pilot, "deploy broken /wrong-selector")
        await screen.until("wrong-selector")
        await typed(screen.pilot, "scale 3")
        await screen.told("deployment.apps/wrong-selector scaled: 1 → 3")
        await screen.until("3/3")
        await settled(screen.pilot, "U")
        await screen.told("undone")
        await screen.until("1/1")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("semicolon", "a real cluster's time runs by itself"),
        ("comma", "a real cluster's past is not kept"),
        (":reconcile", "does not show the queues"),
        (":forecast", "cannot be run ahead"),
        (":fork", "a real cluster cannot be copied"),
        (":break pods created", "you are told at pods created"),
    ],
)
async def test_what_only_a_cluster_of_ones_own_can(served, keys, message):
    async with Attached(served) as screen:
        if keys.startswith(":"):
            await typed(screen.pilot, keys[1:])
        else:
            await settled(screen.pilot, keys)
        await screen.told(message)
        screen.client.breaks.clear()


async def test_another_context_is_left_for(served):
    async with Attached(served) as screen:
        screen.app.general.contexts = ["broken", "other"]
        await typed(screen.pilot, "ctx nosuch")
        await screen.told('context "nosuch" does not exist; there are broken, other')
        await typed(screen.pilot, "ctx other")
        await screen.pilot.pause(0.1)
    assert screen.app.general.wanted_context == "other"
