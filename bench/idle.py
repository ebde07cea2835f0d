"""Thousands of clients that connect and say nothing: does ``kubetui serve`` answer others, and at what price?

``make bench BENCH=idle``, or ``python bench/idle.py [CONNECTIONS]``. Half of them shake hands and then are silent, the
other half never speaks at all. They come from processes and loopback addresses of their own, as fast as they can,
while one client asks for a list ten times a second. Then all are waited for to be hung up on. The last line is the
figure.
"""

import asyncio
import contextlib
import os
import re
import resource
import select
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

KUBETUI = Path(sys.executable).with_name("kubetui")
TOKEN = "idle"
CLIENTS = 4
INTERVAL = 0.1
PATIENCE = 150.0
REQUEST = f"GET /api/v1/namespaces HTTP/1.1\r\nHost: idle\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()


def more_files() -> None:
    """Allow this process as many open files as it may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


# ---------------------------------------------------------------------- a client
def shaken(port: int, address: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    """A connection with TLS on it."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(address, 0))
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


def client(port: int, number: int, count: int) -> None:
    """Open ``count`` connections, say how that went, wait until all are closed by the server, say how long it took."""
    more_files()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address = f"127.0.0.{number + 2}"
    held: list[socket.socket] = []
    refused = 0
    start = time.perf_counter()
    for turn in range(count):
        try:
            if turn % 2:
                plain = socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(address, 0))
                held.append(plain)
            else:
                held.append(shaken(port, address, context))
        except OSError:
            refused += 1
    print(len(held), refused, time.perf_counter() - start, flush=True)
    waiting = select.poll()
    known = {each.fileno(): each for each in held}
    for each in held:
        each.setblocking(False)
        waiting.register(each, select.POLLIN)
    end = time.perf_counter() + PATIENCE
    while known and time.perf_counter() < end:
        for handle, _ in waiting.poll(500):
            if over(known[handle]):
                waiting.unregister(handle)
                known.pop(handle).close()
    print(len(known), time.perf_counter() - start, flush=True)
    os._exit(0)


def over(connection: socket.socket) -> bool:
    """Whether the server has hung up; what it says before is read."""
    try:
        return not connection.recv(65536)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True


# ---------------------------------------------------------------------- the server's state
def serve(folder: str) -> tuple["subprocess.Popen[str]", int]:
    """The command itself, and its port."""
    command = [str(KUBETUI), "serve", "--token", TOKEN, "--state", folder, "--no-listeners"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert server.stdout is not None
    found = re.search(r"https://127\.0\.0\.1:(\d+)", server.stdout.readline())
    assert found is not None
    return server, int(found[1])


def resident(pid: int) -> int:
    """Resident memory in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def descriptors(pid: int) -> int:
    """How many files are open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def processor(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---------------------------------------------------------------------- somebody with a question
class Asker:
    """Asks at fixed times over a connection that is kept, and on a new one now and then; notes how long it took."""

    def __init__(self, port: int) -> None:
        self.times: list[float] = []
        self.failed = 0
        self._port = port
        self._context = ssl.create_default_context()
        self._context.check_hostname, self._context.verify_mode = False, ssl.CERT_NONE
        self._asking = True

    def stop(self) -> None:
        """No more questions."""
        self._asking = False

    async def run(self) -> None:
        """Until stopped; every tenth question comes on a connection of its own."""
        reader, writer = await self._connect()
        due, turn = time.perf_counter(), 0
        while self._asking:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            try:
                if turn % 10 == 9:
                    writer.close()
                    reader, writer = await self._connect()
                writer.write(REQUEST)
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
                await reader.readexactly(int(re.search(rb"(?i)content-length: (\d+)", head)[1]))  # type: ignore[index]
                self.times.append(time.perf_counter() - due)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                self.failed += 1
                with contextlib.suppress(OSError):
                    reader, writer = await self._connect()
            due, turn = due + INTERVAL, turn + 1
        writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self._port, ssl=self._context), 30)

    def told(self) -> str:
        """How long answers took since the last time."""
        times, self.times = sorted(self.times), []
        if not times:
            return "no answers"
        p99 = times[int(len(times) * 0.99)]
        return (
            f"{len(times)} answers, median {times[len(times) // 2] * 1000:.1f} ms, "
            f"p99 {p99 * 1000:.0f} ms, worst {times[-1] * 1000:.0f} ms"
        )


# ---------------------------------------------------------------------- the run
async def run(server: "subprocess.Popen[str]", port: int, count: int) -> str:
    """The whole run; returns the figure."""
    asker = Asker(port)
    asking = asyncio.create_task(asker.run())
    await asyncio.sleep(2)
    print(f"before: {asker.told()}")
    memory = resident(server.pid)
    clients = [
        await asyncio.create_subprocess_exec(
            sys.executable, __file__, "client", str(port), str(number), str(count // CLIENTS),
            stdout=asyncio.subprocess.PIPE,
        )
        for number in range(CLIENTS)
    ]  # fmt: skip
    lines = [(await said(each)).split() for each in clients]
    opened, refused = sum(int(line[0]) for line in lines), sum(int(line[1]) for line in lines)
    took = max(float(line[2]) for line in lines)
    worst = max(asker.times)
    print(f"{opened:,} connections opened in {took:.1f} s, {refused} refused; meanwhile: {asker.told()}")
    before = processor(server.pid)
    await asyncio.sleep(5)
    each = (resident(server.pid) - memory) / max(1, opened) / 1024
    held, busy = descriptors(server.pid), (processor(server.pid) - before) / 5
    print(f"held: {held:,} files open, {each:.0f} KB a connection, {busy * 100:.0f} % of a processor")
    worst = max(worst, *asker.times)
    print(f"held: {asker.told()}")
    ends = [(await said(each)).split() for each in clients]
    print(f"{sum(int(line[0]) for line in ends)} still open after {max(float(line[1]) for line in ends):.0f} s")
    print(f"closing: {asker.told()}")
    asker.stop()
    await asking
    print(f"{descriptors(server.pid)} files open at the end, {asker.failed} questions not answered")
    return f"{opened:,} idle connections, {each:.0f} KB each; requests beside them at worst {worst * 1000:.0f} ms"


async def said(process: asyncio.subprocess.Process) -> str:
    """The next line of a client."""
    assert process.stdout is not None
    return (await process.stdout.readline()).decode()


def main() -> None:
    """Start the server and ask."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        server, port = serve(folder)
        try:
            figure = asyncio.run(run(server, port, count))
        finally:
            server.terminate()
            _, noise = server.communicate(timeout=20)
        print(f"the server said: {noise[:2000]!r}")
        print(figure)


if __name__ == "__main__":
    if sys.argv[1:2] == ["client"]:
        client(*(int(text) for text in sys.argv[2:5]))
    else:
        main()
