"""The command palette: every action that can be reached now, found by any part of its words."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Provider

from kubetui.keys import Action


class ActionSource(Protocol):
    """What the palette asks of the app."""

    def palette_actions(self) -> Sequence[Action]:
        """The actions that can be reached now."""

    async def run_action_id(self, action_id: str) -> Any:
        """Carry one out."""


class ActionProvider(Provider):
    """Feeds Textual's palette from the registry; the app must be an ActionSource."""

    @property
    def source(self) -> ActionSource:
        """The app."""
        return cast("ActionSource", self.app)

    async def discover(self) -> AsyncIterator[DiscoveryHit]:
        """Everything, while nothing is typed."""
        for action in self.source.palette_actions():
            yield DiscoveryHit(title(action), self._runner(action), help=action.help)

    async def search(self, query: str) -> AsyncIterator[Hit]:
        """What fits."""
        matcher = self.matcher(query)
        for action in self.source.palette_actions():
            text = title(action)
            score = max(matcher.match(text), matcher.match(action.help) * 0.8)
            if score > 0:
                yield Hit(score, matcher.highlight(text), self._runner(action), help=action.help)

    def _runner(self, action: Action) -> Callable[[], Any]:
        source = self.source

        async def run() -> None:
            await source.run_action_id(action.id)

        return run


def title(action: Action) -> str:
    """An action as the palette lists it: group, label, keys and command."""
    keys = f"  <{' '.join(action.keys)}>" if action.keys else ""
    command = f"  :{action.command}" if action.command else ""
    return f"{action.group}: {action.label}{keys}{command}"


def palette() -> CommandPalette:
    """The palette's screen, to be pushed by an app that is an ActionSource."""
    return CommandPalette(providers=[ActionProvider], placeholder="search all actions")
