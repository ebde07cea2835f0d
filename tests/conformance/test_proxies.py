"""sig-network: the API server passes requests on to pods and services, by every method, port and scheme."""

from http.client import HTTPSConnection
from typing import Any

import pytest

from conformance.conftest import Speak
from conformance.manifests import AGNHOST, is_ready
from conformance.served import TOKEN
from conformance.ways import Api, Remote, Tree

METHODS = ("DELETE", "OPTIONS", "PATCH", "POST", "PUT", "GET", "HEAD")
LINK = '<a href="/rewriteme">test</a>'
ENV = {
    "SERVE_PORT_80": LINK, "SERVE_PORT_1080": LINK, "SERVE_PORT_160": "foo", "SERVE_PORT_162": "bar",
    "SERVE_TLS_PORT_443": '<a href="/tlsrewriteme">test</a>', "SERVE_TLS_PORT_460": "tls baz",
    "SERVE_TLS_PORT_462": "tls qux",
}  # fmt: skip


def porter(of: Speak, *arguments: str, **container: Any) -> None:
    """A pod that serves, and a service before it."""
    found: Tree = {"name": "porter", "image": AGNHOST, "command": ["/agnhost", "porter", *arguments], **container}
    of("v1/pods").create({"metadata": {"name": "porter", "labels": {"e2e": "porter"}}, "spec": {"containers": [found]}})
    of("v1/pods").until("porter", is_ready)


def ask(api: Api, method: str, path: str) -> tuple[int, str, str]:
    """Status, location and text of an answer; redirects are not followed."""
    assert isinstance(api, Remote)
    connection: HTTPSConnection = api.served.connect()
    connection.request(method, path, headers={"Authorization": f"Bearer {TOKEN}"})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, response.headers.get("location", ""), text


@pytest.fixture
def http(api: Api) -> Api:
    """Only what is served over HTTP has proxies."""
    return api


@pytest.mark.parametrize("api", ["http"], indirect=True)
@pytest.mark.parametrize("way", ["pods", "services"])
def test_every_method(http: Api, of: Speak, namespace: str, way: str):
    porter(of, "--json-response", env=[{"name": "SERVE_PORT_80", "value": "foo"}])
    ports = [{"port": 80, "targetPort": 80, "protocol": "TCP"}]
    of("v1/services").create({"metadata": {"name": "porter"}, "spec": {"selector": {"e2e": "porter"}, "ports": ports}})
    http.wait(5)
    root = f"/api/v1/namespaces/{namespace}/{way}/porter/proxy"
    for method in METHODS:
        status, _, text = ask(http, method, f"{root}/some/path/with/{method}")
        assert status == 200
        assert method == "HEAD" or text == f'{{"Method":"{method}","Body":"foo"}}'
    assert ask(http, "GET", f"{root}?method=GET") == (301, f"{root}/?method=GET", "")


@pytest.mark.parametrize("api", ["http"], indirect=True)
def test_every_port_and_scheme(http: Api, of: Speak, namespace: str):
    env = [{"name": name, "value": text} for name, text in ENV.items()]
    named = {"dest1": 160, "dest2": 162, "tlsdest1": 460, "tlsdest2": 462}
    ports = [{"containerPort": 80}, *({"name": name, "containerPort": port} for name, port in named.items())]
    probe = {"httpGet": {"port": 80}, "initialDelaySeconds": 1, "timeoutSeconds": 5, "periodSeconds": 10}
    porter(of, env=env, ports=ports, readinessProbe=probe)
    listed = [
        ("portname1", 80, "dest1"),
        ("portname2", 81, 162),
        ("tlsportname1", 443, "tlsdest1"),
        ("tlsportname2", 444, 462),
    ]
    spec = {"selector": {"e2e": "porter"}, "ports": [{"name": a, "port": b, "targetPort": c} for a, b, c in listed]}
    of("v1/services").create({"metadata": {"name": "porter"}, "spec": spec})
    http.wait(5)
    start = f"/api/v1/namespaces/{namespace}"
    wanted = {
        "services/porter:portname1": "foo", "services/http:porter:portname1": "foo",
        "services/porter:portname2": "bar", "services/http:porter:portname2": "bar",
        "services/https:porter:tlsportname1": "tls baz", "services/https:porter:tlsportname2": "tls qux",
        "pods/porter:160": "foo", "pods/porter:162": "bar", "pods/http:porter:160": "foo",
        "pods/https:porter:460": "tls baz", "pods/https:porter:462": "tls qux",
    }  # fmt: skip
    wanted |= {
        name: f'<a href="{start}/{name}/proxy/rewriteme">test</a>'
        for name in ("pods/porter", "pods/porter:1080", "pods/http:porter:1080")
    }
    wanted["pods/https:porter:443"] = f'<a href="{start}/pods/https:porter:443/proxy/tlsrewriteme">test</a>'
    found = {name: ask(http, "GET", f"{start}/{name}/proxy/") for name in wanted}
    assert found == {name: (200, "", text) for name, text in wanted.items()}
