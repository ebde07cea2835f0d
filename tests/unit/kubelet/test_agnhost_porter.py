"""agnhost's porter: which ports it opens, and what it says on them."""

import json

import pytest

from building import create
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec
from kubesim.kubelet.simruntime.agnhost.roles import pages_of
from kubesim.objects.errors import ApiError

ENV = {"SERVE_PORT_80": '<a href="/x">test</a>', "SERVE_PORT_162": "bar", "SERVE_TLS_PORT_460": "tls baz"}


def test_ports_are_in_the_names_of_variables():
    more = {"SERVE_PORT_": "no", "SERVE_PORT_x": "no", "SERVE_PORT_70000": "no", "PORT_1": "no"}
    assert pages_of({**ENV, **more}) == {80: '<a href="/x">test</a>', 162: "bar", 460: "tls baz"}


def asked(*arguments: str, port: int, method: str = "GET") -> tuple[str, str]:
    """The type and the text of an answer."""
    cluster = Cluster(Settings(name="porter"))
    cluster.add_node(NodeSpec(name="node-1"))
    cluster.advance(5_000)
    env = [{"name": name, "value": text} for name, text in ENV.items()]
    image = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"
    container = {"name": "c", "image": image, "args": ["porter", *arguments], "env": env}
    create(cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}})
    cluster.advance(20_000)
    line = f"{method} /some/path HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n".encode()
    head, _, body = cluster.kubelets.connect("default", "p", port).feed(line).decode().partition("\r\n\r\n")
    kind = next(row for row in head.split("\r\n") if row.lower().startswith("content-type:"))
    return kind.partition(": ")[2], body


def test_every_port_has_its_text():
    assert asked(port=80) == ("text/html; charset=utf-8", '<a href="/x">test</a>')
    assert asked(port=460) == ("text/plain; charset=utf-8", "tls baz")


def test_answers_in_json_name_the_method():
    kind, body = asked("--json-response", port=162, method="PATCH")
    assert (kind, json.loads(body)) == ("application/json", {"Method": "PATCH", "Body": "bar"})


def test_other_ports_are_closed():
    with pytest.raises(ApiError, match="connection refused"):
        asked(port=8080)
