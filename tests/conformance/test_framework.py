"""What the framework of the official tests asks before, after and around each test, of the cluster that is served.

# k8s: test/e2e/e2e.go, test/e2e/framework/{framework,util}.go and its packages debug, metrics, node, pod
"""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance import binary
from conformance.forwarded import ForwardedPort, TlsClient
from conformance.served import TOKEN, Reply, Served
from conformance.ways import Tree
from kubesim.scenario.description import parse
from kubesim.scenario.loader import build

ACCEPT = f"{binary.MEDIA_TYPE},application/json"
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
SAMPLE = re.compile(r'^[a-z_:][a-z0-9_:]*(\{([a-z_]+="[^"]*",?)*\})? [-+0-9.einfEINF]+$')


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """What ``kubetui serve`` serves when nothing is said, in real time."""
    description = parse({}, Path("cluster.yaml"))._replace(manifests=())
    cluster = build(description, epoch_ms=int(time.time()) * 1000, seed=1, sources=[])
    found = Served(cluster, tmp_path_factory.mktemp("framework"), anonymous=False)
    yield found
    found.stop()


def ask(served: Served, method: str, path: str, body: Tree | None = None) -> Reply:
    """A request of a typed client: bodies are protobuf, answers may be."""
    sent = None if body is None else binary.encode(body)
    reply = served.send(method, path, sent, {"Accept": ACCEPT, "Content-Type": binary.MEDIA_TYPE})
    assert reply.status < 300, reply.data
    return reply


def got(served: Served, path: str) -> Tree:
    found: Tree = ask(served, "GET", path).json
    return found


def is_true(tree: Tree, kind: str) -> bool:
    return any(each["type"] == kind and each["status"] == "True" for each in tree["status"]["conditions"])


# ---------------------------------------------------------------------- before all tests
def test_all_nodes_can_be_used_at_once(served: Served):
    nodes = got(served, "/api/v1/nodes?resourceVersion=0&fieldSelector=spec.unschedulable%3Dfalse")["items"]
    assert all(is_true(node, "Ready") and not is_true(node, "NetworkUnavailable") for node in nodes)
    taints = [[taint["key"] for taint in node["spec"].get("taints", ())] for node in nodes]
    assert sorted(taints) == [[], [], [CONTROL_PLANE]]
    for node in nodes:
        addresses = {each["type"]: each["address"] for each in node["status"]["addresses"]}
        assert addresses["InternalIP"]
        assert addresses["Hostname"] == node["metadata"]["name"]
        assert int(node["status"]["allocatable"]["pods"]) == 110


def test_the_system_is_up(served: Served):
    assert got(served, "/api/v1/namespaces/kube-system/replicationcontrollers")["items"] == []
    deadline = time.monotonic() + 20
    while True:
        sets = got(served, "/apis/apps/v1/namespaces/kube-system/replicasets")["items"]
        pods = got(served, "/api/v1/namespaces/kube-system/pods")["items"]
        daemons = got(served, "/apis/apps/v1/namespaces/kube-system/daemonsets")["items"]
        waiting = [pod["metadata"]["name"] for pod in pods if not is_true(pod, "Ready")]
        behind = [each for each in sets if each["spec"]["replicas"] != each["status"].get("readyReplicas", 0)]
        lacking = [
            each for each in daemons if each["status"]["desiredNumberScheduled"] != each["status"]["numberReady"]
        ]
        if not waiting and not behind and not lacking:
            break
        assert time.monotonic() < deadline, (waiting, behind, lacking)
        time.sleep(0.1)
    names = [pod["metadata"]["name"] for pod in pods]
    for prefix in (
        "etcd-",
        "kube-apiserver-",
        "kube-controller-manager-",
        "kube-scheduler-",
        "coredns-",
        "kube-proxy-",
    ):
        assert any(name.startswith(prefix) for name in names), prefix
    assert got(served, "/version")["gitVersion"].startswith("v1.37.")
    assert got(served, "/api/v1/namespaces/default/services/kubernetes")["spec"]["clusterIP"] == "10.96.0.1"


# ---------------------------------------------------------------------- around each test
def first_of(served: Served, path: str, name: str) -> list[Tree]:
    """What an informer of one object hears first, which asks for it as a stream from the beginning."""
    query = (
        f"?allowWatchBookmarks=true&fieldSelector=metadata.name%3D{name}&resourceVersionMatch=NotOlderThan"
        "&sendInitialEvents=true&timeoutSeconds=300&watch=true"
    )
    reply = served.watch(f"{path}{query}", {"Accept": ACCEPT}, quiet=0.3)
    assert reply.status == 200, reply.data
    return [json.loads(line) for line in reply.data.splitlines()]


def test_a_namespace_comes_with_what_tests_wait_for_and_goes(served: Served):
    level = {f"pod-security.kubernetes.io/{mode}": "baseline" for mode in ("enforce", "audit", "warn")}
    labels = {"e2e-framework": "framework", "e2e-run": "0", **level}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "framework-1", "labels": labels}}
    made = ask(served, "POST", "/api/v1/namespaces", {**namespace, "spec": {}, "status": {}}).json
    assert made["metadata"]["labels"] == {**labels, "kubernetes.io/metadata.name": "framework-1"}
    for resource, name in (("serviceaccounts", "default"), ("configmaps", "kube-root-ca.crt")):
        heard = first_of(served, f"/api/v1/namespaces/framework-1/{resource}", name)
        kinds = [event["type"] for event in heard]
        assert "ADDED" in kinds
        bookmark = next(event["object"]["metadata"] for event in heard if event["type"] == "BOOKMARK")
        assert bookmark["annotations"] == {"k8s.io/initial-events-end": "true"}
    options = {"apiVersion": "v1", "kind": "DeleteOptions"}
    assert ask(served, "DELETE", "/api/v1/namespaces/framework-1", options).json["status"]["phase"] == "Terminating"
    deadline = time.monotonic() + 15
    while served.send("GET", "/api/v1/namespaces/framework-1").status != 404:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_bytes_without_a_type_are_json(served: Served):
    # k8s: rest.Request.Body sends bytes as they are, and names no type.
    connection = served.connect()
    body = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"untyped"}}'
    headers = {"Accept": ACCEPT, "Authorization": f"Bearer {TOKEN}"}
    connection.request("POST", "/api/v1/namespaces/default/configmaps", body=body, headers=headers)
    assert connection.getresponse().status == 201
    connection.close()


def test_a_role_is_found_without_its_group(served: Served):
    reference = {"apiGroup": "", "kind": "Role", "name": "extension-apiserver-authentication-reader"}
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": "default"}
    api_version = "rbac.authorization.k8s.io/v1"
    body = {
        "apiVersion": api_version, "kind": "RoleBinding", "metadata": {"name": "webhook-auth-reader"},
        "roleRef": reference, "subjects": [subject],
    }  # fmt: skip
    path = f"/apis/{api_version}/namespaces/kube-system/rolebindings"
    assert ask(served, "POST", path, body).json["roleRef"]["apiGroup"] == "rbac.authorization.k8s.io"


# ---------------------------------------------------------------------- after a failed test
def test_what_is_dumped(served: Served):
    selector = (
        "involvedObject.kind%3DNode%2CinvolvedObject.name%3Dwk-1%2CinvolvedObject.namespace%3D%2Csource%3Dkubelet"
    )
    assert got(served, f"/api/v1/namespaces/kube-system/events?fieldSelector={selector}")["items"] == []
    pods = got(served, "/api/v1/nodes/wk-1:10250/proxy/pods")
    assert pods["kind"] == "PodList"
    assert {pod["spec"]["nodeName"] for pod in pods["items"]} == {"wk-1"}
    check_exposition(ask(served, "GET", "/api/v1/nodes/wk-1:10250/proxy/metrics").data.decode(), "kubelet_running_pods")


# ---------------------------------------------------------------------- metrics
def check_exposition(text: str, *names: str) -> None:
    """It is what Prometheus reads, and these metrics have samples."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in lines if not SAMPLE.match(line)] == []
    found = {re.split(r"[{ ]", line)[0] for line in lines}
    assert set(names) <= found


@pytest.mark.parametrize(
    ("pod", "port", "metric"),
    [
        ("kube-controller-manager-cp-1", 10257, "workqueue_adds_total"),
        ("kube-scheduler-cp-1", 10259, "scheduler_pending_pods"),
    ],
    ids=["manager", "scheduler"],
)
def test_metrics_of_components_are_grabbed_over_a_forwarded_port(served: Served, pod: str, port: int, metric: str):
    log = f"/api/v1/namespaces/kube-system/pods/{pod}/log?limitBytes=1"
    assert served.send("GET", log).status == 200
    forwarded = ForwardedPort(served, "kube-system", pod, port)
    client = TlsClient(forwarded)
    status, body = client.get("/metrics", TOKEN)
    assert status == 200
    check_exposition(body.decode(), metric, "leader_election_master_status", "kubernetes_build_info")
    assert client.get("/healthz") == (200, b"ok")
    status, body = client.get("/metrics")
    assert (status, json.loads(body)["message"]) == (
        403,
        'forbidden: User "system:anonymous" cannot get path "/metrics"',
    )
    forwarded.close()


def test_a_proxied_port_of_a_component_tells_strangers_nothing(served: Served):
    path = "/api/v1/namespaces/kube-system/pods/https:kube-scheduler-cp-1:10259/proxy"
    assert served.send("GET", f"{path}/healthz").data == b"ok"
    assert served.send("GET", f"{path}/metrics").status == 403


def test_metrics_of_the_server_count_its_requests(served: Served):
    def counted() -> int:
        text = served.send("GET", "/metrics").data.decode()
        check_exposition(
            text, "apiserver_request_total", "apiserver_request_duration_seconds_bucket", "apiserver_resource_objects",
            "apiserver_current_inflight_requests", "apiserver_flowcontrol_nominal_limit_seats", "kubernetes_build_info",
        )  # fmt: skip
        wanted = [
            line for line in text.splitlines() if line.startswith("apiserver_request_total")
            and 'code="404"' in line and 'resource="secrets"' in line and 'verb="GET"' in line
        ]  # fmt: skip
        return sum(int(line.rsplit(" ", 1)[1]) for line in wanted)

    before = counted()
    for _ in range(3):
        served.send("GET", "/api/v1/namespaces/default/secrets/none")
    assert counted() == before + 3
    text = served.send("GET", "/metrics/slis").data.decode()
    assert 'kubernetes_healthcheck{name="etcd",type="readyz"}' not in text
    assert 'kubernetes_healthcheck{name="etcd",type="livez"} 1' in text
