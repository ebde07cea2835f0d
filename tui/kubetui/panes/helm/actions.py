"""The actions on Helm's releases by id; what does the work is imported when the first of them is asked for."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubetui.model.places import Place
from kubetui.panes.resource import ResourceTable

if TYPE_CHECKING:
    from textual.app import App

    from kubetui.model.helm.shelf import Origin
    from kubetui.panes.frame import Frame
    from kubetui.panes.helm.watching import Watching
    from kubetui.panes.helm.work import HelmWork
    from kubetui.panes.operations import Operations

Handler = Callable[[str], Awaitable[None]]

WORKS = (
    "helm-edit", "helm-values", "helm-manifest", "helm-notes", "helm-origin", "helm-history", "helm-rollback",
    "helm-compare", "helm-upgrade", "helm-install", "helm-uninstall",
)  # fmt: skip
"""Actions that ``HelmWork`` carries out."""

INSTEAD: Mapping[str, str] = {
    "describe": "helm-notes", "yaml": "helm-manifest", "edit": "helm-edit", "delete": "helm-uninstall",
    "why": "helm-origin", "rollback": "helm-rollback",
}  # fmt: skip
"""What the commands for objects mean for a release."""

NOT_HERE = frozenset({
    "logs", "events-of", "decode", "kill", "evict", "scale", "scale-up", "scale-down", "restart", "set-image",
    "trigger", "suspend", "cordon", "uncordon", "drain", "chaos", "crash", "forward", "logs-previous", "owner", "node",
})  # fmt: skip


class Helm:
    """Runs the actions on releases; ``origins`` say where releases come from, ``folder`` holds the sample's charts."""

    def __init__(
        self,
        app: "App[Any]",
        frame: "Frame",
        operations: "Operations",
        *,
        folder: Path | None = None,
        origins: "Sequence[Origin]" = (),
    ) -> None:
        self._app = app
        self._frame = frame
        self._operations = operations
        self._folder = folder
        self._origins = origins
        self._work: HelmWork | None = None
        self._watching: Watching | None = None
        self.handlers: dict[str, Handler] = {"helm": self.helm, **{name: self._later(name) for name in WORKS}}

    @property
    def work(self) -> "HelmWork":
        """Does what the actions say."""
        if self._work is None:
            from kubetui.model.helm.shelf import Shelf  # noqa: PLC0415 - not before the first paint
            from kubetui.panes.helm.work import HelmWork  # noqa: PLC0415

            self._work = HelmWork(self._app, self._frame, self._operations, Shelf(self._folder, self._origins))
        return self._work

    def _later(self, name: str) -> Handler:
        async def handle(argument: str) -> None:
            self._frame.background(self.work.works[name](argument))

        return handle

    async def helm(self, argument: str) -> None:
        """``:helm`` lists releases, of a namespace when one is named; ``:helm VERB ...`` does what the verb says."""
        word, _, rest = argument.partition(" ")
        verbs = {name.removeprefix("helm-"): name for name in WORKS}
        if word in verbs:
            await self.handlers[verbs[word]](rest.strip())
            return
        navigation = self._frame.navigation
        namespace = navigation.namespace
        if word not in {"", "list", "ls"}:
            namespace = "" if word in {"all", "*", "-A"} else word
            navigation.use(namespace)
        from kubetui.model.helm.releases import RELEASES  # noqa: PLC0415

        await navigation.go(Place(RELEASES, namespace))

    # ------------------------------------------------------------------ in the tables of Helm
    def over(self, handlers: Mapping[str, Handler]) -> dict[str, Handler]:
        """Handlers of actions on objects that know what to do when the row is a release."""
        wanted = {*INSTEAD, *NOT_HERE, "drill"}
        return {name: self._either(name, handler) for name, handler in handlers.items() if name in wanted}

    def _either(self, name: str, usual: Handler) -> Handler:
        async def handle(argument: str) -> None:
            table = self._frame.table
            resource = table.gvr.resource if isinstance(table, ResourceTable) and table.gvr.group == "helm.sh" else ""
            if resource in {"", "resources"}:
                await usual(argument)
            elif name == "drill":
                self._frame.background(self.work.drill())
            elif name == "delete" and resource == "revisions":
                self._frame.say("a revision goes with its release: Ctrl-D in :helm uninstalls that")
            elif name in INSTEAD:
                await self.handlers[INSTEAD[name]](argument)
            else:
                self._frame.say(f"{self._frame.keymap.actions[name].help}: not for a release")

        return handle

    # ------------------------------------------------------------------ watched files
    def start(self) -> None:
        """Watch the values files of the releases that ask for it."""
        watched = [origin for origin in self._origins if origin.watch]
        if watched:
            from kubetui.panes.helm.watching import Watching  # noqa: PLC0415 - only when there is something to watch

            self._watching = Watching(self._frame, self.work, watched)
            self._watching.start()

    async def close(self) -> None:
        """Watch no longer."""
        if self._watching is not None:
            await self._watching.close()
