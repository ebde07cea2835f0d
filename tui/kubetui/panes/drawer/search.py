"""The line at the foot of the drawer in which one types what to look for."""

from textual import events, on
from textual.message import Message
from textual.widgets import Input


class SearchLine(Input):
    """Hidden until it is opened; tells at every key what is looked for, and when it is done."""

    class Looking(Message):
        """The text has changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """Enter or Esc: back to the text."""

    def on_mount(self) -> None:
        """Hide."""
        self.display = False

    def open(self, text: str, placeholder: str) -> None:
        """Show and take the keys."""
        self.display = True
        self.placeholder = placeholder
        self.value = text
        self.focus()

    def close(self) -> None:
        """Hide again."""
        self.display = False
        self.post_message(self.Left())

    @on(Input.Changed)
    def looking(self, event: Input.Changed) -> None:
        """Pass on what is typed."""
        event.stop()
        if self.display:
            self.post_message(self.Looking(event.value))

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self.close()

    def on_key(self, event: events.Key) -> None:
        """Esc gives up the search."""
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.value = ""
            self.post_message(self.Looking(""))
            self.close()
