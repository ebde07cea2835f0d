"""The actions that carry something out of the explorer: names to the clipboard, tables to files."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubetui.panes.resource import ResourceTable

if TYPE_CHECKING:
    from textual.app import App

    from kubetui.panes.frame import Frame

Handler = Callable[[str], Awaitable[None]]


class Copying:
    """Runs the actions on copies."""

    def __init__(self, app: "App[Any]", frame: "Frame") -> None:
        self._app = app
        self._frame = frame
        self.handlers: dict[str, Handler] = {
            "copy-name": self.copy_name,
            "copy-namespace": self.copy_namespace,
            "save": self.save,
        }

    async def copy_name(self, argument: str) -> None:
        """Copy the names of the marked rows, or of the one under the cursor."""
        del argument
        self._copy([key.name for key in self._targets()])

    async def copy_namespace(self, argument: str) -> None:
        """Copy the namespace of the row."""
        del argument
        self._copy([key.namespace for key in self._targets()[:1] if key.namespace])

    def _targets(self) -> list[Any]:
        table = self._frame.table
        return table.targets() if isinstance(table, ResourceTable) else []

    def _copy(self, texts: list[str]) -> None:
        if texts:
            self._app.copy_to_clipboard("\n".join(texts))
            self._frame.say(f"copied {texts[0]}" + (f" and {len(texts) - 1} more" if len(texts) > 1 else ""))

    async def save(self, argument: str) -> None:
        """Write the table as it is shown to a file; the argument is the file's name."""
        table = self._frame.table
        view = table.model
        now = self._frame.client.now()
        lines = ["\t".join(column.title for column in view.layout)]
        lines.extend("\t".join(map(str, view.cells(row, now))) for row in view.slice(0, view.count))
        name = table.gvr.resource if isinstance(table, ResourceTable) else "events"
        path = Path(argument.strip() or f"{name}.tsv").expanduser()
        try:
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        except OSError as error:
            self._frame.say(f"cannot write {path}: {error.strerror}", bad=True)
            return
        self._frame.say(f"{view.count} rows written to {path}")
