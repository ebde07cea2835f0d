"""Load on the served API: watchers and a steady stream of requests while pods churn, then long lists.

``make bench BENCH=load``, or ``python bench/load.py [WATCHERS] [REQUESTS_A_SECOND] [PODS] [SECONDS]``. The server is a
process of its own, over TLS, with the clock that ``kubetui serve`` uses. Each watcher's revisions are compared with
the store's log: an event that is lost, out of order or told twice ends the run. The last line is the figure.
"""

import asyncio
import json
import os
import random
import re
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from load_server import NODES, SPACES, TOKEN

CONNECTIONS = 50
REVISION = re.compile(rb'"resourceVersion":"(\d+)"')


class Watcher(asyncio.Protocol):
    """Follows the pods of a namespace and remembers the revisions that it is told of."""

    def __init__(self, space: str, revision: int) -> None:
        self.space = space
        self.revision = revision
        self.seen: list[int] = []
        self.size = 0
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        path = f"/api/v1/namespaces/{self.space}/pods?watch=true&resourceVersion={self.revision}"
        head = f"GET {path} HTTP/1.1\r\nHost: load\r\nAuthorization: Bearer {TOKEN}\r\nAccept: application/json\r\n\r\n"
        transport.write(head.encode())

    def data_received(self, data: bytes) -> None:
        """Look for revisions; each event has one."""
        self.size += len(data)
        data = self._rest + data
        end = 0
        for found in REVISION.finditer(data):
            self.seen.append(int(found[1]))
            end = found.end()
        self._rest = data[max(end, len(data) - 64) :]


class Outcome(NamedTuple):
    """One request: when it should have been sent, how long it took from then on, and its code."""

    seconds: float
    code: int


class Caller:
    """One connection that sends its share of the requests on time."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self._chance = chance
        self._number = number
        self.outcomes: list[Outcome] = []

    async def run(self, port: int, context: ssl.SSLContext, start: float, end: float, interval: float) -> None:
        """Send at fixed times; a late answer delays what follows, which counts as latency."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        due = start
        while due < end:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            writer.write(self._request())
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(re.search(rb"(?i)content-length: (\d+)", head)[1])  # type: ignore[index]
            await reader.readexactly(size)
            self.outcomes.append(Outcome(time.perf_counter() - due, int(head[9:12])))
            due += interval
        writer.close()

    def _request(self) -> bytes:
        chance = self._chance.random()
        space = self._chance.randrange(SPACES)
        method, path, body = "GET", f"/apis/apps/v1/namespaces/space-{space}/deployments/app", b""
        if chance < 0.3:
            path = f"/api/v1/nodes/node-{self._chance.randrange(NODES)}"
        elif chance < 0.45:
            path = f"/api/v1/namespaces/space-{space}/pods?limit=10"
        elif chance < 0.6:
            path = f"/api/v1/namespaces/space-{space}/endpoints?limit=1"
        elif chance < 0.7:
            method, path = "PATCH", f"/api/v1/namespaces/space-{space}/serviceaccounts/default"
            body = b'{"metadata":{"annotations":{"load":"%d"}}}' % self._chance.randrange(1_000_000)
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: load\r\nAuthorization: Bearer {TOKEN}\r\nAccept: application/json\r\n"
            f"Content-Type: application/merge-patch+json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def call(
    port: int, context: ssl.SSLContext, path: str, method: str = "GET", body: bytes = b"", **more: str
) -> Any:
    """One request on a connection of its own: seconds until the head, until the end, and the bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, limit=1 << 26)
    given = {"Accept": "application/json", **{name.replace("_", "-"): value for name, value in more.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    start = time.perf_counter()
    writer.write(
        f"{method} {path} HTTP/1.1\r\nHost: load\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\n{lines}"
        f"Content-Type: application/merge-patch+json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    head = await reader.readuntil(b"\r\n\r\n")
    first = time.perf_counter() - start
    size, data = 0, []
    while part := await reader.read(1 << 20):
        size += len(part)
        data.append(part)
    took = time.perf_counter() - start
    writer.close()
    assert int(head[9:12]) < 300, head
    return first, took, size, b"".join(data)


def waited(pid: int) -> float:
    """Seconds that the main thread of a process was ready and had to wait for a processor that others used."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1]) / 1e9


def processor(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def churn(port: int, context: ssl.SSLContext, pods: int, seconds: float) -> None:
    """Bring up all pods, one namespace after the other, within two thirds of the time, then restart some."""
    body = json.dumps({"spec": {"replicas": pods // SPACES}}).encode()
    for space in range(SPACES):
        await call(port, context, f"/apis/apps/v1/namespaces/space-{space}/deployments/app", "PATCH", body)
        await asyncio.sleep(seconds * 2 / 3 / SPACES)
    for space in range(2):
        note = {"spec": {"template": {"metadata": {"annotations": {"restarted": "1"}}}}}
        path = f"/apis/apps/v1/namespaces/space-{space}/deployments/app"
        await call(port, context, path, "PATCH", json.dumps(note).encode())
        await asyncio.sleep(seconds / 3 / 2)


def percentile(values: list[float], share: float) -> float:
    """A percentile in milliseconds."""
    return values[min(len(values) - 1, int(len(values) * share))] * 1000


def verify(watchers: list[Watcher], log: list[list[Any]], first: int) -> int:
    """Compare what each watcher saw with what happened; returns how many events were delivered."""
    happened: dict[str, list[int]] = {}
    for revision, space in log:
        if revision > first:
            happened.setdefault(space, []).append(revision)
    for watcher in watchers:
        wanted = happened.get(watcher.space, [])
        if watcher.seen != wanted:
            lost = sorted(set(wanted) - set(watcher.seen))
            sys.exit(f"{watcher.space}: {len(watcher.seen)} events instead of {len(wanted)}, lost {lost[:5]}")
    return sum(len(watcher.seen) for watcher in watchers)


async def attack(server: subprocess.Popen[str], watchers: int, rate: int, pods: int, seconds: float) -> None:
    """The whole run."""
    assert server.stdout is not None
    assert server.stdin is not None
    told = json.loads(server.stdout.readline())
    port, first = told["port"], told["first"]
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    loop = asyncio.get_running_loop()
    followers = []
    for number in range(watchers):
        watcher = Watcher(f"space-{number % SPACES}", first)
        await loop.create_connection(lambda chosen=watcher: chosen, "127.0.0.1", port, ssl=context)
        followers.append(watcher)
    chance = random.Random(1)
    callers = [Caller(number, random.Random(chance.random())) for number in range(CONNECTIONS)]
    start, before, own = time.perf_counter() + 0.2, processor(server.pid), time.process_time()
    lacked = waited(server.pid)
    interval = CONNECTIONS / rate
    runs = [
        caller.run(port, context, start + number * interval / CONNECTIONS, start + seconds, interval)
        for number, caller in enumerate(callers)
    ]
    await asyncio.gather(churn(port, context, pods, seconds), *runs)
    took = time.perf_counter() - start
    lacked = waited(server.pid) - lacked
    used, mine = processor(server.pid) - before, time.process_time() - own
    settled = -1
    while settled != (settled := sum(watcher.size for watcher in followers)):
        await asyncio.sleep(1.5)
    server.stdin.write("log\n")
    server.stdin.flush()
    # A long line: read it in a thread, so that watchers go on being read.
    noted = json.loads(await loop.run_in_executor(None, server.stdout.readline))
    delivered = verify(followers, noted["log"], first)
    outcomes = [outcome for caller in callers for outcome in caller.outcomes]
    size = sum(watcher.size for watcher in followers)
    print(f"{watchers} watchers: {delivered:,} events ({size / 1e6:,.0f} MB), none lost, doubled or out of order")
    print(f"{len(noted['log']):,} changes of pods in {took:.1f} s")
    print(f"server: {used:.1f} s of processor in {took:.1f} s, {lacked:.1f} s ready but without one; ", end="")
    print(f"clients: {mine:.1f} s; loop late: ", end="")
    print(", ".join(f"{name} {value * 1000:.0f} ms" for name, value in noted["late"].items()))
    late = latencies(outcomes)
    await lists(port, context)
    print(f"{len(outcomes) / took:,.0f} requests/s beside {delivered / took:,.0f} events/s, p99 {late:.0f} ms")


def latencies(outcomes: list[Outcome]) -> float:
    """Print how long requests took; returns the 99th percentile in milliseconds."""
    times = sorted(outcome.seconds for outcome in outcomes)
    wrong = sum(outcome.code >= 300 for outcome in outcomes)
    shares = "  ".join(f"p{int(share * 100)} {percentile(times, share):.1f} ms" for share in (0.5, 0.95, 0.99))
    print(f"requests: {len(outcomes):,}, {wrong} failed; from the time each was due:")
    print(f"    {shares}  max {times[-1] * 1000:.0f} ms")
    return percentile(times, 0.99)


async def lists(port: int, context: ssl.SSLContext) -> None:
    """How long it takes to list all pods."""
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    for title, path, headers in (
        ("JSON", "/api/v1/pods", {}),
        (
            "JSON, protobuf preferred",
            "/api/v1/pods",
            {"Accept": "application/vnd.kubernetes.protobuf,application/json"},
        ),
        ("JSON, gzip", "/api/v1/pods", {"Accept_Encoding": "gzip"}),
        ("500 of them", "/api/v1/pods?limit=500", {}),
        ("Table", "/api/v1/pods", {"Accept": table}),
    ):
        runs = [await call(port, context, path, **headers) for _ in range(5)]
        first, took = sorted(run[0] for run in runs)[2], sorted(run[1] for run in runs)
        median, best, cold = (seconds * 1000 for seconds in (took[2], took[0], runs[0][1]))
        size = runs[0][2] / 1e6
        print(
            f"LIST all pods, {title}: {median:.0f} ms (first {cold:.0f}, best {best:.0f}), "
            f"head after {first * 1000:.0f} ms, {size:.1f} MB"
        )


def main() -> None:
    """Start both processes."""
    given = [float(text) for text in sys.argv[1:]]
    watchers, rate, pods, seconds = [*given, *(200.0, 1000.0, 10_000.0, 30.0)[len(given) :]]
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(__file__).with_name("load_server.py"))
        command = [sys.executable, program, folder, str(int(pods))]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            try:
                asyncio.run(attack(server, int(watchers), int(rate), int(pods), seconds))
            finally:
                assert server.stdin is not None
                server.stdin.close()
                try:
                    server.wait(20)
                except subprocess.TimeoutExpired:
                    server.kill()


if __name__ == "__main__":
    main()
