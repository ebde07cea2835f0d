"""The explorer under attack: how long does the screen stand still at worst while its API server is abused?

``make bench BENCH=attack``, or ``python bench/attack.py [SAMPLE] [ONLY]``. The explorer runs in a pseudo-terminal on
the sample ``big`` (10,000 pods) with its API server; a heartbeat in its event loop says how long the loop was kept from
its other work, and keys are typed all the while. The last line is the figure.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import random
import resource
import signal
import ssl
import struct
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import yaml
from attack_bodies import Sent, crafted, custom, oversized
from keys import HEIGHT, WIDTH, Terminal

PODS = "/api/v1/pods"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
Attack = Callable[["Attacker"], Awaitable[None]]


class Explorer(Terminal):
    """The explorer with a heartbeat, in a pseudo-terminal."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.told = folder / "told.json"
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", XDG_STATE_HOME=str(folder))
            program = str(Path(__file__).with_name("attack_explorer.py"))
            os.execv(sys.executable, [sys.executable, program, str(self.told), *arguments])
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
        self.row = 0
        self.seen = b""
        self.paints: list[float] = []
        self._typing = True

    def type_on(self) -> None:
        """Type keys and note how long each took to be painted, until told to stop."""
        number = 0
        while self._typing:
            found = self.press(b"jk"[number % 2 : number % 2 + 1])
            self.paints.append(3000.0 if found is None else found)
            self.drain(0.1)
            number += 1

    def rest(self) -> None:
        """No more keys."""
        self._typing = False

    async def worst(self) -> tuple[float, float, float]:
        """The longest stall since the last time: by the clock, of the processor, and the slowest key; milliseconds."""
        self.told.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        while not self.told.exists():
            await asyncio.sleep(0.01)
        found = json.loads(self.told.read_text())
        paints, self.paints = self.paints, []
        return found["wall"], found["used"], max(paints, default=0.0)


class Attacker:
    """Connections to the server, as its administrator."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        user = config["users"][0]["user"]
        self.port = int(config["clusters"][0]["cluster"]["server"].rsplit(":", 1)[1])
        files = [folder / "client.crt", folder / "client.key"]
        import base64

        for file, field in zip(files, ("client-certificate-data", "client-key-data"), strict=True):
            file.write_bytes(base64.b64decode(user[field]))
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        self.context.load_cert_chain(*files)
        self.codes: dict[str, int] = {}

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection with TLS."""
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=self.context, limit=1 << 26)

    async def send(self, sent: Sent, **headers: str) -> int:
        """One request; returns its code, 0 when it is not answered."""
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = (
            f"{sent.method} {sent.path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            f"Content-Type: {sent.content_type}\r\nContent-Length: {len(sent.body)}\r\n{lines}\r\n"
        )
        code = 0
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            async with asyncio.timeout(60):
                reader, writer = await self.connect()
                with contextlib.suppress(OSError):
                    writer.write(head.encode() + sent.body)
                    await writer.drain()
                line = await reader.readline()
                code = int(line[9:12] or b"0")
                while await reader.read(1 << 20):
                    pass
                writer.close()
        name = f"{code // 100}xx" if code else "none"
        self.codes[name] = self.codes.get(name, 0) + 1
        return code


# ---------------------------------------------------------------------- attacks
async def at_once(count: int, work: Callable[[int], Awaitable[object]], width: int = 1000) -> None:
    """Do the same again and again, so many at the same time."""
    for start in range(0, count, width):
        runs = [work(number) for number in range(start, min(count, start + width))]
        await asyncio.gather(*runs, return_exceptions=True)


async def nothing(attacker: Attacker) -> None:
    """Be quiet, to see what the explorer does by itself."""
    del attacker
    await asyncio.sleep(3)


async def handshakes(attacker: Attacker) -> None:
    """3,000 TLS handshakes, 500 at a time."""

    async def shake(number: int) -> None:
        del number
        _, writer = await attacker.connect()
        writer.close()

    await at_once(3000, shake, 500)


async def connections(attacker: Attacker) -> None:
    """8,000 connections that say nothing, all open at once, and 1,000 that begin a handshake together."""
    held: list[asyncio.StreamWriter] = []

    async def hold(number: int) -> None:
        _, writer = await asyncio.open_connection(
            "127.0.0.1", attacker.port, local_addr=(f"127.0.0.{2 + number % 4}", 0)
        )
        held.append(writer)

    await at_once(8000, hold)
    for writer in held[:1000]:
        writer.write(b"\x16\x03\x01\x02\x00\x01")
    await asyncio.sleep(1)
    for writer in held:
        writer.transport.abort()
    await asyncio.sleep(1)


async def bursts(attacker: Attacker) -> None:
    """500 connections with a request each in the same instant, ten times, then 20 requests each in a row."""
    pairs = [await attacker.connect() for _ in range(500)]
    plain = b"GET /api/v1/namespaces/default HTTP/1.1\r\nHost: a\r\n\r\n"
    for request in [plain] * 10 + [plain * 20]:
        for _, writer in pairs:
            writer.write(request)
        await asyncio.sleep(2 if len(request) > 1000 else 1)
    for _, writer in pairs:
        writer.transport.abort()


async def noise(attacker: Attacker) -> None:
    """Bytes that are no HTTP, and no TLS."""
    chance = random.Random(1)

    async def shout(number: int) -> None:
        if number % 2:
            _, writer = await attacker.connect()
        else:
            _, writer = await asyncio.open_connection("127.0.0.1", attacker.port)
        writer.write(chance.randbytes(chance.randrange(1, 4000)))
        await asyncio.sleep(0.05)
        writer.transport.abort()

    await at_once(2000, shout, 200)


async def lists(attacker: Attacker) -> None:
    """20 clients that list all pods in each form."""
    for headers in (
        {"Accept": "application/json"},
        {"Accept": "application/json", "Accept_Encoding": "gzip"},
        {"Accept": TABLE},
        {"Accept": "application/vnd.kubernetes.protobuf,application/json"},
        {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"},
        {"Accept": "application/yaml"},
    ):

        async def ask(number: int, headers: dict[str, str] = headers) -> None:
            del number
            await attacker.send(Sent("GET", PODS), **headers)

        count = 2 if headers["Accept"].endswith("yaml") else 20
        await at_once(count, ask)


async def selectors(attacker: Attacker) -> None:
    """Huge selectors over all pods."""
    values = ",".join(f"v{number}" for number in range(60_000))
    terms = ",".join(f"k{number}!=v" for number in range(5_000))
    fields = ",".join(f"metadata.name!=v{number}" for number in range(5_000))
    for query in (f"labelSelector=app+notin+({values})", f"labelSelector={terms}", f"fieldSelector={fields}"):
        await attacker.send(Sent("GET", f"{PODS}?{query}"))
        await attacker.send(Sent("GET", f"{PODS}?watch=true&timeoutSeconds=1&{query}"))


async def watches(attacker: Attacker) -> None:
    """1,000 watches of all that changes, and a change; then 20 that begin with all pods."""
    path = "/api/v1/namespaces/default/configmaps"
    writers = []

    async def follow(number: int) -> None:
        del number
        _, writer = await attacker.connect()
        writer.write(f"GET {path}?watch=true HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        writers.append(writer)

    await at_once(1000, follow, 200)
    body = b'{"metadata":{"name":"seen"},"data":{"a":"' + b"x" * 10_000 + b'"}}'
    await attacker.send(Sent("POST", path, body))
    for number in range(20):
        change = b'{"data":{"n":"%d"}}' % number
        await attacker.send(Sent("PATCH", f"{path}/seen", change, "application/merge-patch+json"))
    for writer in writers:
        writer.transport.abort()

    async def begin(number: int) -> None:
        del number
        start = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        await attacker.send(Sent("GET", f"{PODS}?{start}&timeoutSeconds=2"))

    await at_once(20, begin)


async def documents(attacker: Attacker) -> None:
    """All the documents, by 20 clients."""
    for path in ("/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1", "/apis", "/openapi/v3/apis/apps/v1", "/metrics"):

        async def ask(number: int, path: str = path) -> None:
            del number
            await attacker.send(Sent("GET", path))

        await at_once(20, ask)


async def collections(attacker: Attacker) -> None:
    """2,000 objects, made by 50 clients and deleted by one request."""
    path = "/api/v1/namespaces/default/configmaps"

    async def make(number: int) -> None:
        await attacker.send(Sent("POST", path, b'{"metadata":{"name":"one-%d","labels":{"a":"b"}}}' % number))

    await at_once(2000, make, 50)
    await attacker.send(Sent("DELETE", f"{path}?labelSelector=a%3Db"))


def bodies(source: Callable[[], Iterator[tuple[str, Sent]]]) -> Attack:
    """An attack of bodies one after the other."""

    async def run(attacker: Attacker) -> None:
        for _, sent in source():
            await attacker.send(sent)

    run.__doc__ = source.__doc__
    return run


ATTACKS: dict[str, Attack] = {
    "nothing": nothing,
    "handshakes": handshakes,
    "connections": connections,
    "bursts": bursts,
    "noise": noise,
    "documents": documents,
    "oversized": bodies(oversized),
    "crafted": bodies(crafted),
    "custom": bodies(custom),
    "lists": lists,
    "selectors": selectors,
    "watches": watches,
    "collections": collections,
}
BODIES = {"oversized": oversized, "crafted": crafted, "custom": custom}


async def single(explorer: Explorer, attacker: Attacker, name: str) -> None:
    """Each body of an attack by itself."""
    for title, sent in BODIES[name]():
        code = await attacker.send(sent)
        if title:
            wall, used, _ = await explorer.worst()
            print(f"    {title}: {code}, {len(sent.body):,} bytes, {wall:.0f} ms by the clock, {used:.0f} ms of work")


async def run(explorer: Explorer, folder: Path, only: list[str]) -> str:
    """All attacks, one after the other; returns the figure."""
    attacker = Attacker(next((folder / "kubetui").glob("*.kubeconfig")), folder)
    found: dict[str, tuple[float, float, float]] = {}
    detailed = bool(only) and set(only) <= set(BODIES)
    for name in only or ATTACKS:
        await explorer.worst()
        start, attacker.codes = time.perf_counter(), {}
        await (single(explorer, attacker, name) if detailed else ATTACKS[name](attacker))
        took = time.perf_counter() - start
        wall, used, key = found[name] = await explorer.worst()
        print(
            f"  {name}: {took:.1f} s, answers {attacker.codes}: longest stall {wall:.0f} ms by the clock, "
            f"{used:.0f} ms of work; slowest key {key:.0f} ms",
            flush=True,
        )
    name = max(found, key=lambda each: found[each][1])
    wall = max(each[0] for each in found.values())
    key = max(each[2] for each in found.values())
    return (
        f"longest stall {found[name][1]:.0f} ms of work ({name}), {wall:.0f} ms by the clock; slowest key {key:.0f} ms"
    )


def main() -> None:
    """Start the explorer, wait until its cluster runs, attack."""
    sample = sys.argv[1] if len(sys.argv) > 1 else "big"
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as name:
        explorer = Explorer(Path(name), sample, "--speed", "10")
        explorer.wait_for(b"Running", 60)
        explorer.drain(30 if sample == "big" else 5)
        typing = threading.Thread(target=explorer.type_on)
        typing.start()
        try:
            figure = asyncio.run(run(explorer, Path(name), sys.argv[2:]))
        finally:
            explorer.rest()
            typing.join()
            explorer.end()
    print(figure)


if __name__ == "__main__":
    main()
