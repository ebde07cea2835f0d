"""What the explorer asks of a cluster, in wire values only: requests, rows, watches, streams, time and causes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from kubesim.objects.wire import Gvr, Key, Request, Response, Tree, WatchEvent
from kubetui.client.port.past import Attempt as Attempt
from kubetui.client.port.past import Bookmark as Bookmark
from kubetui.client.port.past import Branches as Branches
from kubetui.client.port.past import Past as Past
from kubetui.client.port.past import Trial as Trial
from kubetui.client.port.time import Breaks as Breaks
from kubetui.client.port.time import ControlLoop as ControlLoop
from kubetui.client.port.time import Queue as Queue
from kubetui.client.port.time import TimeControl as TimeControl

MAX_SPEED = float("inf")
"""The speed at which virtual time runs as fast as the machine can."""

SPEEDS: tuple[float, ...] = (0.1, 1, 2, 5, 10, 60, 600, MAX_SPEED)
"""The speeds that ``<`` and ``>`` step through: virtual seconds a wall second."""


# ---------------------------------------------------------------------- tables
class Column(NamedTuple):
    """One column as the server prints it. ``priority`` above 0 is shown in wide tables only."""

    name: str
    type: str = "string"
    format: str = ""
    priority: int = 0


class Resource(NamedTuple):
    """One resource that the cluster serves, from discovery."""

    gvr: Gvr
    kind: str
    namespaced: bool
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()


class Row(Protocol):
    """One object of a table. Never changes: an update of the object is a new row."""

    @property
    def object(self) -> Tree:
        """The object (from a remote table: its metadata at least)."""

    @property
    def revision(self) -> str:
        """The object's resourceVersion."""

    def cells(self, now: int) -> Sequence[Any]:
        """The printed cells, one for each column; ``now`` in milliseconds since 1970. Computed when asked."""


class RowEvent(NamedTuple):
    """A change of a table: ``type`` is ADDED, MODIFIED, DELETED, or RESET (forget all rows)."""

    type: str
    key: Key
    row: Row | None


class RowCursor(Protocol):
    """Follows one table. Pulling is free when nothing changed; changes to one key between two pulls are one event."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns; known from the start for a local cluster, after the first answer for a remote one."""

    @property
    def synced(self) -> bool:
        """True once every object that existed at the start has been handed out by ``poll``."""

    @property
    def error(self) -> str:
        """Why the table cannot be read at the moment, or ""."""

    def poll(self, limit: int | None = None) -> list[RowEvent]:
        """The changes since the last call, at most ``limit``, the oldest first."""

    def close(self) -> None:
        """Stop following."""


class WatchCursor(Protocol):
    """Follows one watch request."""

    def poll(self, limit: int | None = None) -> list[WatchEvent]:
        """The events since the last call."""

    def close(self) -> None:
        """Stop following."""


# ---------------------------------------------------------------------- streams
class LogLine(NamedTuple):
    """One line that a container wrote; ``at`` in milliseconds since 1970."""

    at: int
    text: str


class LogCursor(Protocol):
    """Follows the log of one container."""

    @property
    def error(self) -> str:
        """Why there is no log (container waiting to start, no previous container), or ""."""

    def poll(self) -> list[LogLine]:
        """The lines since the last call; the first call hands out what is kept."""

    def close(self) -> None:
        """Stop following."""


class Connection(Protocol):
    """One connection to a port of a pod."""

    async def write(self, data: bytes) -> None:
        """Send bytes to the pod. Raises ConnectionError once the pod closed."""

    async def read(self) -> bytes:
        """The next bytes from the pod; empty at the end."""

    def close(self) -> None:
        """Hang up."""


class Usage(NamedTuple):
    """Live use of a pod or a node: thousandths of a CPU, bytes of memory."""

    cpu_milli: int
    memory_bytes: int


# ---------------------------------------------------------------------- causes
class JournalEntry(NamedTuple):
    """One write. ``cause`` is the revision that made ``actor`` act, 0 for a person or the passing of time."""

    revision: int
    at: int
    actor: str
    verb: str
    gvr: Gvr
    namespace: str
    name: str
    subresource: str
    cause: int
    note: str

    @property
    def key(self) -> Key:
        """The object that was written."""
        return Key(self.gvr, self.namespace, self.name)


class Version(NamedTuple):
    """One version of an object, with the write that made it; ``object`` is None once it is deleted."""

    revision: int
    at: int
    actor: str
    verb: str
    object: Tree | None


class Verdict(NamedTuple):
    """What the scheduler found about one node: the plugin that refused it and why, or its scores."""

    node: str
    plugin: str
    message: str
    scores: tuple[tuple[str, int], ...] = ()
    total: int | None = None


class Decision(NamedTuple):
    """The last scheduling cycle of a pod. ``node`` is "" when no node fits."""

    at: int
    node: str
    message: str
    verdicts: tuple[Verdict, ...]
    preemption: str = ""


class Statement(NamedTuple):
    """One sentence of an explanation; ``basis`` is observed, recomputed or inferred; ``key`` is what it is about."""

    basis: str
    text: str
    key: Key | None = None
    revision: int = 0


class Explanation(NamedTuple):
    """Why an object is as it is: symptom, statements, the scheduler's decision, the chain of writes (newest first)."""

    symptom: str
    statements: tuple[Statement, ...] = ()
    decision: Decision | None = None
    chain: tuple[JournalEntry, ...] = ()


class TraceHop(NamedTuple):
    """One station of a connection, and whether it got past it."""

    stage: str
    text: str
    ok: bool = True


class Trace(NamedTuple):
    """A connection followed hop by hop; ``error`` when the words mean nothing."""

    hops: tuple[TraceHop, ...] = ()
    outcome: str = ""
    connected: bool = False
    error: str = ""


class Traffic(NamedTuple):
    """What the simulated requests to a Service met: per second, and seconds until the answer."""

    rate: float
    errors: float
    latency: float


class Insight(Protocol):
    """What a simulated cluster can say about causes and a real one cannot."""

    def journal(self, position: int, limit: int | None = None) -> tuple[Sequence[JournalEntry], int]:
        """The writes from a position on (0: the oldest remembered) and the position after them."""

    def chain(self, about: Key | int) -> Sequence[JournalEntry]:
        """The last write of an object, or the write of a revision, and the writes that caused it; newest first."""

    def versions(self, keys: Sequence[Key]) -> Mapping[Key, Sequence[Version]]:
        """The versions of objects that are still kept, the oldest first."""

    def written(self, gvr: Gvr, namespace: str = "") -> Sequence[Key]:
        """The objects of a kind that are there, or were as far back as something is kept."""

    def decision(self, key: Key) -> Decision | None:
        """The scheduler's last verdict on a pod, or None."""

    def why(self, key: Key) -> Explanation:
        """The whole explanation of an object's state."""

    def trace(self, source: str, target: str, namespace: str) -> Trace:
        """Follow a connection from a pod, from outside or from the ingress controller to ``target``."""

    def outages(self) -> Sequence[str]:
        """The components of the control plane that do not work at present."""

    def traffic(self) -> tuple[int, Mapping[tuple[str, str], Traffic]]:
        """The simulated traffic by namespace and name of its Service, and a number that rises when it changes."""


# ---------------------------------------------------------------------- the port
class ClusterClient(Protocol):
    """A cluster as the explorer knows it; local (in this process) or remote (kubeconfig)."""

    @property
    def name(self) -> str:
        """The context's or the sample's name."""

    @property
    def simulated(self) -> bool:
        """True for the simulator: destructive actions can be undone."""

    @property
    def version(self) -> str:
        """The server's gitVersion, for instance v1.37.0; "" while unknown."""

    @property
    def time(self) -> TimeControl | None:
        """The clock's control, when the cluster is simulated."""

    @property
    def insight(self) -> Insight | None:
        """Causes, when the cluster is simulated."""

    @property
    def breaks(self) -> Breaks:
        """The moments that somebody waits for."""

    def now(self) -> int:
        """The cluster's present in milliseconds since 1970."""

    def resources(self) -> Sequence[Resource]:
        """Every resource that is served at present (custom ones come and go)."""

    async def send(self, request: Request) -> Response:
        """Carry out one request. Failures are responses with a code of 400 and up, never exceptions."""

    def rows(self, gvr: Gvr, namespace: str = "") -> RowCursor:
        """Follow a table; an empty namespace means all."""

    def watch(self, request: Request) -> WatchCursor:
        """Follow a watch request."""

    def logs(self, namespace: str, pod: str, container: str = "", *, previous: bool = False) -> LogCursor:
        """Follow a container's log; without a container the pod's first."""

    async def connect(self, namespace: str, pod: str, port: int) -> Connection:
        """Open a connection to a port of a pod. Raises ConnectionError with the reason."""

    async def pipe(
        self, namespace: str, pod: str, container: str, argv: tuple[str, ...], stdin: bytes = b""
    ) -> tuple[int, bytes, str]:
        """Run a command with some input: its exit code, its output, its complaints. Raises ConnectionError."""

    def usage(self, key: Key) -> Usage | None:
        """Live use of a pod or a node, when known."""

    def objects(self, gvr: Gvr, namespace: str = "") -> Sequence[Tree]:
        """The objects of a kind as far as they are known here and now, without asking the server (may be empty)."""

    def on_change(self, listener: Callable[[], None]) -> None:
        """Have a listener called, in the screen's event loop, whenever cursors may have something new."""

    async def close(self) -> None:
        """Let go of everything."""
