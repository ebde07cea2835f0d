"""Serves the Kubernetes API beside a running explorer, for kubectl and helm in another terminal."""

import asyncio
import importlib
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

from kubetui.client.local import LocalClient

if TYPE_CHECKING:
    from kubesim.objects.wire import Key

PATIENCE = 1.0
"""Seconds after the first paint before the server is loaded: nobody waits for it, everybody waits for the screen."""


class LocalGateway:
    """The API server of one explorer, on a free loopback port unless one was asked for."""

    def __init__(
        self, client: LocalClient, port: int = 0, *, listeners: bool = True, ingress: tuple[int, int] = (0, 0)
    ) -> None:
        self._client = client
        self._port = port
        self._listen = listeners
        self._ingress = ingress
        self._listeners: Any = None
        self.on_addresses: Callable[[Mapping[Key, str]], None] | None = None
        """Told where Ingresses and Services are reached on this machine, whenever that changes."""
        self._server: Any = None
        self.line = "the API is not served yet"
        self._opened: list[str] = []
        self._say: Callable[[str], None] | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """KUBECONFIG, once the server is up."""
        return {} if self._server is None else {"KUBECONFIG": str(self._server.kubeconfig)}

    async def open(self, say: Callable[[str], None]) -> None:
        """Load the server, start it, and say what to type."""
        await asyncio.sleep(PATIENCE)
        # Loading it takes a quarter of a second, in which no key shall wait.
        httpd = await asyncio.to_thread(importlib.import_module, "kubesim.httpd")
        client = self._client
        options = httpd.Options(port=self._port)
        server = httpd.Server(
            client.past.door(), options, catch_up=client.pump.catch_up, poke=client.poke, held=self._held
        )
        try:
            await server.start()
        except OSError as error:
            self.line = f"the API is not served: {error.strerror or error}"
        else:
            self._server = server
            client.on_change(server.changed)
            client.answered = server.webhooks.answered
            client.on_switch = self._switch
            self.line = f"export KUBECONFIG={server.kubeconfig}"
        say(self.line)
        if self._listen:
            await self._open_listeners(say)

    def _held(self) -> float:
        return self._client.pump.hold_until - perf_counter()

    def _switch(self) -> None:
        self._server.switch(self._client.past.door())

    async def _open_listeners(self, say: Callable[[str], None]) -> None:
        module = await asyncio.to_thread(importlib.import_module, "kubesim.httpd.listeners")
        client = self._client
        self._listeners = module.Listeners(
            self._cluster,
            module.Ports(*self._ingress),
            catch_up=client.pump.catch_up,
            poke=client.poke,
            said=self._heard,
        )
        self._listeners.on_change = self._addresses_changed
        client.on_change(self._listeners.changed)
        self._listeners.changed()
        await asyncio.sleep(PATIENCE)
        self._say = say
        for line in self._summary():
            say(line)

    def _heard(self, line: str) -> None:
        if self._say is None:
            self._opened.append(line)
        else:
            self._say(line)

    def _summary(self) -> list[str]:
        """What was opened at the start, in a line or two: the LOCAL column of the Services tells the rest."""
        ports = [line for line in self._opened if line.startswith("service ")]
        rest = [line for line in self._opened if line not in ports]
        if len(ports) > 1:
            ports = [f"{len(ports)} ports of services are open on 127.0.0.1: column LOCAL of the Services"]
        return rest + ports

    def _cluster(self) -> Any:
        return self._client.cluster

    def _addresses_changed(self) -> None:
        if self.on_addresses is not None and self._listeners is not None:
            self.on_addresses(self._listeners.addresses)

    async def close(self) -> None:
        """Stop serving."""
        if self._listeners is not None:
            await self._listeners.close()
            self._listeners = None
        if self._server is not None:
            await self._server.stop()
            self._server = None
