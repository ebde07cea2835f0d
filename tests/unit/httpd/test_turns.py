"""Turns: who goes on when, in an event loop whose clock is in the test's hands."""

import asyncio

from kubesim.httpd.turns import Turns


class Work:
    """Pieces of work that each take a while of the clock."""

    def __init__(self, cost: float, held: float = 0.0) -> None:
        self.now = 0.0
        self.cost = cost
        self.hold = held
        self.done: list[int] = []
        self.iterations = 0
        self.at: list[int] = []
        self.turns = Turns(self.held, budget=0.01, clock=self.clock)

    def clock(self) -> float:
        return self.now

    def held(self) -> float:
        left, self.hold = self.hold, 0.0
        return left

    async def one(self, number: int) -> None:
        await self.turns.take()
        self.now += self.cost
        self.done.append(number)
        self.at.append(self.iterations)

    async def count(self) -> None:
        while True:
            self.iterations += 1
            await asyncio.sleep(0)

    async def run(self, pieces: int) -> None:
        counting = asyncio.create_task(self.count())
        await asyncio.gather(*(self.one(number) for number in range(pieces)))
        counting.cancel()

    def most_at_once(self) -> int:
        return max(self.at.count(each) for each in self.at)


async def test_light_work_goes_on_at_once():
    work = Work(cost=0.0)
    await work.run(100)
    assert work.done == list(range(100))
    assert work.most_at_once() == 100


async def test_heavy_work_is_done_one_by_one():
    work = Work(cost=0.02)
    await work.run(30)
    assert sorted(work.done) == list(range(30))
    assert work.most_at_once() == 1


async def test_the_order_is_kept():
    work = Work(cost=0.004)
    await work.run(40)
    assert work.done == list(range(40))
    assert work.most_at_once() <= 4


async def test_a_key_comes_first():
    work = Work(cost=0.0, held=0.03)
    loop = asyncio.get_running_loop()
    start = loop.time()
    await work.run(1)
    assert work.done == [0]
    assert loop.time() - start >= 0


async def test_whoever_gives_up_keeps_nobody_waiting():
    work = Work(cost=0.02)
    tasks = [asyncio.create_task(work.one(number)) for number in range(10)]
    await asyncio.sleep(0)
    for task in tasks[2:8]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert work.done == [0, 1, 8, 9]
