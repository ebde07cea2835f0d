"""What all dialogs share: a box in the middle of the screen with a title, a body, a line for errors, and a key line."""

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

Result = TypeVar("Result")


class Dialog(ModalScreen[Result | None], Generic[Result]):
    """A modal dialog; its result is None when it is cancelled. Subclasses yield their body and answer ``accept``."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", show=False)]

    TITLE_TEXT: ClassVar[str] = ""
    KEYS: ClassVar[str] = "Enter ok · Esc cancel"
    WIDTH: ClassVar[str] = ""

    def __init__(self, title: str = "") -> None:
        super().__init__()
        self.heading = title or self.TITLE_TEXT

    def compose(self) -> ComposeResult:
        """The box."""
        with Vertical(classes=f"dialog {self.WIDTH}".strip()) as box:
            box.border_title = self.heading
            box.border_subtitle = self.KEYS
            yield from self.body()
            yield Static("", classes="dialog--error", markup=False)

    def body(self) -> ComposeResult:
        """The widgets inside."""
        yield from ()

    def on_mount(self) -> None:
        """No error yet."""
        self.complain("")

    def complain(self, text: str) -> None:
        """Show what is wrong; "" when nothing is."""
        line = self.query_one(".dialog--error", Static)
        line.update(text)
        line.display = bool(text)

    def action_cancel(self) -> None:
        """Close without a result."""
        self.dismiss(None)


class ButtonRow(Horizontal):
    """Buttons side by side; arrows and Tab move between them. Each is (id, label, variant)."""

    def __init__(self, buttons: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(classes="dialog--buttons")
        self._buttons = buttons

    def compose(self) -> ComposeResult:
        """The buttons."""
        for name, label, variant in self._buttons:
            yield Button(label, id=name, variant=variant, compact=True)  # type: ignore[arg-type]

    def on_key(self, event: events.Key) -> None:
        """Left and right."""
        if event.key in ("left", "right"):
            event.stop()
            (self.screen.focus_previous if event.key == "left" else self.screen.focus_next)()


class Message(Dialog[bool]):
    """A text to read; Enter and Esc close it."""

    KEYS = "Enter close"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,q", "cancel", "Close", show=False),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__(title)
        self._text = text

    def body(self) -> ComposeResult:
        """The text."""
        yield Static(self._text, classes="dialog--text", markup=False)


class Confirm(Dialog[bool]):
    """Asks before something that cannot be taken back; lists the exact objects, and Cancel has the focus.

    With ``typed`` the person has to type that text before it goes on.
    """

    KEYS = "Tab choose · Enter · Esc cancel"
    SHOWN = 12

    def __init__(
        self,
        title: str,
        objects: Sequence[str],
        verb: str = "Delete",
        *,
        hidden: int = 0,
        warning: str = "",
        typed: str = "",
    ) -> None:
        super().__init__(title)
        self._objects = objects
        self._verb = verb
        self._hidden = hidden
        self._warning = warning
        self._typed = typed

    def body(self) -> ComposeResult:
        """The objects and the buttons."""
        shown = [f"  {text}" for text in self._objects[: self.SHOWN]]
        rest = len(self._objects) - len(shown)
        if rest:
            shown.append(f"  … and {rest} more")
        yield Static("\n".join(shown), classes="dialog--list", markup=False)
        if self._hidden:
            words = "is marked but hidden by the filter" if self._hidden == 1 else "are marked but hidden by the filter"
            yield Static(f"{self._hidden} of them {words}", classes="dialog--warning", markup=False)
        if self._warning:
            yield Static(self._warning, classes="dialog--warning", markup=False)
        if self._typed:
            yield Static(f"type {self._typed} to go on", classes="dialog--label", markup=False)
            yield Input(id="typed", compact=True)
        yield ButtonRow((("cancel", "Cancel", "default"), ("accept", self._verb, "error")))

    def on_mount(self) -> None:
        """Cancel first."""
        super().on_mount()
        self.query_one("#typed" if self._typed else "#cancel").focus()

    @on(Input.Submitted)
    def typed_in(self, event: Input.Submitted) -> None:
        """Enter in the field is the verb."""
        event.stop()
        self.accept()

    def accept(self) -> None:
        """Go on, when what had to be typed was typed."""
        if self._typed and self.query_one("#typed", Input).value != self._typed:
            self.complain(f"that is not {self._typed}")
        else:
            self.dismiss(True)

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        """Yes or no."""
        event.stop()
        if event.button.id == "accept":
            self.accept()
        else:
            self.dismiss(None)
