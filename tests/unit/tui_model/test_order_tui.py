"""The blocked sorted list, against a plain sorted list."""

import random

from kubetui.model.order import Order


def test_agrees_with_a_sorted_list_under_random_changes():
    chance = random.Random(7)
    order, naive = Order(), []
    for step in range(4000):
        if naive and chance.random() < 0.4:
            item = chance.choice(naive)
            naive.remove(item)
            assert order.remove(item)
        else:
            item = (chance.randrange(10_000), step)
            naive.append(item)
            naive.sort()
            order.add(item)
        if step % 200 == 0:
            assert list(order) == naive
    assert len(order) == len(naive)
    assert [order.rank(item) for item in naive] == list(range(len(naive)))


def test_slices_are_windows_of_the_whole():
    order = Order((n,) for n in range(3000))
    assert order.slice(1020, 1030) == [(n,) for n in range(1020, 1030)]
    assert order.slice(-5, 2) == [(0,), (1,)]
    assert order.slice(2998, 4000) == [(2998,), (2999,)]
    assert order.slice(10, 10) == []


def test_extend_appends_and_merges():
    order = Order()
    order.extend([(n,) for n in range(2000)])
    order.extend([(n,) for n in range(2000, 2600)])
    order.extend([(n + 0.5,) for n in range(10)])
    assert len(order) == 2610
    assert order.slice(0, 4) == [(0,), (0.5,), (1,), (1.5,)]
    assert list(order) == sorted(order)


def test_remove_of_what_is_not_there_says_no():
    order = Order([(1,), (3,)])
    assert not order.remove((2,))
    assert not order.remove((9,))
    assert len(order) == 2
