"""A served cluster under attack: raw TLS sockets, a heartbeat in its event loop, and a look at what was written."""

import asyncio
import base64
import logging
import socket
import ssl
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import yaml

from kubetui.testing.cluster import KubeCluster

STALL_SECONDS = 0.1
"""How long the event loop may be kept from its other work."""
BEAT = 0.005
PATIENCE = 10.0


class Heart:
    """Beats in the loop of a server. Counts processor time, so that a busy machine does not count as a stall."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.longest = 0.0
        self._loop = loop
        self._last = 0.0
        self._beating = True
        loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        self._last = time.thread_time()
        self._beat()

    def _beat(self) -> None:
        now = time.thread_time()
        self.longest = max(self.longest, now - self._last)
        self._last = now
        if self._beating:
            self._loop.call_later(BEAT, self._beat)

    def stop(self) -> None:
        self._beating = False


class Reply(NamedTuple):
    """What came back before the connection was closed or fell silent. Code 0: nothing."""

    code: int
    data: bytes

    @property
    def codes(self) -> list[int]:
        """The codes of all answers on the connection."""
        parts = self.data.split(b"HTTP/1.1 ")[1:]
        return [int(part[:3]) for part in parts if part[:3].isdigit()]


class Target:
    """The server that is attacked. Its time stands still, so nothing but the attacks could change the cluster."""

    def __init__(self, cluster: KubeCluster, folder: Path) -> None:
        self.cluster = cluster
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        user, about = config["users"][0]["user"], config["clusters"][0]["cluster"]
        self.port = int(about["server"].rsplit(":", 1)[1])
        self.certificate = folder / "client.pem"
        self.certificate.write_bytes(
            base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"])
        )
        self.authority = base64.b64decode(about["certificate-authority-data"]).decode()
        self.records: list[logging.LogRecord] = []
        assert cluster._serving is not None
        assert cluster._serving.loop is not None
        self.heart = Heart(cluster._serving.loop)
        self.digest = cluster.do(cluster.cluster.digest)

    def connect(self, certificate: Path | None = None, *, anonymous: bool = False) -> ssl.SSLSocket:
        """A connection as the administrator, or as whoever the certificate names."""
        context = ssl.create_default_context(cadata=self.authority)
        if not anonymous:
            context.load_cert_chain(certificate or self.certificate)
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        return context.wrap_socket(plain, server_hostname="127.0.0.1")

    def raw(self, data: bytes, *, anonymous: bool = False, quiet: float = 0.15) -> Reply:
        """Send bytes and read until the server hangs up or says nothing more."""
        try:
            with closing(self.connect(anonymous=anonymous)) as tls:
                return Reply(*_heard(tls, data, quiet))
        except (ConnectionError, ssl.SSLError, TimeoutError):
            return Reply(0, b"")

    def send(self, method: str, path: str, body: bytes = b"", kind: str = "application/json", **headers: str) -> Reply:
        """One well-formed request with whatever body; returns its whole answer."""
        given = {"Host": "127.0.0.1", "Connection": "close", "Content-Type": kind, "Content-Length": str(len(body))}
        given.update({name.replace("_", "-"): value for name, value in headers.items()})
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in given.items())
        return self.raw(head.encode("latin-1") + b"\r\n" + body, quiet=PATIENCE)

    def unharmed(self) -> None:
        """Nothing was written, nothing stalled, nobody else was kept out."""
        assert self.send("GET", "/livez").code == 200
        assert self.cluster.do(self.cluster.cluster.digest) == self.digest
        assert self.heart.longest < STALL_SECONDS, f"the loop was busy for {self.heart.longest * 1000:.0f} ms"


def _heard(tls: ssl.SSLSocket, data: bytes, quiet: float) -> tuple[int, bytes]:
    found = b""
    try:
        tls.sendall(data)
    except (ConnectionError, ssl.SSLError):
        # What was refused half-way has often been answered all the same.
        quiet = min(quiet, 1.0)
    tls.settimeout(quiet)
    try:
        while part := tls.recv(65536):
            found += part
    except (TimeoutError, ConnectionError, ssl.SSLError):
        pass
    code = found[9:12]
    return (int(code) if found.startswith(b"HTTP/1.") and code.isdigit() else 0), found
