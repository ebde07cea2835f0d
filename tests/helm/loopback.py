"""A chart repository and an OCI registry on the loopback interface, for clients to talk to."""

import asyncio
import base64
import hashlib
import ipaddress
import json
import ssl
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from aiohttp import web

USER, PASSWORD = "ann", "s3cret"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class Loopback:
    """What the server holds and what it was asked.

    ``access`` is what the server demands: "" (nothing), "basic", or "token" (registries only).
    """

    def __init__(self, folder: Path, access: str = "") -> None:
        self.folder = folder
        self.access = access
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[tuple[str, str], bytes] = {}
        self.uploads: dict[str, str] = {}
        self.seen: list[tuple[str, str, str]] = []
        self.port = 0
        self.scheme = "http"
        self.redirects: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        return [f"{method} {path}" for method, path, _ in self.seen]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.method, request.path, request.headers.get("Authorization", "")))
        if request.path in self.redirects:
            return web.Response(status=302, headers={"Location": self.redirects[request.path]})
        if request.path == "/token":
            return self.token(request)
        if request.path.startswith("/v2/"):
            return await self.registry(request)
        return await self.repository(request)

    async def repository(self, request: web.Request) -> web.StreamResponse:
        if self.access == "basic" and request.headers.get("Authorization") != BASIC:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="charts"'})
        if request.path == "/huge/index.yaml":
            return await self.flood(request)
        if request.path == "/slow/index.yaml":
            await asyncio.sleep(5)
        file = self.folder / request.path.lstrip("/")
        if not file.is_file():
            return web.Response(status=404)
        return web.Response(body=file.read_bytes(), content_type="application/octet-stream")

    async def flood(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(200):
            await response.write(b"#" * (1 << 20))
        return response

    def token(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != BASIC:
            return web.json_response({"errors": [{"code": "UNAUTHORIZED", "message": "who are you"}]}, status=401)
        return web.json_response({"token": "T-" + ",".join(request.query.getall("scope", []))})

    def challenge(self, request: web.Request) -> web.Response | None:
        given = request.headers.get("Authorization", "")
        body = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required", "detail": None}]}
        if self.access == "basic" and given != BASIC:
            return web.json_response(body, status=401, headers={"WWW-Authenticate": 'Basic realm="registry"'})
        if self.access == "token" and not given.startswith("Bearer T-"):
            name = "/".join(request.path.split("/")[2:-2])
            access = "pull" if request.method in {"GET", "HEAD"} else "pull,push"
            scope = f',scope="repository:{name}:{access}"' if name else ""
            realm = f'Bearer realm="{self.url}/token",service="loopback"{scope}'
            return web.json_response(body, status=401, headers={"WWW-Authenticate": realm})
        return None

    async def registry(self, request: web.Request) -> web.Response:
        refused = self.challenge(request)
        if refused is not None:
            return refused
        parts = request.path.removeprefix("/v2/").split("/")
        if parts == [""]:
            return web.json_response({})
        if parts[-2:] == ["tags", "list"]:
            return self.tags("/".join(parts[:-2]))
        name, kind, last = "/".join(parts[:-2]), parts[-2], parts[-1]
        if kind == "uploads" or parts[-3:-1] == ["blobs", "uploads"]:
            return await self.upload(request, name.removesuffix("/blobs"), last)
        if kind == "manifests":
            return await self.manifest(request, name, last)
        data = self.blobs.get(last)
        if data is None:
            return self.error(404, "BLOB_UNKNOWN", "blob unknown to registry")
        return web.Response(body=data, headers={"Docker-Content-Digest": last})

    def tags(self, name: str) -> web.Response:
        tags = sorted(tag for one, tag in self.manifests if one == name and not tag.startswith("sha256:"))
        if not tags:
            return self.error(404, "NAME_UNKNOWN", "repository name not known to registry")
        return web.json_response({"name": name, "tags": tags})

    async def upload(self, request: web.Request, name: str, last: str) -> web.Response:
        if request.method == "POST":
            place = f"/v2/{name}/blobs/uploads/u{len(self.uploads)}"
            self.uploads[place] = name
            return web.Response(status=202, headers={"Location": place + "?state=1"})
        data = await request.read()
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        if request.query.get("digest") != digest:
            return self.error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        self.blobs[digest] = data
        return web.Response(
            status=201, headers={"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest}
        )

    async def manifest(self, request: web.Request, name: str, tag: str) -> web.Response:
        if request.method == "PUT":
            data = await request.read()
            digest = "sha256:" + hashlib.sha256(data).hexdigest()
            self.manifests[name, tag] = self.manifests[name, digest] = data
            return web.Response(status=201, headers={"Docker-Content-Digest": digest})
        data = self.manifests.get((name, tag), b"")
        if not data:
            return self.error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        kind = json.loads(data).get("mediaType", "application/vnd.oci.image.manifest.v1+json")
        return web.Response(body=data, headers={"Docker-Content-Digest": digest, "Content-Type": kind})

    def error(self, status: int, code: str, message: str) -> web.Response:
        return web.json_response({"errors": [{"code": code, "message": message}]}, status=status)


@contextmanager
def serving(loopback: Loopback, context: ssl.SSLContext | None = None):
    """The server runs in a thread of its own while the block does."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    runner: list[web.AppRunner] = []

    async def start() -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", loopback.handle)
        runner.append(web.AppRunner(app, shutdown_timeout=0.1))
        await runner[0].setup()
        site = web.TCPSite(runner[0], "127.0.0.1", 0, ssl_context=context)
        await site.start()
        loopback.port = runner[0].addresses[0][1]
        loopback.scheme = "https" if context else "http"
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner[0].cleanup())
        rest = asyncio.all_tasks(loop)
        for task in rest:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield loopback
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    start = datetime(2020, 1, 1)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file
