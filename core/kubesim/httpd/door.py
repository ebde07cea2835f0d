"""The door: accepts connections a few at a time and no more than the process can hold, and puts TLS on them."""

import asyncio
import asyncio.sslproto
import errno
import resource
import socket
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from kubesim.httpd.turns import Turns

AT_ONCE = 8
"""How many connections are accepted in one turn of the event loop: each costs a handshake of about a millisecond."""
MOST = 12_000
"""How many connections may be open."""
RESERVE = 64
"""How many open files are left to the rest of the process: volumes, logs, sockets of Ingresses, calls to webhooks."""
FILES = 65_536
"""How many open files are asked for, where the system allows as many."""
HANDSHAKE_SECONDS = 32
"""How long a client may take over its TLS handshake. # k8s: ReadHeaderTimeout of RunServer"""
FAREWELL_SECONDS = 5
REST_SECONDS = 0.2
"""How long nobody is let in after the system ran out of something."""
SCARCE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
BUFFER = 16 * 1024
"""What a connection reads at a time in bytes. asyncio's own 256 KiB would stay with thousands of idle connections."""
LARGE_BUFFER = 256 * 1024
"""The same while much comes in."""


def allow_files() -> int:
    """Raise the limit of open files as far as that goes, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return FILES if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        # Some systems have limits of their own beside the one that they tell.
        return soft
    return wanted


class Connection(asyncio.sslproto.SSLProtocol):
    """TLS on one connection, with a small buffer; tells the door when it is over."""

    max_size = BUFFER
    _ssl_buffer: bytearray
    _ssl_buffer_view: memoryview

    def __init__(self, door: "Door", protocol: asyncio.BaseProtocol, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            loop,
            protocol,
            context,
            loop.create_future(),
            server_side=True,
            ssl_handshake_timeout=HANDSHAKE_SECONDS,
            ssl_shutdown_timeout=FAREWELL_SECONDS,
        )
        self._door = door
        self._above = protocol
        self._below: asyncio.Transport | None = None
        self._size = BUFFER
        self._shaken = False
        waiter: asyncio.Future[None] = self._waiter
        waiter.add_done_callback(self._handshake_over)

    def _handshake_over(self, waiter: "asyncio.Future[None]") -> None:
        self._shaken = True
        # Nobody waits for the handshake; without a look at its outcome asyncio would complain.
        if not waiter.cancelled():
            waiter.exception()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is ready."""
        assert isinstance(transport, asyncio.Transport)
        self._below = transport
        super().connection_made(transport)

    def get_buffer(self, n: int) -> memoryview:
        """Where the next bytes go."""
        del n
        if len(self._ssl_buffer_view) != self._size:
            self._ssl_buffer = bytearray(self._size)
            self._ssl_buffer_view = memoryview(self._ssl_buffer)
        return self._ssl_buffer_view

    def buffer_updated(self, nbytes: int) -> None:
        """Some bytes have come. A step of the handshake takes a millisecond, so that it waits for its turn."""
        if self._shaken or self._below is None:
            if nbytes == self._size == BUFFER:
                self._size = LARGE_BUFFER
            super().buffer_updated(nbytes)
            return
        self._below.pause_reading()
        self._door.begin(self._step(nbytes))

    async def _step(self, nbytes: int) -> None:
        await self._door.turns.take()
        if self._below is None or self._below.is_closing():
            return
        super().buffer_updated(nbytes)
        if not self._below.is_closing():
            self._below.resume_reading()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The socket is closed."""
        self._below = None
        super().connection_lost(exc)
        self._door.left(self._above)

    def quieten(self) -> None:
        """A request is over: what it took to read it is not needed any more."""
        self._size = BUFFER
        self.get_buffer(0)

    def hang_up(self) -> None:
        """Close it now, without a farewell."""
        if self._below is not None:
            self._below.abort()


class Door:
    """Lets clients in at a listening socket; ``factory`` makes the protocol of each.

    When it is full, whoever has been without a request for the longest time has to go.
    """

    def __init__(
        self,
        listening: socket.socket,
        factory: Callable[[], asyncio.BaseProtocol],
        context: ssl.SSLContext,
        turns: Turns,
    ) -> None:
        self.turns = turns
        self.most = max(AT_ONCE, min(MOST, allow_files() - RESERVE))
        self._listening = listening
        self._factory = factory
        self._context = context
        self._open: dict[asyncio.BaseProtocol, Connection] = {}
        self._idle: dict[asyncio.BaseProtocol, None] = {}
        """Those without a request, the longest first."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._open)

    def open(self) -> None:
        """Begin to accept."""
        self._listening.listen(1024)
        self._resume()

    def close(self) -> None:
        """Let nobody in any more, and close the listening socket."""
        if self._timer is not None:
            self._timer.cancel()
        asyncio.get_running_loop().remove_reader(self._listening)
        for task in list(self._tasks):
            task.cancel()
        self._listening.close()

    def hang_up(self) -> None:
        """Close all connections."""
        for each in list(self._open.values()):
            each.hang_up()

    # ------------------------------------------------------------------ what connections tell
    def begins(self, protocol: asyncio.BaseProtocol) -> None:
        """A request has come."""
        self._idle.pop(protocol, None)

    def ends(self, protocol: asyncio.BaseProtocol) -> None:
        """A request is over."""
        connection = self._open.get(protocol)
        if connection is not None:
            connection.quieten()
            self._idle[protocol] = None

    def left(self, protocol: asyncio.BaseProtocol) -> None:
        """A connection is closed."""
        self._open.pop(protocol, None)
        self._idle.pop(protocol, None)

    # ------------------------------------------------------------------ accepting
    def _resume(self) -> None:
        self._timer = None
        asyncio.get_running_loop().add_reader(self._listening, self._accept)

    def _rest(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listening)
        self._timer = loop.call_later(REST_SECONDS, self._resume)

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connected, _ = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in SCARCE:
                    raise
                self._make_room()
                self._rest()
                return
            if len(self._open) >= self.most and not self._make_room():
                connected.close()
                self._rest()
                return
            connected.setblocking(False)
            self._welcome(connected)

    def _make_room(self) -> bool:
        """Hang up on whoever is idle longest; False when nobody is."""
        for protocol in self._idle:
            self._open[protocol].hang_up()
            del self._idle[protocol]
            return True
        return False

    def _welcome(self, connected: socket.socket) -> None:
        protocol = self._factory()
        connection = self._open[protocol] = Connection(self, protocol, self._context)
        self._idle[protocol] = None
        self.begin(self._joined(connected, connection, protocol))

    async def _joined(self, connected: socket.socket, connection: Connection, protocol: asyncio.BaseProtocol) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, connected)
        except OSError:
            self.left(protocol)
            connected.close()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside, that ends at the latest when the door is closed."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
