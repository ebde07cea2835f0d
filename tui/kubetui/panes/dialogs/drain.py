"""Asks how to drain a node, and shows how a drain goes on."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Checkbox, Input, Static

from kubetui.model.flows.nodes import DrainOptions
from kubetui.panes.dialogs.frame import ButtonRow, Dialog

_FLAGS = (
    ("ignore_daemonsets", "Ignore DaemonSets"),
    ("delete_emptydir_data", "Delete emptyDir data"),
    ("force", "Force (pods without a controller)"),
    ("disable_eviction", "Disable eviction (delete, ignore budgets)"),
)


class Flag(Checkbox):
    """A check box that is empty when it is off: colour alone does not tell."""

    def __init__(self, label: str, value: bool, name: str) -> None:
        super().__init__(label, value, id=name, compact=True)
        self._tick()

    def _tick(self) -> None:
        self.BUTTON_INNER = "X" if self.value else " "

    def watch_value(self) -> None:
        """Fill or empty the box."""
        self._tick()
        super().watch_value()


class Drain(Dialog[DrainOptions]):
    """kubectl drain's flags; the result are the options."""

    KEYS = "Tab · Space · Enter drain · Esc cancel"

    def __init__(self, node: str, pods: int = 0) -> None:
        super().__init__(f"Drain {node}")
        self._pods = pods

    def body(self) -> ComposeResult:
        """Flags, numbers, buttons."""
        yield Static(f"{self._pods} pods run on it", classes="dialog--hint", markup=False)
        defaults = DrainOptions()
        for name, label in _FLAGS:
            yield Flag(label, getattr(defaults, name), name)
        with Horizontal(classes="dialog--fields"):
            yield Static("grace period s ", classes="dialog--label")
            yield Input("-1", id="grace", compact=True)
            yield Static("  timeout s ", classes="dialog--label")
            yield Input("0", id="timeout", compact=True)
        yield ButtonRow((("cancel", "Cancel", "default"), ("accept", "Drain", "warning")))

    def on_mount(self) -> None:
        """Ready to drain with Enter."""
        super().on_mount()
        self.query_one("#accept").focus()

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        """Drain, or not."""
        event.stop()
        if event.button.id == "accept":
            self.accept()
        else:
            self.dismiss(None)

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Drain."""
        event.stop()
        self.accept()

    def accept(self) -> None:
        """Check the numbers and close."""
        grace, timeout = (self.query_one(f"#{name}", Input).value.strip() for name in ("grace", "timeout"))
        if not grace.removeprefix("-").isdecimal():
            self.complain("the grace period is a number of seconds, -1 is the pod's own")
        elif not timeout.isdecimal():
            self.complain("the timeout is a number of seconds, 0 waits for ever")
        else:
            flags = {name: self.query_one(f"#{name}", Checkbox).value for name, _ in _FLAGS}
            self.dismiss(DrainOptions(**flags, grace_seconds=int(grace), timeout_ms=int(timeout) * 1000))


class Image(Dialog[dict[str, str]]):
    """Asks for the images of the containers; the result holds those that were changed, by container."""

    KEYS = "Tab next · Enter apply · Esc cancel"
    WIDTH = "-wide"
    TITLE_TEXT = "Set image"

    def __init__(self, name: str, images: dict[str, str]) -> None:
        super().__init__(f"Images of {name}")
        self._images = images

    def body(self) -> ComposeResult:
        """One field for each container."""
        for number, (container, image) in enumerate(self._images.items()):
            yield Static(container, classes="dialog--label", markup=False)
            yield Input(image, id=f"image-{number}", compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """Begin with the first."""
        super().on_mount()
        self.query(Input).first().focus()

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Apply what was changed."""
        event.stop()
        wanted = {
            container: self.query_one(f"#image-{number}", Input).value.strip()
            for number, container in enumerate(self._images)
        }
        if not all(wanted.values()):
            self.complain("an image cannot be empty")
            return
        changed = {name: image for name, image in wanted.items() if image != self._images[name]}
        self.dismiss(changed or None)
