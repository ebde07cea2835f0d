"""Validation of new objects and of changes, held to the field errors of a real API server."""

import pytest

from kubesim.objects.tree import freeze
from kubesim.objects.wire import Gvr
from unit.kinds.golden import CONTEXT, canonical, case_id, cases, created, decoded, known, strategy_of

ELSEWHERE = {"metadata.name", "metadata.labels", "metadata.annotations"}
"""What is checked for all kinds alike, outside of the strategies."""


def expected(case):
    own = case["case"] == "inv-cronjob-long-name"
    return [tuple(c) for c in case["causes"] if own or not (c[2] in ELSEWHERE or c[2].startswith("metadata.owner"))]


@pytest.mark.parametrize("case", cases("validation/creations.jsonl"), ids=case_id)
def test_causes_of_a_creation(case):
    strategy = strategy_of(case)
    obj = freeze(created(case, case["body"]))
    assert [tuple(cause) for cause in strategy.validate(obj)] == expected(case)
    if "warnings" in case:
        assert strategy.warnings(obj, None) == case["warnings"]


@pytest.mark.parametrize("case", cases("validation/changes.jsonl"), ids=case_id)
def test_causes_of_a_change(case):
    strategy = strategy_of(case)
    old = freeze(case["old"])
    new = freeze(strategy.default(freeze(decoded(strategy, case["new"]))))
    new = freeze(strategy.prepare_update(new, old, CONTEXT, case["subresource"]))
    causes = strategy.validate_update(new, old, case["subresource"])
    assert [tuple(cause) for cause in causes] == [tuple(cause) for cause in case["causes"]]


@pytest.mark.parametrize("case", [c for c in cases("validation/changes.jsonl") if c["result"]], ids=case_id)
def test_the_outcome_of_a_change(case):
    strategy = strategy_of(case)
    old = freeze(case["old"])
    new = freeze(strategy.default(freeze(decoded(strategy, case["new"]))))
    new = freeze(strategy.prepare_update(new, old, CONTEXT, case["subresource"]))
    new = canonical(strategy, strategy.begin(new, old))
    wanted = case["result"]
    assert {k: v for k, v in new.items() if k != "metadata"} == {
        k: _like(v, new.get(k)) for k, v in wanted.items() if k != "metadata"
    }


def _like(wanted, given):
    """What was recorded, with the node ports that were drawn here."""
    if isinstance(wanted, dict) and isinstance(given, dict):
        return {
            k: given.get(k) if k == "nodePort" and v and given.get(k) else _like(v, given.get(k))
            for k, v in wanted.items()
        }
    if isinstance(wanted, list) and isinstance(given, list) and len(wanted) == len(given):
        return [_like(a, b) for a, b in zip(wanted, given, strict=True)]
    return wanted


def test_every_kind_of_the_golden_files_has_rules_of_its_own():
    gvrs = {Gvr(*case["gvr"]) for case in cases("validation/creations.jsonl")}
    generic = {gvr for gvr in gvrs if type(known()[gvr]).__name__ == "GenericStrategy"}
    assert generic == set()
