"""Stores that say hello and refuse politely: PostgreSQL, MySQL, memcached, RabbitMQ, MongoDB, and plain echo."""

import struct

from kubesim.kernel.loop import Loop
from kubesim.kubelet.simruntime.process import SimProcess

MAX_BUFFER = 1024 * 1024


class EchoConnection:
    """Sends back what it gets."""

    def __init__(self, loop: Loop, process: SimProcess) -> None:
        self.closed = False
        self._loop = loop
        self._process = process

    def feed(self, data: bytes) -> bytes:
        """The same bytes."""
        if data:
            self._process.note(self._loop.now, "")
        return data


class SilentConnection:
    """Accepts, and answers nothing."""

    def __init__(self) -> None:
        self.closed = False

    def feed(self, data: bytes) -> bytes:
        """Nothing."""
        del data
        return b""


class PostgresConnection:
    """Refuses TLS, reads the startup message and says that a simulated database has no data."""

    def __init__(self, loop: Loop, process: SimProcess) -> None:
        self.closed = False
        self._loop = loop
        self._process = process
        self._buffer = b""

    def feed(self, data: bytes) -> bytes:
        """The answer to the startup message."""
        self._buffer += data
        out = b""
        while not self.closed and len(self._buffer) >= 8:
            length, code = struct.unpack("!II", self._buffer[:8])
            if not 8 <= length <= 10_000:
                self.closed = True
                return out
            if len(self._buffer) < length:
                break
            self._buffer = self._buffer[length:]
            if code in {80877103, 80877104}:
                out += b"N"
                continue
            self._process.note(self._loop.now, "")
            self.closed = True
            text = (
                b"SFATAL\0VFATAL\0C57P03\0Mthis is a simulated PostgreSQL: it accepts connections and holds no data\0\0"
            )
            out += b"E" + struct.pack("!I", len(text) + 4) + text
        return out


class MysqlConnection:
    """Greets as a server does, and denies the login."""

    def __init__(self, loop: Loop, process: SimProcess) -> None:
        self.closed = False
        self._loop = loop
        self._process = process
        self._greeted = False

    def feed(self, data: bytes) -> bytes:
        """The greeting at first, then a refusal; feed b"" to get the greeting."""
        if not self._greeted:
            self._greeted = True
            greeting = (
                b"\x0a9.4.0\0" + struct.pack("<I", 8) + b"simulate\0" + b"\xff\xf7\x21\x02\x00\xff\xc1\x15" + bytes(10)
            )
            greeting += b"dmysqlserver\0mysql_native_password\0"
            return struct.pack("<I", len(greeting))[:3] + b"\0" + greeting
        if not data:
            return b""
        self._process.note(self._loop.now, "")
        self.closed = True
        text = b"\xff\x15\x04#28000Access denied: this is a simulated MySQL, it holds no data"
        return struct.pack("<I", len(text))[:3] + bytes([data[3] + 1 & 255 if len(data) > 3 else 1]) + text


class AmqpConnection:
    """Answers a protocol header that it does not serve with its own, as RabbitMQ does."""

    def __init__(self, loop: Loop, process: SimProcess) -> None:
        self.closed = False
        self._loop = loop
        self._process = process
        self._buffer = b""

    def feed(self, data: bytes) -> bytes:
        """The header, and the end."""
        self._buffer += data
        if len(self._buffer) < 8:
            return b""
        self._process.note(self._loop.now, "")
        self.closed = True
        return b"AMQP\x00\x00\x09\x01"


class MongoConnection:
    """Tells people who come over HTTP what they should do, as mongod does; drops the others."""

    def __init__(self, loop: Loop, process: SimProcess) -> None:
        self.closed = False
        self._loop = loop
        self._process = process
        self._buffer = b""

    def feed(self, data: bytes) -> bytes:
        """The well-known line."""
        self._buffer += data
        if len(self._buffer) < 4:
            return b""
        self._process.note(self._loop.now, "")
        self.closed = True
        if not self._buffer.startswith((b"GET ", b"HEAD", b"POST")):
            return b""
        text = b"It looks like you are trying to access MongoDB over HTTP on the native driver port.\r\n"
        return b"HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (
            len(text),
            text,
        )


class MemcachedConnection:
    """The text protocol: get, set, delete, incr, stats, version."""

    def __init__(self, loop: Loop, process: SimProcess, items: dict[bytes, tuple[bytes, bytes]]) -> None:
        self.closed = False
        self._loop = loop
        self._process = process
        self._items = items
        self._buffer = b""

    def feed(self, data: bytes) -> bytes:
        """Answer every complete command."""
        self._buffer += data
        out = b""
        while not self.closed:
            end = self._buffer.find(b"\r\n")
            if end < 0:
                if len(self._buffer) > MAX_BUFFER:
                    self.closed = True
                return out
            words = self._buffer[:end].split()
            used = end + 2
            value = b""
            if words and words[0] in {b"set", b"add", b"replace"}:
                if len(words) < 5 or not words[4].isdigit():
                    self._buffer = self._buffer[used:]
                    out += b"ERROR\r\n"
                    continue
                size = int(words[4])
                if len(self._buffer) < used + size + 2:
                    return out
                value = self._buffer[used : used + size]
                used += size + 2
            self._buffer = self._buffer[used:]
            self._process.note(self._loop.now, "")
            out += self._run(words, value)
        return out

    def _run(self, words: list[bytes], value: bytes) -> bytes:
        name = words[0] if words else b""
        if name in {b"get", b"gets"}:
            found = [(key, self._items[key]) for key in words[1:] if key in self._items]
            return (
                b"".join(b"VALUE %s %s %d\r\n%s\r\n" % (key, flags, len(text), text) for key, (flags, text) in found)
                + b"END\r\n"
            )
        if name in {b"set", b"add", b"replace"}:
            if (name == b"add") == (words[1] in self._items) and name != b"set":
                return b"NOT_STORED\r\n"
            self._items[words[1]] = (words[2], value)
            return b"" if words[-1] == b"noreply" else b"STORED\r\n"
        if name == b"delete" and len(words) > 1:
            return b"DELETED\r\n" if self._items.pop(words[1], None) else b"NOT_FOUND\r\n"
        if name == b"version":
            return b"VERSION 1.6.39\r\n"
        if name == b"stats":
            return b"STAT curr_items %d\r\nEND\r\n" % len(self._items)
        if name == b"quit":
            self.closed = True
            return b""
        return b"ERROR\r\n"
