"""sig-network: pods and services that answer - dial tests, services of all types, session affinity, host ports."""

from typing import Any

import pytest

from conformance.conftest import Speak
from conformance.inside import affinity, agnhost, execute, reachable, running, shell
from conformance.manifests import AGNHOST
from conformance.ways import Api, Tree

HOSTNAME_PORT = 9376
MAX_TRIES = 34
"""# k8s: maxTries of the networking tests: two nodes squared, and thirty more"""


def addresses(of: Speak) -> list[str]:
    nodes = of("v1/nodes", cluster=True).items()
    return [each["address"] for node in nodes for each in node["status"]["addresses"] if each["type"] == "InternalIP"]


def server(name: str, number: int) -> Tree:
    probe = {"httpGet": {"path": "/healthz", "port": 8083}, "initialDelaySeconds": 10, "timeoutSeconds": 30}
    ports = [{"name": "http", "containerPort": 8083}, {"name": "udp", "containerPort": 8081, "protocol": "UDP"}]
    return agnhost(
        name,
        "netexec",
        "--http-port=8083",
        "--udp-port=8081",
        container={"name": "webserver", "ports": ports, "livenessProbe": probe, "readinessProbe": probe},
        nodeSelector={"kubernetes.io/hostname": f"node-{number}"},
    )


def controller(name: str, replicas: int = 3) -> Tree:
    container = {
        "name": name,
        "image": AGNHOST,
        "command": ["/agnhost", "serve-hostname"],
        "ports": [{"containerPort": HOSTNAME_PORT}],
    }
    template = {"metadata": {"labels": {"name": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"name": name}, "template": template}
    return {"metadata": {"name": name}, "spec": spec}


def started(of: Speak, name: str, replicas: int = 3) -> None:
    of("v1/replicationcontrollers").create(controller(name, replicas))
    of("v1/replicationcontrollers").until(name, lambda tree: tree["status"].get("readyReplicas") == replicas)


def jig(name: str, **spec: Any) -> Tree:
    port = {"name": "http", "port": 80, "targetPort": HOSTNAME_PORT, "protocol": "TCP"}
    return {"metadata": {"name": name}, "spec": {"selector": {"name": name}, "ports": [port], **spec}}


@pytest.mark.parametrize("protocol", ["http", "udp"])
def test_pods_reach_pods(api: Api, of: Speak, namespace: str, protocol: str):
    ends = running(of, server("netserver-0", 1), server("netserver-1", 2))
    (caller,) = running(of, agnhost("test-container-pod", "netexec", "--http-port=9080"))
    for end in ends:
        where = f"host={end['status']['podIP']}&port={8083 if protocol == 'http' else 8081}"
        url = f"http://{caller['status']['podIP']}:9080/dial?request=hostname&protocol={protocol}&{where}&tries=1"
        said = ""
        for _ in range(MAX_TRIES):
            said = shell(api, namespace, "test-container-pod", f"curl -g -q -s '{url}'")
            if said:
                break
            api.wait(1)
        assert said == f'{{"responses":["{end["metadata"]["name"]}"]}}'


@pytest.mark.parametrize("protocol", ["http", "udp"])
def test_nodes_reach_pods(api: Api, of: Speak, namespace: str, protocol: str):
    ends = running(of, server("netserver-0", 1), server("netserver-1", 2))
    running(of, agnhost("host-test-container-pod", hostNetwork=True))
    for end in ends:
        address = end["status"]["podIP"]
        line = f"curl -g -q -s --max-time 15 --connect-timeout 1 http://{address}:8083/hostName"
        if protocol == "udp":
            line = f"echo hostName | nc -w 1 -u {address} 8081"
        said = shell(api, namespace, "host-test-container-pod", f"{line} | grep -v '^\\s*$'")
        assert said == end["metadata"]["name"]


def test_host_ports_differ_by_address_and_protocol(api: Api, of: Speak, namespace: str):
    address = of("v1/nodes", cluster=True).get("node-1")["status"]["addresses"][0]["address"]

    def holder(name: str, host: str, protocol: str) -> Tree:
        port = {"hostPort": 54323, "containerPort": 8080, "protocol": protocol, "hostIP": host}
        web, words = (8080, -1) if protocol == "TCP" else (8008, 8080)
        probe = {"httpGet": {"path": "/hostname", "port": web, "scheme": "HTTP"}}
        more = {"ports": [port], "readinessProbe": probe}
        return agnhost(name, "netexec", f"--http-port={web}", f"--udp-port={words}", container=more, nodeName="node-1")

    holders = [holder("pod1", "127.0.0.1", "TCP"), holder("pod2", address, "TCP"), holder("pod3", address, "UDP")]
    running(of, *holders, agnhost("e2e-host-exec", hostNetwork=True, nodeName="node-1"))

    def said(line: str) -> str:
        return shell(api, namespace, "e2e-host-exec", line)

    assert said(f"curl -g --connect-timeout 5 --interface {address} http://127.0.0.1:54323/hostname") == "pod1"
    assert said(f"curl -g --connect-timeout 5 http://{address}:54323/hostname") == "pod2"
    assert execute(api, namespace, "e2e-host-exec", *("/bin/sh", "-c", f"nc -vuz -w 5 {address} 54323"))[0] == 0
    assert said(f"echo hostname | nc -u -w 5 {address} 54323") == "pod3"


def test_a_service_follows_its_pods_and_ports(api: Api, of: Speak, namespace: str):
    services = of("v1/services")
    body = jig("multi-endpoint-test")
    body["spec"]["ports"] = [{"name": f"portname{n}", "port": 79 + n, "targetPort": f"svc{n}"} for n in (1, 2)]
    made = services.create(body)
    labels = {"name": "multi-endpoint-test"}
    running(of, agnhost("execpod"))
    assert not reachable(api, namespace, "execpod", made["spec"]["clusterIP"], 80, patience=1)
    for number in (1, 2):
        more = {"ports": [{"name": f"svc{number}", "containerPort": 99 + number}]}
        running(of, agnhost(f"pod{number}", "netexec", "--http-port", f"{99 + number}", labels=labels, container=more))
    api.wait(2)
    for host in ("multi-endpoint-test", made["spec"]["clusterIP"]):
        assert all(reachable(api, namespace, "execpod", host, port) for port in (80, 81))


def slice_of(service: str, name: str, addresses: list[str], **ports: int) -> Tree:
    labels = {"kubernetes.io/service-name": service, "endpointslice.kubernetes.io/managed-by": "e2e-test"}
    return {
        "metadata": {"name": name, "labels": labels},
        "addressType": "IPv4",
        "ports": [{"name": key, "protocol": "TCP", "port": number} for key, number in ports.items()],
        "endpoints": [{"addresses": [address]} for address in addresses],
    }


def test_slices_by_hand(api: Api, of: Speak, namespace: str):
    pods = running(
        of,
        agnhost("pod1", "netexec", "--http-port=3000", "--udp-port=-1"),
        agnhost("pod2", "netexec", "--http-port=3001", "--udp-port=-1"),
        agnhost("execpod"),
    )
    first, second = (pod["status"]["podIP"] for pod in pods[:2])
    services, slices = of("v1/services"), of("discovery.k8s.io/v1/endpointslices")
    listed = [{"name": "first", "port": 8080, "targetPort": 3000}, {"name": "second", "port": 8081, "targetPort": 3001}]
    address = services.create({"metadata": {"name": "many"}, "spec": {"ports": listed}})["spec"]["clusterIP"]
    slices.create(slice_of("many", "one", [first], first=3000))
    slices.create(slice_of("many", "two", [second], second=3001))
    api.wait(2)
    for port, name in ((8080, "pod1"), (8081, "pod2")):
        assert reachable(api, namespace, "execpod", address, port)
        assert shell(api, namespace, "execpod", f"curl -q -s --connect-timeout 30 {address}:{port}/hostname") == name


def test_slices_of_one_pod_with_two_servers(api: Api, of: Speak, namespace: str):
    containers = [
        {"name": f"handle-{port}", "image": AGNHOST, "ports": [{"containerPort": port, "protocol": "TCP"}],
         "args": ["netexec", "--http-port", str(port), "--udp-port", "-1"]}
        for port in (8090, 9090)
    ]  # fmt: skip
    server = {"metadata": {"name": "pod-handle-http-request"}, "spec": {"containers": containers}}
    address = running(of, server, agnhost("pause-pod-0"))[0]["status"]["podIP"]
    services, slices = of("v1/services"), of("discovery.k8s.io/v1/endpointslices")
    listed = [{"name": f"port{port}", "port": port, "protocol": "TCP"} for port in (80, 81)]
    front = services.create({"metadata": {"name": "two"}, "spec": {"ports": listed}})["spec"]["clusterIP"]
    slices.create(slice_of("two", "one", [address], port80=8090))
    slices.create(slice_of("two", "other", [address], port81=9090))
    api.wait(2)
    for port in (80, 81):
        said = shell(api, namespace, "pause-pod-0", f"curl -q -s --connect-timeout 30 {front}:{port}/hostname")
        assert said == "pod-handle-http-request"


def test_one_port_answers_by_two_protocols(api: Api, of: Speak, namespace: str):
    services = of("v1/services")
    body = jig("multiprotocol-test")
    both = [{"name": f"port{name}", "port": 80, "targetPort": 80, "protocol": name.upper()} for name in ("tcp", "udp")]
    body["spec"]["ports"] = both
    address = services.create(body)["spec"]["clusterIP"]
    more = {"ports": [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 80, "protocol": "UDP"}]}
    labels = {"name": "multiprotocol-test"}
    running(of, agnhost("pod1", "netexec", "--http-port=80", "--udp-port=80", labels=labels, container=more))
    running(of, agnhost("execpod"))
    api.wait(2)
    assert all(reachable(api, namespace, "execpod", address, 80, protocol) for protocol in ("TCP", "UDP"))
    for kept, lost in ((0, 1), (1, 0)):
        services.patch("multiprotocol-test", {"spec": {"ports": [both[kept]]}})
        api.wait(2)
        assert reachable(api, namespace, "execpod", address, 80, both[kept]["protocol"])
        assert not reachable(api, namespace, "execpod", address, 80, both[lost]["protocol"], patience=1)


def test_a_node_port_answers_on_every_node(api: Api, of: Speak, namespace: str):
    made = of("v1/services").create(jig("nodeport-test", type="NodePort"))
    started(of, "nodeport-test", 2)
    running(of, agnhost("execpod"))
    api.wait(2)
    number = made["spec"]["ports"][0]["nodePort"]
    assert 30000 <= number <= 32767
    assert reachable(api, namespace, "execpod", "nodeport-test", 80)
    assert reachable(api, namespace, "execpod", made["spec"]["clusterIP"], 80)
    assert all(reachable(api, namespace, "execpod", address, number) for address in addresses(of))


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort"])
def test_from_external_name(api: Api, of: Speak, namespace: str, kind: str):
    services = of("v1/services")
    fresh = services.create(
        {"metadata": {"name": "s"}, "spec": {"type": "ExternalName", "externalName": "foo.example.com"}}
    )
    fresh["spec"] |= {"type": kind, "externalName": "", "ports": jig("s")["spec"]["ports"], "selector": {"name": "s"}}
    made = services.update(fresh)
    started(of, "s", 2)
    running(of, agnhost("execpod"))
    api.wait(2)
    assert reachable(api, namespace, "execpod", "s", 80)
    if kind == "NodePort":
        number = made["spec"]["ports"][0]["nodePort"]
        assert all(reachable(api, namespace, "execpod", address, number) for address in addresses(of))


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort"])
def test_to_external_name(api: Api, of: Speak, namespace: str, kind: str):
    services = of("v1/services")
    services.create(jig("s", type=kind))
    services.create(jig("externalsvc"))
    started(of, "externalsvc", 2)
    fresh = services.get("s")
    # Nothing but the type and the name is changed: the address and the node ports are the server's to take away.
    fresh["spec"] |= {"type": "ExternalName", "externalName": f"externalsvc.{namespace}.svc.cluster.local"}
    changed = services.update(fresh)
    assert not changed["spec"].get("clusterIP")
    running(of, agnhost("execpod"))
    line = f"nslookup s.{namespace}.svc.cluster.local"
    assert "canonical name = externalsvc" in shell(api, namespace, "execpod", line)


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort"])
@pytest.mark.parametrize("switched", [False, True], ids=["kept", "switched"])
def test_session_affinity(api: Api, of: Speak, namespace: str, kind: str, *, switched: bool):
    services = of("v1/services")
    made = services.create(jig("affinity", type=kind, sessionAffinity="None" if switched else "ClientIP"))
    started(of, "affinity")
    running(of, agnhost("execpod-affinity"))
    api.wait(2)
    where = f"{made['spec']['clusterIP']}:80"
    if kind == "NodePort":
        where = f"{addresses(of)[-1]}:{made['spec']['ports'][0]['nodePort']}"
    assert reachable(api, namespace, "execpod-affinity", "affinity", 80)
    if switched:
        assert len(affinity(api, namespace, "execpod-affinity", where)) > 1
        services.patch("affinity", {"spec": {"sessionAffinity": "ClientIP"}})
    assert len(affinity(api, namespace, "execpod-affinity", where)) == 1
