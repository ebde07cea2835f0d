"""The explorer's client of a cluster in this process: requests go straight in, rows come from the store's log."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from kubesim.objects.errors import ApiError
from kubesim.objects.wire import Gvr, Key, Request, Response, Tree, WatchEvent
from kubetui.client import loops
from kubetui.client.feed import Feed, LocalCursor
from kubetui.client.insight import LocalInsight
from kubetui.client.past.machine import TimeMachine
from kubetui.client.past.record import refused as refused_by_past
from kubetui.client.port import ControlLoop, LogLine, Queue, Resource, Usage
from kubetui.model.pump import Pump

if TYPE_CHECKING:
    from kubetui.client.breaking import BreakPoints

Cluster = Any
"""A ``kubesim.cluster.Cluster``; importing it here would load the simulator before the first paint."""


class LocalTime:
    """The clock of the cluster in this process."""

    def __init__(self, cluster: Cluster, pump: Pump, past: TimeMachine) -> None:
        self.past = past
        self.era = 0
        self._cluster = cluster
        self._pump = pump

    def show(self, cluster: Cluster) -> None:
        """Another time of the cluster is shown."""
        self._cluster = cluster
        self.era += 1

    @property
    def now(self) -> int:
        """The present."""
        return self._pump.now

    @property
    def epoch(self) -> int:
        """When the cluster was born."""
        return int(self._cluster.loop.epoch)

    @property
    def paused(self) -> bool:
        """True while time stands."""
        return self._pump.paused

    @property
    def speed(self) -> float:
        """Virtual seconds a wall second."""
        return self._pump.speed

    @property
    def revision(self) -> int:
        """The newest revision of the store."""
        return int(self._cluster.store.revision)

    @property
    def seed(self) -> int:
        """The seed of the cluster's chance."""
        return int(self._cluster.chance.seed)

    def pause(self) -> None:
        """Stop time."""
        self._pump.pause()

    def resume(self) -> None:
        """Let time run."""
        self._pump.resume()

    def set_speed(self, speed: float) -> None:
        """Change the speed."""
        self._pump.set_speed(speed)

    async def step(self, count: int = 1) -> int:
        """Pause, then do ``count`` units of work."""
        return await self._pump.step(count)

    async def advance(self, duration_ms: int) -> None:
        """Run a stretch of virtual time as fast as possible."""
        await self._pump.advance(duration_ms)

    def next_step(self) -> str:
        """What is due next."""
        callback = self._cluster.loop.peek()
        owner = getattr(callback, "__self__", None)
        if owner is None:
            return ""
        describe = getattr(owner, "describe_next", None)
        if describe is not None:
            return str(describe())
        kind = type(owner).__name__
        return str(getattr(owner, "name", "") or loops.WORDS.get(kind, kind))

    def queues(self) -> Sequence[Queue]:
        """The components and their queues."""
        return [Queue(str(name), int(depth)) for name, depth, *_ in self._cluster.components()]

    def loops(self) -> Sequence[ControlLoop]:
        """The control loops and what they have to do."""
        return loops.all_of(self._cluster)

    async def step_loop(self, name: str) -> bool:
        """Pause, then run until a control loop has done its next reconcile."""
        return await loops.step(self._pump, self._cluster, name)

    def key_pressed(self) -> None:
        """Somebody types."""
        self._pump.key_pressed()


class LocalWatch:
    """A watch on the cluster's API; the API's own cursor only pulls, so closing it is letting go.

    When another time of the cluster is shown the watch begins anew there.
    """

    def __init__(self, client: "LocalClient", request: Request) -> None:
        self._client = client
        self._request = request
        self._era = client.time.era
        self._cursor: Any = client.cluster.api.watch(request)

    def poll(self, limit: int | None = None) -> list[WatchEvent]:
        """The events since the last call."""
        if self._cursor is None:
            return []
        if self._era != self._client.time.era:
            self._era = self._client.time.era
            try:
                self._cursor = self._client.cluster.api.watch(self._request)
            except ApiError:
                self._cursor = None
                return []
        found: list[WatchEvent] = self._cursor.poll(limit)
        return found

    def close(self) -> None:
        """Stop following."""
        self._cursor = None


class LocalLogs:
    """Follows the log of one simulated container."""

    def __init__(self, read: Callable[[], Sequence[Any]]) -> None:
        self.error = ""
        self._read = read
        self._seen = 0

    def poll(self) -> list[LogLine]:
        """The lines since the last call."""
        try:
            lines = self._read()
        except ApiError as error:
            self.error = str(error)
            return []
        self.error = ""
        if len(lines) < self._seen:
            self._seen = 0
        fresh = [LogLine(line[0], line[1]) for line in lines[self._seen :]]
        self._seen = len(lines)
        return fresh

    def close(self) -> None:
        """Nothing to let go of."""


class LocalConnection:
    """A connection to a simulated pod: what is written is answered at once."""

    def __init__(self, wire: Any, poke: Callable[[], None]) -> None:
        self._wire = wire
        self._poke = poke
        self._answers: list[bytes] = []
        self._waiting: Any = None
        self._closed = False

    async def write(self, data: bytes) -> None:
        """Send bytes to the pod."""
        if self._closed or self._wire.closed:
            msg = "connection closed by the pod"
            raise ConnectionError(msg)
        answer = self._wire.feed(data)
        if answer:
            self._answers.append(answer)
        self._poke()
        self._wake()

    async def read(self) -> bytes:
        """The next bytes from the pod; empty at the end."""
        import asyncio  # noqa: PLC0415 - here only: importing the client must stay light

        while not self._answers and not self._closed and not self._wire.closed:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return self._answers.pop(0) if self._answers else b""

    def close(self) -> None:
        """Hang up."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)


class LocalClient:
    """A ``ClusterClient`` over a simulated cluster in this process. Needs a running asyncio loop for its clock."""

    simulated = True

    def __init__(self, cluster: Cluster, name: str = "", *, read_only: bool = False) -> None:
        self.cluster = cluster
        self.name = name or str(getattr(getattr(cluster, "settings", None), "name", "") or "kubetui")
        self.read_only = read_only
        self.pump = Pump(cluster.loop, self._after_slice)
        self.engine: Any = cluster.loop
        """What the pump drives: the cluster's loop, or the playback of its past."""
        self.past = TimeMachine(self)
        self.time = LocalTime(cluster, self.pump, self.past)
        self.insight = LocalInsight(cluster)
        self.answered: Callable[[Callable[[], Response]], Awaitable[Response]] | None = None
        """Carries requests in until all webhooks have answered; there once the cluster is served."""
        self._feed = Feed(cluster.store)
        self._listeners: list[Callable[[], None]] = []
        self._told = -1
        self._breaks: BreakPoints | None = None
        self.on_switch: Callable[[], None] | None = None
        """Called after another time of the cluster is shown."""

    @property
    def breaks(self) -> "BreakPoints":
        """The break points."""
        if self._breaks is None:
            from kubetui.client.breaking import BreakPoints  # noqa: PLC0415 - not before the first paint

            self._breaks = BreakPoints(self)
        return self._breaks

    @property
    def version(self) -> str:
        """The server's gitVersion."""
        return str(getattr(self.cluster, "version", "v1.37.0"))

    def now(self) -> int:
        """The present."""
        return self.pump.now

    def resources(self) -> Sequence[Resource]:
        """Every resource that is served at present."""
        return [
            Resource(s.gvr, s.kind, s.namespaced, s.singular, s.short_names, s.categories, s.verbs, s.subresources)
            for s in self.cluster.api.resources()
        ]

    async def send(self, request: Request) -> Response:
        """Carry out one request at the present instant."""
        if self.read_only and request.verb not in {"get", "list", "watch"}:
            return _refused(request)
        self.pump.catch_up()
        if not self.past.about_to_send(request.verb, request):
            return refused_by_past(request)
        work = partial(self.cluster.api.handle, request)
        response: Response = work() if self.answered is None else await self.answered(work)
        self.poke()
        return response

    def rehearse(self) -> "LocalClient":
        """A client of an independent copy of the cluster; its time moves only when it is told to."""
        self.pump.catch_up()
        return LocalClient(self.cluster.fork(), self.name)

    def switch(self, cluster: Cluster, engine: Any) -> None:
        """Show another time of the cluster, which the engine drives. Time stands afterwards."""
        self.cluster = cluster
        self.engine = engine
        self.pump.drive(engine)
        self.time.show(cluster)
        self.insight.show(cluster)
        self._feed.replace(cluster.store)
        self._told = -1
        if self._breaks is not None:
            self._breaks.anew()
        self._after_slice()
        if self.on_switch is not None:
            self.on_switch()

    def poke(self) -> None:
        """Something acted on the cluster (HTTP, Helm, the screen): tell the clock and the listeners."""
        self.pump.poke()
        self._after_slice()

    def rows(self, gvr: Gvr, namespace: str = "") -> LocalCursor:
        """Follow a table."""
        strategy = self.cluster.api.strategy(gvr)
        shown = gvr if strategy.custom else None
        return self._feed.cursor(strategy.storage or gvr, namespace, strategy, shown)

    def watch(self, request: Request) -> LocalWatch:
        """Follow a watch request. Raises ApiError when it is refused."""
        return LocalWatch(self, request)

    def logs(self, namespace: str, pod: str, container: str = "", *, previous: bool = False) -> LocalLogs:
        """Follow a container's log."""

        def read() -> Sequence[Any]:
            lines: Sequence[Any] = self.cluster.kubelets.logs(namespace, pod, container, previous)
            return lines

        return LocalLogs(read)

    async def connect(self, namespace: str, pod: str, port: int) -> LocalConnection:
        """Open a connection to a port of a pod."""
        self.pump.catch_up()
        try:
            wire = self.cluster.kubelets.connect(namespace, pod, port)
        except ApiError as error:
            raise ConnectionError(str(error)) from error
        return LocalConnection(wire, self.poke)

    def execute(self, namespace: str, pod: str, container: str, argv: tuple[str, ...]) -> tuple[int, str]:
        """Run a command in a container: its exit code and what it wrote, or why it could not run."""
        self.pump.catch_up()
        try:
            outcome = self.cluster.kubelets.execute(namespace, pod, container, argv)
        except ApiError as error:
            return 1, str(error)
        self.poke()
        return int(outcome.code), str(outcome.output)

    async def pipe(
        self, namespace: str, pod: str, container: str, argv: tuple[str, ...], stdin: bytes = b""
    ) -> tuple[int, bytes, str]:
        """Run a command with some input: its exit code, its output, its complaints. Raises ConnectionError."""
        self.pump.catch_up()
        try:
            outcome = self.cluster.kubelets.execute(namespace, pod, container, argv, stdin)
        except ApiError as error:
            raise ConnectionError(str(error)) from error
        self.poke()
        return int(outcome.code), str(outcome.stdout).encode("utf-8", "surrogateescape"), str(outcome.errors)

    def usage(self, key: Key) -> Usage | None:
        """Live use of a pod or a node."""
        found = self.cluster.kubelets.usage(key.namespace, key.name)
        return None if found is None else Usage(int(found[0]), int(found[1]))

    def objects(self, gvr: Gvr, namespace: str = "") -> Sequence[Tree]:
        """The objects of a kind."""
        found: Sequence[Tree] = self.cluster.store.range(gvr, namespace)
        return found

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call a listener whenever cursors may have something new."""
        self._listeners.append(listener)

    async def close(self) -> None:
        """Stop the clock."""
        self.pump.pause()
        self.past.close()

    def _after_slice(self) -> None:
        self.past.lived()
        revision = self.cluster.store.revision
        if revision == self._told:
            return
        self._told = revision
        self._feed.gather()
        for listener in self._listeners:
            listener()


def _refused(request: Request) -> Response:
    status: Mapping[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f"read-only: {request.verb} {request.key.gvr.qualified} was not sent",
        "reason": "Forbidden",
        "code": 403,
    }
    return Response(403, status)
