"""Clients that send slowly, stop half-way, or connect and say nothing: each is hung up on, the others are served."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.served import TOKEN, Served
from kubesim.cluster import Cluster, Settings

IDLE, BODY = 0.6, 0.5
HEAD = f"POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n".encode()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("slow")
    found = Served(Cluster(Settings(name="slow")), folder, idle_seconds=IDLE, body_seconds=BODY)
    yield found
    found.stop()


def connect(served: Served) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(served.folder / "ca.crt"))
    plain = socket.create_connection(("127.0.0.1", served.server.port), timeout=10)
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


def lasts(tls: ssl.SSLSocket, drip: bytes = b"") -> tuple[float, bytes]:
    """How long the connection stays, with a byte now and then, and what is said on it."""
    start, found = time.monotonic(), b""
    tls.settimeout(0.1)
    with tls:
        while time.monotonic() - start < 8:
            try:
                tls.sendall(drip)
                part = tls.recv(65536)
                if not part:
                    break
                found += part
            except TimeoutError:
                continue
            except (ConnectionError, ssl.SSLError):
                break
    return time.monotonic() - start, found


CASES = {
    "says-nothing": (b"", b""),
    "half-a-head": (HEAD, b""),
    "head-in-drops": (HEAD + b"X: ", b"a"),
    "half-a-body": (HEAD + b"Content-Length: 100\r\n\r\n{", b""),
    "body-in-drops": (HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
    "chunks-in-drops": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "no-last-chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b""),
}


@pytest.mark.parametrize(("start", "drip"), CASES.values(), ids=CASES.keys())
def test_it_is_hung_up_on(served: Served, start: bytes, drip: bytes):
    tls = connect(served)
    tls.sendall(start)
    seconds, said = lasts(tls, drip)
    assert seconds < 5
    assert not said or said.startswith((b"HTTP/1.1 4", b"HTTP/1.1 504")), said
    assert served.send("GET", "/livez").status == 200


def test_half_a_handshake_keeps_nobody_out(served: Served):
    sockets = [socket.create_connection(("127.0.0.1", served.server.port), timeout=5) for _ in range(50)]
    for each in sockets:
        each.sendall(b"\x16\x03\x01\x02")
    start = time.monotonic()
    assert served.send("GET", "/livez").status == 200
    assert time.monotonic() - start < 2
    for each in sockets:
        each.close()


def test_hundreds_of_idle_connections_keep_nobody_out(served: Served):
    held = [connect(served) for _ in range(200)]
    start = time.monotonic()
    assert served.send("GET", "/livez").status == 200
    assert time.monotonic() - start < 2
    for each in held:
        each.close()


def test_a_watch_that_nobody_reads(served: Served):
    """What it is owed does not pile up without bound: it is cut off, and all others go on."""
    tls = connect(served)
    tls.sendall(
        f"GET /api/v1/configmaps?watch=true HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    )
    tls.recv(100)
    text = "x" * 500_000
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "large"}, "data": {"a": text}}
    assert served.send("POST", "/api/v1/namespaces/default/configmaps", body).status == 201
    for number in range(30):
        body["data"] = {"a": text, "n": str(number)}
        path = "/api/v1/namespaces/default/configmaps/large"
        assert served.send("PUT", path, body).status == 200
    assert served.send("GET", "/livez").status == 200
    transports = served.call(lambda: [each.transport for each in served.server._runner.server.connections])
    waiting = [each.get_write_buffer_size() for each in transports if each is not None]
    assert max(waiting) < 1_200_000
    tls.close()


def test_the_server_stops_while_clients_dawdle(tmp_path: Path):
    other = Served(Cluster(Settings(name="slow")), tmp_path)
    held = [connect(other) for _ in range(3)]
    held[0].sendall(HEAD)
    held[1].sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
    stopped = threading.Thread(target=other.stop)
    start = time.monotonic()
    stopped.start()
    stopped.join(8)
    assert not stopped.is_alive()
    assert time.monotonic() - start < 5
    for each in held:
        each.close()
