"""Virtual time against wall time, with a wall clock that tests turn by hand."""

import asyncio

import pytest

from kubesim.kernel.loop import Loop
from kubetui.model.pump import SLICE, Pump


class Ticker:
    """Due every ``period`` ms; each is a unit of work that takes some wall time."""

    def __init__(self, loop, wall, period=100, cost=0.0):
        self.loop, self.wall, self.period, self.cost, self.times = loop, wall, period, cost, []
        loop.after(period, self.tick)

    def tick(self):
        self.loop.mark()
        self.times.append(self.loop.now)
        self.wall.now += self.cost
        self.loop.after(self.period, self.tick)


class Wall:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def made():
    wall, loop = Wall(), Loop(0)
    slices = []
    pump = Pump(loop, lambda: slices.append(loop.now), clock=wall)
    yield pump, loop, wall, slices
    pump.pause()


async def test_paused_time_stands_and_has_no_timer(made):
    pump, loop, wall, slices = made
    Ticker(loop, wall)
    wall.now += 10
    pump.catch_up()
    await asyncio.sleep(0.02)
    assert (loop.now, slices, pump._timer) == (0, [], None)


@pytest.mark.parametrize(("speed", "expected"), [(1, 2000), (0.1, 200), (60, 120_000)])
async def test_speed_scales_time(made, speed, expected):
    pump, loop, wall, _ = made
    Ticker(loop, wall)
    pump.set_speed(speed)
    pump.resume()
    wall.now += 2
    pump.catch_up()
    assert loop.now == expected
    assert pump.now == expected


async def test_now_moves_between_two_slices_but_not_past_what_is_due(made):
    pump, loop, wall, _ = made
    Ticker(loop, wall, period=500)
    pump.resume()
    wall.now += 0.3
    assert pump.now == 300
    wall.now += 10
    assert pump.now == 500
    assert loop.now == 0


async def test_a_slice_ends_when_its_wall_time_is_used_up_and_the_debt_is_dropped(made):
    pump, loop, wall, _ = made
    Ticker(loop, wall, period=1, cost=0.001)
    pump.set_speed(600)
    pump.resume()
    wall.now += 1
    before = wall.now
    pump.catch_up()
    assert wall.now - before < SLICE + 0.020
    assert pump.busy
    reached = loop.now
    assert reached < 600_000
    assert pump._target() == pytest.approx(reached, abs=1)


async def test_full_slices_rest_longer_while_somebody_types(made):
    pump, *_, wall, _ = made
    assert pump._rest() < 0.002
    pump.key_pressed()
    assert pump._rest() == 0.008
    wall.now += 0.3
    assert pump._rest() < 0.002


async def test_step_does_that_many_units_and_pauses(made):
    pump, loop, wall, slices = made
    ticker = Ticker(loop, wall)
    pump.resume()
    assert await pump.step(3) == 3
    assert pump.paused
    assert ticker.times == [100, 200, 300]
    assert slices


async def test_step_gives_up_when_nothing_is_scheduled(made):
    pump, *_ = made
    assert await pump.step(5) == 0


async def test_advance_runs_a_stretch_and_restores_what_was(made):
    pump, loop, wall, _ = made
    Ticker(loop, wall)
    await pump.advance(5_000)
    assert loop.now == 5_000
    assert pump.paused
    pump.resume()
    await pump.advance(1_000)
    assert not pump.paused
    assert loop.now == 6_000


async def test_max_speed_runs_while_something_is_due_and_sleeps_when_nothing_is(made):
    pump, loop, wall, _ = made
    Ticker(loop, wall, period=1000, cost=0.001)
    pump.set_speed(float("inf"))
    pump.resume()
    await asyncio.sleep(0.02)
    assert loop.now >= 10_000
    pump.pause()


async def test_a_poke_wakes_an_idle_pump(made):
    pump, loop, wall, _ = made
    pump.set_speed(float("inf"))
    pump.resume()
    await asyncio.sleep(0.01)
    assert pump._timer is None
    Ticker(loop, wall, period=10, cost=0.001)
    pump.poke()
    await asyncio.sleep(0.01)
    assert loop.now >= 10


async def test_a_speed_must_be_positive(made):
    pump, *_ = made
    with pytest.raises(ValueError, match="positive"):
        pump.set_speed(0)
