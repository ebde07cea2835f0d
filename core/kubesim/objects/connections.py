"""What programs and the network say to each other: names that are looked up, connections that are tried."""

from typing import NamedTuple, Protocol

CONNECTED, REFUSED, TIMED_OUT, UNRESOLVED = "connected", "refused", "timeout", "unresolved"
NOERROR, NXDOMAIN, NO_SERVER = "NOERROR", "NXDOMAIN", "TIMEOUT"


class Record(NamedTuple):
    """One DNS record; ``name`` ends with a dot."""

    name: str
    kind: str
    data: str


class Answer(NamedTuple):
    """What a name server says, or NO_SERVER when none does."""

    code: str
    records: tuple[Record, ...] = ()

    def addresses(self) -> list[str]:
        """The addresses among the records."""
        return [record.data for record in self.records if record.kind in {"A", "AAAA"}]


class Lookup(NamedTuple):
    """A name as a pod's resolver looked it up: the names it tried, and the last answer."""

    server: str
    tried: tuple[tuple[str, Answer], ...]

    @property
    def answer(self) -> Answer:
        """The last one."""
        return self.tried[-1][1] if self.tried else Answer(NXDOMAIN)

    @property
    def name(self) -> str:
        """The name that it is about, without the last dot."""
        return self.tried[-1][0].removesuffix(".") if self.tried else ""


class Wire(Protocol):
    """A connection without a socket."""

    closed: bool

    def feed(self, data: bytes) -> bytes:
        """What the other side answers to these bytes."""


class Attempt(NamedTuple):
    """A connection that was tried: what came of it, the address it went to, and the wire when there is one."""

    outcome: str
    ip: str = ""
    wire: Wire | None = None


class World(Protocol):
    """The network as one pod sees it."""

    def answers(self, host: str, port: int | None) -> bool:
        """Whether a name resolves and, with a port, somebody listens there."""

    def lookup(self, name: str, kind: str = "A", *, search: bool = True) -> Lookup:
        """Ask the name servers of the pod."""

    def open(self, host: str, port: int, protocol: str = "TCP") -> Attempt:
        """Try a connection."""


class Capacity(NamedTuple):
    """What a container can serve with: thousandths of a core (0 for none), and what one request costs it by default."""

    cpu_milli: int
    cost_milli: int
    """Milliseconds of one core."""


class Caller(NamedTuple):
    """A program that fetches something again and again: the pod it is in, what it fetches, how often a second."""

    namespace: str
    pod: str
    host: str
    port: int
    rate: float
