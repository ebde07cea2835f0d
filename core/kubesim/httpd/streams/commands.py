"""``exec`` and ``attach``: a command in a container, or its own output, with the client's stdin and terminal."""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from aiohttp import web

from kubesim.api.options import truth
from kubesim.httpd.host import Host
from kubesim.httpd.streams import channels as names
from kubesim.httpd.streams.channels import Channels, SocketChannels, SpdyChannels
from kubesim.httpd.streams.logs import LogReader, follow, options_of
from kubesim.httpd.streams.pipes import MESSAGE_LIMIT, Hijacked, RawPipe, is_spdy, is_websocket, offered
from kubesim.httpd.streams.terminal import Terminal, screen
from kubesim.objects.errors import ApiError, bad_request, failure, not_found
from kubesim.objects.wire import PODS, Request, Tree

SUCCESS: Tree = {"metadata": {}, "status": "Success"}
SHELLS = frozenset(
    {"sh", "bash", "ash", "dash", "zsh", "/bin/sh", "/bin/bash", "/bin/ash", "/usr/bin/bash", "/bin/zsh"}
)
READERS = frozenset(
    {"awk", "base64", "bc", "cat", "cut", "dd", "grep", "head", "jq", "md5sum", "mysql", "psql", "python", "python3",
     "redis-cli", "sed", "sha256sum", "sort", "tail", "tar", "tee", "tr", "uniq", "wc", "xargs"}
)  # fmt: skip
"""Programs that read their stdin to its end."""
GLANCE = 0.15
"""Wall seconds in which the end of stdin is awaited for a program that may not read it."""
PATIENCE = 0.05
"""Wall seconds between two looks at the virtual clock."""
FOREVER = -1


class Wishes(NamedTuple):
    """What the client asks for."""

    argv: tuple[str, ...]
    container: str
    stdin: bool
    stdout: bool
    stderr: bool
    tty: bool

    def expected(self) -> set[str]:
        """The streams that a SPDY client will open."""
        found = {names.ERROR}
        found |= {names.STDIN} if self.stdin else set()
        found |= {names.STDOUT} if self.stdout else set()
        found |= {names.RESIZE if self.tty else names.STDERR} if self.tty or self.stderr else set()
        return found


def wishes_of(query_text: str) -> Wishes:
    """Parse the query of an exec or attach; ``command`` may occur many times."""
    pairs = parse_qsl(query_text, keep_blank_values=True)
    last: Mapping[str, str] = dict(pairs)
    return Wishes(
        tuple(value for name, value in pairs if name == "command"),
        last.get("container", ""),
        *(truth(last.get(name, "false")) for name in ("stdin", "stdout", "stderr", "tty")),
    )


async def serve(host: Host, http: web.BaseRequest, request: Request) -> web.StreamResponse:
    """Answer an exec or attach. Raises ApiError while it is still HTTP."""
    wishes = wishes_of(http.raw_path.partition("?")[2])
    host.catch_up()
    _check(host.cluster, request, wishes)
    if is_websocket(http):
        protocols = offered(http, "Sec-WebSocket-Protocol")
        chosen = next((item for item in protocols if item in names.SOCKET_PROTOCOLS), "")
        if protocols and not chosen:
            raise bad_request(f"unable to upgrade: unsupported subprotocols {protocols}")
        socket = web.WebSocketResponse(
            protocols=(chosen,) if chosen else (), max_msg_size=MESSAGE_LIMIT, compress=False
        )
        await socket.prepare(http)
        await _session(host, SocketChannels(socket, chosen), request, wishes)
        return socket
    if not is_spdy(http):
        raise bad_request("Upgrade request required")
    protocols = offered(http, "X-Stream-Protocol-Version")
    chosen = next((item for item in names.SPDY_PROTOCOLS if item in protocols), "")
    if not chosen:
        text = f"unable to upgrade: unable to negotiate protocol: client supports {protocols}"
        raise failure(403, "Forbidden", text)
    headers = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": chosen}
    pipe = RawPipe.take(http, headers)
    plain = chosen not in {names.V4, names.V5}
    streams = SpdyChannels(pipe, wishes.expected(), plain_errors=plain)
    if await streams.ready():
        await _session(host, streams, request, wishes)
    await pipe.close()
    return Hijacked()


def _check(cluster: Any, request: Request, wishes: Wishes) -> None:
    """Raise what API server and kubelet say of commands that cannot run. # k8s: registry/core/pod/rest."""
    key = request.key
    pod = cluster.store.get(PODS, key.namespace, key.name)
    if pod is None:
        raise not_found(PODS, key.name)
    attach = request.subresource == "attach"
    if not attach and not wishes.argv:
        raise bad_request("you must specify at least 1 command for the container")
    if not (wishes.stdin or wishes.stdout or wishes.stderr):
        raise bad_request("you must specify at least one of stdin, stdout, stderr")
    phase = (pod.get("status") or {}).get("phase")
    if phase in {"Succeeded", "Failed"}:
        verb = "attach to" if attach else "exec into"
        raise bad_request(f"cannot {verb} a container in a completed pod; current phase is {phase}")
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {key.name} does not have a host assigned")
    try:
        cluster.kubelets.execute(key.namespace, key.name, wishes.container, ())
    except ApiError as error:
        if error.code != 500:
            raise
        message = error.status["message"]
        raise failure(500, "InternalError", f"unable to upgrade connection: {message}") from None


async def _session(host: Host, channels: Channels, request: Request, wishes: Wishes) -> None:
    if request.subresource == "attach":
        await _attach(host, channels, request, wishes)
        return
    shell = wishes.argv[0] in SHELLS and not any(word.startswith("-") and "c" in word for word in wishes.argv[1:])
    if shell and wishes.tty and wishes.stdin:
        await _converse(host, channels, request, wishes)
        return
    stdin = await _input(channels, wishes, shell=shell) if wishes.stdin else b""
    if stdin is None:
        return
    argv = (wishes.argv[0], "-c", stdin.decode("utf-8", "replace")) if shell and stdin else wishes.argv
    try:
        outcome = _run(host, request, wishes, argv, stdin)
    except ApiError as error:
        await channels.finish(error.status)
        return
    if outcome.not_found:
        await channels.finish(_no_program(outcome.output))
        return
    started = host.cluster.loop.now
    if outcome.millis > 0:
        await _pass(host, channels, started + outcome.millis)
    await _say(channels, wishes, outcome)
    if outcome.millis == FOREVER:
        while await channels.receive() is not None:
            continue
        return
    await channels.finish(status_of(outcome.code))


async def _say(channels: Channels, wishes: Wishes, outcome: Any) -> None:
    """Send what a command wrote; a terminal shows both streams as one."""
    if wishes.tty:
        await channels.send(names.STDOUT, screen(outcome.output).encode("utf-8", "surrogateescape"))
        return
    for name, wanted, text in (
        (names.STDOUT, wishes.stdout, outcome.stdout),
        (names.STDERR, wishes.stderr, outcome.errors),
    ):
        if wanted and text:
            await channels.send(name, text.encode("utf-8", "surrogateescape"))


def _no_program(text: str) -> Tree:
    """What the container runtime says of a program that the image does not have."""
    why = f"OCI runtime exec failed: exec failed: unable to start container process: {text}"
    message = f"error executing command in container: failed to exec in container: failed to start exec: {why}"
    status: Tree = failure(500, "InternalError", f"Internal error occurred: {message}").status
    return status


def _run(host: Host, request: Request, wishes: Wishes, argv: tuple[str, ...], stdin: bytes = b"") -> Any:
    host.catch_up()
    key = request.key
    outcome = host.cluster.kubelets.execute(key.namespace, key.name, wishes.container, argv, stdin)
    host.poke()
    return outcome


def status_of(code: int) -> Tree:
    """The Status that ends a command. # k8s: kubelet/pkg/cri/streaming/remotecommand/exec.go."""
    if code == 0:
        return SUCCESS
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


async def _input(channels: Channels, wishes: Wishes, *, shell: bool) -> bytes | None:
    """All of stdin for a program that reads it, a glance at it otherwise; None when the client left."""
    words = {word.rsplit("/", 1)[-1] for argument in wishes.argv for word in argument.split()}
    patient = shell or bool(words & READERS)
    loop = asyncio.get_running_loop()
    end = loop.time() + GLANCE
    parts: list[bytes] = []
    while True:
        try:
            piece = await asyncio.wait_for(channels.receive(), None if patient or parts else max(end - loop.time(), 0))
        except TimeoutError:
            return b"".join(parts)
        if piece is None:
            return None
        name, content = piece
        if name != names.STDIN:
            continue
        if not content or (wishes.tty and b"\x04" in content):
            return b"".join(parts)
        parts.append(content)


async def _pass(host: Host, channels: Channels, due: int) -> None:
    """Wait until virtual time has come that far, or the client leaves."""
    leaving = asyncio.ensure_future(_gone(channels))
    try:
        while host.cluster.loop.now < due and not leaving.done():
            host.catch_up()
            await asyncio.wait({leaving}, timeout=PATIENCE)
    finally:
        leaving.cancel()


async def _gone(channels: Channels) -> None:
    while await channels.receive() is not None:
        continue


async def _converse(host: Host, channels: Channels, request: Request, wishes: Wishes) -> None:
    def run(line: str) -> tuple[int, str]:
        try:
            outcome = _run(host, request, wishes, (wishes.argv[0], "-c", line))
        except ApiError as error:
            return 1, f"{error}\n"
        return outcome.code, outcome.output

    terminal = Terminal(run)
    await channels.send(names.STDOUT, terminal.start().encode())
    while not terminal.closed:
        piece = await channels.receive()
        if piece is None:
            return
        name, content = piece
        if name == names.STDIN:
            if not content:
                break
            shown = terminal.feed(content.decode("utf-8", "replace"))
            await channels.send(names.STDOUT, shown.encode())
    await channels.finish(status_of(terminal.code))


async def _attach(host: Host, channels: Channels, request: Request, wishes: Wishes) -> None:
    """What the container writes from now on, until it ends or the client leaves."""
    options = options_of({"container": wishes.container}, host.cluster.loop.now)
    reader = LogReader(host.cluster, request, options)

    async def write(content: bytes) -> None:
        shown = screen(content.decode()).encode() if wishes.tty else content
        await channels.send(names.STDOUT, shown)

    try:
        reader.first()
    except ApiError as error:
        await channels.finish(error.status)
        return
    following = asyncio.ensure_future(follow(host, reader, write))
    leaving = asyncio.ensure_future(_gone(channels))
    try:
        await asyncio.wait({following, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not leaving.done():
            await channels.finish(SUCCESS)
    finally:
        following.cancel()
        leaving.cancel()
