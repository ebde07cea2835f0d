"""A cluster behind its HTTP API, in a thread of its own with the clock that the command line uses."""

import asyncio
import http.client
import json
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from kubesim.httpd import Options, Server
from kubesim.httpd.server import TOKEN_USER
from kubetui.client.local import LocalClient

TOKEN = "tok"


class Reply(NamedTuple):
    """One answer."""

    status: int
    headers: dict[str, list[str]]
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def warnings(self) -> list[str]:
        texts = self.headers.get("warning", [])
        return [
            text.removeprefix('299 - "').removesuffix('"').replace('\\"', '"').replace("\\\\", "\\") for text in texts
        ]


class Served:
    """Serves until ``stop``; ``cluster`` may be read while the caller is sure that nothing runs."""

    def __init__(self, cluster: Any, folder: Path, speed: float = 1.0, *, anonymous: bool = True, **more: Any) -> None:
        self.cluster = cluster
        self.folder = folder
        self.kubeconfig = folder / "kubeconfig"
        self.error: BaseException | None = None
        self._speed = speed
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, args=({"anonymous": anonymous, **more},), daemon=True)
        self._thread.start()
        assert self._ready.wait(20)
        if self.error is not None:
            raise self.error
        self._connection: http.client.HTTPSConnection | None = None

    def _run(self, more: dict[str, Any]) -> None:
        try:
            asyncio.run(self._serve(more))
        except BaseException as error:
            self.error = error
            self._ready.set()

    async def _serve(self, more: dict[str, Any]) -> None:
        client = LocalClient(self.cluster)
        options = Options(tokens={TOKEN: TOKEN_USER}, folder=self.folder, kubeconfig=self.kubeconfig, **more)
        self.server = Server(self.cluster, options, catch_up=client.pump.catch_up, poke=client.poke)
        await self.server.start()
        client.on_change(self.server.changed)
        client.pump.set_speed(self._speed)
        client.pump.resume()
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._over.wait()
        await self.server.stop()
        await client.close()

    def stop(self) -> None:
        assert self._loop is not None
        assert self._over is not None
        if self._connection is not None:
            self._connection.close()
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def call(self, function: Callable[[], Any]) -> Any:
        """Run something in the loop of the server, between two slices."""
        assert self._loop is not None

        async def run() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    # ------------------------------------------------------------------ requests
    def connect(self, certificate: Path | None = None) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        if certificate is not None:
            context.load_cert_chain(certificate)
        address = urlsplit(self.server.url)
        return http.client.HTTPSConnection(address.hostname or "", address.port, timeout=30, context=context)

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, token: str = TOKEN
    ) -> Reply:
        """One request over the connection that is kept."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Accept": "application/json", "User-Agent": "oracle", **(headers or {})}
        if data is not None:
            given.setdefault("Content-Type", "application/json")
        if token:
            given["Authorization"] = f"Bearer {token}"
        if self._connection is None:
            self._connection = self.connect()
        try:
            return self._exchanged(method, path, data, given)
        except (http.client.HTTPException, OSError):
            self._connection.close()
            self._connection = self.connect()
            return self._exchanged(method, path, data, given)

    def watch(self, path: str, headers: dict[str, str] | None = None, quiet: float = 0.1) -> Reply:
        """What a watch sends until it has been silent for a while."""
        connection = self.connect()
        given = {"Accept": "application/json", "Authorization": f"Bearer {TOKEN}", **(headers or {})}
        connection.request("GET", path, headers=given)
        response = connection.getresponse()
        assert connection.sock is not None or response.isclosed()
        parts: list[bytes] = []
        if connection.sock is not None:
            connection.sock.settimeout(quiet)
        try:
            while part := response.read1(65536):
                parts.append(part)
        except TimeoutError:
            pass
        finally:
            response.close()
            connection.close()
        return Reply(response.status, {}, b"".join(parts))

    def _exchanged(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Reply:
        assert self._connection is not None
        self._connection.request(method, path, body=data, headers=headers)
        response = self._connection.getresponse()
        found: dict[str, list[str]] = {}
        for name, value in response.getheaders():
            found.setdefault(name.lower(), []).append(value)
        return Reply(response.status, found, response.read())
