"""Which taints a toleration covers."""

from typing import Any

import pytest

from kubesim.objects.taints import covers


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        pytest.param({"operator": "Exists"}, True, id="everything"),
        pytest.param({"key": "k", "operator": "Exists"}, True, id="key"),
        pytest.param({"key": "k", "value": "v"}, True, id="equal"),
        pytest.param({"key": "k", "operator": "Equal", "value": "v", "effect": "NoExecute"}, True, id="all-equal"),
        pytest.param({"key": "k"}, False, id="no-value"),
        pytest.param({"key": "k", "value": "w"}, False, id="other-value"),
        pytest.param({"key": "k", "operator": "Exists", "effect": "NoSchedule"}, False, id="other-effect"),
        pytest.param({"key": "x", "operator": "Exists"}, False, id="other-key"),
    ],
)
def test_covers(toleration: Any, *, expected: bool) -> None:
    assert covers(toleration, {"key": "k", "value": "v", "effect": "NoExecute"}) is expected


def test_covers_a_taint_without_a_value() -> None:
    assert covers({"key": "k"}, {"key": "k", "effect": "NoSchedule"})
