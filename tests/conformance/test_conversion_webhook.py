"""Conversion by a webhook: real HTTPS on loopback, asked while the request waits."""

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from conformance.ways import Remote
from kubesim.cluster import Cluster, Settings

GROUP = "hooked.example.com"
PATH = f"/apis/{GROUP}"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def certificate(folder: Path) -> tuple[Path, bytes]:
    """A file with a key and a certificate for 127.0.0.1, and the certificate alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "webhook")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("hook.default.svc")])
    made = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "webhook.pem"
    file.write_bytes(private + pem)
    return file, pem


class Hook(BaseHTTPRequestHandler):
    """v1 has ``hostPort``, v2 has ``host`` and ``port``."""

    reviews: ClassVar[list[Any]] = []
    refuse = ""

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Hook.reviews.append(review)
        asked = review["request"]
        objects = [self.converted(tree, asked["desiredAPIVersion"]) for tree in asked["objects"]]
        result = {"status": "Failed", "message": Hook.refuse} if Hook.refuse else {"status": "Success"}
        answer = {"uid": asked["uid"], "convertedObjects": objects, "result": result}
        body = json.dumps({**review, "request": None, "response": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def converted(self, tree: dict[str, Any], wanted: str) -> dict[str, Any]:
        new = {**tree, "apiVersion": wanted}
        if wanted.endswith("/v2") and "hostPort" in new:
            host, _, port = new.pop("hostPort").partition(":")
            new.update(host=host, port=port)
        elif wanted.endswith("/v1") and "host" in new:
            new["hostPort"] = f"{new.pop('host')}:{new.pop('port')}"
        return new

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


@pytest.fixture
def hook(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The clientConfig of a running webhook."""
    file, pem = certificate(tmp_path)
    server = HTTPServer(("127.0.0.1", 0), Hook)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Hook.reviews.clear()
    Hook.refuse = ""
    yield {
        "url": f"https://127.0.0.1:{server.server_address[1]}/convert",
        "caBundle": base64.b64encode(pem).decode(),
    }
    server.shutdown()
    server.server_close()


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Remote]:
    found = Remote(Cluster(Settings(name="hooks")), tmp_path / "server")
    yield found
    found.served.stop()


def send(remote: Remote, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
    reply = remote.served.send(method, path, body, headers)
    assert reply.status == status, reply.data
    return reply.json


def define(remote: Remote, client: dict[str, Any]) -> None:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    webhook = {"clientConfig": client, "conversionReviewVersions": ["v1"]}
    versions = [
        {"name": "v1", "served": True, "storage": True, "schema": schema},
        {"name": "v2", "served": True, "storage": False, "schema": schema},
    ]
    spec = {
        "group": GROUP, "scope": "Cluster", "names": {"plural": "ports", "kind": "Port"}, "versions": versions,
        "conversion": {"strategy": "Webhook", "webhook": webhook},
    }  # fmt: skip
    send(remote, "POST", DEFINITIONS, {"metadata": {"name": f"ports.{GROUP}"}, "spec": spec}, 201)
    for _ in range(100):
        if remote.served.send("GET", f"{PATH}/v1/ports").status == 200:
            return
        remote.wait(1)
    pytest.fail("never served")


def port(version: str, name: str, **fields: str) -> dict[str, Any]:
    return {"apiVersion": f"{GROUP}/{version}", "kind": "Port", "metadata": {"name": name}, **fields}


def test_objects_are_converted_both_ways(remote: Remote, hook: dict[str, Any]):
    define(remote, hook)
    send(remote, "POST", f"{PATH}/v1/ports", port("v1", "a", hostPort="h:1"), 201)
    assert Hook.reviews == []
    found = send(remote, "GET", f"{PATH}/v2/ports/a")
    assert (found["apiVersion"], found["host"], found["port"]) == (f"{GROUP}/v2", "h", "1")
    made = send(remote, "POST", f"{PATH}/v2/ports", port("v2", "b", host="i", port="2"), 201)
    assert (made["host"], made["port"]) == ("i", "2")
    assert send(remote, "GET", f"{PATH}/v1/ports/b")["hostPort"] == "i:2"
    Hook.reviews.clear()
    items = send(remote, "GET", f"{PATH}/v2/ports")["items"]
    assert [(item["host"], item["port"]) for item in items] == [("h", "1"), ("i", "2")]
    assert len(Hook.reviews) <= 1, "a list is converted at once"
    patched = send(
        remote, "PATCH", f"{PATH}/v2/ports/a", {"port": "9"}, **{"Content-Type": "application/merge-patch+json"}
    )
    assert patched["port"] == "9"
    assert send(remote, "GET", f"{PATH}/v1/ports/a")["hostPort"] == "h:9"


def test_watches_are_converted(remote: Remote, hook: dict[str, Any]):
    define(remote, hook)
    start = send(remote, "GET", f"{PATH}/v1/ports")["metadata"]["resourceVersion"]
    for number in range(3):
        send(remote, "POST", f"{PATH}/v1/ports", port("v1", f"w{number}", hostPort=f"h:{number}"), 201)
    reply = remote.served.watch(f"{PATH}/v2/ports?watch=true&resourceVersion={start}", quiet=1.0)
    events = [json.loads(line) for line in reply.data.splitlines()]
    assert [(event["type"], event["object"]["port"]) for event in events] == [
        ("ADDED", "0"), ("ADDED", "1"), ("ADDED", "2"),
    ]  # fmt: skip


def test_a_webhook_that_refuses_or_is_away(remote: Remote, hook: dict[str, Any]):
    define(remote, hook)
    send(remote, "POST", f"{PATH}/v1/ports", port("v1", "a", hostPort="h:1"), 201)
    Hook.refuse = "not today"
    failed = send(remote, "GET", f"{PATH}/v2/ports/a", status=500)
    assert failed["message"].endswith("failed: not today")
    away = {"spec": {"conversion": {"webhook": {"clientConfig": {**hook, "url": "https://127.0.0.1:1/convert"}}}}}
    patch = {"Content-Type": "application/merge-patch+json"}
    send(remote, "PATCH", f"{DEFINITIONS}/ports.{GROUP}", away, **patch)
    failed = send(remote, "GET", f"{PATH}/v2/ports/a", status=500)
    assert (
        'Post "https://127.0.0.1:1/convert?timeout=30s": dial tcp 127.0.0.1:1: connect: connection refused'
        in (failed["message"])
    )
    outside = {"spec": {"conversion": {"webhook": {"clientConfig": {**hook, "url": "https://example.com/convert"}}}}}
    send(remote, "PATCH", f"{DEFINITIONS}/ports.{GROUP}", outside, **patch)
    assert "only called on loopback" in send(remote, "GET", f"{PATH}/v2/ports/a", status=500)["message"]


def test_the_webhook_of_a_service(remote: Remote, hook: dict[str, Any]):
    address = hook["url"].removeprefix("https://").removesuffix("/convert")
    service = {"metadata": {"name": "hook", "annotations": {"kubetui.dev/webhook-address": address}},
               "spec": {"ports": [{"port": 443}]}}  # fmt: skip
    send(remote, "POST", "/api/v1/namespaces/default/services", service, 201)
    told = {"caBundle": hook["caBundle"], "service": {"namespace": "default", "name": "hook", "path": "/convert"}}
    define(remote, told)
    send(remote, "POST", f"{PATH}/v1/ports", port("v1", "a", hostPort="h:1"), 201)
    assert send(remote, "GET", f"{PATH}/v2/ports/a")["host"] == "h"
