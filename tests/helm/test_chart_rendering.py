"""Whole charts: recorded output of ``helm template``, traces of errors, the order of rendering."""

import base64
import json
from pathlib import Path

import pytest

from helm.charts import SOURCES, chart_of
from kubesim.helm.capabilities import default_capabilities, parse_kube_version
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.sources import merge_values
from kubesim.helm.engine import Release, manifests_of, notes_of, render, render_order
from kubesim.helm.manifest import sort_manifests, template_text
from kubesim.helm.template.errors import TemplateError

RECORDED = json.loads((Path(__file__).parent / "cases" / "chart.json").read_text(encoding="utf-8"))
IGNORED = ("templates/.hidden.yaml", "ignored.txt", "config/x.bak", "foo/x.txt")


def recorded_chart():
    files = {
        name: text if isinstance(text, str) else base64.b64decode(text["base64"])
        for name, text in RECORDED["files"].items()
        if name not in IGNORED
    }
    return chart_of({name: text.lstrip("\ufeff") if isinstance(text, str) else text for name, text in files.items()})


@pytest.mark.parametrize("case", RECORDED["cases"], ids=range(len(RECORDED["cases"])))
def test_recorded_chart(case):
    try:
        files = [("user.yaml", RECORDED["user"])] if case["file"] else []
        values = merge_values(files, set_values=case["set"])
        rendered = render(recorded_chart(), values, Release("rel", "ns"), SOURCES)
        text = template_text(sort_manifests(manifests_of(rendered)), rendered.chart.crds())
    except TemplateError as error:
        text = f"Error: {error}"
    assert text == case["output"]


HELPERS = (
    '{{ define "a" }}{{ include "b" . }}{{ end }}{{ define "b" }}\n{{ .Values.x.y }}{{ end }}'
    '{{ define "c" }}{{ required "need" .Values.q }}{{ end }}{{ define "d" }}{{ template "b" . }}{{ end }}'
    '{{ define "f" }}{{ index .Values.l 9 }}{{ end }}{{ define "g" }}{{ fail "a: b\\nc" }}{{ end }}'
)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (
            '{{ include "a" . }}',
            't/templates/x.yaml:1:3\n  executing "t/templates/x.yaml" at <include "a" .>:\n    error calling include:\n'
            't/templates/_h.tpl:1:19\n  executing "a" at <include "b" .>:\n    error calling include:\n'
            't/templates/_h.tpl:2:10\n  executing "b" at <.Values.x.y>:\n    nil pointer evaluating interface {}.y',
        ),
        ('{{ include "c" . }}', "execution error at (t/templates/x.yaml:1:3): need"),
        ('{{ include "g" . }}', "execution error at (t/templates/x.yaml:1:3): a: b\nc"),
        ('{{ tpl "{{ fail \\"x\\" }}" . }}', "execution error at (t/templates/x.yaml:1:3): x"),
        (
            '{{ template "d" . }}',
            't/templates/_h.tpl:2:10\n  executing "b" at <.Values.x.y>:\n    nil pointer evaluating interface {}.y',
        ),
        (
            '{{ include "f" . }}',
            'template: t/templates/x.yaml:1:3: executing "t/templates/x.yaml" at <include "f" .>: error calling '
            'include: template: t/templates/_h.tpl:2:146: executing "f" at <index .Values.l 9>: error calling index: '
            "index of untyped nil",
        ),
        (
            '{{ template "no" . }}',
            't/templates/x.yaml:1:12\n  executing "t/templates/x.yaml" at <{{template "no" .}}>:\n'
            '    template "no" not defined',
        ),
        (
            '{{ tpl "{{ .Values.x.y }}" . }}',
            'template: t/templates/x.yaml:1:3: executing "t/templates/x.yaml" at <tpl "{{ .Values.x.y }}" .>: error '
            'calling tpl: error during tpl function execution for "{{ .Values.x.y }}": template: gotpl:1:10: '
            'executing "gotpl" at <.Values.x.y>: nil pointer evaluating interface {}.y',
        ),
        ("{{ nope }}", 'parse error at (t/templates/x.yaml:1): function "nope" not defined'),
    ],
    ids=["include", "required", "fail", "fail in tpl", "template", "function", "no template", "tpl", "parse"],
)
def test_errors_are_traced_through_templates(template: str, message: str):
    chart = chart_of({"templates/_h.tpl": HELPERS, "templates/x.yaml": template})
    with pytest.raises(TemplateError) as error:
        render(chart, {}, Release("r"), SOURCES)
    assert str(error.value) == message


def test_deeper_files_come_first_and_the_root_last():
    paths = ["t/templates/a", "t/templates/b", "t/charts/s/templates/a", "t/templates/x/a"]
    assert render_order(dict.fromkeys(paths)) == [
        "t/charts/s/templates/a", "t/templates/x/a", "t/templates/b", "t/templates/a",
    ]  # fmt: skip


def test_changes_of_values_are_seen_by_later_templates():
    chart = chart_of({
        "templates/b.yaml": '{{ $_ := set .Values "seen" "b" }}', "templates/a.yaml": "{{ .Values.seen }}",
    })  # fmt: skip
    rendered = render(chart, {}, Release("r"), SOURCES)
    assert rendered.files["t/templates/a.yaml"] == "b"
    assert render(chart, {}, Release("r"), SOURCES).files == rendered.files, "the chart itself was changed"


def test_library_charts_render_nothing_of_their_own():
    chart = chart_of({
        "charts/lib/Chart.yaml": "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n",
        "charts/lib/templates/_h.tpl": '{{ define "lib.x" }}from lib{{ end }}',
        "charts/lib/templates/x.yaml": "never: true",
        "templates/a.yaml": '{{ include "lib.x" . }}',
    })  # fmt: skip
    assert render(chart, {}, Release("r"), SOURCES).files == {"t/templates/a.yaml": "from lib"}


def test_notes():
    chart = chart_of({
        "templates/NOTES.txt": "own", "charts/s/templates/NOTES.txt": "sub",
        "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.0.0\n",
    })  # fmt: skip
    rendered = render(chart, {}, Release("r"), SOURCES)
    assert notes_of(rendered) == "own"
    assert notes_of(rendered, subchart_notes=True) == "sub\nown"
    assert manifests_of(rendered) == {}


def test_lookup_asks_what_it_is_given():
    def lookup(version: str, kind: str, namespace: str, name: str) -> dict[str, object]:
        return {"found": f"{version} {kind} {namespace} {name}"}

    chart = chart_of({"templates/a.yaml": '{{ (lookup "v1" "Pod" "ns" "n").found }}'})
    assert render(chart, {}, Release("r"), SOURCES, lookup=lookup).files == {"t/templates/a.yaml": "v1 Pod ns n"}
    assert render(chart, {}, Release("r"), SOURCES).files == {"t/templates/a.yaml": ""}


def test_the_cluster_must_be_of_the_version_the_chart_wants():
    chart = chart_of({"Chart.yaml": "apiVersion: v2\nname: t\nversion: 1.0.0\nkubeVersion: '>=1.30'\n"})
    render(chart, {}, Release("r"), SOURCES)
    old = default_capabilities("1.29.3")
    with pytest.raises(ChartError) as error:
        render(chart, {}, Release("r"), SOURCES, capabilities=old)
    assert str(error.value) == ("chart requires kubeVersion: >=1.30 which is incompatible with Kubernetes v1.29.3")


def test_versions_of_clusters():
    version = parse_kube_version("v1.33.4-gke.1245000")
    assert (version.git_version(), version.go_string(), version.major, version.minor) == (
        "v1.33.4-gke.1245000", "v1.33.4", "1", "33",
    )  # fmt: skip
    with pytest.raises(ChartError, match='could not parse "x" as version'):
        parse_kube_version("x")
    more = default_capabilities(more_api_versions=["example.com/v1"])
    assert more.api_versions.has("example.com/v1")
    assert not default_capabilities().api_versions.has("example.com/v1")


def test_lint_goes_on_where_rendering_fails():
    chart = chart_of({"templates/a.yaml": '{{ required "need" .Values.x }}|{{ fail "bad" }}'})
    rendered = render(chart, {}, Release("r"), SOURCES, lint=True)
    assert rendered.files == {"t/templates/a.yaml": "|"}
    assert len(rendered.warnings) == 2
