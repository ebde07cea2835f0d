"""Commands that ask the network: nc, ping, pg_isready; those that listen; and those of ``names`` and ``fetching``."""

from collections.abc import Callable, Mapping

from kubesim.kubelet.simruntime import fetching, names
from kubesim.kubelet.simruntime.fetching import SYN_TIMEOUT_MS
from kubesim.kubelet.simruntime.interpreter import Interpreter
from kubesim.objects.connections import CONNECTED, TIMED_OUT, UNRESOLVED

MAX_DIGITS = 5
MAX_PINGS = 20


def _nc(machine: Interpreter, argv: list[str]) -> int:
    flags = "".join(word for word in argv[1:] if word.startswith("-"))
    if "l" in flags:
        return _serve(machine, argv)
    words, waits = _nc_words(argv)
    if len(words) < 2 or not words[1].isdigit() or len(words[1]) > MAX_DIGITS:
        return 1
    host, port = words[0], int(words[1])
    tried = machine.connect(host, port, "UDP" if "u" in flags else "TCP")
    if tried.outcome == CONNECTED:
        if "v" in flags:
            machine.write(f"{host} ({tried.ip or host}:{port}) open\n")
        if "z" not in flags and tried.wire is not None:
            machine.write(tried.wire.feed(machine.input().encode()).decode("utf-8", "replace"))
        return 0
    if tried.outcome == UNRESOLVED:
        machine.complain(f"nc: bad address '{host}'\n")
    elif tried.outcome == TIMED_OUT:
        machine.at_ms += waits or SYN_TIMEOUT_MS
        machine.complain("nc: timed out\n" if waits else f"nc: {host} ({tried.ip}:{port}): Connection timed out\n")
    elif "v" in flags:
        machine.complain(f"nc: {host} ({tried.ip or host}:{port}): Connection refused\n")
    return 1


def _nc_words(argv: list[str]) -> tuple[list[str], int]:
    """What is no option, and how long ``-w`` waits in milliseconds."""
    words = [word for word in argv[1:] if not word.startswith("-")]
    waits = 0
    # A number after -w or -q is that option's value.
    for option in ("-w", "-q", "-i"):
        if option in argv[:-1] and argv[argv.index(option) + 1] in words:
            value = argv[argv.index(option) + 1]
            words.remove(value)
            waits = int(value) * 1000 if option == "-w" and value.isdigit() and len(value) < 7 else waits
    return words, waits


def _ping(machine: Interpreter, argv: list[str]) -> int:
    """ICMP is not simulated beyond names: a host answers when it has an address. # differs: policies do not drop it."""
    words = [word for word in argv[1:] if not word.startswith("-") and not word.isdigit()]
    if not words:
        return 1
    count = int(argv[argv.index("-c") + 1]) if "-c" in argv[:-1] and argv[argv.index("-c") + 1].isdigit() else 3
    count = min(count, MAX_PINGS)
    address = words[0] if words[0].replace(".", "").isdigit() else next(
        iter(machine.lookup(words[0]).answer.addresses()), ""
    )  # fmt: skip
    if not address:
        machine.complain(f"ping: bad address '{words[0]}'\n")
        return 1
    machine.write(f"PING {words[0]} ({address}): 56 data bytes\n")
    for turn in range(count):
        machine.write(f"64 bytes from {address}: seq={turn} ttl=62 time=0.120 ms\n")
        machine.at_ms += 1000 if turn < count - 1 else 0
    machine.write(f"\n--- {words[0]} ping statistics ---\n")
    machine.write(f"{count} packets transmitted, {count} packets received, 0% packet loss\n")
    return 0


def _is_ready(machine: Interpreter, argv: list[str]) -> int:
    """``pg_isready``, ``redis-cli ping``, ``mysqladmin ping``: is the store there."""
    host, port = "localhost", {"pg_isready": 5432, "redis-cli": 6379, "mongosh": 27017}.get(argv[0], 3306)
    for position, word in enumerate(argv[:-1]):
        if word in {"-h", "--host"}:
            host = argv[position + 1]
        elif word in {"-p", "--port", "-P"} and argv[position + 1].isdigit():
            port = int(argv[position + 1])
    found = machine.reaches(host, port)
    if argv[0] == "pg_isready":
        shown = "/var/run/postgresql" if host == "localhost" else host
        machine.write(f"{shown}:{port} - {'accepting connections' if found else 'no response'}\n")
        return 0 if found else 2
    if argv[0] == "redis-cli":
        machine.write("PONG\n" if found else f"Could not connect to Redis at {host}:{port}: Connection refused\n")
    return 0 if found else 1


def _serve(machine: Interpreter, argv: list[str]) -> int:
    """A server that any image may hold."""
    del argv
    machine.serves_ms = machine.at_ms if machine.serves_ms is None else machine.serves_ms
    machine.stay()
    return 0


COMMANDS: Mapping[str, Callable[[Interpreter, list[str]], int]] = {
    **names.COMMANDS,
    **fetching.COMMANDS,
    "ping": _ping,
    "nc": _nc,
    "ncat": _nc,
    "netcat": _nc,
    "pg_isready": _is_ready,
    "redis-cli": _is_ready,
    "mysqladmin": _is_ready,
    "mongosh": _is_ready,
    "httpd": _serve,
}
