"""Coalescing and dependencies: charts of three levels with the values that Helm gave them."""

import json
from pathlib import Path

import pytest

from helm.charts import chart_of
from kubesim.helm.chart.dependencies import check_dependencies, process_dependencies
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.sources import merge_maps, merge_values, read_values, split_documents
from kubesim.helm.chart.values import coalesce_values, path_value, table

CASES = json.loads((Path(__file__).parent / "cases" / "values.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_recorded_case(case):
    chart = chart_of(case["files"])
    user = merge_values([("v.json", json.dumps(case["user"]))])
    check_dependencies(chart)
    if "error" in case:
        with pytest.raises(ChartError) as error:
            coalesce_values(process_dependencies(chart, user), user)
        assert str(error.value) == case["error"]
        return
    before = json.dumps(chart.values)
    processed = process_dependencies(chart, user)
    assert coalesce_values(processed, user) == case["values"]
    assert sorted(inner.name for inner in processed.dependencies) == case["subcharts"]
    assert [one.as_map() for one in processed.metadata.dependencies] == case["dependencies"]
    assert json.dumps(chart.values) == before, "the loaded chart was changed"


def test_warnings_say_what_was_ignored():
    warnings: list[str] = []
    chart = chart_of({"values.yaml": "a: 1\nb: {c: 2}\nd: {e: {f: 1}}"})
    coalesce_values(chart, {"a": {"x": 1.0}, "b": 3.0, "d": {"e": 5.0}}, warnings)
    assert warnings == [
        "warning: skipped value for t.a: Not a table.",
        "warning: cannot overwrite table with non table for t.d.e (map[f:1])",
    ]


def test_missing_dependencies_are_named():
    chart = chart_of({
        "Chart.yaml": "apiVersion: v2\nname: t\nversion: 1.0.0\ndependencies: [{name: a}, {name: b}, {name: c}]\n",
        "charts/b/Chart.yaml": "apiVersion: v2\nname: b\nversion: 1.0.0\n",
    })  # fmt: skip
    with pytest.raises(ChartError, match=r"missing in charts/ directory: a, c$"):
        check_dependencies(chart)


def test_sources_win_in_helms_order():
    values = merge_values(
        [("1", "a: {x: 1, w: 1}\nl: [1, 2]"), ("2", "a: {w: 2}\nl: [3]\n---\nz: 1")],
        set_json=['a.j={"k": 1}', '{"q": {"r": 1}}'],
        set_values=["a.x=5,b=true"],
        set_strings=["b=true"],
        set_files=["f=path"],
        set_literals=["g=a,b=c"],
        read={"path": "text"}.__getitem__,
    )
    assert values == {
        "a": {"x": 5, "w": 2.0, "j": {"k": 1.0}}, "l": [3.0], "z": 1.0, "q": {"r": 1.0}, "b": "true", "f": "text",
        "g": "a,b=c",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"files": [("v.yaml", "a: b: c")]},
            "failed to parse v.yaml: cannot unmarshal yaml document: error converting YAML to JSON: "
            "yaml: mapping values are not allowed in this context",
        ),
        ({"set_values": ["a"]}, 'failed parsing --set data: key "a" has no value'),
        ({"set_strings": ["a,b"]}, 'failed parsing --set-string data: key "a" has no value (cannot end with ,)'),
        (
            {"set_json": ["a=x"]},
            "failed parsing --set-json data a=x: invalid character 'x' looking for beginning of value",
        ),
        ({"set_json": ["a={"]}, "failed parsing --set-json data a={: unexpected EOF"),
    ],
    ids=["file", "set", "set-string", "set-json", "set-json ends"],
)
def test_errors_of_sources(options, message: str):
    with pytest.raises(ChartError) as error:
        merge_values(**options)
    assert str(error.value) == message


def test_documents_of_a_values_file():
    assert split_documents("a: 1\n---\nb: 2\n--- # c\nc: 3") == ["a: 1\n", "b: 2\n", "c: 3"]
    assert read_values("a: {x: 1}\n---\na: {z: 2}\nl: null") == {"a": {"x": 1.0, "z": 2.0}, "l": None}
    with pytest.raises(ChartError, match="invalid Yaml document separator: foo"):
        split_documents("a: 1\n---foo\nb: 2")


def test_merging_does_not_change_what_is_merged():
    under, over = {"a": {"b": 1}}, {"a": {"c": 2}}
    assert merge_maps(under, over) == {"a": {"b": 1, "c": 2}}
    assert (under, over) == ({"a": {"b": 1}}, {"a": {"c": 2}})


def test_paths():
    values = {"a": {"b": {"c": 1}, "d": False}}
    assert table(values, "a.b") == {"c": 1}
    assert table(values, "a.d") is None
    assert path_value(values, "a.d") is False
    for path in ("", "a.b", "a.x", "x.y"):
        with pytest.raises(KeyError):
            path_value(values, path)
