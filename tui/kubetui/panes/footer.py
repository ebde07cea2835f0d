"""The lines at the foot: breadcrumbs with the state of the view, and the keys that do something here and now."""

from collections.abc import Sequence

from kubetui.keys import Keymap
from kubetui.model.places import Place
from kubetui.panes.bars import Bar, Run, fitting, measure


class Footer(Bar):
    """The keys of the focused pane, from the registry."""

    COMPONENT_CLASSES = {"footer--key", "footer--label"}  # noqa: RUF012 - as Textual declares it

    def __init__(self, keymap: Keymap) -> None:
        super().__init__(id="footer")
        self._keymap = keymap
        self._contexts: tuple[str, ...] = ("anywhere",)

    def show(self, contexts: tuple[str, ...]) -> None:
        """Another pane has the keys."""
        if contexts != self._contexts:
            self._contexts = contexts
            self.refresh()

    def lines(self, width: int) -> Sequence[Sequence[Run]]:
        """As many keys as fit, the most useful first; how to find the others stays."""
        actions = self._keymap.footer(self._contexts)
        groups = [
            (
                0 if action.id in {"help", "command"} else position + 1,
                [(f"<{action.keys[0]}>", "footer--key"), (f"{action.label} ", "footer--label")],
            )
            for position, action in enumerate(actions)
        ]
        return ([(" ", ""), *fitting(groups, width - 1)],)


class Crumbs(Bar):
    """How the present view was reached, and at the right the state of the table."""

    COMPONENT_CLASSES = {"crumbs--step", "crumbs--current", "crumbs--state"}  # noqa: RUF012 - as Textual declares it

    def __init__(self) -> None:
        super().__init__(id="crumbs")
        self._trail: tuple[Place, ...] = ()
        self._state = ""

    def show(self, trail: Sequence[Place], state: str) -> None:
        """Another view, or another state of it."""
        if (tuple(trail), state) != (self._trail, self._state):
            self._trail, self._state = tuple(trail), state
            self.refresh()

    def lines(self, width: int) -> Sequence[Sequence[Run]]:
        """The trail to the left, the state to the right."""
        runs: list[Run] = [(" ", "")]
        for position, place in enumerate(self._trail):
            last = position == len(self._trail) - 1
            runs.append((f" {place.crumb} ", "crumbs--current" if last else "crumbs--step"))
            runs.append((" ", ""))
        spare = width - measure(runs) - len(self._state) - 1
        if spare < 0:
            return (runs,)
        return ([*runs, (" " * spare, ""), (self._state, "crumbs--state")],)
