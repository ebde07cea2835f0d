"""kube-proxy's tables and the choice of endpoints."""

import pickle
from typing import Any

import pytest

from kubesim.api.schema import Schema
from kubesim.api.server import ApiServer
from kubesim.kernel.chance import Chance
from kubesim.kernel.journal import Journal
from kubesim.kernel.loop import Loop
from kubesim.kinds import strategies
from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.network import endpoints
from kubesim.network.endpoints import Origin
from kubesim.network.loadbalancer import LoadBalancerController
from kubesim.network.pools import AddressPool, PoolExhaustedError
from kubesim.network.services import ServiceProxy
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import ENDPOINTSLICES, EVENTS, NAMESPACES, NODES, SERVICES, Identity
from kubesim.store.mvcc import Store


def endpoint(ip, node="n1", zone="a", ready=True, serving=None, terminating=False, hints=None):
    found: dict[str, Any] = {
        "addresses": [ip],
        "conditions": {"ready": ready, "serving": ready if serving is None else serving, "terminating": terminating},
        "nodeName": node,
        "zone": zone,
        "targetRef": {"kind": "Pod", "namespace": "default", "name": f"pod-{ip}"},
    }
    if hints:
        found["hints"] = {"forZones": [{"name": name} for name in hints]}
    return found


class Network:
    def __init__(self):
        self.loop, self.store = Loop(1_750_000_000_000), Store()
        self.api = ApiServer(self.store, self.loop, Chance(1), Journal(), strategies(Chance(1)), Schema.load())
        self.hub = Hub(self.loop, self.store)
        self.client = Client(
            self.api, self.store, self.loop, Identity("admin", ("system:masters",), "service-controller")
        )
        self.client.create(NAMESPACES, "", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
        for name, zone in (("n1", "a"), ("n2", "a"), ("n3", "b")):
            labels = {"topology.kubernetes.io/zone": zone}
            self.client.create(
                NODES, "", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
            )
        self.proxy = ServiceProxy(self.hub, self.client)
        self.balancers = LoadBalancerController(self.loop, self.hub, self.client)

    def run(self, seconds=1.0):
        self.loop.run_until(self.loop.now + round(seconds * 1000))

    def service(self, name="web", **spec):
        body = {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"},
            "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}], **spec},
        }  # fmt: skip
        return self.client.create(SERVICES, "default", body)

    def slice(self, *items, name="web-1", service="web", port=8080):
        body = {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": name, "namespace": "default", "labels": {"kubernetes.io/service-name": service}},
            "endpoints": list(items), "ports": [{"name": "http", "port": port, "protocol": "TCP"}],
        }  # fmt: skip
        old = self.store.get(ENDPOINTSLICES, "default", name)
        if old is None:
            self.client.create(ENDPOINTSLICES, "default", body)
        else:
            self.client.update(ENDPOINTSLICES, {**old, "endpoints": list(items)})
        self.run(0.1)

    def pick(self, *args, **kwargs):
        return self.proxy.pick("default", "web", *(args or (80,)), **kwargs).ip

    def get(self, name="web"):
        return self.store.get(SERVICES, "default", name)

    def reasons(self):
        return [
            e["reason"] for e in sorted(self.store.range(EVENTS), key=lambda e: int(e["metadata"]["resourceVersion"]))
        ]


@pytest.fixture
def net():
    return Network()


def test_target(net):
    net.service()
    net.slice(endpoint("10.244.0.5"))
    assert net.proxy.pick("default", "web", "http") == ("10.244.0.5", 8080, "default", "pod-10.244.0.5", "n1")


def test_turns(net):
    net.service()
    net.slice(endpoint("10.244.0.5"), endpoint("10.244.0.6"), endpoint("10.244.0.7"))
    assert [net.pick() for _ in range(6)] == ["10.244.0.5", "10.244.0.6", "10.244.0.7"] * 2


def test_who_has_connections_waits_and_near_ones_come_no_sooner(net):
    net.service()
    net.slice(endpoint("1.1.1.3", "n3", "b"), endpoint("1.1.1.2", "n2"), endpoint("1.1.1.1", "n1"))
    first = net.proxy.pick("default", "web", 80, "n3")
    assert first.ip == "1.1.1.1"
    net.proxy.opened(first)
    assert [net.pick(80, "n1") for _ in range(3)] == ["1.1.1.2", "1.1.1.3", "1.1.1.2"]
    net.proxy.closed(first)
    assert [net.pick(80, "n3") for _ in range(3)] == ["1.1.1.3", "1.1.1.1", "1.1.1.2"]


def test_only_ready_ones_else_those_that_still_serve(net):
    net.service()
    going = endpoint("1.1.1.2", ready=False, serving=True, terminating=True)
    net.slice(endpoint("1.1.1.1"), going, endpoint("1.1.1.3", ready=False))
    assert {net.pick() for _ in range(4)} == {"1.1.1.1"}
    net.slice(going, endpoint("1.1.1.3", ready=False))
    assert net.pick() == "1.1.1.2"
    net.slice(endpoint("1.1.1.3", ready=False))
    with pytest.raises(ApiError) as caught:
        net.pick()
    assert (caught.value.code, str(caught.value)) == (503, 'no endpoints available for service "web"')


def test_local_policies(net):
    net.service(internalTrafficPolicy="Local")
    net.slice(endpoint("1.1.1.1", "n1"), endpoint("1.1.1.2", "n2"))
    assert net.pick(80, "n2") == "1.1.1.2"
    with pytest.raises(ApiError):
        net.pick(80, "n3")


def test_session_affinity(net):
    net.service(sessionAffinity="ClientIP", sessionAffinityConfig={"clientIP": {"timeoutSeconds": 100}})
    net.slice(endpoint("1.1.1.1"), endpoint("1.1.1.2"))
    first = net.pick(80, client="9.9.9.9")
    assert [net.pick(80, client="9.9.9.9") for _ in range(3)] == [first] * 3
    assert net.pick(80, client="8.8.8.8") != first
    net.run(101)
    assert net.pick(80, client="9.9.9.9") in {"1.1.1.1", "1.1.1.2"}


def test_hints(net):
    net.service()
    net.slice(endpoint("1.1.1.1", "n1", "a", hints=["a"]), endpoint("1.1.1.3", "n3", "b", hints=["b"]))
    assert {net.pick(80, "n3") for _ in range(3)} == {"1.1.1.3"}
    assert {net.pick(80, "n2") for _ in range(3)} == {"1.1.1.1"}


def test_traffic_distribution(net):
    net.service(trafficDistribution="PreferSameZone")
    net.slice(endpoint("1.1.1.1", "n1", "a"), endpoint("1.1.1.2", "n2", "a"), endpoint("1.1.1.3", "n3", "b"))
    first = net.proxy.pick("default", "web", 80, "n1")
    net.proxy.opened(first)
    net.proxy.opened(net.proxy.pick("default", "web", 80, "n1"))
    assert net.pick(80, "n1") != "1.1.1.3"


def test_slices_come_and_go(net):
    net.service()
    net.slice(endpoint("1.1.1.1"))
    net.slice(endpoint("1.1.1.2"), name="web-2")
    assert [e.ip for e in net.proxy.endpoints("default", "web")] == ["1.1.1.1", "1.1.1.2"]
    net.client.delete(ENDPOINTSLICES, "default", "web-1")
    net.run(0.1)
    assert [e.ip for e in net.proxy.endpoints("default", "web")] == ["1.1.1.2"]


def test_unknown_service_and_port(net):
    with pytest.raises(ApiError) as caught:
        net.pick()
    assert str(caught.value) == 'services "web" not found'
    net.service()
    with pytest.raises(ApiError) as caught:
        net.pick(81)
    assert caught.value.code == 503


def test_node_ports_and_addresses(net):
    created = net.service(type="NodePort")
    net.run(0.1)
    port = created["spec"]["ports"][0]["nodePort"]
    assert net.proxy.by_node_port(port) == ("default", "web", "http")
    assert net.proxy.by_address(created["spec"]["clusterIP"]) == ("default", "web")
    net.client.delete(SERVICES, "default", "web")
    net.run(0.1)
    assert net.proxy.by_node_port(port) is None
    assert net.proxy.by_address(created["spec"]["clusterIP"]) is None


def test_tables_survive_a_copy(net):
    net.service()
    net.slice(endpoint("1.1.1.1"), endpoint("1.1.1.2"))
    net.pick()
    copy = pickle.loads(pickle.dumps(net))
    assert [copy.pick() for _ in range(3)] == [net.pick() for _ in range(3)]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, (True, True, False)),
        ({"ready": False}, (False, False, False)),
        ({"ready": False, "serving": True, "terminating": True}, (False, True, True)),
        ({"ready": None}, (True, True, False)),
    ],
    ids=["unknown", "not-ready", "going", "null"],
)
def test_conditions(conditions, expected):
    tree = {"metadata": {}, "endpoints": [{"addresses": ["1.1.1.1"], "conditions": conditions}]}
    assert endpoints.of_slice(tree)[0][2:5] == expected


def test_distance():
    one = endpoints.of_slice({"metadata": {}, "endpoints": [endpoint("1.1.1.1")]})[0]
    assert [endpoints.distance(one, Origin(*where)) for where in (("n1", "a"), ("n2", "a"), ("n3", "b"), ("", ""))] == [
        0,
        1,
        2,
        2,
    ]


# ---------------------------------------------------------------------- load balancers
def test_load_balancer_gets_an_address(net):
    net.service(type="LoadBalancer")
    net.run(1)
    assert net.get()["metadata"]["finalizers"] == ["service.kubernetes.io/load-balancer-cleanup"]
    assert not net.get()["status"]["loadBalancer"].get("ingress")
    net.run(2)
    assert net.get()["status"]["loadBalancer"] == {"ingress": [{"ip": "172.18.255.1", "ipMode": "VIP"}]}
    assert net.reasons() == ["EnsuringLoadBalancer", "EnsuredLoadBalancer"]
    assert net.proxy.by_address("172.18.255.1") == ("default", "web")


def test_load_balancer_is_cleaned_up(net):
    net.service(type="LoadBalancer")
    net.run(3)
    net.client.delete(SERVICES, "default", "web")
    net.run(1)
    assert net.get() is None
    assert net.reasons()[-2:] == ["DeletingLoadBalancer", "DeletedLoadBalancer"]
    net.service("other", type="LoadBalancer")
    net.run(3)
    assert net.get("other")["status"]["loadBalancer"]["ingress"][0]["ip"] == "172.18.255.1"


def test_no_longer_a_load_balancer(net):
    net.service(type="LoadBalancer")
    net.run(3)
    service = net.get()
    net.client.update(SERVICES, {**service, "spec": {**service["spec"], "type": "ClusterIP"}})
    net.run(2)
    assert not net.get()["status"]["loadBalancer"].get("ingress")
    assert not net.get()["metadata"].get("finalizers")


def test_wished_address_and_other_classes(net):
    net.service(type="LoadBalancer", loadBalancerIP="172.18.255.77")
    net.service("other", type="LoadBalancer", loadBalancerClass="example.com/lb")
    net.run(4)
    assert net.get()["status"]["loadBalancer"]["ingress"][0]["ip"] == "172.18.255.77"
    assert not net.get("other")["status"]["loadBalancer"].get("ingress")


def test_pool():
    pool = AddressPool("10.0.0.0/30")
    assert [pool.take(("a", "1")), pool.take(("a", "2"))] == ["10.0.0.1", "10.0.0.2"]
    with pytest.raises(PoolExhaustedError):
        pool.take(("a", "3"))
    pool.give_back(("a", "1"))
    assert pool.claim("10.0.0.1", ("a", "3"))
    assert not pool.claim("10.0.0.1", ("a", "4"))
