"""Columns and rows, held to what a real API server printed."""

import json

import pytest

from kubesim.objects.times import parse_time
from kubesim.objects.tree import freeze
from unit.kinds.golden import FOLDER, case_id, cases, known, strategy_of

COLUMNS = json.loads((FOLDER / "tables" / "columns.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", cases("tables/recorded.jsonl"), ids=case_id)
def test_a_row_is_as_recorded(case):
    strategy, obj = strategy_of(case), freeze(case["object"])
    now = parse_time(obj["metadata"]["creationTimestamp"]) + 400
    assert strategy.row(obj, now) == case["cells"]
    assert strategy.row_conditions(obj) == case["conditions"]


@pytest.mark.parametrize("resource", COLUMNS)
def test_columns_are_as_recorded(resource):
    (strategy,) = [found for found in known().values() if found.gvr.qualified == resource][-1:]
    shown = [[c.name, c.type, c.format, c.priority, c.description] for c in strategy.columns]
    assert shown == COLUMNS[resource]
