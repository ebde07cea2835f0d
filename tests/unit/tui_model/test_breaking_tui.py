"""Break points: what they strike at, when, and how often."""

import pytest

from kubesim.api.cel.objecttests import compiled
from kubesim.objects.wire import EVENTS, PODS
from kubetui.client.port import Resource
from kubetui.model.breaking import Change, parse
from kubetui.model.catalogue import Catalogue
from kubetui.model.gate import Gate

CATALOGUE = Catalogue([Resource(PODS, "Pod", True, "pod", ("po",)), Resource(EVENTS, "Event", True, "event", ("ev",))])


def pod(phase, name="a"):
    return {"metadata": {"name": name, "namespace": "default"}, "status": {"phase": phase}}


def made(text, namespace=""):
    return parse(text, CATALOGUE, namespace, compiled)


def change(old, new):
    metadata = (new or old)["metadata"]
    return Change(PODS, metadata["namespace"], metadata["name"], old, new)


def test_a_state_strikes_when_it_begins_and_once():
    found = made("pods Running")
    assert found.take(change(None, pod("Pending")), 0) == ""
    assert found.take(change(pod("Pending"), pod("Running")), 1) == "pod default/a: Running"
    assert found.take(change(pod("Running"), pod("Running")), 2) == ""
    found.take(change(pod("Running"), pod("Failed")), 3)
    assert found.take(change(pod("Failed"), pod("Running")), 4) == "pod default/a: Running"


def test_what_is_so_already_does_not_count():
    found = made("pods Running")
    assert found.begin([pod("Running"), pod("Pending", "b")], 0) == 1
    assert found.take(change(pod("Running"), pod("Running")), 1) == ""
    assert found.take(change(pod("Pending", "b"), pod("Running", "b")), 1) == "pod default/b: Running"


@pytest.mark.parametrize("text", ["pods Pending for 30s", "pods Pending > 30s", "po pending for 0.5m"])
def test_a_lasting_state(text):
    found = made(text)
    assert found.deadline is None
    assert found.take(change(None, pod("Pending")), 1_000) == ""
    assert found.deadline == 31_000
    assert found.lasted(30_999) == []
    assert found.lasted(31_000) == [f"pod default/a: {text.partition(' ')[2]}"]
    assert found.lasted(32_000) == []
    assert found.deadline is None


def test_a_state_that_ends_before_does_not_strike():
    found = made("pods Pending for 30s")
    found.take(change(None, pod("Pending")), 0)
    found.take(change(pod("Pending"), pod("Running")), 10_000)
    assert found.deadline is None
    assert found.lasted(60_000) == []


@pytest.mark.parametrize(
    ("text", "namespace", "strikes"),
    [
        ("pods created", "", True),
        ("pods created", "default", True),
        ("pods created", "other", False),
        ("pod/a created", "", True),
        ("pod/b created", "", False),
        ("pod/a* created", "", True),
        ("pod/default/a created", "other", True),
        ("pod/other/a created", "", False),
    ],
)
def test_which_objects(text, namespace, strikes):
    assert bool(made(text, namespace).take(change(None, pod("Pending")), 0)) is strikes


def test_an_event_tells_its_message():
    event = {"metadata": {"name": "e", "namespace": "default"}, "reason": "BackOff", "message": "back-off 10s",
             "involvedObject": {"kind": "Pod", "apiVersion": "v1", "name": "a", "namespace": "default"}}  # fmt: skip
    found = made("event BackOff")
    assert found.gvr == EVENTS
    assert found.take(Change(EVENTS, "default", "e", None, event), 0) == "pod default/a: BackOff back-off 10s"


@pytest.mark.parametrize(
    "text",
    ["pods", "event", "nosuch Ready", "pods/a/b/c Ready", "pods created for 30s", "pods what is this", "event A b c"],
)
def test_what_cannot_be_read(text):
    with pytest.raises(ValueError, match=r"."):
        made(text)


class Ticks:
    """An engine with something due every 10 ms."""

    def __init__(self):
        self.now, self.steps, self.next_due = 0, 0, 10

    def run_one(self):
        self.now, self.steps, self.next_due = self.next_due, self.steps + 1, self.next_due + 10
        return True

    def run_until(self, due, should_stop=None):
        while self.next_due <= due:
            self.run_one()
        self.now = max(self.now, due)
        return True


class At:
    """Strikes from an instant on."""

    def __init__(self, engine, instant, deadline=None):
        self._engine, self._instant, self.deadline = engine, instant, deadline

    def struck(self):
        if self._engine.now >= self._instant:
            self.deadline = None
            return True
        return False


@pytest.mark.parametrize(("deadline", "stopped"), [(None, 40), (35, 35)])
def test_the_gate_stops_exactly(deadline, stopped):
    engine, gate = Ticks(), Gate()
    gate.guard = At(engine, 35, deadline)
    assert gate.run_until(engine, 1000, lambda: False) is False
    assert (gate.struck, engine.now) == (True, stopped)
    gate.guard = None
    assert gate.run_until(engine, 1000, lambda: False) is True
    assert (gate.struck, engine.now) == (False, 1000)
