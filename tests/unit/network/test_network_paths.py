"""Connections between pods as their commands see them, and as the packet trace tells them."""

import pytest
from webshop import delete, deployment, pod_of, policy, run, service, shop

from building import create
from kubesim.cluster import Cluster
from kubesim.network.trace import parse, trace
from kubesim.objects.wire import DEPLOYMENTS, FAULTS, NETWORKPOLICIES, SERVICES, Key, Request


@pytest.fixture
def lab(cluster: Cluster) -> Cluster:
    shop(cluster)
    return cluster


def hops(cluster: Cluster, source: str, target: str) -> list[tuple[str, bool]]:
    found = trace(cluster.network, cluster.ingresses, source, target, "default")
    return [(hop.stage, hop.ok) for hop in found.hops]


# ---------------------------------------------------------------------- commands
def test_curl_reaches_a_pod_behind_a_service(lab: Cluster):
    code, output, _ = run(lab, "client", "curl -s http://web/hello")
    assert code == 0
    assert '"path": "/hello"' in output
    assert '"Host": "web"' in output


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("wget -q -O- web", 0, '"pod": "web-'),
        ("wget -O /dev/null web", 0, "Connecting to web (10.96."),
        ("curl -s -o /dev/null -w '%{http_code}' web.default.svc.cluster.local", 0, "200"),
        ("curl -sI web", 0, "HTTP/1.1 200 OK\n"),
        ("curl http://nosuch", 6, "curl: (6) Could not resolve host: nosuch\n"),
        ("wget http://nosuch", 1, "wget: bad address 'nosuch'\n"),
        ("curl http://web:81 -m 2", 28, "curl: (28) Connection timed out after 2001 milliseconds\n"),
        ("nc -zv web 80", 0, "open\n"),
        ("nslookup web", 0, "Name:\tweb.default.svc.cluster.local\nAddress: 10.96."),
        ("nslookup nosuch", 1, "** server can't find nosuch.default.svc.cluster.local: NXDOMAIN"),
        ("dig +short web.default.svc.cluster.local", 0, "10.96."),
        ("dig +search +noall +answer web A", 0, "web.default.svc.cluster.local.\t30\tIN\tA\t10.96."),
        ("getent hosts kubernetes.default", 0, "10.96.0.1       kubernetes.default.svc.cluster.local\n"),
        ("getent hosts $(hostname)", 0, "10.244."),
        ("cat /etc/resolv.conf", 0, "search default.svc.cluster.local svc.cluster.local cluster.local\n"),
        ("curl -s -o /tmp/page web; wc -c < /tmp/page", 0, ""),
        ("host web", 0, "web.default.svc.cluster.local has address 10.96."),
        ("host nosuch", 1, "Host nosuch not found: 3(NXDOMAIN)\n"),
        ("ping -c 2 web", 0, "2 packets transmitted, 2 packets received, 0% packet loss\n"),
        ("nslookup 10.96.0.1", 0, "1.0.96.10.in-addr.arpa\tname = kubernetes.default.svc.cluster.local\n"),
        ("dig web", 0, "status: NXDOMAIN"),
        ("dig -x 10.96.0.1 +short", 0, "kubernetes.default.svc.cluster.local.\n"),
        ("curl -v http://web 2>&1", 0, "< HTTP/1.1 200 OK\n"),
        ("curl -s -d a=1 web", 0, '"method": "POST"'),
        ("curl -s -H 'X-Team: a' web", 0, '"X-Team": "a"'),
        ("wget --spider http://web", 0, "remote file exists\n"),
        ("getent hosts nosuch", 2, ""),
        ("getent ahosts web", 0, "STREAM web.default.svc.cluster.local\n"),
    ],
)
def test_commands(lab: Cluster, line, code, text):
    found = run(lab, "client", line)
    assert found[0] == code, found[1]
    assert text in found[1]


def test_refused_when_nothing_listens_on_the_target_port(lab: Cluster):
    create(lab, service("closed", 9999, "web"))
    lab.advance(2_000)
    code, output, millis = run(lab, "client", "curl http://closed")
    assert (code, millis) == (7, 10)
    assert output == "curl: (7) Failed to connect to closed port 80 after 1 ms: Could not connect to server\n"
    assert run(lab, "client", "wget http://closed")[1].endswith("): Connection refused\n")


def test_refused_when_there_is_no_endpoint(lab: Cluster):
    create(lab, service("empty"))
    lab.advance(2_000)
    assert run(lab, "client", "nc -zv empty 80")[1].endswith(": Connection refused\n")
    assert hops(lab, "client", "empty:80")[-1] == ("EndpointSlice", False)


def test_headless_services_and_stateful_pods_have_names(cluster: Cluster):
    labels = {"app": "db"}
    container = {"name": "db", "image": "ghcr.io/acme/db:1", "ports": [{"containerPort": 5000}]}
    spec = {"serviceName": "db", "replicas": 2, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}  # fmt: skip
    shop(
        cluster,
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": spec},
        service("db", 5000, clusterIP="None"),
    )
    every = run(cluster, "client", "dig +short db.default.svc.cluster.local")[1].split()
    assert len(every) == 2
    assert run(cluster, "client", "dig +short db-1.db.default.svc.cluster.local")[1].split()[0] in every
    assert '"pod": "db-1"' in run(cluster, "client", "curl -s http://db-1.db:5000/")[1]
    assert "db-0.db.default.svc.cluster.local\tdb-0" in run(cluster, "db", "cat /etc/hosts")[1]


def test_a_loop_in_a_pod_keeps_fetching_and_its_log_shows_it(cluster: Cluster):
    line = "while true; do wget -q -O- http://web/x | grep path; sleep 5; done"
    shop(cluster, deployment("caller", 0, 1, "busybox:1.37", command=["sh", "-c", line]))
    cluster.advance(60_000)
    lines = cluster.kubelets.logs("default", pod_of(cluster, "caller"))
    assert len(lines) > 8
    assert {line.text.strip() for line in lines} == {'"path": "/x",'}


# ---------------------------------------------------------------------- policies
def test_a_policy_drops_and_the_connection_times_out(lab: Cluster):
    create(lab, policy("deny", {"app": "web"}, policyTypes=["Ingress"]))
    lab.advance(1_000)
    code, output, millis = run(lab, "client", "curl -m 3 http://web")
    assert (code, output, millis) == (28, "curl: (28) Connection timed out after 3001 milliseconds\n", 3_000)
    assert run(lab, "client", "wget -T 2 http://web")[1].endswith("wget: download timed out\n")
    assert run(lab, "client", "nc -zv -w 2 web 80")[1:] == ("nc: timed out\n", 2_000)
    assert hops(lab, "client", "web:80")[-1] == ("NetworkPolicy", False)
    delete(lab, NETWORKPOLICIES, "deny")
    lab.advance(1_000)
    assert run(lab, "client", "curl -s http://web")[0] == 0


def test_probes_and_port_forwards_pass_policies(lab: Cluster):
    create(lab, policy("deny", {"app": "web"}, policyTypes=["Ingress"]))
    lab.advance(1_000)
    connection = lab.kubelets.connect("default", pod_of(lab, "web"), 8080)
    assert connection.feed(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_egress_that_forbids_dns_makes_names_fail(lab: Cluster):
    to_web = {"to": [{"podSelector": {"matchLabels": {"app": "web"}}}]}
    create(lab, policy("only-web", {"app": "client"}, policyTypes=["Egress"], egress=[to_web]))
    lab.advance(1_000)
    code, output, _ = run(lab, "client", "nslookup web")
    assert (code, output) == (1, ";; connection timed out; no servers could be reached\n\n")
    address = lab.store.get(SERVICES, "default", "web")["spec"]["clusterIP"]
    assert run(lab, "client", f"curl -s http://{address}")[0] == 0


def test_named_ports_of_policies_are_those_of_the_target(lab: Cluster):
    create(lab, policy("named", {"app": "web"}, ingress=[{"ports": [{"port": "http"}]}]))
    lab.advance(1_000)
    assert run(lab, "client", "curl -s http://web")[0] == 0


# ---------------------------------------------------------------------- outages
def crash(cluster: Cluster, node: str, kind: str) -> None:
    target = {"kind": "Node", "name": node}
    body = {"apiVersion": "sim.kubetui.dev/v1", "kind": "Fault", "metadata": {"name": "f"},
            "spec": {"type": kind, "target": target}}  # fmt: skip
    assert cluster.handle(Request("create", Key(FAULTS), body=body)).code == 201
    cluster.advance(100)


@pytest.mark.parametrize(
    ("kind", "outcome"), [("NodeCrash", "timeout"), ("NetworkPartition", "timeout"), ("KubeletStop", "connected")]
)
def test_pods_of_broken_nodes(lab: Cluster, kind, outcome):
    client = lab.network.policies.pod("default", pod_of(lab, "client"))
    assert client is not None
    other = next(
        peer
        for number in (0, 1)
        if (peer := lab.network.policies.pod("default", pod_of(lab, "web", number))) and peer.node != client.node
    )
    crash(lab, other.node, kind)
    assert lab.network.path(client, other.ip, 8080).outcome == outcome


# ---------------------------------------------------------------------- traces
def test_a_trace_names_every_hop(lab: Cluster):
    found = trace(lab.network, lab.ingresses, "client", "web:80", "default")
    stages = ["client", "DNS", "Service", "EndpointSlice", "kube-proxy", "pod"]
    assert [hop.stage for hop in found.hops] == stages
    assert found.connected
    assert found.hops[3].text == "2 of 2 endpoints ready"


def test_a_trace_changes_nothing(lab: Cluster):
    before = lab.digest()
    answers = [trace(lab.network, lab.ingresses, "client", "web:80", "default") for _ in range(3)]
    assert len({answer.target for answer in answers}) == 1
    assert lab.digest() == before


@pytest.mark.parametrize(
    ("source", "target", "last", "reason"),
    [
        ("client", "nosuch:80", "DNS", "nosuch does not exist; tried nosuch.default.svc.cluster.local, nosuch.svc"),
        ("client", "web:81", "Service", "default/web has no port 81/TCP; it has 80/TCP"),
        ("client", "wrong:80", "EndpointSlice", "no pod matches the selector app=nobody"),
        ("client", "closed:80", "pod", "nothing listens on port 9999; its containers declare 8080"),
        ("client", "10.99.99.99:80", "route", "nobody has the address 10.99.99.99"),
        ("outside", "svc/wrong:80", "EndpointSlice", "no pod matches"),
    ],
)
def test_why_a_connection_ends(lab: Cluster, source, target, last, reason):
    create(lab, service("wrong", selector="nobody"))
    create(lab, service("closed", 9999, "web"))
    lab.advance(2_000)
    found = trace(lab.network, lab.ingresses, source, target, "default")
    assert found.hops[-1].stage == last
    assert reason in found.reason


def test_not_ready_and_terminating_endpoints_are_told(lab: Cluster):
    lab.handle(Request("patch", Key(DEPLOYMENTS, "default", "web"), body={"spec": {"replicas": 0}},
                       content_type="application/merge-patch+json"))  # fmt: skip
    lab.advance(50)
    found = trace(lab.network, lab.ingresses, "client", "web:80", "default")
    assert found.connected or "terminating" in found.reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web:80", ("", "default", "web", 80)),
        ("svc/web:http", ("svc", "default", "web", "http")),
        ("shop/web:80", ("", "shop", "web", 80)),
        ("pod/shop/web-1:8080", ("pod", "shop", "web-1", 8080)),
        ("svc/web", ("svc", "default", "web", "")),
        ("http://h/x", ("url", "default", "http://h/x", 0)),
    ],
)
def test_destinations(text, expected):
    assert tuple(parse(text, "default")) == expected


@pytest.mark.parametrize(("source", "target"), [("client", "web"), ("nobody", "web:80"), ("client", "pod/none:1")])
def test_words_that_mean_nothing(lab: Cluster, source, target):
    with pytest.raises(ValueError, match=r"trace FROM|no pod"):
        trace(lab.network, lab.ingresses, source, target, "default")


def test_a_cluster_with_a_network_can_be_forked(lab: Cluster):
    copy = lab.fork()
    assert run(copy, "client", "curl -s http://web")[0] == 0
    assert copy.network is not lab.network
