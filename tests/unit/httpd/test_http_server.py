"""The server over real sockets: credentials, encodings, limits, watches, and how it fails."""

import gzip
import http.client
import json
import socket
import ssl
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.served import Served
from kubesim.cluster import API_ONLY, Cluster, Settings
from kubesim.faults import crash_component
from unit.httpd.test_protobuf import META, body, field

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = Served(Cluster(Settings(name="http", controllers=API_ONLY)), tmp_path_factory.mktemp("http"), speed=10)
    yield found
    found.stop()


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


# ---------------------------------------------------------------------- credentials
def context_of(served: Served, *, client: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(served.folder / "ca.crt"))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if client:
        user = yaml.safe_load(served.kubeconfig.read_text())["users"][0]["user"]
        pair = served.folder / "admin.pem"
        import base64

        keys = ("client-certificate-data", "client-key-data")
        pair.write_bytes(b"".join(base64.b64decode(user[key]) for key in keys))
        context.load_cert_chain(pair)
    return context


@pytest.mark.parametrize(
    ("token", "client", "path", "status"),
    [
        ("", True, "/api/v1/pods", 200),
        ("tok", False, "/api/v1/pods", 200),
        ("wrong", False, "/api/v1/pods", 401),
        ("wrong", False, "/version", 401),
        ("", False, "/api/v1/pods", 403),
        ("", False, "/api", 403),
        ("", False, "/version", 200),
        ("", False, "/readyz", 200),
    ],
    ids=[
        "certificate",
        "token",
        "bad token",
        "bad token, open path",
        "nobody",
        "nobody, discovery",
        "version",
        "health",
    ],
)
def test_who_is_let_in(served: Served, token: str, client: bool, path: str, status: int):
    connection = http.client.HTTPSConnection(
        "127.0.0.1", served.server.port, context=context_of(served, client=client), timeout=10
    )
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
    response = connection.getresponse()
    assert response.status == status, response.read()
    connection.close()


def test_the_kubeconfig_is_its_owners_alone(served: Served):
    assert stat.S_IMODE(served.kubeconfig.stat().st_mode) == 0o600
    assert stat.S_IMODE((served.folder / "ca.key").stat().st_mode) == 0o600
    config = yaml.safe_load(served.kubeconfig.read_text())
    assert config["clusters"][0]["cluster"]["server"] == served.server.url
    assert config["current-context"] == "http"


def test_only_the_loopback_listens(served: Served):
    connection = socket.create_connection(("127.0.0.1", served.server.port), timeout=5)
    assert connection.getpeername()[0] == "127.0.0.1"
    connection.close()


def test_the_authority_outlives_the_server(served: Served, tmp_path: Path):
    from kubesim.httpd.credentials import Credentials

    first, second = Credentials(tmp_path), Credentials(tmp_path)
    assert first.authority.certificate == second.authority.certificate
    assert first.admin.certificate != second.admin.certificate


def test_who_am_i(served: Served):
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    found = served.send("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    assert found.status == 201
    info = {"username": "admin", "uid": "admin", "groups": ["system:masters", "system:authenticated"]}
    assert found.json["status"] == {"userInfo": info}


# ---------------------------------------------------------------------- bodies and answers
def test_yaml_in_and_out(served: Served):
    text = yaml.safe_dump(config_map("yaml", a="1")).encode()
    created = served.send("POST", CONFIG_MAPS, text, {"Content-Type": "application/yaml"})
    assert created.status == 201, created.data
    read = served.send("GET", f"{CONFIG_MAPS}/yaml", headers={"Accept": "application/yaml"})
    assert read.headers["content-type"] == ["application/yaml"]
    assert yaml.safe_load(read.data)["data"] == {"a": "1"}
    assert read.data.startswith(b"apiVersion: v1\ndata:\n")


def test_protobuf_in_json_out(served: Served):
    message = field(1, field(1, "proto") + META) + field(2, field(1, "k") + field(2, "v"))
    headers = {
        "Content-Type": "application/vnd.kubernetes.protobuf",
        "Accept": "application/vnd.kubernetes.protobuf,application/json",
    }
    created = served.send("POST", CONFIG_MAPS, body("v1", "ConfigMap", message), headers)
    assert (created.status, created.json["data"]) == (201, {"k": "v"})
    assert created.headers["content-type"] == ["application/json"]
    options = body("v1", "DeleteOptions", field(2, field(1, "another-uid")))
    refused = served.send("DELETE", f"{CONFIG_MAPS}/proto", options, headers)
    assert refused.status == 409


@pytest.mark.parametrize(
    ("method", "path", "data", "headers", "status", "text"),
    [
        ("POST", CONFIG_MAPS, b"{", {}, 400, "json parse error"),
        ("POST", CONFIG_MAPS, b"x" * 16, {"Content-Type": "application/vnd.kubernetes.protobuf"}, 400, "protobuf"),
        ("POST", CONFIG_MAPS, b"{}", {"Content-Type": "text/plain"}, 415, "unknown format"),
        ("GET", "/api/v1/pods", None, {"Accept": "application/vnd.kubernetes.protobuf"}, 406, "application/json"),
        ("GET", "/api/v1/pods", None, {"Accept": "text/html"}, 406, "406"),
        ("POST", CONFIG_MAPS, b" " * (3 * 1024 * 1024 + 1), {}, 413, "limit is 3145728"),
        ("OPTIONS", f"{CONFIG_MAPS}/x", None, {}, 405, "does not allow this method"),
        ("PUT", "/version", b"{}", {}, 405, "does not allow this method"),
        ("GET", "/api/v1/pods?watch=true&resourceVersion=x", None, {}, 500, "invalid syntax"),
        ("GET", "/api/v1/pods?watch=true&timeoutSeconds=x", None, {}, 400, "invalid syntax"),
        ("GET", "/api/v1/pods?sendInitialEvents=true", None, {}, 422, "sendInitialEvents is forbidden for list"),
        ("GET", "/apis/nope/v1/things", None, {}, 404, "404 page not found"),
        ("GET", "/apis/apps/v9/deployments", None, {}, 404, "could not find the requested resource"),
        ("GET", "/%zz/../etc/passwd", None, {}, 404, "404 page not found"),
        ("GET", f"{CONFIG_MAPS}/%2e%2e", None, {}, 404, "not found"),
    ],
    ids=[
        "json",
        "protobuf",
        "type",
        "protobuf answer",
        "accept",
        "size",
        "method",
        "document",
        "watch revision",
        "watch timeout",
        "list options",
        "group",
        "version",
        "odd path",
        "dots",
    ],
)
def test_what_is_refused(
    served: Served, method: str, path: str, data: bytes | None, headers: dict[str, str], status: int, text: str
):
    reply = served.send(method, path, data, headers)
    assert reply.status == status, reply.data
    assert text in reply.data.decode()


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -4\r\n\r\n",
    ],
    ids=["noise", "version", "line", "length"],
)
def test_noise_does_not_hurt(served: Served, data: bytes):
    raw = socket.create_connection(("127.0.0.1", served.server.port), timeout=5)
    with context_of(served, client=False).wrap_socket(raw, server_hostname="127.0.0.1") as connection:
        connection.sendall(data)
        answer = connection.recv(4096)
    assert answer == b"" or b" 400 " in answer.split(b"\r\n")[0] or b" 404 " in answer.split(b"\r\n")[0]
    assert served.send("GET", "/healthz").data == b"ok"


def test_plain_text_on_the_tls_port(served: Served):
    with socket.create_connection(("127.0.0.1", served.server.port), timeout=5) as connection:
        connection.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.settimeout(5)
        assert not connection.recv(100).startswith(b"HTTP/1.1 200")
    assert served.send("GET", "/healthz").data == b"ok"


def test_trailing_slashes_and_head(served: Served):
    assert served.send("GET", "/version/").json["gitVersion"] == "v1.37.0"
    assert served.send("GET", "/apis/").json["kind"] == "APIGroupList"
    head = served.send("HEAD", "/api/v1/namespaces")
    assert (head.status, head.data) == (200, b"")


def test_warnings_reach_the_client(served: Served):
    reply = served.send("POST", CONFIG_MAPS, {**config_map("warned"), "bogus": 1})
    assert (reply.status, reply.warnings) == (201, ['unknown field "bogus"'])


# ---------------------------------------------------------------------- lists
def test_long_lists_are_whole(served: Served):
    for number in range(450):
        assert served.send("POST", CONFIG_MAPS, config_map(f"many-{number:03d}", text="x" * 400)).status == 201
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        reply = served.send("GET", CONFIG_MAPS, headers=headers)
        data = gzip.decompress(reply.data) if headers else reply.data
        assert ("content-encoding" in reply.headers) == bool(headers)
        names = [item["metadata"]["name"] for item in json.loads(data)["items"]]
        assert len([name for name in names if name.startswith("many-")]) == 450
    page = served.send("GET", f"{CONFIG_MAPS}?limit=7").json
    assert len(page["items"]) == 7
    assert page["metadata"]["continue"]
    table = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    rows = served.send("GET", CONFIG_MAPS, headers=table).json["rows"]
    assert len(rows) >= 450


# ---------------------------------------------------------------------- watches
class Lines:
    """Reads a watch line by line."""

    def __init__(self, served: Served, path: str) -> None:
        self.connection = served.connect()
        headers = {"Authorization": "Bearer tok", "Accept": "application/json"}
        self.connection.request("GET", path, headers=headers)
        self.response = self.connection.getresponse()
        assert self.response.status == 200

    def next(self) -> dict[str, Any] | None:
        line = self.response.readline()
        return json.loads(line) if line.strip() else None

    def close(self) -> None:
        self.response.close()
        self.connection.close()


def test_a_watch_tells_what_happens(served: Served):
    selector = f"{CONFIG_MAPS}?watch=true&fieldSelector=metadata.name%3Dseen"
    lines = Lines(
        served, f"{selector}&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&allowWatchBookmarks=true"
    )
    first = lines.next()
    assert first is not None
    assert first["type"] == "BOOKMARK"
    assert first["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    begun = time.monotonic()
    served.send("POST", CONFIG_MAPS, config_map("seen"))
    served.send("POST", CONFIG_MAPS, config_map("unseen"))
    added = lines.next()
    assert time.monotonic() - begun < 1
    merge = {"Content-Type": "application/merge-patch+json"}
    served.send("PATCH", f"{CONFIG_MAPS}/seen", {"data": {"a": "b"}}, merge)
    modified = lines.next()
    served.send("DELETE", f"{CONFIG_MAPS}/seen")
    deleted = lines.next()
    events = [event for event in (added, modified, deleted) if event]
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert {event["object"]["metadata"]["name"] for event in events} == {"seen"}
    assert events[1]["object"]["data"] == {"a": "b"}
    lines.close()


def test_a_watch_ends_when_it_was_told_to(served: Served):
    lines = Lines(served, "/api/v1/nodes?watch=true&timeoutSeconds=1")
    begun = time.monotonic()
    assert lines.next() is None
    assert 0.5 < time.monotonic() - begun < 5
    lines.close()


def test_a_watch_whose_client_left_is_forgotten(served: Served):
    before = served.call(lambda: len(served.server._tasks))
    watches = [Lines(served, "/api/v1/pods?watch=true&resourceVersion=0") for _ in range(5)]
    assert served.call(lambda: len(served.server._tasks)) == before + 5
    for lines in watches:
        lines.close()
    for _ in range(100):
        if served.call(lambda: len(served.server._tasks)) == before:
            return
        time.sleep(0.02)
    pytest.fail("watches outlive their clients")


def test_a_watch_from_before_the_history_is_told_so(served: Served):
    oldest = served.call(lambda: served.cluster.store.oldest)
    if oldest <= 1:
        served.call(lambda: served.cluster.store.compact(served.cluster.store.revision))
    reply = served.watch("/api/v1/pods?watch=true&resourceVersion=1")
    events = [json.loads(line) for line in reply.data.splitlines()]
    assert [event["type"] for event in events] == ["ERROR"]
    assert events[0]["object"]["code"] == 410


def test_another_cluster_takes_over(served: Served):
    before = served.cluster
    lines = Lines(served, "/api/v1/namespaces?watch=true&resourceVersion=0")
    assert lines.next() is not None
    other = Cluster(Settings(name="other", seed=2, controllers=API_ONLY))
    served.call(lambda: served.server.switch(other))
    try:
        while lines.next() is not None:
            pass
    except http.client.IncompleteRead:
        pass
    lines.close()
    assert served.send("GET", f"{CONFIG_MAPS}/many-000").status == 404
    served.call(lambda: served.server.switch(before))
    assert served.send("GET", f"{CONFIG_MAPS}/many-000").status == 200


def test_nobody_is_answered_while_the_api_server_is_crashed(served: Served):
    faults = "/apis/sim.kubetui.dev/v1/faults"
    fault = dict(crash_component("kube-apiserver"))
    assert served.send("POST", faults, fault).status == 201
    deadline = time.monotonic() + 5
    while served.call(lambda: served.cluster.switches.serves) and time.monotonic() < deadline:
        time.sleep(0.02)
    with pytest.raises((http.client.HTTPException, OSError)):
        served.send("GET", "/version")
    assert served.send("DELETE", f"{faults}/{fault['metadata']['name']}").status == 200
    while not served.call(lambda: served.cluster.switches.serves) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert served.send("GET", "/version").status == 200
