"""Every recorded case of what Helm's templates mean, error texts included."""

import json
from pathlib import Path

import pytest

from helm.charts import SOURCES, chart_of
from kubesim.helm.engine import Release, notes_of, render
from kubesim.helm.template.errors import TemplateError

RECORDED = json.loads((Path(__file__).parent / "cases" / "semantics.json").read_text(encoding="utf-8"))
CASES = RECORDED["cases"]


def rendered(template: str) -> str:
    chart = chart_of({"values.yaml": RECORDED["values_yaml"], "templates/NOTES.txt": template})
    return notes_of(render(chart, {}, Release("r"), SOURCES))


@pytest.mark.parametrize("case", CASES, ids=[f"{c['group']}-{n}" for n, c in enumerate(CASES)])
def test_recorded_case(case):
    if "error" in case:
        with pytest.raises(TemplateError) as error:
            rendered(case["template"])
        assert f"Error: INSTALLATION FAILED: {error.value}" == case["error"]
    else:
        assert rendered(case["template"]) == case["output"]
