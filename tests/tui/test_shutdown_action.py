"""Breaking nodes by name from the command line: shutting one down, switching it on again by undo."""

import pytest
from test_home import settled
from test_rewinding import Lived, typed

from kubesim.objects.wire import FAULTS, NODES


def seen(lived):
    return [lived.text, *(str(note.message) for note in lived.app._notifications)]


def ready(lived, name):
    node = next(each for each in lived.client.objects(NODES) if each["metadata"]["name"] == name)
    found = next(each for each in node["status"]["conditions"] if each["type"] == "Ready")
    return found["status"], found["message"]


async def test_shutting_down_and_undoing_it():
    async with Lived() as lived:
        await typed(lived.pilot, "nodes")
        await typed(lived.pilot, "chaos shutdown")
        (fault,) = lived.client.objects(FAULTS)
        name = fault["spec"]["target"]["name"]
        assert fault["spec"]["type"] == "NodeShutdown"
        assert any(f"node {name} shuts down" in text for text in seen(lived))
        await lived.client.time.advance(500)
        assert ready(lived, name) == ("False", "node is shutting down")
        await lived.client.time.advance(40_000)
        await settled(lived.pilot, "U")
        await lived.client.time.advance(30_000)
        assert lived.client.objects(FAULTS) == []
        assert ready(lived, name) == ("True", "kubelet is posting ready status")


@pytest.mark.parametrize(
    ("line", "text"),
    [("chaos meteor", "nothing here can be broken by meteor"), ("chaos pressure", "Eat the memory of")],
    ids=["unknown", "several"],
)
async def test_what_is_not_one_fault(line, text):
    async with Lived() as lived:
        await typed(lived.pilot, "nodes")
        await typed(lived.pilot, line)
        assert any(text in each for each in seen(lived))
        assert lived.client.objects(FAULTS) == []
