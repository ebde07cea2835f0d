"""SPDY/3.1 framing as kubectl uses it: bytes to frames and back, no sockets."""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from kubesim.objects.wire import EMPTY

SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY = 1, 2, 3, 6, 7
DATA = 0
FIN = 1
CONTROL = 0x8003
CANCEL = 5
CHUNK = 32 * 1024
"""The most bytes of one data frame."""
FRAME_LIMIT = 4 * 1024 * 1024
"""The largest frame that is accepted."""
HEADERS_LIMIT = 64 * 1024
"""The most bytes that the headers of one stream may unpack to."""

DICTIONARY = (Path(__file__).parents[2] / "data" / "spdy-dictionary.bin").read_bytes()
"""Where the compression of headers begins. # k8s: SPDY/3 draft, 2.6.10.1"""


class SpdyError(Exception):
    """The other side does not speak SPDY."""


class Frame(NamedTuple):
    """One frame. ``kind`` is DATA or one of the control types; ``value`` is a ping's id or a reset's status."""

    kind: int
    stream: int
    data: bytes = b""
    headers: Mapping[str, str] = EMPTY
    fin: bool = False
    value: int = 0


class Codec:
    """Both directions of one connection, as the server."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(9, zlib.DEFLATED, 15, 9, 0, DICTIONARY)

    # ------------------------------------------------------------------ in
    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now. Raises SpdyError."""
        self._buffer += data
        found: list[Frame] = []
        while len(self._buffer) >= 8:
            head, tail = struct.unpack_from("!II", self._buffer)
            flags, length = tail >> 24, tail & 0xFFFFFF
            if length > FRAME_LIMIT:
                msg = f"frame of {length} bytes"
                raise SpdyError(msg)
            if len(self._buffer) < 8 + length:
                break
            content = bytes(self._buffer[8 : 8 + length])
            del self._buffer[: 8 + length]
            frame = (
                self._control(head, flags, content) if head >> 31 else Frame(DATA, head, content, fin=bool(flags & FIN))
            )
            if frame is not None:
                found.append(frame)
        return found

    def _control(self, head: int, flags: int, content: bytes) -> Frame | None:
        kind, fin = head & 0xFFFF, bool(flags & FIN)
        if head >> 16 != CONTROL:
            msg = f"version {(head >> 16) & 0x7FFF}"
            raise SpdyError(msg)
        try:
            if kind == SYN_STREAM:
                (stream,) = struct.unpack_from("!I", content)
                return Frame(kind, stream & 0x7FFFFFFF, headers=self._headers(content[10:]), fin=fin)
            if kind == SYN_REPLY:
                (stream,) = struct.unpack_from("!I", content)
                return Frame(kind, stream & 0x7FFFFFFF, headers=self._headers(content[4:]), fin=fin)
            if kind == RST_STREAM:
                stream, status = struct.unpack_from("!II", content)
                return Frame(kind, stream & 0x7FFFFFFF, value=status)
            if kind in {PING, GOAWAY}:
                (value,) = struct.unpack_from("!I", content)
                return Frame(kind, 0, value=value)
        except (struct.error, zlib.error) as error:
            raise SpdyError(str(error)) from None
        return None

    def _headers(self, block: bytes) -> dict[str, str]:
        data = self._inflate.decompress(block, HEADERS_LIMIT)
        if self._inflate.unconsumed_tail:
            msg = f"headers of more than {HEADERS_LIMIT} bytes"
            raise SpdyError(msg)
        (count,) = struct.unpack_from("!I", data)
        position, texts = 4, []
        for _ in range(min(count, 1000) * 2):
            (length,) = struct.unpack_from("!I", data, position)
            texts.append(data[position + 4 : position + 4 + length].decode("utf-8", "replace"))
            position += 4 + length
        return {name.lower(): value for name, value in zip(texts[::2], texts[1::2], strict=True)}

    # ------------------------------------------------------------------ out
    def reply(self, stream: int) -> bytes:
        """SYN_REPLY without headers."""
        block = self._deflate.compress(struct.pack("!I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _frame(SYN_REPLY, struct.pack("!I", stream) + block)

    def open(self, stream: int, headers: Mapping[str, str]) -> bytes:
        """SYN_STREAM, as a client sends it."""
        pairs = b"".join(_string(text) for pair in headers.items() for text in pair)
        block = self._deflate.compress(struct.pack("!I", len(headers)) + pairs) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _frame(SYN_STREAM, struct.pack("!IIBB", stream, 0, 0, 0) + block)


def _string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("!I", len(encoded)) + encoded


def _frame(kind: int, content: bytes, flags: int = 0) -> bytes:
    return struct.pack("!HHI", CONTROL, kind, (flags << 24) | len(content)) + content


def data(stream: int, content: bytes, *, fin: bool = False) -> bytes:
    """Data frames; with ``fin`` the last one ends this direction."""
    parts = [content[at : at + CHUNK] for at in range(0, len(content), CHUNK)] or ([b""] if fin else [])
    frames = []
    for number, part in enumerate(parts, 1):
        flags = FIN if fin and number == len(parts) else 0
        frames.append(struct.pack("!II", stream, (flags << 24) | len(part)) + part)
    return b"".join(frames)


def ping(value: int) -> bytes:
    """The echo of a ping."""
    return _frame(PING, struct.pack("!I", value))


def reset(stream: int, status: int = CANCEL) -> bytes:
    """RST_STREAM."""
    return _frame(RST_STREAM, struct.pack("!II", stream, status))


def goaway(last: int) -> bytes:
    """GOAWAY, all is well."""
    return _frame(GOAWAY, struct.pack("!II", last, 0))
