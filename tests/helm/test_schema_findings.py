"""What a schema complains about, each with the path to the value."""

import json

import pytest

from helm.charts import chart_of
from kubesim.helm.chart.schema.findings import schema_findings

SCHEMA = {
    "type": "object",
    "properties": {
        "replicas": {"type": "integer", "minimum": 1},
        "ports": {"type": "array", "items": {"type": "integer"}},
        "a/b": {"type": "string"},
    },
}


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"replicas": "many"}, ("replicas",)),
        ({"replicas": 0.0}, ("replicas",)),
        ({"ports": [1.0, "x"]}, ("ports", "1")),
        ({"a/b": 1.0}, ("a/b",)),
    ],
    ids=["type", "minimum", "item", "slash"],
)
def test_the_path_leads_to_the_value(values, path):
    found = schema_findings(chart_of({"values.schema.json": json.dumps(SCHEMA)}), values)
    assert [finding.path for finding in found] == [path]
    assert found[0].text


def test_values_that_fit_have_no_findings():
    assert schema_findings(chart_of({"values.schema.json": json.dumps(SCHEMA)}), {"replicas": 2.0}) == []


def test_a_subchart_is_found_below_its_name():
    chart = chart_of(
        {
            "charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
            "charts/db/values.schema.json": json.dumps(SCHEMA),
        }
    )
    assert schema_findings(chart, {"db": {"replicas": "x"}})[0].path == ("db", "replicas")
    assert "expected object" in schema_findings(chart, {"db": 3.0})[0].text


@pytest.mark.parametrize("schema", ["{", '{"type": 3}', ""], ids=["no-json", "no-schema", "empty"])
def test_a_schema_that_is_none_is_told_and_nothing_crashes(schema):
    found = schema_findings(chart_of({"values.schema.json": schema}), {})
    assert [finding.path for finding in found] == [()]
