"""The drawer widget: tabs, text, search line; refreshes itself at most twice a second and only when something changed."""

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input

from kubesim.objects.wire import Key
from kubetui.client.port import ClusterClient
from kubetui.keys import Keymap, spell
from kubetui.model.editing import Presentation
from kubetui.panes.drawer import contents
from kubetui.panes.drawer.actions import DRAWER_ACTIONS
from kubetui.panes.drawer.detail import Detail
from kubetui.panes.drawer.strip import TabStrip
from kubetui.panes.drawer.text import TextView
from kubetui.panes.logs import LogView

REFRESH_SECONDS = 0.5
AGE_MS = 1000
"""Ages on the screen are brought up to date after this much of the cluster's time."""


class Drawer(Vertical):
    """Shows one object. ``show`` opens it; it posts Closed, FullScreen and EditRequested and leaves the rest to the app."""

    BORDER_TITLE = ""

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
        self._places: dict[str, float] = {}
        self._rendered: tuple[object, ...] = ()
        self._reading = False

    def compose(self) -> ComposeResult:
        """Tabs, the text, the log, the search line."""
        yield TabStrip(id="drawer-tabs")
        yield TextView(id="drawer-text")
        yield LogView(self.client, id="drawer-log")
        yield Input(id="drawer-search", compact=True, placeholder="search")

    def on_mount(self) -> None:
        """Begin to refresh."""
        self.query_one("#drawer-search").display = False
        self.query_one("#drawer-log").display = False
        self.set_interval(REFRESH_SECONDS, self._tick)

    def on_unmount(self) -> None:
        """Let go of the cursors."""
        self.hide()

    # ------------------------------------------------------------------ opening and closing
    async def show(self, key: Key, tab: str = "describe", *, previous: bool = False) -> None:
        """Show an object; with ``previous`` the logs are those before the last restart."""
        if self.detail is None or self.detail.key != key or previous:
            self.hide()
            self.detail = Detail(self.client, key)
            self.how = Presentation()
            self.border_title = f"{key.namespace}/{key.name}" if key.namespace else key.name
            if "logs" in contents.tabs_for(self.detail):
                await self.log_view.show(key, previous=previous)
            self.detail.has_news()
            await self.detail.read()
        self.choose(tab)
        self.view.focus()

    def hide(self) -> None:
        """Stop following the object."""
        if self.detail is not None:
            self.detail.close()
            self.detail = None
            self._places.clear()
            self._rendered = ()
        if self.is_mounted:
            self.log_view.forget()

    @property
    def log_view(self) -> LogView:
        """The log."""
        return self.query_one("#drawer-log", LogView)

    @property
    def view(self) -> TextView:
        """What the current tab is shown in."""
        return self.log_view if self.tab == "logs" else self.query_one("#drawer-text", TextView)

    def choose(self, tab: str) -> None:
        """Go to a tab; one that the object does not have stays closed."""
        if self.detail is None or tab not in contents.tabs_for(self.detail):
            return
        text = self.query_one("#drawer-text", TextView)
        self._places[self.tab] = text.scroll_y
        self.tab = tab
        self._paint()
        text.scroll_to(y=self._places.get(tab, 0), animate=False)

    # ------------------------------------------------------------------ staying fresh
    async def _tick(self) -> None:
        if self.detail is None or self._reading or not self.display:
            return
        self._reading = True
        try:
            if self.detail.has_news():
                await self.detail.read()
            if self.tab == "logs":
                await self.log_view.look()
        finally:
            self._reading = False
        self._paint()

    def _paint(self) -> None:
        detail = self.detail
        if detail is None:
            return
        logs = self.tab == "logs"
        self.log_view.display = logs
        text = self.query_one("#drawer-text", TextView)
        text.display = not logs
        names = contents.tabs_for(detail)
        self.query_one(TabStrip).show([(name, contents.TITLES[name]) for name in names], self.tab)
        self.border_subtitle = self._hint()
        width = text.scrollable_content_region.width
        # YAML shows no ages; the others are painted anew when a second of the cluster's time has gone by.
        age = 0 if self.tab == "yaml" else detail.client.now() // AGE_MS
        wanted = (self.tab, detail.changes, age, self.how, width)
        if logs or wanted == self._rendered:
            return
        self._rendered = wanted
        shown = contents.content(detail, self.tab, self.how, width)
        text.set_lines(shown.lines, shown.colourist)

    def _hint(self) -> str:
        if self.tab == "logs":
            log = self.log_view
            states = (("s", "follow", log.follow), ("t", "times", log.timestamps), ("w", "wrap", log.wrap))
            shown = " ".join(f"{key} {name} {'on' if on else 'off'} ·" for key, name, on in states)
            extra = f" filter {log.filter} ·" if log.filter else ""
            return f"{shown}{extra} f full screen · Esc close"
        return "f full screen · Tab next tab · / search · Esc close"

    # ------------------------------------------------------------------ keys
    async def on_key(self, event: events.Key) -> None:
        """The drawer's own keys; everything else goes on to the app."""
        key = spell(event.key, event.character)
        if self.query_one("#drawer-search").has_focus:
            if event.key == "escape":
                self._end_search()
                event.stop()
            return
        if self.tab == "logs" and self.log_view.set_range(key):
            event.stop()
            return
        action = self._keymap.find(key, (f"drawer-{self.tab}", "drawer"))
        if action is not None:
            event.stop()
            event.prevent_default()
            await self.act(action.id)

    async def act(self, action: str) -> None:
        """Carry out one of DRAWER_ACTIONS by its id."""
        names = contents.tabs_for(self.detail) if self.detail is not None else ()
        tab = action.removeprefix("drawer-")
        if tab in contents.TABS:
            self.choose(tab)
            self.view.focus()
        elif action in ("drawer-next-tab", "drawer-previous-tab") and names:
            step = 1 if action == "drawer-next-tab" else -1
            self.choose(names[(names.index(self.tab) + step) % len(names)])
            self.view.focus()
        elif action.startswith("logs-"):
            await self._act_on_logs(action)
        else:
            await self._act_on_text(action)
        self._paint()

    async def _act_on_text(self, action: str) -> None:
        view = self.view
        if action == "drawer-close":
            self._leave()
        elif action == "drawer-full":
            self.full = not self.full
            self.post_message(self.FullScreen(full=self.full))
        elif action == "drawer-search":
            self._begin_search()
        elif action in ("drawer-next-match", "drawer-previous-match"):
            view.next_match(1 if action == "drawer-next-match" else -1)
        elif action == "drawer-copy":
            self.app.copy_to_clipboard("\n".join(view.lines))
            self.app.notify(f"{len(view.lines)} lines copied")
        elif action == "drawer-wrap":
            view.wrap = not view.wrap
        elif self.detail is not None:
            await self._act_on_object(action, self.detail)

    async def _act_on_object(self, action: str, detail: Detail) -> None:
        if action == "drawer-refresh":
            await detail.read()
        elif action == "drawer-edit":
            self.post_message(self.EditRequested(detail.key))
        elif action == "drawer-managed":
            self.how = self.how._replace(managed_fields=not self.how.managed_fields)
        elif action == "drawer-decode":
            self.how = self.how._replace(reveal=not self.how.reveal)

    async def _act_on_logs(self, action: str) -> None:
        log = self.log_view
        if action == "logs-filter":
            self._begin_search()
        elif action == "logs-follow":
            log.follow = not log.follow
        elif action == "logs-times":
            log.toggle_times()
        elif action == "logs-before":
            await log.toggle_previous()
        elif action == "logs-all":
            await log.toggle_all()
        elif action == "logs-mark":
            log.mark()
        elif action == "logs-clear":
            log.clear()

    def _leave(self) -> None:
        if self.view.searching or self.log_view.filter:
            self._look_for("")
        elif self.full:
            self.full = False
            self.post_message(self.FullScreen(full=False))
        else:
            self.post_message(self.Closed())

    # ------------------------------------------------------------------ searching
    def _begin_search(self) -> None:
        line = self.query_one("#drawer-search", Input)
        line.display = True
        line.placeholder = "filter; !text leaves out" if self.tab == "logs" else "search"
        line.value = self.log_view.filter if self.tab == "logs" else self.view.searching
        line.focus()

    def _end_search(self) -> None:
        self.query_one("#drawer-search").display = False
        self.view.focus()

    def _look_for(self, text: str) -> None:
        if self.tab == "logs":
            self.log_view.filter = text
            self.log_view.rebuild()
        else:
            self.view.search(text)

    @on(Input.Changed, "#drawer-search")
    def search_changed(self, event: Input.Changed) -> None:
        """Search while typing."""
        event.stop()
        self._look_for(event.value)

    @on(Input.Submitted, "#drawer-search")
    def search_submitted(self, event: Input.Submitted) -> None:
        """Back to the text; n and N go on."""
        event.stop()
        self._end_search()

    @on(TextView.Searched)
    def searched(self, event: TextView.Searched) -> None:
        """Say how many matches there are."""
        event.stop()
        hint = self._hint()
        self.border_subtitle = f"{event.current}/{event.total} matches · n N · {hint}" if event.text else hint

    @on(TabStrip.Chosen)
    def tab_clicked(self, event: TabStrip.Chosen) -> None:
        """A tab was clicked."""
        event.stop()
        self.choose(event.tab)
        self.view.focus()

    CONTEXTS: ClassVar[tuple[str, ...]] = ("drawer",)
