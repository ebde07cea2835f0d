"""The drawer widget: tabs, text, search line; refreshes at most twice a second and only when something changed."""

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import reactive

from kubesim.objects.wire import Key
from kubetui.client.port import ClusterClient
from kubetui.keys import Keymap, spell
from kubetui.model.editing import Presentation
from kubetui.panes.drawer import acting, contents
from kubetui.panes.drawer.actions import DRAWER_ACTIONS
from kubetui.panes.drawer.detail import Detail
from kubetui.panes.drawer.search import SearchLine
from kubetui.panes.drawer.strip import TabStrip
from kubetui.panes.drawer.text import TextView
from kubetui.panes.logs import LogView

REFRESH_SECONDS = 0.5
AGE_MS = 1000
"""Ages on the screen are brought up to date after this much of the cluster's time."""


class Drawer(Vertical):
    """Shows one object. ``show`` opens it; it posts Closed, FullScreen and EditRequested, the rest it does itself."""

    full: reactive[bool] = reactive(default=False)
    tab: reactive[str] = reactive("describe")

    class Closed(Message):
        """The person closed the drawer."""

    class FullScreen(Message):
        """The person wants the drawer to take the whole screen, or to give it back."""

        def __init__(self, *, full: bool) -> None:
            super().__init__()
            self.full = full

    class EditRequested(Message):
        """The person wants to edit the object."""

        def __init__(self, key: Key) -> None:
            super().__init__()
            self.key = key

    def __init__(self, client: ClusterClient, *, keymap: Keymap | None = None, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.client = client
        self.detail: Detail | None = None
        self.how = Presentation()
        self._keymap = keymap or Keymap(actions=DRAWER_ACTIONS)
        self.back = 0
        """How many versions further back Diff begins."""
        self._places: dict[str, float] = {}
        self._painted: tuple[object, ...] = ()
        self._reading = False

    def compose(self) -> ComposeResult:
        """Tabs, the text, the log, the search line."""
        yield TabStrip(id="drawer-tabs")
        yield TextView(id="drawer-text")
        yield LogView(self.client, id="drawer-log")
        yield SearchLine(id="drawer-search", compact=True)

    def on_mount(self) -> None:
        """Begin to refresh."""
        self.log_view.display = False
        self.set_interval(REFRESH_SECONDS, self.refresh_content)

    def on_unmount(self) -> None:
        """Let go of the cursors."""
        if self.detail is not None:
            self.detail.close()

    # ------------------------------------------------------------------ opening and closing
    async def show(self, key: Key, tab: str = "describe", *, previous: bool = False, container: str = "") -> None:
        """Show an object; with ``previous`` the logs are those before the last restart, of one ``container``."""
        if self.detail is None or self.detail.key != key or previous or container:
            self.hide()
            detail = self.detail = Detail(self.client, key)
            self.how, self.back = Presentation(), 0
            self.border_title = f"{key.namespace}/{key.name}" if key.namespace else key.name
            if "logs" in contents.tabs_for(detail):
                await self.log_view.show(key, previous=previous, container=container)
            detail.has_news()
            await detail.read()
        self.choose(tab)

    def hide(self) -> None:
        """Stop following the object."""
        if self.detail is not None:
            self.detail.close()
            self.detail = None
            self._places.clear()
            self._painted = ()
            self.log_view.forget()

    @property
    def log_view(self) -> LogView:
        """The log."""
        return self.query_one("#drawer-log", LogView)

    @property
    def text_view(self) -> TextView:
        """The text of all other tabs."""
        return self.query_one("#drawer-text", TextView)

    @property
    def view(self) -> TextView:
        """What the current tab is shown in."""
        return self.log_view if self.tab == "logs" else self.text_view

    def choose(self, tab: str) -> None:
        """Go to a tab and take the keys; to the first one when the object has no such tab."""
        if self.detail is None:
            return
        names = contents.tabs_for(self.detail)
        text = self.text_view
        self._places[self.tab] = text.scroll_y
        self.tab = tab if tab in names else names[0]
        self.paint()
        text.scroll_to(y=self._places.get(self.tab, 0), animate=False)
        self.view.focus()

    def choose_next(self, step: int) -> None:
        """Go to the next tab, or back with -1."""
        if self.detail is not None:
            names = contents.tabs_for(self.detail)
            self.choose(names[(names.index(self.tab) + step) % len(names)])

    # ------------------------------------------------------------------ staying fresh
    async def refresh_content(self) -> None:
        """Read again if the object or its events have changed, and paint."""
        detail = self.detail
        if detail is None or self._reading or not self.display:
            return
        self._reading = True
        try:
            if detail.has_news():
                await detail.read()
            if self.tab == "logs":
                await self.log_view.look()
        finally:
            self._reading = False
        self.paint()

    def paint(self) -> None:
        """Show what was read last."""
        detail = self.detail
        if detail is None:
            return
        logs, text = self.tab == "logs", self.text_view
        self.log_view.display, text.display = logs, not logs
        names = contents.tabs_for(detail)
        self.query_one(TabStrip).show([(name, contents.TITLES[name]) for name in names], self.tab)
        if not self.view.searching:
            self.border_subtitle = hint(self)
        width = text.scrollable_content_region.width
        # YAML shows no ages; the others are painted anew when a second of the cluster's time has gone by.
        age = 0 if self.tab == "yaml" else detail.client.now() // AGE_MS
        wanted = (self.tab, detail.changes, age, self.how, width, self.back)
        if logs or wanted == self._painted:
            return
        self._painted = wanted
        shown = contents.content(detail, self.tab, self.how, width, self.back)
        text.set_lines(shown.lines, shown.colourist)

    # ------------------------------------------------------------------ keys and searching
    async def on_key(self, event: events.Key) -> None:
        """The drawer's own keys; everything else goes on to the app."""
        if self.query_one(SearchLine).has_focus:
            return
        key = spell(event.key, event.character)
        if self.tab == "logs" and self.log_view.set_range(key):
            event.stop()
            self.paint()
            return
        action = self._keymap.find(key, (f"drawer-{self.tab}", "drawer"))
        if action is not None:
            event.stop()
            event.prevent_default()
            await acting.act(self, action.id)

    def begin_search(self) -> None:
        """Open the search line."""
        logs = self.tab == "logs"
        placeholder = "only lines that match; !text leaves them out" if logs else "search"
        self.query_one(SearchLine).open(self.log_view.filter if logs else self.view.searching, placeholder)

    def look_for(self, text: str) -> None:
        """Search the text, or filter the log."""
        if self.tab == "logs":
            self.log_view.filter = text
            self.log_view.rebuild()
            self.border_subtitle = hint(self)
        else:
            self.view.search(text)

    @on(SearchLine.Looking)
    def search_changed(self, event: SearchLine.Looking) -> None:
        """Search while typing."""
        event.stop()
        self.look_for(event.text)

    @on(SearchLine.Left)
    def search_left(self, event: SearchLine.Left) -> None:
        """Back to the text; n and N go on."""
        event.stop()
        self.view.focus()

    @on(TextView.Searched)
    def searched(self, event: TextView.Searched) -> None:
        """Say how many matches there are."""
        event.stop()
        found = f"{event.current}/{event.total} matches · n next · N back" if event.text else ""
        self.border_subtitle = found if event.text and self.tab != "logs" else hint(self)

    @on(TabStrip.Chosen)
    def tab_clicked(self, event: TabStrip.Chosen) -> None:
        """A tab was clicked."""
        event.stop()
        self.choose(event.tab)


def hint(drawer: Drawer) -> str:
    """The line at the foot: how to leave, and for logs what is switched on."""
    if drawer.tab != "logs":
        close = "f window · Esc back" if drawer.full else "f full screen · Esc close"
        return f"Tab next · / search · {close}"
    log = drawer.log_view
    states = (("follow", log.follow), ("times", log.timestamps), ("wrap", log.wrap))
    shown = " · ".join(f"{name} {'on' if on else 'off'}" for name, on in states)
    return f"{f'filter {log.filter} · ' if log.filter else ''}{shown} · Esc {'back' if drawer.full else 'close'}"
