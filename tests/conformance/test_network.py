"""sig-network: services, endpoints, endpoint slices and their mirrors, the API server's own service."""

from typing import Any

from conformance.conftest import Speak
from conformance.manifests import AGNHOST, controller_of, is_ready, pod, service
from conformance.ways import Api, Resource, Tree
from kubesim.objects.wire import Gvr

NAME_LABEL = "kubernetes.io/service-name"


def ports_by_address(slices: list[Tree]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for item in slices:
        for endpoint in item.get("endpoints") or ():
            for address in endpoint["addresses"]:
                found.setdefault(address, []).extend(port["port"] for port in item.get("ports") or ())
    return {address: sorted(ports) for address, ports in found.items()}


def test_the_api_server_has_a_service(api: Api):
    def default(resource: str, group: str = "") -> Resource:
        return Resource(api, Gvr(group, "v1", resource), "default")

    ports = default("services").get("kubernetes")["spec"]["ports"]
    assert [(port["name"], port["port"]) for port in ports] == [("https", 443)]


def test_deleted_slices_are_made_again(of: Speak):
    services, slices = of("v1/services"), of("discovery.k8s.io/v1/endpointslices")
    for number in (1, 2):
        ports = {"container": {"ports": [{"name": "example-name", "containerPort": 2999 + number}]}}
        of("v1/pods").create(pod(f"pod{number}", AGNHOST, labels={"shared": "on"}, **ports))
        of("v1/pods").until(f"pod{number}", is_ready)
    body = service("named", "x")
    body["spec"] = {
        "selector": {"shared": "on"},
        "publishNotReadyAddresses": True,
        "ports": [{"name": "http", "port": 80, "targetPort": "example-name", "protocol": "TCP"}],
    }
    services.create(body)
    before = slices.until_list(lambda found: len(found) == 2)
    assert {port["port"] for each in before for port in each["ports"]} == {3000, 3001}
    of("v1/endpoints").until("named", lambda tree: len(tree.get("subsets") or ()) == 2)
    for each in before:
        slices.delete(each["metadata"]["name"])
    after = slices.until_list(lambda found: len(found) == 2)
    assert ports_by_address(after) == ports_by_address(before)


def test_endpoints_follow_the_pods(of: Speak):
    services, pods = of("v1/services"), of("v1/pods")
    slices, endpoints = of("discovery.k8s.io/v1/endpointslices"), of("v1/endpoints")
    services.create(service("multi", "x", 80, 81))
    slices.until_list(lambda found: [item["metadata"]["labels"][NAME_LABEL] for item in found] == ["multi"])
    assert controller_of(slices.items()[0]) == "multi"
    endpoints.until("multi", lambda tree: not tree.get("subsets"))
    addresses: list[str] = []
    for number in (1, 2):
        pods.create(pod(f"pod{number}", AGNHOST, labels={"app": "x"}))
        addresses.append(pods.until(f"pod{number}", is_ready)["status"]["podIP"])
        wanted = {address: [80, 81] for address in addresses}
        slices.until_list(lambda found, wanted=wanted: ports_by_address(found) == wanted)
    targets = {item["targetRef"]["name"] for one in slices.items() for item in one["endpoints"]}
    assert targets == {"pod1", "pod2"}
    pods.delete("pod1")
    slices.until_list(lambda found: ports_by_address(found) == {addresses[1]: [80, 81]})
    pods.delete("pod2")
    slices.until_list(lambda found: ports_by_address(found) == {})
    services.delete("multi")
    slices.until_list(lambda found: not found)
    endpoints.until_gone("multi")


def test_one_port_with_two_protocols(of: Speak):
    services, slices = of("v1/services"), of("discovery.k8s.io/v1/endpointslices")
    body = service("multiprotocol", "x")
    body["spec"]["ports"] = [{"name": f"p-{name}", "port": 80, "protocol": name.upper()} for name in ("tcp", "udp")]
    services.create(body)
    of("v1/pods").create(pod("p", AGNHOST, labels={"app": "x"}))
    of("v1/pods").until("p", is_ready)
    found = slices.until_list(lambda items: len(ports_by_address(items)) == 1)
    assert sorted(port["protocol"] for item in found for port in item["ports"]) == ["TCP", "UDP"]


def test_endpoints_are_mirrored(of: Speak):
    services, endpoints = of("v1/services"), of("v1/endpoints")
    slices = of("discovery.k8s.io/v1/endpointslices")
    body: Tree = {"metadata": {"name": "custom"}, "spec": {"ports": [{"name": "example", "port": 80}]}}
    services.create(body)
    subsets: list[Any] = [{"ports": [{"port": 80}], "addresses": [{"ip": "10.1.2.3"}]}]
    endpoints.create({"metadata": {"name": "custom"}, "subsets": subsets})
    mirrored = slices.until_list(lambda found: ports_by_address(found) == {"10.1.2.3": [80]})
    labels = mirrored[0]["metadata"]["labels"]
    assert labels["endpointslice.kubernetes.io/managed-by"] == "endpointslicemirroring-controller.k8s.io"
    endpoints.patch("custom", {"subsets": [{"ports": [{"port": 81}], "addresses": [{"ip": "10.2.3.4"}]}]})
    slices.until_list(lambda found: ports_by_address(found) == {"10.2.3.4": [81]})
    endpoints.delete("custom")
    slices.until_list(lambda found: not found)


def test_the_status_of_a_service(of: Speak):
    services = of("v1/services")
    body = service("balanced", "x", type="LoadBalancer", loadBalancerClass="example.com/lb")
    services.create({**body, "metadata": {"name": "balanced", "labels": {"test-service-static": "true"}}})
    patch = {
        "metadata": {"annotations": {"patchedstatus": "true"}},
        "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}},
    }
    patched = services.patch("balanced", patch, part="status")
    assert patched["status"]["loadBalancer"]["ingress"] == [{"ip": "203.0.113.1", "ipMode": "VIP"}]
    fresh = services.get("balanced", part="status")
    fresh["status"]["conditions"] = [
        {
            "type": "StatusUpdate",
            "status": "True",
            "reason": "E2E",
            "message": "Set by test",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
    ]
    assert services.update(fresh, part="status")["status"]["conditions"][0]["type"] == "StatusUpdate"
    services.patch("balanced", {"metadata": {"labels": {"patched": "yes"}}})
    assert services.everywhere().names(labelSelector="test-service-static=true") == ["balanced"]
    services.delete_all("test-service-static=true")
    services.until_gone("balanced")


def test_endpoints_appear_soon(of: Speak):
    of("v1/pods").create(pod("p", AGNHOST, labels={"app": "x"}))
    of("v1/pods").until("p", is_ready)
    services, slices = of("v1/services"), of("discovery.k8s.io/v1/endpointslices")
    for number in range(20):
        services.create(service(f"latency-{number}", "x"))
    slices.until_list(lambda found: sum(bool(item.get("endpoints")) for item in found) == 20, seconds=20)


def test_types_of_services_change(of: Speak):
    services = of("v1/services")
    services.create({"metadata": {"name": "s"}, "spec": {"type": "ExternalName", "externalName": "example.com"}})
    fresh = services.get("s")
    fresh["spec"] = {"type": "NodePort", "selector": {"app": "x"}, "ports": [{"port": 80, "name": "http"}]}
    made = services.update(fresh)
    assert (bool(made["spec"]["clusterIP"]), made["spec"]["ports"][0]["nodePort"] >= 30000) == (True, True)
    made["spec"] = {"type": "ExternalName", "externalName": "example.com"}
    changed = services.update(made)
    assert ("clusterIP" in changed["spec"], changed["spec"].get("ports")) == (False, None)


def test_addresses_of_both_families_are_names(of: Speak, namespace: str):
    addresses = of("networking.k8s.io/v1/ipaddresses", cluster=True)
    parent = {"group": "mygroup", "resource": "myresources", "namespace": "foo", "name": "bar"}
    for name in ("255.255.255.255", "fe80::42:1dff:fe84:f9e2"):
        addresses.create({"metadata": {"name": name, "labels": {"own": namespace}}, "spec": {"parentRef": parent}})
    addresses.create({"metadata": {"name": "fe80:0::1"}, "spec": {"parentRef": parent}}, code=422)
    addresses.api.wait(5)
    assert len(addresses.names(labelSelector=f"own={namespace}")) == 2
    addresses.delete("255.255.255.255")
    addresses.delete_all(f"own={namespace}")
    addresses.until_list(lambda found: not found, labelSelector=f"own={namespace}")
