"""``exec`` and ``attach``: a command in a container, or its own output, with the client's stdin and terminal."""

import asyncio
from typing import Any

from aiohttp import web

from kubesim.httpd.host import Host
from kubesim.httpd.streams import channels as names
from kubesim.httpd.streams.attaching import attach
from kubesim.httpd.streams.channels import Channels, SocketChannels, SpdyChannels
from kubesim.httpd.streams.pipes import MESSAGE_LIMIT, Hijacked, RawPipe, is_spdy, is_websocket, offered, own_headers
from kubesim.httpd.streams.terminal import Terminal
from kubesim.httpd.streams.wishes import SUCCESS, Wishes, gone, say, wishes_of
from kubesim.kubelet.dialogue import Reader
from kubesim.objects.errors import ApiError, bad_request, failure, not_found
from kubesim.objects.wire import PODS, Request, Tree

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


async def serve(host: Host, http: web.BaseRequest, request: Request) -> web.StreamResponse:
    """Answer an exec or attach. Raises ApiError while it is still HTTP."""
    wishes = wishes_of(http.raw_path.partition("?")[2])
    host.catch_up()
    missing = _check(host.cluster, request, wishes)
    if is_websocket(http):
        protocols = offered(http, "Sec-WebSocket-Protocol")
        chosen = next((item for item in protocols if item in names.SOCKET_PROTOCOLS), "")
        if protocols and not chosen:
            raise bad_request(f"unable to upgrade: unsupported subprotocols {protocols}")
        socket = web.WebSocketResponse(
            protocols=(chosen,) if chosen else (), max_msg_size=MESSAGE_LIMIT, compress=False
        )
        socket.headers.update(own_headers(http))
        await socket.prepare(http)
        channels = SocketChannels(socket, chosen)
        if missing:
            # k8s: proxy/streamtranslator.go: the kubelet is asked when the client has its WebSocket.
            text = f"Internal error occurred: unable to upgrade connection: {missing}"
            await channels.finish(failure(500, "InternalError", text).status)
            return socket
        await _session(host, channels, request, wishes)
        return socket
    if not is_spdy(http):
        raise bad_request("Upgrade request required")
    protocols = offered(http, "X-Stream-Protocol-Version")
    chosen = next((item for item in names.SPDY_PROTOCOLS if item in protocols), "")
    if not chosen:
        text = f"unable to upgrade: unable to negotiate protocol: client supports {protocols}"
        raise failure(403, "Forbidden", text)
    if missing:
        return web.Response(status=500, text=missing)
    headers = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": chosen}
    pipe = RawPipe.take(http, headers)
    plain = chosen not in {names.V4, names.V5}
    streams = SpdyChannels(pipe, wishes.expected(), plain_errors=plain)
    if await streams.ready():
        await _session(host, streams, request, wishes)
    await pipe.close()
    return Hijacked()


def _check(cluster: Any, request: Request, wishes: Wishes) -> str:
    """What the kubelet says when there is no such container, else "". Raises what the API server says."""
    key = request.key
    pod = cluster.store.get(PODS, key.namespace, key.name)
    if pod is None:
        raise not_found(PODS, key.name)
    attached = request.subresource == "attach"
    if not attached and not wishes.argv:
        raise bad_request("you must specify at least 1 command for the container")
    if not (wishes.stdin or wishes.stdout or wishes.stderr):
        raise bad_request("you must specify at least one of stdin, stdout, stderr")
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {key.name} does not have a host assigned")
    name = wishes.container or pod["spec"]["containers"][0]["name"]
    # k8s: kubelet/kubelet_pods.go GetExec, GetAttach
    missing = f"container {name} not found in pod {key.name}_{key.namespace}" if attached else ""
    missing = missing or f'container not found ("{name}")'
    if (pod.get("status") or {}).get("phase") in {"Pending", "Succeeded", "Failed"}:
        return missing
    try:
        cluster.kubelets.execute(key.namespace, key.name, wishes.container, ())
    except ApiError as error:
        if not error.status["message"].startswith("container not found"):
            raise
        return missing
    return ""


async def _session(host: Host, channels: Channels, request: Request, wishes: Wishes) -> None:
    if request.subresource == "attach":
        await attach(host, channels, request, wishes)
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
    await _report(host, channels, wishes, outcome)


async def _report(host: Host, channels: Channels, wishes: Wishes, outcome: Any) -> None:
    """Send what a command writes when it writes it, until it ends or the client leaves."""
    started, reader = host.cluster.loop.now, Reader()
    leaving: asyncio.Future[None] | None = None
    while True:
        now = host.cluster.loop.now
        await say(channels, wishes, reader.read(outcome.timeline, now - started, started))
        if outcome.millis != FOREVER and now >= started + outcome.millis:
            break
        leaving = leaving or asyncio.ensure_future(gone(channels))
        await asyncio.wait({leaving}, timeout=PATIENCE)
        if leaving.done():
            return
        host.catch_up()
    if leaving is not None:
        leaving.cancel()
        await asyncio.wait({leaving})
    await channels.finish(status_of(outcome.code))


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
