"""curl and wget: their common flags, the request over a simulated connection, and what they print."""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from kubesim.kubelet.simruntime.interpreter import Interpreter
from kubesim.objects.connections import CONNECTED, TIMED_OUT, UNRESOLVED

SYN_TIMEOUT_MS = 134_000
"""How long Linux goes on trying to connect: 1, 2, 4 ... 64 seconds between seven packets."""
FETCH_MS = 10
VALUED = frozenset(
    {"-o", "-H", "-X", "-d", "-m", "-w", "-A", "-u", "-b", "-c", "-e", "-T", "-x", "-F", "--connect-timeout",
     "--max-time", "--data", "--header", "--request", "--output", "--write-out", "--retry", "--retry-delay",
     "--data-raw", "--data-binary", "--user-agent", "--resolve", "--cacert", "--connect-to", "--user", "--url",
     "--interface"}
)  # fmt: skip
"""Flags of curl that are followed by a value."""
WGET_VALUED = frozenset({"-O", "-T", "-t", "-U", "--header", "--post-data", "-P", "-Y"})


class Wanted(NamedTuple):
    """What is to be fetched, and how."""

    url: str
    flags: tuple[str, ...]
    values: Mapping[str, str]
    headers: tuple[str, ...]

    def has(self, *names: str) -> bool:
        """Whether one of these flags is given."""
        return any(name in self.flags for name in names)

    def value(self, *names: str, default: str = "") -> str:
        """The value of one of these flags."""
        return next((self.values[name] for name in names if name in self.values), default)


class Reply(NamedTuple):
    """An HTTP answer; ``status`` 0 when there is none."""

    status: int
    reason: str = ""
    head: str = ""
    body: str = ""


def wanted(argv: list[str], valued: frozenset[str]) -> Wanted:
    """Read a command line: letters may be joined, values may follow with ``=`` or stuck to their letter."""
    flags: list[str] = []
    values: dict[str, str] = {}
    headers: list[str] = []
    urls: list[str] = []
    words = list(argv[1:])
    while words:
        word = words.pop(0)
        if word.startswith("--") or word == "-":
            name, mark, value = word.partition("=")
            if not mark and name in valued and words:
                mark, value = "=", words.pop(0)
            (headers.append(value) if name == "--header" else values.__setitem__(name, value)) if mark else None
            flags.append(name)
        elif word.startswith("-"):
            _letters(word[1:], valued, words, flags, values, headers)
        else:
            urls.append(word)
    url = values.get("--url") or (urls[0] if urls else "")
    return Wanted(url if "://" in url or not url else f"http://{url}", tuple(flags), values, tuple(headers))


def _letters(
    letters: str, valued: frozenset[str], words: list[str], flags: list[str], values: dict[str, str], heads: list[str]
) -> None:
    for position, letter in enumerate(letters):
        name = f"-{letter}"
        flags.append(name)
        if name in valued:
            rest = letters[position + 1 :]
            value = rest or (words.pop(0) if words else "")
            if name == "-H":
                heads.append(value)
            else:
                values[name] = value
            return


def target(url: str) -> tuple[str, int, str]:
    """Host, port and path of a URL; localhost for what is none."""
    try:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return parts.hostname or "localhost", parts.port or (443 if parts.scheme == "https" else 80), path
    except ValueError:
        return "localhost", 80, "/"


def request(machine: Interpreter, ask: Wanted, agent: str, method: str, data: str) -> tuple[str, str, Reply]:
    """Connect and fetch: what came of it, the address, and the answer."""
    host, port, path = target(ask.url)
    known = machine.remembered(ask.url)
    if known is not None:
        return CONNECTED, host, Reply(200, "OK", "", known)
    tried = machine.connect(host, port)
    if tried.outcome != CONNECTED:
        return tried.outcome, tried.ip, Reply(0)
    if tried.wire is None:
        # Who answers is not simulated: the fetch succeeds and brings nothing.
        return CONNECTED, tried.ip, Reply(200, "OK")
    shown = host if port in {80, 443} else f"{host}:{port}"
    named = [line.partition(":")[0].lower() for line in ask.headers]
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [] if "host" in named else [f"Host: {shown}"]
    lines += [] if "user-agent" in named else [f"User-Agent: {agent}"]
    lines += ["Accept: */*", *ask.headers]
    if data:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(data.encode())}"]
    received = tried.wire.feed("\r\n".join([*lines, "", data]).encode())
    reply = _parsed(received)
    machine.remember(ask.url, reply.body)
    return CONNECTED, tried.ip, reply


def _parsed(received: bytes) -> Reply:
    text = received.decode("utf-8", "replace")
    head, _, body = text.partition("\r\n\r\n")
    first = head.split("\r\n", 1)[0].split(" ", 2)
    if len(first) < 2 or not first[0].startswith("HTTP/") or not first[1].isdigit():
        return Reply(0, body=text)
    return Reply(int(first[1]), first[2] if len(first) > 2 else "", head, body)


# ---------------------------------------------------------------------- curl
def _curl(machine: Interpreter, argv: list[str]) -> int:
    ask = wanted(argv, VALUED)
    if not ask.url:
        machine.complain("curl: (2) no URL specified\n")
        return 2
    data = ask.value("-d", "--data", "--data-raw", "--data-binary")
    method = ask.value("-X", "--request", default="HEAD" if ask.has("-I", "--head") else "POST" if data else "GET")
    begun = machine.at_ms
    machine.at_ms += FETCH_MS
    outcome, ip, reply = request(machine, ask, "curl/8.16.0", method, data)
    code, complaint = _curl_end(machine, ask, outcome, ip, reply, begun)
    if reply.status:
        _curl_prints(machine, ask, method, reply)
    if ask.value("-w", "--write-out"):
        shown = ask.value("-w", "--write-out").replace("\\n", "\n").replace("\\t", "\t")
        status, took = f"{reply.status:03d}", f"{(machine.at_ms - begun) / 1000:.6f}"
        known = {"http_code": status, "response_code": status, "time_total": took, "remote_ip": ip}
        for name, value in (known | {"size_download": str(len(reply.body))}).items():
            shown = shown.replace(f"%{{{name}}}", value)
        machine.write(shown)
    if complaint and not (ask.has("-s", "--silent") and not ask.has("-S", "--show-error")):
        machine.complain(f"{complaint}\n")
    return code


def _curl_end(machine: Interpreter, ask: Wanted, outcome: str, ip: str, reply: Reply, begun: int) -> tuple[int, str]:
    host, port, _ = target(ask.url)
    if outcome == UNRESOLVED:
        return 6, f"curl: (6) Could not resolve host: {host}"
    if outcome == TIMED_OUT:
        limits = [_millis(text) for text in (ask.value("-m", "--max-time"), ask.value("--connect-timeout")) if text]
        waited = min(limits, default=0) or SYN_TIMEOUT_MS
        machine.at_ms = begun + waited
        if limits:
            return 28, f"curl: (28) Connection timed out after {waited + 1} milliseconds"
        return 28, f"curl: (28) Failed to connect to {host} port {port} after {waited} ms: Could not connect to server"
    if outcome != CONNECTED:
        text = f"curl: (7) Failed to connect to {host} port {port} after 1 ms: Could not connect to server"
        return 7, text
    if not reply.status and reply.body:
        return 1, "curl: (1) Received HTTP/0.9 when not allowed"
    if not reply.status:
        return 52, "curl: (52) Empty reply from server"
    if reply.status >= 400 and ask.has("-f", "--fail", "--fail-with-body"):
        return 22, f"curl: (22) The requested URL returned error: {reply.status}"
    return 0, ""


def _curl_prints(machine: Interpreter, ask: Wanted, method: str, reply: Reply) -> None:
    failed = reply.status >= 400 and ask.has("-f", "--fail")
    text = reply.body
    if ask.has("-v", "--verbose"):
        host, port, path = target(ask.url)
        machine.complain(f"* Host {host}:{port} was resolved.\n* Connected to {host} port {port}\n")
        machine.complain(f"> {method} {path} HTTP/1.1\n> Host: {host}\n> Accept: */*\n> \n")
        machine.complain("".join(f"< {line}\n" for line in [*reply.head.split("\r\n"), ""]))
    if ask.has("-I", "--head"):
        text = reply.head.replace("\r\n", "\n") + "\n\n"
    elif ask.has("-i", "--include"):
        text = reply.head.replace("\r\n", "\n") + "\n\n" + text
    if failed:
        return
    file = ask.value("-o", "--output")
    if not file and ask.has("-O", "--remote-name"):
        file = target(ask.url)[2].partition("?")[0].rsplit("/", 1)[-1] or "index.html"
    if file and file != "-":
        if file != "/dev/null":
            machine.put(file, text)
    else:
        machine.write(text)


def _millis(text: str) -> int:
    try:
        return max(0, round(float(text.rstrip("s")) * 1000))
    except (ValueError, OverflowError):
        return 0


# ---------------------------------------------------------------------- wget
def _wget(machine: Interpreter, argv: list[str]) -> int:
    ask = wanted(argv, WGET_VALUED)
    if not ask.url:
        machine.complain("BusyBox v1.37.0 multi-call binary.\n\nUsage: wget [-cqS] [-O FILE] [-T SEC] URL...\n")
        return 1
    quiet, spider = ask.has("-q", "--quiet"), ask.has("--spider")
    data = ask.value("--post-data")
    host, port, path = target(ask.url)
    begun = machine.at_ms
    machine.at_ms += FETCH_MS
    outcome, ip, reply = request(machine, ask, "Wget", "HEAD" if spider else "POST" if data else "GET", data)
    if outcome == UNRESOLVED:
        machine.complain(f"wget: bad address '{host if port == 80 else f'{host}:{port}'}'\n")
        return 1
    if not quiet:
        machine.complain(f"Connecting to {host if port == 80 else f'{host}:{port}'} ({ip}:{port})\n")
    if outcome != CONNECTED:
        limit = _millis(ask.value("-T", "--timeout"))
        if outcome == TIMED_OUT:
            machine.at_ms = begun + (limit or SYN_TIMEOUT_MS)
        refused = f"wget: can't connect to remote host ({ip}): "
        end = "Connection refused" if outcome != TIMED_OUT else "Connection timed out"
        machine.complain("wget: download timed out\n" if outcome == TIMED_OUT and limit else f"{refused}{end}\n")
        return 1
    if not reply.status:
        machine.complain("wget: error getting response\n")
        return 1
    if reply.status >= 400:
        machine.complain(f"wget: server returned error: HTTP/1.1 {reply.status} {reply.reason}\n")
        return 1
    if spider:
        machine.complain("" if quiet else "remote file exists\n")
        return 0
    file = ask.value("-O", "--output-document") or path.partition("?")[0].rsplit("/", 1)[-1] or "index.html"
    _wget_saves(machine, file, reply.body, quiet=quiet)
    return 0


def _wget_saves(machine: Interpreter, file: str, body: str, *, quiet: bool) -> None:
    if file == "-":
        if not quiet:
            machine.complain("writing to stdout\n")
        machine.write(body)
        if not quiet:
            machine.complain(f"-{' ' * 20}100% |{'*' * 32}| {len(body):5}  0:00:00 ETA\nwritten to stdout\n")
        return
    if file != "/dev/null":
        machine.put(file, body)
    if not quiet:
        bar = f"{file:<20.20} 100% |{'*' * 32}| {len(body):5}  0:00:00 ETA"
        machine.complain(f"saving to '{file}'\n{bar}\n'{file}' saved\n")


COMMANDS: Mapping[str, Callable[[Interpreter, list[str]], int]] = {"curl": _curl, "wget": _wget}
