"""Commands that ask the network: nslookup, nc, wget, curl, pg_isready; and those that listen."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from kubesim.kubelet.simruntime.interpreter import Interpreter


def _nslookup(machine: Interpreter, argv: list[str]) -> int:
    hosts = [word for word in argv[1:] if not word.startswith("-")]
    if not hosts:
        return 1
    host = hosts[0].rstrip(".")
    header = "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n"
    if machine.reaches(host, None):
        machine.write(f"{header}Name:\t{host}\n\n")
        return 0
    machine.write(f"{header}** server can't find {host}: NXDOMAIN\n\n")
    machine.at_ms += 20
    return 1


def _nc(machine: Interpreter, argv: list[str]) -> int:
    flags = "".join(word for word in argv[1:] if word.startswith("-"))
    if "l" in flags:
        return _serve(machine, argv)
    words = [word for word in argv[1:] if not word.startswith("-")]
    # A number after -w or -q is that option's value.
    for option in ("-w", "-q", "-i"):
        if option in argv and argv.index(option) + 1 < len(argv) and argv[argv.index(option) + 1] in words:
            words.remove(argv[argv.index(option) + 1])
    if len(words) < 2 or not words[1].isdigit():
        return 1
    if machine.reaches(words[0], int(words[1])):
        if "v" in flags:
            machine.write(f"{words[0]} ({words[0]}:{words[1]}) open\n")
        return 0
    if "v" in flags:
        machine.write(f"nc: {words[0]} ({words[0]}:{words[1]}): Connection refused\n")
    return 1


def _fetch(machine: Interpreter, argv: list[str]) -> int:
    url = next((word for word in argv[1:] if "://" in word), "")
    if not url:
        url = next(
            (f"http://{word}" for word in reversed(argv[1:]) if not word.startswith("-") and "." not in word), ""
        )
    host, port = _target(url or "http://localhost")
    curl = argv[0] == "curl"
    outside = "." in host and not host.endswith((".svc", ".cluster.local")) and host.rsplit(".", 1)[-1] in _TOP_LEVEL
    machine.at_ms += 10
    if outside or machine.reaches(host, port):
        return 0
    if curl:
        machine.complain(f"curl: (7) Failed to connect to {host} port {port} after 1 ms: Could not connect to server\n")
        return 7
    machine.complain(f"wget: can't connect to remote host ({host}): Connection refused\n")
    return 1


def _target(url: str) -> tuple[str, int]:
    """Host and port of a URL; localhost for what is none."""
    try:
        parts = urlsplit(url)
        return parts.hostname or "localhost", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "localhost", 80


_TOP_LEVEL = frozenset({"com", "org", "net", "io", "dev", "edu", "gov", "de", "uk", "app", "sh"})


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
    "nslookup": _nslookup,
    "dig": _nslookup,
    "host": _nslookup,
    "getent": _nslookup,
    "nc": _nc,
    "ncat": _nc,
    "netcat": _nc,
    "wget": _fetch,
    "curl": _fetch,
    "pg_isready": _is_ready,
    "redis-cli": _is_ready,
    "mysqladmin": _is_ready,
    "mongosh": _is_ready,
    "httpd": _serve,
}
