"""Reads the recorded answers of a real API server that the strategies are held to."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from kubesim.api.schema import Schema
from kubesim.api.strategy import Context, Strategy
from kubesim.kernel.chance import Chance
from kubesim.kinds import strategies
from kubesim.objects.times import parse_time
from kubesim.objects.tree import freeze
from kubesim.objects.wire import Gvr

FOLDER = Path(__file__).parents[2] / "golden"
STAMP = "2026-11-23T13:44:21Z"
CONTEXT = Context(now=parse_time(STAMP), stamp=STAMP, user="oracle")


def cases(name: str) -> list[dict[str, Any]]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def case_id(case: dict[str, Any]) -> str:
    return str(case["case"])


@cache
def known() -> dict[Gvr, Strategy]:
    return {strategy.gvr: strategy for strategy in strategies(Chance(1))}


def strategy_of(case: dict[str, Any]) -> Strategy:
    return known()[Gvr(*case["gvr"])]


def decoded(strategy: Strategy, body: Any) -> Any:
    gvk = (strategy.gvr.group, strategy.gvr.version, strategy.kind)
    return freeze(Schema.load().decode(gvk, body, "Ignore").tree)


def canonical(strategy: Strategy, obj: Any) -> Any:
    return Schema.load().canonicalise((strategy.gvr.group, strategy.gvr.version, strategy.kind), obj)


def with_metadata(body: Any, **fields: Any) -> Any:
    return {**body, "metadata": {**body.get("metadata", {}), **{k: v for k, v in fields.items() if v}}}


def created(case: dict[str, Any], body: Any) -> Any:
    """A body after defaults, preparation and canonical form; frozen on the way, so that a mutation raises."""
    strategy = strategy_of(case)
    body = with_metadata(decoded(strategy, body), uid=case.get("uid"), namespace=case.get("namespace"))
    obj = freeze(strategy.default(freeze(body)))
    obj = freeze(strategy.prepare_create(obj, CONTEXT._replace(stamp=case.get("stamp", STAMP))))
    return canonical(strategy, obj)
