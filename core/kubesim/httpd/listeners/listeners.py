"""Keeps the sockets in step with the cluster: opened when an Ingress or a port appears, closed when it goes."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from kubesim.httpd.listeners.ports import HealthListener, PortListener
from kubesim.httpd.listeners.sockets import HOST
from kubesim.httpd.listeners.web import WebListener
from kubesim.objects.refs import place as place_of
from kubesim.objects.wire import INGRESSES, SERVICES, Key, Tree

HTTP_PORT, HTTPS_PORT = 8880, 8843
"""Tried first, so that addresses stay the same from one run to the next."""
HEALTH = "health check"
MOST = 200
"""How many ports of Services are opened at most."""


class Ports(NamedTuple):
    """The ports for Ingresses; 0 takes the usual one, or any free one."""

    http: int = 0
    https: int = 0


class Wanted(NamedTuple):
    """One port of a Service that is to be open; ``number`` is the port it has in the cluster."""

    place: tuple[str, str]
    kind: str
    number: int
    port: int | str


def _nothing() -> None:
    """The calls to a clock that nobody listens to."""


class Listeners:
    """All sockets of one cluster, in the asyncio loop that is running. They read the cluster and never write to it.

    ``said`` is called with a line for each that is opened.
    """

    def __init__(
        self,
        cluster: Callable[[], Any],
        ports: Ports | None = None,
        *,
        catch_up: Callable[[], None] = _nothing,
        poke: Callable[[], None] = _nothing,
        said: Callable[[str], None] | None = None,
    ) -> None:
        self.addresses: dict[Key, str] = {}
        """Where Ingresses and Services are reached on this machine, for people."""
        self.on_change: Callable[[], None] | None = None
        self._cluster = cluster
        self._ports = ports or Ports()
        self._catch_up = catch_up
        self._poke = poke
        self._said = said
        self._web: WebListener | None = None
        self._open: dict[Wanted, PortListener] = {}
        self._failed: dict[Wanted, str] = {}
        self._seen: tuple[Any, int, int] = (None, -1, -1)
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    # ------------------------------------------------------------------ Front
    @property
    def cluster(self) -> Any:
        """The cluster."""
        return self._cluster()

    def catch_up(self) -> None:
        """See Front."""
        self._catch_up()

    def poke(self) -> None:
        """See Front."""
        self._poke()

    # ------------------------------------------------------------------ following
    def changed(self) -> None:
        """The cluster may have changed; costs three comparisons when nothing here has."""
        if self._closed or self._task is not None or self._version() == self._seen:
            return
        self._task = asyncio.get_running_loop().create_task(self._follow())

    def _version(self) -> tuple[Any, int, int]:
        # A cluster is equal to itself alone.
        cluster = self.cluster
        return cluster, cluster.ingresses.version, cluster.proxy.version

    async def _follow(self) -> None:
        try:
            while not self._closed and self._version() != self._seen:
                await self.sync()
        finally:
            self._task = None

    async def sync(self) -> None:
        """Open what is missing, close what is too much."""
        self._seen = self._version()
        await self._sync_web()
        wanted = list(self._wanted())[:MOST]
        for gone in [each for each in self._open if each not in wanted]:
            await self._open.pop(gone).stop()
        for gone in [each for each in self._failed if each not in wanted]:
            del self._failed[gone]
        for each in wanted:
            if each not in self._open and each not in self._failed:
                await self._start(each)
        self.addresses = self._addresses()
        if self.on_change is not None:
            self.on_change()

    async def _sync_web(self) -> None:
        served = self.cluster.ingresses.served
        if served and self._web is None:
            listener = WebListener(self)
            http, https = self._ports
            try:
                await listener.start((http,) if http else (HTTP_PORT, 0), (https,) if https else (HTTPS_PORT, 0))
            except OSError as error:
                self._tell(f"ingress: not served: {error.strerror or error}")
                await listener.stop()
                listener.port = -1
            self._web = listener
            if listener.port > 0:
                self._tell(f"ingress on http://{HOST}:{listener.port} and https://{HOST}:{listener.tls_port}")
        elif not served and self._web is not None:
            await self._web.stop()
            self._web = None

    def _wanted(self) -> Iterator[Wanted]:
        for place, service in sorted(self.cluster.proxy.exposed.items()):
            if service["spec"].get("healthCheckNodePort"):
                yield Wanted(place, HEALTH, service["spec"]["healthCheckNodePort"], 0)
            balanced = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress")
            for port in service["spec"].get("ports") or ():
                if (port.get("protocol") or "TCP") != "TCP":
                    continue
                target = port.get("name") or port["port"]
                if port.get("nodePort"):
                    yield Wanted(place, "node port", port["nodePort"], target)
                if balanced:
                    yield Wanted(place, "load balancer", port["port"], target)

    async def _start(self, wanted: Wanted) -> None:
        made = HealthListener if wanted.kind == HEALTH else PortListener
        listener = made(self, wanted.place, wanted.port)
        try:
            await listener.start((wanted.number, 0))
        except OSError as error:
            self._failed[wanted] = str(error.strerror or error)
            self._tell(f"service {'/'.join(wanted.place)}: {wanted.kind} {wanted.number}: {self._failed[wanted]}")
            return
        self._open[wanted] = listener
        self._tell(f"service {'/'.join(wanted.place)}: {wanted.kind} {wanted.number} on {HOST}:{listener.port}")

    def _tell(self, line: str) -> None:
        if self._said is not None:
            self._said(line)

    def _addresses(self) -> dict[Key, str]:
        found: dict[Key, str] = {}
        for wanted, listener in self._open.items():
            if wanted.kind == HEALTH:
                continue
            key = Key(SERVICES, *wanted.place)
            shown = f"{HOST}:{listener.port}"
            found[key] = f"{found[key]},{listener.port}" if key in found else shown
        if self._web is not None and self._web.port > 0:
            for ingress in self.cluster.ingresses.served:
                found[Key(INGRESSES, *place_of(ingress))] = self._url(ingress)
        return found

    def _url(self, ingress: Tree) -> str:
        web = self._web
        secure = bool((ingress.get("spec") or {}).get("tls"))
        if web is None:
            return ""
        return f"https://{HOST}:{web.tls_port}" if secure else f"http://{HOST}:{web.port}"

    async def close(self) -> None:
        """Close all sockets."""
        self._closed = True
        task = self._task
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._web is not None:
            await self._web.stop()
            self._web = None
        for listener in list(self._open.values()):
            await listener.stop()
        self._open.clear()
        self.addresses = {}
