"""Requests over HTTPS to a served cluster: paths, answers, discovery, and servers that cannot be spoken to."""

import socket
import time

import pytest

from conformance.served import TOKEN, Served
from kubesim.cluster import Cluster, Settings
from kubesim.helm.template.errors import GoError
from kubesim.objects.wire import CONFIGMAPS, DEPLOYMENTS, NAMESPACES, PODS, Gvr, Key, Request
from kubetui.client.remote import Access, Discovery, Overrides, RemoteClient, UnreachableError, load
from kubetui.client.remote.transport import path_of


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    cluster = Cluster(Settings(epoch_ms=int(time.time()) * 1000))
    found = Served(cluster, tmp_path_factory.mktemp("server"))
    yield found
    found.stop()


@pytest.fixture
def client(served):
    found = RemoteClient(load(Overrides(kubeconfig=str(served.kubeconfig)), {}))
    yield found
    found.close()


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (Request("list", Key(PODS, "a")), "/api/v1/namespaces/a/pods"),
        (Request("get", Key(DEPLOYMENTS, "a", "b"), "scale"), "/apis/apps/v1/namespaces/a/deployments/b/scale"),
        (Request("get", Key(NAMESPACES, "", "x"), query={"a": "b c"}), "/api/v1/namespaces/x?a=b+c"),
        (Request("get", Key(Gvr("g", "v1", "r"), "", "a:b/c")), "/apis/g/v1/r/a:b%2Fc"),
    ],
    ids=["list", "subresource", "query", "escaped"],
)
def test_paths(request_, path):
    assert path_of(request_) == path


def test_a_life_of_an_object(client):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "é"}}
    key = Key(CONFIGMAPS, "default", "x")
    assert client.send(Request("create", Key(CONFIGMAPS, "default"), body=body)).code == 201
    assert client.send(Request("get", key)).body["data"] == {"a": "é"}
    patch = Request("patch", key, body={"data": {"a": None}}, content_type="application/merge-patch+json")
    assert "data" not in client.send(patch).body
    assert client.send(Request("delete", key)).code == 200
    gone = client.send(Request("get", key))
    assert (gone.code, gone.body["message"]) == (404, 'configmaps "x" not found')


def test_discovery(client):
    discovery = Discovery(client)
    assert discovery[("apps/v1", "Deployment")] == (DEPLOYMENTS, True)
    assert discovery[("v1", "Namespace")].namespaced is False
    assert ("v1", "Nope") not in discovery
    versions = discovery.capabilities().api_versions
    assert {"v1", "apps/v1", "apps/v1/Deployment", "v1/Pod"} <= set(versions)


def test_look_ups(client):
    discovery = Discovery(client)
    assert discovery.lookup("v1", "Namespace", "", "default")["metadata"]["name"] == "default"
    assert discovery.lookup("v1", "Namespace", "", "nope") == {}
    assert discovery.lookup("v1", "Nope", "", "x") == {}
    assert discovery.lookup("v1", "ServiceAccount", "default", "")["kind"] == "ServiceAccountList"
    with pytest.raises(
        GoError, match="unable to get apiresource from unstructured: foo/v1, Kind=Bar: the server could"
    ):
        discovery.lookup("foo/v1", "Bar", "", "")


def test_tokens(served, client):
    access = client.access._replace(certificate="", key="")
    right, wrong = (RemoteClient(access._replace(token=token)) for token in (TOKEN, "wrong"))
    assert right.send(Request("list", Key(PODS, "default"))).code == 200
    with pytest.raises(UnreachableError, match="the server has asked for the client to provide credentials"):
        Discovery(wrong).server_version()
    right.close()
    wrong.close()


def test_a_connection_that_was_closed_is_opened_again(client):
    assert client.fetch("/version").code == 200
    client._connection.sock.shutdown(socket.SHUT_RDWR)
    assert client.fetch("/version").code == 200


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_nobody_listens():
    port = closed_port()
    text = f'Get "http://127.0.0.1:{port}/version": dial tcp 127.0.0.1:{port}: connect: connection refused'
    with pytest.raises(UnreachableError) as caught:
        RemoteClient(Access(server=f"http://127.0.0.1:{port}")).fetch("/version")
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"authority": ""}, "tls: failed to verify certificate: x509: certificate signed by unknown authority"),
        ({"server_name": "foo"}, "x509: certificate is valid for localhost, kubernetes"),
        ({"authority": "nonsense"}, "unable to load root certificates: unable to parse bytes as PEM block"),
        ({"certificate": "x", "key": "y"}, "tls: failed to find any PEM data in certificate or key input"),
    ],
    ids=["authority", "name", "no PEM", "no pair"],
)
def test_servers_that_are_not_trusted(client, change, text):
    with pytest.raises(UnreachableError) as caught:
        RemoteClient(client.access._replace(**change)).fetch("/version")
    assert text in str(caught.value)
