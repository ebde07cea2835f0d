"""How columns share the width."""

import pytest

from kubetui.model.widths import fit


def test_spare_room_goes_between_the_columns_and_not_without_bound():
    found = fit([10, 5, 5], [True, False, False], 30)
    assert found.widths == (10, 5, 5)
    assert found.total == 30
    assert fit([10, 5, 5], [True, False, False], 200).total < 40


def test_gaps_shrink_before_texts_do():
    found = fit([10, 5, 5], [True, False, False], 22)
    assert found.widths == (10, 5, 5)
    assert found.gaps == (1, 1)


def test_the_widest_elastic_column_gives_way_first():
    found = fit([40, 20, 5], [True, True, False], 47)
    assert found.total == 47
    assert found.widths[2] == 5
    assert found.widths[1] == 20
    assert fit([40, 20, 5], [True, True, False], 37).widths == (15, 15, 5)


def test_rigid_columns_stay_and_the_row_becomes_wider_than_the_screen():
    found = fit([30, 30], [False, False], 40)
    assert found.widths == (30, 30)
    assert found.total > 40


@pytest.mark.parametrize("available", range(12, 90, 7))
def test_never_wider_than_available_while_elastic_columns_can_give(available):
    found = fit([50, 30, 4], [True, True, False], available)
    assert found.total <= max(available, 10 + 10 + 4 + 2)


def test_no_columns():
    assert fit([], [], 80).total == 0
