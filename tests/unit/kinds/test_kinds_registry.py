"""The list of strategies: one for each stable resource of the schema, with the names that discovery tells."""

import pickle

import pytest

from kubesim.api.schema import Schema
from kubesim.kinds import strategies
from kubesim.objects.wire import FAULTS, LOADS
from unit.kinds.golden import known

STABLE = [facts for facts in Schema.load().resources() if facts.stable]


@pytest.mark.parametrize("facts", STABLE, ids=lambda facts: f"{facts.gvr.qualified}-{facts.gvr.version}")
def test_names_agree_with_the_schema(facts):
    strategy = known()[facts.gvr]
    assert strategy.kind == facts.kind
    assert strategy.singular == facts.singular
    assert strategy.namespaced == facts.namespaced
    assert sorted(strategy.verbs) == sorted(facts.verbs)
    assert sorted(strategy.short_names) == sorted(facts.short_names)
    assert strategy.categories == facts.categories
    assert sorted(strategy.subresources) == sorted(part.name for part in facts.subresources)


def test_there_is_one_strategy_a_resource():
    found = [strategy.gvr for strategy in strategies()]
    assert len(found) == len(set(found))
    assert set(found) == {facts.gvr for facts in STABLE} | {FAULTS, LOADS}


def test_every_table_begins_with_or_contains_the_name():
    assert [s.gvr.qualified for s in strategies() if not any(c.format == "name" for c in s.columns)] == []


def test_strategies_can_be_pickled():
    assert len(pickle.loads(pickle.dumps(strategies()))) == len(strategies())
