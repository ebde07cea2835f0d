"""The port between kubelet and container runtime: what a started container is asked."""

from typing import Any, NamedTuple, Protocol

from kubesim.objects.wire import Tree

COMPLETED, ERROR, OOM_KILLED, START_ERROR, UNKNOWN = "Completed", "Error", "OOMKilled", "StartError", "Unknown"
KILLED = 137
"""The exit code of SIGKILL."""


class LogLine(NamedTuple):
    """One line that a container wrote."""

    at_ms: int
    text: str


class Ended(NamedTuple):
    """How a container ended."""

    at_ms: int
    code: int
    reason: str
    message: str = ""


LIMIT_OF_FILES = 10_000
"""How many files a container or a volume can be given."""
FAR_TOO_LONG = 4 * 1024 * 1024
"""How long a file can be, in characters."""

Change = tuple[str, str | None]
"""A file by its path and what it holds now; None when it was removed."""


class Outcome(NamedTuple):
    """What a command gave: exit code, standard output and error together, and how long it ran in milliseconds."""

    code: int
    output: str
    millis: int = 0
    errors: str = ""
    """What of the output went to standard error."""
    stdout: str = ""
    changes: tuple[Change, ...] = ()
    """What it did to files."""
    not_found: bool = False
    """Whether there is no such program."""
    timeline: Any = None
    """What it writes when: the runtime's own."""


class Piece(NamedTuple):
    """From ``since_ms`` on (milliseconds since 1970) a probe succeeds, or fails with this text."""

    since_ms: int
    ok: bool
    message: str = ""
    warns: bool = False
    """Whether it succeeds with a warning, which the message is."""
    millis: int = 0
    """How long it takes; -1 for ever."""
    errs: bool = False
    """Whether it could not be made at all, for the reason that the message is."""


class Facts(NamedTuple):
    """What a container can know about where it runs."""

    namespace: str
    pod: str
    uid: str
    container: str
    image: str
    node: str
    host_ip: str
    ip: str


class Connection(Protocol):
    """One TCP connection to a container, without a socket: bytes in, bytes out."""

    closed: bool
    """Whether the container has closed its side; what is fed afterwards is lost."""

    def feed(self, data: bytes) -> bytes:
        """What the container answers to these bytes."""


class Process(Protocol):
    """One run of one container."""

    started_ms: int
    ends: Ended | None
    """How and when it ends if nobody interferes; None while it would run for ever."""

    def terminate(self, now: int, grace_ms: int) -> Ended:
        """How it ends when it is sent TERM now and KILL after the grace."""

    def probe(self, kind: str, action: Tree, port: int, ip: str) -> tuple[Piece, ...]:
        """The outcomes of a probe over the life of the process, first piece first."""

    def execute(self, argv: tuple[str, ...], now: int) -> Outcome:
        """Run a command beside it."""

    def logs(self, until: int, limit: int) -> list[LogLine]:
        """The last lines that it wrote up to then."""

    def usage(self, now: int) -> tuple[int, int]:
        """Milli-cores and bytes in use."""
