"""What comes with streams: headers of their request, output when it is written, and the kubelet's own refusals."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from conformance.served import TOKEN, Served
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import PODS, Key, Request

PATH = "/api/v1/namespaces/default/pods"
SPDY = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": "v5.channel.k8s.io"}
READER = ["sh", "-c", "while read l; do echo got $l; done; echo wrong >&2"]


def pod(name: str, **container: Any) -> dict[str, Any]:
    found = {"name": "c", "image": "busybox", **container}
    return {"metadata": {"name": name}, "spec": {"restartPolicy": "Never", "containers": [found]}}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    cluster = Cluster(Settings(name="answers"))
    cluster.add_node(NodeSpec(name="node-1"))
    cluster.advance(10_000)
    trees = [
        pod("sleeper", command=["sleep", "1000000"]),
        pod("reader", command=READER, stdin=True, stdinOnce=True),
        pod("shell", stdin=True, tty=True),
        pod("done", command=["true"]),
        pod("waiting", image="nosuchimage/x"),
    ]
    for tree in trees:
        assert cluster.handle(Request("create", Key(PODS, "default"), body=tree)).code == 201
    cluster.advance(60_000)
    found = Served(cluster, tmp_path_factory.mktemp("answers"), speed=10)
    yield found
    found.stop()


@asynccontextmanager
async def session(served: Served) -> AsyncIterator[aiohttp.ClientSession]:
    context = ssl.create_default_context(cafile=str(served.folder / "ca.crt"))
    connector = aiohttp.TCPConnector(ssl=context)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(served.server.url, connector=connector, headers=headers) as client:
        yield client
    # The client closes its TLS connections a little later.
    await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "path", [f"{PATH}?watch=true", f"{PATH}/sleeper/log", f"{PATH}/sleeper/log?follow=true"],
    ids=["watch", "log", "followed log"],
)  # fmt: skip
async def test_streams_say_which_request_they_answer(served: Served, path: str):
    async with session(served) as client, client.get(path) as response:
        assert response.status == 200
        assert len(response.headers["Audit-Id"]) == 36
        assert response.headers["Cache-Control"] == "no-cache, private"
        assert "X-Kubernetes-PF-FlowSchema-UID" in response.headers


async def test_upgrades_say_which_request_they_answer(served: Served):
    path = f"{PATH}/sleeper/exec?command=ls&stdout=true"
    connection = served.connect()
    connection.request("POST", path, headers={"Authorization": f"Bearer {TOKEN}", **SPDY})
    response = connection.getresponse()
    assert (response.status, len(response.headers["Audit-Id"])) == (101, 36)
    connection.close()
    async with session(served) as client, client.ws_connect(path, protocols=("v5.channel.k8s.io",)) as socket:
        assert len(socket._response.headers["Audit-Id"]) == 36


@pytest.mark.parametrize(
    ("headers", "query", "pretty"),
    [
        ({}, "", False),
        ({"User-Agent": "curl/8.5"}, "", True),
        ({"User-Agent": "Mozilla/5.0 (X11)"}, "", True),
        ({"User-Agent": "curl/8.5"}, "?pretty=false", False),
        ({"User-Agent": "kubectl"}, "?pretty=1", True),
    ],
)
@pytest.mark.parametrize("path", ["/apis", "/api/v1/namespaces", "/api/v1/namespaces/default", "/api/v1/nodes/nope"])
def test_json_for_people_is_indented(served: Served, path: str, headers: dict[str, str], query: str, pretty: bool):
    text = served.send("GET", path + query, headers=headers).data.decode()
    assert text.startswith('{\n  "kind": ') is pretty
    assert json.loads(text)["kind"]


def test_the_version_and_the_paths_are_always_indented(served: Served):
    assert served.send("GET", "/").data.startswith(b'{\n  "paths": [\n    "/')
    assert served.send("GET", "/version").data.startswith(b'{\n  "major": "1",\n')


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("waiting/exec?command=ls&stdout=true", 'container not found ("c")'),
        ("done/exec?command=ls&stdout=true", 'container not found ("c")'),
        ("done/attach?stdout=true", "container c not found in pod done_default"),
    ],
)
async def test_the_kubelet_has_no_such_container(served: Served, path: str, text: str):
    connection = served.connect()
    connection.request("POST", f"{PATH}/{path}", headers={"Authorization": f"Bearer {TOKEN}", **SPDY})
    response = connection.getresponse()
    assert (response.status, response.read().decode()) == (500, text)
    connection.close()
    url = f"{PATH}/{path}"
    async with session(served) as client, client.ws_connect(url, protocols=("v5.channel.k8s.io",)) as socket:
        status = json.loads((await socket.receive(timeout=5)).data[1:])
    assert (status["code"], status["reason"]) == (500, "InternalError")
    assert status["message"] == f"Internal error occurred: unable to upgrade connection: {text}"


async def test_output_comes_when_it_is_written(served: Served):
    line = quote("echo one; echo two >&2; sleep 100000; echo three")
    url = URL(f"{PATH}/sleeper/exec?command=sh&command=-c&command={line}&stdout=true&stderr=true", encoded=True)
    async with session(served) as client, client.ws_connect(url, protocols=("v5.channel.k8s.io",)) as socket:
        assert [(await socket.receive(timeout=5)).data for _ in range(2)] == [b"\x01one\n", b"\x02two\n"]


async def test_attached_clients_talk_to_the_program(served: Served):
    path = f"{PATH}/reader/attach?stdin=true&stdout=true&stderr=true"
    async with session(served) as client, client.ws_connect(path, protocols=("v5.channel.k8s.io",)) as socket:
        await socket.send_bytes(b"\x00one\n")
        assert (await socket.receive(timeout=5)).data == b"\x01got one\n"
        await socket.send_bytes(b"\xff\x00")
        assert (await socket.receive(timeout=5)).data == b"\x02wrong\n"
        assert json.loads((await socket.receive(timeout=5)).data[1:])["status"] == "Success"


async def test_an_attached_terminal(served: Served):
    path = f"{PATH}/shell/attach?stdin=true&stdout=true&tty=true"
    async with session(served) as client, client.ws_connect(path, protocols=("v5.channel.k8s.io",)) as socket:
        assert (await socket.receive(timeout=5)).data == b"\x01/ # "
        await socket.send_bytes(b"\x00echo hi\r")
        shown = b""
        while not shown.endswith(b"hi\r\n/ # "):
            shown += (await socket.receive(timeout=5)).data[1:]
        assert shown == b"echo hi\r\nhi\r\n/ # "
