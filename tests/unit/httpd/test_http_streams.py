"""Logs, commands, forwarded ports, proxied requests and metrics of simulated containers, over real sockets."""

import asyncio
import base64
import json
import ssl
import struct
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from conformance.served import TOKEN, Served
from kubesim.cluster import Cluster, Settings
from kubesim.httpd.streams import spdy
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import DEPLOYMENTS, PODS, SERVICES, Gvr, Key, Request

PODS_PATH = "/api/v1/namespaces/default/pods"
TALKER = "i=0; while true; do i=$((i+1)); echo line $i; sleep 1; done"


def pod(name: str, **container: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"app": name}}, "spec": {"containers": [{"name": "c", **container}]}}


def built() -> Cluster:
    cluster = Cluster(Settings(name="streams"))
    for number in (1, 2):
        cluster.add_node(NodeSpec(name=f"node-{number}"))
    cluster.advance(10_000)
    objects: list[tuple[Gvr, dict[str, Any]]] = [
        (PODS, pod("web", image="nginx:1.29", ports=[{"containerPort": 80, "name": "http"}])),
        (PODS, pod("talker", image="busybox:1", command=["sh", "-c", TALKER])),
        (PODS, pod("unplaced", image="nginx", resources={"requests": {"cpu": "1000"}})),
        (
            SERVICES,
            {
                "metadata": {"name": "web"},
                "spec": {"selector": {"app": "web"}, "ports": [{"port": 8080, "targetPort": 80}]},
            },
        ),
    ]
    for gvr, tree in objects:
        response = cluster.handle(Request("create", Key(gvr, "default"), body=tree))
        assert response.code == 201, response.body
    assert cluster.handle(Request("list", Key(DEPLOYMENTS))).code == 200
    cluster.advance(60_000)
    return cluster


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = Served(built(), tmp_path_factory.mktemp("streams"), speed=5)
    yield found
    found.stop()


# ---------------------------------------------------------------------- logs
@pytest.mark.parametrize(
    ("query", "check"),
    [
        ("", lambda lines: lines[:2] == ["line 1", "line 2"] and len(lines) > 20),
        ("?tailLines=3", lambda lines: len(lines) == 3),
        ("?tailLines=0", lambda lines: not lines),
        ("?sinceSeconds=5", lambda lines: 3 <= len(lines) <= 8),
        ("?limitBytes=6", lambda lines: lines == ["line 1"]),
        ("?tailLines=1&timestamps=true", lambda lines: lines[0][:4] == "2026" and lines[0][29:35] == "Z line"),
        ("?container=c&tailLines=1", lambda lines: len(lines) == 1),
    ],
    ids=["all", "tail", "nothing", "since", "bytes", "timestamps", "container"],
)
def test_logs(served: Served, query: str, check: Any):
    reply = served.send("GET", f"{PODS_PATH}/talker/log{query}")
    assert reply.status == 200
    assert reply.headers["content-type"] == ["text/plain"]
    assert check(reply.data.decode().splitlines()), reply.data


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("nope/log", 404, 'pods "nope" not found'),
        ("talker/log?container=x", 400, "container x is not valid for pod talker"),
        ("talker/log?previous=true", 400, 'previous terminated container "c" in pod "talker" not found'),
        ("unplaced/log", 400, "pod unplaced does not have a host assigned"),
        ("talker/log?tailLines=x", 400, "invalid syntax"),
        ("talker/log?sinceTime=yesterday", 400, "yesterday"),
        ("nope/exec?command=ls&stdout=true", 404, 'pods "nope" not found'),
        ("talker/exec?stdout=true", 400, "you must specify at least 1 command for the container"),
        ("talker/exec?command=ls", 400, "you must specify at least one of stdin, stdout, stderr"),
        ("talker/exec?command=ls&stdout=true&container=x", 400, "container x is not valid for pod talker"),
        ("talker/exec?command=ls&stdout=true", 400, "Upgrade request required"),
        ("unplaced/portforward", 400, "pod unplaced does not have a host assigned"),
        ("nope/proxy/", 404, 'pods "nope" not found'),
        ("talker:81/proxy/", 503, "connection refused"),
    ],
)
def test_what_streams_refuse(served: Served, path: str, status: int, text: str):
    reply = served.send("GET", f"{PODS_PATH}/{path}")
    assert reply.status == status, reply.data
    assert text in reply.json["message"]


def test_a_followed_log_goes_on(served: Served):
    connection = served.connect()
    connection.request(
        "GET", f"{PODS_PATH}/talker/log?follow=true&tailLines=1", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    response = connection.getresponse()
    numbers = [int(response.readline().split()[1]) for _ in range(4)]
    assert numbers == list(range(numbers[0], numbers[0] + 4))
    response.close()
    connection.close()


def test_a_followed_log_ends_with_its_container(served: Served):
    body = pod("brief", image="busybox:1", command=["sh", "-c", "echo begun; sleep 3; echo over"])
    body["spec"]["restartPolicy"] = "Never"
    assert served.send("POST", PODS_PATH, body).status == 201
    for _ in range(100):
        reply = served.send("GET", f"{PODS_PATH}/brief/log?follow=true")
        if reply.status == 200:
            break
        time.sleep(0.05)
    assert reply.data == b"begun\nover\n"


@pytest.mark.parametrize(
    ("query", "protocol", "wanted"),
    [
        ("container=c&limitBytes=14", "binary.k8s.io", b"line 1\nline 2\n"),
        ("limitBytes=7", "base64.binary.k8s.io", "line 1\n"),
        ("limitBytes=7", "", b"line 1\n"),
    ],
    ids=["binary", "base64", "none"],
)
async def test_a_log_over_a_websocket(served: Served, query: str, protocol: str, wanted: bytes | str):
    async with session_of(served) as session:
        path = f"{PODS_PATH}/talker/log?{query}"
        async with session.ws_connect(path, protocols=(protocol,) if protocol else ()) as socket:
            assert socket.protocol == (protocol or None)
            first, *others = [message.data async for message in socket]
    assert not first
    found = [base64.b64decode(each).decode() if isinstance(each, str) else each for each in others]
    assert found == [wanted]


async def test_a_followed_log_over_a_websocket(served: Served):
    async with session_of(served) as session:
        path = f"{PODS_PATH}/talker/log?follow=true&tailLines=1"
        async with session.ws_connect(path, protocols=("binary.k8s.io",)) as socket:
            text = b"".join([(await socket.receive()).data for _ in range(4)]).decode()
    numbers = [int(line.split()[1]) for line in text.splitlines()]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) >= 3


async def test_protocols_that_a_log_does_not_speak(served: Served):
    async with session_of(served) as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{PODS_PATH}/talker/log", protocols=("v9.k8s.io",))
    assert refused.value.status == 400


# ---------------------------------------------------------------------- commands
@asynccontextmanager
async def session_of(served: Served) -> AsyncIterator[aiohttp.ClientSession]:
    context = ssl.create_default_context(cafile=str(served.folder / "ca.crt"))
    connector = aiohttp.TCPConnector(ssl=context)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(served.server.url, connector=connector, headers=headers) as session:
        yield session
    # The client closes its TLS connections a little later.
    await asyncio.sleep(0.05)


async def executed(
    served: Served, query: str, sent: list[Any] = (), protocol: str = "v5.channel.k8s.io"
) -> tuple[str, dict[str, Any] | None]:
    """Standard output, and the status that ended it."""
    output, status = b"", None
    async with session_of(served) as session:
        path = f"{PODS_PATH}/web/exec?{query}"
        async with session.ws_connect(path, protocols=(protocol,), max_msg_size=0) as socket:
            assert socket.protocol == protocol
            for message in sent:
                await (socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message))
            async for message in socket:
                content = message.data.encode() if isinstance(message.data, str) else message.data
                if content[:1] in {b"\x01", b"1"}:
                    output += content[1:]
                elif content[:1] in {b"\x03", b"3"}:
                    status = content[1:]
    if protocol in {"channel.k8s.io", "base64.channel.k8s.io"}:
        return (base64.b64decode(output) if "base64" in protocol else output).decode(), {"message": status}
    if protocol.startswith("v4.base64"):
        return base64.b64decode(output).decode(), json.loads(base64.b64decode(status or b""))
    return output.decode(), json.loads(status) if status else None


OUT = "stdout=true&stderr=true"


@pytest.mark.parametrize(
    ("query", "sent", "protocol", "output", "code"),
    [
        (f"command=echo&command=hello&command=world&{OUT}", [], "v5.channel.k8s.io", "hello world\n", ""),
        (f"command=echo&command=hi&{OUT}", [], "v4.channel.k8s.io", "hi\n", ""),
        (f"command=echo&command=hi&{OUT}", [], "v4.base64.channel.k8s.io", "hi\n", ""),
        (f"command=echo&command=hi&{OUT}", [], "channel.k8s.io", "hi\n", ""),
        (f"command=echo&command=hi&{OUT}", [], "base64.channel.k8s.io", "hi\n", ""),
        (f"command=false&{OUT}", [], "channel.k8s.io", "",
         "command terminated with non-zero exit code: exit status 1"),
        (f"command=sh&command=-c&command=exit+7&{OUT}", [], "v5.channel.k8s.io", "", "7"),
        (f"command=cat&stdin=true&{OUT}", [b"\0one\n", b"\0two\n", b"\xff\0"], "v5.channel.k8s.io", "one\ntwo\n", ""),
        (f"command=cat&stdin=true&{OUT}", ["\0text\n", b"\xff\0"], "v5.channel.k8s.io", "text\n", ""),
        (f"command=hostname&stdin=true&{OUT}", [], "v4.channel.k8s.io", "web\n", ""),
        (
            f"command=echo&command=hi&tty=true&{OUT}",
            [b'\x04{"Width":80,"Height":20}\n'],
            "v5.channel.k8s.io",
            "hi\r\n",
            "",
        ),
        (f"command=sh&stdin=true&{OUT}", [b"\0echo a; exit 3\n", b"\xff\0"], "v5.channel.k8s.io", "a\n", "3"),
    ],
    ids=[
        "echo", "version 4", "base64", "oldest", "oldest base64", "oldest failing", "exit code", "stdin", "text frames",
        "stdin unread", "terminal", "script",
    ],
)  # fmt: skip
async def test_commands(served: Served, query: str, sent: list[Any], protocol: str, output: str, code: str):
    found, status = await executed(served, query, sent, protocol)
    assert found == output
    assert status is not None
    if "v" not in protocol:
        assert status == {"message": code.encode() or None}
    elif not code:
        assert status == {"metadata": {}, "status": "Success"}
    else:
        assert status["reason"] == "NonZeroExitCode"
        assert status["details"]["causes"] == [{"reason": "ExitCode", "message": code}]


async def test_a_shell_in_a_terminal(served: Served):
    async with session_of(served) as session:
        path = f"{PODS_PATH}/web/exec?command=sh&stdin=true&stdout=true&tty=true"
        async with session.ws_connect(path, protocols=("v5.channel.k8s.io",)) as socket:
            assert (await socket.receive()).data == b"\x01/ # "
            await socket.send_bytes(b"\x00echo $((6*7))\r")
            assert (await socket.receive()).data == b"\x01echo $((6*7))\r\n42\r\n/ # "
            await socket.send_bytes(b"\x00exit\r")
            await socket.receive()
            assert json.loads((await socket.receive()).data[1:])["status"] == "Success"


async def test_attach_shows_what_is_written(served: Served):
    async with session_of(served) as session:
        path = f"{PODS_PATH}/talker/attach?stdout=true"
        async with session.ws_connect(path, protocols=("v5.channel.k8s.io",)) as socket:
            assert (await socket.receive(timeout=5)).data.startswith(b"\x01line ")


# ---------------------------------------------------------------------- SPDY
class SpdyClient:
    """The other side of a raw SPDY connection."""

    def __init__(self, served: Served, path: str, protocol: str) -> None:
        self.connection = served.connect()
        headers = {
            "Authorization": f"Bearer {TOKEN}",
            "Connection": "Upgrade",
            "Upgrade": "SPDY/3.1",
            "X-Stream-Protocol-Version": protocol,
            "Content-Length": "0",
        }
        self.connection.putrequest("POST", path, skip_accept_encoding=True)
        for name, value in headers.items():
            self.connection.putheader(name, value)
        self.connection.endheaders()
        self.socket: Any = self.connection.sock
        self.socket.settimeout(5)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.socket.recv(1)
        self.head = head.decode()
        self.codec = spdy.Codec()
        self.frames: list[spdy.Frame] = []

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def collect(self, until: Any) -> list[spdy.Frame]:
        while not until(self.frames):
            data = self.socket.recv(65536)
            if not data:
                break
            self.frames += self.codec.feed(data)
        return self.frames

    def data(self, stream: int) -> bytes:
        return b"".join(frame.data for frame in self.frames if frame.kind == spdy.DATA and frame.stream == stream)

    def close(self) -> None:
        self.send(spdy.goaway(0))
        self.connection.close()


def ended(*streams: int) -> Any:
    def check(frames: list[spdy.Frame]) -> bool:
        done = {frame.stream for frame in frames if frame.kind == spdy.DATA and frame.fin}
        return done >= set(streams)

    return check


def test_commands_over_spdy(served: Served):
    path = f"{PODS_PATH}/web/exec?command=cat&stdin=true&stdout=true&stderr=true"
    client = SpdyClient(served, path, "v4.channel.k8s.io,channel.k8s.io")
    assert client.head.startswith("HTTP/1.1 101 ")
    assert "X-Stream-Protocol-Version: v4.channel.k8s.io" in client.head
    for number, kind in ((1, "error"), (3, "stdin"), (5, "stdout"), (7, "stderr")):
        client.send(client.codec.open(number, {"streamtype": kind}))
    client.send(spdy.ping(2) + spdy.data(3, b"from stdin\n", fin=True))
    client.collect(ended(1, 5))
    assert client.data(5) == b"from stdin\n"
    assert json.loads(client.data(1))["status"] == "Success"
    assert sum(frame.kind == spdy.SYN_REPLY for frame in client.frames) == 4
    assert any(frame.kind == spdy.PING and frame.value == 2 for frame in client.frames)
    client.close()


def test_spdy_needs_a_protocol_that_is_known(served: Served):
    client = SpdyClient(served, f"{PODS_PATH}/web/exec?command=ls&stdout=true", "v9.channel.k8s.io")
    assert client.head.startswith("HTTP/1.1 403 ")
    client.connection.close()


REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def test_ports_over_spdy(served: Served):
    client = SpdyClient(served, f"{PODS_PATH}/web/portforward", "portforward.k8s.io")
    for number, port in ((0, "80"), (1, "81")):
        base = number * 4 + 1
        client.send(client.codec.open(base, {"streamtype": "error", "port": port, "requestid": str(number)}))
        client.send(spdy.data(base, b"", fin=True))
        client.send(client.codec.open(base + 2, {"streamtype": "data", "port": port, "requestid": str(number)}))
    client.send(spdy.data(3, REQUEST))
    client.collect(ended(1, 3, 5, 7))
    assert client.data(3).startswith(b"HTTP/1.1 200 OK")
    assert client.data(1) == b""
    assert b"connection refused" in client.data(5)
    client.close()
    assert served.send("GET", "/healthz").data == b"ok"


async def test_ports_over_spdy_inside_a_websocket(served: Served):
    codec = spdy.Codec()
    async with session_of(served) as session:
        path = f"{PODS_PATH}/web/portforward"
        async with session.ws_connect(path, protocols=("SPDY/3.1+portforward.k8s.io",)) as socket:
            stream = codec.open(1, {"streamtype": "error", "port": "80", "requestid": "0"})
            stream += codec.open(3, {"streamtype": "data", "port": "80", "requestid": "0"}) + spdy.data(3, REQUEST)
            for at in range(0, len(stream), 11):
                await socket.send_bytes(stream[at : at + 11])
            await socket.send_bytes(b"")
            frames: list[spdy.Frame] = []
            while not ended(3)(frames):
                frames += codec.feed((await socket.receive(timeout=5)).data)
    assert b"".join(frame.data for frame in frames if frame.stream == 3).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("protocols", [("v4.channel.k8s.io",), ()], ids=["version 4", "none"])
async def test_ports_over_a_plain_websocket(served: Served, protocols: tuple[str, ...]):
    async with session_of(served) as session:
        path = f"{PODS_PATH}/web/portforward?ports=80"
        async with session.ws_connect(path, protocols=protocols) as socket:
            heads = [(await socket.receive(timeout=5)).data for _ in range(2)]
            assert heads == [bytes([channel]) + struct.pack("<H", 80) for channel in (0, 1)]
            await socket.send_bytes(b"\0" + REQUEST)
            assert (await socket.receive(timeout=5)).data.startswith(b"\0HTTP/1.1 200 OK")


# ---------------------------------------------------------------------- proxies and metrics
@pytest.mark.parametrize(
    "path",
    [
        f"{PODS_PATH}/web/proxy/",
        f"{PODS_PATH}/web:80/proxy/",
        f"{PODS_PATH}/web:http/proxy/",
        "/api/v1/namespaces/default/services/web/proxy/",
        "/api/v1/namespaces/default/services/web:8080/proxy/",
        "/api/v1/namespaces/default/services/http:web:8080/proxy/?a=b",
    ],
)
def test_proxies(served: Served, path: str):
    reply = served.send("GET", path)
    assert (reply.status, reply.headers["content-type"]) == (200, ["text/html"])
    assert b"Welcome to nginx" in reply.data


def test_a_proxied_path_ends_with_a_slash(served: Served):
    # k8s: apimachinery/pkg/util/proxy proxyRedirectsforRootPath
    reply = served.send("GET", f"{PODS_PATH}/web:http/proxy?a=b")
    assert (reply.status, reply.headers["location"]) == (301, [f"{PODS_PATH}/web:http/proxy/?a=b"])
    assert served.send("POST", f"{PODS_PATH}/web:http/proxy").status == 200


def test_metrics(served: Served):
    nodes = served.send("GET", "/apis/metrics.k8s.io/v1beta1/nodes").json
    assert [item["metadata"]["name"] for item in nodes["items"]] == ["node-1", "node-2"]
    found = served.send("GET", "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/web").json
    assert found["kind"] == "PodMetrics"
    assert [container["name"] for container in found["containers"]] == ["c"]
    assert served.send("GET", "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/unplaced").status == 404
    chosen = served.send("GET", "/apis/metrics.k8s.io/v1beta1/pods?labelSelector=app%3Dweb").json
    assert [item["metadata"]["name"] for item in chosen["items"]] == ["web"]
    groups = [group["name"] for group in served.send("GET", "/apis").json["groups"]]
    assert "metrics.k8s.io" in groups
