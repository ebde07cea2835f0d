"""Calls from the cluster to webhooks: HTTPS on loopback, while the request that needs the answer waits.

``answered`` carries a request in, fetches what it asks for, and carries it in again with the answers, until it is
done. Nothing was written before, so that this is as if the cluster had waited; and the loop goes on meanwhile.
"""

import asyncio
import base64
import binascii
import ssl
import uuid
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import orjson

from kubesim.api.admission.hooks.answers import Mailbox
from kubesim.api.failures import internal
from kubesim.api.webhooks import OUTSIDE, UID, Answer, Awaited, OutsideCall
from kubesim.objects.wire import EMPTY, Tree

Result = TypeVar("Result")
ADDRESS = "kubetui.dev/webhook-address"
"""The annotation of a Service that says where on this machine it is served: ``127.0.0.1:9443``."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
MOST = 32
"""How many answers one request may wait for."""


class _Connector(aiohttp.TCPConnector):
    """Hangs up as soon as it has the answer.

    TLS would say farewell in the background for as long as the webhook takes to answer that, though the session and
    even the event loop may be over before.
    """

    def _release(self, key: Any, protocol: Any, *, should_close: bool = False) -> None:
        transport = protocol.transport
        super()._release(key, protocol, should_close=should_close)
        if transport is not None:
            transport.abort()


class Webhooks:
    """The way out. ``lookup`` finds the Service that a clientConfig names: (namespace, name) to the object or None."""

    def __init__(
        self,
        lookup: Callable[[str, str], Tree | None],
        simulated: Callable[[OutsideCall], Answer | None] | None = None,
    ) -> None:
        self._lookup = lookup
        self._tasks: set[asyncio.Future[None]] = set()
        self._closed = False
        self._simulated = simulated
        """Whoever answers for webhooks that run in pods of the cluster."""

    async def answered(self, work: Callable[[], Result], notes: dict[str, str] | None = None) -> Result:
        """The result of ``work``, which is called again after each answer it awaits. Raises ApiError.

        ``notes`` is filled with what admission plugins tell the audit log.
        """
        answers: dict[str, Answer] = {}
        first: dict[str, Any] = {}
        for _ in range(MOST):
            try:
                with OUTSIDE.answering(answers, first, notes):
                    return work()
            except Awaited as awaited:
                calls = awaited.calls
            found = await asyncio.gather(*(self.send(call) for call in calls))
            answers.update({call.key: answer for call, answer in zip(calls, found, strict=True)})
        raise internal(f"one request asked webhooks more than {MOST} times")

    def fetch(self, mailbox: Mailbox, poke: Callable[[], None]) -> None:
        """Begin to fetch what components wait for; ``poke`` is called when an answer has come."""
        mailbox.carried = not self._closed
        if self._closed or not mailbox.wanted:
            return
        for call in mailbox.take():
            task = asyncio.ensure_future(self._fetched(mailbox, call, poke))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is being fetched."""
        self._closed = True
        tasks = list(self._tasks)
        if tasks:
            # A connection that is cancelled while it is made is not closed by asyncio.
            await asyncio.wait(tasks, timeout=1.0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetched(self, mailbox: Mailbox, call: OutsideCall, poke: Callable[[], None]) -> None:
        mailbox.put(call, await self.send(call))
        poke()

    async def send(self, call: OutsideCall) -> Answer:
        """Fetch one answer."""
        config = call.config
        simulated = None if self._simulated is None else self._simulated(call)
        if simulated is not None:
            return simulated
        try:
            url, host = self._address(config)
        except ValueError as error:
            return Answer(error=str(error))
        uid = str(uuid.uuid4())
        body = orjson.dumps(call.body).replace(UID.encode(), uid.encode())
        timeout = aiohttp.ClientTimeout(total=call.timeout_seconds)
        try:
            context = _context(config.get("caBundle"))
            connector = _Connector(force_close=True)
            async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
                headers = {"Content-Type": "application/json", "Accept": "application/json"}
                asked = f"{url}?timeout={call.timeout_seconds}s"
                sent = session.post(asked, data=body, headers=headers, ssl=context, server_hostname=host)
                async with sent as response:
                    found = await _read(response, url, uid)
            # What was aborted is closed in the next turn of the loop.
            await asyncio.sleep(0)
            return found
        except TimeoutError:
            why = "context deadline exceeded"
            return Answer(error=f'Post "{url}?timeout={call.timeout_seconds}s": {why}')
        except (aiohttp.ClientError, OSError, ssl.SSLError, ValueError) as error:
            return Answer(error=f'Post "{url}?timeout={call.timeout_seconds}s": {_told(error)}')

    def _address(self, config: Tree) -> tuple[str, str | None]:
        """The URL to call, and the name that its certificate must have. Raises ValueError."""
        url = config.get("url")
        if url:
            host = urlsplit(url).hostname or ""
            if host not in LOOPBACK:
                raise ValueError(f'Post "{url}": dial tcp: lookup {host}: webhooks are only called on loopback')
            return url, None
        service = config.get("service") or EMPTY
        namespace, name = service.get("namespace") or "", service.get("name") or ""
        found = self._lookup(namespace, name)
        if found is None:
            raise ValueError(f'service "{name}" not found')
        host = f"{name}.{namespace}.svc"
        port = service.get("port") or 443
        target = _endpoint(found, port)
        if not target:
            raise ValueError(
                f'Post "https://{host}:{port}{service.get("path") or "/"}": no endpoints available for service "{name}"'
            )
        return f"https://{target}{service.get('path') or '/'}", host


def _endpoint(service: Tree, port: int) -> str:
    """Where on this machine a Service is served: by its externalName or an annotation; "" for nowhere."""
    spec = service.get("spec") or EMPTY
    if spec.get("type") == "ExternalName":
        name = str(spec.get("externalName") or "")
        return f"{name}:{port}" if name in LOOPBACK else ""
    # differs: simulated pods serve no webhooks; whoever runs one outside says where by this annotation.
    notes = service["metadata"].get("annotations") or EMPTY
    told = str(notes.get(ADDRESS) or "")
    return told if told.rpartition(":")[0] in LOOPBACK else ""


def _context(bundle: Any) -> ssl.SSLContext:
    """TLS that trusts the caBundle alone. Raises ValueError."""
    if not bundle:
        return ssl.create_default_context()
    try:
        text = base64.b64decode(bundle, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError("unable to load root certificates: unable to parse bytes as PEM block") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=text)
    return context


async def _read(response: aiohttp.ClientResponse, url: str, uid: str) -> Answer:
    content = await response.read()
    if response.status >= 400:
        return Answer(
            error=f"the server returned {response.status} for {url}: {content[:200].decode(errors='replace')}"
        )
    try:
        return Answer(orjson.loads(content.replace(uid.encode(), UID.encode())))
    except ValueError as error:
        return Answer(error=f"the webhook's answer is no JSON: {error}")


def _told(error: Exception) -> str:
    """An error as Go's HTTP client says it."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"dial tcp {error.host}:{error.port}: connect: connection refused"
    return str(error)
