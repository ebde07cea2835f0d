"""Metrics for Prometheus: their text, what is counted, kubelets' pages, and the TLS ports of components."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from kubesim.cluster import Cluster, Settings
from kubesim.httpd.credentials import Credentials
from kubesim.httpd.gate import of_path
from kubesim.httpd.identities import Attributes, Authenticator, Decision
from kubesim.httpd.scraping import kubelets
from kubesim.httpd.scraping.families import Family, Sample, one, render
from kubesim.httpd.scraping.requests import MOST, RequestCounts
from kubesim.httpd.scraping.scrapes import Scrapes
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import CONFIGMAPS, EVENTS, PODS, Identity, Key, Request


# ---------------------------------------------------------------------- the text
def test_the_text_of_families():
    labelled = Sample({"b": 'a "quote"\n', "a": "back\\slash"}, 2.5)
    text = render([Family("z_total", "counter", "Last.", (labelled,)), one("a", "gauge", "First.", 1e6)]).decode()
    assert text.splitlines() == [
        "# HELP a First.",
        "# TYPE a gauge",
        "a 1000000",
        "# HELP z_total Last.",
        "# TYPE z_total counter",
        'z_total{a="back\\\\slash",b="a \\"quote\\"\\n"} 2.5',
    ]


# ---------------------------------------------------------------------- counting
def count(counts: RequestCounts, wanted: Attributes, code: int = 200, seconds: float = 0.01) -> None:
    counts.end(counts.begin(wanted), code, seconds)


def samples(counts: RequestCounts, name: str) -> list[Sample]:
    return list(next(family for family in counts.families() if family.name == name).samples)


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (Attributes("list", PODS), ("LIST", "", "v1", "pods", "", "cluster")),
        (Attributes("create", CONFIGMAPS, "", "ns"), ("POST", "", "v1", "configmaps", "", "namespace")),
        (Attributes("update", PODS, "status", "ns", "a"), ("PUT", "", "v1", "pods", "status", "resource")),
        (Attributes("deletecollection", EVENTS, "", "ns"), ("DELETE", EVENTS.group, "v1", "events", "", "namespace")),
        (Attributes("create", PODS, "exec", "ns", "a"), ("CONNECT", "", "v1", "pods", "exec", "resource")),
        (Attributes("get", PODS, "log", "ns", "a"), ("CONNECT", "", "v1", "pods", "log", "resource")),
        (of_path("GET", "/healthz"), ("GET", "", "", "", "", "")),
    ],
    ids=["list", "create", "status", "collection", "exec", "log", "path"],
)
def test_what_a_request_counts_as(wanted: Attributes, shown: tuple[str, ...]):
    counts = RequestCounts()
    count(counts, wanted, 404)
    (sample,) = samples(counts, "apiserver_request_total")
    names = ("verb", "group", "version", "resource", "subresource", "scope")
    assert tuple(sample.labels[name] for name in names) == shown
    assert (sample.labels["code"], sample.value) == ("404", 1)


def test_how_long_requests_take():
    counts = RequestCounts()
    for seconds in (0.001, 0.005, 0.3, 100.0):
        count(counts, Attributes("list", PODS), seconds=seconds)
    found = {sample.labels.get("le", sample.suffix): sample.value
             for sample in samples(counts, "apiserver_request_duration_seconds")}  # fmt: skip
    assert [found[bound] for bound in ("0.005", "0.2", "0.4", "60", "+Inf")] == [2, 2, 3, 3, 4]
    assert found["_count"] == 4
    assert found["_sum"] == pytest.approx(100.306)


def test_what_is_under_way():
    counts = RequestCounts()
    watch = counts.begin(Attributes("watch", PODS))
    counts.begin(Attributes("create", PODS, "", "ns"))
    assert [(each.labels["verb"], each.value) for each in samples(counts, "apiserver_longrunning_requests")] == [
        ("WATCH", 1)
    ]
    short = {each.labels["request_kind"]: each.value for each in samples(counts, "apiserver_current_inflight_requests")}
    assert short == {"mutating": 1, "readOnly": 0}
    counts.end(watch, 200, 1.0)
    assert samples(counts, "apiserver_longrunning_requests") == []


def test_names_that_nobody_serves_do_not_fill_the_memory():
    counts = RequestCounts()
    for number in range(MOST + 50):
        count(counts, Attributes("get", PODS._replace(resource=f"x{number}")))
    assert counts.total() == MOST + 50
    found = samples(counts, "apiserver_request_total")
    assert len(found) == MOST + 1
    assert next(each.value for each in found if each.labels["verb"] == "OTHER") == 50


# ---------------------------------------------------------------------- kubelets
@pytest.fixture(scope="module")
def cluster() -> Cluster:
    found = Cluster(Settings(name="scraped"))
    found.add_node(NodeSpec("n1"))
    found.advance(10_000)
    body = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "c", "image": "nginx:1.29"}]}}
    assert found.handle(Request("create", Key(PODS, "default"), body=body)).code == 201
    found.advance(60_000)
    return found


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/healthz", b"ok"),
        ("/metrics", b"kubelet_running_pods 1\n"),
        ("/metrics/resource", b'container_memory_working_set_bytes{container="c",namespace="default",pod="web"} '),
        ("/metrics/cadvisor", b'container="c",id="/kubepods/pod'),
    ],
)
def test_pages_of_a_kubelet(cluster: Cluster, path: str, wanted: bytes):
    found = kubelets.answer(cluster, "n1", path)
    assert found.code == 200
    assert wanted in found.body


def test_what_a_kubelet_knows_of_its_pods(cluster: Cluster):
    listed = kubelets.answer(cluster, "n1", "/pods").body
    assert [pod["metadata"]["name"] for pod in listed["items"]] == ["web"]
    summary = kubelets.answer(cluster, "n1", "/stats/summary").body
    assert summary["node"]["nodeName"] == "n1"
    assert [pod["podRef"]["name"] for pod in summary["pods"]] == ["web"]
    assert kubelets.answer(cluster, "n1", "/run/anything").code == 404


# ---------------------------------------------------------------------- components
class Nobody:
    """Forbids everything."""

    def decide(self, identity: Identity, wanted: Attributes) -> Decision:
        del identity, wanted
        return Decision(False)

    def rules(self, identity: Identity, namespace: str) -> Any:
        raise NotImplementedError


@pytest.fixture(scope="module")
def port(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Opens connections to the port of the controller manager."""
    folder: Path = tmp_path_factory.mktemp("scraping")
    credentials = Credentials(folder)
    labels = {"component": "kube-controller-manager", "tier": "control-plane"}
    spec = {"containers": [{"name": "c", "image": "registry.k8s.io/kube-controller-manager:v1.37.0"}]}
    body = {"metadata": {"name": "manager", "labels": labels}, "spec": spec}
    assert cluster.handle(Request("create", Key(PODS, "kube-system"), body=body)).code == 201
    scrapes = Scrapes(Nobody(), lambda: Authenticator({}))
    scrapes.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    scrapes.context.load_cert_chain(credentials.chain_file)
    return lambda number=10257, pod="manager": scrapes.secured(cluster, "kube-system", pod, number)


def test_only_ports_of_the_control_plane_speak_tls(port: Any):
    assert port() is not None
    assert port(10259) is None
    assert port(pod="none") is None


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 400, b"\x00" * 64])
def test_what_is_no_tls_ends_the_connection(port: Any, noise: bytes):
    connection = port()
    connection.feed(noise)
    assert connection.closed


def test_whoever_may_not_is_told_so(port: Any):
    connection = port()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(received, sent)
    for _ in range(3):
        try:
            client.do_handshake()
            break
        except ssl.SSLWantReadError:
            received.write(connection.feed(sent.read()))
    for path, status in (("/healthz", b"200"), ("/metrics", b"403"), ("/elsewhere", b"403")):
        client.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        received.write(connection.feed(sent.read()))
        assert client.read(65_536).split(b" ")[1] == status
