"""Defaults and preparation of new objects, held to what a real API server answered."""

import re
from typing import Any

import pytest

from kubesim.kinds import strategies
from kubesim.objects.tree import freeze
from unit.kinds.golden import CONTEXT, case_id, cases, created, decoded, strategy_of

RECORDED = cases("defaults/recorded.jsonl")
ADDRESS = re.compile(r"10\.(9[6-9]|1[01][0-9])\.\d+\.\d+")


def masked(value: Any) -> Any:
    if isinstance(value, dict):
        ports = ("nodePort", "healthCheckNodePort")
        return {k: "<port>" if k in ports and v else masked(v) for k, v in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return "<address>" if isinstance(value, str) and ADDRESS.fullmatch(value) else value


@pytest.mark.parametrize("case", RECORDED, ids=case_id)
def test_a_new_object_is_as_recorded(case):
    strategy = strategy_of(case)
    obj = strategy.begin(freeze(created(case, case["input"])), None)
    metadata = {k: v for k, v in obj["metadata"].items() if k not in {"uid", "namespace"}}
    assert masked({**obj, "metadata": metadata}) == masked(case["output"])


@pytest.mark.parametrize("case", RECORDED, ids=case_id)
def test_defaults_of_a_complete_object_are_the_object_itself(case):
    strategy = strategy_of(case)
    whole = freeze(strategy.default(freeze(decoded(strategy, case["output"]))))
    assert strategy.default(whole) is whole


@pytest.mark.parametrize("case", RECORDED, ids=case_id)
def test_a_recorded_object_is_valid_and_warned_about_as_recorded(case):
    strategy = strategy_of(case)
    obj = freeze(strategy.begin(freeze(created(case, case["input"])), None))
    assert strategy.validate(obj) == []
    warnings = [*([strategy.deprecation] if strategy.deprecation else []), *strategy.warnings(obj, None)]
    assert warnings == case["warnings"]


@pytest.mark.parametrize("case", RECORDED, ids=case_id)
def test_an_unchanged_update_changes_nothing(case):
    strategy = strategy_of(case)
    obj = freeze(strategy.begin(freeze(created(case, case["input"])), None))
    again = strategy.prepare_update(obj, obj, CONTEXT)
    assert again == obj
    assert strategy.validate_update(again, obj) == []


@pytest.mark.parametrize("strategy", strategies(), ids=lambda strategy: strategy.gvr.qualified)
def test_every_strategy_takes_a_bare_object(strategy):
    bare = freeze(
        {"apiVersion": strategy.gvr.api_version, "kind": strategy.kind, "metadata": {"name": "a", "uid": "u"}}
    )
    obj = freeze(strategy.default(bare))
    obj = freeze(strategy.prepare_create(obj, CONTEXT))
    strategy.fields(obj)
    assert isinstance(strategy.validate(obj), list)
    assert len(strategy.row(obj, CONTEXT.now)) == len(strategy.columns)
    assert strategy.fields({"metadata": {"name": "", "namespace": ""}, "spec": {}, "status": {}}) is not None
