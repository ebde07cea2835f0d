"""WebSocket and SPDY connections that say nonsense: hung up on, and nothing else happens."""

import random
import struct
import zlib
from contextlib import closing

import pytest

from faults.hostile import Target
from kubesim.httpd.streams import spdy

EXEC = "/api/v1/namespaces/default/pods/victim/exec?command=cat&stdin=true&stdout=true"
FORWARD = "/api/v1/namespaces/default/pods/victim/portforward"
SOCKET = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
SPDY = "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: "


def frame(code: int, payload: bytes, *, masked: bool = True, fin: bool = True, size: int | None = None) -> bytes:
    size = len(payload) if size is None else size
    first = bytes([code | (0x80 if fin else 0)])
    mask = 0x80 if masked else 0
    if size < 126:
        head = first + bytes([mask | size])
    elif size < 1 << 16:
        head = first + bytes([mask | 126]) + struct.pack("!H", size)
    else:
        head = first + bytes([mask | 127]) + struct.pack("!Q", size)
    return head + (b"\0\0\0\0" if masked else b"") + payload


MESSAGES = {
    "unmasked": frame(2, b"\0x", masked=False),
    "reserved-code": frame(7, b"x"),
    "reserved-bits": bytes([0xF2, 0x81]) + b"\0\0\0\0x",
    "endless": frame(2, b"\0", size=1 << 62),
    "negative": frame(2, b"\0", size=(1 << 64) - 1),
    "too-large": frame(2, bytes(5 * 1024 * 1024)),
    "long-ping": frame(9, bytes(500)),
    "split-ping": frame(9, b"x", fin=False),
    "bad-utf-8": frame(1, b"\xff\xfe\xfd"),
    "continued-from-nothing": frame(0, b"x"),
    "never-finished": frame(2, b"\0x", fin=False) * 1_000,
    "bad-close": frame(8, b"\x00"),
    "close-code": frame(8, struct.pack("!H", 99)),
    "empty": frame(2, b"") * 100,
    "unknown-channel": frame(2, b"\xc8data"),
    "close-unknown": frame(2, b"\xff\xc8"),
    "resize-nonsense": frame(2, b"\x04{nonsense") + frame(2, b"\x04" + b"[" * 50_000) + frame(2, b'\x04{"Width":"x"}'),
    "huge-size": frame(2, b'\x04{"Width":1e999,"Height":-1}'),
    "digit-channel": frame(1, "²abc".encode()) + frame(1, b"0!!!!"),
    "noise": random.Random(3).randbytes(5_000),
}


def upgraded(target: Target, path: str, headers: str, data: bytes) -> bytes:
    """What comes back after the upgrade."""
    with closing(target.connect()) as tls:
        tls.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
        found = b""
        while b"\r\n\r\n" not in found:
            part = tls.recv(4096)
            if not part:
                return found
            found += part
        assert found.startswith(b"HTTP/1.1 101"), found
        tls.settimeout(0.05)
        try:
            tls.sendall(data)
            while part := tls.recv(65536):
                found += part
        except OSError:
            pass
        return found


@pytest.fixture(scope="module", autouse=True)
def victim(attacked: Target) -> None:
    """A pod to talk to, in the cluster before it is attacked."""
    attacked.cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "victim"},
            "spec": {"containers": [{"name": "c", "image": "nginx:1.27", "ports": [{"containerPort": 80}]}]},
        }
    )
    attacked.cluster.clock.run_until(lambda: attacked.cluster.get("pod", "victim")["status"]["phase"] == "Running")
    attacked.digest = attacked.cluster.do(attacked.cluster.cluster.digest)


@pytest.mark.parametrize(
    "protocol", ["v5.channel.k8s.io", "v4.base64.channel.k8s.io", ""], ids=["v5", "base64", "none"]
)
@pytest.mark.parametrize("data", MESSAGES.values(), ids=MESSAGES.keys())
def test_websocket_exec(target: Target, data: bytes, protocol: str):
    headers = SOCKET + (f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else "")
    upgraded(target, EXEC, headers, data)


@pytest.mark.parametrize("protocol", ["SPDY/3.1+portforward.k8s.io", "v4.channel.k8s.io"], ids=["tunnel", "plain"])
@pytest.mark.parametrize("data", MESSAGES.values(), ids=MESSAGES.keys())
def test_websocket_forwards(target: Target, data: bytes, protocol: str):
    upgraded(target, f"{FORWARD}?ports=80", f"{SOCKET}Sec-WebSocket-Protocol: {protocol}\r\n", data)


@pytest.mark.parametrize("ports", ["", "0", "-1", "99999", "80,x", "²", "9" * 5_000, ",".join(["80"] * 500)], ids=str)
def test_ports(target: Target, ports: str):
    request = (
        f"GET {FORWARD}?ports={ports} HTTP/1.1\r\nHost: x\r\n{SOCKET}Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n"
    )
    assert target.raw(request.encode()).code == 400


def control(kind: int, content: bytes, version: int = spdy.CONTROL, size: int | None = None) -> bytes:
    return struct.pack("!HHI", version, kind, len(content) if size is None else size) + content


def syn(stream: int, block: bytes) -> bytes:
    return control(spdy.SYN_STREAM, struct.pack("!IIBB", stream, 0, 0, 0) + block)


def packed(data: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, 15, 9, 0, spdy.DICTIONARY)
    return deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)


def stream(number: int, headers: dict[str, str]) -> bytes:
    return spdy.Codec().open(number, headers)


FRAMES = {
    "version": control(spdy.SYN_STREAM, b"", version=0x8002),
    "length": control(spdy.SYN_STREAM, b"", size=0xFFFFFF),
    "short": control(spdy.SYN_STREAM, b"ab"),
    "unknown": control(99, b"abcd") * 1_000,
    "not-packed": syn(1, b"nonsense"),
    "bomb": syn(1, packed(struct.pack("!II", 1, 4) + b"name" + struct.pack("!I", 200_000_000) + bytes(200_000_000))),
    "count": syn(1, packed(struct.pack("!I", 0xFFFFFFFF))),
    "text-length": syn(1, packed(struct.pack("!II", 1, 0xFFFFFFFF))),
    "no-headers": syn(1, packed(struct.pack("!I", 0))),
    "port": stream(1, {"streamtype": "data", "port": "²", "requestid": "0"}),
    "port-digits": stream(1, {"streamtype": "data", "port": "9" * 5_000, "requestid": "0"}),
    "port-far": stream(1, {"streamtype": "data", "port": "70000", "requestid": "0"}),
    "data-to-nobody": spdy.data(77, b"x" * 1000) * 100,
    "reset-nobody": spdy.reset(77) * 100,
    "pings": spdy.ping(1) * 5_000,
    "goaway": control(spdy.GOAWAY, b""),
    "noise": random.Random(4).randbytes(5_000),
    "high-bit": b"\xff" * 5_000,
}


@pytest.mark.parametrize("data", FRAMES.values(), ids=FRAMES.keys())
@pytest.mark.parametrize("path", [EXEC, FORWARD], ids=["exec", "forward"])
def test_spdy(target: Target, path: str, data: bytes):
    protocol = "v4.channel.k8s.io" if path == EXEC else "portforward.k8s.io"
    upgraded(target, path, f"{SPDY}{protocol}\r\n", data)


UPGRADES = [
    SOCKET.replace("13", "99"),
    SOCKET.replace("dGhlIHNhbXBsZSBub25jZQ==", "short"),
    SOCKET.replace("Upgrade: websocket", "Upgrade: h2c"),
    SOCKET + "Sec-WebSocket-Protocol: evil\r\n",
    SPDY + "evil\r\n",
    "Upgrade: SPDY/3.1\r\n",
    "",
]


@pytest.mark.parametrize("headers", UPGRADES, ids=range(len(UPGRADES)))
@pytest.mark.parametrize("path", [EXEC, FORWARD], ids=["exec", "forward"])
def test_upgrades_that_are_refused(target: Target, path: str, headers: str):
    reply = target.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
    assert 400 <= reply.code < 500, reply.data[:400]
