"""The event loop: order, slices, pickling."""

import pickle

import pytest

from kubesim.kernel.loop import Loop


class Recorder:
    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.seen: list[tuple[int, str]] = []

    def note(self, text: str) -> None:
        self.seen.append((self.loop.now, text))

    def again(self, text: str, delay: int) -> None:
        self.note(text)
        self.loop.after(delay, self.note, text + "'")


def test_order_is_due_then_registration():
    loop = Loop(1000)
    recorder = Recorder(loop)
    loop.after(20, recorder.note, "c")
    loop.after(10, recorder.note, "a")
    loop.after(20, recorder.note, "d")
    loop.after(10, recorder.again, "b", 0)
    assert loop.run_until(1030)
    assert recorder.seen == [(1010, "a"), (1010, "b"), (1010, "b'"), (1020, "c"), (1020, "d")]
    assert loop.now == 1030


def test_the_past_is_now():
    loop = Loop(1000)
    recorder = Recorder(loop)
    loop.at(5, recorder.note, "late")
    loop.run_until(1000)
    assert recorder.seen == [(1000, "late")]


def test_only_bound_methods_may_be_scheduled():
    with pytest.raises(TypeError, match="bound methods"):
        Loop(0).after(1, lambda: None)


def test_a_slice_can_end_anywhere_and_go_on():
    whole, sliced = Loop(0), Loop(0)
    expected, recorder = Recorder(whole), Recorder(sliced)
    for loop, target in ((whole, expected), (sliced, recorder)):
        for number in range(100):
            loop.after(number % 7, target.again, str(number), number % 3)
    whole.run_until(20)
    while not sliced.run_until(20, lambda: True):
        pass
    assert recorder.seen == expected.seen


def test_run_one_moves_the_clock():
    loop = Loop(0)
    recorder = Recorder(loop)
    loop.after(7, recorder.note, "x")
    assert loop.peek() == recorder.note
    assert loop.next_due == 7
    assert loop.run_one()
    assert loop.now == 7
    assert not loop.run_one()


def test_a_pickled_loop_continues_identically():
    loop = Loop(0)
    recorder = Recorder(loop)
    for number in range(10):
        loop.after(number, recorder.again, str(number), 3)
    loop.run_until(4)
    copy: Recorder = pickle.loads(pickle.dumps(recorder))
    loop.run_until(50)
    copy.loop.run_until(50)
    assert copy.seen == recorder.seen


def test_stamps():
    loop = Loop(1_767_225_600_123)
    assert loop.stamp() == "2026-01-01T00:00:00Z"
    assert loop.micro_stamp() == "2026-01-01T00:00:00.123000Z"
    assert loop.stamp() is loop.stamp()
