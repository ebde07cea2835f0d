"""The state of a simulated shell, and what a command can do to it: write, put files, let time pass, stop."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from kubesim.kubelet.simruntime.timeline import OUT, REMOVE, WRITE, Event, Loop

if TYPE_CHECKING:
    from kubesim.kubelet.simruntime.shell import Node

MAX_EVENTS = 5_000


class World(Protocol):
    """The network as a program sees it."""

    def answers(self, host: str, port: int | None) -> bool:
        """Whether a name resolves and, with a port, somebody listens there."""


class Surroundings(NamedTuple):
    """What a program finds: variables, files (path to content), its host name, hosts that answer, and its image."""

    env: Mapping[str, str]
    files: Mapping[str, str]
    hostname: str = ""
    world: World | None = None
    """Who else there is; None: nobody answers."""
    serves: bool = False
    """Whether a program that is not known here is the image's server."""
    one_shot_ms: int = 0
    """When not 0, an unknown program does its work in that time and succeeds."""


class StopError(Exception):
    """The program goes no further."""


class BreakError(Exception):
    """``break``."""


class ContinueError(Exception):
    """``continue``."""


class Machine:
    """The state of one shell."""

    def __init__(self, surroundings: Surroundings, variables: Mapping[str, str] | None = None) -> None:
        self.surroundings = surroundings
        self.variables = dict(surroundings.env if variables is None else variables)
        self.files = dict(surroundings.files)
        self.at_ms = 0
        self.status = 0
        self.events: list[Event] = []
        self.serves_ms: int | None = None
        self.loop: Loop | None = None
        self.trap: Node | None = None
        self.waits_for: dict[str, None] = {}
        """``host`` or ``host:port`` that did not answer."""
        self.asked = False
        """Whether anything depended on the network."""
        self.ended = False
        self.failing = False
        """``set -e``."""
        self.capture: list[str] | None = None
        """Where output goes instead of the log."""
        self.steps = 0
        self.depth = 0

    # ------------------------------------------------------------------ effects
    def write(self, text: str) -> None:
        """Standard output."""
        if self.capture is not None:
            self.capture.append(text)
        elif text:
            self._add(Event(self.at_ms, OUT, "", text))

    def complain(self, text: str) -> None:
        """Standard error: always the log, when the program itself runs."""
        self.write(text)

    def put(self, path: str, content: str) -> None:
        """Write a file."""
        self.files[path] = content
        self._add(Event(self.at_ms, WRITE, path, content))

    def drop(self, path: str) -> None:
        """Remove a file."""
        del self.files[path]
        self._add(Event(self.at_ms, REMOVE, path))

    def _add(self, event: Event) -> None:
        if len(self.events) < MAX_EVENTS:
            self.events.append(event)

    def finish(self, status: int) -> None:
        """``exit``."""
        self.status, self.ended = status, True
        raise StopError

    def stay(self) -> None:
        """Run on for ever."""
        raise StopError

    def reaches(self, host: str, port: int | None) -> bool:
        """Whether somebody answers there."""
        self.asked = True
        if host in {"localhost", "127.0.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}:
            return True
        world = self.surroundings.world
        found = world is not None and world.answers(host, port)
        if not found:
            self.waits_for[host if port is None else f"{host}:{port}"] = None
        return found

    def leave(self, *, again: bool) -> None:
        """``break`` and ``continue``."""
        raise ContinueError if again else BreakError
