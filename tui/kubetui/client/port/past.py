"""What the explorer asks of the past of a simulated cluster, and of other futures."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from kubesim.objects.wire import EMPTY, Key, Request


class Bookmark(NamedTuple):
    """A moment with a name."""

    name: str
    at: int
    revision: int = 0


class Attempt(NamedTuple):
    """What a change led to in a copy of the cluster: pods that came and went by node, pending ones by reason."""

    error: str = ""
    placed: Mapping[str, int] = EMPTY
    gone: Mapping[str, int] = EMPTY
    pending: Mapping[str, int] = EMPTY


class Trial(Protocol):
    """Tries changes of one object in copies of the cluster."""

    async def attempt(self, request: Request) -> Attempt:
        """What comes of a Request."""


class Outlook(Protocol):
    """Looks ahead in a copy of the cluster."""

    def cancel(self) -> None:
        """Stop."""

    async def forecast(
        self, requests: Sequence[Request], duration_ms: int, report: Callable[[float], None]
    ) -> list[Any] | None:
        """``model.outlook.Look`` after look, when these requests are sent now; None when it was cancelled.

        Raises ValueError when one of them is refused.
        """


class Branches(Protocol):
    """Another future beside the present."""

    active: bool
    started: int

    @property
    def outlook(self) -> Outlook:
        """Looks ahead."""

    async def begin(self) -> None:
        """Go on in a copy of what is shown."""

    def drop(self) -> None:
        """Back to what was shown before; the branch is gone."""

    def trial(self, key: Key) -> Trial:
        """A place to try changes of an object."""

    def cancel(self) -> None:
        """Stop comparing."""

    async def compare(self, duration_ms: int, report: Callable[[float], None]) -> tuple[Any, Any] | None:
        """The ``model.whatif.Outcome`` of both futures, so long from what is shown on; None when it was cancelled."""


class Seeker(Protocol):
    """Seeks a moment."""

    @property
    def part(self) -> float:
        """How much of the way to it has been gone, from 0 to 1."""


class Past(Protocol):
    """The past of a simulated cluster, and the way to it and back. Times are milliseconds since 1970."""

    problem: str

    @property
    def bookmarks(self) -> list[Bookmark]:
        """All bookmarks, in order of time."""

    @property
    def seeking(self) -> bool:
        """Whether a moment is being sought."""

    @property
    def seeker(self) -> Seeker:
        """Who seeks."""

    @property
    def branches(self) -> Branches:
        """The what-if of what is shown."""

    def keep_branch(self) -> None:
        """Make the branch the present."""

    def begin(self) -> None:
        """Keep the past from now on."""

    @property
    def away(self) -> bool:
        """Whether the past is shown; it is read-only."""

    @property
    def present(self) -> int:
        """The instant of the present, whatever is shown."""

    @property
    def oldest(self) -> int:
        """The instant before which nothing is kept."""

    def mark(self, name: str) -> Bookmark:
        """Set a bookmark at what is shown; without a name B1, B2 and so on."""

    async def back(self, steps: int) -> bool:
        """Go back so many units of work; False when that was cancelled or nothing is kept."""

    async def to_time(self, at: int) -> bool:
        """Go to an instant."""

    async def to_action(self, at: int) -> bool:
        """Go to just after what came from outside at an instant."""

    async def to_mark(self, name: str) -> bool:
        """Go to a bookmark. Raises KeyError."""

    def cancel(self) -> bool:
        """Stop seeking; False when nothing was sought."""

    def to_present(self) -> bool:
        """Show the present again."""

    def resume_here(self) -> None:
        """Make what is shown the present, and forget its future."""
