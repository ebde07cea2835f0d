"""The actions on panes: which has the keys, which has the room, and whether they follow each other."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubetui.panes.frame import Frame

Handler = Callable[[str], Awaitable[None]]


class Arranging:
    """Runs the actions on panes."""

    def __init__(self, frame: "Frame") -> None:
        self._frame = frame
        self.handlers: dict[str, Handler] = {
            "next-pane": self.next_pane,
            "previous-pane": self.previous_pane,
            "zoom": self.zoom,
            "unzoom": self.unzoom,
            "link": self.link,
        }

    async def next_pane(self, argument: str) -> None:
        """Give the keys to the next pane."""
        del argument
        self._step(1)

    async def previous_pane(self, argument: str) -> None:
        """Give the keys to the pane before."""
        del argument
        self._step(-1)

    def _step(self, delta: int) -> None:
        stage = self._frame.stage
        drawer = stage.drawer
        if drawer is not None:
            (stage.table if drawer.has_focus_within else drawer.view).focus()
        elif stage.browser is None:
            stage.home.step(delta)

    async def zoom(self, argument: str) -> None:
        """Let the pane have all the room."""
        del argument
        home = self._frame.stage.home
        home.zoom(on=not home.zoomed)

    async def unzoom(self, argument: str) -> None:
        """Show all panes again."""
        del argument
        self._frame.stage.home.zoom(on=False)

    async def link(self, argument: str) -> None:
        """Link the panes, or part them."""
        del argument
        self._frame.stage.home.toggle_links()
        self._frame.changed()
