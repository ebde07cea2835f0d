"""The tests of sprig and of Helm's engine, each verified with the real helm binary."""

from typing import Any

import pytest

from helm.rendering import NOTES, case_id, cases, failure, render, through_tpl


@pytest.mark.parametrize("case", cases("sprig"), ids=case_id)
def test_sprig(case: dict[str, Any]):
    if case.get("expect_error"):
        assert failure(through_tpl(case), name=NOTES) == case["helm_error"]
    else:
        assert render(through_tpl(case), name=NOTES) == case["expected"]
