"""The pytest plugin as its users meet it: fixtures, markers, the clock, real clients, and what goes wrong."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from kubesim.objects.errors import ApiError
from kubesim.scenario.documents import ManifestError
from kubetui.testing.cluster import KubeCluster

pytest_plugins = ["pytester"]

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.27"}]}
"""
WIDGETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wd"]},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
                    }
                },
            }
        ],
    },
}
WIDGET = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": {"size": 3}}


def ready(cluster: KubeCluster) -> bool:
    return cluster.get("deploy", "web")["status"].get("readyReplicas") == 2


def test_a_deployment_becomes_ready(kube_cluster: KubeCluster):
    before = kube_cluster.clock.now
    kube_cluster.apply(DEPLOYMENT)
    assert kube_cluster.list("pods") == []
    after = kube_cluster.clock.run_until(lambda: ready(kube_cluster))
    assert timedelta(0) < after - before < timedelta(seconds=30)
    assert {pod["kind"] for pod in kube_cluster.list("po", labels="app=web")} == {"Pod"}
    assert len(kube_cluster.list("nodes", None)) == 3


def test_each_test_has_its_own_copy(kube_cluster: KubeCluster, kube_cluster_factory):
    kube_cluster.apply(DEPLOYMENT)
    assert kube_cluster_factory().find("deployment", "web") is None


def test_what_is_returned_belongs_to_the_caller(kube_cluster: KubeCluster):
    (first,) = kube_cluster.apply(DEPLOYMENT)
    first["spec"]["replicas"] = 99
    kube_cluster.list("deployments.apps")[0]["spec"]["replicas"] = 99
    assert kube_cluster.get("Deployment", "web")["spec"]["replicas"] == 2


def test_equal_clusters_have_equal_histories(kube_cluster_factory):
    digests = []
    for _ in range(2):
        cluster = kube_cluster_factory(seed=7)
        cluster.apply(DEPLOYMENT)
        cluster.clock.advance(60)
        digests.append(cluster.cluster.digest())
    assert digests[0] == digests[1]
    assert kube_cluster_factory(seed=8).cluster.digest() != kube_cluster_factory(seed=7).cluster.digest()


@pytest.mark.kube_cluster(nodes=1, manifests=[DEPLOYMENT, WIDGET, WIDGETS])
def test_the_marker_says_what_is_in_it(kube_cluster: KubeCluster):
    assert [node["metadata"]["name"] for node in kube_cluster.list("nodes")] == ["node-1"]
    assert kube_cluster.get("wd", "a")["spec"] == {"size": 3}
    kube_cluster.clock.run_until(lambda: ready(kube_cluster))


@pytest.mark.kube_cluster(sample="hello")
def test_a_sample_cluster(kube_cluster: KubeCluster):
    assert kube_cluster.list("pods", None)
    assert kube_cluster.list("pods", "kube-system")


def test_changing_and_deleting(kube_cluster: KubeCluster):
    kube_cluster.apply(DEPLOYMENT)
    kube_cluster.patch("deploy", "web", {"spec": {"replicas": 1}})
    kube_cluster.clock.run_until(lambda: len(kube_cluster.list("pods", fields="status.phase=Running")) == 1)
    pod = kube_cluster.list("pods")[0]["metadata"]["name"]
    assert "nginx" in kube_cluster.logs(pod)
    kube_cluster.delete("deploy", "web")
    kube_cluster.clock.run_until(lambda: not kube_cluster.list("pods"))
    assert kube_cluster.find("deploy", "web") is None


def test_a_prepared_cluster_is_forked(shared_kube_cluster: KubeCluster):
    first, second = shared_kube_cluster.fork(), shared_kube_cluster.fork()
    first.apply(DEPLOYMENT)
    assert first.find("deploy", "web")
    assert second.find("deploy", "web") is None


def test_time_stands_still_by_itself_and_days_pass_at_once(kube_cluster: KubeCluster):
    assert kube_cluster.clock.now.date() == datetime(2026, 1, 1, tzinfo=UTC).date()
    start = kube_cluster.clock.now
    assert kube_cluster.clock.advance(timedelta(hours=1)) - start == timedelta(hours=1)
    assert kube_cluster.clock.advance(0.5) - start == timedelta(hours=1, seconds=0.5)
    with pytest.raises(ValueError, match="negative"):
        kube_cluster.clock.advance(-1)


def test_a_predicate_that_never_holds(kube_cluster: KubeCluster):
    start = kube_cluster.clock.now
    with pytest.raises(TimeoutError, match=r"does not hold after 30 s of virtual time \(2026-01-01"):
        kube_cluster.clock.run_until(lambda: False, timeout=30)
    assert kube_cluster.clock.now - start == timedelta(seconds=30)


@pytest.mark.parametrize(
    ("manifest", "error", "text"),
    [
        ("kind: Pod", ManifestError, "apiVersion"),
        ("a: [", ManifestError, "manifest:"),
        ({"apiVersion": "v1", "kind": "Pod"}, ManifestError, "metadata.name is not set"),
        ({"apiVersion": "x/v1", "kind": "Y", "metadata": {"name": "y"}}, ManifestError, 'no matches for kind "Y"'),
        ({**WIDGET, "apiVersion": "v1", "kind": "Pod"}, ApiError, "field not declared in schema"),
        (Path("missing.yaml"), ManifestError, "no such file"),
    ],
    ids=["no-version", "no-yaml", "no-name", "no-kind", "not-valid", "no-file"],
)
def test_bad_manifests(kube_cluster: KubeCluster, manifest, error, text):
    before = kube_cluster.cluster.digest()
    with pytest.raises(error, match=text):
        kube_cluster.apply(manifest)
    assert kube_cluster.cluster.digest() == before


def test_a_kind_that_is_not_served(kube_cluster: KubeCluster):
    with pytest.raises(ValueError, match='resource type "gadgets"'):
        kube_cluster.list("gadgets")
    with pytest.raises(ApiError) as caught:
        kube_cluster.get("pod", "none")
    assert (caught.value.code, caught.value.reason) == (404, "NotFound")


@pytest.mark.kube_cluster(speed=0)
def test_serving_and_the_clock_of_the_test(kube_cluster: KubeCluster):
    import ssl
    import urllib.request

    import yaml

    config = yaml.safe_load(kube_cluster.kubeconfig.read_text())
    assert config["clusters"][0]["cluster"]["server"] == kube_cluster.url
    kube_cluster.apply(DEPLOYMENT)
    start = kube_cluster.clock.now
    kube_cluster.clock.run_until(lambda: ready(kube_cluster))
    assert kube_cluster.clock.advance(3600) - start > timedelta(hours=1)
    context = ssl._create_unverified_context()
    with urllib.request.urlopen(f"{kube_cluster.url}/livez", context=context, timeout=10) as answer:
        assert answer.read() == b"ok"
    assert kube_cluster.environment["KUBECONFIG"] == str(kube_cluster.kubeconfig)
    kube_cluster.stop()
    assert kube_cluster.get("deploy", "web")["status"]["readyReplicas"] == 2


@pytest.mark.kube_cluster(speed=50)
def test_time_runs_while_it_is_served(kube_cluster: KubeCluster):
    import time

    assert kube_cluster.url
    kube_cluster.apply(DEPLOYMENT)
    limit = time.monotonic() + 10
    while not ready(kube_cluster) and time.monotonic() < limit:
        time.sleep(0.01)
    assert ready(kube_cluster)


USER_TESTS = """
    import pytest, sys

    def test_without_a_cluster_nothing_is_loaded():
        assert not [name for name in sys.modules if name.startswith("kubesim")]

    def test_default(kube_cluster):
        assert len(kube_cluster.list("nodes")) == 3

    @pytest.mark.kube_cluster(nodes=2, seed=5)
    class TestClass:
        @pytest.mark.kube_cluster(nodes=4)
        def test_nearest(self, kube_cluster):
            assert len(kube_cluster.list("nodes")) == 4
            assert kube_cluster.cluster.settings.seed == 5
"""
WRONG = {
    "3": "named arguments only",
    "nodes=-1": "nodes=-1: must be between 0 and 5000",
    "size=3": "unexpected keyword argument 'size'",
    "sample='none'": "sample='none': no such file, folder or sample cluster",
    "speed=-1": "speed=-1",
    "manifests='kind: Pod'": "apiVersion",
}


def test_in_a_project_of_its_own(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    wrong = [
        f"@pytest.mark.kube_cluster({marker})\ndef test_wrong_{number}(kube_cluster):\n    pass\n"
        for number, marker in enumerate(WRONG)
    ]
    pytester.makepyfile(test_right=USER_TESTS, test_wrong="import pytest\n" + "\n".join(wrong))
    done = pytester.runpytest_subprocess(
        "-p", "kubetui.testing.plugin", "--strict-markers", "test_right.py", "test_wrong.py"
    )
    done.assert_outcomes(passed=3, errors=len(WRONG))
    shown = done.stdout.str()
    assert [text for text in WRONG.values() if text not in shown] == []


def test_the_package_names_its_plugin():
    found = {point.name: point.value for point in entry_points(group="pytest11")}
    assert found["kubetui"] == "kubetui.testing.plugin"


def test_the_marker_is_explained(request: pytest.FixtureRequest):
    assert any(line.startswith("kube_cluster(nodes=3") for line in request.config.getini("markers"))


def test_the_command_line_does_not_load_the_plugin():
    code = "import sys, kubetui.__main__, kubetui.cli; print([m for m in sys.modules if 'testing' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
