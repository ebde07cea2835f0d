"""One cluster over HTTP for an asyncio program: requests, streams of lines and WebSockets, by a kubeconfig."""

import asyncio
import json
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import aiohttp

from kubesim.objects.wire import JSON, Request, Response
from kubetui.client.remote import Access
from kubetui.client.remote.transport import METHODS, context_of, path_of

TIMEOUT: Final = aiohttp.ClientTimeout(total=32, connect=10)
ENDLESS: Final = aiohttp.ClientTimeout(total=None, connect=10, sock_read=None)
LARGEST: Final = 64 * 1024 * 1024


class StreamError(Exception):
    """A stream that was refused or has broken off; ``code`` is HTTP's, 0 when nobody answered."""

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


class _Connector(aiohttp.TCPConnector):
    """Hangs up at once on streams that are left: TLS would say farewell in the background, after the loop is over."""

    def _release(self, key: Any, protocol: Any, *, should_close: bool = False) -> None:
        transport = protocol.transport
        super()._release(key, protocol, should_close=should_close)
        if transport is not None and transport.is_closing():
            transport.abort()


class Session:
    """Opens its connections when the first is needed. Needs a running asyncio loop."""

    def __init__(self, access: Access, agent: str = "kubetui") -> None:
        self.access = access
        self._agent = agent
        self._http: aiohttp.ClientSession | None = None
        self._tls: ssl.SSLContext | bool = True

    def _opened(self) -> aiohttp.ClientSession:
        if self._http is None:
            if self.access.server.startswith("https:"):
                self._tls = context_of(self.access)
            connector = _Connector(ssl=self._tls, limit=0)
            self._http = aiohttp.ClientSession(
                connector=connector, headers=self._headers(), read_bufsize=1 << 20, trust_env=False
            )
        return self._http

    def _headers(self) -> dict[str, str]:
        access = self.access
        found = {"User-Agent": self._agent}
        if access.token:
            found["Authorization"] = f"Bearer {access.token}"
        elif access.username:
            found["Authorization"] = f"Basic {b64encode(f'{access.username}:{access.password}'.encode()).decode()}"
        if access.user:
            found["Impersonate-User"] = access.user
        return found

    def _url(self, path: str) -> str:
        return self.access.server.rstrip("/") + path

    def _more(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.access.server_name:
            found["server_hostname"] = self.access.server_name
        if self.access.proxy:
            found["proxy"] = self.access.proxy
        return found

    # ------------------------------------------------------------------ requests
    async def send(self, request: Request) -> Response:
        """Carry out one request; a server that cannot be reached is a response with the code 503."""
        body = None if request.body is None else json.dumps(request.body).encode("utf-8", "surrogateescape")
        headers = {"Accept": request.accept}
        if body is not None:
            headers["Content-Type"] = request.content_type
        try:
            async with self._opened().request(
                METHODS[request.verb],
                self._url(path_of(request)),
                data=body,
                headers=headers,
                timeout=TIMEOUT,
                **self._more(),
            ) as answer:
                data = await answer.read()
                warnings = tuple(answer.headers.getall("Warning", ()))
                return Response(answer.status, _decoded(answer, data), warnings)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return unreachable(self.access.server, error)

    async def fetch(self, path: str, accept: str = JSON) -> Response:
        """GET a path."""
        try:
            async with self._opened().get(
                self._url(path), headers={"Accept": accept}, timeout=TIMEOUT, **self._more()
            ) as answer:
                return Response(answer.status, _decoded(answer, await answer.read()), ())
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return unreachable(self.access.server, error)

    # ------------------------------------------------------------------ streams
    async def lines(self, path: str, accept: str = JSON) -> AsyncIterator[bytes]:
        """The lines of an answer that does not end. Raises StreamError."""
        try:
            async with self._opened().get(
                self._url(path), headers={"Accept": accept}, timeout=ENDLESS, **self._more()
            ) as answer:
                if answer.status >= 400:
                    body = _decoded(answer, await answer.read())
                    text = body.get("message") if isinstance(body, dict) else None
                    raise StreamError(str(text or f"the server answered {answer.status}"), answer.status)
                rest = b""
                async for chunk in answer.content.iter_any():
                    *whole, rest = (rest + chunk).split(b"\n")
                    for line in whole:
                        yield line
                if rest:
                    yield rest
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise StreamError(_reason(error)) from error

    async def socket(self, path: str, protocols: tuple[str, ...]) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket. Raises StreamError."""
        try:
            socket: aiohttp.ClientWebSocketResponse = await self._opened().ws_connect(
                self._url(path), protocols=protocols, max_msg_size=LARGEST, **self._more()
            )
            return socket
        except aiohttp.WSServerHandshakeError as error:
            raise StreamError(f"the server answered {error.status}", error.status) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise StreamError(_reason(error)) from error

    async def close(self) -> None:
        """Hang up."""
        if self._http is not None:
            await self._http.close()
            self._http = None
            # What was aborted is closed in the next turns of the loop: first TLS, then the socket.
            for _ in range(3):
                await asyncio.sleep(0)


def _decoded(answer: aiohttp.ClientResponse, data: bytes) -> Any:
    if answer.content_type != "application/json":
        text = data.decode("utf-8", "replace")
        return text if answer.status < 400 else {"message": text.strip()}
    try:
        return json.loads(data)
    except ValueError:
        return {"message": data.decode("utf-8", "replace")}


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    return str(error) or type(error).__name__


def unreachable(server: str, error: BaseException) -> Response:
    """What stands for an answer of a server that does not answer."""
    status: Mapping[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f"Unable to connect to the server: {server}: {_reason(error)}",
        "reason": "ServiceUnavailable",
        "code": 503,
    }
    return Response(503, status)
