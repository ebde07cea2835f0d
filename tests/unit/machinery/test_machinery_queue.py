"""The work queue and the driver: one key at a time, causes, retries with back-off, delays."""

from kubesim.kernel.loop import Loop
from kubesim.machinery.controller import Controller
from kubesim.machinery.workqueue import WorkQueue
from kubesim.objects.errors import bad_request


class FakeClient:
    cause = 0


class Reconcile:
    def __init__(self, loop: Loop, client: FakeClient) -> None:
        self.loop, self.client = loop, client
        self.seen: list = []
        self.fail = 0
        self.again: int | None = None

    def reconcile(self, key):
        self.seen.append((self.loop.now, key, self.client.cause))
        if self.fail:
            self.fail -= 1
            raise bad_request("no")
        again, self.again = self.again, None
        return again


def make():
    loop, client = Loop(0), FakeClient()
    reconciler = Reconcile(loop, client)
    return loop, reconciler, Controller("test", loop, client, reconciler)


def test_keys_are_deduplicated_and_keep_their_first_cause():
    queue = WorkQueue()
    assert queue.add("a", 5)
    assert not queue.add("a", 9)
    assert queue.add("b")
    assert not queue.add("b", 7)
    assert [queue.pop(), queue.pop()] == [("a", 5), ("b", 7)]
    assert len(queue) == 0


def test_one_callback_is_one_key():
    loop, reconciler, controller = make()
    controller.add(("ns", "a"), 4)
    controller.add(("ns", "b"))
    assert controller.describe_next() == "test ns/a"
    loop.run_one()
    assert [key for _, key, _ in reconciler.seen] == [("ns", "a")]
    assert loop.steps == 1
    loop.run_one()
    assert reconciler.seen == [(0, ("ns", "a"), 4), (0, ("ns", "b"), 0)]
    assert reconciler.client.cause == 0


def test_failures_back_off_exponentially_and_are_forgotten():
    loop, reconciler, controller = make()
    reconciler.fail = 4
    controller.add("k")
    loop.run_until(1000)
    assert [at for at, _, _ in reconciler.seen] == [0, 5, 15, 35, 75]
    assert controller.last_error == "no"
    assert controller.queue.failures("k") == 0


def test_the_earliest_wish_wins():
    loop, reconciler, controller = make()
    controller.add_after("k", 100)
    controller.add_after("k", 50)
    controller.add_after("k", 70)
    loop.run_until(1000)
    assert [at for at, _, _ in reconciler.seen] == [50]


def test_a_result_asks_for_another_look():
    loop, reconciler, controller = make()
    reconciler.again = 30
    controller.add("k")
    loop.run_until(100)
    assert [at for at, _, _ in reconciler.seen] == [0, 30]


def test_a_crashed_component_catches_up():
    loop, reconciler, controller = make()
    controller.enabled = False
    controller.add("k")
    loop.run_until(100)
    assert reconciler.seen == []
    controller.enabled = True
    controller.resume()
    loop.run_until(200)
    assert len(reconciler.seen) == 1
