"""What is done to releases: read, edit, upgrade, roll back, install, uninstall; changes are previewed first."""

from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.release.record import Record
from kubesim.helm.template.errors import TemplateError
from kubesim.objects.wire import SECRETS, Gvr
from kubetui.model.helm.checking import parse
from kubetui.model.helm.driver import in_thread
from kubetui.model.helm.pages import Subject
from kubetui.model.helm.plans import Intent, compare, deployed
from kubetui.model.helm.releases import MEMBERS, RELEASES, REVISIONS, history_of
from kubetui.model.helm.shelf import Given, Origin, Shelf, editable_text, read_given
from kubetui.model.helm.typed import Typed, read_line
from kubetui.model.places import Place, Scope
from kubetui.panes.helm.applying import Applying
from kubetui.panes.helm.preview import APPLY, EDIT, Preview, full_lines
from kubetui.panes.helm.reading import HelmReading, Hunks
from kubetui.panes.helm.tables import HelmTable, RevisionTable
from kubetui.panes.helm.values_editor import ValuesEditor

if TYPE_CHECKING:
    from textual.app import App

    from kubetui.panes.frame import Frame
    from kubetui.panes.operations import Operations

Work = Callable[[str], Coroutine[Any, Any, None]]


class HelmWork:
    """The works by action id; each is given the argument of a command and runs in a worker."""

    def __init__(self, app: "App[Any]", frame: "Frame", operations: "Operations", shelf: Shelf) -> None:
        self.shelf = shelf
        self._app = app
        self._frame = frame
        self._applying = Applying(frame, operations)
        self.works: Mapping[str, Work] = {
            "helm-edit": self.edit,
            "helm-values": self._reader("values"),
            "helm-manifest": self._reader("manifest"),
            "helm-notes": self._reader("notes"),
            "helm-origin": self._reader("origin"),
            "helm-history": self.history,
            "helm-rollback": self.rollback,
            "helm-compare": self.compare,
            "helm-upgrade": self.upgrade,
            "helm-install": self.install,
            "helm-uninstall": self.uninstall,
        }

    # ------------------------------------------------------------------ which release
    def records(self, namespace: str, name: str) -> list[Record]:
        """The revisions of a release, the oldest first."""
        return history_of(self._frame.client.objects(SECRETS, namespace), namespace, name)

    def _target(self, name: str = "") -> tuple[Record, list[Record]] | None:
        """The revision that an action is about, and all of its release; says so when there is none."""
        table = self._frame.table
        record = table.cursor_record if isinstance(table, HelmTable) else None
        if name:
            namespace = record.namespace if record is not None else self._frame.navigation.namespace or "default"
            found = self.records(namespace, name)
            if found:
                return found[-1], found
            self._frame.say(f"there is no release {name!r} in {namespace}", bad=True)
            return None
        if record is None and isinstance(table, HelmTable) and table.release:
            record = next(iter(reversed(self.records(table.namespace, table.release))), None)
        if record is None:
            self._frame.say("no release is highlighted; :helm lists them")
            return None
        return record, self.records(record.namespace, record.name)

    async def drill(self) -> None:
        """Enter: the objects of a release, or what a revision changed."""
        if isinstance(self._frame.table, RevisionTable):
            await self.compare("")
            return
        found = self._target()
        if found is not None:
            await self._go(MEMBERS, found[0])

    async def _go(self, gvr: Gvr, record: Record) -> None:
        scope = Scope("release", record.name, record.name, record.namespace)
        await self._frame.navigation.go(Place(gvr, record.namespace, "", scope), drill=True)

    # ------------------------------------------------------------------ reading
    def _reader(self, tab: str) -> Work:
        async def read(name: str) -> None:
            found = self._target(name)
            if found is None:
                return
            record, history = found
            chart, problem = None, ""
            try:
                chart = await in_thread(self.shelf.chart_for, record)
            except TemplateError as error:
                problem = str(error)
            given = await in_thread(self.shelf.given_for, record, history)
            await self._app.push_screen_wait(HelmReading(Subject(record, chart, given, problem), tab))

        return read

    async def history(self, name: str) -> None:
        """The revisions."""
        found = self._target(name)
        if found is not None:
            await self._go(REVISIONS, found[0])

    async def compare(self, argument: str) -> None:
        """The difference of two revisions: the marked ones, or the one under the cursor and the one before."""
        table = self._frame.table
        found = self._target()
        if found is None:
            return
        record, history = found
        numbers = [int(word) for word in argument.split() if word.isdecimal()]
        chosen = [each for each in history if each.version in numbers]
        if not chosen:
            chosen = table.chosen() if isinstance(table, RevisionTable) else [record]
        if len(chosen) < 2:
            chosen = [each for each in history if each.version < chosen[0].version][-1:] + chosen
        if len(chosen) < 2:
            self._frame.say("there is no revision before this one; Space marks two to compare")
            return
        old, new = chosen[0], chosen[-1]
        try:
            plan = await in_thread(compare, old, new)
        except TemplateError as error:
            self._frame.say(str(error), bad=True)
            return
        title = f"{new.name}: revision {old.version} → {new.version}"
        await self._app.push_screen_wait(Hunks(title, [*plan.values, *full_lines(plan)]))

    # ------------------------------------------------------------------ changing
    async def preview(
        self, intent: Intent, before: Record | None, *, editable: bool = False, origin: str = ""
    ) -> str | None:
        """Show what an intent changes; carry it out when the person says so. The person's answer."""
        answer = await self._app.push_screen_wait(
            Preview(self._frame.client, intent, before, editable=editable, origin=origin)
        )
        if answer == APPLY:
            now = deployed(self.records(intent.namespace, intent.name))
            if (now.version if now else 0) != (before.version if before else 0):
                self._frame.say(f"{intent.name} has changed meanwhile: this is what it would be now")
                return await self.preview(intent, now, editable=editable, origin=origin)
            await self.apply(intent, before)
        return answer

    async def apply(self, intent: Intent, before: Record | None, note: str = "") -> None:
        """Carry an intent out without asking: the person has seen it, or wants it so for a watched release."""
        await self._applying.carry_out(intent, before, note)

    async def show(self, intent: Intent, origin: str) -> None:
        """The preview of what a saved file would change."""
        await self.preview(intent, deployed(self.records(intent.namespace, intent.name)), origin=origin)

    async def edit(self, name: str) -> None:
        """Edit the values, look at what they change, go back to the editor or apply."""
        found = self._target(name)
        if found is None:
            return
        history = found[1]
        record = history[-1]
        try:
            chart = await in_thread(self.shelf.chart_for, record)
        except TemplateError as error:
            self._frame.say(str(error), bad=True)
            return
        given = await in_thread(self.shelf.given_for, record, history)
        begin = text = editable_text(given, chart)
        while True:
            title = f"Values of {record.namespace}/{record.name}"
            edited = await self._app.push_screen_wait(ValuesEditor(title, text, chart, begin))
            if edited is None:
                return
            text = edited
            intent = Intent("upgrade", record.name, record.namespace, chart, parse(text))
            if await self.preview(intent, deployed(history), editable=True) != EDIT:
                return

    async def rollback(self, argument: str) -> None:
        """Roll back to the revision under the cursor, the one named, or the one before."""
        found = self._target()
        if found is None:
            return
        record, history = found
        last = history[-1]
        wanted = int(argument) if argument.isdecimal() else 0
        if not wanted:
            wanted = record.version if isinstance(self._frame.table, RevisionTable) else last.version - 1
        if wanted < 1:
            self._frame.say(f"{record.name} has no earlier revision")
        elif wanted == last.version:
            self._frame.say(f"revision {wanted} is the present one")
        else:
            await self.preview(Intent("rollback", record.name, record.namespace, revision=wanted), last)

    async def upgrade(self, argument: str) -> None:
        """Upgrade from the release's files, or from a chart: ``[NAME [CHART]] [-f FILE] [--set KEY=VALUE]``."""
        try:
            typed = read_line(argument)
            found = self._target("".join(typed.words[:1]))
            if found is None:
                return
            record, history = found[1][-1], found[1]
            if len(typed.words) > 1:
                chart = await in_thread(self.shelf.chart, typed.words[1])
            else:
                chart = await in_thread(self.shelf.chart_for, record)
            given = await in_thread(self._given, record, history, typed)
        except (TemplateError, OSError) as error:
            self._frame.say(str(error), bad=True)
            return
        intent = Intent("upgrade", record.name, record.namespace, chart, given.values, given.sources)
        await self.preview(intent, deployed(history))

    def _given(self, record: Record, history: list[Record], typed: Typed) -> Given:
        """The files that were typed, else the release's own, with the flags on top; else what it has."""
        origin = self.shelf.origin(record.namespace, record.name)
        if origin is not None and not typed.files and (origin.values or origin.set):
            return read_given(origin._replace(set=(*origin.set, *typed.set)))
        if typed.has_values:
            return read_given(Origin(record.name, record.namespace, Path(), typed.files, typed.set))
        return self.shelf.given_for(record, history)

    async def install(self, argument: str) -> None:
        """Install a chart: ``NAME CHART [-n NAMESPACE] [-f FILE] [--set KEY=VALUE]``; asks without an argument."""
        line = argument or await self._ask()
        if not line:
            return
        try:
            typed = read_line(line)
            if len(typed.words) != 2:
                raise ChartError("install NAME CHART: a chart is a folder, an archive, or one of a repository")
            name, reference = typed.words
            namespace = typed.namespace or self._frame.navigation.namespace or "default"
            path = await in_thread(self.shelf.path_of, reference)
            origin = Origin(name, namespace, path, typed.files, typed.set)
            chart = await in_thread(self.shelf.chart, str(path))
            given = await in_thread(read_given, origin)
            if deployed(self.records(namespace, name)) is not None:
                raise ChartError(f"{namespace}/{name}: cannot reuse a name that is still in use")
        except (TemplateError, OSError) as error:
            self._frame.say(str(error), bad=True)
            return
        intent = Intent("install", name, namespace, chart, given.values, given.sources)
        if await self.preview(intent, None) == APPLY:
            self.shelf.remember(origin)

    async def _ask(self) -> str | None:
        from kubetui.panes.helm.asking import Install  # noqa: PLC0415 - only when it is asked for

        dialog = Install(self.shelf.names, self._frame.navigation.namespace or "default")
        return await self._app.push_screen_wait(dialog)

    async def uninstall(self, name: str) -> None:
        """Uninstall; what was deleted can be brought back with undo."""
        found = self._target(name)
        if found is None:
            return
        record, history = found
        if not self._frame.client.simulated and not await self._agreed(record):
            return
        await self._applying.uninstall(record, history)
        table = self._frame.table
        if isinstance(table, HelmTable) and table.gvr != RELEASES:
            await self._frame.navigation.back("")

    async def _agreed(self, record: Record) -> bool:
        from kubetui.model.helm.members import members_of  # noqa: PLC0415 - for real clusters only
        from kubetui.panes.dialogs.frame import Confirm  # noqa: PLC0415

        members = members_of(self._frame.client, record)
        names = [f"{each.kind} {each.key.namespace}/{each.key.name}".replace(" /", " ") for each in members]
        return await self._app.push_screen_wait(Confirm(f"Uninstall {record.name}?", names, "Uninstall")) is True
