"""Cluster IPs and node ports: given out once, given back, and refused with the right words."""

import pickle

import pytest

from kubesim.kernel.chance import Chance
from kubesim.kinds.service.pools import PortPool
from kubesim.kinds.service.strategy import ServiceStrategy
from kubesim.objects.errors import ApiError
from kubesim.objects.tree import freeze
from unit.kinds.golden import CONTEXT


def service(name="a", namespace="x", **spec):
    ports = {} if spec.get("type") == "ExternalName" else {"ports": [{"port": 80}]}
    return freeze({"metadata": {"name": name, "namespace": namespace}, "spec": {**ports, **spec}})


def create(strategy, obj):
    return freeze(strategy.begin(strategy.prepare_create(strategy.default(obj), CONTEXT), None))


def change(strategy, old, **spec):
    new = strategy.default(freeze({**old, "spec": {**old["spec"], **spec}}))
    new = strategy.prepare_update(new, old, CONTEXT)
    assert strategy.validate_update(new, old) == []
    return freeze(strategy.begin(new, old))


@pytest.fixture
def strategy():
    return ServiceStrategy(Chance(7))


def message(error):
    return error.value.status["details"]["causes"][0]["message"]


def test_addresses_differ_and_depend_on_the_seed_alone():
    one, other = (ServiceStrategy(Chance(7)) for _ in range(2))
    first = [create(one, service(f"s{i}"))["spec"]["clusterIP"] for i in range(50)]
    assert first == [create(other, service(f"s{i}"))["spec"]["clusterIP"] for i in range(50)]
    assert len(set(first)) == 50
    assert all(text.startswith("10.96.") and not text.startswith("10.96.0.") for text in first)


def test_the_services_of_the_cluster_itself_get_their_fixed_addresses(strategy):
    with pytest.raises(ApiError) as error:
        create(strategy, service(clusterIP="10.96.0.1"))
    assert message(error).endswith("failed to allocate IP 10.96.0.1: provided IP is already allocated")
    assert create(strategy, service("kubernetes", "default"))["spec"]["clusterIP"] == "10.96.0.1"
    dns = create(strategy, service("kube-dns", "kube-system", clusterIP="10.96.0.10"))
    assert dns["spec"]["clusterIPs"] == ["10.96.0.10"]


def test_an_address_is_given_out_once_until_it_is_given_back(strategy):
    first = create(strategy, service(clusterIP="10.96.7.7"))
    with pytest.raises(ApiError) as error:
        create(strategy, service("b", clusterIP="10.96.7.7"))
    assert error.value.code == 422
    assert message(error) == (
        'Invalid value: ["10.96.7.7"]: failed to allocate IP 10.96.7.7: provided IP is already allocated'
    )
    strategy.deleted(first)
    assert create(strategy, service("b", clusterIP="10.96.7.7"))["spec"]["clusterIP"] == "10.96.7.7"


def test_addresses_of_elsewhere_are_refused(strategy):
    with pytest.raises(ApiError) as error:
        create(strategy, service(clusterIP="1.2.3.4"))
    assert "the provided IP (1.2.3.4) is not in the valid range. The range of valid IPs is 10.96.0.0/12" in message(
        error
    )


@pytest.mark.parametrize(
    ("port", "why"),
    [
        (80, "provided port is not in the valid range. The range of valid ports is 30000-32767"),
        (30080, "provided port is already allocated"),
    ],
)
def test_node_ports_are_refused(strategy, port, why):
    create(strategy, service(type="NodePort", ports=[{"port": 80, "nodePort": 30080}]))
    with pytest.raises(ApiError) as error:
        create(strategy, service("b", type="NodePort", ports=[{"port": 80, "nodePort": port}]))
    assert message(error) == f"Invalid value: {port}: {why}"
    assert error.value.status["details"]["causes"][0]["field"] == "spec.ports[0].nodePort"


def test_a_refused_service_takes_nothing(strategy):
    create(strategy, service(type="NodePort", ports=[{"port": 80, "nodePort": 30080}]))
    with pytest.raises(ApiError):
        create(strategy, service("b", type="NodePort", clusterIP="10.96.9.9", ports=[{"port": 80, "nodePort": 30080}]))
    assert create(strategy, service("c", clusterIP="10.96.9.9"))["spec"]["clusterIP"] == "10.96.9.9"


def test_one_port_for_two_protocols_uses_one_node_port(strategy):
    ports = [{"name": "t", "port": 53}, {"name": "u", "port": 53, "protocol": "UDP"}]
    made = create(strategy, service(type="NodePort", ports=ports))["spec"]["ports"]
    assert made[0]["nodePort"] == made[1]["nodePort"]
    strategy.deleted(service(type="NodePort", ports=made))
    assert strategy.ports.take(made[0]["nodePort"])


def test_types_change_back_and_forth(strategy):
    made = create(strategy, service())
    address = made["spec"]["clusterIP"]
    opened = change(strategy, made, type="NodePort")
    port = opened["spec"]["ports"][0]["nodePort"]
    assert opened["spec"]["clusterIP"] == address
    assert opened["spec"]["externalTrafficPolicy"] == "Cluster"
    balanced = change(strategy, opened, type="LoadBalancer", externalTrafficPolicy="Local")
    health = balanced["spec"]["healthCheckNodePort"]
    assert balanced["spec"]["ports"][0]["nodePort"] == port
    assert health not in {0, port}
    closed = change(strategy, balanced, type="ClusterIP")
    assert set(closed["spec"]["ports"][0]) == {"port", "protocol", "targetPort"}
    assert not {"externalTrafficPolicy", "healthCheckNodePort", "allocateLoadBalancerNodePorts"} & set(closed["spec"])
    assert strategy.ports.take(port)
    assert strategy.ports.take(health)
    named = change(strategy, closed, type="ExternalName", externalName="example.com")
    assert not {"clusterIP", "clusterIPs", "ipFamilies"} & set(named["spec"])
    assert strategy.addresses.take(address)


def test_an_unchanged_spec_is_left_alone(strategy):
    made = create(strategy, service(type="NodePort"))
    again = freeze({**made, "metadata": {**made["metadata"], "labels": {"a": "b"}}})
    assert strategy.begin(again, made) is again


def test_headless_services_take_no_address(strategy):
    made = create(strategy, service(clusterIP="None"))
    assert made["spec"]["clusterIPs"] == ["None"]
    assert len(strategy.addresses) == 0


def test_allocations_survive_pickling(strategy):
    made = create(strategy, service(type="NodePort"))
    copy = pickle.loads(pickle.dumps(strategy))
    assert not copy.addresses.take(made["spec"]["clusterIP"])
    assert not copy.ports.take(made["spec"]["ports"][0]["nodePort"])


def test_stored_services_are_adopted(strategy):
    made = create(strategy, service(type="LoadBalancer", externalTrafficPolicy="Local"))
    fresh = ServiceStrategy(Chance(7))
    fresh.adopt(made)
    assert not fresh.addresses.take(made["spec"]["clusterIP"])
    assert not fresh.ports.take(made["spec"]["healthCheckNodePort"])


def test_a_full_pool_says_so():
    pool = PortPool(1, 20, Chance(1).stream("x"))
    assert sorted(filter(None, (pool.draw() for _ in range(20)))) == list(range(1, 21))
    assert pool.draw() is None


@pytest.mark.parametrize(
    ("spec", "status", "shown"),
    [
        ({"type": "LoadBalancer"}, {}, "<pending>"),
        ({"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}, {"hostname": "b"}]}}, "1.2.3.4,b"),
        ({"type": "LoadBalancer", "externalIPs": ["9.9.9.9"]}, {}, "9.9.9.9"),
        ({"type": "ClusterIP", "externalIPs": ["9.9.9.9", "8.8.8.8"]}, {}, "9.9.9.9,8.8.8.8"),
    ],
)
def test_external_addresses(strategy, spec, status, shown):
    metadata = {"name": "a", "creationTimestamp": CONTEXT.stamp}
    assert strategy.row({"metadata": metadata, "spec": spec, "status": status}, CONTEXT.now)[3] == shown
