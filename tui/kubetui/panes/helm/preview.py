"""The preview of a change: what becomes of values, objects and pods, before anything is changed."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from kubesim.helm.release.record import Record
from kubesim.helm.template.errors import TemplateError
from kubesim.objects.wire import PODS
from kubetui.client.port import ClusterClient
from kubetui.model.editing import DiffLine
from kubetui.model.helm.manifests import objects_of
from kubetui.model.helm.plans import Intent, Plan, plan
from kubetui.model.helm.prediction import Told, result_lines, seconds, story_lines, workload_line
from kubetui.model.helm.rehearsal import ROLLS_OUT, Rehearsal, can_rehearse
from kubetui.panes.drawer.strip import TabStrip
from kubetui.panes.helm.columns import ManifestColumn, PredictionColumn, ValuesColumn
from kubetui.panes.helm.reading import STYLES, Hunks

APPLY: Final = "apply"
EDIT: Final = "edit"
TABS: Final = (("values", "Values"), ("manifest", "Manifest"), ("prediction", "Prediction"))
REPAINT: Final = 0.1
"""Seconds between two repaints of a prediction that is being made."""
LARGE: Final = 3_000
"""Pods of a cluster that is copied only when the person asks for it: the copy is made in one go."""
LONGEST: Final = 10
"""Lines of an error that are shown: endless recursion tells of every step."""
_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")


class Preview(ModalScreen[str | None]):
    """Shows what an intent would change; the result is APPLY, EDIT, or None when it is left."""

    CSS_PATH: ClassVar[Path] = STYLES
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal")]  # noqa: RUF012 - as Textual declares it

    def __init__(
        self, client: ClusterClient, intent: Intent, before: Record | None, *, editable: bool = False, origin: str = ""
    ) -> None:
        super().__init__()
        self.intent = intent
        self.before = before
        self.plan: Plan | None = None
        self.error = ""
        """Why the change cannot be made."""
        self.rehearsal: Rehearsal | None = None
        self.predicting: asyncio.Task[None] | None = None
        self._client = client
        self._editable = editable
        self._origin = origin
        self._current = "prediction"
        self._painted = 0.0

    # ------------------------------------------------------------------ layout
    def compose(self) -> ComposeResult:
        """Three columns, or tabs where there is little room."""
        with Vertical(classes="helm--page"):
            title = self.intent.title + (f"  ({self._origin})" if self._origin else "")
            yield Static(title, id="helm-title", markup=False)
            yield Static("rendering …", id="helm-head", markup=False)
            yield TabStrip(id="helm-tabs")
            with Horizontal(id="helm-columns"):
                yield ValuesColumn()
                yield ManifestColumn()
                yield PredictionColumn()
            yield Static("", id="helm-foot", markup=False)

    async def on_mount(self) -> None:
        """Begin to find out."""
        self._choose("prediction")
        self.predicting = asyncio.create_task(self._find_out())

    def on_unmount(self) -> None:
        """Nobody waits for the prediction any more."""
        if self.predicting is not None:
            self.predicting.cancel()

    def _choose(self, tab: str) -> None:
        self._current = tab
        for name, _ in TABS:
            column = self.query_one(f"#column-{name}")
            column.set_class(name == tab, "-current")
            if name == tab:
                column.focus()
        self.query_one("#helm-tabs", TabStrip).show(TABS, tab)
        self._write_foot()

    def _head(self, text: str, kind: str = "") -> None:
        head = self.query_one("#helm-head", Static)
        head.set_class(kind == "bad", "-bad")
        head.set_class(kind == "good", "-good")
        head.update(text)

    def _write_foot(self) -> None:
        parts = ["Tab column", "Enter open · D full diff" if self._current == "manifest" else ""]
        if self.plan is not None:
            outcome = self.rehearsal.outcome if self.rehearsal is not None else None
            word = "apply" if outcome is None or outcome.word == ROLLS_OUT else "apply anyway"
            parts.append(f"a {word}" if self._current == "manifest" else f"Enter or a {word}")
        if self._editable:
            parts.append("e back to the editor")
        parts.append("Esc stop the prediction" if self.running else "Esc leave everything as it is")
        self.query_one("#helm-foot", Static).update(" · ".join(part for part in parts if part))

    # ------------------------------------------------------------------ finding out
    @property
    def running(self) -> bool:
        """Whether the prediction is being made."""
        return self.predicting is not None and not self.predicting.done() and self.plan is not None

    async def _find_out(self) -> None:
        try:
            found = await plan(self._client, self.intent, self.before)
        except (TemplateError, OSError) as error:
            self._refuse(str(error).strip())
            return
        self.plan = found
        self._show_plan(found)
        if not can_rehearse(self._client):
            self.query_one(PredictionColumn).show([Told("a real cluster cannot be copied: no prediction", "faint")])
            return
        pods = len(self._client.objects(PODS))
        if pods > LARGE:
            told = f"p predicts: copying a cluster of {pods:,} pods holds up the keys for some seconds"
            self.query_one(PredictionColumn).show([*_workloads(found), Told(told, "faint")])
            return
        await self._predict(found)

    def _refuse(self, text: str) -> None:
        self.error = text
        untouched = "the release is as it was" if self.before is not None else "nothing was installed"
        self.query_one("#helm-title", Static).update(f"{self.intent.title}: refused, {untouched}")
        lines = text.splitlines()
        more = [f"… and {len(lines) - LONGEST} more lines"] if len(lines) > LONGEST else []
        self._head("\n".join([*lines[:LONGEST], *more]), "bad")
        self.query_one(PredictionColumn).show([Told("there is nothing to try", "faint")])
        self._write_foot()

    def _show_plan(self, found: Plan) -> None:
        empty = "the values stay the same" if found.before is not None else "the chart's own values"
        self.query_one(ValuesColumn).show(found.values, empty)
        self.query_one(ManifestColumn).show(found.changes)
        if found.is_empty:
            self._head(f"{found.headline}: nothing changes, neither values nor objects", "good")
        else:
            self._head(found.headline)
        self._write_foot()

    async def _predict(self, found: Plan) -> None:
        column = self.query_one(PredictionColumn)
        column.show([*_workloads(found), Told("copying the cluster …", "faint")])
        # Paint that first: the copy is made in one go.
        await asyncio.sleep(0.02)
        try:
            self.rehearsal = Rehearsal(self._client, found)
            await self.rehearsal.run(self._report)
        except asyncio.CancelledError:
            self._show_prediction(cancelled=True)
            raise
        except (TemplateError, RecursionError, MemoryError) as error:
            column.show([Told("the change could not be tried", "bad"), Told(str(error), "bad")])
        else:
            self._show_prediction()
        self.call_later(self._write_foot)

    def _report(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._painted >= REPAINT:
            self._painted = now
            self._show_prediction()

    def _show_prediction(self, *, cancelled: bool = False) -> None:
        rehearsal, found = self.rehearsal, self.plan
        if rehearsal is None or found is None or not self.is_mounted:
            return
        column = self.query_one(PredictionColumn)
        column.border_title = f"predicted ({seconds(rehearsal.simulated)} sim in {rehearsal.wall:.1f}s)"
        told = _workloads(found) + story_lines(rehearsal.story.lines, rehearsal.story.dropped)
        if rehearsal.outcome is not None:
            column.show([*result_lines(rehearsal.outcome), Told(""), *told])
            column.border_subtitle = ""
        else:
            column.show([*told, Told("stopped; nothing is known beyond this" if cancelled else "…", "faint")])
            column.border_subtitle = "" if cancelled else "Esc stops"

    # ------------------------------------------------------------------ the keys
    def on_key(self, event: events.Key) -> None:
        """Columns, apply, back."""
        character = event.character or ""
        if event.key in ("tab", "shift+tab"):
            names = [name for name, _ in TABS]
            step = 1 if event.key == "tab" else -1
            self._choose(names[(names.index(self._current) + step) % len(names)])
        elif event.key in ("escape", "q") and self.running and self.predicting is not None:
            self.predicting.cancel()
            self.call_later(self._write_foot)
        elif event.key in ("escape", "q"):
            self.dismiss(None)
        elif character == "e" and self._editable:
            self.dismiss(EDIT)
        elif character == "D":
            self._full()
        elif character == "p" and self.plan is not None and self.rehearsal is None and not self.running:
            self.predicting = asyncio.create_task(self._predict(self.plan))
        elif character == "a" or event.key == "enter":
            self._apply()
        else:
            return
        event.stop()
        event.prevent_default()

    def _apply(self) -> None:
        if self.plan is not None:
            self.dismiss(APPLY)
        elif self.error:
            self.app.notify("there is nothing to apply", severity="error", markup=False)

    def _full(self) -> None:
        if self.plan is not None:
            self.app.push_screen(Hunks(f"{self.intent.title}: manifest", full_lines(self.plan)))

    @on(ManifestColumn.Opened)
    def _opened(self, event: ManifestColumn.Opened) -> None:
        change = event.change
        self.app.push_screen(Hunks(f"{change.kind} {change.name}: {change.what}", change.lines))

    @on(TabStrip.Chosen)
    def _chosen(self, event: TabStrip.Chosen) -> None:
        self._choose(event.tab)

    @on(events.DescendantFocus)
    def _focused(self, event: events.DescendantFocus) -> None:
        name = str(event.widget.id or "").removeprefix("column-")
        if name in dict(TABS) and name != self._current:
            self._choose(name)


def full_lines(found: Plan) -> Sequence[DiffLine]:
    """The differences of all objects, one after the other under its name."""
    lines: list[DiffLine] = []
    for change in found.changes:
        if change.lines:
            lines.append(DiffLine("hunk", f"{change.sign} {change.kind} {change.name}"))
            lines.extend(change.lines)
    return lines


def _workloads(found: Plan) -> list[Told]:
    old = {_identity(tree): tree for tree in objects_of(found.before.manifest)} if found.before is not None else {}
    new = [tree for tree in objects_of(found.after.manifest) if tree.get("kind") in _WORKLOADS]
    return [Told(workload_line(old.get(_identity(tree)), tree), "heading") for tree in new]


def _identity(tree: dict[str, Any]) -> tuple[str, str]:
    return str(tree.get("kind")), str((tree.get("metadata") or {}).get("name", ""))
