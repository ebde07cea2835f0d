"""The explorer's client over HTTPS against a served cluster: tables, logs, commands, ports, servers that go away."""

import asyncio
import time

import pytest

from conformance.served import Served
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import CONFIGMAPS, FAULTS, NODES, PODS, Gvr, Key, Request
from kubetui.client.attached import attached
from kubetui.client.remote import Access, Overrides, UnreachableError, load

SPEC = {"containers": [{"name": "c", "image": "nginx:1.29", "ports": [{"containerPort": 80}]}]}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    cluster = Cluster(Settings(epoch_ms=int(time.time()) * 1000))
    cluster.add_node(NodeSpec("wk-1"))
    cluster.advance(5_000)
    found = Served(cluster, tmp_path_factory.mktemp("server"), speed=20)
    yield found
    found.stop()


@pytest.fixture
async def client(served):
    found = attached(load(Overrides(kubeconfig=str(served.kubeconfig)), {}))
    yield found
    await found.close()


async def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come true"
        await asyncio.sleep(0.02)
    return found


async def running(client, name):
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": SPEC}
    response = await client.send(Request("create", Key(PODS, "default"), body=body))
    assert response.code in {201, 409}
    rows = client.rows(PODS, "default")
    await until(lambda: any(p["metadata"]["name"] == name and p["status"].get("phase") == "Running"
                            for p in client.objects(PODS, "default")))  # fmt: skip
    rows.close()


async def test_what_is_served(client):
    assert client.simulated
    assert client.version == "v1.37.0"
    pods = next(resource for resource in client.resources() if resource.gvr == PODS)
    assert (pods.kind, pods.namespaced, pods.singular, pods.short_names) == ("Pod", True, "pod", ("po",))
    assert {"log", "exec", "portforward"} <= set(pods.subresources)
    assert any(resource.gvr == FAULTS for resource in client.resources())


async def test_a_table_follows_what_happens(client):
    cursor = client.rows(CONFIGMAPS, "default")
    await until(lambda: cursor.table.listed)
    cursor.poll()
    assert cursor.synced
    assert [column.name for column in cursor.columns] == ["Name", "Data", "Age"]
    key = Key(CONFIGMAPS, "default", "followed")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "followed"}, "data": {"a": "1"}}
    seen = []

    async def next_event():
        await until(lambda: seen.extend(cursor.poll()) or seen)
        return seen.pop(0)

    await client.send(Request("create", key._replace(name=""), body=body))
    event = await next_event()
    assert (event.type, event.key, event.row.cells(client.now())[:2]) == ("ADDED", key, ["followed", 1])
    age = event.row.cells(client.now() + 3_600_000)[2]
    assert age.endswith(("m", "h"))
    await client.send(Request("patch", key, body={"data": {"b": "2"}}, content_type="application/merge-patch+json"))
    event = await next_event()
    assert (event.type, event.row.cells(0)[1], event.row.object["data"]["b"]) == ("MODIFIED", 2, "2")
    await client.send(Request("delete", key))
    event = await next_event()
    assert (event.type, event.row) == ("DELETED", None)


async def test_two_cursors_share_one_watch_and_see_the_same(client):
    first = client.rows(NODES)
    await until(lambda: first.table.listed)
    second = client.rows(NODES)
    assert first.table is second.table
    assert [event.key for event in first.poll()] == [event.key for event in second.poll()]
    assert [node["metadata"]["name"] for node in client.objects(NODES)] == ["wk-1"]


async def test_a_table_that_cannot_be_read_says_why(client):
    cursor = client.rows(Gvr("nosuch.io", "v1", "things"))
    await until(lambda: cursor.error)
    assert "could not find the requested resource" in cursor.error


async def test_log_commands_and_ports_of_a_pod(client):
    await running(client, "web")
    log = client.logs("default", "web")
    lines = []
    await until(lambda: lines.extend(log.poll()) or lines)
    assert lines[0].at > 1_700_000_000_000
    log.close()
    assert await client.pipe("default", "web", "c", ("/bin/sh", "-c", "cat; exit 3"), b"hello") == (3, b"hello", "")
    code, output, wrong = await client.pipe("default", "web", "", ("ls", "/nosuch"))
    assert (code, output) == (1, b"")
    assert "No such file" in wrong
    with pytest.raises(ConnectionError, match="404"):
        await client.pipe("default", "nosuch", "", ("ls",))
    connection = await client.connect("default", "web", 80)
    await connection.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await connection.read()).startswith(b"HTTP/1.1 200 OK")
    connection.close()
    missing = client.logs("default", "nosuch")
    await until(lambda: missing.error)
    assert 'pods "nosuch" not found' in missing.error
    missing.close()


async def test_live_use(client):
    await running(client, "web")
    assert (await until(lambda: client.usage(Key(PODS, "default", "web")))).memory_bytes > 0
    assert client.usage(Key(NODES, "", "wk-1")) is not None


async def test_a_break_point_tells_and_stops_nothing(client):
    told = []
    client.breaks.add("cm/noticed created", "default")
    client.breaks.on_strike = told.append
    assert not client.breaks.stops
    await until(lambda: client.breaks.all[0].cursor.synced)
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "noticed"}}
    await client.send(Request("create", Key(CONFIGMAPS, "default"), body=body))
    await until(lambda: told)
    assert told == ["configmap default/noticed: created"]
    client.breaks.clear()
    assert client.breaks.all == []


async def test_read_only(served):
    client = attached(load(Overrides(kubeconfig=str(served.kubeconfig)), {}), read_only=True)
    response = await client.send(Request("delete", Key(PODS, "default", "web")))
    assert (response.code, response.body["message"]) == (403, "read-only: delete pods was not sent")
    with pytest.raises(ConnectionError, match="read-only"):
        await client.pipe("default", "web", "", ("ls",))
    assert (await client.send(Request("list", Key(NODES)))).code == 200
    await client.close()


def test_a_server_that_cannot_be_reached_or_says_no(served):
    with pytest.raises(UnreachableError, match="connection refused"):
        attached(Access(server="http://127.0.0.1:9"))
    access = load(Overrides(kubeconfig=str(served.kubeconfig)), {})
    with pytest.raises(UnreachableError, match="Unauthorized"):
        attached(access._replace(token="wrong", certificate="", key=""))
    with pytest.raises(UnreachableError, match="certificate signed by unknown authority"):
        attached(access._replace(authority=""))


async def test_a_table_goes_on_after_its_server_came_back(client):
    cursor = client.rows(CONFIGMAPS, "kube-system")
    await until(lambda: cursor.table.listed)
    cursor.poll()
    table = cursor.table
    table.stop()
    table._revision = "1"
    # The revision is long gone: the server says 410, and all is read anew without anything twice.
    table.start()
    await until(lambda: table._revision not in {"", "1"})
    assert all(event.type == "MODIFIED" for event in cursor.poll())
