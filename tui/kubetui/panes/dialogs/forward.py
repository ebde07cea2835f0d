"""Asks which ports to forward, and opens the forwards; a busy port is told in the dialog, which stays open."""

from collections.abc import Awaitable, Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from kubetui.model.forwards import Forward, ForwardError, PortMapping, parse_mappings
from kubetui.panes.dialogs.frame import Dialog

Open = Callable[[PortMapping], Awaitable[Forward]]


class PortForward(Dialog[list[Forward]]):
    """``local:remote`` pairs; the result are the forwards that were opened."""

    KEYS = "Enter forward · Esc cancel"
    WIDTH = "-wide"

    def __init__(self, name: str, suggestion: str, ports: Sequence[tuple[int, str]], open_one: Open) -> None:
        super().__init__(f"Forward to {name}")
        self._suggestion = suggestion
        self._ports = ports
        self._open = open_one
        self._busy = False

    def body(self) -> ComposeResult:
        """The field, what it means, and which ports there are."""
        yield Static("local:remote", classes="dialog--label")
        yield Input(self._suggestion, placeholder="8000:80", compact=True, id="ports")
        yield Static("", id="effect", markup=False)
        listed = ", ".join(f"{number} ({name})" if name else str(number) for number, name in self._ports)
        yield Static(f"declared ports: {listed or 'none'}", classes="dialog--hint", markup=False)
        yield Static("an empty local port takes any that is free  (:80)", classes="dialog--hint", markup=False)

    def on_mount(self) -> None:
        """Ready to type."""
        super().on_mount()
        self.query_one("#ports").focus()

    @on(Input.Changed)
    def changed(self, event: Input.Changed) -> None:
        """Say what it means."""
        event.stop()
        self.complain("")
        try:
            mappings = parse_mappings(event.value)
        except ForwardError:
            self.query_one("#effect", Static).update("")
            return
        texts = [f"127.0.0.1:{mapping.local or 'any'} → {mapping.remote}" for mapping in mappings]
        self.query_one("#effect", Static).update("\n".join(texts))

    @on(Input.Submitted)
    async def submitted(self, event: Input.Submitted) -> None:
        """Open them all; the first failure is told and the dialog stays."""
        event.stop()
        if self._busy:
            return
        self._busy = True
        opened: list[Forward] = []
        try:
            for mapping in parse_mappings(event.value):
                opened.append(await self._open(mapping))  # noqa: PERF401 - what was opened before a failure counts
        except ForwardError as error:
            self.complain(str(error))
        else:
            self.dismiss(opened)
        finally:
            self._busy = False
