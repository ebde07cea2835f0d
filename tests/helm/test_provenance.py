"""Where each value comes from: files, flags, charts, subcharts, earlier revisions."""

import pytest

from helm.charts import chart_of
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.provenance import Source, in_force, overrides, sources_of, trace
from kubesim.helm.template.errors import GoError

CHILD = {
    "charts/redis/Chart.yaml": "apiVersion: v2\nname: redis\nversion: 1.0.0\n",
    "charts/redis/values.yaml": (
        "port: 6379\nauth: {enabled: true, user: admin}\nexports: {data: {shared: yes please}}\n"
    ),
}
PARENT = {
    "Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\ndependencies:\n- {name: redis, version: 1.0.0}\n",
    "values.yaml": (
        "replicas: 1\nimage: {repository: nginx, tag: old}\nhosts: [a, b]\nempty: {}\nredis: {auth: {user: shop}}\n"
    ),
}


def traced(chart, *sources):
    return {origin.key: (origin.value, origin.source) for origin in trace(chart, sources)}


def test_defaults_files_and_flags_each_say_where_they_are_from():
    files = [("-f base.yaml", {"replicas": 2.0, "image": {"tag": "new"}}), ("-f prod.yaml", {"replicas": 5.0})]
    found = traced(chart_of({**PARENT, **CHILD}), *sources_of(files, ["image.tag=newest", "hosts[0]=z"]))
    assert found["replicas"] == (5.0, "-f prod.yaml")
    assert found["image.tag"] == ("newest", "--set image.tag=newest")
    assert found["image.repository"] == ("nginx", "shop/values.yaml")
    assert found["hosts"] == (["z"], "--set hosts[0]=z")
    assert found["empty"] == ({}, "shop/values.yaml")


def test_a_subchart_its_parent_and_the_user_are_told_apart():
    found = traced(chart_of({**PARENT, **CHILD}), Source("-f v.yaml", {"redis": {"auth": {"enabled": False}}}))
    assert found["redis.port"] == (6379.0, "shop/charts/redis/values.yaml")
    assert found["redis.auth.user"] == ("shop", "shop/values.yaml")
    assert found["redis.auth.enabled"] == (False, "-f v.yaml")


def test_what_a_value_wins_over_comes_strongest_first():
    chart = chart_of({**PARENT, **CHILD})
    sources = sources_of([("-f a", {"replicas": 2.0}), ("-f b", {"replicas": 3.0})])
    origin = next(each for each in trace(chart, sources) if each.key == "replicas")
    assert (origin.source, origin.over) == ("-f b", ("-f a", "shop/values.yaml"))


def test_null_deletes_and_a_switched_off_subchart_has_no_values():
    parent = {**PARENT, "Chart.yaml": PARENT["Chart.yaml"].replace("1.0.0}", "1.0.0, condition: redis.enabled}")}
    found = traced(chart_of({**parent, **CHILD}), Source("v", {"image": {"tag": None}, "redis": {"enabled": False}}))
    assert "image.tag" not in found
    assert "redis.port" not in found
    assert found["redis.enabled"] == (False, "v")


def test_imported_values_are_the_subcharts():
    parent = {**PARENT, "Chart.yaml": PARENT["Chart.yaml"].replace("1.0.0}", "1.0.0, import-values: [data]}")}
    assert traced(chart_of({**parent, **CHILD}))["shared"] == ("yes please", "shop/charts/redis/values.yaml")


def test_globals_are_told_once():
    found = traced(chart_of({**PARENT, **CHILD}), Source("v", {"global": {"zone": "a"}}))
    assert [key for key in found if "zone" in key] == ["global.zone"]


def test_dots_in_names_are_escaped():
    assert "a\\.b" in traced(chart_of({"values.yaml": "a.b: 1\n"}))


def test_values_of_a_release_say_since_which_revision():
    history = [
        (1, {"a": 1.0, "b": {"c": 1.0}}),
        (2, {"a": 2.0, "b": {"c": 1.0}}),
        (3, {"a": 2.0, "b": {"c": 1.0}, "d": 0}),
    ]
    found = traced(chart_of({}), *overrides(history))
    assert found["a"] == (2.0, "release, revision 2")
    assert found["b.c"] == (1.0, "release, revision 1")
    assert found["d"] == (0, "release, revision 3")
    assert overrides([]) == []


def test_a_file_counts_as_far_as_the_release_says_the_same():
    assert in_force({"a": 1.0, "b": {"c": 2.0, "d": 3.0}}, {"a": 1.0, "b": {"c": 9.0, "d": 3.0}}) == {
        "a": 1.0,
        "b": {"d": 3.0},
    }


def test_a_bad_flag_is_refused():
    with pytest.raises(GoError):
        sources_of(flags=["a[x]=1"])


def test_a_value_where_a_chart_needs_a_map_is_refused():
    with pytest.raises(ChartError, match="type mismatch on redis"):
        trace(chart_of({**PARENT, **CHILD}), [Source("v", {"redis": 3.0})])
