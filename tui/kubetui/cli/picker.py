"""The picker of sample clusters that ``kubetui`` without arguments opens."""

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from kubetui.cli.clusters import described
from kubetui.model.themes import DARK


class Picker(App[str], inherit_bindings=False):
    """Lists the samples; ``run`` returns the name that was chosen, or None."""

    CSS_PATH = "../styles/picker.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+c", "quit", "quit", priority=True),
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
    ]

    def __init__(self, theme: str = "") -> None:
        super().__init__()
        self._descriptions = described()
        self.theme = theme if theme in self.available_themes else DARK

    def compose(self) -> ComposeResult:
        """A title, the list, and what the highlighted sample is about."""
        yield Static("kubetui · choose a cluster", id="title")
        width = max(len(item.name) for item in self._descriptions) + 2
        options = [Option(f"{item.name:<{width}}{item.title}", id=item.name) for item in self._descriptions]
        yield OptionList(*options, id="samples")
        yield Static("", id="about")
        yield Static("Enter opens · q quits · kubetui -f FILE opens your own manifests", id="keys")

    def action_down(self) -> None:
        """One line down."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """One line up."""
        self.query_one(OptionList).action_cursor_up()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Tell about the sample under the cursor."""
        item = next(item for item in self._descriptions if item.name == event.option_id)
        self.query_one("#about", Static).update(f"{len(item.nodes):,} nodes · {item.description}")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open this one."""
        self.exit(event.option_id)


def choose(theme: str | None = None) -> str:
    """Let the person choose; "" when nothing was chosen. Raises ManifestError when a sample is broken."""
    return Picker(theme or "").run() or ""
