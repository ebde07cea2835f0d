"""A forwarded port as client-go opens it: SPDY over one upgraded connection, with bytes in and out."""

import socket
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from conformance.served import TOKEN, Served
from kubesim.httpd.streams import spdy

ERRORS, DATA = 1, 3


class ForwardedPort:
    """One connection to a port of a pod. ``problem`` is what the error stream says."""

    def __init__(self, served: Served, namespace: str, pod: str, port: int) -> None:
        address = urlsplit(served.server.url)
        context = ssl.create_default_context(cafile=str(served.folder / "ca.crt"))
        plain = socket.create_connection((address.hostname or "", address.port or 0), timeout=10)
        self._socket = context.wrap_socket(plain, server_hostname=address.hostname)
        self._codec = spdy.Codec()
        self.problem = ""
        lines = (
            f"POST /api/v1/namespaces/{namespace}/pods/{pod}/portforward HTTP/1.1", f"Host: {address.netloc}",
            f"Authorization: Bearer {TOKEN}", "Connection: Upgrade", "Upgrade: SPDY/3.1",
            "X-Stream-Protocol-Version: portforward.k8s.io", "Content-Length: 0", "", "",
        )  # fmt: skip
        self._socket.sendall("\r\n".join(lines).encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._socket.recv(1)
        assert head.startswith(b"HTTP/1.1 101 "), head
        for stream, kind in ((ERRORS, "error"), (DATA, "data")):
            headers = {"streamtype": kind, "port": str(port), "requestid": "0"}
            self._socket.sendall(self._codec.open(stream, headers))

    def close(self) -> None:
        self._socket.close()

    def exchange(self, data: bytes, enough: Callable[[bytes], Any]) -> bytes:
        """Send, and read until it is enough or the stream ends."""
        self._socket.sendall(spdy.data(DATA, data))
        received = b""
        while not enough(received):
            for frame in self._codec.feed(self._socket.recv(65_536)):
                if frame.kind == spdy.DATA and frame.stream == ERRORS:
                    self.problem += frame.data.decode()
                elif frame.kind == spdy.DATA:
                    received += frame.data
                    if frame.fin:
                        return received
        return received


class TlsClient:
    """TLS inside of a forwarded port, as the metrics grabber of the end-to-end tests speaks it: nothing is verified."""

    def __init__(self, port: ForwardedPort) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._port = port
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out)
        self._done(self._tls.do_handshake)

    def _done(self, step: Callable[[], Any]) -> Any:
        """What a step returns once it does not want more bytes."""
        while True:
            try:
                found = step()
            except ssl.SSLWantReadError:
                self._in.write(self._port.exchange(self._out.read(), bool))
            else:
                return found

    def get(self, path: str, token: str = "") -> tuple[int, bytes]:
        """Status and body of one request."""
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"Authorization: Bearer {token}"] if token else []
        self._tls.write("\r\n".join([*lines, "", ""]).encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._done(lambda: self._tls.read(65_536))
        head, _, body = received.partition(b"\r\n\r\n")
        size = next(int(line[16:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: "))
        while len(body) < size:
            body += self._done(lambda: self._tls.read(65_536))
        return int(head.split(b" ", 2)[1]), body
