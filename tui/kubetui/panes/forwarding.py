"""Opening port-forwards, and the screen that lists them."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from kubesim.objects.wire import Key, Request
from kubetui.model import forwards
from kubetui.panes.dialogs.forward import PortForward
from kubetui.panes.forwards import ForwardList

if TYPE_CHECKING:
    from textual.app import App

    from kubetui.client.forwarding import Forwarder
    from kubetui.panes.frame import Frame

LOOK = 0.5


class ForwardsScreen(ModalScreen[None]):
    """All forwards over the main screen; Esc goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss", "Back", show=False)]

    def __init__(self, forwarder: "Forwarder", now: Callable[[], int]) -> None:
        super().__init__()
        self._forwarder = forwarder
        self._now = now

    def compose(self) -> ComposeResult:
        """The list."""
        yield ForwardList(id="forwards")

    def on_mount(self) -> None:
        """Follow the numbers."""
        self.query_one(ForwardList).focus()
        self.set_interval(LOOK, self._show)
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        self.query_one(ForwardList).show(self._forwarder.forwards, self._now())

    @on(ForwardList.Stop)
    async def _stop(self, event: ForwardList.Stop) -> None:
        await self._forwarder.stop(event.forward)
        self._show()

    @on(ForwardList.Copy)
    def _copy(self, event: ForwardList.Copy) -> None:
        self.app.copy_to_clipboard(event.forward.address)
        self.app.notify(f"copied {event.forward.address}")


class Forwarding:
    """The actions on port-forwards. The forwarder is made when the first is opened: sockets cost imports."""

    def __init__(self, app: "App[Any]", frame: "Frame") -> None:
        self._app = app
        self._frame = frame
        self._forwarder: Forwarder | None = None

    @property
    def forwarder(self) -> "Forwarder":
        """The one that keeps all forwards."""
        if self._forwarder is None:
            from kubetui.client.forwarding import Forwarder  # noqa: PLC0415

            self._forwarder = Forwarder(self._frame.client)
            self._forwarder.on_change = self._changed
        return self._forwarder

    def _changed(self) -> None:
        facts = self._frame.facts
        if self._forwarder is not None:
            facts.forwards = forwards.signs(self._forwarder.forwards)
            facts.version += 1
            self._frame.heartbeat.arm()

    async def open(self, key: Key, ports: str) -> None:
        """Ask for ports and forward them; with ``ports`` given, without asking. Runs in a worker."""
        response = await self._frame.client.send(Request("get", key))
        if response.code >= 400:
            self._frame.say(str(response.body.get("message", "")), bad=True)
            return
        open_one = self._opener(key)
        if ports:
            await self._open_all(ports, open_one)
            return
        obj = response.body
        dialog = PortForward(key.name, forwards.suggestion(obj), forwards.declared_ports(obj), open_one)
        opened = await self._app.push_screen_wait(dialog)
        self._told(opened or [])

    def _opener(self, key: Key) -> Callable[[forwards.PortMapping], Awaitable[forwards.Forward]]:
        async def open_one(mapping: forwards.PortMapping) -> forwards.Forward:
            return await self.forwarder.open(key, mapping)

        return open_one

    async def _open_all(
        self, ports: str, open_one: Callable[[forwards.PortMapping], Awaitable[forwards.Forward]]
    ) -> None:
        try:
            self._told([await open_one(mapping) for mapping in forwards.parse_mappings(ports)])
        except forwards.ForwardError as error:
            self._frame.say(str(error), bad=True)

    def _told(self, opened: list[forwards.Forward]) -> None:
        for forward in opened:
            self._frame.say(f"forwarding {forward.address} to {forward.key.name}:{forward.mapping.remote}")

    def list(self) -> None:
        """Show all forwards."""
        self._app.push_screen(ForwardsScreen(self.forwarder, self._frame.client.now))

    async def close(self) -> None:
        """Stop all forwards."""
        if self._forwarder is not None:
            await self._forwarder.close()
