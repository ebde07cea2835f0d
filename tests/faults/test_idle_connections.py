"""A thousand clients that say nothing, and a server that may open few files: others are answered all the while."""

import asyncio
import os
import re
import resource
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.served import Served
from kubesim.cluster import Cluster, Settings

REQUEST = b"GET /livez HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer tok\r\nConnection: close\r\n\r\n"


def context_of(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "ca.crt"))


def asked(port: int, context: ssl.SSLContext) -> bytes:
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
        tls.sendall(REQUEST)
        return tls.recv(4096)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    found = Served(Cluster(Settings(name="idle")), tmp_path, idle_seconds=3.0)
    yield found
    found.stop()


def test_a_thousand_idle_connections(served: Served):
    port, context = served.server.port, context_of(served.folder)

    async def hold() -> tuple[float, int]:
        pairs = [
            asyncio.open_connection("127.0.0.1", port, ssl=context if number % 2 else None) for number in range(1000)
        ]
        held = await asyncio.gather(*pairs)
        start = time.monotonic()
        reply = await asyncio.to_thread(asked, port, context)
        took = time.monotonic() - start
        assert reply.startswith(b"HTTP/1.1 200")
        door = served.server._door
        assert door is not None
        opened = len(door)
        for _, writer in held:
            writer.transport.abort()
        return took, opened

    took, opened = asyncio.run(hold())
    assert opened >= 1000
    assert took < 2


def test_few_files(tmp_path: Path):
    """More clients than the process may have files: it goes on, says nothing about it, and is well afterwards."""
    program = [sys.executable, "-m", "kubetui", "serve", "--api-only", "--token", "tok", "--state", str(tmp_path)]

    server = subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (96, 96))
    held: list[socket.socket] = []
    try:
        assert server.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", server.stdout.readline())
        assert found is not None
        port, context = int(found[1]), context_of(tmp_path)
        for number in range(200):
            plain = socket.create_connection(("127.0.0.1", port), timeout=10)
            held.append(plain)
            if number % 20 == 19:
                assert asked(port, context).startswith(b"HTTP/1.1 200"), number
        for each in held:
            each.close()
        assert asked(port, context).startswith(b"HTTP/1.1 200")
    finally:
        for each in held:
            each.close()
        server.send_signal(signal.SIGTERM)
        _, noise = server.communicate(timeout=20)
    assert noise == ""
    assert server.returncode == 0
