"""The events pane: the running story of the cluster, newest first, with its verbosity in the title."""

from kubesim.objects.wire import EVENTS, Key
from kubetui.client.port import ClusterClient
from kubetui.model import filters
from kubetui.model.events import LEVELS, EventsView
from kubetui.model.glyphs import Glyphs
from kubetui.panes.table import Table


class StoryTable(Table):
    """Shows Kubernetes Events, the writes of controllers and the person's own actions."""

    def __init__(
        self,
        client: ClusterClient,
        glyphs: Glyphs,
        *,
        namespace: str = "",
        id: str | None = None,  # noqa: A002 - as every Textual widget
    ) -> None:
        view = EventsView(client, namespace, verbosity=2 if client.insight is not None else 1)
        view.you = f"you {glyphs.you}"
        super().__init__(view, now=client.now, glyphs=glyphs, follow_top=True, id=id)
        self.view = view
        self.gvr = EVENTS
        self.namespace = namespace
        self.empty_text = "nothing has happened yet"
        self._levels = tuple(LEVELS) if client.insight is not None else (1,)

    contexts = ("events", "table", "home", "anywhere")

    def on_mount(self) -> None:
        """Write the title."""
        self.retitle()

    def on_unmount(self) -> None:
        """Stop following."""
        self.view.close()

    def targets(self) -> list[Key]:
        """The object that the line under the cursor is about."""
        return [] if self.cursor_key is None else [self.cursor_key]

    def tick(self, *, fade: bool = True) -> None:
        """Lines carry times, not ages: nothing to do."""
        del fade

    def set_filter(self, text: str) -> None:
        """Show only lines that a filter lets pass."""
        self.view.choose(matching=filters.parse(text))
        self._changed()

    def narrow(self, keys: frozenset[Key] | None) -> None:
        """Show only lines about some objects; None shows all."""
        self.view.choose(scope=keys)
        self._changed()

    def set_namespace(self, namespace: str) -> None:
        """Show what concerns one namespace, and what belongs to none; "" shows all."""
        self.namespace = namespace
        self.view.choose(namespace=namespace)
        self._changed()

    def act(self, action: str, argument: str = "") -> bool:
        """Change the verbosity, or do what every table does."""
        if action == "verbosity":
            asked = int(argument) if argument.isdigit() else self.view.verbosity % len(self._levels) + 1
            self.view.choose(verbosity=asked if asked in self._levels else self._levels[-1])
            self._changed()
            return True
        if action == "faults":
            self.view.choose(only_warnings=not self.view.only_warnings)
            self._changed()
            return True
        if action == "clear-filter":
            self.set_filter("")
            return True
        return super().act(action, argument)

    def _changed(self) -> None:
        self.viewport.follow()
        self.invalidate()
        self.retitle()

    def retitle(self) -> None:
        """Namespace, verbosity and filter, in the border."""
        self.border_title = f"Events({self.namespace or 'all'}) <v> {LEVELS[self.view.verbosity]}"
        found = self.view.filter
        tail = [f"</{found.text}>"] if found.text else []
        tail += ["warnings only"] if self.view.only_warnings else []
        self.border_subtitle = "  ".join(tail).replace("[", r"\[")
