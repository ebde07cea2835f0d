"""Watches, logs, commands and port-forwards over HTTP and WebSockets."""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp

from kubesim.objects.times import parse_time
from kubesim.objects.wire import PODS, Key, Request, WatchEvent
from kubetui.client.attached.session import Session, StreamError
from kubetui.client.port import LogLine
from kubetui.client.remote.transport import path_of

EXEC_PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")
FORWARD_PROTOCOLS: Final = ("v4.channel.k8s.io",)
STDIN, STDOUT, STDERR, ERROR, CLOSE = 0, 1, 2, 3, 255
KEPT: Final = 20_000
AGAIN: Final = 1.0


class AttachedWatch:
    """Follows one watch request."""

    def __init__(self, session: Session, request: Request, changed: Callable[[], None]) -> None:
        self._session = session
        self._path = path_of(request._replace(verb="list", query={**request.query, "watch": "true"}))
        self._changed = changed
        self._events: deque[WatchEvent] = deque(maxlen=KEPT)
        self._task = asyncio.get_running_loop().create_task(self._follow())

    async def _follow(self) -> None:
        while True:
            try:
                async for line in self._session.lines(self._path):
                    event = json.loads(line) if line.strip() else {}
                    tree = event.get("object") or {}
                    if event.get("type") in {None, "ERROR"}:
                        continue
                    revision = str((tree.get("metadata") or {}).get("resourceVersion") or "0")
                    self._events.append(WatchEvent(event["type"], tree, int(revision) if revision.isdigit() else 0))
                    self._changed()
            except StreamError as error:
                if error.code in {401, 403, 404, 405}:
                    return
            await asyncio.sleep(AGAIN)

    def poll(self, limit: int | None = None) -> list[WatchEvent]:
        """The events since the last call."""
        count = len(self._events) if limit is None else min(limit, len(self._events))
        return [self._events.popleft() for _ in range(count)]

    def close(self) -> None:
        """Stop following."""
        self._task.cancel()


class AttachedLogs:
    """Follows the log of one container."""

    def __init__(
        self, session: Session, key: Key, container: str, changed: Callable[[], None], *, previous: bool
    ) -> None:
        self.error = ""
        self._session = session
        self._key = key
        self._changed = changed
        self._lines: deque[LogLine] = deque(maxlen=KEPT)
        query = {"timestamps": "true", "follow": "false" if previous else "true", "tailLines": "5000"}
        if container:
            query["container"] = container
        if previous:
            query["previous"] = "true"
        self._path = path_of(Request("get", key, "log", query=query))
        self._task = asyncio.get_running_loop().create_task(self._follow(once=previous))

    async def _follow(self, *, once: bool) -> None:
        path = self._path
        while True:
            last = ""
            try:
                async for line in self._session.lines(path, "*/*"):
                    self.error = ""
                    last, _, text = line.decode("utf-8", "replace").partition(" ")
                    self._lines.append(LogLine(_time(last), text))
                    self._changed()
            except StreamError as error:
                self.error = str(error)
                self._changed()
                if error.code in {401, 403, 404}:
                    return
            if once:
                return
            # The container has ended, or waits to start: go on from where its log was left.
            await asyncio.sleep(AGAIN)
            if last:
                path = f"{self._path}&{urlencode({'sinceTime': _next_second(last)})}"

    def poll(self) -> list[LogLine]:
        """The lines since the last call."""
        found = list(self._lines)
        self._lines.clear()
        return found

    def close(self) -> None:
        """Stop following."""
        self._task.cancel()


def _time(stamp: str) -> int:
    try:
        return parse_time(stamp)
    except ValueError:
        return 0


def _next_second(stamp: str) -> str:
    from kubesim.objects.times import format_time  # noqa: PLC0415 - rarely needed

    return format_time(_time(stamp) + 1000)


async def execute(
    session: Session, key: Key, container: str, argv: tuple[str, ...], stdin: bytes
) -> tuple[int, bytes, str]:
    """Run a command in a container: exit code, output, complaints. Raises ConnectionError."""
    query = [("command", word) for word in argv] + [("stdout", "true"), ("stderr", "true")]
    query += [("container", container)] if container else []
    query += [("stdin", "true")] if stdin else []
    path = f"{path_of(Request('get', key, 'exec'))}?{urlencode(query)}"
    try:
        socket = await session.socket(path, EXEC_PROTOCOLS)
    except StreamError as error:
        raise ConnectionError(str(error)) from error
    parts: dict[int, bytearray] = {STDOUT: bytearray(), STDERR: bytearray(), ERROR: bytearray()}
    try:
        if stdin:
            for at in range(0, len(stdin), 32 * 1024):
                await socket.send_bytes(bytes([STDIN]) + stdin[at : at + 32 * 1024])
            if socket.protocol == EXEC_PROTOCOLS[0]:
                await socket.send_bytes(bytes([CLOSE, STDIN]))
        async for message in socket:
            if message.type == aiohttp.WSMsgType.BINARY and message.data[:1] and message.data[0] in parts:
                parts[message.data[0]] += message.data[1:]
    except (aiohttp.ClientError, OSError) as error:
        raise ConnectionError(str(error)) from error
    finally:
        await socket.close()
    code, wrong = _ended(bytes(parts[ERROR]))
    return code, bytes(parts[STDOUT]), parts[STDERR].decode("utf-8", "replace") + wrong


def _ended(status: bytes) -> tuple[int, str]:
    """The exit code in the Status at the end of a command, and what else went wrong."""
    if not status:
        return 0, ""
    try:
        found = json.loads(status)
    except ValueError:
        return 1, status.decode("utf-8", "replace")
    if found.get("status") == "Success":
        return 0, ""
    for cause in (found.get("details") or {}).get("causes") or ():
        if cause.get("reason") == "ExitCode" and str(cause.get("message", "")).isdigit():
            return int(cause["message"]), ""
    return 1, str(found.get("message", ""))


class AttachedConnection:
    """A connection to a port of a pod: channel 0 carries the data, channel 1 what went wrong."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._fresh = {0, 1}
        """Channels whose first message, the number of the port, has not come yet."""

    async def write(self, data: bytes) -> None:
        """Send bytes to the pod. Raises ConnectionError once it has hung up."""
        try:
            await self._socket.send_bytes(b"\0" + data)
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionError(str(error) or "connection closed by the pod") from error

    async def read(self) -> bytes:
        """The next bytes from the pod; empty at the end. Raises ConnectionError with the server's words."""
        while True:
            message: Any = await self._socket.receive()
            if message.type != aiohttp.WSMsgType.BINARY or not message.data:
                return b""
            channel, content = message.data[0], message.data[1:]
            if channel in self._fresh:
                self._fresh.discard(channel)
                content = content[2:]
            if channel == 1 and content:
                raise ConnectionError(content.decode("utf-8", "replace"))
            if channel == 0 and content:
                return bytes(content)

    def close(self) -> None:
        """Hang up."""
        self._closing = asyncio.get_running_loop().create_task(self._close())

    async def _close(self) -> None:
        await self._socket.close()


async def connect(session: Session, namespace: str, pod: str, port: int) -> AttachedConnection:
    """Open a connection to a port of a pod. Raises ConnectionError."""
    path = f"{path_of(Request('get', Key(PODS, namespace, pod), 'portforward'))}?ports={port}"
    try:
        return AttachedConnection(await session.socket(path, FORWARD_PROTOCOLS))
    except StreamError as error:
        raise ConnectionError(str(error)) from error
