"""An HTTP/1.1 server without sockets: keep-alive, pipelining, chunked bodies, HEAD, and 400 for what is no HTTP."""

from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit

MAX_HEAD = 64 * 1024
MAX_BODY = 16 * 1024 * 1024
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class HttpRequest(NamedTuple):
    """One request; header names as they came."""

    method: str
    target: str
    version: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The first header of that (lower case) name, "" without one."""
        return next((value for key, value in self.headers if key.lower() == name), "")


class HttpReply(NamedTuple):
    """One answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class _BadRequestError(Exception):
    def __init__(self, status: int = 400) -> None:
        super().__init__(status)
        self.status = status


class HttpConnection:
    """One connection; ``answer`` is a bound method that makes a reply of a request."""

    def __init__(self, answer: Callable[[HttpRequest], HttpReply]) -> None:
        self.closed = False
        self._answer = answer
        self._buffer = b""
        self._continued = False

    def feed(self, data: bytes) -> bytes:
        """Answer every request that is complete."""
        if self.closed:
            return b""
        self._buffer += data
        out = b""
        try:
            while not self.closed and self._buffer:
                request, used, interim = self._parse()
                out += interim
                if request is None:
                    break
                self._buffer = self._buffer[used:]
                self._continued = False
                out += self._reply(request)
        except _BadRequestError as error:
            self.closed = True
            out += encode(HttpReply(error.status, (("Content-Type", "text/plain"),), _phrase(error.status)), keep=False)
        return out

    def _parse(self) -> tuple[HttpRequest | None, int, bytes]:
        buffer = self._buffer.lstrip(b"\r\n")
        skipped = len(self._buffer) - len(buffer)
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(buffer) > MAX_HEAD:
                raise _BadRequestError(431)
            first = buffer.split(b"\r\n", 1)
            if len(first) > 1 or b"\n" in first[0] or b"\x00" in first[0]:
                _request_line(first[0])
            return None, 0, b""
        lines = buffer[:end].split(b"\r\n")
        method, target, version = _request_line(lines[0])
        headers = tuple(_header(line) for line in lines[1:])
        if version == "HTTP/1.1" and not any(key.lower() == "host" for key, _ in headers):
            raise _BadRequestError
        draft = HttpRequest(method, target, version, headers, b"")
        body, used = _body(draft, buffer[end + 4 :])
        if body is None:
            interim = b""
            if draft.header("expect").lower() == "100-continue" and not self._continued:
                self._continued, interim = True, b"HTTP/1.1 100 Continue\r\n\r\n"
            return None, 0, interim
        return draft._replace(body=body), skipped + end + 4 + used, b""

    def _reply(self, request: HttpRequest) -> bytes:
        wish = request.header("connection").lower()
        keep = wish != "close" if request.version == "HTTP/1.1" else wish == "keep-alive"
        self.closed = not keep
        return encode(self._answer(request), keep=keep, head=request.method == "HEAD", version=request.version)


def _phrase(status: int) -> bytes:
    return f"{status} {HTTPStatus(status).phrase}\n".encode()


def _request_line(line: bytes) -> tuple[str, str, str]:
    try:
        method, target, version = line.decode("ascii").split(" ")
    except (UnicodeDecodeError, ValueError):
        raise _BadRequestError from None
    if not method or not set(method) <= _TOKEN or version not in {"HTTP/1.0", "HTTP/1.1"} or not target:
        raise _BadRequestError
    if target[0] != "/" and target != "*" and "://" not in target:
        raise _BadRequestError
    try:
        urlsplit(target)
    except ValueError:
        raise _BadRequestError from None
    if method not in _METHODS:
        raise _BadRequestError(501)
    return method, target, version


def _header(line: bytes) -> tuple[str, str]:
    name, colon, value = line.decode("latin-1").partition(":")
    if not colon or not name or not set(name) <= _TOKEN:
        raise _BadRequestError
    return name, value.strip(" \t")


def _body(request: HttpRequest, rest: bytes) -> tuple[bytes | None, int]:
    """The body and how many bytes it took; None while it is not complete."""
    coding = request.header("transfer-encoding").lower()
    if coding:
        if coding != "chunked":
            raise _BadRequestError(501)
        return _chunked(rest)
    text = request.header("content-length") or "0"
    if not text.isascii() or not text.isdigit():
        raise _BadRequestError
    length = int(text)
    if length > MAX_BODY:
        raise _BadRequestError(413)
    return (rest[:length], length) if len(rest) >= length else (None, 0)


def _chunked(rest: bytes) -> tuple[bytes | None, int]:
    at, body = 0, b""
    while True:
        end = rest.find(b"\r\n", at)
        if end < 0:
            if len(rest) - at > 1024:
                raise _BadRequestError
            return None, 0
        try:
            size = int(rest[at:end].split(b";")[0], 16)
        except ValueError:
            raise _BadRequestError from None
        if size < 0 or len(body) + size > MAX_BODY:
            raise _BadRequestError(413)
        at = end + 2
        if size == 0:
            return _trailers(rest, at, body)
        if len(rest) < at + size + 2:
            return None, 0
        if rest[at + size : at + size + 2] != b"\r\n":
            raise _BadRequestError
        body += rest[at : at + size]
        at += size + 2


def _trailers(rest: bytes, at: int, body: bytes) -> tuple[bytes | None, int]:
    while True:
        end = rest.find(b"\r\n", at)
        if end < 0:
            return None, 0
        if end == at:
            return body, end + 2
        at = end + 2


def encode(reply: HttpReply, *, keep: bool, head: bool = False, version: str = "HTTP/1.1") -> bytes:
    """A reply as bytes."""
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase if _is_known(reply.status) else 'Unknown'}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    empty = reply.status < 200 or reply.status in {204, 304}
    if not empty:
        lines.append(f"Content-Length: {len(reply.body)}")
    if not keep:
        lines.append("Connection: close")
    elif version == "HTTP/1.0":
        lines.append("Connection: keep-alive")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + (b"" if head or empty else reply.body)


def _is_known(status: int) -> bool:
    return status in {known.value for known in HTTPStatus}
