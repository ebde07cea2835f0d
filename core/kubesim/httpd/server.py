"""The server: a loopback socket with TLS, and the way of each HTTP request to whoever answers it."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

from kubesim.api.schema import Schema
from kubesim.api.webhooks import Answer as HookAnswer
from kubesim.api.webhooks import OutsideCall
from kubesim.httpd.accounts import ServiceAccounts
from kubesim.httpd.auditing import AuditLog, Record
from kubesim.httpd.credentials import Credentials, state_folder, write_kubeconfig
from kubesim.httpd.documents import Documents
from kubesim.httpd.door import Door
from kubesim.httpd.encoding import Encoder
from kubesim.httpd.exchange import Exchange
from kubesim.httpd.gate import READS, WRITES, ClusterAccess, Gate, Limits
from kubesim.httpd.identities import Access, Authenticator
from kubesim.httpd.metrics import ENTRIES, Metrics
from kubesim.httpd.pulse import Pulse
from kubesim.httpd.reviews import Reviews
from kubesim.httpd.scraping.scrapes import Scrapes
from kubesim.httpd.signing import ServedAuthority
from kubesim.httpd.streams.fan import Fan
from kubesim.httpd.tokens import Keyring
from kubesim.httpd.turns import Turns
from kubesim.httpd.webhooks import Webhooks
from kubesim.objects.wire import EMPTY, FAULTS, SERVICES, Identity, Tree

HOST = "127.0.0.1"
PROTOCOL_LOG = logging.getLogger("kubesim.httpd.protocol")
"""Where noise on the socket is noted. It has no place on a screen, so by default it goes nowhere."""
PROTOCOL_LOG.propagate = False
PROTOCOL_LOG.addHandler(logging.NullHandler())
LINE_LIMIT = 1024 * 1024
"""The longest request line and header: commands travel in URLs."""
LINGERING_SECONDS = 1.0
"""How long what is left of a refused body is read, so that its sender gets to see the answer."""
TOKEN_USER = Identity("admin", ("system:masters", "system:authenticated"), uid="admin")


class Options(NamedTuple):
    """How to serve. Port 0 picks a free one."""

    port: int = 0
    tokens: Mapping[str, Identity] = EMPTY
    folder: Path | None = None
    """Where certificates are kept; None for the place of the user's state."""
    kubeconfig: Path | None = None
    """Where the kubeconfig is written; None for a file in the folder that is there while the server runs."""
    metrics: bool = True
    anonymous: bool = False
    """Whether callers without credentials are system:anonymous; otherwise they are told 401."""
    audit: AuditLog | None = None
    limits: tuple[int, int] = (READS, WRITES)
    """How many reading and writing requests may be under way."""
    idle_seconds: float = 90.0
    """How long a connection may be without a request, or the head of one may take. # k8s: RunServer"""
    body_seconds: float = 60.0
    """How long a body may take. # k8s: --request-timeout"""


def _nothing() -> None:
    """The calls to a clock that nobody listens to."""


class Server:
    """Serves one cluster in the asyncio loop that is running.

    ``catch_up`` is called before something is asked of the cluster, ``poke`` after it. Whoever drives the cluster
    calls ``changed`` when it has moved on, so that watches send what is new. ``held`` says for how many seconds
    requests should leave the loop to others.
    """

    def __init__(
        self,
        cluster: Any,
        options: Options | None = None,
        *,
        catch_up: Callable[[], None] = _nothing,
        poke: Callable[[], None] = _nothing,
        access: Access | None = None,
        held: Callable[[], float] | None = None,
    ) -> None:
        self.options = options = options or Options()
        self.pulse = Pulse()
        self.turns = Turns(held) if held else Turns()
        self.schema = schema = Schema.load()
        self.encoder = Encoder(
            versions=frozenset(f"{group}/{name}" if group else name for group, name, _ in schema.kinds())
        )
        self.fan = Fan(self.encoder)
        self.gate = Gate(self, access or ClusterAccess(self), Limits(*options.limits))
        self.port = options.port
        self.kubeconfig: Path | None = None
        """Where the kubeconfig is, once the server has started."""
        self._catch_up = catch_up
        self._poke = poke
        self._cluster = cluster
        self._runner: web.ServerRunner | None = None
        self._door: Door | None = None
        self.making = asyncio.Lock()
        """Held while a document is made in a thread: one at a time."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self.webhooks = Webhooks(self._service, self._simulated)
        self.metrics = Metrics(cluster)
        self.scrapes = Scrapes(self.gate.access, self._knows)
        self._folder = options.folder or state_folder()
        self._credentials: Credentials | None = None
        self._trust(Keyring.passing())
        self.documents = self._documents()

    def _trust(self, keyring: Keyring) -> None:
        """Accept the tokens of this key, and those that were given."""
        self.keyring = keyring
        self.accounts = ServiceAccounts(keyring, self._served)
        anonymous = self.options.anonymous
        self.authenticator = Authenticator(self.options.tokens, self.accounts.identify, anonymous=anonymous)
        self.reviews = Reviews(self.schema, self.gate.access, self.authenticator)

    def _served(self) -> Any:
        return self._cluster

    def _knows(self) -> Authenticator:
        return self.authenticator

    def _service(self, namespace: str, name: str) -> Tree | None:
        found: Tree | None = self._cluster.store.get(SERVICES, namespace, name)
        return found

    def _simulated(self, call: OutsideCall) -> HookAnswer | None:
        found: HookAnswer | None = self._cluster.api.hooks.simulated(call)
        return found

    def _install(self) -> None:
        """Sign for the cluster from now on."""
        if self._credentials is not None:
            self._cluster.seal.install(ServedAuthority(self._credentials.authority, self.keyring))

    # ------------------------------------------------------------------ the cluster
    @property
    def cluster(self) -> Any:
        """The cluster that is served."""
        return self._cluster

    def switch(self, cluster: Any) -> None:
        """Serve another cluster, or another time of the same one: all streams end, so that clients begin anew."""
        self._cluster = cluster
        self._install()
        self.metrics = Metrics(cluster)
        self.documents = self._documents()
        self.encoder.clear()
        self.fan.clear()
        for task in list(self._tasks):
            task.cancel()

    def _documents(self) -> Documents:
        others = ENTRIES if self.options.metrics else ()
        return Documents(self.schema, self._cluster.api.resources, others, f"{HOST}:{self.port}")

    def catch_up(self) -> None:
        """See Host."""
        self._catch_up()

    def poke(self) -> None:
        """See Host."""
        self._poke()
        self.changed()

    def changed(self) -> None:
        """The cluster may have changed: watches look for news at the next tick."""
        self.pulse.changed()
        self.webhooks.fetch(self._cluster.api.hooks, self._poke)

    # ------------------------------------------------------------------ life
    @property
    def url(self) -> str:
        """Where the API is."""
        return f"https://{HOST}:{self.port}"

    async def start(self) -> None:
        """Listen, and write the kubeconfig. Raises OSError when the port is taken."""
        folder = self._folder
        self._credentials = credentials = Credentials(folder)
        self._trust(Keyring.kept(folder))
        server = web.Server(
            self._handle,
            handler_cancellation=True,
            access_log=None,
            logger=PROTOCOL_LOG,
            max_line_size=LINE_LIMIT,
            max_field_size=LINE_LIMIT,
            # k8s: bodies are read as they come, whatever Content-Encoding says.
            auto_decompress=False,
            keepalive_timeout=self.options.idle_seconds,
            lingering_time=LINGERING_SECONDS,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=0.5)
        await self._runner.setup()
        listening = _listen(self.options.port)
        self.port = listening.getsockname()[1]
        self.scrapes.context = context = _tls(credentials)
        self._door = Door(listening, server, context, self.turns)
        self._door.open()
        self.documents = self._documents()
        self._install()
        self.poke()
        name = str(self._cluster.settings.name)
        self.kubeconfig = self.options.kubeconfig or folder / f"{name}-{self.port}.kubeconfig"
        write_kubeconfig(self.kubeconfig, credentials.kubeconfig(self.url, name))

    async def stop(self) -> None:
        """End all streams and stop listening."""
        for task in list(self._tasks):
            task.cancel()
        await self.webhooks.close()
        if self._runner is not None and self._door is not None:
            self._door.close()
            await self._runner.cleanup()
            self._runner = None
            # TLS would wait for clients to say farewell.
            self._door.hang_up()
            await asyncio.sleep(0)
        if self.kubeconfig is not None and self.options.kubeconfig is None:
            self.kubeconfig.unlink(missing_ok=True)

    # ------------------------------------------------------------------ requests
    def record(self, http: web.BaseRequest) -> Record:
        """What the audit log is going to say about a request."""
        return Record(self.options.audit, self._cluster.loop.now, http.raw_path, http.headers, http.remote or HOST)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        door, protocol = self._door, request.protocol
        if door is not None:
            door.begins(protocol)
        try:
            if self._is_out(request):
                return web.Response(status=503)
            return await Exchange(self, request).run()
        finally:
            if task is not None:
                self._tasks.discard(task)
            if door is not None:
                door.ends(protocol)

    def _is_out(self, request: web.BaseRequest) -> bool:
        """Hang up when every simulated kube-apiserver is down; Faults are still heard of, so that they can be mended.

        # differs: the port goes on to listen, so clients are told of an EOF and not of a refused connection
        """
        if self._cluster.switches.serves or request.path.startswith(f"/apis/{FAULTS.group}/"):
            return False
        if request.transport is not None:
            request.transport.abort()
        return True


def _tls(credentials: Credentials) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(credentials.chain_file)
    context.load_verify_locations(credentials.authority_file)
    # differs: a client certificate of another authority ends the connection, where kube-apiserver answers 401.
    context.verify_mode = ssl.CERT_OPTIONAL
    # Only HTTP/1.1: WebSockets and SPDY need it.
    context.set_alpn_protocols(["http/1.1"])
    return context


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError:
        listening.close()
        raise
    listening.setblocking(False)
    return listening
