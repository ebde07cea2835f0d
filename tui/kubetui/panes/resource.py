"""A table of one resource: title, filter, marks, sort order and the actions that every table of objects knows."""

from collections.abc import Callable

from textual.message import Message

from kubesim.objects.wire import FAULTS, NODES, Gvr, Key, Tree
from kubetui import keys
from kubetui.client.port import ClusterClient, Resource, RowCursor
from kubetui.model import columns, filters, hints
from kubetui.model.columns import Layout
from kubetui.model.glyphs import Glyphs
from kubetui.model.places import Scope
from kubetui.model.usage import Facts
from kubetui.model.views import RowId, TableView
from kubetui.panes.table import Table

Linked = Callable[[Key, Tree], bool]


class ResourceTable(Table):
    """Shows the objects of one resource in one namespace or all."""

    NOTHING = ""
    """What to say when there is nothing of this kind."""

    class Counted(Message):
        """A count that others show in their titles has changed."""

    def __init__(
        self,
        client: ClusterClient,
        resource: Resource,
        facts: Facts,
        glyphs: Glyphs,
        *,
        namespace: str = "",
        home: bool = False,
        id: str | None = None,  # noqa: A002 - as every Textual widget
    ) -> None:
        self.resource = resource
        self.gvr: Gvr = resource.gvr
        self.namespace = namespace if resource.namespaced else ""
        self.at_home = home
        self.scope: Scope | None = None
        """The part of the table that is shown: the pods of one owner, of one node."""
        self.decorate: Callable[[str], str] | None = None
        """Puts more into the title: the tabs of a small home screen."""
        self._linked: Linked | None = None
        self._client = client
        self._facts = facts
        self._extras = (bool(facts.traffic), bool(facts.local))
        self.short_title = ""
        self._titles = ("", "")
        view = self._open()
        super().__init__(view, now=client.now, glyphs=glyphs, hint=self._explain, id=id)
        self.view = view
        self.empty_text = "reading"

    def _open(self) -> TableView:
        return TableView(self._client.rows(self.gvr, self.namespace), self.gvr, self._make_layout, self._facts)

    def set_namespace(self, namespace: str) -> None:
        """Show another namespace, or all; the filter stays."""
        if not self.resource.namespaced or namespace == self.namespace:
            return
        kept = self.view.selection.filter
        self.view.close()
        self.namespace = namespace
        self.view = self.model = self.viewport.model = self._open()
        self.view.wide = self.wide
        self.view.choose(matching=kept)
        self.viewport.goto(0)
        self.relayout()
        self._narrow()

    def _make_layout(self, cursor: RowCursor) -> Layout:
        every = not self.namespace
        if self.at_home:
            return columns.home_layout(self.gvr, cursor.columns, all_namespaces=every, facts=self._facts)
        return columns.layout(
            self.gvr,
            cursor.columns,
            namespaced=self.resource.namespaced,
            all_namespaces=every,
            facts=self._facts,
        )

    def on_unmount(self) -> None:
        """Stop following the table."""
        self.view.close()

    # ------------------------------------------------------------------ reading
    @property
    def contexts(self) -> tuple[str, ...]:
        """Where keys are looked up while this table has them."""
        home = ("home",) if self.at_home else ()
        return (*keys.contexts_of(self.gvr, scalable="scale" in self.resource.subresources)[:-1], *home, "anywhere")

    @property
    def cursor_object(self) -> Tree | None:
        """The object under the cursor."""
        return None if self.viewport.cursor is None else self.view.object(self.viewport.cursor)

    def targets(self) -> list[Key]:
        """What an action is about: the marked rows, or the one under the cursor."""
        if len(self.view.marks):
            return list(self.view.marks)
        return [] if self.cursor_key is None else [self.cursor_key]

    def _explain(self, row: RowId) -> str:
        obj = self.view.object(row)
        if obj is None:
            return ""
        faults = self._client.objects(FAULTS) if self.gvr == NODES and self._client.simulated else ()
        return hints.hint(self.gvr, obj, hints.Surroundings(self._now(), self._facts, faults=faults))

    # ------------------------------------------------------------------ what is shown
    def set_filter(self, text: str) -> None:
        """Show only rows that a filter lets pass; an empty text shows all."""
        self.view.choose(matching=filters.parse(text))
        self._work()

    def set_scope(self, scope: Scope | None) -> None:
        """Show only a part of the table."""
        self.scope = scope
        self._narrow()

    def set_linked(self, linked: Linked | None) -> None:
        """Show only what a linked pane's selection concerns."""
        self._linked = linked
        self._narrow()

    def _narrow(self) -> None:
        scope, linked = self.scope, self._linked
        if scope is None or linked is None:
            self.view.choose(scope=linked if scope is None else scope.matches)
        else:
            self.view.choose(scope=lambda key, obj: scope.matches(key, obj) and linked(key, obj))
        self._work()

    def _work(self) -> None:
        # The first slice at once: short tables answer a key press within the same frame.
        if self.pull():
            self.post_message(self.Sorted(self))
        self.retitle()

    # ------------------------------------------------------------------ actions
    def act(self, action: str, argument: str = "") -> bool:
        """Do what an action says, if it is this table's."""
        handler = _ACTIONS.get(action)
        if handler is None:
            return super().act(action, argument)
        handler(self, argument)
        self.retitle()
        return True

    def repaint(self) -> None:
        """Marks or columns changed."""
        self.invalidate()

    def sort_by(self, title: str, *, descending: bool = False) -> None:
        """Change the order; the cursor stays on its object."""
        self.view.sort_by(title, descending=descending)
        self.invalidate()
        self._work()

    def sort_step(self, delta: int) -> None:
        """Sort by the next or the previous column that is shown."""
        titles = [column.title for column in self.view.layout if self.wide or not column.wide]
        current = self.view.sort.title
        position = titles.index(current) if current in titles else 0
        self.sort_by(titles[(position + delta) % len(titles)])

    # ------------------------------------------------------------------ title
    def pull(self) -> bool:
        """Take in changes; the counts in the title follow."""
        extras = (bool(self._facts.traffic), bool(self._facts.local))
        if extras != self._extras:
            self._extras = extras
            self.view.stale = True
        pending = super().pull()
        self.empty_text = self.view.error or (_nothing(self) if self.view.synced else "reading")
        self.retitle()
        return pending

    def retitle(self) -> None:
        """Name, namespace, counts, scope and filter, in the border."""
        view, selection = self.view, self.view.selection
        name = self.resource.kind + "s" if self.at_home else self.resource.gvr.resource
        where = f"({self.namespace or 'all'})" if self.resource.namespaced else ""
        count = f"{view.count}/{view.total}" if selection.active else f"{view.total}"
        scope = f" {self.scope.kind}={self.scope.text}" if self.scope is not None else ""
        title = f"{name}{where}[{count}]{scope}"
        tail = []
        if selection.filter.text:
            tail.append(
                f"</{selection.filter.text}>" + (f" {selection.filter.error}" if selection.filter.error else "")
            )
        if selection.only_faults:
            tail.append("faults only")
        if len(view.marks):
            hidden = sum(1 for key in view.marks if view.rank(key) is None)
            tail.append(f"{self._glyphs.mark} {len(view.marks)} marked" + (f", {hidden} hidden" if hidden else ""))
        short, self.short_title = self.short_title, f"{name}[{count}]"
        if self.decorate is not None:
            if short != self.short_title:
                self.post_message(self.Counted())
            title = self.decorate(self.short_title)
        titles = (title, "  ".join(tail))
        if titles != self._titles:
            self._titles = titles
            self.border_title = title.replace("[", r"\[")
            self.border_subtitle = titles[1].replace("[", r"\[")


def _nothing(table: ResourceTable) -> str:
    """Why there are no rows, and the key that helps."""
    selection = table.view.selection
    if table.view.total and selection.filter.text:
        return f"nothing matches {selection.filter.text} · Esc clears the filter"
    if table.view.total and selection.only_faults:
        return "nothing is in trouble · Ctrl-Z shows all"
    if table.NOTHING:
        return table.NOTHING
    if table.resource.namespaced and table.namespace and not table.at_home:
        return f"nothing in {table.namespace} · <0> all namespaces"
    return "No resources found"


# ---------------------------------------------------------------------- the actions by id
def _mark(table: ResourceTable, argument: str) -> None:
    del argument
    key = table.cursor_key
    row = table.view.rows.get(key) if key is not None else None
    if key is not None and row is not None:
        table.view.marks.toggle(key, row)
        table.go(lambda: table.viewport.move(1))
        table.repaint()


def _mark_range(table: ResourceTable, argument: str) -> None:
    del argument
    view = table.view
    ranks = [rank for key in (view.marks.last, table.cursor_key) if key and (rank := view.rank(key)) is not None]
    for key in view.slice(min(ranks, default=0), max(ranks, default=-1) + 1):
        if isinstance(key, Key):
            view.marks.add(key, view.rows[key])
    table.repaint()


def _clear_marks(table: ResourceTable, argument: str) -> None:
    del argument
    table.view.marks.clear()
    table.repaint()


def _clear_filter(table: ResourceTable, argument: str) -> None:
    del argument
    table.set_filter("")


def _wide(table: ResourceTable, argument: str) -> None:
    del argument
    table.wide = table.view.wide = not table.wide
    table.relayout()


def _faults(table: ResourceTable, argument: str) -> None:
    del argument
    table.view.choose(only_faults=not table.view.selection.only_faults)
    table.pull()


def _sort_named(table: ResourceTable, argument: str) -> None:
    wanted = argument.strip().upper()
    titles = [column.title for column in table.view.layout]
    table.sort_by(wanted if wanted in titles else "")


def _sort_column(*titles: str) -> Callable[[ResourceTable, str], None]:
    def sort(table: ResourceTable, argument: str) -> None:
        del argument
        shown = [column.title for column in table.view.layout]
        found = next((title for title in titles if title in shown), "")
        same = table.view.sort.title == found
        table.sort_by(found, descending=same and not table.view.sort.descending)

    return sort


def _reverse(table: ResourceTable, argument: str) -> None:
    del argument
    table.sort_by(table.view.sort.title, descending=not table.view.sort.descending)


def _next_column(table: ResourceTable, argument: str) -> None:
    del argument
    table.sort_step(1)


def _previous_column(table: ResourceTable, argument: str) -> None:
    del argument
    table.sort_step(-1)


_ACTIONS: dict[str, Callable[[ResourceTable, str], None]] = {
    "mark": _mark,
    "mark-range": _mark_range,
    "clear-marks": _clear_marks,
    "clear-filter": _clear_filter,
    "wide": _wide,
    "faults": _faults,
    "sort-name": _sort_named,
    "sort-age": _sort_column("AGE"),
    "sort-status": _sort_column("STATUS", "READY", "PHASE"),
    "sort-namespace": _sort_column("NAMESPACE", "NS/NAME"),
    "sort-node": _sort_column("NODE"),
    "sort-cpu": _sort_column("CPU", "CPU-REQ"),
    "sort-memory": _sort_column("MEM", "MEM-REQ"),
    "sort-reverse": _reverse,
    "sort-next": _next_column,
    "sort-previous": _previous_column,
}
