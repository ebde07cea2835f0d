"""Scopes of ResourceQuotas: which resources they limit, and what their selectors may say."""

from typing import Any

import pytest

from kubesim.kinds.limits import ResourceQuotaStrategy

AT = "spec.scopeSelector.matchExpressions"


def selector(scope: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"scopeName": scope, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("spec", "wrong"),
    [
        ({"hard": {"pods": "1"}, "scopes": ["BestEffort"]}, []),
        ({"hard": {"cpu": "1"}, "scopes": ["NotBestEffort", "Terminating"]}, []),
        ({"hard": {"example.com/gpu": "1"}, "scopes": ["BestEffort"]}, []),
        ({"hard": {"requests.storage": "1"}, "scopes": ["VolumeAttributesClass"]}, []),
        ({"scopes": ["Foo"]}, [("spec.scopes", "unsupported scope")]),
        ({"hard": {"cpu": "1"}, "scopes": ["BestEffort"]}, [("spec.scopes", "unsupported scope applied to resource")]),
        ({"hard": {"services": "1"}, "scopes": ["Terminating"]},
         [("spec.scopes", "unsupported scope applied to resource")]),
        ({"hard": {"pods": "1"}, "scopes": ["Terminating", "NotTerminating"]}, [("spec.scopes", "conflicting scopes")]),
        ({"hard": {"pods": "1"}, "scopeSelector": selector("PriorityClass", "In", "high")}, []),
        ({"scopeSelector": selector("Foo", "Exists")}, [(f"{AT}.scopeName", "unsupported scope")]),
        ({"scopeSelector": selector("PriorityClass", "In")},
         [(f"{AT}.values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")]),
        ({"scopeSelector": selector("PriorityClass", "Exists", "a")},
         [(f"{AT}.values", "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector")]),
        ({"scopeSelector": selector("PriorityClass", "Is")}, [(f"{AT}.operator", "not a valid selector operator")]),
        ({"scopeSelector": selector("Terminating", "In", "a")}, [(f"{AT}.operator", "must be 'Exist' when scope is")]),
    ],
)  # fmt: skip
def test_scopes(spec: dict[str, Any], wrong: list[tuple[str, str]]):
    found = ResourceQuotaStrategy().validate({"metadata": {"name": "q"}, "spec": spec})
    assert [cause.field for cause in found] == [field for field, _ in wrong]
    for cause, (_, text) in zip(found, wrong, strict=True):
        assert text in cause.message
