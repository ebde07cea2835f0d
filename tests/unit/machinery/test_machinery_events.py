"""The event recorder against client-go's rules, and the hub's order and lag."""

from typing import Any

import pytest

from kubesim.kernel.loop import Loop
from kubesim.machinery.informer import Hub
from kubesim.machinery.recorder import Recorder
from kubesim.objects.errors import bad_request
from kubesim.objects.wire import CONFIGMAPS, EVENTS, PODS, Identity
from kubesim.store.mvcc import Store

POD = {
    "kind": "Pod",
    "apiVersion": "v1",
    "metadata": {"name": "web", "namespace": "shop", "uid": "u1", "resourceVersion": "7"},
}


class FakeClient:
    identity = Identity("user", (), "kubelet")

    def __init__(self) -> None:
        self.events: dict[str, Any] = {}
        self.refuse = False

    def get(self, gvr, namespace, name):
        return self.events.get(name)

    def create(self, gvr, namespace, body):
        if self.refuse:
            raise bad_request("no")
        assert (gvr, namespace) == (EVENTS, body["metadata"]["namespace"])
        assert body["metadata"]["name"] not in self.events
        self.events[body["metadata"]["name"]] = body
        return body

    def update(self, gvr, body):
        self.events[body["metadata"]["name"]] = body


@pytest.fixture
def scene():
    loop, client = Loop(1_767_225_600_000), FakeClient()
    return loop, client, Recorder(client, loop)


def test_an_event_has_kubernetes_fields(scene):
    _, client, recorder = scene
    recorder.host = "wk-1"
    recorder.event(POD, "Normal", "Started", "Container started")
    (event,) = client.events.values()
    assert event["source"] == {"component": "kubelet", "host": "wk-1"}
    assert event["count"] == 1
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-01-01T00:00:00Z"
    assert event["involvedObject"] == {
        "kind": "Pod", "namespace": "shop", "name": "web", "uid": "u1", "apiVersion": "v1", "resourceVersion": "7"
    }  # fmt: skip
    assert event["metadata"]["name"].startswith("web.")


def test_the_same_again_is_counted(scene):
    loop, client, recorder = scene
    for _ in range(3):
        recorder.event(POD, "Warning", "BackOff", "Back-off restarting")
        loop.run_until(loop.now + 5_000)
    (event,) = client.events.values()
    assert event["count"] == 3
    assert (event["firstTimestamp"], event["lastTimestamp"]) == ("2026-01-01T00:00:00Z", "2026-01-01T00:00:10Z")


def test_ten_similar_ones_are_combined(scene):
    _, client, recorder = scene
    for number in range(14):
        recorder.event(POD, "Normal", "SuccessfulCreate", f"Created pod: web-{number}")
    messages = [event["message"] for event in client.events.values()]
    assert messages[:9] == [f"Created pod: web-{number}" for number in range(9)]
    assert messages[9:] == ["(combined from similar events): Created pod: web-13"]
    assert list(client.events.values())[9]["count"] == 5


def test_containers_of_one_pod_are_told_apart(scene):
    _, client, recorder = scene
    for name in ("a", "b"):
        recorder.event(POD, "Normal", "Started", "Container started", f"spec.containers{{{name}}}")
    assert [event["count"] for event in client.events.values()] == [1, 1]


def test_the_spam_filter_lets_25_through_and_one_more_each_five_minutes(scene):
    loop, client, recorder = scene
    for _ in range(40):
        recorder.event(POD, "Warning", "Unhealthy", "probe failed")
    (event,) = client.events.values()
    assert event["count"] == 25
    loop.run_until(loop.now + 300_000)
    recorder.event(POD, "Warning", "Unhealthy", "probe failed")
    recorder.event(POD, "Warning", "Unhealthy", "probe failed")
    (event,) = client.events.values()
    assert event["count"] == 26


def test_the_schedulers_recorder_makes_series_and_filters_nothing(scene):
    _, client, recorder = scene
    recorder.modern = True
    for _ in range(30):
        recorder.event(POD, "Warning", "FailedScheduling", "0/3 nodes are available")
    (event,) = client.events.values()
    assert event["series"]["count"] == 30
    assert event["source"] == {}
    assert event["eventTime"] == "2026-01-01T00:00:00.000000Z"


def test_refused_events_are_dropped_and_counted(scene):
    _, client, recorder = scene
    client.refuse = True
    recorder.event(POD, "Normal", "Started", "Container started")
    assert client.events == {}
    assert recorder.dropped == 1


class Listener:
    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.seen: list[tuple[int, int, bool, bool]] = []

    def note(self, old, new, revision):
        self.seen.append((self.loop.now, revision, old is None, new is None))


def test_the_hub_tells_in_order_after_the_lag():
    loop, store = Loop(1000), Store()
    hub, listener = Hub(loop, store), Listener(Loop(0))
    listener.loop = loop
    hub.on(PODS, listener.note)
    with pytest.raises(TypeError):
        hub.on(PODS, lambda *_: None)
    first = store.put(PODS, "a", "x", {"metadata": {}}, None)
    store.put(CONFIGMAPS, "a", "x", {"metadata": {}}, None)
    store.delete(PODS, "a", "x", first)
    assert listener.seen == []
    loop.run_until(1100)
    assert listener.seen == [(1003, 2, True, False), (1003, 4, False, True)]


def test_a_long_burst_is_delivered_in_slices():
    loop, store = Loop(0), Store()
    hub, listener = Hub(loop, store), Listener(loop)
    hub.on(PODS, listener.note)
    for number in range(300):
        store.put(PODS, "a", f"x{number}", {"metadata": {}}, None)
    loop.run_one()
    assert 0 < len(listener.seen) < 300
    loop.run_until(1000)
    assert [revision for _, revision, _, _ in listener.seen] == list(range(2, 302))
