"""Releases in a cluster.yaml: read, checked field by field, installed at the start."""

from pathlib import Path

import pytest

from kubesim.cluster import DEFAULT_EPOCH_MS
from kubesim.helm.release.record import from_secret
from kubesim.objects.wire import CONFIGMAPS, NAMESPACES, SECRETS
from kubesim.scenario.description import parse, read
from kubesim.scenario.documents import ManifestError
from kubesim.scenario.loader import build, sample_folder

FILE = Path("/somewhere/cluster.yaml")
TEMPLATE = """apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: {{ .Release.Namespace }}}
data:
  color: {{ .Values.color }}
  nodes: {{ len (lookup "v1" "Node" "" "").items | quote }}
  name: {{ (lookup "v1" "Namespace" "" "default").metadata.name }}
  has: {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" | quote }}
  chance: {{ randAlphaNum 12 }}
"""


def folder_with(tmp_path, cluster, template=TEMPLATE, values="color: blue\n"):
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 0.1.0\n")
    (chart / "templates" / "c.yaml").write_text(template)
    (tmp_path / "values.yaml").write_text(values)
    (tmp_path / "cluster.yaml").write_text(cluster)
    return tmp_path


def test_a_release_is_read_with_its_paths():
    tree = {"releases": [{"name": "web", "chart": "c", "values": ["a.yaml", "b.yaml"], "set": "x=1", "watch": "apply"}]}
    release = parse(tree, FILE).releases[0]
    assert release.chart == FILE.parent / "c"
    assert [path.name for path in release.values] == ["a.yaml", "b.yaml"]
    assert (release.namespace, release.set, release.watch) == ("default", ("x=1",), "apply")


@pytest.mark.parametrize(
    ("release", "complaint"),
    [
        ({"chart": "c"}, "releases[0].name: must be set"),
        ({"name": "a"}, "releases[0].chart: must be set"),
        ({"name": "a", "chart": "c", "watch": "always"}, "releases[0].watch: must be preview or apply, not 'always'"),
        ({"name": "a", "chart": "c", "values": [3]}, "releases[0].values: must be a list of texts, not 3"),
        ({"name": "a", "chart": "c", "version": "1"}, "releases[0].version: unknown field"),
        ("web", "releases[0]: must be a mapping of fields"),
    ],
    ids=["name", "chart", "watch", "values", "unknown", "text"],
)
def test_a_wrong_field_is_named(release, complaint):
    with pytest.raises(ManifestError) as caught:
        parse({"releases": [release]}, FILE)
    assert complaint in str(caught.value)


def test_a_name_given_twice_is_refused():
    one = {"name": "a", "chart": "c"}
    with pytest.raises(ManifestError, match="the release a is given twice"):
        parse({"releases": [one, one]}, FILE)


def test_releases_are_installed_with_the_clusters_time_chance_and_objects(tmp_path):
    text = "nodes: [{name: n, count: 2}]\nreleases:\n- {name: r, namespace: new, chart: chart, values: values.yaml}\n"
    description = read(folder_with(tmp_path, text))
    maps = []
    for _ in range(2):
        cluster = build(description, epoch_ms=DEFAULT_EPOCH_MS)
        maps.append(dict(cluster.store.get(CONFIGMAPS, "new", "c")["data"]))
    assert maps[0] == maps[1]
    chance = maps[0].pop("chance")
    assert len(chance) == 12
    assert maps[0] == {"color": "blue", "nodes": "2", "name": "default", "has": "true"}
    assert cluster.store.get(NAMESPACES, "", "new") is not None
    record = from_secret(cluster.store.get(SECRETS, "new", "sh.helm.release.v1.r.v1"))
    assert (record.status, record.config) == ("deployed", {"color": "blue"})
    assert record.last_deployed >= DEFAULT_EPOCH_MS


@pytest.mark.parametrize(
    ("template", "values", "complaint"),
    [
        ('{{ fail "no" }}', "", "execution error at (c/templates/c.yaml:1:3): no"),
        (TEMPLATE, "color: [\n", "did not find expected node content"),
        ("apiVersion: v9\nkind: Nothing\nmetadata: {name: x}\n", "", "no matches for kind"),
    ],
    ids=["template", "values", "kind"],
)
def test_a_release_that_cannot_be_installed_is_named(tmp_path, template, values, complaint):
    description = read(
        folder_with(tmp_path, "releases:\n- {name: r, chart: chart, values: values.yaml}\n", template, values)
    )
    with pytest.raises(ManifestError) as caught:
        build(description, epoch_ms=DEFAULT_EPOCH_MS)
    assert "releases[0]: release r: " in str(caught.value)
    assert complaint in str(caught.value)


@pytest.mark.parametrize("missing", ["chart", "values"])
def test_a_missing_file_is_named(tmp_path, missing):
    parts = {"chart": "chart", "values": "values.yaml", missing: "gone"}
    description = read(
        folder_with(tmp_path, f"releases:\n- {{name: r, chart: {parts['chart']}, values: {parts['values']}}}\n")
    )
    with pytest.raises(ManifestError, match=r"gone.*no such file or directory|gone: No such file"):
        build(description, epoch_ms=DEFAULT_EPOCH_MS)


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_the_shop_can_be_installed_in_every_stage(stage):
    description = read(sample_folder() / "shop")
    only = description.releases[0]._replace(values=(description.folder / f"values-{stage}.yaml",))
    cluster = build(description._replace(manifests=(), releases=(only,)), epoch_ms=DEFAULT_EPOCH_MS)
    data = cluster.store.get(CONFIGMAPS, "shop-staging", "staging-features")["data"]
    assert data["STAGE"] == stage
    assert data["FEATURE_NEW_CHECKOUT"] == ("false" if stage == "prod" else "true")
