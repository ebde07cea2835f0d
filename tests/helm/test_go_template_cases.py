"""Go's own tests of text/template and fmt, each verified with the real helm binary."""

from typing import Any

import pytest

from helm.rendering import NOTES, case_id, cases, failure, render, through_tpl


@pytest.mark.parametrize("case", cases("go-template"), ids=case_id)
def test_go_template(case: dict[str, Any]):
    if case.get("expect_error"):
        assert failure(through_tpl(case), name=NOTES) == case["helm_error"]
    else:
        assert render(through_tpl(case), name=NOTES) == case["expected"]
