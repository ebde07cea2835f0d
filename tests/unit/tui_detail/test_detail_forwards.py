"""Port-forwards without sockets: what was typed, which pod and port it leads to, and how it is shown."""

import pytest

from kubesim.objects.wire import PODS, SERVICES, Gvr, Key, Response
from kubetui.model import forwards
from kubetui.model.forwards import Endpoint, Forward, ForwardError, PortMapping

DEPLOYMENTS = Gvr("apps", "v1", "deployments")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("8000:8080", PortMapping(8000, "8080")),
        ("8080", PortMapping(8080, "8080")),
        (":8080", PortMapping(0, "8080")),
        ("0:8080", PortMapping(0, "8080")),
        ("8000:http", PortMapping(8000, "http")),
        ("http", PortMapping(0, "http")),
        (" 1:2 ", PortMapping(1, "2")),
    ],
)
def test_mappings(text, wanted):
    assert forwards.parse_mapping(text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("8000:", "remote port cannot be empty"),
        ("", "remote port cannot be empty"),
        ("70000:80", "local port '70000' is not a number from 0 to 65535"),
        ("80:70000", "remote port '70000' is not a number from 1 to 65535"),
        ("a:80", "local port 'a' is not a number from 0 to 65535"),
        ("8000:0", "remote port '0' is not a number from 1 to 65535"),
    ],
)
def test_mappings_that_are_none(text, message):
    with pytest.raises(ForwardError, match=message.replace("(", r"\(")):
        forwards.parse_mapping(text)


def test_several_mappings():
    assert [str(each) for each in forwards.parse_mappings("8000:80, :90")] == ["8000:80", ":90"]
    with pytest.raises(ForwardError, match="at least 1 PORT is required"):
        forwards.parse_mappings(" ")


def pod(name="web-1", *, ready=True, phase="Running", born="2026-01-01T00:00:00Z", **metadata):
    ports = [{"name": "http", "containerPort": 8080}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}]
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": f"u-{name}", "creationTimestamp": born, **metadata},
        "spec": {"containers": [{"name": "app", "ports": ports}]},
        "status": {"phase": phase, "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }


def service(target="http", **spec):
    ports = [{"name": "web", "port": 80, "targetPort": target}, {"name": "dns", "port": 53, "protocol": "UDP"}]
    return {
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"app": "web"}, "clusterIP": "10.96.0.1", "ports": ports, **spec},
    }


@pytest.mark.parametrize(
    ("obj", "wanted"),
    [
        (service(), "8080:80"),
        (pod(), "8080:8080"),
        ({"kind": "Deployment", "spec": {"template": {"spec": pod()["spec"]}}}, "8080:8080"),
        ({"kind": "Service", "spec": {"ports": [{"port": 443}]}}, "8443:443"),
        ({"kind": "Pod", "spec": {"containers": [{"name": "a"}]}}, ""),
    ],
    ids=["service", "pod", "deployment", "https", "none"],
)
def test_suggestions(obj, wanted):
    assert forwards.suggestion(obj) == wanted


@pytest.mark.parametrize(
    ("obj", "remote", "port"),
    [
        (service(), "80", 8080),
        (service(), "web", 8080),
        (service(9000), "80", 9000),
        (service(None), "80", 80),
        (service(clusterIP="None"), "80", 80),
        ({"kind": "Deployment", "metadata": {"name": "web"}}, "http", 8080),
        ({"kind": "Deployment", "metadata": {"name": "web"}}, "1234", 1234),
    ],
    ids=["named-target", "named-port", "number", "no-target", "headless", "pod-port-name", "any-pod-port"],
)
def test_where_a_service_leads_to(obj, remote, port):
    assert forwards.choose(obj, [pod()], remote) == Endpoint("shop", "web-1", port, "u-web-1")


@pytest.mark.parametrize(
    ("obj", "pods", "remote", "message"),
    [
        (service(), [], "80", "service web has no ready endpoint: its selector finds no pods"),
        (service(), [pod(ready=False)], "80", "service web has no ready endpoint: none of its 1 pods is ready"),
        (service(), [pod()], "81", "Service web does not have a service port 81"),
        (service(), [pod()], "nope", "Service 'web' does not have a named port 'nope'"),
        (service("odd"), [pod()], "80", "Pod 'web-1' does not have a named port 'odd'"),
        (service(), [pod()], "dns", "UDP protocol is not supported for dns"),
        (
            service(),
            [pod(deletionTimestamp="x")],
            "80",
            "service web has no ready endpoint: none of its 1 pods is ready",
        ),
    ],
    ids=["no-pods", "not-ready", "no-port", "no-name", "no-target", "udp", "terminating"],
)
def test_services_that_lead_nowhere(obj, pods, remote, message):
    with pytest.raises(ForwardError) as caught:
        forwards.choose(obj, pods, remote)
    assert str(caught.value) == message


def test_it_stays_with_a_pod_as_long_as_that_is_ready():
    pods = [pod("old", born="2025-01-01T00:00:00Z"), pod("new")]
    assert forwards.choose(service(), pods, "80").pod == "old"
    assert forwards.choose(service(), pods, "80", "u-new").pod == "new"
    assert forwards.choose(service(), [pods[0], pod("new", ready=False)], "80", "u-new").pod == "old"


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        (pod(phase="Pending"), "unable to forward port because pod is not running. Current status=Pending"),
        (pod(deletionTimestamp="x"), "pod web-1 is terminating"),
    ],
    ids=["pending", "terminating"],
)
def test_pods_that_cannot_be_reached(obj, message):
    with pytest.raises(ForwardError) as caught:
        forwards.endpoint_of_pod(obj, "8080")
    assert str(caught.value) == message


def resolved(key, remote, *answers):
    steps = forwards.resolution(key, remote)
    sent, reply = [], None
    for answer in answers:
        sent.append(steps.send(reply))
        reply = answer
    with pytest.raises(StopIteration) as end:
        steps.send(reply)
    return sent, end.value.value


def test_a_service_is_resolved_by_its_selector():
    sent, endpoint = resolved(
        Key(SERVICES, "shop", "web"), "80", Response(200, service()), Response(200, {"items": [pod()]})
    )
    assert sent[1].query == {"labelSelector": "app=web"}
    assert endpoint.pod == "web-1"


def test_a_deployment_is_resolved_by_its_selector():
    deployment = {"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"a": "b"}}}}
    sent, _ = resolved(
        Key(DEPLOYMENTS, "shop", "web"), "8080", Response(200, deployment), Response(200, {"items": [pod()]})
    )
    assert sent[1].query == {"labelSelector": "a=b"}


def test_a_pod_needs_one_request():
    sent, endpoint = resolved(Key(PODS, "shop", "web-1"), "http", Response(200, pod()))
    assert len(sent) == 1
    assert endpoint.port == 8080


def test_failures_have_the_servers_words():
    steps = forwards.resolution(Key(PODS, "shop", "web-1"), "80")
    next(steps)
    with pytest.raises(ForwardError, match='pods "web-1" not found'):
        steps.send(Response(404, {"message": 'pods "web-1" not found'}))


def test_a_service_without_a_selector():
    steps = forwards.resolution(Key(SERVICES, "shop", "web"), "80")
    next(steps)
    with pytest.raises(ForwardError, match="selects no pods"):
        steps.send(Response(200, service(selector={})))


def test_signs():
    key = Key(SERVICES, "shop", "web")
    good = Forward(key, PortMapping(1, "1"), 1, 0, Endpoint("shop", "p", 1))
    bad = Forward(key, PortMapping(2, "2"), 2, 0)
    assert forwards.signs([good]) == {key: "F"}
    assert forwards.signs([bad, good]) == {key: "!"}
    bad.stopped = True
    assert forwards.signs([bad, good]) == {key: "F"}


@pytest.mark.parametrize(
    ("count", "wanted"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 20, "3.0 MiB"), (5 << 40, "5120.0 GiB")],
)
def test_sizes(count, wanted):
    assert forwards.size(count) == wanted
