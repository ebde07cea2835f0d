"""The state of a simulated shell, and what a command can do to it: write, put files, let time pass, stop."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from kubesim.kubelet.simruntime import attributes, paths
from kubesim.kubelet.simruntime.attributes import Attributes, Person
from kubesim.kubelet.simruntime.timeline import ERRORS, OUT, REMOVE, WRITE, Event, Loop
from kubesim.objects.connections import CONNECTED, NXDOMAIN, REFUSED, Answer, Attempt, Lookup, World

if TYPE_CHECKING:
    from kubesim.kubelet.simruntime.shell import Node

FOLDER = "\x00cwd"
"""The variable that holds the working directory."""
USER = "\x00user"
"""The variable that holds the numbers of user and groups, ``1000:2000:3000,4000``; without it there is root."""
MASK = "\x00umask"
"""The variable that holds the permissions that new files do not get, in octal."""
SHELL = "\x00shell"
"""The variable that holds the name under which the shell was called; without it ``sh``."""
STDIN = "\x00stdin"
"""The variable that holds what a command reads."""
MAX_EVENTS = 5_000


class Stdin(NamedTuple):
    """What a program's own stdin gave so far."""

    text: str = ""
    more: bool = True
    """Whether more may come."""
    tty: bool = False


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
    programs: frozenset[str] | None = None
    """Which unknown programs there are; None: any."""
    stdin: Stdin | None = None
    """What the program itself reads; None: nothing."""


class StopError(Exception):
    """The program goes no further."""


class BreakError(Exception):
    """``break``."""


class ContinueError(Exception):
    """``continue``."""


class FileSystem:
    """The files that a shell sees, and what it may do to them."""

    variables: dict[str, str]
    files: dict[str, str]
    events: list[Event]
    at_ms: int

    def path(self, name: str) -> str:
        """A name as an absolute path."""
        return paths.absolute(name, self.variables.get(FOLDER, "/"))

    def put(self, path: str, content: str) -> None:
        """Write a file; a new one belongs to who writes it."""
        fresh = path not in self.files and self._owns(path)
        folder = path.endswith("/")
        made = attributes.created(self.files, path, self.person, self.mask, folder=folder) if fresh else None
        self.files[path] = content
        self._add(Event(self.at_ms, WRITE, path, content))
        if made is not None and made != Attributes(0o755 if folder else 0o644):
            self.own(path, made)

    def _owns(self, path: str) -> bool:
        """Whether a new file may have other attributes than one of root has."""
        above = attributes.key(paths.parent(path.rstrip("/")))
        return USER in self.variables or MASK in self.variables or above in self.files

    def drop(self, path: str) -> None:
        """Remove a file."""
        self.files.pop(path, None)
        self._add(Event(self.at_ms, REMOVE, path))
        if self.files.pop(attributes.key(path), None) is not None:
            self._add(Event(self.at_ms, REMOVE, attributes.key(path)))

    @property
    def person(self) -> Person:
        """Whom it runs as."""
        return attributes.person(self.variables.get(USER, ""))

    @property
    def mask(self) -> int:
        """The permissions that new files do not get."""
        return int(self.variables.get(MASK) or "22", 8)

    def attributes_of(self, path: str) -> Attributes:
        """Permissions and owner of a file or folder."""
        return attributes.of(self.files, path)

    def own(self, path: str, found: Attributes) -> None:
        """Give a file or folder permissions and an owner."""
        self.files[attributes.key(path)] = found.text
        self._add(Event(self.at_ms, WRITE, attributes.key(path), found.text))

    def may(self, path: str, right: int) -> bool:
        """Whether it may read, write or execute that."""
        return attributes.may(self.files, path, self.person, right)

    def may_put(self, path: str) -> bool:
        """Whether it may write that file, or make it."""
        return not self.refusal(path)

    def is_fixed(self, path: str) -> bool:
        """Whether nobody can change that."""
        return attributes.is_read_only(self.files, path)

    def refusal(self, path: str) -> str:
        """Why it may not write that file, or make it; "" when it may."""
        if self.is_fixed(path):
            return "Read-only file system"
        return "" if attributes.may_put(self.files, path, self.person) else "Permission denied"

    def _add(self, event: Event) -> None:
        if len(self.events) < MAX_EVENTS:
            self.events.append(event)


class Machine(FileSystem):
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
        self.mute = False
        """Whether standard error goes nowhere."""
        self.joined = False
        """Whether standard error goes where standard output goes."""
        self.steps = 0
        self.depth = 0
        self.calls: dict[str, str] = {}
        """What was fetched lately: the text by URL."""
        self.last: Node | None = None
        """What the program ends with."""
        self.read_to = 0
        """How much of the program's own stdin has been read."""
        self.inside = 0
        """How many shells that read commands are at work, one within the other."""
        self.hungry = False
        """Whether it stopped because it waits for more input."""
        self.replays: Mapping[str, str] | None = None
        """What was fetched when this round of a loop ran for the first time; None while that is now."""
        self.found: dict[tuple[str, str, bool], Lookup] = {}
        """What name servers said lately, by name, kind and whether the search list was used."""

    # ------------------------------------------------------------------ effects
    def write(self, text: str) -> None:
        """Standard output."""
        if self.capture is not None:
            self.capture.append(text)
        elif text:
            self._add(Event(self.at_ms, OUT, "", text))

    def complain(self, text: str) -> None:
        """Standard error: never what a pipe or a variable takes up."""
        if self.mute:
            return
        if self.joined:
            self.write(text)
        elif text:
            self._add(Event(self.at_ms, OUT, ERRORS, text))

    def finish(self, status: int) -> None:
        """``exit``."""
        self.status, self.ended = status, True
        raise StopError

    def stay(self) -> None:
        """Run on for ever."""
        raise StopError

    # ------------------------------------------------------------------ input
    @property
    def is_live(self) -> bool:
        """Whether a command reads the program's own stdin."""
        return self.surroundings.stdin is not None and STDIN not in self.variables

    def input(self) -> str:
        """All that a command reads: what is piped into it, or the rest of the program's own stdin."""
        own = self.surroundings.stdin
        if own is None or not self.is_live:
            return self.variables.get(STDIN, "")
        if own.more:
            self.hungry = True
            self.stay()
        start, self.read_to = self.read_to, len(own.text)
        return own.text[start:]

    def line(self) -> str | None:
        """The next line that a command reads, with its end; None when there is no more."""
        own = self.surroundings.stdin
        live = own is not None and self.is_live
        text = own.text[self.read_to :] if live and own is not None else self.variables.get(STDIN, "")
        line, end, rest = text.partition("\n")
        if live and own is not None:
            if own.more and not end:
                self.hungry = True
                self.stay()
            self.read_to += len(line) + len(end)
        elif text:
            self.variables[STDIN] = rest
        return line + end if text else None

    # ------------------------------------------------------------------ the network
    def reaches(self, host: str, port: int | None) -> bool:
        """Whether somebody answers there."""
        self.asked = True
        if host in {"localhost", "127.0.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}:
            return True
        world = self.surroundings.world
        return self._noted(world is not None and world.answers(host, port), host, port)

    def _noted(self, found: bool, host: str, port: int | None) -> bool:
        if not found:
            self.waits_for[host if port is None else f"{host}:{port}"] = None
        return found

    def lookup(self, name: str, kind: str = "A", *, search: bool = True) -> Lookup:
        """Ask the name servers."""
        self.asked = True
        world = self.surroundings.world
        known = None if self.replays is None else self.found.get((name, kind, search))
        if known is not None:
            return known
        if world is None:
            self._noted(False, name, None)
            return Lookup("10.96.0.10", ((name, Answer(NXDOMAIN)),))
        found = self.found[name, kind, search] = world.lookup(name, kind, search=search)
        self._noted(bool(found.answer.records), name, None)
        return found

    def connect(self, host: str, port: int, protocol: str = "TCP") -> Attempt:
        """Try a connection."""
        self.asked = True
        world = self.surroundings.world
        if world is None:
            return Attempt(CONNECTED if self._noted(host in {"localhost", "127.0.0.1"}, host, port) else REFUSED)
        found = world.open(host, port, protocol)
        self._noted(found.outcome == CONNECTED, host, port)
        return found

    def remembered(self, url: str) -> str | None:
        """What a fetch brought when this round of a loop ran for the first time; None when it runs now."""
        return None if self.replays is None else self.replays.get(url)

    def remember(self, url: str, text: str) -> None:
        """Note what a fetch brought."""
        self.calls[url] = text

    def leave(self, *, again: bool) -> None:
        """``break`` and ``continue``."""
        raise ContinueError if again else BreakError
